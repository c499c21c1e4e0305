// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/lex.h"

static inline bool begins_line_wanted(char c, char a, char b) {
	char lower = c | 0x20;

	return c == '\r' || c == '\n' || lower == a || lower == b;
}

uint32_t lex_find_line_plain(struct str text, uint32_t from, char a, char b) {
	while (from < text.len && !begins_line_wanted(text.ptr[from], a, b)) {
		const char *lf = memchr(text.ptr + from, '\n', text.len - from);

		if (!lf)
			return text.len;
		from = (uint32_t)(lf - text.ptr) + 1;
	}
	return from < text.len ? from : text.len;
}

bool lex_has_odd_bytes(struct str text) {
	const char *p = text.ptr, *end = text.ptr + text.len;

	if (text.len == 0)
		return false;
	if (memchr(p, '\0', text.len))
		return true;
	while (p < end && (p = memchr(p, '\r', (size_t)(end - p)))) {
		p++;
		if (p == end || *p != '\n')
			return true;
	}
	return false;
}

bool lex_is_value(struct str value) {
	bool quoted = false, nul_pending = false;

	if (!lex_has_odd_bytes(value))
		return true;
	for (uint32_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c == '"') {
			quoted = !quoted;
			nul_pending = false;
		} else if (c == '\r' && (i + 1 == value.len || value.ptr[i + 1] != '\n')) {
			return false;
		} else if (c == '\0' && !quoted) {
			return false;
		} else if (c == '\\' && quoted && i + 1 < value.len && value.ptr[i + 1] != '\r') {
			i++;
			nul_pending |= value.ptr[i] == '\0';
		} else if (c == '\0') {
			nul_pending = true;
		}
	}
	return !nul_pending;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define VECTOR 32

bool lex_has_avx2(void) {
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

bool lex_has_avx512(void) {
	return lex_has_avx2() && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
	       __builtin_cpu_supports("avx512vbmi2");
}

__attribute__((target("avx2,bmi"))) uint32_t lex_find_line_avx2(struct str text, uint32_t from, char a, char b) {
	const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r'), bit = _mm256_set1_epi8(0x20);
	const __m256i want_a = _mm256_set1_epi8(a), want_b = _mm256_set1_epi8(b);

	if (from >= text.len || begins_line_wanted(text.ptr[from], a, b))
		return from < text.len ? from : text.len;
	for (; text.len - from > VECTOR; from += VECTOR) {
		__m256i here = _mm256_loadu_si256((const __m256i *)(text.ptr + from));
		__m256i next = _mm256_loadu_si256((const __m256i *)(text.ptr + from + 1));
		__m256i lower = _mm256_or_si256(next, bit);
		__m256i letter = _mm256_or_si256(_mm256_cmpeq_epi8(lower, want_a), _mm256_cmpeq_epi8(lower, want_b));
		__m256i line_end = _mm256_or_si256(_mm256_cmpeq_epi8(next, lf), _mm256_cmpeq_epi8(next, cr));
		__m256i found = _mm256_and_si256(_mm256_cmpeq_epi8(here, lf), _mm256_or_si256(letter, line_end));
		uint32_t mask = (uint32_t)_mm256_movemask_epi8(found);

		if (mask)
			return from + (uint32_t)__builtin_ctz(mask) + 1;
	}
	for (; from + 1 < text.len; from++)
		if (text.ptr[from] == '\n' && begins_line_wanted(text.ptr[from + 1], a, b))
			return from + 1;
	return text.len;
}
#else
bool lex_has_avx2(void) {
	return false;
}

bool lex_has_avx512(void) {
	return false;
}

uint32_t lex_find_line_avx2(struct str text, uint32_t from, char a, char b) {
	return lex_find_line_plain(text, from, a, b);
}
#endif

uint32_t lex_find_line(struct str text, uint32_t from, char a, char b) {
	return lex_has_avx2() ? lex_find_line_avx2(text, from, a, b) : lex_find_line_plain(text, from, a, b);
}
