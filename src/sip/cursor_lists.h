// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of src/sip: the next mark by the list of the AVX-512 locator.
#pragma once

#include <immintrin.h>

#include "sip/marks.h"

#define HOST_MAX 32 // a host of more bytes is not looked at in one register

#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt,avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2")))

struct cursor {
	const uint16_t *mark; // the next one
};

// Of a header's value, or of the message (-1).
static inline struct cursor cursor_of(const struct sip_index *index, int header) {
	return (struct cursor){.mark = index->mark + (header < 0 ? 0 : index->colon[header] + 1)};
}

static inline uint32_t cursor_next(struct cursor *cursor, uint32_t at) {
	(void)at;
	return *cursor->mark++;
}

static inline void cursor_skip(struct cursor *cursor, uint32_t count) {
	cursor->mark += count;
}

// The bytes of a host, and zeros behind it.
TARGET static inline bool load_host(const char *buf, uint32_t limit, uint32_t at, uint32_t len, __m256i *ret_bytes) {
	(void)limit;
	*ret_bytes = _mm256_maskz_loadu_epi8(_bzhi_u32(UINT32_MAX, len), buf + at);
	return true;
}
