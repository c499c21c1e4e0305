// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Two passes, so that neither has branches that depend on where lines happen to end: the first writes which bytes are
// line ends and which are not plain, 64 at a time, up to the empty line; the second goes from line to line by these.
// What begins with line ends, or has no end within what can be marked, is left to the scalar twin.
#include "sip/locate_simd.h"

#include "sip/header_words.h"
#include "sip/lines.h"
#include "sip/marks.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define BLOCK 64
#define NAME_READ HEADER_NAME_MAX // bytes that are read of a name, however short
#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

// Bits 0 to 5 for each byte: plain, and in which of the six columns of ASCII; bit 6: LF; bit 7: CR.
#define COLUMNS(c20, c30, c40, c50, c60, c70) (c20 | c30 << 1 | c40 << 2 | c50 << 3 | c60 << 4 | c70 << 5)
#define LF_BIT 0x40
#define CR_BIT (-0x80)

AVX2 static inline __m256i classes_of(__m256i bytes) {
	const __m256i of_low = _mm256_broadcastsi128_si256(_mm_setr_epi8(
		COLUMNS(0, 1, 0, 1, 0, 1),	    // 0 P p
		COLUMNS(1, 1, 1, 1, 1, 1),	    // ! 1 A Q a q
		COLUMNS(0, 1, 1, 1, 1, 1),	    // 2 B R b r
		COLUMNS(0, 1, 1, 1, 1, 1),	    // 3 C S c s
		COLUMNS(0, 1, 1, 1, 1, 1),	    // 4 D T d t
		COLUMNS(0, 1, 1, 1, 1, 1),	    // 5 E U e u
		COLUMNS(0, 1, 1, 1, 1, 1),	    // 6 F V f v
		COLUMNS(1, 1, 1, 1, 1, 1),	    // ' 7 G W g w
		COLUMNS(0, 1, 1, 1, 1, 1),	    // 8 H X h x
		COLUMNS(0, 1, 1, 1, 1, 1),	    // 9 I Y i y
		COLUMNS(1, 0, 1, 1, 1, 1) | LF_BIT, // * J Z j z
		COLUMNS(1, 0, 1, 0, 1, 0),	    // + K k
		COLUMNS(0, 0, 1, 0, 1, 0),	    // L l
		COLUMNS(1, 0, 1, 0, 1, 0) | CR_BIT, // - M m
		COLUMNS(1, 0, 1, 0, 1, 1),	    // . N n ~
		COLUMNS(0, 0, 1, 1, 1, 0)	    // O _ o
	));
	const __m256i of_high = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(LF_BIT | CR_BIT, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0)
	);
	__m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0f));

	// Bytes past ASCII give 0 in the first look-up.
	return _mm256_and_si256(_mm256_shuffle_epi8(of_low, bytes), _mm256_shuffle_epi8(of_high, high));
}

AVX2 static inline uint64_t join(__m256i low, __m256i high) {
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 | (uint32_t)_mm256_movemask_epi8(low);
}

// What one block tells the next.
struct before {
	uint64_t lf, cr, after_lf; // of the block before
	__m256i least;		   // of all bytes, lane by lane
	bool odd;		   // a bare CR
};

struct line_ends {
	uint64_t lf[SIP_MARKED_MAX / BLOCK]; // up to the empty line
	uint32_t body;			     // past that
	bool odd;			     // a NUL or a bare CR before it
};

AVX2 static inline uint64_t zeros(__m256i low, __m256i high) {
	const __m256i zero = _mm256_setzero_si256();

	return join(_mm256_cmpeq_epi8(low, zero), _mm256_cmpeq_epi8(high, zero));
}

// True when the headers end in this block, whose marks and line ends it writes.
AVX2 static inline bool
scan_block(struct before *before, const char *p, uint32_t at, uint64_t *marks, struct line_ends *ret_ends) {
	const __m256i zero = _mm256_setzero_si256();
	__m256i low = _mm256_loadu_si256((const __m256i *)p);
	__m256i high = _mm256_loadu_si256((const __m256i *)(p + 32));
	__m256i low_class = classes_of(low), high_class = classes_of(high);
	uint64_t cr = join(low_class, high_class);
	uint64_t lf = join(_mm256_add_epi8(low_class, low_class), _mm256_add_epi8(high_class, high_class));
	uint64_t plain = join(_mm256_cmpgt_epi8(low_class, zero), _mm256_cmpgt_epi8(high_class, zero));
	uint64_t after_lf = lf << 1 | before->lf >> 63;
	uint64_t after_cr = cr << 1 | before->cr >> 63;
	uint64_t empty = lf & (after_lf | (after_cr & (after_lf << 1 | before->after_lf >> 63)));
	uint64_t bare_cr = after_cr & ~lf;

	marks[at / BLOCK] = ~plain | lf;
	ret_ends->lf[at / BLOCK] = lf;
	if (unlikely(empty)) {
		uint64_t headers = _blsmsk_u64(empty);

		ret_ends->lf[at / BLOCK] = lf & headers;
		ret_ends->body = at + (uint32_t)_tzcnt_u64(empty) + 1;
		ret_ends->odd = before->odd || ((zeros(low, high) | bare_cr) & headers) != 0 ||
				zeros(before->least, before->least) != 0;
		return true;
	}
	before->odd |= bare_cr != 0;
	before->least = _mm256_min_epu8(before->least, _mm256_min_epu8(low, high));
	before->lf = lf;
	before->cr = cr;
	before->after_lf = after_lf;
	return false;
}

