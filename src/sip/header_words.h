// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of src/sip: header names as words, and the look-up of sip_header_find for locators that know the bytes of a
// name to be plain (sip/marks.h) and have it in a register, without a loop, a call or a branch on its length.
#pragma once

#include "sip/header.h"

#define HEADER_NAME_MAX 32 // longer than all we know

// A name in lower case, spaces behind it.
struct header_words {
	uint64_t word[HEADER_NAME_MAX / 8];
};

extern const struct header_words header_words[HDR_COUNT];
extern const uint8_t header_by_letter[256];
extern const uint8_t header_by_slot[256]; // by HEADER_SLOT of the first two words

#define HEADER_SPACES 0x2020202020202020

// The multiplier was searched for: it gives each name a slot of its own.
#define HEADER_SLOT(first, second) ((((first) ^ (second)) * 0x3cb0a65d) >> 40 & 255)

#if defined(__x86_64__)
#include <immintrin.h>

// `name`: its plain bytes, as many as fit, zeros behind them; of two bytes at least.
__attribute__((target("avx2"))) static inline enum sip_header_id header_find_plain(__m256i name) {
	// No plain byte but a letter becomes another plain byte by this.
	__m256i lower = _mm256_or_si256(name, _mm256_set1_epi8(0x20)), differs;
	__m128i low = _mm256_castsi256_si128(lower);
	uint64_t first = (uint64_t)_mm_cvtsi128_si64(low);
	uint64_t second = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(low, low));
	uint8_t id = header_by_slot[HEADER_SLOT(first, second)];

	differs = _mm256_xor_si256(lower, _mm256_loadu_si256((const __m256i *)&header_words[id]));
	return likely(_mm256_testz_si256(differs, differs)) ? (enum sip_header_id)id : HDR_OTHER;
}
#endif
