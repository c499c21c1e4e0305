// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// As locate_avx2.c, with 64 bytes to a register, one look-up for all of ASCII, and a list of marks in place of bits, so
// that the parser need not search for the next. What begins with line ends, has no end, or more marks than there is
// room for is left to the scalar twin.
#include "sip/locate_simd.h"

#include "sip/header_words.h"
#include "sip/lines.h"
#include "sip/marks.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt,avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2")))
#define BLOCK 64
#define NOINLINE __attribute__((noinline)) // too much in one function is too much for its registers

// What the pass over the bytes finds besides the marks.
struct ends {
	uint32_t marks;
	uint32_t lines;					// the empty one counted
	bool odd;					// there may be a NUL or a bare CR
	uint16_t line[SIP_MARKS_MAX + SIP_MARKS_SLACK]; // which mark is the LF of each line
};

// The upper bit is set for what is not plain.
// clang-format off
static const uint8_t ascii[2 * BLOCK] = {
#define X 0x80
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, 0, X, X, X, X, X, 0, X, X, 0, 0, X, 0, 0, X, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, X, X, X, X, X,
	X, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, X, X, X, 0,
	X, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, X, X, 0, X,
#undef X
};

static const uint8_t counting[BLOCK] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
	30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57,
	58, 59, 60, 61, 62, 63,
};
// clang-format on

// The positions of the bits, of which there are `count`; `at`: the one of the first.
AVX512 static inline void put_positions(uint16_t *out, uint64_t bits, uint32_t count, __m512i at) {
	__m512i offsets = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(counting));
	__m512i low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(offsets));

	_mm512_storeu_si512(out, _mm512_add_epi16(at, low));
	if (unlikely(count > BLOCK / 2)) {
		__m512i high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(offsets, 1));

		_mm512_storeu_si512(out + BLOCK / 2, _mm512_add_epi16(at, high));
	}
}

// The marks of one block behind `before` others; how many these are then. Bit i of `is_end`: mark i is an LF.
AVX512 static inline uint32_t
put_marks(uint16_t *mark, uint64_t *is_end, uint64_t bits, uint64_t lf, uint32_t before, __m512i at) {
	uint32_t count = (uint32_t)_mm_popcnt_u64(bits);
	uint64_t ends = _pext_u64(lf, bits), *word = &is_end[before / 64];

	put_positions(mark + before, bits, count, at);
	word[0] |= ends << before % 64;
	word[1] = ends >> 1 >> (63 - before % 64);
	return before + count;
}

AVX512 static inline uint64_t find_marks(__m512i block) {
	const __m512i low = _mm512_loadu_si512(ascii), high = _mm512_loadu_si512(ascii + BLOCK);

	return _mm512_movepi8_mask(_mm512_or_si512(block, _mm512_permutex2var_epi8(low, block, high)));
}

AVX512 static inline void find_lines(const uint64_t *is_end, struct ends *ends) {
	ends->lines = 0;
	for (uint32_t at = 0; at < ends->marks; at += 64) {
		uint64_t bits = is_end[at / 64];
		uint32_t count = (uint32_t)_mm_popcnt_u64(bits);

		put_positions(ends->line + ends->lines, bits, count, _mm512_set1_epi16((short)at));
		ends->lines += count;
	}
}

// False when the headers do not end, or have too many marks.
AVX512 NOINLINE static bool scan_headers(const char *buf, uint32_t len, uint16_t *mark, struct ends *ends) {
	const __m512i lf_bytes = _mm512_set1_epi8('\n'), cr_bytes = _mm512_set1_epi8('\r');
	uint64_t is_end[SIP_MARKS_MAX / 64 + 2], lf, controls, empty, last_lf = 0;
	uint64_t last_cr = 0; // the block before ended with a CR that begins a line
	uint32_t from = 0, marks = 0, control_count = 0;
	__m512i at = _mm512_setzero_si512(), block;

	is_end[0] = 0;
	for (;; from += BLOCK) {
		uint64_t begun;

		if (likely(from + BLOCK <= len))
			block = _mm512_loadu_si512(buf + from);
		else
			block = _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, len - from), buf + from);
		lf = _mm512_cmpeq_epi8_mask(block, lf_bytes);
		controls = _mm512_cmple_epu8_mask(block, cr_bytes);
		begun = (lf << 1 | last_lf >> 63) & controls;
		if (unlikely((begun | last_cr) != 0)) {
			begun &= lf | _mm512_cmpeq_epi8_mask(block, cr_bytes);
			empty = lf & (begun | begun << 1 | last_cr);
			if (likely(empty != 0))
				break;
			last_cr = begun >> 63;
		}
		marks = put_marks(mark, is_end, find_marks(block), lf, marks, at);
		if (unlikely(marks > SIP_MARKS_MAX || from + BLOCK >= len))
			return false;
		control_count += (uint32_t)_mm_popcnt_u64(controls);
		last_lf = lf;
		at = _mm512_add_epi16(at, _mm512_set1_epi16(BLOCK));
	}
	empty = _blsmsk_u64(empty);
	ends->marks = put_marks(mark, is_end, find_marks(block) & empty, lf & empty, marks, at);
	find_lines(is_end, ends);
	// Two to a line: they are the lines' ends, unless one of those has no CR.
	control_count += (uint32_t)_mm_popcnt_u64(controls & empty);
	ends->odd = control_count != 2 * ends->lines;
	return ends->marks <= SIP_MARKS_MAX;
}

