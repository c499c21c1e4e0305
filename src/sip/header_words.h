// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of src/sip: the look-up of sip_header_find for the locator that knows the bytes of a name to be plain
// (sip/marks.h), without a loop, a call or a look past what may be read.
#pragma once

#include "sip/header.h"

// The first eight bytes of a name in lower case, the next eight, and its last eight; of a shorter name all of it.
struct header_words {
	uint64_t first, middle, last;
	uint64_t len;
};

extern const struct header_words header_words[HDR_COUNT];
extern const uint8_t header_by_letter[256];
extern const uint8_t header_by_slot[256]; // by HEADER_SLOT of the length, the first, middle and last character

#define HEADER_SLOT(len, first, middle, last) (((len)*61 + (first)*39 + (middle)*41 + (last)) & 255)

static inline uint64_t header_load(const char *p) {
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word | 0x2020202020202020; // no plain byte but a letter becomes another plain byte by that
}

// `len` is 1 or more, and eight bytes from the start of the name may be read.
static inline enum sip_header_id header_find_plain(const char *name, uint32_t len) {
	uint64_t first = header_load(name), last = first;
	const struct header_words *words;
	enum sip_header_id id;

	if (unlikely(len == 1))
		return (enum sip_header_id)header_by_letter[(uint8_t)name[0]];
	if (len >= 8)
		last = header_load(name + len - 8);
	else
		first = last &= ((uint64_t)1 << 8 * len) - 1;
	id = (enum sip_header_id)header_by_slot[HEADER_SLOT(
		len, (uint8_t)first, (uint8_t)name[len / 2] | 0x20u, (uint8_t)name[len - 1] | 0x20u
	)];
	words = &header_words[id];
	if (first != words->first || last != words->last || len != words->len)
		return HDR_OTHER;
	return likely(len <= 16) || header_load(name + 8) == words->middle ? id : HDR_OTHER;
}
