// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The Internet checksum (RFC 1071) over whole messages, in the widest vectors the machine has.
#pragma once

#include <stdint.h>

// The sum of the 16-bit words in memory order added to `sum`, carries kept in the upper bits; `len` may be odd, and is
// less than 512 KiB, where a lane could overflow.
uint64_t checksum_add(uint64_t sum, const void *bytes, uint32_t len);

// Folded to 16 bits and inverted, as a header carries it.
static inline uint16_t checksum_end(uint64_t sum) {
	while (sum >> 16)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)~sum;
}
