// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "health_world.h"

// --- trials ---

static void trials_go_out_in_budgets_until_enough_went_well(void **state) {
	struct health_decision decision;
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START);
	decision = health_decision_of(&w.health);
	assert_int_equal(decision.state, HEALTH_UNUSABLE);
	assert_int_equal(decision.budget, 0);
	run(&w, START + 5000, 200);
	assert_is(&w, HEALTH_TRIAL, HEALTH_UNREACHABLE);
	assert_int_equal(w.from, HEALTH_UNUSABLE);
	assert_int_equal(health_decision_of(&w.health).budget, 3);
	assert_int_not_equal(health_decision_of(&w.health).round, decision.round);
	decision = health_decision_of(&w.health);
	calls_end(&w, OUTCOME_ANSWERED, 2, START + 5100);
	assert_int_equal(health_decision_of(&w.health).round, decision.round);
	calls_end(&w, OUTCOME_BUSY, 1, START + 5200);
	assert_int_not_equal(health_decision_of(&w.health).round, decision.round);
	decision = health_decision_of(&w.health);
	calls_end(&w, OUTCOME_REFUSED, 1, START + 5300);
	assert_is(&w, HEALTH_TRIAL, HEALTH_UNREACHABLE);
	assert_int_equal(health_decision_of(&w.health).round, decision.round);
	calls_end(&w, OUTCOME_ANSWERED, 1, START + 5400);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	assert_int_not_equal(health_decision_of(&w.health).round, decision.round);
}

static void the_first_failure_opens_it_again_for_twice_as_long_up_to_the_cap(void **state) {
	static const uint32_t pauses_ms[] = {5000, 10000, 20000, 40000, 60000, 60000};
	uint64_t now_ms = START;
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, now_ms);
	for (size_t i = 0; i < ARRAY_LEN(pauses_ms); i++) {
		assert_half_open_at(&w, now_ms + pauses_ms[i]);
		now_ms += pauses_ms[i] + 10;
		calls_end(&w, OUTCOME_TIMEOUT, 1, now_ms);
		assert_is(&w, HEALTH_UNUSABLE, HEALTH_TRIAL_FAILED);
	}
	assert_says(&w, now_ms, "a call that tried 198.51.100.10:5060 again failed, tried again in 60 s");
}

static void after_a_failure_all_trials_are_wanted_again(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START);
	run(&w, START + 5000, 200);
	calls_end(&w, OUTCOME_ANSWERED, 4, START + 5001);
	calls_end(&w, OUTCOME_BROKEN, 1, START + 5002);
	run(&w, START + 15002, 200);
	calls_end(&w, OUTCOME_ANSWERED, 4, START + 15003);
	assert_is(&w, HEALTH_TRIAL, HEALTH_TRIAL_FAILED);
	calls_end(&w, OUTCOME_ANSWERED, 1, START + 15004);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
}

static void a_503_or_icmp_to_a_trial_opens_it_again_for_that_reason(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START);
	run(&w, START + 5000, 200);
	refuses(&w, 7, START + 5001);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNAVAILABLE);
	assert_half_open_at(&w, START + 5001 + 7000);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START + 13000);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNREACHABLE);
	assert_half_open_at(&w, START + 13000 + 20000);
}

static void what_was_sent_before_the_trials_is_not_taken_for_one(void **state) {
	struct traffic_batch old = {.outcomes = {[OUTCOME_TIMEOUT] = 40, [OUTCOME_UNAVAILABLE] = 1}, .silent = 40};
	struct world w;

	(void)state;
	begin(&w);
	old.round = w.health.breaker.round;
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START);
	run(&w, START + 5000, 200);
	health_traffic(&w.health, &old, START + 5001);
	assert_is(&w, HEALTH_TRIAL, HEALTH_UNREACHABLE);
	calls_end(&w, OUTCOME_ANSWERED, 5, START + 5002);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	health_traffic(&w.health, &old, START + 5003);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	assert_int_equal(w.health.total.outcomes[OUTCOME_TIMEOUT], 80);
}

