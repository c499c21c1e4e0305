// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/table.h"

#include <errno.h>

#include "unit/random.h"
#include "unit/test.h"

#define SLOTS 700

// Which hash each slot is in the table with; the key is the slot itself.
struct model {
	bool in[SLOTS];
	uint64_t hash[SLOTS];
	uint32_t used;
};

static bool is_slot(const void *key, uint32_t slot) {
	return *(const uint32_t *)key == slot;
}

static uint32_t find(const struct table *table, uint64_t hash, uint32_t slot) {
	return table_find(table, hash, is_slot, &slot);
}

static void assert_like(const struct table *table, const struct model *model) {
	assert_int_equal(table->used, model->used);
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		assert_int_equal(find(table, model->hash[slot], slot), model->in[slot] ? slot : SLOT_NONE);
}

static void assert_bare(const struct table *table) {
	static const struct table_bucket bare;

	assert_int_equal(table->used, 0);
	for (uint64_t i = 0; i < table->bucket_count; i++) {
		assert_memory_equal(table->buckets[i].tag, bare.tag, sizeof(bare.tag));
		assert_int_equal(table->buckets[i].overflowed, 0);
	}
}

// Random inserts and removes against the model; `mask` leaves few different hashes.
static void play(uint32_t capacity, uint64_t mask, uint64_t seed) {
	struct random random = {.state = seed};
	struct model model = {0};
	struct table table;

	assert_int_equal(table_init(&table, capacity, MEM_HUGE_OFF), 0);
	for (unsigned step = 0; step < 20000; step++) {
		uint32_t slot = (uint32_t)random_below(&random, SLOTS);

		if (model.in[slot]) {
			table_remove(&table, model.hash[slot], slot);
			model.in[slot] = false;
			model.used--;
		} else {
			model.hash[slot] = random_next(&random) & mask;
			model.in[slot] = table_insert(&table, model.hash[slot], slot);
			assert_int_equal(model.in[slot], model.used < capacity);
			model.used += model.in[slot];
		}
		if (step % 500 == 0)
			assert_like(&table, &model);
	}
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (model.in[slot])
			table_remove(&table, model.hash[slot], slot);
	}
	assert_bare(&table);
	table_fini(&table);
}

static void random_operations_agree_with_the_model(void **state) {
	(void)state;
	play(SLOTS, UINT64_MAX, 1);
	play(300, UINT64_MAX, 2); // full most of the time
	play(SLOTS, 0xffff00000000003fULL, 3);
	play(SLOTS, 0x0001000000000007ULL, 4);
	play(5, UINT64_MAX, 5);
	play(1, UINT64_MAX, 6);
}

static void equal_hashes_are_told_apart(void **state) {
	(void)state;
	play(SLOTS, 0, 7);
	play(400, 0, 8);
}

static void overflow_wraps_at_the_last_bucket(void **state) {
	struct table table;

	(void)state;
	assert_int_equal(table_init(&table, 40, MEM_HUGE_OFF), 0);
	for (uint32_t slot = 0; slot < 40; slot++)
		assert_true(table_insert(&table, UINT64_MAX, slot));
	for (uint32_t slot = 0; slot < 40; slot++)
		assert_int_equal(find(&table, UINT64_MAX, slot), slot);
	assert_int_equal(table.buckets[table.bucket_count - 1].overflowed, 40 - TABLE_WAYS);
	for (uint32_t slot = 0; slot < 40; slot++)
		table_remove(&table, UINT64_MAX, slot);
	assert_bare(&table);
	table_fini(&table);
}

static void one_slot_may_be_in_with_two_hashes(void **state) {
	struct table table;

	(void)state;
	assert_int_equal(table_init(&table, 100, MEM_HUGE_OFF), 0);
	for (uint32_t slot = 0; slot < 20; slot++) {
		assert_true(table_insert(&table, 1, slot));
		assert_true(table_insert(&table, 2, slot));
	}
	for (uint32_t slot = 0; slot < 20; slot++)
		table_remove(&table, 1, slot);
	for (uint32_t slot = 0; slot < 20; slot++) {
		assert_int_equal(find(&table, 2, slot), slot);
		table_remove(&table, 2, slot);
	}
	assert_bare(&table);
	table_fini(&table);
}

static bool never_same(const void *key, uint32_t slot) {
	(void)key, (void)slot;
	return false;
}

static void the_text_decides_and_not_the_hash(void **state) {
	struct table table;

	(void)state;
	assert_int_equal(table_init(&table, 8, MEM_HUGE_OFF), 0);
	assert_true(table_insert(&table, 5, 0));
	assert_int_equal(table_find(&table, 5, never_same, NULL), SLOT_NONE);
	table_fini(&table);
}

static void load_stays_comfortable(void **state) {
	static const uint32_t capacities[] = {1, 4, 5, 9, 10, 100, 1000, 12345, 1000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		struct table table;

		assert_int_equal(table_init(&table, capacities[i], MEM_HUGE_OFF), 0);
		assert_true(capacities[i] * 10ULL <= table.bucket_count * TABLE_WAYS * 7);
		table_fini(&table);
	}
}

static void no_capacity_is_refused(void **state) {
	struct table table;

	(void)state;
	assert_int_equal(table_init(&table, 0, MEM_HUGE_OFF), -EINVAL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_agree_with_the_model),
		cmocka_unit_test(equal_hashes_are_told_apart),
		cmocka_unit_test(overflow_wraps_at_the_last_bucket),
		cmocka_unit_test(one_slot_may_be_in_with_two_hashes),
		cmocka_unit_test(the_text_decides_and_not_the_hash),
		cmocka_unit_test(load_stays_comfortable),
		cmocka_unit_test(no_capacity_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
