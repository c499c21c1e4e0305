// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/health_traffic.h"

#include "unit/random.h"
#include "unit/test.h"

static void a_final_status_tells_how_the_attempt_ended(void **state) {
	static const struct {
		uint16_t status;
		enum call_outcome silent, rang;
	} rows[] = {
		{.status = 0, .silent = OUTCOME_TIMEOUT, .rang = OUTCOME_NO_ANSWER},
		{.status = 200, .silent = OUTCOME_ANSWERED, .rang = OUTCOME_ANSWERED},
		{.status = 202, .silent = OUTCOME_ANSWERED, .rang = OUTCOME_ANSWERED},
		{.status = 302, .silent = OUTCOME_REFUSED, .rang = OUTCOME_REFUSED},
		{.status = 404, .silent = OUTCOME_REFUSED, .rang = OUTCOME_REFUSED},
		{.status = 408, .silent = OUTCOME_BROKEN, .rang = OUTCOME_NO_ANSWER},
		{.status = 480, .silent = OUTCOME_REJECTED, .rang = OUTCOME_NO_ANSWER},
		{.status = 486, .silent = OUTCOME_BUSY, .rang = OUTCOME_BUSY},
		{.status = 487, .silent = OUTCOME_ABANDONED, .rang = OUTCOME_NO_ANSWER},
		{.status = 488, .silent = OUTCOME_REFUSED, .rang = OUTCOME_REFUSED},
		{.status = 500, .silent = OUTCOME_BROKEN, .rang = OUTCOME_BROKEN},
		{.status = 501, .silent = OUTCOME_REFUSED, .rang = OUTCOME_REFUSED},
		{.status = 503, .silent = OUTCOME_UNAVAILABLE, .rang = OUTCOME_UNAVAILABLE},
		{.status = 504, .silent = OUTCOME_BROKEN, .rang = OUTCOME_BROKEN},
		{.status = 600, .silent = OUTCOME_BUSY, .rang = OUTCOME_BUSY},
		{.status = 603, .silent = OUTCOME_REJECTED, .rang = OUTCOME_REJECTED},
		{.status = 604, .silent = OUTCOME_REFUSED, .rang = OUTCOME_REFUSED},
		{.status = 699, .silent = OUTCOME_REFUSED, .rang = OUTCOME_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(outcome_name(outcome_of(rows[i].status, false)), outcome_name(rows[i].silent));
		assert_string_equal(outcome_name(outcome_of(rows[i].status, true)), outcome_name(rows[i].rang));
	}
}

// 100 seizures of each figure's own kinds.
static void figures_are_those_of_the_itu(void **state) {
	const struct traffic_counts counts = {
		.outcomes =
			{
				[OUTCOME_ANSWERED] = 40,
				[OUTCOME_BUSY] = 11,
				[OUTCOME_NO_ANSWER] = 13,
				[OUTCOME_REJECTED] = 6,
				[OUTCOME_ABANDONED] = 5,
				[OUTCOME_REFUSED] = 8,
				[OUTCOME_BROKEN] = 7,
				[OUTCOME_UNAVAILABLE] = 4,
				[OUTCOME_TIMEOUT] = 3,
				[OUTCOME_UNREACHABLE] = 3,
			},
		.rang = 50,
		.pdd_ms = 60000,
		.ended = 30,
		.talk_ms = 5400000,
	};
	struct traffic_figures figures = traffic_figures(&counts);

	(void)state;
	assert_int_equal(figures.seizures, 100);
	assert_int_equal(figures.answered, 40);
	assert_int_equal(figures.delivered, 70);
	assert_int_equal(figures.failed, 17);
	assert_int_equal(figures.asr_permille, 400);
	assert_int_equal(figures.ner_permille, 700);
	assert_int_equal(figures.pdd_ms, 1200);
	assert_int_equal(figures.acd_ms, 180000);
}

static void figures_of_nothing_are_nought(void **state) {
	const struct traffic_counts counts = {0};
	struct traffic_figures figures = traffic_figures(&counts);

	(void)state;
	assert_int_equal(figures.asr_permille, 0);
	assert_int_equal(figures.ner_permille, 0);
	assert_int_equal(figures.pdd_ms, 0);
	assert_int_equal(figures.acd_ms, 0);
}

static uint64_t answered(struct traffic_window *window, uint64_t now_ms) {
	return traffic_window_sum(window, now_ms).outcomes[OUTCOME_ANSWERED];
}

static void a_bucket_leaves_when_its_length_is_over(void **state) {
	const struct traffic_batch batch = {.outcomes = {[OUTCOME_ANSWERED] = 1}, .rang = 2, .pdd_ms = 3};
	struct traffic_window window;

	(void)state;
	traffic_window_init(&window, 10000, 50500);
	traffic_window_add(&window, &batch, 50500);
	traffic_window_add(&window, &batch, 50999);
	traffic_window_add(&window, &batch, 51000);
	assert_int_equal(answered(&window, 59999), 3);
	assert_int_equal(traffic_window_sum(&window, 59999).rang, 6);
	assert_int_equal(traffic_window_sum(&window, 59999).pdd_ms, 9);
	assert_int_equal(answered(&window, 60000), 1);
	assert_int_equal(answered(&window, 60999), 1);
	assert_int_equal(answered(&window, 61000), 0);
}

static void a_long_pause_empties_it_and_it_goes_on(void **state) {
	const struct traffic_batch batch = {.outcomes = {[OUTCOME_ANSWERED] = 1}};
	struct traffic_window window;

	(void)state;
	traffic_window_init(&window, 10000, 0);
	for (unsigned i = 0; i < 100; i++)
		traffic_window_add(&window, &batch, i * 100);
	assert_int_equal(answered(&window, 9999), 100);
	traffic_window_add(&window, &batch, UINT64_MAX / 2);
	assert_int_equal(answered(&window, UINT64_MAX / 2), 1);
}

static void a_window_too_short_for_its_buckets_has_one_of_a_millisecond_each(void **state) {
	const struct traffic_batch batch = {.outcomes = {[OUTCOME_ANSWERED] = 1}};
	struct traffic_window window;

	(void)state;
	traffic_window_init(&window, 0, 7);
	traffic_window_add(&window, &batch, 7);
	assert_int_equal(answered(&window, 16), 1);
	assert_int_equal(answered(&window, 17), 0);
}

// Against a list of all that was added.
static void it_is_what_was_added_since_the_ninth_bucket_before(void **state) {
	enum { STEPS = 3000 };
	static uint64_t added_ms[STEPS];
	struct random random = {.state = 5};
	struct traffic_window window;
	uint64_t now_ms = 12345;

	(void)state;
	traffic_window_init(&window, 1000, now_ms);
	for (unsigned i = 0; i < STEPS; i++) {
		const struct traffic_batch batch = {.outcomes = {[OUTCOME_ANSWERED] = 1}};
		unsigned expected = 0;

		now_ms += random_below(&random, 8) == 0 ? random_below(&random, 1500) : random_below(&random, 40);
		added_ms[i] = now_ms;
		traffic_window_add(&window, &batch, now_ms);
		for (unsigned k = 0; k <= i; k++)
			expected += added_ms[k] / 100 + 10 > now_ms / 100;
		assert_int_equal(answered(&window, now_ms), expected);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_final_status_tells_how_the_attempt_ended),
		cmocka_unit_test(figures_are_those_of_the_itu),
		cmocka_unit_test(figures_of_nothing_are_nought),
		cmocka_unit_test(a_bucket_leaves_when_its_length_is_over),
		cmocka_unit_test(a_long_pause_empties_it_and_it_goes_on),
		cmocka_unit_test(a_window_too_short_for_its_buckets_has_one_of_a_millisecond_each),
		cmocka_unit_test(it_is_what_was_added_since_the_ninth_bucket_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
