// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/pool.h"

#include <errno.h>
#include <string.h>

// Of an odd number: each step of Newton's iteration doubles the bits that are right, of which 3 are to begin with.
static uint32_t inverse_of(uint32_t odd) {
	uint32_t inverse = odd;

	for (unsigned bits = 3; bits < 32; bits *= 2)
		inverse *= 2 - odd * inverse;
	return inverse;
}

int pool_init(struct pool *pool, uint32_t record_size, uint32_t capacity, enum mem_huge huge) {
	struct mem mem;
	int error;

	if (record_size < sizeof(struct pool_head) || record_size % 8 != 0 || capacity == 0 || capacity == SLOT_NONE)
		return -EINVAL;
	error = mem_map((size_t)record_size * capacity, huge, &mem);
	if (error)
		return error;
	*pool = (struct pool){
		.records = mem.ptr,
		.record_size = record_size,
		.record_shift = (uint32_t)__builtin_ctz(record_size),
		.record_inverse = inverse_of(record_size >> __builtin_ctz(record_size)),
		.capacity = capacity,
		.first_free = SLOT_NONE,
		.mem = mem,
	};
	return 0;
}

void pool_fini(struct pool *pool) {
	mem_unmap(&pool->mem);
	*pool = (struct pool){.first_free = SLOT_NONE};
}

// The record given back last, because it is still in the cache.
static struct pool_head *take_given_back(struct pool *pool) {
	struct pool_head *head = pool_at(pool, pool->first_free);

	pool->first_free = head->next_free;
	if (pool->first_free != SLOT_NONE)
		__builtin_prefetch(pool_at(pool, pool->first_free), 1);
	memset(head + 1, 0, pool->record_size - sizeof(*head));
	return head;
}

void *pool_take(struct pool *pool) {
	struct pool_head *head;

	if (unlikely(++pool->takes == pool->fail_at))
		return NULL;
	if (pool->first_free != SLOT_NONE)
		head = take_given_back(pool);
	else if (pool->untouched < pool->capacity)
		head = pool_at(pool, pool->untouched++); // zero as it was mapped
	else
		return NULL;
	head->generation++;
	head->next_free = 0;
	if (++pool->used > pool->used_max)
		pool->used_max = pool->used;
	return head;
}

void pool_give(struct pool *pool, void *record) {
	struct pool_head *head = record;

	assert(head->generation & 1);
	head->generation++;
	head->next_free = pool->first_free;
	pool->first_free = pool_slot(pool, record);
	pool->used--;
}