static void trials_nothing_is_heard_of_are_replaced(void **state) {
	struct world w;
	uint16_t round;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START);
	run(&w, START + 5000, 200);
	calls_end(&w, OUTCOME_ANSWERED, 2, START + 5001);
	round = health_decision_of(&w.health).round;
	run(&w, START + 5000 + 29999, 200);
	assert_int_equal(health_decision_of(&w.health).round, round);
	run(&w, START + 5000 + 30000, 200);
	assert_int_equal(health_decision_of(&w.health).round, (uint16_t)(round + 1));
	calls_end(&w, OUTCOME_ANSWERED, 3, START + 40000); // the two before still count
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
}

static void closed_again_it_has_forgotten_what_tripped_it(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_BROKEN, 20, START);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_RATIO);
	run(&w, START + 5000, 200);
	calls_end(&w, OUTCOME_ANSWERED, 5, START + 5000);
	calls_end(&w, OUTCOME_BROKEN, 10, START + 5001);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	calls_end(&w, OUTCOME_TIMEOUT, 5, START + 5002);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_SILENT);
	run(&w, START + 15002, 200);
	calls_end(&w, OUTCOME_ANSWERED, 5, START + 15002);
	calls_end(&w, OUTCOME_TIMEOUT, 4, START + 15003);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
}

// Pauses for 5 s and, when the trial fails, for 10 s, is closed again and trips once more `calm_ms` after that; the
// length of the third pause.
static uint64_t third_pause_ms(struct world *w, uint64_t calm_ms) {
	uint64_t again_ms = START + 15000 + calm_ms;

	begin(w);
	calls_end(w, OUTCOME_UNREACHABLE, 1, START);
	run(w, START + 5000, 200);
	calls_end(w, OUTCOME_BROKEN, 1, START + 5000);
	run(w, START + 15000, 200);
	calls_end(w, OUTCOME_ANSWERED, 5, START + 15000);
	assert_is(w, HEALTH_USABLE, HEALTH_WELL);
	run(w, again_ms, 200);
	calls_end(w, OUTCOME_UNREACHABLE, 1, again_ms);
	assert_int_equal(w->health.breaker.state, BREAKER_OPEN);
	return w->health.breaker.due_ms - again_ms;
}

static void the_pause_is_the_first_one_again_after_a_time_of_calm(void **state) {
	struct world w;

	(void)state;
	assert_int_equal(third_pause_ms(&w, 119999), 20000);
	assert_int_equal(third_pause_ms(&w, 120000), 5000);
}

static void a_reset_closes_it_from_anywhere(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START);
	health_reset(&w.health, START + 1);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START + 2);
	assert_half_open_at(&w, START + 2 + 5000);
	health_reset(&w.health, START + 6000);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
}

static void workers_share_a_budget_without_remainder(void **state) {
	(void)state;
	for (unsigned workers = 1; workers <= WORKERS_MAX; workers++) {
		for (uint16_t round = 0; round < 40; round++) {
			const struct health_decision decision = {.state = HEALTH_TRIAL, .budget = 5, .round = round};
			unsigned sum = 0;

			for (unsigned worker = 0; worker < workers; worker++)
				sum += health_budget_share(decision, worker, workers);
			assert_int_equal(sum, 5);
		}
	}
	for (uint16_t round = 0; round < 4; round++) // each has the only one in its turn
		assert_int_equal(
			health_budget_share((struct health_decision){.budget = 1, .round = round}, (4 - round) % 4, 4),
			1
		);
}

static void figures_are_of_all_calls_whatever_the_breaker_makes_of_them(void **state) {
	struct traffic_batch old = {.outcomes = {[OUTCOME_TIMEOUT] = 6, [OUTCOME_BUSY] = 2}, .rang = 1, .pdd_ms = 900};
	struct traffic_figures figures;
	struct world w;

	(void)state;
	begin(&w);
	old.round = (uint16_t)(w.health.breaker.round + 9);
	health_traffic(&w.health, &old, START + 20000);
	w.config.resume_ms = 0;
	calls_end(&w, OUTCOME_ANSWERED, 2, START + 30000);
	figures = health_figures(&w.health, START + 79999);
	assert_int_equal(figures.seizures, 10);
	assert_int_equal(figures.asr_permille, 200);
	assert_int_equal(figures.ner_permille, 400);
	assert_int_equal(figures.pdd_ms, 900);
	figures = health_figures(&w.health, START + 80000);
	assert_int_equal(figures.seizures, 2);
	assert_int_equal(figures.asr_permille, 1000);
}

