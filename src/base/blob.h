// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Variable-size bytes of one core: a jemalloc arena whose extents come from one bounded mapping (huge pages where
// there are), with its own thread cache. The message path never touches the process heap through it.
#pragma once

#include "base/mem.h"

struct blob_arena;

// An arena of `limit` bytes (rounded up to whole 2 MiB), all of it for blobs: 4% and 8 MiB more are mapped for
// jemalloc's records. Returns 0 or -errno. The creating thread need not
// be the using one, but only one may use it.
int blob_arena_create(size_t limit, enum mem_huge huge, struct blob_arena **ret_arena);

// Unmaps everything, whatever is still taken. NULL is fine.
void blob_arena_destroy(struct blob_arena *arena);

// `size` bytes (at least 1), 8-aligned, not cleared; NULL when the arena is full.
void *blob_take(struct blob_arena *arena, size_t size);

// `size` as it was asked for. NULL is fine.
void blob_give(struct blob_arena *arena, void *blob, size_t size);

// Where the arena begins: a blob of 16 bytes or more lies a multiple of 16 behind it, which is a name for it in 32 bits
// as long as the limit is 64 GiB or less.
void *blob_base(const struct blob_arena *arena);

#define BLOB_UNIT 16
#define BLOB_LIMIT_NAMED ((size_t)UINT32_MAX * BLOB_UNIT)

// 0 is no blob's name.
static inline uint32_t blob_name(const void *base, const void *blob) {
	return (uint32_t)((size_t)((const uint8_t *)blob - (const uint8_t *)base) / BLOB_UNIT) + 1;
}

static inline void *blob_named(void *base, uint32_t name) {
	return (uint8_t *)base + (size_t)(name - 1) * BLOB_UNIT;
}

// Bytes asked for and not given back; the limit.
size_t blob_used(const struct blob_arena *arena);
size_t blob_limit(const struct blob_arena *arena);

// Bytes of the pages that hold blobs, rounding included, and of jemalloc's records. Slow: not for a worker.
size_t blob_mapped(const struct blob_arena *arena);

// Tests: the nth take from now (1 = the next) fails; 0 = never.
void blob_fail_at(struct blob_arena *arena, uint64_t nth);
