// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/watch.h"

#include "unit/test.h"

static void it_is_told_once_and_taken_back_once(void **state) {
	struct watch watch = {0};

	(void)state;
	for (uint64_t turns = 1; turns < 100; turns++)
		assert_int_equal(watch_look(&watch, turns), WATCH_NOTHING);
	for (int i = 0; i < WATCH_TICKS - 1; i++)
		assert_int_equal(watch_look(&watch, 99), WATCH_NOTHING);
	assert_false(watch_stands_still(&watch));
	assert_int_equal(watch_look(&watch, 99), WATCH_STANDS_STILL);
	for (int i = 0; i < 100; i++)
		assert_int_equal(watch_look(&watch, 99), WATCH_NOTHING);
	assert_true(watch_stands_still(&watch));
	assert_int_equal(watch_look(&watch, 100), WATCH_TURNS_AGAIN);
	assert_int_equal(watch_look(&watch, 100), WATCH_NOTHING);
	assert_false(watch_stands_still(&watch));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_told_once_and_taken_back_once),
	};

	return cmocka_run_group_tests_name("control/watch", tests, NULL, NULL);
}
