// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "../test.h"
#include "pace.h"

#define HZ 1000000u

static uint64_t due_until(struct pace *pace, uint64_t now) {
	uint64_t intended, count = 0;

	while (pace_due(pace, now, &intended)) {
		assert_true(intended <= now);
		count++;
	}
	return count;
}

static void equal_intervals_give_the_rate(void **state) {
	struct pace pace = {0};

	(void)state;
	pace_start(&pace, 1000, 0, HZ, 500);
	assert_int_equal(due_until(&pace, 500), 1);
	assert_int_equal(due_until(&pace, 500 + HZ - 1), 999);
	assert_int_equal(due_until(&pace, 500 + HZ), 1);
}

static void what_was_missed_stays_due_at_its_time(void **state) {
	struct pace pace = {0};
	uint64_t intended;

	(void)state;
	pace_start(&pace, 10, 0, HZ, 0);
	assert_in_range((uint64_t)pace_behind(&pace, HZ), 10, 10);
	for (uint64_t i = 0; i < 5; i++) {
		assert_true(pace_due(&pace, HZ, &intended));
		assert_int_equal(intended, i * HZ / 10);
	}
}

static void poisson_has_the_rate_and_is_not_even(void **state) {
	struct pace pace = {.poisson = true, .random = 1};
	uint64_t most = 0;

	(void)state;
	pace_start(&pace, 10000, 0, HZ, 0);
	for (uint64_t ms = 1; ms <= 1000; ms++) {
		uint64_t count = due_until(&pace, ms * HZ / 1000);

		most = count > most ? count : most;
	}
	assert_in_range(pace.count, 9600, 10400);
	assert_in_range(most, 15, 40);
}

static void a_ramp_starts_half_as_many(void **state) {
	struct pace pace = {0};

	(void)state;
	pace_start(&pace, 1000, 2, HZ, 0);
	assert_in_range(due_until(&pace, HZ), 248, 252);
	assert_in_range(due_until(&pace, 2 * HZ), 747, 753);
	assert_in_range(due_until(&pace, 3 * HZ), 998, 1002);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_intervals_give_the_rate),
		cmocka_unit_test(what_was_missed_stays_due_at_its_time),
		cmocka_unit_test(poisson_has_the_rate_and_is_not_even),
		cmocka_unit_test(a_ramp_starts_half_as_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
