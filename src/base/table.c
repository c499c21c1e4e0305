// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/table.h"

#include <errno.h>

// At most 70% of the ways are used: beyond that too many look-ups need a second bucket.
static uint64_t buckets_for(uint32_t capacity) {
	return ((uint64_t)capacity * 10 + TABLE_WAYS * 7 - 1) / (TABLE_WAYS * 7);
}

int table_init(struct table *table, uint32_t capacity, enum mem_huge huge) {
	uint64_t buckets = buckets_for(capacity);
	struct mem mem;
	int error;

	if (capacity == 0)
		return -EINVAL;
	error = mem_map(buckets * sizeof(struct table_bucket), huge, &mem);
	if (error)
		return error;
	*table = (struct table){.buckets = mem.ptr, .bucket_count = buckets, .capacity = capacity, .mem = mem};
	return 0;
}

void table_fini(struct table *table) {
	mem_unmap(&table->mem);
	*table = (struct table){0};
}

bool table_insert(struct table *table, uint64_t hash, uint32_t slot) {
	uint64_t at = table_home(table, hash);
	struct table_bucket *bucket;
	uint32_t empty;

	if (table->used == table->capacity)
		return false;
	for (; (empty = table_match(bucket = &table->buckets[at], 0)) == 0; at = table_next(table, at))
		bucket->overflowed++;
	bucket->tag[__builtin_ctz(empty)] = table_tag(hash);
	bucket->slot[__builtin_ctz(empty)] = slot;
	table->used++;
	return true;
}

// The way that holds exactly this entry, or -1.
static int way_of(const struct table_bucket *bucket, uint16_t tag, uint32_t slot) {
	for (uint32_t bits = table_match(bucket, tag); bits; bits &= bits - 1) {
		if (bucket->slot[__builtin_ctz(bits)] == slot)
			return __builtin_ctz(bits);
	}
	return -1;
}

void table_remove(struct table *table, uint64_t hash, uint32_t slot) {
	uint64_t at = table_home(table, hash);
	uint16_t tag = table_tag(hash);
	struct table_bucket *bucket;
	int way;

	for (; (way = way_of(bucket = &table->buckets[at], tag, slot)) < 0; at = table_next(table, at)) {
		assert(bucket->overflowed); // otherwise the entry is not in
		bucket->overflowed--;
	}
	bucket->tag[way] = 0;
	table->used--;
}
