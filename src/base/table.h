// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Fixed-size hash table from a 64-bit keyed hash to pool slots, one owner. 64-byte buckets of eight 16-bit tags and
// eight slots; a full bucket overflows into the next ones, and says so, so that a look-up stops at the first bucket
// nothing overflowed from. The table knows no keys: the caller's `same` compares the text of each candidate.
#pragma once

#include "base/mem.h"
#include "base/pool.h"

#define TABLE_WAYS 8

struct table_bucket {
	uint16_t tag[TABLE_WAYS]; // 0 = empty
	uint32_t slot[TABLE_WAYS];
	uint32_t overflowed; // records that hash here or before and were put further on
	uint32_t unused[3];
};
static_assert(sizeof(struct table_bucket) == CACHE_LINE, "a bucket is one cache line");

struct table {
	struct table_bucket *buckets;
	uint64_t mask;
	uint32_t used;
	uint32_t capacity;
	struct mem mem;
};

// Room for `capacity` entries at a comfortable load. Returns 0 or -errno.
int table_init(struct table *table, uint32_t capacity, enum mem_huge huge);
void table_fini(struct table *table);

// Adds an entry; several with one hash are fine. False when `capacity` entries are in.
bool table_insert(struct table *table, uint64_t hash, uint32_t slot);

// Takes out the entry of that hash and slot; it must be in.
void table_remove(struct table *table, uint64_t hash, uint32_t slot);

static inline void table_prefetch(const struct table *table, uint64_t hash) {
	__builtin_prefetch(&table->buckets[hash & table->mask]);
}

// The tag is taken from the top of the hash, the bucket from its bottom.
static inline uint16_t table_tag(uint64_t hash) {
	uint16_t tag = (uint16_t)(hash >> 48);

	return tag ? tag : 1;
}

// Bit i is set where bucket->tag[i] == tag.
static inline uint32_t table_match(const struct table_bucket *bucket, uint16_t tag) {
	uint32_t bits = 0;

	for (unsigned i = 0; i < TABLE_WAYS; i++)
		bits |= (uint32_t)(bucket->tag[i] == tag) << i;
	return bits;
}

// The slot of the first entry with that hash's tag for which same(key, slot) holds, or SLOT_NONE.
static inline uint32_t
table_find(const struct table *table, uint64_t hash, bool (*same)(const void *key, uint32_t slot), const void *key) {
	uint16_t tag = table_tag(hash);
	uint64_t at = hash & table->mask;

	for (uint64_t step = 0; step <= table->mask; step++) {
		const struct table_bucket *bucket = &table->buckets[at];

		for (uint32_t bits = table_match(bucket, tag); bits; bits &= bits - 1) {
			uint32_t slot = bucket->slot[__builtin_ctz(bits)];

			if (likely(same(key, slot)))
				return slot;
		}
		if (likely(bucket->overflowed == 0))
			break;
		at = (at + 1) & table->mask;
	}
	return SLOT_NONE;
}
