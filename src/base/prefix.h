// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Number table: digit strings (E.164: at most 15 digits) to values, looked up by longest prefix. A hash table of whole
// prefixes in buckets of one cache line, and for each beginning of a few digits the lengths of the prefixes there are,
// so that a look-up asks for those alone. What the writer wrote before a value, who finds the value sees. One writer,
// any number of readers on other cores, without a lock: a slot keeps its key until the table goes; what is removed only
// loses its value.
#pragma once

#include "base/mem.h"
#include "base/str.h"

#define PREFIX_DIGITS_MAX 15
#define PREFIX_NONE UINT32_MAX
#define PREFIX_WAYS 5

// Digits from the highest nibble down, nought behind them, and how many there are.
struct prefix {
	uint64_t digits;
	uint8_t len;
};

struct prefix_bucket {
	uint64_t key[PREFIX_WAYS]; // digits, and in the lowest nibble their number; 0 = empty
	uint32_t value[PREFIX_WAYS];
	uint32_t overflowed; // prefixes that hash here or before and were put further on
};
static_assert(sizeof(struct prefix_bucket) == CACHE_LINE, "a bucket is one cache line");

struct prefix_table {
	struct prefix_bucket *buckets;
	uint64_t bucket_count;
	uint16_t *lengths; // by the first `root_digits` digits of a number: bit n is set where prefixes of n digits
			   // begin so
	uint8_t root_digits;
	uint32_t used; // slots with a key, those of removed prefixes included
	uint32_t removed;
	uint32_t capacity;
	struct mem bucket_mem, root_mem;
};

// The digits `text` begins with, at most the first 15 of them. No digit at all gives a length of 0.
struct prefix prefix_of(struct str text);

// As text, terminated; the caller has room for PREFIX_DIGITS_MAX + 1 bytes. Returns the length.
unsigned prefix_text(struct prefix prefix, char *text);

// Room for `capacity` prefixes at a comfortable load. Returns 0 or -errno.
int prefix_table_init(struct prefix_table *table, uint32_t capacity, enum mem_huge huge);
void prefix_table_fini(struct prefix_table *table);

// Bytes mapped for it.
size_t prefix_table_bytes(const struct prefix_table *table);

// Adds a prefix of 1 to 15 digits, or changes its value, which is not PREFIX_NONE. False when it is new and
// `capacity` are in: then a larger table has to be made. The writer's only.
bool prefix_set(struct prefix_table *table, struct prefix prefix, uint32_t value);

// Takes a prefix out; false when it was not in. Its slot is only used again for the same digits. The writer's only.
bool prefix_remove(struct prefix_table *table, struct prefix prefix);

// The value of exactly these digits, or PREFIX_NONE. Any core.
uint32_t prefix_get(const struct prefix_table *table, struct prefix prefix);

// The value of the longest prefix of `number` that is in, its length in *ret_len; or PREFIX_NONE, with *ret_len
// untouched. For the next shorter one ask again with a number cut to less than that length. Any core.
uint32_t prefix_find(const struct prefix_table *table, struct prefix number, uint8_t *ret_len);

// The prefix at or after slot *at, which becomes that of the next; false at the end. In no order. The writer's only.
bool prefix_walk(const struct prefix_table *table, uint64_t *at, struct prefix *ret_prefix, uint32_t *ret_value);

// The first `len` digits of it.
static inline struct prefix prefix_cut(struct prefix prefix, uint8_t len) {
	return len >= prefix.len ? prefix
				 : (struct prefix){.digits = prefix.digits & ~(UINT64_MAX >> 4 * len), .len = len};
}
