// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "health_world.h"

// --- OPTIONS ---

static void it_begins_usable_and_is_asked_at_the_offset_of_its_hash_and_every_interval(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t due_ms = START + 3457 + i * 10000;

		assert_int_equal(health_due_ms(&w.health), due_ms);
		assert_false(health_tick(&w.health, due_ms - 1));
		assert_true(health_tick(&w.health, due_ms));
		health_probe_answered(&w.health, 200, due_ms + 1999);
	}
	assert_int_equal(w.changes, 0);
}

static void many_are_spread_over_the_interval(void **state) {
	unsigned in_second[10] = {0};
	struct world w;

	(void)state;
	begin(&w);
	for (uint64_t i = 0; i < 2000; i++) {
		w.health.hash = (i + 1) * 0x9e3779b97f4a7c15ULL;
		health_begin(&w.health, START);
		in_second[(health_due_ms(&w.health) - START) / 1000]++;
	}
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(in_second[i], 150, 250);
}

static void a_late_tick_keeps_the_grid(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	assert_true(health_tick(&w.health, START + 3457 + 25000));
	health_probe_answered(&w.health, 200, START + 3457 + 25001);
	assert_int_equal(health_due_ms(&w.health), START + 3457 + 30000);
}

static void silence_takes_it_down_at_the_end_of_the_third_wait(void **state) {
	struct world w;
	uint64_t third_ms = START + 3457 + 20000;

	(void)state;
	begin(&w);
	assert_int_equal(run(&w, third_ms + 1999, 0), 3);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	assert_int_equal(w.health.probe.state, PROBE_FAILING);
	run(&w, third_ms + 2000, 0);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_PROBE_SILENT);
	assert_int_equal(w.health.since_ms, third_ms + 2000);
	assert_int_equal(w.changes, 1);
	assert_int_equal(w.from, HEALTH_USABLE);
	assert_says(&w, third_ms + 2000, "no response from 198.51.100.10:5060 to OPTIONS, asked again in 8 s");
}

static void two_answers_bring_it_back_unless_one_fails_between(void **state) {
	struct world w;
	uint64_t ms = START + 3457;

	(void)state;
	begin(&w);
	run(&w, ms + 20000, 503);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_PROBE_STATUS);
	assert_says(&w, ms + 20000, "503 from 198.51.100.10:5060 to OPTIONS, asked again in 10 s");
	run(&w, ms + 30000, 200);
	assert_int_equal(w.health.probe.state, PROBE_RECOVERING);
	assert_says(&w, ms + 30000, "503 from 198.51.100.10:5060 to OPTIONS, asked again in 10 s");
	run(&w, ms + 40000, 408);
	assert_int_equal(w.health.probe.state, PROBE_DOWN);
	run(&w, ms + 50000, 200);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_PROBE_STATUS);
	run(&w, ms + 60000, 200);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
}

static void one_answer_makes_failures_begin_anew(void **state) {
	struct world w;
	uint64_t ms = START + 3457;

	(void)state;
	begin(&w);
	run(&w, ms + 10000, 504);
	run(&w, ms + 20000, 404);
	assert_int_equal(w.health.probe.state, PROBE_UP);
	run(&w, ms + 40000, 502);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	run(&w, ms + 50000, 502);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_PROBE_STATUS);
}

static void an_answer_after_its_time_is_not_heard(void **state) {
	struct world w;
	uint64_t ms = START + 3457;

	(void)state;
	begin(&w);
	w.config.probe_failures = 1;
	w.config.probe_successes = 1;
	assert_true(health_tick(&w.health, ms));
	assert_false(health_tick(&w.health, ms + 2000));
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_PROBE_SILENT);
	health_probe_answered(&w.health, 200, ms + 2001);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_PROBE_SILENT);
	assert_true(health_tick(&w.health, ms + 10000));
	health_probe_answered(&w.health, 200, ms + 10001);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
}

static void what_counts_as_alive_is_a_set(void **state) {
	const struct health_statuses usual = health_alive_default();
	struct health_statuses only_200 = {0};

	(void)state;
	for (uint16_t status = 0; status < 1000; status++) {
		bool is_dead = status < 200 || status > 699 || status == 408 || (status >= 502 && status <= 504);

		assert_int_equal(health_statuses_have(&usual, status), !is_dead);
		health_statuses_set(&only_200, status, status == 200);
		assert_int_equal(health_statuses_have(&only_200, status), status == 200);
	}
}

static void without_an_interval_nothing_is_asked(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	w.config.probe_interval_ms = 0;
	health_begin(&w.health, START);
	assert_true(health_due_ms(&w.health) == HEALTH_NEVER);
	assert_false(health_tick(&w.health, START + 1000000));
}

// --- the circuit breaker: what trips it ---

static void requests_without_response_in_a_row_trip_it(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_TIMEOUT, 4, START + 1);
	calls_end(&w, OUTCOME_ANSWERED, 1, START + 2);
	calls_end(&w, OUTCOME_TIMEOUT, 2, START + 3);
	calls_end(&w, OUTCOME_TIMEOUT, 2, START + 4);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	calls_end(&w, OUTCOME_TIMEOUT, 1, START + 5);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_SILENT);
	assert_says(&w, START + 5, "no response from 198.51.100.10:5060 to 5 requests in a row, tried again in 5 s");
	assert_half_open_at(&w, START + 5 + 5000);
}

static void an_unreachable_address_trips_it_at_once(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START + 7);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNREACHABLE);
	assert_says(&w, START + 4007, "198.51.100.10:5060 is unreachable (ICMP), tried again in 1 s");
	assert_half_open_at(&w, START + 7 + 5000);
}

