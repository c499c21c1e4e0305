// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/count.h"

#include "unit/test.h"

static void every_counter_has_a_name_of_its_own_and_a_help(void **state) {
	(void)state;
	for (unsigned i = 0; i < COUNT_COUNT; i++) {
		assert_true(strlen(count_name((enum count)i)) > 0);
		assert_true(strlen(count_help((enum count)i)) > 0);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(count_name((enum count)i), count_name((enum count)j));
	}
}

static void counting_adds_up(void **state) {
	struct counters counters = {0};

	(void)state;
	count_one(&counters, COUNT_RX_SIP);
	count_add(&counters, COUNT_RX_SIP, 41);
	assert_int_equal(counter_read(&counters, COUNT_RX_SIP), 42);
	assert_int_equal(counter_read(&counters, COUNT_TX_SIP), 0);
	assert_string_equal(count_name(COUNT_RX_SIP), "rx.sip");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_has_a_name_of_its_own_and_a_help),
		cmocka_unit_test(counting_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
