// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A slice of bytes owned by somebody else (mostly the received datagram). Not terminated, may hold NULs.
// Nothing here allocates.
#pragma once

#include <string.h>
#include <strings.h>

#include "base/base.h"

struct str {
	const char *ptr;
	uint32_t len;
};

// A struct str of a string literal.
#define STR(literal) ((struct str){.ptr = (literal), .len = sizeof(literal) - 1})

// For printf("%.*s", STR_ARG(s)).
#define STR_ARG(s) (int)(s).len, (s).ptr

static inline struct str str_of(const char *ptr, size_t len) {
	return (struct str){.ptr = ptr, .len = (uint32_t)len};
}

static inline struct str str_from_c(const char *text) {
	return str_of(text, strlen(text));
}

static inline bool str_eq(struct str a, struct str b) {
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

// ASCII case-insensitive.
static inline bool str_eq_nocase(struct str a, struct str b) {
	return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_starts(struct str s, struct str prefix) {
	return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool char_is_lws(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Without white space (line ends included, for folded headers) at both ends.
static inline struct str str_trim(struct str s) {
	while (s.len > 0 && char_is_lws(s.ptr[0]))
		s.ptr++, s.len--;
	while (s.len > 0 && char_is_lws(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

// Decimal number of 1 or more digits and nothing else, at most `max`. False leaves *ret_value untouched.
static inline bool str_to_u64(struct str s, uint64_t max, uint64_t *ret_value) {
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (uint32_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.ptr[i] - '0';

		if (digit > 9 || digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret_value = value;
	return true;
}
