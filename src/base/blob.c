// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The whole limit is handed to the jemalloc arena when it is made, in as few extents as jemalloc can merge again, and
// stays with it: the hooks give nothing back, so nothing on the message path maps, unmaps or advises memory. The decay
// times are 0: freed pages are "purged" at once, which with these hooks is nothing but merging them with their free
// neighbours. With -1 they would stay "dirty", where jemalloc does not find a small extent in a large free one, so that
// an arena could run dry while half of it is free; measured, it is no faster either.
#include "base/blob.h"

#include <errno.h>
#include <jemalloc/jemalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// jemalloc keeps 128 bytes for each extent, which may be a single page (1/32), in blocks of 2, 4, 6 ... MiB; the rest
// is for a last block used only in part.
#define RECORDS_SIZE(limit) (((limit) / 32 + (limit) / 128) / MEM_HUGE_PAGE * MEM_HUGE_PAGE + 4 * MEM_HUGE_PAGE)

// An extent is made known to jemalloc's page map, which has a leaf for each 1 GiB, by its first and last page.
#define EXTENT_MAX ((uint64_t)512 << 20)

struct region {
	uint8_t *next;
	uint8_t *end;
};

struct blob_arena {
	extent_hooks_t hooks; // jemalloc hands them back to alloc_hook: how it finds the arena
	struct mem mem;
	struct region records; // jemalloc's own
	struct region bytes;   // the limit
	size_t limit;
	size_t used;
	unsigned arena;
	unsigned tcache;
	bool has_arena;
	bool has_tcache;
	int flags;    // of mallocx and sdallocx
	size_t given; // bytes given back since the thread cache was emptied
	uint64_t takes;
	uint64_t fail_at;
};

static void *carve(struct region *region, size_t size, size_t alignment) {
	size_t skip = (size_t)(-(uintptr_t)region->next & (alignment - 1));
	uint8_t *start = region->next + skip;

	if (skip > (size_t)(region->end - region->next) || size > (size_t)(region->end - start))
		return NULL;
	region->next = start + size;
	return start;
}

// jemalloc asks for its own blocks with 2 MiB alignment, for what it allocates from with that of a page.
static void *alloc_hook(
	extent_hooks_t *hooks,
	void *new_addr,
	size_t size,
	size_t alignment,
	bool *zero,
	bool *commit,
	unsigned arena_index
) {
	struct blob_arena *arena = CONTAINER_OF(hooks, struct blob_arena, hooks);

	(void)arena_index;
	if (new_addr)
		return NULL;
	*zero = true; // as it was mapped
	*commit = true;
	return carve(alignment >= MEM_HUGE_PAGE ? &arena->records : &arena->bytes, size, alignment);
}

static bool split_hook(
	extent_hooks_t *hooks,
	void *addr,
	size_t size,
	size_t size_a,
	size_t size_b,
	bool committed,
	unsigned arena_index
) {
	(void)hooks, (void)addr, (void)size, (void)size_a, (void)size_b, (void)committed, (void)arena_index;
	return false; // done
}

static bool merge_hook(
	extent_hooks_t *hooks,
	void *addr_a,
	size_t size_a,
	void *addr_b,
	size_t size_b,
	bool committed,
	unsigned arena_index
) {
	(void)hooks, (void)addr_a, (void)size_a, (void)addr_b, (void)size_b, (void)committed, (void)arena_index;
	return false; // done
}

// Writes "arena.<index>.<name>" settings. Returns 0 or -errno.
static int set_arena(unsigned index, const char *name, void *value, size_t size) {
	char path[64];

	snprintf(path, sizeof(path), "arena.%u.%s", index, name);
	return -mallctl(path, NULL, NULL, value, size);
}

// The hooks left out refuse: no extent is unmapped, decommitted or advised about.
static int make_arena(struct blob_arena *arena) {
	extent_hooks_t *hooks = &arena->hooks;
	size_t size = sizeof(arena->arena);
	int error;

	arena->hooks = (extent_hooks_t){.alloc = alloc_hook, .split = split_hook, .merge = merge_hook};
	error = mallctl("arenas.create", &arena->arena, &size, &hooks, sizeof(hooks));
	if (error)
		return -error;
	arena->has_arena = true;
	size = sizeof(arena->tcache);
	error = mallctl("tcache.create", &arena->tcache, &size, NULL, 0);
	if (error)
		return -error;
	arena->has_tcache = true;
	arena->flags = MALLOCX_ARENA(arena->arena) | MALLOCX_TCACHE(arena->tcache);
	return 0;
}

// No background thread, no extents that are merged later, none larger than asked for.
static int set_up_arena(struct blob_arena *arena) {
	ssize_t at_once = 0;
	bool background_thread = false;
	size_t grow_limit = MEM_HUGE_PAGE;
	int error;

	error = -mallctl("background_thread", NULL, NULL, &background_thread, sizeof(background_thread));
	if (error && error != -ENOENT) // a jemalloc without them
		return error;
	error = set_arena(arena->arena, "dirty_decay_ms", &at_once, sizeof(at_once));
	if (!error)
		error = set_arena(arena->arena, "muzzy_decay_ms", &at_once, sizeof(at_once));
	if (!error)
		error = set_arena(arena->arena, "retain_grow_limit", &grow_limit, sizeof(grow_limit));
	return error;
}

