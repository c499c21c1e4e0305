// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Keyed 64-bit hashes (XXH3 with a secret seed), so that nobody outside can choose keys that collide. One finds
// candidates; the text decides, or a second one where no text is kept (transactions, dialogs).
#pragma once

#include <xxhash.h>

#include "base/str.h"

static inline uint64_t hash_str(uint64_t seed, struct str s) {
	return XXH3_64bits_withSeed(s.ptr, s.len, seed);
}

// Order matters: hash_mix(a, b) != hash_mix(b, a).
static inline uint64_t hash_mix(uint64_t a, uint64_t b) {
	uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2))) * 0xff51afd7ed558ccdULL;

	return x ^ (x >> 32);
}