// --- the operator ---

static void a_drained_one_takes_no_new_calls_and_says_when_it_is_empty(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	health_admin(&w.health, ADMIN_SET_DRAIN, START + 1);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_DRAINING);
	assert_says(&w, START, "198.51.100.10:5060 is being drained: no new calls, those in progress go on");
	health_admin(&w.health, ADMIN_EMPTY, START + 2);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_DRAINED);
	assert_says(&w, START, "198.51.100.10:5060 is drained: no call is in progress");
	assert_int_equal(w.changes, 2);
	health_admin(&w.health, ADMIN_SET_UP, START + 3);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
}

static void one_that_is_down_is_not_even_asked(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	assert_true(health_tick(&w.health, START + 3457));
	health_admin(&w.health, ADMIN_SET_DOWN, START + 4000);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_SET_DOWN);
	assert_says(&w, START, "198.51.100.10:5060 was set down by the operator");
	assert_true(health_due_ms(&w.health) == HEALTH_NEVER);
	health_probe_answered(&w.health, 503, START + 4001);
	health_admin(&w.health, ADMIN_SET_UP, START + 5000);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	assert_int_equal(health_due_ms(&w.health), START + 5000 + 3457);
}

static void the_operator_comes_first_then_options_then_calls(void **state) {
	struct world w;
	uint64_t ms = START + 3457 + 20000;

	(void)state;
	begin(&w);
	refuses(&w, 200, START);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNAVAILABLE);
	run(&w, ms, 503);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_PROBE_STATUS);
	health_admin(&w.health, ADMIN_SET_DRAIN, ms);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_DRAINING);
	health_admin(&w.health, ADMIN_SET_UP, ms);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_PROBE_STATUS);
	run(&w, ms + 20000, 200);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNAVAILABLE);
	run(&w, START + 200000, 200);
	assert_is(&w, HEALTH_TRIAL, HEALTH_UNAVAILABLE);
}

static void a_trunk_is_usable_while_one_of_its_addresses_is(void **state) {
	struct world w;

	(void)state;
	begin(&w);
	w.health.name = "carrier-a";
	assert_says(&w, START, "carrier-a is well");
	health_set_members(&w.health, 0, START + 1);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_NO_ADDRESS);
	assert_says(&w, START + 1, "none of the addresses of carrier-a is usable");
	health_set_members(&w.health, 1, START + 2);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	health_set_members(&w.health, 2, START + 3);
	assert_int_equal(w.changes, 2);
}

// --- another configuration ---

static void a_reload_leaves_alone_what_it_does_not_change(void **state) {
	struct health_config other;
	struct world w;
	uint64_t due_ms;

	(void)state;
	begin(&w);
	run(&w, START + 3457, 200);
	refuses(&w, 30, START + 4000);
	due_ms = health_due_ms(&w.health);
	other = w.config;
	other.failure_percent = 90;
	health_configure(&w.health, &other, START + 5000);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNAVAILABLE);
	assert_int_equal(health_due_ms(&w.health), due_ms);
	assert_half_open_at(&w, START + 34000);
	assert_int_equal(w.changes, 2);
}

// 11 calls before it and the 9 after it are enough only together, whichever window they are in.
static void assert_tripped_across_a_reload(const struct health_config *to, bool is_tripped) {
	struct world w;

	begin(&w);
	w.config.asr_seizures = 20;
	w.config.asr_percent = to->asr_percent;
	w.config.failure_percent = to->failure_percent;
	calls_end(&w, OUTCOME_BROKEN, 11, START);
	health_configure(&w.health, to, START + 1);
	calls_end(&w, OUTCOME_BROKEN, 9, START + 1);
	assert_int_equal(w.health.state, is_tripped ? HEALTH_UNUSABLE : HEALTH_USABLE);
}

