// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dataplane/checksum.h"

#include <string.h>

static inline uint64_t add(uint64_t sum, uint64_t word) {
	sum += word;
	return sum + (sum < word);
}

// Less than eight bytes, by loads and no copy: a load of what is being copied in pieces waits for the stores.
static inline uint64_t last_word(const uint8_t *p, size_t len) {
	uint64_t word = 0;
	uint32_t four = 0;
	uint16_t two = 0;
	unsigned at = 0;

	if (len & 4) {
		memcpy(&four, p, sizeof(four));
		word = four;
		at = 4;
	}
	if (len & 2) {
		memcpy(&two, p + at, sizeof(two));
		word |= (uint64_t)two << 8 * at;
		at += 2;
	}
	return len & 1 ? word | (uint64_t)p[at] << 8 * at : word;
}

// Eight bytes at a time: 64-bit ones' complement addition folds to the same 16 bits (RFC 1071 section 2).
static uint64_t sum_words(const uint8_t *p, size_t len, uint64_t sum) {
	uint64_t word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = add(sum, word);
	}
	return add(sum, last_word(p, len));
}

static uint16_t fold(uint64_t sum) {
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

#if defined(__x86_64__)
#include <immintrin.h>

// Four 64-bit sums of 32-bit halves: 2^32 blocks until one could overflow.
__attribute__((target("avx2"))) static uint16_t sum_avx2(const uint8_t *p, size_t len) {
	const __m256i low = _mm256_set1_epi64x(UINT32_MAX);
	__m256i even = _mm256_setzero_si256(), odd = even;
	uint64_t lanes[4];

	for (; len >= sizeof(__m256i); p += sizeof(__m256i), len -= sizeof(__m256i)) {
		__m256i bytes = _mm256_loadu_si256((const __m256i *)p);

		even = _mm256_add_epi64(even, _mm256_and_si256(bytes, low));
		odd = _mm256_add_epi64(odd, _mm256_srli_epi64(bytes, 32));
	}
	_mm256_storeu_si256((__m256i *)lanes, _mm256_add_epi64(even, odd));
	return fold(sum_words(p, len, lanes[0] + lanes[1] + lanes[2] + lanes[3]));
}

uint16_t checksum_sum(const void *bytes, size_t len) {
	return likely(__builtin_cpu_supports("avx2")) ? sum_avx2(bytes, len) : fold(sum_words(bytes, len, 0));
}
#else
uint16_t checksum_sum(const void *bytes, size_t len) {
	return fold(sum_words(bytes, len, 0));
}
#endif
