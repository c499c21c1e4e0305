// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/health_fsm.h"

#include "unit/test.h"

// The tables of the machines once more, as an operator would read the figures: a row a state, in the order of the
// events.

static void options_go_by_the_figure(void **state) {
	static const enum probe_state next[PROBE_STATE_COUNT][PROBE_EVENT_COUNT] = {
		[PROBE_UP] = {PROBE_UP, PROBE_UP, PROBE_FAILING, PROBE_DOWN, PROBE_UP},
		[PROBE_FAILING] = {PROBE_UP, PROBE_UP, PROBE_FAILING, PROBE_DOWN, PROBE_UP},
		[PROBE_DOWN] = {PROBE_RECOVERING, PROBE_UP, PROBE_DOWN, PROBE_DOWN, PROBE_UP},
		[PROBE_RECOVERING] = {PROBE_RECOVERING, PROBE_UP, PROBE_DOWN, PROBE_DOWN, PROBE_UP},
	};

	(void)state;
	for (enum probe_state from = 0; from < PROBE_STATE_COUNT; from++)
		for (enum probe_event event = 0; event < PROBE_EVENT_COUNT; event++)
			assert_int_equal(probe_step(from, event), next[from][event]);
}

struct arc {
	enum breaker_state from;
	enum breaker_event event;
	enum breaker_state to;
	unsigned actions;
};

static const struct arc arcs[] = {
	{BREAKER_CLOSED, BREAKER_SILENT, BREAKER_OPEN, BREAKER_DO_PAUSE},
	{BREAKER_CLOSED, BREAKER_UNREACHABLE, BREAKER_OPEN, BREAKER_DO_PAUSE},
	{BREAKER_CLOSED, BREAKER_UNAVAILABLE, BREAKER_OPEN, BREAKER_DO_PAUSE},
	{BREAKER_CLOSED, BREAKER_RATIO, BREAKER_OPEN, BREAKER_DO_PAUSE},
	{BREAKER_CLOSED, BREAKER_ASR, BREAKER_OPEN, BREAKER_DO_PAUSE},
	{BREAKER_CLOSED, BREAKER_RESET, BREAKER_CLOSED, BREAKER_DO_CLEAR},
	{BREAKER_OPEN, BREAKER_UNAVAILABLE, BREAKER_OPEN, BREAKER_DO_EXTEND},
	{BREAKER_OPEN, BREAKER_DUE, BREAKER_HALF_OPEN, BREAKER_DO_TRY},
	{BREAKER_OPEN, BREAKER_RESET, BREAKER_CLOSED, BREAKER_DO_CLEAR},
	{BREAKER_HALF_OPEN, BREAKER_FAILED, BREAKER_OPEN, BREAKER_DO_PAUSE},
	{BREAKER_HALF_OPEN, BREAKER_UNAVAILABLE, BREAKER_OPEN, BREAKER_DO_PAUSE},
	{BREAKER_HALF_OPEN, BREAKER_UNREACHABLE, BREAKER_OPEN, BREAKER_DO_PAUSE},
	{BREAKER_HALF_OPEN, BREAKER_DUE, BREAKER_HALF_OPEN, BREAKER_DO_TRY},
	{BREAKER_HALF_OPEN, BREAKER_SPENT, BREAKER_HALF_OPEN, BREAKER_DO_TRY},
	{BREAKER_HALF_OPEN, BREAKER_PASSED, BREAKER_CLOSED, BREAKER_DO_CLEAR},
	{BREAKER_HALF_OPEN, BREAKER_RESET, BREAKER_CLOSED, BREAKER_DO_CLEAR},
};

static struct arc arc_of(enum breaker_state from, enum breaker_event event) {
	for (size_t i = 0; i < ARRAY_LEN(arcs); i++)
		if (arcs[i].from == from && arcs[i].event == event)
			return arcs[i];
	return (struct arc){.from = from, .event = event, .to = from};
}

static void the_breaker_goes_by_the_figure_and_nothing_else_moves_it(void **state) {
	(void)state;
	for (enum breaker_state from = 0; from < BREAKER_STATE_COUNT; from++) {
		for (enum breaker_event event = 0; event < BREAKER_EVENT_COUNT; event++) {
			struct breaker_step step = breaker_step(from, event);
			struct arc arc = arc_of(from, event);

			assert_int_equal(step.next, arc.to);
			assert_int_equal(step.actions, arc.actions);
		}
	}
}

static void the_operator_goes_by_the_figure(void **state) {
	static const enum admin_state next[ADMIN_STATE_COUNT][ADMIN_EVENT_COUNT] = {
		[ADMIN_UP] = {ADMIN_UP, ADMIN_DRAINING, ADMIN_DOWN, ADMIN_UP},
		[ADMIN_DRAINING] = {ADMIN_UP, ADMIN_DRAINING, ADMIN_DOWN, ADMIN_DRAINED},
		[ADMIN_DRAINED] = {ADMIN_UP, ADMIN_DRAINED, ADMIN_DOWN, ADMIN_DRAINED},
		[ADMIN_DOWN] = {ADMIN_UP, ADMIN_DRAINING, ADMIN_DOWN, ADMIN_DOWN},
	};

	(void)state;
	for (enum admin_state from = 0; from < ADMIN_STATE_COUNT; from++)
		for (enum admin_event event = 0; event < ADMIN_EVENT_COUNT; event++)
			assert_int_equal(admin_step(from, event), next[from][event]);
}

static void every_state_has_a_name(void **state) {
	(void)state;
	for (enum probe_state s = 0; s < PROBE_STATE_COUNT; s++)
		assert_non_null(probe_state_name(s));
	for (enum breaker_state s = 0; s < BREAKER_STATE_COUNT; s++)
		assert_non_null(breaker_state_name(s));
	for (enum admin_state s = 0; s < ADMIN_STATE_COUNT; s++)
		assert_non_null(admin_state_name(s));
	for (enum health_state s = 0; s < HEALTH_STATE_COUNT; s++)
		assert_non_null(health_state_name(s));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_go_by_the_figure),
		cmocka_unit_test(the_breaker_goes_by_the_figure_and_nothing_else_moves_it),
		cmocka_unit_test(the_operator_goes_by_the_figure),
		cmocka_unit_test(every_state_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
