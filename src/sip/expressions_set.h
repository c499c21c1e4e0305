// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What compiling and searching have to agree on. Internal to src/sip.
//
// A value is a line of its own, so that `^` and `$` of a multi-line expression are its ends, and the line before it
// holds a byte that names its field. An expression that begins with `^` begins, for Hyperscan, with that whole line
// instead: number prefixes become plain literals, which compile fifteen times as fast as `^` does (10,000: 0.2 s
// instead of 3.5), and do not match in other fields at all, so that their first match is enough. With any other, a
// match that does not end in a line of its field is none. (To put the tag in front of those too, with `.*` behind it,
// took five times as long to compile.) Both leave candidates that begin in an earlier line; PCRE2 sees a value alone.
#pragma once

#include "sip/expressions.h"

#define EXPRESSIONS_TAG 0x80	  // of field 0: no byte of ASCII, so no expression is about it
#define EXPRESSIONS_OWN_LINE 0x80 // in expressions.fields: begins with its field's tag

static_assert(EXPRESSIONS_FIELDS <= EXPRESSIONS_OWN_LINE, "field numbers and the flag share a byte");

// Fills in `problem` and returns `err`.
int expressions_say(struct expressions_problem *problem, uint32_t id, int err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define EXPRESSIONS_EMPTY "it also matches where there is nothing, and so any value: something in it must be mandatory"

// Compiles the Hyperscan database of a set that has all but that; as expressions_init. Allots memory.
int expressions_compile_all(
	struct expressions *set, const struct expression *sources, struct expressions_problem *problem
);
