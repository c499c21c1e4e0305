// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A fixed number of records of one size with generations, owned by one core. A record is named outside its core by
// slot and generation, never by pointer; a stale name finds nothing. Memory of records never taken is never touched.
#pragma once

#include "base/mem.h"

#define SLOT_NONE UINT32_MAX

// First member of every pooled record; the pool writes it and nobody else.
struct pool_head {
	uint32_t generation; // odd while the record is taken; grows by one at take and at give
	uint32_t next_free;  // while the record is taken it is 0 at first, and its owner's
};

struct pool {
	uint8_t *records;
	uint32_t record_size;
	uint32_t record_shift;	 // record_size = an odd number << record_shift,
	uint32_t record_inverse; // and that number's inverse modulo 2^32
	uint32_t capacity;
	uint32_t used;
	uint32_t used_max; // high-water mark
	uint32_t first_free;
	uint32_t untouched; // slots from here on were never taken
	uint64_t fail_at;   // tests: the take with this number (counted from 1) fails; 0 = never
	uint64_t takes;
	struct mem mem;
};

// record_size: a multiple of 8, at least sizeof(struct pool_head). Returns 0 or -errno.
int pool_init(struct pool *pool, uint32_t record_size, uint32_t capacity, enum mem_huge huge);
void pool_fini(struct pool *pool);

// A zeroed record (but for its generation), or NULL when none is left.
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool, void *record);

static inline void *pool_at(const struct pool *pool, uint32_t slot) {
	return pool->records + (size_t)slot * pool->record_size;
}

// The distance is a multiple of the record's size, so that a multiplication divides it.
static inline uint32_t pool_slot(const struct pool *pool, const void *record) {
	size_t distance = (size_t)((const uint8_t *)record - pool->records);

	return (uint32_t)(distance >> pool->record_shift) * pool->record_inverse;
}

// The live record of that name, or NULL when the slot is out of range, free, or taken anew since.
static inline void *pool_get(const struct pool *pool, uint32_t slot, uint32_t generation) {
	struct pool_head *head;

	if (slot >= pool->untouched)
		return NULL;
	head = pool_at(pool, slot);
	return head->generation == generation && (generation & 1) ? head : NULL;
}

// The record in that slot if it is taken, else NULL; for walks over all records.
static inline void *pool_live_at(const struct pool *pool, uint32_t slot) {
	struct pool_head *head;

	if (slot >= pool->untouched)
		return NULL;
	head = pool_at(pool, slot);
	return (head->generation & 1) ? head : NULL;
}
