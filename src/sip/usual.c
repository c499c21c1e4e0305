// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Positions are offsets into the message; a step gives back where it stopped, a mark, or 0 when the form is not the
// usual one. Text between two marks is plain, so what is left to check is which mark ends it and whether it is empty.
#include "sip/usual.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "sip/grammar.h"
#include "sip/marks.h"

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))
#define HOST_MAX 32

struct field {
	const char *buf;
	const uint64_t *marks;
	uint32_t start, end; // of the value
	uint32_t limit;	     // of what may be read
};

static inline struct str text(const struct field *f, uint32_t from, uint32_t to) {
	return str_of(f->buf + from, to - from);
}

#define SLACK 8 // bytes that may be read past a field

// Without the one space that usually stands before a value, and false when there is more about it.
static inline bool field_of(const struct sip_msg *msg, int header, struct field *ret_field) {
	const struct sip_header *line = &msg->index.header[header];
	uint32_t start = line->value;

	if (line->end >= msg->index.marked || line->end + SLACK > msg->len)
		return false;
	start += msg->buf[start] == ' ';
	*ret_field = (struct field
	){.buf = msg->buf, .marks = msg->index.marks, .start = start, .end = line->end, .limit = msg->len};
	return start < line->end && (uint8_t)msg->buf[start] > ' ' && (uint8_t)msg->buf[line->end - 1] > ' ';
}

static inline uint32_t load_u32(const char *p) {
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

// Up to eight bytes as a number, letters in lower case. Plain bytes do not become one another by this.
AVX2 static inline uint64_t load_word(const struct field *f, uint32_t at, uint32_t len) {
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
AVX2 static inline bool is_ipv4(__m256i bytes, uint32_t len, uint32_t dots) {
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
AVX2 static inline bool is_host(const struct field *f, uint32_t at, uint32_t end) {
	const char *p = f->buf + at;
	uint32_t len = end - at, dots, hyphens, low, odd, last;
	__m256i bytes;

	if (unlikely(len - 1 >= HOST_MAX - 1 || at + HOST_MAX > f->limit)) // 1 to 31 bytes
		return false;
	bytes = _mm256_loadu_si256((const __m256i *)p);
	// Of the plain bytes !'*+ come before the hyphen, and only ~ past the letters.
	odd = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(
		_mm256_cmpgt_epi8(_mm256_set1_epi8('-'), bytes), _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('z'))
	));
	low = _bzhi_u32((uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_set1_epi8(':'), bytes)), len);
	dots = _bzhi_u32((uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('.'))), len);
	hyphens = _bzhi_u32((uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('-'))), len);
	if (unlikely(_bzhi_u32(odd, len)))
		return false;
	if (low == _bzhi_u32(UINT32_MAX, len))
		return hyphens == 0 && is_ipv4(bytes, len, dots);
	last = 32 - _lzcnt_u32(dots);
	if ((dots & (dots << 1 | 1)) != 0 || last >= len || low >> last & 1)
		return false;
	return (hyphens & (dots << 1 | 1 | dots >> 1 | (uint32_t)1 << (len - 1))) == 0;
}

// host[:port]
AVX2 __attribute__((always_inline)) static inline uint32_t
take_host(const struct field *f, uint32_t at, struct str *ret_host, uint16_t *ret_port) {
	uint32_t end = mark_next(f->marks, at), port;

	if (!is_host(f, at, end))
		return 0;
	*ret_host = text(f, at, end);
	if (f->buf[end] != ':')
		return end;
	port = end + 1;
	end = mark_next(f->marks, port);
	return take_port(f, port, end, ret_port) ? end : 0;
}

// ;name[=value] at `at`.
struct usual_param {
	uint32_t name, name_end;
	uint32_t value, value_end; // 0: none
};

static inline uint32_t take_usual_param(const struct field *f, uint32_t at, struct usual_param *ret_param) {
	uint32_t end = mark_next(f->marks, at + 1);

	*ret_param = (struct usual_param){.name = at + 1, .name_end = end};
	if (end == at + 1)
		return 0;
	if (f->buf[end] != '=')
		return end;
	ret_param->value = end + 1;
	ret_param->value_end = end = mark_next(f->marks, ret_param->value);
	return end > ret_param->value ? end : 0;
}

