// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of src/sip: the next mark by the bits of the AVX2 locator.
#pragma once

#include <immintrin.h>

#include "sip/marks.h"

#define HOST_MAX 32 // a host of more bytes is not looked at in one register

#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

struct cursor {
	const uint64_t *marks;
};

// Of a header's value, or of the message (-1).
static inline struct cursor cursor_of(const struct sip_index *index, int header) {
	(void)header;
	return (struct cursor){.marks = index->marks};
}

static inline uint32_t cursor_next(const struct cursor *cursor, uint32_t at) {
	return mark_next(cursor->marks, at);
}

// A position says it all.
static inline void cursor_skip(const struct cursor *cursor, uint32_t count) {
	(void)cursor, (void)count;
}

// The bytes of a host, and others behind it; false when those are not of the message.
TARGET static inline bool load_host(const char *buf, uint32_t limit, uint32_t at, uint32_t len, __m256i *ret_bytes) {
	(void)len;
	if (at + HOST_MAX > limit)
		return false;
	*ret_bytes = _mm256_loadu_si256((const __m256i *)(buf + at));
	return true;
}
