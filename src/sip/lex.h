// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Searches over raw bytes that the grammar files need: vector code where the machine has it, with a plain twin that
// gives the same answer.
#pragma once

#include "base/str.h"

// True when this machine runs the AVX2 code of this folder.
bool lex_has_avx2(void);

// The same of its AVX-512 code, which asks for VL, BW, VBMI and VBMI2.
bool lex_has_avx512(void);

// Offset of the first line at or after `from` (itself a line start) that begins with CR, LF or one of the two lower
// case letters in any case; len when there is none. The twins: _plain, and _avx2 where lex_has_avx2.
uint32_t lex_find_line(struct str text, uint32_t from, char a, char b);
uint32_t lex_find_line_plain(struct str text, uint32_t from, char a, char b);
uint32_t lex_find_line_avx2(struct str text, uint32_t from, char a, char b);

// True when the text holds a NUL or a CR that no LF follows.
bool lex_has_odd_bytes(struct str text);

// True when every NUL lies inside a quoted string that closes, and every CR stands before an LF: what a header value
// may hold at most (RFC 3261 section 25.1).
bool lex_is_value(struct str value);
