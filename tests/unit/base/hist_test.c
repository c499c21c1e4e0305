// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hist.h"

#include "unit/test.h"

static void every_value_falls_into_its_bucket(void **state) {
	(void)state;
	for (uint64_t value = 0; value < 100000; value++) {
		struct hist hist = {0};

		if (value >= 4096)
			value += value / 100;
		hist_add(&hist, value);
		hist_add(&hist, UINT64_MAX); // so that the maximum does not hide the edge of the bucket
		uint64_t edge = hist_percentile(&hist, 5000);
		assert_true(edge >= value);
		assert_true(edge - value <= value / HIST_STEPS);
	}
}

static void small_values_are_exact(void **state) {
	struct hist hist = {0};

	(void)state;
	for (uint64_t value = 0; value < HIST_STEPS; value++)
		hist_add(&hist, value);
	assert_int_equal(hist_percentile(&hist, 5000), 7);
	assert_int_equal(hist_percentile(&hist, 10000), 15);
	assert_int_equal(hist_percentile(&hist, 0), 0);
	assert_int_equal(hist_percentile(&hist, 625), 0);
	assert_int_equal(hist_percentile(&hist, 626), 1);
}

static void an_empty_histogram_gives_zero(void **state) {
	struct hist hist = {0};

	(void)state;
	assert_int_equal(hist_percentile(&hist, 5000), 0);
	assert_int_equal(hist_total(&hist), 0);
}

static void no_percentile_is_above_the_maximum(void **state) {
	struct hist hist = {0};

	(void)state;
	hist_add(&hist, 1000001);
	assert_int_equal(hist_percentile(&hist, 1), 1000001);
	assert_int_equal(hist_percentile(&hist, 9999), 1000001);
	assert_int_equal(hist_percentile(&hist, 20000), 1000001);
}

static void rare_values_show_in_the_tail_only(void **state) {
	struct hist hist = {0};

	(void)state;
	for (unsigned i = 0; i < 9990; i++)
		hist_add(&hist, 10);
	for (unsigned i = 0; i < 10; i++)
		hist_add(&hist, 5000);
	assert_int_equal(hist_percentile(&hist, 9990), 10);
	assert_int_equal(hist_percentile(&hist, 9991), 5000);
	assert_int_equal(hist_total(&hist), 10000);
	assert_int_equal(hist.sum, 9990 * 10 + 10 * 5000);
}

static void huge_values_and_counts_do_not_overflow(void **state) {
	struct hist hist = {0};

	(void)state;
	hist_add(&hist, UINT64_MAX);
	assert_int_equal(hist.count[HIST_BUCKETS - 1], 1);
	assert_true(hist_percentile(&hist, 5000) == UINT64_MAX);
	hist.count[3] = UINT64_MAX / 2;
	hist.count[5] = UINT64_MAX / 2;
	assert_int_equal(hist_percentile(&hist, 4900), 3);
	assert_int_equal(hist_percentile(&hist, 5100), 5);
}

static void merging_adds_up(void **state) {
	struct hist a = {0}, b = {0};

	(void)state;
	hist_add(&a, 3);
	hist_add(&b, 3);
	hist_add(&b, 70000);
	hist_merge(&a, &b);
	assert_int_equal(hist_total(&a), 3);
	assert_int_equal(a.sum, 70006);
	assert_int_equal(a.max, 70000);
	hist_merge(&b, &(struct hist){0});
	assert_int_equal(b.max, 70000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_falls_into_its_bucket),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(an_empty_histogram_gives_zero),
		cmocka_unit_test(no_percentile_is_above_the_maximum),
		cmocka_unit_test(rare_values_show_in_the_tail_only),
		cmocka_unit_test(huge_values_and_counts_do_not_overflow),
		cmocka_unit_test(merging_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