static void a_503_opens_it_for_as_long_as_it_asks_within_bounds(void **state) {
	static const struct {
		uint32_t retry_after_s;
		uint32_t pause_ms;
	} rows[] = {
		{.retry_after_s = 0, .pause_ms = 5000}, // the time to resume
		{.retry_after_s = 1, .pause_ms = 2500}, // the least
		{.retry_after_s = 30, .pause_ms = 30000},
		{.retry_after_s = 300, .pause_ms = 300000},
		{.retry_after_s = 301, .pause_ms = 300000}, // the most
		{.retry_after_s = UINT32_MAX, .pause_ms = 300000},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		begin(&w);
		w.config.retry_after_min_ms = 2500;
		refuses(&w, rows[i].retry_after_s, START);
		assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNAVAILABLE);
		assert_half_open_at(&w, START + rows[i].pause_ms);
	}
}

static void the_operator_reads_when_it_is_tried_again(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	refuses(&w, 30, START);
	assert_says(&w, START + 18000, "503 from 198.51.100.10:5060, Retry-After 30, tried again in 12 s");
	run(&w, START + 30000, 200);
	calls_end(&w, OUTCOME_BUSY, 2, START + 30001);
	assert_says(
		&w,
		START + 30001,
		"503 from 198.51.100.10:5060, Retry-After 30, being tried again: 2 of 5 calls went well"
	);
}

static void a_longer_retry_after_extends_the_pause_and_a_shorter_one_does_not(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	w.config.retry_after_min_ms = 3000;
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START);
	refuses(&w, 4, START + 1000);
	refuses(&w, 0, START + 3000); // asks for nothing
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNREACHABLE);
	refuses(&w, 20, START + 3000);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNAVAILABLE);
	assert_half_open_at(&w, START + 23000);
}

static void what_is_switched_off_does_not_trip_it(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	w.config.trips_on_503 = w.config.trips_on_unreachable = false;
	w.config.silent_in_a_row = w.config.failure_percent = w.config.asr_percent = 0;
	refuses(&w, 30, START);
	calls_end(&w, OUTCOME_UNREACHABLE, 500, START);
	calls_end(&w, OUTCOME_TIMEOUT, 500, START);
	calls_end(&w, OUTCOME_BROKEN, 500, START);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	begin(&w);
	w.config.resume_ms = 0;
	calls_end(&w, OUTCOME_UNREACHABLE, 500, START);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
}

static void failures_trip_it_at_their_share_of_enough_calls(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_BROKEN, 10, START);
	calls_end(&w, OUTCOME_ANSWERED, 9, START);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL); // 10 of 19
	calls_end(&w, OUTCOME_ANSWERED, 2, START);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL); // 10 of 21
	calls_end(&w, OUTCOME_BROKEN, 1, START);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_RATIO); // 11 of 22
	assert_says(&w, START, "11 of 22 calls to 198.51.100.10:5060 failed in 10 s, tried again in 5 s");
}

static void failures_count_until_they_leave_the_window(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_BROKEN, 19, START);
	calls_end(&w, OUTCOME_ANSWERED, 1, START + 10000);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	begin(&w);
	calls_end(&w, OUTCOME_BROKEN, 19, START);
	calls_end(&w, OUTCOME_ANSWERED, 1, START + 9999);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_RATIO);
}

static void a_low_asr_trips_it_when_there_were_enough_seizures(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_BUSY, 80, START);
	calls_end(&w, OUTCOME_ANSWERED, 19, START);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	calls_end(&w, OUTCOME_BUSY, 1, START);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_LOW_ASR);
	assert_says(
		&w,
		START,
		"19 of 100 calls to 198.51.100.10:5060 were answered in 300 s, less than 20%, tried again in 5 s"
	);
}

static void an_asr_that_is_just_enough_does_not(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_ANSWERED, 25, START);
	calls_end(&w, OUTCOME_NO_ANSWER, 100, START);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	calls_end(&w, OUTCOME_REFUSED, 1, START + 289999); // START is 10 s into its tenth of the window
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_LOW_ASR);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_usable_and_is_asked_at_the_offset_of_its_hash_and_every_interval),
		cmocka_unit_test(many_are_spread_over_the_interval),
		cmocka_unit_test(a_late_tick_keeps_the_grid),
		cmocka_unit_test(silence_takes_it_down_at_the_end_of_the_third_wait),
		cmocka_unit_test(two_answers_bring_it_back_unless_one_fails_between),
		cmocka_unit_test(one_answer_makes_failures_begin_anew),
		cmocka_unit_test(an_answer_after_its_time_is_not_heard),
		cmocka_unit_test(what_counts_as_alive_is_a_set),
		cmocka_unit_test(without_an_interval_nothing_is_asked),
		cmocka_unit_test(requests_without_response_in_a_row_trip_it),
		cmocka_unit_test(an_unreachable_address_trips_it_at_once),
		cmocka_unit_test(a_503_opens_it_for_as_long_as_it_asks_within_bounds),
		cmocka_unit_test(the_operator_reads_when_it_is_tried_again),
		cmocka_unit_test(a_longer_retry_after_extends_the_pause_and_a_shorter_one_does_not),
		cmocka_unit_test(what_is_switched_off_does_not_trip_it),
		cmocka_unit_test(failures_trip_it_at_their_share_of_enough_calls),
		cmocka_unit_test(failures_count_until_they_leave_the_window),
		cmocka_unit_test(a_low_asr_trips_it_when_there_were_enough_seizures),
		cmocka_unit_test(an_asr_that_is_just_enough_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
