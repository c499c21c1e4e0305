// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the usual forms (usual.h) are made of, for one kind of marks: lists when USUAL_BY_LISTS is defined, else bits.
// Positions are offsets into the message. A step gives back where it stopped, a mark, or 0 when the form is not the
// usual one. Text between two marks is plain, so what is left to check is which mark ends it and whether it is empty.
// Each mark is asked for once, in order, or skipped.
#pragma once

#include <immintrin.h>

#include "sip/grammar.h"
#include "sip/marks.h"
#include "sip/usual.h"
#if defined(USUAL_BY_LISTS)
#include "sip/cursor_lists.h"
#else
#include "sip/cursor_bits.h"
#endif

#define INLINE TARGET __attribute__((always_inline)) static inline
#define SLACK 8 // bytes that may be read past a field

struct field {
	const struct sip_msg *msg;
	const char *buf;
	struct cursor cursor;
	uint32_t start, end; // of the value
	uint32_t limit;	     // of what may be read
};

static inline struct str text(const struct field *f, uint32_t from, uint32_t to) {
	return str_of(f->buf + from, to - from);
}

// The first mark at or after `at`, which must be the next.
INLINE uint32_t next_mark(struct field *f, uint32_t at) {
	return cursor_next(&f->cursor, at);
}

INLINE void skip_marks(struct field *f, uint32_t count) {
	cursor_skip(&f->cursor, count);
}

// Without the one space that usually stands before a value.
INLINE bool field_of(const struct sip_msg *msg, int header, struct field *ret_field) {
	const struct sip_header *line = &msg->index.header[header];
	bool space = msg->buf[line->value] == ' ';

	*ret_field = (struct field){
		.msg = msg,
		.buf = msg->buf,
		.cursor = cursor_of(&msg->index, header),
		.start = line->value + space,
		.end = line->end,
		.limit = msg->len,
	};
	skip_marks(ret_field, space);
	return ret_field->end + SLACK <= ret_field->limit && ret_field->start < ret_field->end;
}

static inline uint32_t load_u32(const char *p) {
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

// Up to eight bytes as a number, letters in lower case. Plain bytes do not become one another by this.
INLINE uint64_t load_word(const struct field *f, uint32_t at, uint32_t len) {
	uint64_t word;

	memcpy(&word, f->buf + at, sizeof(word));
	return _bzhi_u64(word | 0x2020202020202020, len * 8);
}

#define WORD(c0, c1, c2, c3, c4, c5, c6, c7)                                                                           \
	((uint64_t)(c0) | (uint64_t)(c1) << 8 | (uint64_t)(c2) << 16 | (uint64_t)(c3) << 24 | (uint64_t)(c4) << 32 |   \
	 (uint64_t)(c5) << 40 | (uint64_t)(c6) << 48 | (uint64_t)(c7) << 56)

// One to nine digits and nothing else.
static inline bool take_digits(const struct field *f, uint32_t at, uint32_t end, uint32_t *ret_number) {
	uint32_t number = 0;

	if (end - at - 1 > 8)
		return false;
	for (; at < end; at++) {
		uint32_t digit = (uint32_t)(f->buf[at] - '0');

		if (digit > 9)
			return false;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return true;
}

static inline bool take_port(const struct field *f, uint32_t at, uint32_t end, uint16_t *ret_port) {
	uint32_t port;

	if (likely(end - at == 4 && load_u32(f->buf + at) == ('5' | '0' << 8 | '6' << 16 | '0' << 24))) {
		*ret_port = 5060;
		return true;
	}
	if (!take_digits(f, at, end, &port) || port == 0 || port > UINT16_MAX)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

#define BITS(bytes) ((uint32_t)_mm256_movemask_epi8(bytes))

// Digits with dots between them: four numbers of one to three digits, up to 255.
INLINE bool is_ipv4(__m256i bytes, uint32_t len, uint32_t dots) {
	uint32_t digits = _bzhi_u32(~dots, len), three = digits & digits >> 1 & digits >> 2;
	uint32_t two = BITS(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('2')));
	uint32_t past_two = BITS(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('2')));
	uint32_t five = BITS(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('5'))) >> 1;
	uint32_t past_five = BITS(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('5')));
	uint32_t past_255 = past_two | (two & (past_five >> 1 | (five & past_five >> 2)));
	uint32_t bounds = dots << 1 | 1;

	return _mm_popcnt_u32(dots) == 3 && (bounds & (dots | (uint32_t)1 << len)) == 0 && (three & digits >> 3) == 0 &&
	       (three & past_255) == 0;
}

