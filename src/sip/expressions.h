// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The expressions of routing rules: all of them searched in all fields of a request by one pass of Hyperscan. What a
// pass finds are candidates, never too few; PCRE2 confirms the one that matters, and gives its captures.
#pragma once

#include "base/mem.h"
#include "base/str.h"

struct hs_database;
struct hs_scratch;
struct pcre2_real_code_8;
struct pcre2_real_match_context_8;
struct pcre2_real_match_data_8;

#define EXPRESSIONS_MAX (1U << 17)
#define EXPRESSIONS_FIELDS 32
#define EXPRESSIONS_LINES 64	     // values of a request
#define EXPRESSIONS_LINE_HEAD 3	     // bytes in front of each
#define EXPRESSIONS_HITS 1024	     // of a pass
#define EXPRESSIONS_GROUPS 10	     // captures that are given, the whole match included
#define EXPRESSIONS_PATTERN_MAX 4096 // bytes of one
#define EXPRESSIONS_NO_ID UINT32_MAX
#define EXPRESSIONS_LAYOUT 1 // to be raised when databases of earlier versions no longer fit

// In PCRE syntax, on bytes; its place in the array is its id. `^` and `$` are the ends of the field's value, and
// nothing else is (\A, \z, \Z, \G, (?-m)); (?x) and (*...) are not taken either, nor what matches where there is
// nothing. What Hyperscan does not know (back references, look-around, possessive quantifiers) it searches without;
// PCRE2 decides.
struct expression {
	const char *pattern;
	uint8_t field; // less than EXPRESSIONS_FIELDS
	bool caseless; // for ASCII
};

struct expressions_problem {
	uint32_t id; // or EXPRESSIONS_NO_ID where it is none's own
	char text[192];
};

// Immutable, shared by cores. Zeroed it holds none and finds nothing.
struct expressions {
	struct hs_database *database;
	struct pcre2_real_code_8 **codes;
	uint8_t *fields; // by id, with a flag of expressions_set.h
	uint32_t count;
	struct mem mem;
};

// Compiles, for the control core: it takes memory and time (minutes for many). `database` is NULL, or what
// expressions.database was for the same expressions, which is then not compiled again; it belongs to `set` from here
// on, or is freed. Returns 0, -EINVAL, -E2BIG, -ENOMEM or -ENOTSUP, which `problem` explains.
int expressions_init(
	struct expressions *set,
	const struct expression *sources,
	uint32_t count,
	struct hs_database *database,
	struct expressions_problem *problem
);
void expressions_fini(struct expressions *set);

// What one core needs for its passes, and what the last one found.
struct expressions_scratch {
	struct hs_scratch *scratch;
	struct pcre2_real_match_data_8 *match;
	struct pcre2_real_match_context_8 *limits;
	uint64_t *seen; // a bit an id, all zero between passes
	struct mem mem;
	bool overflowed; // there were more than fit: every expression is a candidate
	uint32_t hit_count;
	uint32_t hits[EXPRESSIONS_HITS]; // ids, in no order
};

// Made on the control core for one set, before that set is given to the core: a worker changes both at once, so that
// the old ones stay in use until then. Returns 0 or -ENOMEM.
int expressions_scratch_init(struct expressions_scratch *scratch, const struct expressions *set);
void expressions_scratch_fini(struct expressions_scratch *scratch);

// A request's fields as they are searched. A field may have several values, or none.
struct expressions_text {
	char *buf;
	uint32_t size, len;
	uint32_t cut; // bit n: a value of field n did not fit, or not wholly
	uint32_t line_count;
	struct expressions_line {
		uint32_t start, end;
		uint8_t field;
	} lines[EXPRESSIONS_LINES];
};

// `buf` is the caller's and must stay as long as the text and its captures are used.
static inline void expressions_text_begin(struct expressions_text *text, char *buf, uint32_t size) {
	text->buf = buf;
	text->size = size;
	text->len = text->cut = text->line_count = 0;
}

// Copies a value, its line breaks as spaces; what does not fit is left out, and said in `cut`.
void expressions_text_add(struct expressions_text *text, uint8_t field, struct str value);

// Finds the candidates among all expressions; false when there are none.
bool expressions_scan(
	const struct expressions *set, struct expressions_scratch *scratch, const struct expressions_text *text
);

// Whether the last pass made it a candidate.
static inline bool expressions_hit(const struct expressions_scratch *scratch, uint32_t id) {
	return scratch->overflowed || (scratch->seen[id / 64] >> id % 64 & 1) != 0;
}

enum expressions_verdict {
	EXPRESSIONS_REFUSED,
	EXPRESSIONS_CONFIRMED,
	EXPRESSIONS_TOO_HARD, // given up: the value makes it try more ways than are allowed
};

// Parts of expressions_text; those that took no part in the match have no ptr.
struct expressions_captures {
	uint32_t count;
	struct str groups[EXPRESSIONS_GROUPS];
};

// Whether the expression really matches a value of its field, the first one that does; only then *ret_captures is
// written.
enum expressions_verdict expressions_confirm(
	const struct expressions *set,
	struct expressions_scratch *scratch,
	const struct expressions_text *text,
	uint32_t id,
	struct expressions_captures *ret_captures
);