// The steps between jemalloc's size classes at and above `size`: four to each power of two.
static uint64_t class_step(uint64_t size) {
	return ((uint64_t)1 << (63 - __builtin_clzll(size))) / 4;
}

// Hands the whole limit to jemalloc: takes blobs that need an extent of the largest class that fits until there is
// nothing left (some come out of what an earlier extent had too much), then gives them all back. The blobs are
// linked through their first bytes.
static int fill_arena(struct blob_arena *arena) {
	void *first = NULL;
	uint64_t left;

	while ((left = (uint64_t)(arena->bytes.end - arena->bytes.next)) > 0) {
		uint64_t extent = left < EXTENT_MAX ? left / class_step(left) * class_step(left) : EXTENT_MAX;
		void **blob = mallocx(extent - class_step(extent - 1), arena->flags);

		if (!blob)
			return -ENOMEM;
		*blob = first;
		first = blob;
	}
	while (first) {
		void *next = *(void **)first;

		dallocx(first, arena->flags); // larger than what the thread cache keeps
		first = next;
	}
	return 0;
}

int blob_arena_create(size_t limit, enum mem_huge huge, struct blob_arena **ret_arena) {
	struct blob_arena *arena;
	int error;

	if (limit == 0 || limit > SIZE_MAX / 4)
		return -EINVAL;
	arena = calloc(1, sizeof(*arena));
	if (!arena)
		return -ENOMEM;
	arena->limit = (limit + MEM_HUGE_PAGE - 1) / MEM_HUGE_PAGE * MEM_HUGE_PAGE;
	error = mem_map(RECORDS_SIZE(arena->limit) + arena->limit, huge, &arena->mem);
	if (error)
		goto fail;
	arena->bytes.next = arena->mem.ptr;
	arena->bytes.end = arena->records.next = arena->bytes.next + arena->limit;
	arena->records.end = (uint8_t *)arena->mem.ptr + arena->mem.size;
	error = make_arena(arena);
	if (!error)
		error = set_up_arena(arena);
	if (!error)
		error = fill_arena(arena);
	if (error)
		goto fail;
	*ret_arena = arena;
	return 0;
fail:
	blob_arena_destroy(arena);
	return error;
}

void blob_arena_destroy(struct blob_arena *arena) {
	if (!arena)
		return;
	if (arena->has_tcache)
		mallctl("tcache.destroy", NULL, NULL, &arena->tcache, sizeof(arena->tcache));
	if (arena->has_arena)
		set_arena(arena->arena, "destroy", NULL, 0);
	mem_unmap(&arena->mem);
	free(arena);
}

// After a failure: what lies in the thread cache may do. jemalloc makes a new cache after emptying it (from the process
// heap), so that is done once for each 1/64 of the limit given back.
static void *take_after_flush(struct blob_arena *arena, size_t size) {
	if (arena->given < arena->limit / 64)
		return NULL;
	arena->given = 0;
	mallctl("tcache.flush", NULL, NULL, &arena->tcache, sizeof(arena->tcache));
	return mallocx(size, arena->flags);
}

void *blob_take(struct blob_arena *arena, size_t size) {
	void *blob;

	assert(size > 0);
	if (unlikely(++arena->takes == arena->fail_at))
		return NULL;
	blob = mallocx(size, arena->flags);
	if (unlikely(!blob))
		blob = take_after_flush(arena, size);
	if (likely(blob))
		arena->used += size;
	return blob;
}

void blob_give(struct blob_arena *arena, void *blob, size_t size) {
	if (!blob)
		return;
	arena->used -= size;
	arena->given += size;
	sdallocx(blob, size, arena->flags);
}

void *blob_base(const struct blob_arena *arena) {
	return arena->mem.ptr;
}

size_t blob_used(const struct blob_arena *arena) {
	return arena->used;
}

// One of jemalloc's statistics of the arena, as of the last epoch.
static size_t statistic(const struct blob_arena *arena, const char *name) {
	size_t value = 0, size = sizeof(value);
	char path[64];

	snprintf(path, sizeof(path), "stats.arenas.%u.%s", arena->arena, name);
	return mallctl(path, &value, &size, NULL, 0) == 0 ? value : 0;
}

size_t blob_mapped(const struct blob_arena *arena) {
	uint64_t epoch = 1;

	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
	return statistic(arena, "pactive") * (size_t)sysconf(_SC_PAGESIZE) + statistic(arena, "base");
}

size_t blob_limit(const struct blob_arena *arena) {
	return arena->limit;
}

void blob_fail_at(struct blob_arena *arena, uint64_t nth) {
	arena->fail_at = nth ? arena->takes + nth : 0;
}
