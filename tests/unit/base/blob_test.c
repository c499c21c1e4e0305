// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/blob.h"

#include <errno.h>
#include <jemalloc/jemalloc.h>

#include "unit/random.h"
#include "unit/test.h"

#define MIB ((size_t)1 << 20)

struct piece {
	uint8_t *bytes;
	size_t size;
};

static struct blob_arena *make(size_t limit) {
	struct blob_arena *arena;

	assert_int_equal(blob_arena_create(limit, MEM_HUGE_OFF, &arena), 0);
	return arena;
}

// Marks both ends, so that two pieces of the same memory would show.
static bool take(struct blob_arena *arena, struct piece *piece, size_t size) {
	*piece = (struct piece){.bytes = blob_take(arena, size), .size = size};
	if (!piece->bytes)
		return false;
	piece->bytes[0] = (uint8_t)size;
	piece->bytes[size - 1] = (uint8_t)size;
	return true;
}

static void give(struct blob_arena *arena, struct piece *piece) {
	assert_int_equal(piece->bytes[0], (uint8_t)piece->size);
	assert_int_equal(piece->bytes[piece->size - 1], (uint8_t)piece->size);
	blob_give(arena, piece->bytes, piece->size);
	piece->bytes = NULL;
}

// Takes blobs of one size until none is left; returns the bytes taken. They are linked through their first bytes.
static size_t fill(struct blob_arena *arena, size_t size, void ***ret_first) {
	void **first = NULL, **blob;

	while ((blob = blob_take(arena, size))) {
		*blob = first;
		first = blob;
	}
	*ret_first = first;
	return blob_used(arena);
}

static void drain(struct blob_arena *arena, void **first, size_t size) {
	while (first) {
		void **next = *first;

		blob_give(arena, first, size);
		first = next;
	}
}

static void bytes_come_and_go(void **state) {
	struct blob_arena *arena = make(2 * MIB);
	char *text = blob_take(arena, 700);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 700);
	assert_int_equal(blob_used(arena), 700);
	assert_int_equal(blob_limit(arena), 2 * MIB);
	blob_give(arena, text, 700);
	blob_give(arena, NULL, 700);
	assert_int_equal(blob_used(arena), 0);
	blob_arena_destroy(arena);
}

static void pages_in_use_grow_and_shrink_with_the_blobs(void **state) {
	struct blob_arena *arena = make(8 * MIB);
	size_t empty = blob_mapped(arena);
	void **first;

	(void)state;
	fill(arena, 4096, &first);
	assert_true(blob_mapped(arena) >= empty + 8 * MIB - MIB / 2);
	assert_true(blob_mapped(arena) < empty + 9 * MIB);
	drain(arena, first, 4096);
	assert_true(blob_mapped(arena) < empty + MIB);
	blob_arena_destroy(arena);
}

static void every_size_is_aligned(void **state) {
	struct blob_arena *arena = make(4 * MIB);

	(void)state;
	for (size_t size = 1; size < 70000; size += size < 300 ? 1 : 997) {
		void *blob = blob_take(arena, size);

		assert_non_null(blob);
		assert_int_equal((uintptr_t)blob % 8, 0);
		memset(blob, 0xff, size);
		blob_give(arena, blob, size);
	}
	blob_arena_destroy(arena);
}

static void the_limit_is_a_whole_number_of_huge_pages(void **state) {
	struct blob_arena *arena = make(1);

	(void)state;
	assert_int_equal(blob_limit(arena), 2 * MIB);
	blob_arena_destroy(arena);
	arena = make(2 * MIB + 1);
	assert_int_equal(blob_limit(arena), 4 * MIB);
	blob_arena_destroy(arena);
}

static void nearly_the_whole_limit_can_be_taken_in_any_size(void **state) {
	static const size_t limits[] = {2, 6, 10, 46, 100};
	static const size_t sizes[] = {100, 4096, 700, 9000, 16384, 40000, 64};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct blob_arena *arena = make(limits[i] * MIB);

		for (size_t j = 0; j < ARRAY_LEN(sizes); j++) { // each size in the memory of the one before
			void **first;
			size_t filled = fill(arena, sizes[j], &first);

			assert_true(filled <= limits[i] * MIB);
			assert_true(filled > limits[i] * MIB * 3 / 4);
			drain(arena, first, sizes[j]);
			assert_int_equal(blob_used(arena), 0);
		}
		blob_arena_destroy(arena);
	}
}