// An '@' behind what was taken for the host stops here too, and is no end anybody asks for.
AVX2 __attribute__((always_inline)) static inline uint32_t
take_uri(const struct field *f, uint32_t at, struct sip_uri *ret_uri) {
	struct usual_param param;
	uint32_t start = at, end;

	if (unlikely(load_u32(f->buf + at) != ('s' | 'i' << 8 | 'p' << 16 | ':' << 24)))
		return 0;
	ret_uri->scheme = text(f, at, at + 3);
	ret_uri->is_sip = true;
	at += 4;
	end = mark_next(f->marks, at);
	if (f->buf[end] == '@') {
		if (end == at)
			return 0;
		ret_uri->user = text(f, at, end);
		at = end + 1;
	}
	at = take_host(f, at, &ret_uri->host, &ret_uri->port);
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

AVX2 bool sip_usual_request_line(struct sip_msg *msg) {
	static const char version[8] = "SIP/2.0\r";
	struct field f = {.buf = msg->buf, .marks = msg->index.marks, .limit = msg->len};
	uint32_t method_end, uri_end, end = msg->index.first_line_end;

	if (end >= msg->index.marked || end + SLACK > msg->len)
		return false;
	method_end = mark_next(f.marks, 0);
	if (method_end == 0 || f.buf[method_end] != ' ')
		return false;
	uri_end = take_uri(&f, method_end + 1, &msg->uri);
	if (uri_end == 0 || uri_end + sizeof(version) != end || f.buf[uri_end] != ' ' ||
	    memcmp(f.buf + uri_end + 1, version, sizeof(version)) != 0) {
		msg->uri = (struct sip_uri){0};
		return false;
	}
	msg->method_text = text(&f, 0, method_end);
	msg->method = sip_method_find(msg->method_text);
	msg->is_request = true;
	msg->request_uri = msg->uri.text;
	return true;
}

bool sip_usual_status_line(struct sip_msg *msg) {
	static const char version[8] = "SIP/2.0 ";
	uint32_t end = msg->index.first_line_end;
	const char *p = msg->buf;
	uint32_t hundreds, tens, ones;

	if (end >= msg->index.marked || end < 13 || memcmp(p, version, sizeof(version)) != 0)
		return false;
	hundreds = (uint32_t)(p[8] - '0');
	tens = (uint32_t)(p[9] - '0');
	ones = (uint32_t)(p[10] - '0');
	if (hundreds - 1 > 5 || tens > 9 || ones > 9 || p[11] != ' ')
		return false;
	msg->status = (uint16_t)(hundreds * 100 + tens * 10 + ones);
	msg->reason = str_of(p + 12, end - 12);
	return true;
}

AVX2 static inline bool via_param(const struct field *f, const struct usual_param *param, struct sip_via *via) {
	uint32_t len = param->name_end - param->name;
	struct str value = text(f, param->value, param->value_end);
	uint16_t port;

	switch (load_word(f, param->name, len < 8 ? len : 8)) {
	case WORD('b', 'r', 'a', 'n', 'c', 'h', 0, 0):
		if (via->branch.ptr || !param->value)
			return false;
		via->branch = value;
		return true;
	case WORD('r', 'p', 'o', 'r', 't', 0, 0, 0):
		if (via->has_rport)
			return false;
		via->has_rport = true;
		via->rport = param->value ? value : text(f, param->name_end, param->name_end);
		return !param->value || take_port(f, param->value, param->value_end, &port);
	case WORD('r', 'e', 'c', 'e', 'i', 'v', 'e', 'd'):
		if (len > 8)
			return true;
		if (via->received.ptr || !param->value)
			return false;
		via->received = value;
		return true;
	case WORD('m', 'a', 'd', 'd', 'r', 0, 0, 0):
	case WORD('t', 't', 'l', 0, 0, 0, 0, 0):
		return false;
	default:
		return true;
	}
}

AVX2 static inline bool read_via(const struct field *f, struct sip_via *via) {
	static const char protocol[8] = "SIP/2.0/";
	struct usual_param param;
	uint32_t at = f->start + (uint32_t)sizeof(protocol), end, params;

	if (at >= f->end || memcmp(f->buf + f->start, protocol, sizeof(protocol)) != 0)
		return false;
	end = mark_next(f->marks, at);
	if (end == at || f->buf[end] != ' ')
		return false;
	via->is_sip = true;
	via->transport = text(f, at, end);
	at = params = take_host(f, end + 1, &via->host, &via->port);
	if (at == 0)
		return false;
	while (f->buf[at] == ';')
		if ((at = take_usual_param(f, at, &param)) == 0 || !via_param(f, &param, via))
			return false;
	if (at > params)
		via->params = text(f, params, at);
	via->text = text(f, f->start, at);
	return at == f->end;
}

AVX2 bool sip_usual_via(const struct sip_msg *msg, int header, struct sip_via *via) {
	struct field f;

	if (field_of(msg, header, &f) && read_via(&f, via))
		return true;
	*via = (struct sip_via){0};
	return false;
}

// A quoted string without escapes, or one token, and the space behind it; `at` is the '<' that must follow.
AVX2 static inline bool take_display(const struct field *f, uint32_t *at, struct str *ret_display) {
	uint32_t end = *at;

	if (f->buf[end] == '<')
		return true;
	if (f->buf[end] == '"') {
		do
			end = mark_next(f->marks, end + 1);
		while (class_of(f->buf[end]) & CLASS_QUOTED);
		if (f->buf[end++] != '"')
			return false;
	} else {
		end = mark_next(f->marks, end);
		if (f->buf[end] != ' ' || end == *at)
			return false;
	}
	*ret_display = text(f, *at, end);
	*at = end + (f->buf[end] == ' ');
	return f->buf[*at] == '<';
}

AVX2 static inline bool addr_params(const struct field *f, uint32_t *at, struct sip_name_addr *addr) {
	struct usual_param param;
	uint32_t start = *at;

	while (f->buf[*at] == ';') {
		if ((*at = take_usual_param(f, *at, &param)) == 0)
			return false;
		if (param.name_end - param.name != 3 ||
		    load_word(f, param.name, 3) != WORD('t', 'a', 'g', 0, 0, 0, 0, 0))
			continue;
		if (addr->tag.ptr || !param.value)
			return false;
		addr->tag = text(f, param.value, param.value_end);
	}
	if (*at > start)
		addr->params = text(f, start, *at);
	return true;
}

AVX2 static inline bool read_addr(const struct field *f, bool list, struct sip_name_addr *addr) {
	uint32_t at = f->start;
	struct sip_uri uri;

	if (!take_display(f, &at, &addr->display))
		return false;
	at = take_uri(f, at + 1, &uri);
	if (at == 0 || f->buf[at] != '>')
		return false;
	addr->uri = uri.text;
	addr->in_brackets = true;
	at++;
	if (!addr_params(f, &at, addr))
		return false;
	return at == f->end || (list && f->buf[at] == ',' && f->buf[at + 1 + (f->buf[at + 1] == ' ')] == '<');
}

AVX2 bool sip_usual_addr(const struct sip_msg *msg, int header, bool list, struct sip_name_addr *addr) {
	struct field f;

	if (field_of(msg, header, &f) && read_addr(&f, list, addr))
		return true;
	*addr = (struct sip_name_addr){0};
	return false;
}

AVX2 bool sip_usual_call_id(const struct sip_msg *msg, int header, struct str *ret_call_id) {
	struct field f;
	uint32_t at;

	if (!field_of(msg, header, &f))
		return false;
	at = mark_next(f.marks, f.start);
	if (f.buf[at] == '@' && at > f.start && at + 1 < f.end)
		at = mark_next(f.marks, at + 1);
	if (at != f.end)
		return false;
	*ret_call_id = text(&f, f.start, f.end);
	return true;
}

AVX2 bool sip_usual_cseq(const struct sip_msg *msg, int header, uint32_t *ret_number, struct str *ret_method) {
	uint32_t at, method, number;
	struct field f;

	if (!field_of(msg, header, &f))
		return false;
	at = mark_next(f.marks, f.start);
	method = at + 1;
	if (f.buf[at] != ' ' || !take_digits(&f, f.start, at, &number))
		return false;
	if (method >= f.end || mark_next(f.marks, method) != f.end)
		return false;
	*ret_number = number;
	*ret_method = text(&f, method, f.end);
	return true;
}
bool sip_usual_number(const struct sip_msg *msg, int header, uint32_t *ret_number, struct str *ret_digits) {
	uint32_t number;
	struct field f;

	if (!field_of(msg, header, &f) || !take_digits(&f, f.start, f.end, &number))
		return false;
	*ret_number = number;
	*ret_digits = text(&f, f.start, f.end);
	return true;
}
#else
bool sip_usual_request_line(struct sip_msg *msg) {
	(void)msg;
	return false;
}

bool sip_usual_status_line(struct sip_msg *msg) {
	(void)msg;
	return false;
}

bool sip_usual_via(const struct sip_msg *msg, int header, struct sip_via *via) {
	(void)msg, (void)header, (void)via;
	return false;
}

bool sip_usual_addr(const struct sip_msg *msg, int header, bool list, struct sip_name_addr *ret_addr) {
	(void)msg, (void)header, (void)list, (void)ret_addr;
	return false;
}

bool sip_usual_call_id(const struct sip_msg *msg, int header, struct str *ret_call_id) {
	(void)msg, (void)header, (void)ret_call_id;
	return false;
}

bool sip_usual_cseq(const struct sip_msg *msg, int header, uint32_t *ret_number, struct str *ret_method) {
	(void)msg, (void)header, (void)ret_number, (void)ret_method;
	return false;
}

bool sip_usual_number(const struct sip_msg *msg, int header, uint32_t *ret_number, struct str *ret_digits) {
	(void)msg, (void)header, (void)ret_number, (void)ret_digits;
	return false;
}
#endif
