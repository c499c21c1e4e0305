// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of src/sip: which bytes of a message are not plain. Plain are letters, digits and -._!*'~+, which may stand in
// tokens, words, URI users and parameters alike; so text between two marks needs no look at its bytes, whatever it is.
#pragma once

#include "sip/locate.h"

#define MARKS_PLAIN "-._!*'~+0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// The first byte at or after `at` that is not plain. There must be one: each line ends with a mark.
static inline uint32_t mark_next(const uint64_t *marks, uint32_t at) {
	uint32_t word = at / 64;
	uint64_t bits = marks[word] >> (at % 64);

	if (likely(bits))
		return at + (uint32_t)__builtin_ctzll(bits);
	do
		bits = marks[++word];
	while (bits == 0);
	return word * 64 + (uint32_t)__builtin_ctzll(bits);
}
