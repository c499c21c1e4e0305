// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Number tables: what the longest prefix of a number leads to. Either the trunks offered for it in order of cost, or
// one value (blocked, allowed and ported numbers). Equal sets of offers are kept once, so a prefix costs what
// base/prefix.h says. The control core writes, workers read without a lock: a set never changes and never moves while
// its table lives; a row is changed by naming another set.
#pragma once

#include "base/prefix.h"
#include "base/table.h"

#define NUMBERS_OFFERS_MAX 64 // of one prefix
#define NUMBERS_CHUNKS 20

enum numbers_kind {
	NUMBERS_OFFERS, // trunks with their costs
	NUMBERS_VALUES, // a number from 0 to UINT32_MAX, for lists
	NUMBERS_PORTED, // the digits to route by instead: a routing number as numbers_pack makes it
	NUMBERS_KIND_COUNT
};

struct offer {
	uint32_t cost; // in 1/10000 units
	uint16_t trunk;
	uint16_t behind; // offers that follow in the set
};

union numbers_word {
	struct offer offer;
	uint64_t value;
};
static_assert(sizeof(union numbers_word) == 8, "an offer or a value is one word");

// All sets of a table, each once. Chunks, each twice as large as the one before, are added and never move.
struct numbers_sets {
	struct mem chunks[NUMBERS_CHUNKS];
	uint64_t used; // words
	struct table index;
};

struct numbers {
	enum numbers_kind kind;
	struct prefix_table prefixes;
	struct numbers_sets sets;
};

// A set, valid as long as its table; the cheapest first, equal costs in the order they were added.
struct offers {
	const struct offer *ptr;
	uint32_t count;
};

// An empty table with room for `capacity` prefixes. Returns 0 or -errno.
int numbers_init(struct numbers *table, enum numbers_kind kind, uint32_t capacity, enum mem_huge huge);
void numbers_fini(struct numbers *table);

// A new table with all that is in `old`, the sets nobody names any more left out: what gives back their memory, and
// what makes a full table larger. `old` may be read meanwhile. Returns 0 or -errno, with *ret_table untouched.
int numbers_rebuild(const struct numbers *old, uint32_t capacity, enum mem_huge huge, struct numbers *ret_table);

// Bytes mapped for it, and how many prefixes and different sets it holds.
size_t numbers_bytes(const struct numbers *table);
uint32_t numbers_prefix_count(const struct numbers *table);
uint32_t numbers_set_count(const struct numbers *table);

// Adds an offer (its `behind` means nothing) to a table of NUMBERS_OFFERS, behind those that cost the same. Returns 0;
// -EEXIST when that trunk is offered already, -EINVAL for no digits, -E2BIG for more than NUMBERS_OFFERS_MAX, -ENOSPC
// when the table is full, -ENOMEM. The control core's only, as all that change a table.
int numbers_add(struct numbers *table, struct prefix prefix, struct offer offer);

// Changes what a trunk costs for exactly that prefix; it then stands behind those that cost the same. A look-up
// meanwhile sees the old set or the new one. Returns 0, -ENOENT or -ENOMEM.
int numbers_change(struct numbers *table, struct prefix prefix, struct offer offer);

// Takes one trunk's offer out, with the last one the prefix. Returns 0, -ENOENT or -ENOMEM.
int numbers_remove(struct numbers *table, struct prefix prefix, uint16_t trunk);

// Sets the value of a prefix in a table of the other kinds. Returns 0, -EINVAL, -ENOSPC or -ENOMEM.
int numbers_set_value(struct numbers *table, struct prefix prefix, uint64_t value);

// Takes a prefix out with all it has. False when it was not in.
bool numbers_remove_prefix(struct numbers *table, struct prefix prefix);

// The offers of the longest prefix of `number` that is in, and its length. False leaves both untouched. Those of the
// next shorter prefix are found by the number cut to *ret_len - 1 digits (prefix_cut). Any core.
bool numbers_find(const struct numbers *table, struct prefix number, struct offers *ret_offers, uint8_t *ret_len);

// The same for the value of a table of the other kinds.
bool numbers_find_value(const struct numbers *table, struct prefix number, uint64_t *ret_value, uint8_t *ret_len);

// The offers of exactly this prefix; a count of 0 where it is not in.
struct offers numbers_at(const struct numbers *table, struct prefix prefix);

// A routing number as a value: the digits from the highest nibble down, their count in the lowest.
static inline uint64_t numbers_pack(struct prefix digits) {
	return digits.digits | digits.len;
}

static inline struct prefix numbers_unpack(uint64_t value) {
	return (struct prefix){.digits = value & ~(uint64_t)15, .len = (uint8_t)(value & 15)};
}