static void a_full_arena_says_so_and_recovers(void **state) {
	struct blob_arena *arena = make(2 * MIB);
	void **first;

	(void)state;
	assert_null(blob_take(arena, 3 * MIB));
	assert_null(blob_take(arena, SIZE_MAX));
	fill(arena, 1024, &first);
	for (unsigned i = 0; i < 1000; i++) {
		void **next = *first;

		assert_null(blob_take(arena, 1024));
		blob_give(arena, first, 1024);
		first = blob_take(arena, 1024);
		assert_non_null(first);
		*first = next;
	}
	drain(arena, first, 1024);
	assert_int_equal(blob_used(arena), 0);
	assert_non_null(blob_take(arena, 1024));
	blob_arena_destroy(arena);
}

// Random sizes, random lifetimes, a steady share of the limit in use: must go on for ever.
static void soak(size_t limit, unsigned percent, size_t size_max, uint64_t seed) {
	static struct piece pieces[40000];
	struct blob_arena *arena = make(limit);
	struct random random = {.state = seed};
	size_t count = 0, used = 0;

	for (unsigned step = 0; step < 1000000; step++) {
		if (used < limit / 100 * percent && count < ARRAY_LEN(pieces)) {
			size_t size = 1 + random_below(&random, size_max);

			assert_true(take(arena, &pieces[count++], size));
			used += size;
		} else {
			size_t i = random_below(&random, count);

			used -= pieces[i].size;
			give(arena, &pieces[i]);
			pieces[i] = pieces[--count];
		}
		assert_int_equal(blob_used(arena), used);
	}
	while (count > 0)
		give(arena, &pieces[--count]);
	assert_int_equal(blob_used(arena), 0);
	blob_arena_destroy(arena);
}

static void a_steady_load_never_runs_dry(void **state) {
	(void)state;
	soak(8 * MIB, 60, 2000, 1);
	soak(16 * MIB, 70, 9000, 2);
	soak(64 * MIB, 75, 9000, 3);
	soak(64 * MIB, 60, 100000, 4);
}

static void the_nth_take_fails_on_purpose(void **state) {
	struct blob_arena *arena = make(2 * MIB);

	(void)state;
	assert_non_null(blob_take(arena, 10));
	blob_fail_at(arena, 2);
	assert_non_null(blob_take(arena, 10));
	assert_null(blob_take(arena, 10));
	assert_int_equal(blob_used(arena), 20);
	assert_non_null(blob_take(arena, 10));
	blob_fail_at(arena, 1);
	blob_fail_at(arena, 0);
	assert_non_null(blob_take(arena, 10));
	blob_arena_destroy(arena);
}

static void arenas_come_and_go(void **state) {
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct blob_arena *a = make(4 * MIB), *b = make(2 * MIB);
		char *text = blob_take(a, 5000), *other = blob_take(b, 5000);

		memset(text, 1, 5000);
		memset(other, 2, 5000);
		assert_int_equal(text[4999], 1);
		blob_arena_destroy(a); // whatever is still taken
		assert_int_equal(other[4999], 2);
		blob_arena_destroy(b);
	}
	blob_arena_destroy(NULL);
}

static void the_process_heap_is_left_alone(void **state) {
	struct blob_arena *arena = make(8 * MIB);
	uint64_t *allocated, before;
	size_t size = sizeof(allocated);

	(void)state;
	if (mallctl("thread.allocatedp", &allocated, &size, NULL, 0) != 0)
		skip();
	before = *allocated;
	for (unsigned i = 0; i < 1000; i++)
		blob_give(arena, blob_take(arena, 4096), 4096);
	assert_int_equal(*allocated - before, 1000 * 4096); // what was asked for, and not a byte more
	blob_arena_destroy(arena);
}

static void no_limit_is_refused(void **state) {
	struct blob_arena *arena;

	(void)state;
	assert_int_equal(blob_arena_create(0, MEM_HUGE_OFF, &arena), -EINVAL);
	assert_true(blob_arena_create(SIZE_MAX, MEM_HUGE_OFF, &arena) < 0);
	assert_true(blob_arena_create(SIZE_MAX / 8, MEM_HUGE_OFF, &arena) < 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_and_go),
		cmocka_unit_test(pages_in_use_grow_and_shrink_with_the_blobs),
		cmocka_unit_test(every_size_is_aligned),
		cmocka_unit_test(the_limit_is_a_whole_number_of_huge_pages),
		cmocka_unit_test(nearly_the_whole_limit_can_be_taken_in_any_size),
		cmocka_unit_test(a_full_arena_says_so_and_recovers),
		cmocka_unit_test(a_steady_load_never_runs_dry),
		cmocka_unit_test(the_nth_take_fails_on_purpose),
		cmocka_unit_test(arenas_come_and_go),
		cmocka_unit_test(the_process_heap_is_left_alone),
		cmocka_unit_test(no_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