// Plain text that is an IPv4 address, or labels with dots between, the last of which begins with no digit.
INLINE bool is_new_host(__m256i bytes, uint32_t len) {
	uint32_t all = _bzhi_u32(UINT32_MAX, len);
	uint32_t dots = BITS(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('.'))) & all;
	uint32_t low = BITS(_mm256_cmpgt_epi8(_mm256_set1_epi8(':'), bytes)) & all, hyphens, odd, last;

	if (low == all) // what is low and not below '0' is a digit
		return (BITS(_mm256_cmpgt_epi8(_mm256_set1_epi8('0'), bytes)) & all) == dots &&
		       is_ipv4(bytes, len, dots);
	// Of the plain bytes !'*+ come before the hyphen, and only ~ past the letters.
	odd = BITS(_mm256_or_si256(
		_mm256_cmpgt_epi8(_mm256_set1_epi8('-'), bytes), _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('z'))
	));
	hyphens = BITS(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('-'))) & all;
	last = 32 - _lzcnt_u32(dots);
	if ((odd & all) != 0 || (dots & (dots << 1 | 1)) != 0 || last >= len || low >> last & 1)
		return false;
	return (hyphens & (dots << 1 | 1 | dots >> 1 | (uint32_t)1 << (len - 1))) == 0;
}

INLINE bool is_known(const struct field *f, __m256i bytes, uint32_t len, struct str known) {
	__m256i other;

	return known.len == len && load_host(f->buf, f->limit, (uint32_t)(known.ptr - f->buf), len, &other) &&
	       _tzcnt_u32(~BITS(_mm256_cmpeq_epi8(bytes, other))) >= len;
}

// Most hosts of a message are that of its sender or its target, which are known to be hosts.
INLINE bool is_host(const struct field *f, uint32_t at, uint32_t end) {
	const struct sip_msg *msg = f->msg;
	uint32_t len = end - at;
	__m256i bytes;

	if (unlikely(len - 1 >= HOST_MAX - 1) ||
	    unlikely(!load_host(f->buf, f->limit, at, len, &bytes))) // 1 to 31 bytes
		return false;
	return is_known(f, bytes, len, msg->via.host) || is_known(f, bytes, len, msg->uri.host) ||
	       is_new_host(bytes, len);
}

// host[:port]; `end` is the mark that ends the host.
INLINE uint32_t take_host(struct field *f, uint32_t at, uint32_t end, struct str *ret_host, uint16_t *ret_port) {
	uint32_t port;

	if (!is_host(f, at, end))
		return 0;
	*ret_host = text(f, at, end);
	if (f->buf[end] != ':')
		return end;
	port = end + 1;
	end = next_mark(f, port);
	return take_port(f, port, end, ret_port) ? end : 0;
}

// ;name[=value] at `at`.
struct usual_param {
	uint32_t name, name_end;
	uint32_t value, value_end; // 0: none
};

INLINE uint32_t take_usual_param(struct field *f, uint32_t at, struct usual_param *ret_param) {
	uint32_t end = next_mark(f, at + 1);

	*ret_param = (struct usual_param){.name = at + 1, .name_end = end};
	if (end == at + 1)
		return 0;
	if (f->buf[end] != '=')
		return end;
	ret_param->value = end + 1;
	ret_param->value_end = end = next_mark(f, ret_param->value);
	return end > ret_param->value ? end : 0;
}

// An '@' behind what was taken for the host stops here too, and is no end anybody asks for.
INLINE uint32_t take_uri(struct field *f, uint32_t at, struct sip_uri *ret_uri) {
	struct usual_param param;
	uint32_t start = at, end;

	if (unlikely(load_u32(f->buf + at) != ('s' | 'i' << 8 | 'p' << 16 | ':' << 24)))
		return 0;
	ret_uri->scheme = text(f, at, at + 3);
	ret_uri->is_sip = true;
	skip_marks(f, 1); // the colon
	at += 4;
	end = next_mark(f, at);
	if (f->buf[end] == '@') {
		if (end == at)
			return 0;
		ret_uri->user = text(f, at, end);
		at = end + 1;
		end = next_mark(f, at);
	}
	at = take_host(f, at, end, &ret_uri->host, &ret_uri->port);
	if (at == 0)
		return 0;
	end = at;
	while (f->buf[end] == ';')
		if ((end = take_usual_param(f, end, &param)) == 0)
			return 0;
	if (end > at)
		ret_uri->params = text(f, at, end);
	ret_uri->text = text(f, start, end);
	return end;
}
