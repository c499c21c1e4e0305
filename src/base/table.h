// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Fixed-size hash table from a 64-bit keyed hash to pool slots, one owner. 64-byte buckets of ten 16-bit tags and ten
// slots; a full bucket overflows into the next ones, and says so, so that a look-up stops at the first bucket nothing
// overflowed from. The table knows no keys: the caller's `same` compares the key of each candidate.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/mem.h"
#include "base/pool.h"

#define TABLE_WAYS 10

struct table_bucket {
	uint16_t tag[TABLE_WAYS]; // 0 = empty
	uint32_t overflowed;	  // records that hash here or before and were put further on
	uint32_t slot[TABLE_WAYS];
};
static_assert(sizeof(struct table_bucket) == CACHE_LINE, "a bucket is one cache line");

struct table {
	struct table_bucket *buckets;
	uint64_t bucket_count;
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

// The bucket is taken from the low 32 bits of the hash, the tag from its top. A multiplication and no mask, so that
// the number of buckets is what the capacity needs and not the next power of two.
static inline uint64_t table_home(const struct table *table, uint64_t hash) {
	return (hash & UINT32_MAX) * table->bucket_count >> 32;
}

static inline uint64_t table_next(const struct table *table, uint64_t at) {
	return at + 1 == table->bucket_count ? 0 : at + 1;
}

static inline void table_prefetch(const struct table *table, uint64_t hash) {
	__builtin_prefetch(&table->buckets[table_home(table, hash)]);
}

static inline uint16_t table_tag(uint64_t hash) {
	uint16_t tag = (uint16_t)(hash >> 48);

	return tag ? tag : 1;
}

// Bit i is set where bucket->tag[i] == tag.
#if defined(__SSE2__)
static inline uint32_t table_match(const struct table_bucket *bucket, uint16_t tag) {
	__m128i first = _mm_loadu_si128((const __m128i *)bucket), last = _mm_loadu_si32(&bucket->tag[8]);
	__m128i wanted = _mm_set1_epi16((int16_t)tag);

	// A byte for each tag: those past the tenth are none.
	first = _mm_packs_epi16(_mm_cmpeq_epi16(first, wanted), _mm_cmpeq_epi16(last, wanted));
	return (uint32_t)_mm_movemask_epi8(first) & ((1u << TABLE_WAYS) - 1);
}
#else
static inline uint32_t table_match(const struct table_bucket *bucket, uint16_t tag) {
	uint32_t bits = 0;

	for (unsigned i = 0; i < TABLE_WAYS; i++)
		bits |= (uint32_t)(bucket->tag[i] == tag) << i;
	return bits;
}
#endif

// The first candidate of the hash's own bucket, or SLOT_NONE: what to prefetch before table_find.
static inline uint32_t table_candidate(const struct table *table, uint64_t hash) {
	const struct table_bucket *bucket = &table->buckets[table_home(table, hash)];
	uint32_t bits = table_match(bucket, table_tag(hash));

	return bits ? bucket->slot[__builtin_ctz(bits)] : SLOT_NONE;
}

// The slot of the first entry with that hash's tag for which same(key, slot) holds, or SLOT_NONE.
static inline uint32_t
table_find(const struct table *table, uint64_t hash, bool (*same)(const void *key, uint32_t slot), const void *key) {
	uint16_t tag = table_tag(hash);
	uint64_t at = table_home(table, hash);

	for (uint64_t step = 0; step < table->bucket_count; step++) {
		const struct table_bucket *bucket = &table->buckets[at];

		for (uint32_t bits = table_match(bucket, tag); bits; bits &= bits - 1) {
			uint32_t slot = bucket->slot[__builtin_ctz(bits)];

			if (likely(same(key, slot)))
				return slot;
		}
		if (likely(bucket->overflowed == 0))
			break;
		at = table_next(table, at);
	}
	return SLOT_NONE;
}