// Which headers these are, by their names, which are plain. A loop of its own, or there are not registers enough.
AVX512 NOINLINE static void name_headers(const char *buf, struct sip_header *header, const struct sip_header *end) {
	for (; header < end; header++) {
		const char *name = buf + header->start;
		uint32_t kept = _bzhi_u32(UINT32_MAX, header->name_len);

		if (likely(header->name_len != 1))
			header->id = (uint8_t)header_find_plain(_mm256_maskz_loadu_epi8(kept, name));
		else
			header->id = header_by_letter[(uint8_t)name[0]];
	}
}

// The header lines from line `at` on whose names are plain and right before the colon, up to one that is not such (the
// empty line is not), which is returned.
AVX512 NOINLINE static uint32_t take_usual_lines(struct lines *lines, struct ends *ends, uint32_t at) {
	struct sip_index *index = lines->index;
	struct sip_header *header = &index->header[index->count], *end = &index->header[lines->headers_max];
	const uint16_t *line = &ends->line[at], *mark = index->mark;
	uint16_t *colons = &index->colon[index->count];
	uint32_t first = line[-1] + 1u, start = lines->start;
	const char *buf = lines->buf;

	for (; header < end; header++) {
		uint32_t last = *line, colon = mark[first], lf = mark[last], name_len = colon - start;

		if (unlikely(buf[colon] != ':' || name_len - 1 >= UINT8_MAX - 1))
			break;
		header->start = (uint16_t)start;
		header->value = (uint16_t)(colon + 1);
		header->name_len = (uint8_t)name_len;
		start = lf + 1;
		if (likely(buf[lf - 1] == '\r'))
			lf--;
		else
			ends->odd = true;
		header->end = (uint16_t)lf;
		*colons++ = (uint16_t)first;
		first = last + 1;
		line++;
	}
	name_headers(buf, &index->header[index->count], header);
	index->count = (uint16_t)(header - index->header);
	lines->start = start;
	return (uint32_t)(line - ends->line);
}

// A line of any kind; `first` is its first mark.
static __attribute__((noinline)) void take_line(struct lines *lines, uint32_t lf, uint32_t first) {
	const char *start = lines->buf + lines->start;
	const char *colon = memchr(start, ':', lf - lines->start);
	struct sip_index *index = lines->index;
	uint32_t count = index->count;

	lines_take(lines, lf, colon ? (uint32_t)(colon - lines->buf) : LINES_NO_COLON, HDR_OTHER);
	if (index->count == count)
		return;
	while (index->mark[first] + 1 < index->header[count].value)
		first++;
	index->colon[count] = (uint16_t)first;
}

// The start line or the empty one.
static inline void take_bare_line(struct lines *lines, struct ends *ends, uint32_t at) {
	uint32_t lf = lines->index->mark[ends->line[at]];

	ends->odd |= lf == 0 || lines->buf[lf - 1] != '\r';
	lines_take(lines, lf, LINES_NO_COLON, HDR_OTHER);
}

AVX512 enum sip_located sip_locate_avx512(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
) {
	struct lines lines = lines_begin(ret_index, buf, len, headers_max);
	const uint16_t *mark = ret_index->mark;
	struct ends ends;
	uint32_t at = 0;

	if (unlikely(lines.start != 0) || unlikely(!scan_headers(buf, (uint32_t)len, ret_index->mark, &ends)))
		return sip_locate_scalar(self, buf, len, headers_max, ret_index);
	ret_index->mark_count = (uint16_t)ends.marks;
	take_bare_line(&lines, &ends, 0);
	for (;;) {
		at = take_usual_lines(&lines, &ends, at + 1);
		if (likely(at == ends.lines - 1))
			break;
		take_line(&lines, mark[ends.line[at]], ends.line[at - 1] + 1u);
		if (lines.ended)
			return lines_finish(&lines, true);
		ends.odd = true;
	}
	take_bare_line(&lines, &ends, at);
	return lines_finish(&lines, ends.odd);
}
#else
enum sip_located sip_locate_avx512(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
) {
	return sip_locate_scalar(self, buf, len, headers_max, ret_index);
}
#endif