// False when the headers do not end, or too late.
AVX2 static inline bool scan_headers(const char *buf, uint32_t len, uint64_t *marks, struct line_ends *ret_ends) {
	struct before before = {.least = _mm256_set1_epi8(-1)};
	char rest[BLOCK] = {0};
	uint32_t at;

	for (at = 0; at + BLOCK <= len; at += BLOCK)
		if (at == SIP_MARKED_MAX || scan_block(&before, buf + at, at, marks, ret_ends))
			return at < SIP_MARKED_MAX;
	memcpy(rest, buf + at, len - at);
	return at < SIP_MARKED_MAX && scan_block(&before, rest, at, marks, ret_ends);
}

AVX2 static void take_line(struct lines *lines, uint32_t lf) {
	const char *start = lines->buf + lines->start;
	const char *colon = memchr(start, ':', lf - lines->start);

	lines_take(lines, lf, colon ? (uint32_t)(colon - lines->buf) : LINES_NO_COLON, HDR_OTHER);
}

AVX2 static inline uint8_t name_id(const char *name, uint32_t len) {
	static const uint8_t kept[2 * NAME_READ] = {[0 ... NAME_READ - 1] = 0xff};
	const uint8_t *mask = kept + NAME_READ - (len < NAME_READ ? len : NAME_READ);

	if (unlikely(len == 1))
		return header_by_letter[(uint8_t)name[0]];
	return (uint8_t)header_find_plain(
		_mm256_and_si256(_mm256_loadu_si256((const __m256i *)name), _mm256_loadu_si256((const __m256i *)mask))
	);
}

// A header line whose name is plain and right before the colon. False for any other line.
AVX2 static inline bool
take_usual_line(const struct lines *lines, uint32_t start, uint32_t lf, struct sip_header *ret_header) {
	const char *buf = lines->buf;
	uint32_t colon = mark_next(lines->index->marks, start), name_len = colon - start;

	if (unlikely(buf[colon] != ':' || name_len - 1 >= UINT8_MAX - 1))
		return false;
	*ret_header = (struct sip_header){
		.start = (uint16_t)start,
		.value = (uint16_t)(colon + 1),
		.end = (uint16_t)(lf - (buf[lf - 1] == '\r')),
		.id = name_id(buf + start, name_len),
		.name_len = (uint8_t)name_len,
	};
	return true;
}

// The header lines that begin at `start` and end at the bits of one word, `base` the offset of its first. Returns where
// the next line begins.
AVX2 static inline uint32_t take_lines(struct lines *lines, uint32_t start, uint32_t base, uint64_t bits) {
	struct sip_index *index = lines->index;
	uint32_t count = index->count, count_max = lines->headers_max;

	for (; bits != 0 && !lines->ended; bits = _blsr_u64(bits)) {
		uint32_t lf = base + (uint32_t)_tzcnt_u64(bits);

		if (likely(count < count_max && start + NAME_READ <= lines->len) &&
		    likely(take_usual_line(lines, start, lf, &index->header[count]))) {
			count++;
			start = lf + 1;
			continue;
		}
		index->count = (uint16_t)count;
		lines->start = start;
		take_line(lines, lf);
		start = lines->start;
		count = index->count;
	}
	index->count = (uint16_t)count;
	return start;
}

AVX2 enum sip_located sip_locate_avx2(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
) {
	struct lines lines = lines_begin(ret_index, buf, len, headers_max);
	struct line_ends ends;
	uint32_t word = 0, start;

	if (unlikely(lines.start != 0) || unlikely(!scan_headers(buf, (uint32_t)len, ret_index->marks, &ends)))
		return sip_locate_scalar(self, buf, len, headers_max, ret_index);
	while (ends.lf[word] == 0)
		word++;
	take_line(&lines, word * BLOCK + (uint32_t)_tzcnt_u64(ends.lf[word]));
	ends.lf[word] = _blsr_u64(ends.lf[word]);
	for (start = lines.start; !lines.ended; word++)
		start = take_lines(&lines, start, word * BLOCK, ends.lf[word]);
	ret_index->marked = (uint16_t)ends.body;
	return lines_finish(&lines, ends.odd);
}
#else
enum sip_located sip_locate_avx2(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
) {
	return sip_locate_scalar(self, buf, len, headers_max, ret_index);
}
#endif