static void what_was_counted_is_kept_unless_its_window_changes(void **state) {
	struct health_config to;
	struct world w;

	(void)state;
	begin(&w);
	to = w.config;
	to.asr_percent = 0;
	assert_tripped_across_a_reload(&to, true);
	to.failure_window_ms = 20000;
	assert_tripped_across_a_reload(&to, false);
	to = w.config;
	to.asr_seizures = 20;
	to.failure_percent = 0;
	assert_tripped_across_a_reload(&to, true);
	to.asr_window_ms = 60000;
	assert_tripped_across_a_reload(&to, false);
}

static void a_reload_switches_options_and_the_breaker_off_and_on(void **state) {
	struct health_config off, on;
	struct world w;

	(void)state;
	begin(&w);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START);
	run(&w, START + 3457 + 30000, 503);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_PROBE_STATUS);
	off = on = w.config;
	off.probe_interval_ms = off.resume_ms = 0;
	health_configure(&w.health, &off, START + 50000);
	assert_is(&w, HEALTH_USABLE, HEALTH_WELL);
	assert_true(health_due_ms(&w.health) == HEALTH_NEVER);
	health_configure(&w.health, &on, START + 60000);
	assert_int_equal(health_due_ms(&w.health), START + 60000 + 3457);
	calls_end(&w, OUTCOME_UNREACHABLE, 1, START + 61000);
	assert_is(&w, HEALTH_UNUSABLE, HEALTH_UNREACHABLE);
}

static void a_reload_shortens_a_pause_that_is_too_long_now(void **state) {
	struct health_config other;
	struct world w;

	(void)state;
	begin(&w);
	refuses(&w, 300, START);
	other = w.config;
	other.retry_after_max_ms = 20000;
	health_configure(&w.health, &other, START + 1000);
	assert_half_open_at(&w, START + 21000);
}

// --- sentences ---

static void a_sentence_is_cut_to_the_room_there_is(void **state) {
	struct world w;
	char text[HEALTH_TEXT_MAX];

	(void)state;
	begin(&w);
	refuses(&w, 30, START);
	for (size_t size = 0; size < sizeof(text); size++) {
		struct guarded room = guarded_end(text, size);
		size_t len = health_describe(&w.health, START, room.ptr, size);

		assert_true(size == 0 ? len == 0 : len < size && room.ptr[len] == '\0');
		guarded_free(&room);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trials_go_out_in_budgets_until_enough_went_well),
		cmocka_unit_test(the_first_failure_opens_it_again_for_twice_as_long_up_to_the_cap),
		cmocka_unit_test(after_a_failure_all_trials_are_wanted_again),
		cmocka_unit_test(a_503_or_icmp_to_a_trial_opens_it_again_for_that_reason),
		cmocka_unit_test(what_was_sent_before_the_trials_is_not_taken_for_one),
		cmocka_unit_test(trials_nothing_is_heard_of_are_replaced),
		cmocka_unit_test(closed_again_it_has_forgotten_what_tripped_it),
		cmocka_unit_test(the_pause_is_the_first_one_again_after_a_time_of_calm),
		cmocka_unit_test(a_reset_closes_it_from_anywhere),
		cmocka_unit_test(workers_share_a_budget_without_remainder),
		cmocka_unit_test(figures_are_of_all_calls_whatever_the_breaker_makes_of_them),
		cmocka_unit_test(a_drained_one_takes_no_new_calls_and_says_when_it_is_empty),
		cmocka_unit_test(one_that_is_down_is_not_even_asked),
		cmocka_unit_test(the_operator_comes_first_then_options_then_calls),
		cmocka_unit_test(a_trunk_is_usable_while_one_of_its_addresses_is),
		cmocka_unit_test(a_reload_leaves_alone_what_it_does_not_change),
		cmocka_unit_test(what_was_counted_is_kept_unless_its_window_changes),
		cmocka_unit_test(a_reload_switches_options_and_the_breaker_off_and_on),
		cmocka_unit_test(a_reload_shortens_a_pause_that_is_too_long_now),
		cmocka_unit_test(a_sentence_is_cut_to_the_room_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
