// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// base/blob.h for targets under ASan, which does not see into an arena of jemalloc's: what was given back, what was
// never taken and what lies between two blobs must not be touched, and a blob is given back once and with its size.
// Memory is used again only when all of it was given back.
#include <errno.h>
#include <sanitizer/asan_interface.h>

#include "base/blob.h"
#include "fuzz/fuzz.h"

#define ROOM ((size_t)256 << 20) // of which an input uses a part
#define RESTART ((size_t)1 << 20)
#define GAP BLOB_UNIT

struct blob_arena {
	struct mem mem;
	uint8_t *next;
	size_t limit;
	size_t used;
	uint64_t takes;
	uint64_t fail_at;
};

static size_t rounded(size_t size) {
	return (size + BLOB_UNIT - 1) / BLOB_UNIT * BLOB_UNIT + GAP;
}

int blob_arena_create(size_t limit, enum mem_huge huge, struct blob_arena **ret_arena) {
	struct blob_arena *arena = calloc(1, sizeof(*arena));

	(void)huge;
	if (!arena || mem_map(ROOM, MEM_HUGE_OFF, &arena->mem) != 0) {
		free(arena);
		return -ENOMEM;
	}
	arena->limit = limit;
	arena->next = arena->mem.ptr;
	ASAN_POISON_MEMORY_REGION(arena->mem.ptr, ROOM);
	*ret_arena = arena;
	return 0;
}

void blob_arena_destroy(struct blob_arena *arena) {
	if (!arena)
		return;
	ASAN_UNPOISON_MEMORY_REGION(arena->mem.ptr, ROOM);
	mem_unmap(&arena->mem);
	free(arena);
}

void *blob_take(struct blob_arena *arena, size_t size) {
	uint8_t *start = arena->mem.ptr, *blob;

	FUZZ_CHECK(size > 0);
	if (++arena->takes == arena->fail_at || size > arena->limit - arena->used)
		return NULL;
	if (arena->used == 0 && arena->next > start + RESTART)
		arena->next = start;
	blob = arena->next;
	FUZZ_CHECK(rounded(size) <= (size_t)(start + ROOM - blob));
	arena->next += rounded(size);
	arena->used += size;
	ASAN_UNPOISON_MEMORY_REGION(blob, size);
	return blob;
}

void blob_give(struct blob_arena *arena, void *blob, size_t size) {
	if (!blob)
		return;
	FUZZ_CHECK(!__asan_region_is_poisoned(blob, size) && __asan_address_is_poisoned((uint8_t *)blob + size));
	arena->used -= size;
	ASAN_POISON_MEMORY_REGION(blob, size);
}

void *blob_base(const struct blob_arena *arena) {
	return arena->mem.ptr;
}

size_t blob_used(const struct blob_arena *arena) {
	return arena->used;
}

size_t blob_limit(const struct blob_arena *arena) {
	return arena->limit;
}

size_t blob_mapped(const struct blob_arena *arena) {
	return arena->used;
}

void blob_fail_at(struct blob_arena *arena, uint64_t nth) {
	arena->fail_at = nth ? arena->takes + nth : 0;
}
