// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The Internet checksum (RFC 1071) over whole messages, 16 bytes a turn in whatever vectors the machine has.
#pragma once

#include <stdint.h>
#include <string.h>

typedef uint32_t checksum_lanes __attribute__((vector_size(16)));

// The sum of the 16-bit words in memory order added to `sum`, carries kept in the upper bits; `len` may be odd, and is
// less than 512 KiB, where a lane could overflow.
static inline uint64_t checksum_add(uint64_t sum, const void *bytes, uint32_t len) {
	const uint8_t *at = bytes;
	checksum_lanes low = {0}, high = {0}, words;
	uint64_t last[2] = {0};

	for (; len >= sizeof(words); len -= (uint32_t)sizeof(words), at += sizeof(words)) {
		memcpy(&words, at, sizeof(words));
		low += words & UINT16_MAX;
		high += words >> 16;
	}
	memcpy(last, at, len);
	low += high;
	for (unsigned i = 0; i < 4; i++)
		sum += low[i];
	for (unsigned i = 0; i < 2; i++)
		sum += (last[i] & UINT32_MAX) + (last[i] >> 32);
	return sum;
}

// Folded to 16 bits and inverted, as a header carries it.
static inline uint16_t checksum_end(uint64_t sum) {
	while (sum >> 16)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)~sum;
}
