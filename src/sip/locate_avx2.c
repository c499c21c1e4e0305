// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Two passes, so that neither has branches that depend on where lines happen to end: the first writes the offsets of
// all line ends, 64 bytes at a time, up to the empty line; the second takes line by line.
#include "sip/locate_avx2.h"

#include "sip/lines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define BLOCK 64
#define CHUNK 1024 // bytes whose line ends are collected at once
#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

struct masks {
	uint64_t lf, cr, nul;
};

struct line_ends {
	uint64_t was_lf;       // bit 0: the byte before the block was LF
	uint64_t was_cr;       // CR
	uint64_t was_after_lf; // the byte before the block followed an LF
	bool empty_line;       // found; the last of `at` ends it
	bool odd;	       // a NUL or a bare CR up to there
	uint32_t count;
	uint16_t at[CHUNK + 8]; // up to 8 are written past count
};

AVX2 static inline uint64_t equal(__m256i low, __m256i high, char c) {
	__m256i wanted = _mm256_set1_epi8(c);
	uint32_t low_mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
	uint32_t high_mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));

	return (uint64_t)high_mask << 32 | low_mask;
}

AVX2 static inline struct masks masks_of(const char *p) {
	__m256i low = _mm256_loadu_si256((const __m256i *)p);
	__m256i high = _mm256_loadu_si256((const __m256i *)(p + 32));

	return (struct masks){.lf = equal(low, high, '\n'), .cr = equal(low, high, '\r'), .nul = equal(low, high, 0)};
}

// The last bytes, fewer than a block: what is past them counts as nothing.
AVX2 static struct masks masks_of_rest(const char *p, uint32_t len) {
	char block[BLOCK] = {0};
	struct masks masks;

	memcpy(block, p, len);
	masks = masks_of(block);
	masks.nul &= ((uint64_t)1 << len) - 1;
	return masks;
}

AVX2 static inline void add_line_ends(struct line_ends *ends, uint32_t base, uint64_t lf) {
	uint32_t n = (uint32_t)_mm_popcnt_u64(lf);
	uint16_t *at = ends->at + ends->count;

	ends->count += n;
	for (;;) {
		for (int i = 0; i < 4; i++) {
			at[i] = (uint16_t)(base + _tzcnt_u64(lf));
			lf = _blsr_u64(lf);
		}
		if (likely(lf == 0))
			return;
		at += 4;
	}
}

AVX2 static inline void take_block(struct line_ends *ends, uint32_t base, struct masks m) {
	uint64_t after_lf = m.lf << 1 | ends->was_lf;
	uint64_t after_cr = m.cr << 1 | ends->was_cr;
	uint64_t after_lf_cr = after_cr & (after_lf << 1 | ends->was_after_lf);
	uint64_t empty = m.lf & (after_lf | after_lf_cr);
	uint64_t header_bytes = _blsmsk_u64(empty); // up to the first empty line's end; all when there is none

	ends->odd |= ((m.nul | (after_cr & ~m.lf)) & header_bytes) != 0;
	ends->empty_line = empty != 0;
	ends->was_lf = m.lf >> 63;
	ends->was_cr = m.cr >> 63;
	ends->was_after_lf = after_lf >> 63;
	add_line_ends(ends, base, m.lf & header_bytes);
}

// First colon of the line [start, end), or something past it.
AVX2 static inline uint32_t find_colon(const struct lines *lines, uint32_t end) {
	const char *start = lines->buf + lines->start;
	const char *colon;

	if (likely(lines->start + 32 <= lines->len)) {
		__m256i bytes = _mm256_loadu_si256((const __m256i *)start);
		uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(':')));

		if (likely(mask))
			return lines->start + _tzcnt_u32(mask);
	}
	colon = memchr(start, ':', end - lines->start);
	return colon ? (uint32_t)(colon - lines->buf) : LINES_NO_COLON;
}

AVX2 enum sip_located sip_locate_avx2(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
) {
	struct lines lines = lines_begin(ret_index, buf, len, headers_max);
	struct line_ends ends;
	uint32_t at = lines.start;

	(void)self;
	ends.was_lf = ends.was_cr = ends.was_after_lf = 0;
	ends.odd = ends.empty_line = false;
	while (!lines.ended && at < len) {
		uint32_t stop = at + CHUNK;

		ends.count = 0;
		for (; at < len && at != stop && !ends.empty_line; at += BLOCK) {
			bool whole = len - at >= BLOCK;

			take_block(&ends, at, whole ? masks_of(buf + at) : masks_of_rest(buf + at, (uint32_t)len - at));
		}
		for (uint32_t i = 0; i < ends.count && !lines.ended; i++)
			lines_take(&lines, ends.at[i], find_colon(&lines, ends.at[i]), HDR_OTHER);
	}
	return lines_finish(&lines, ends.odd);
}
#else
enum sip_located sip_locate_avx2(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
) {
	struct sip_locator scalar;

	(void)self;
	sip_locator_init(&scalar, LOCATOR_SCALAR);
	return scalar.locate(&scalar, buf, len, headers_max, ret_index);
}
#endif
