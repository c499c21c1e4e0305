// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/pool.h"

#include <errno.h>

#include "unit/test.h"

struct record {
	struct pool_head head;
	uint64_t value[3];
};

#define CAPACITY 4

static int setup(void **state) {
	static struct pool pool;

	*state = &pool;
	return pool_init(&pool, sizeof(struct record), CAPACITY, MEM_HUGE_OFF);
}

static int teardown(void **state) {
	pool_fini(*state);
	return 0;
}

static void records_are_zero_each_time_they_are_taken(void **state) {
	struct pool *pool = *state;

	for (unsigned turn = 0; turn < 3; turn++) {
		struct record *record = pool_take(pool);

		assert_non_null(record);
		for (size_t i = 0; i < ARRAY_LEN(record->value); i++)
			assert_int_equal(record->value[i], 0);
		memset(record->value, 0xff, sizeof(record->value));
		pool_give(pool, record);
	}
	assert_int_equal(pool->untouched, 1); // the same record three times
}

static void a_full_pool_gives_null_until_one_comes_back(void **state) {
	struct pool *pool = *state;
	struct record *records[CAPACITY];

	for (unsigned i = 0; i < CAPACITY; i++) {
		records[i] = pool_take(pool);
		assert_int_equal(pool_slot(pool, records[i]), i);
		assert_ptr_equal(pool_at(pool, i), records[i]);
	}
	assert_null(pool_take(pool));
	assert_int_equal(pool->used, CAPACITY);
	pool_give(pool, records[2]);
	assert_ptr_equal(pool_take(pool), records[2]);
	assert_null(pool_take(pool));
	for (unsigned i = 0; i < CAPACITY; i++)
		pool_give(pool, records[i]);
	assert_int_equal(pool->used, 0);
	assert_int_equal(pool->used_max, CAPACITY);
}

static void the_last_given_is_taken_first(void **state) {
	struct pool *pool = *state;
	struct record *a = pool_take(pool), *b = pool_take(pool);

	pool_give(pool, a);
	pool_give(pool, b);
	assert_ptr_equal(pool_take(pool), b);
	assert_ptr_equal(pool_take(pool), a);
	assert_int_equal(pool_slot(pool, pool_take(pool)), 2);
}

static void a_stale_name_finds_nothing(void **state) {
	struct pool *pool = *state;
	struct record *record = pool_take(pool);
	uint32_t slot = pool_slot(pool, record), generation = record->head.generation;

	assert_ptr_equal(pool_get(pool, slot, generation), record);
	assert_ptr_equal(pool_live_at(pool, slot), record);
	assert_null(pool_get(pool, slot, generation + 2));
	pool_give(pool, record);
	assert_null(pool_get(pool, slot, generation));
	assert_null(pool_get(pool, slot, generation + 1)); // free: no name fits
	assert_null(pool_live_at(pool, slot));
	assert_ptr_equal(pool_take(pool), record);
	assert_null(pool_get(pool, slot, generation));
	assert_ptr_equal(pool_get(pool, slot, generation + 2), record);
}

static void names_out_of_range_find_nothing(void **state) {
	struct pool *pool = *state;

	pool_take(pool);
	assert_null(pool_get(pool, 1, 0)); // never taken
	assert_null(pool_get(pool, 1, 1));
	assert_null(pool_get(pool, CAPACITY, 1));
	assert_null(pool_get(pool, SLOT_NONE, 1));
	assert_null(pool_live_at(pool, CAPACITY));
	assert_null(pool_live_at(pool, SLOT_NONE));
}

static void the_generation_may_wrap(void **state) {
	struct pool *pool = *state;
	struct record *record = pool_take(pool);

	record->head.generation = UINT32_MAX;
	assert_ptr_equal(pool_get(pool, 0, UINT32_MAX), record);
	pool_give(pool, record);
	assert_null(pool_live_at(pool, 0));
	assert_ptr_equal(pool_take(pool), record);
	assert_int_equal(record->head.generation, 1);
}

static void the_nth_take_fails_on_purpose(void **state) {
	struct pool *pool = *state;
	struct record *record;

	pool->fail_at = 2;
	record = pool_take(pool);
	assert_non_null(record);
	assert_null(pool_take(pool));
	assert_int_equal(pool->used, 1);
	assert_non_null(pool_take(pool));
	assert_int_equal(pool->takes, 3);
}

static void impossible_pools_are_refused(void **state) {
	struct pool pool;

	(void)state;
	assert_int_equal(pool_init(&pool, 12, 1, MEM_HUGE_OFF), -EINVAL);
	assert_int_equal(pool_init(&pool, 0, 1, MEM_HUGE_OFF), -EINVAL);
	assert_int_equal(pool_init(&pool, 8, 0, MEM_HUGE_OFF), -EINVAL);
	assert_int_equal(pool_init(&pool, 8, SLOT_NONE, MEM_HUGE_OFF), -EINVAL);
	assert_true(pool_init(&pool, UINT32_MAX - 7, SLOT_NONE - 1, MEM_HUGE_OFF) < 0);
}

static void a_record_may_be_its_head_alone(void **state) {
	struct pool pool;

	(void)state;
	assert_int_equal(pool_init(&pool, sizeof(struct pool_head), 2, MEM_HUGE_OFF), 0);
	pool_give(&pool, pool_take(&pool));
	assert_non_null(pool_take(&pool));
	assert_non_null(pool_take(&pool));
	assert_null(pool_take(&pool));
	pool_fini(&pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(records_are_zero_each_time_they_are_taken),
		TEST(a_full_pool_gives_null_until_one_comes_back),
		TEST(the_last_given_is_taken_first),
		TEST(a_stale_name_finds_nothing),
		TEST(names_out_of_range_find_nothing),
		TEST(the_generation_may_wrap),
		TEST(the_nth_take_fails_on_purpose),
		cmocka_unit_test(impossible_pools_are_refused),
		cmocka_unit_test(a_record_may_be_its_head_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
