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

// Bytes asked for and not given back; the limit.
size_t blob_used(const struct blob_arena *arena);
size_t blob_limit(const struct blob_arena *arena);

// Bytes of the pages that hold blobs, rounding included, and of jemalloc's records. Slow: not for a worker.
size_t blob_mapped(const struct blob_arena *arena);

// Tests: the nth take from now (1 = the next) fails; 0 = never.
void blob_fail_at(struct blob_arena *arena, uint64_t nth);
