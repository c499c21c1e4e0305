// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "checksum.h"

#include <string.h>

// What is shorter than a vector, by words: a copy into one would wait for its own bytes.
static inline uint64_t rest_add(uint64_t sum, const uint8_t *at, uint32_t len) {
	uint32_t four;
	uint16_t two;

	for (; len >= sizeof(four); len -= (uint32_t)sizeof(four), at += sizeof(four)) {
		memcpy(&four, at, sizeof(four));
		sum += four;
	}
	if (len >= sizeof(two)) {
		memcpy(&two, at, sizeof(two));
		sum += two;
		at += sizeof(two);
		len -= (uint32_t)sizeof(two);
	}
	if (len > 0) {
		two = 0;
		memcpy(&two, at, 1);
		sum += two;
	}
	return sum;
}

// One function for a width of vectors, `width` bytes a turn.
#define CHECKSUM_ADD(name, attributes, width)                                                                          \
	typedef uint32_t name##_lanes __attribute__((vector_size(width)));                                             \
                                                                                                                       \
	attributes static uint64_t name(uint64_t sum, const uint8_t *at, uint32_t len) {                               \
		name##_lanes low = {0}, high = {0}, words;                                                             \
                                                                                                                       \
		for (; len >= width; len -= width, at += width) {                                                      \
			memcpy(&words, at, width);                                                                     \
			low += words & UINT16_MAX;                                                                     \
			high += words >> 16;                                                                           \
		}                                                                                                      \
		low += high;                                                                                           \
		for (unsigned i = 0; i < width / sizeof(uint32_t); i++)                                                \
			sum += low[i];                                                                                 \
		return rest_add(sum, at, len);                                                                         \
	}

CHECKSUM_ADD(add_16, , 16)

#ifdef __x86_64__
CHECKSUM_ADD(add_32, __attribute__((target("avx2"))), 32)

uint64_t checksum_add(uint64_t sum, const void *bytes, uint32_t len) {
	if (len < 32)
		return rest_add(sum, bytes, len);
	if (__builtin_cpu_supports("avx2"))
		return add_32(sum, bytes, len);
	return add_16(sum, bytes, len);
}
#else
uint64_t checksum_add(uint64_t sum, const void *bytes, uint32_t len) {
	return add_16(sum, bytes, len);
}
#endif
