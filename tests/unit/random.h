// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Repeatable pseudo-random numbers for tests that compare with a naive model.
#pragma once

#include <stdint.h>

struct random {
	uint64_t state; // not 0
};

// xorshift64*
static inline uint64_t random_next(struct random *random) {
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1dULL;
}

static inline uint64_t random_below(struct random *random, uint64_t limit) {
	return random_next(random) % limit;
}
