// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the control core answers at once, over a socket pair.
#include <signal.h>
#include <stdio.h>

#include "unit/control/commands_rig.h"

static void status_sums_the_workers(void **state) {
	struct rig *rig = *state;
	json_t *answer;
	const json_t *status;

	for (int i = 0; i < WORKERS; i++) {
		rig->c.worker[i]->gauges = (struct worker_gauges){
			.transactions_live = 3,
			.transactions_lingering = 4,
			.transactions_max = 10,
			.transactions_capacity = 100,
			.dialogs_early = 1,
			.dialogs_confirmed = 2,
			.text_used = 1000,
			.text_capacity = 4000,
		};
		count_add(&rig->c.worker[i]->count, COUNT_DROP_NO_ROUTE, 5);
		count_add(&rig->c.worker[i]->count, COUNT_SIP_LOOP, 2);
		count_add(&rig->c.worker[i]->count, COUNT_REFUSED_DRAIN, 1);
		count_add(&rig->c.worker[i]->count, COUNT_MSG_REQUESTS_IN, 7);
	}
	answer = ask(rig, "status", "{}");
	status = result_of(answer);
	assert_string_equal(json_string_value(json_object_get(status, "state")), "running");
	assert_string_equal(json_string_value(json_object_get(status, "locator")), "scalar");
	assert_string_equal(json_string_value(json_object_get(status, "proxy")), "dialog");
	assert_string_equal(json_string_value(json_object_get(status, "idle")), "spin");
	assert_true(json_is_true(json_object_get(status, "hugepages")));
	assert_int_equal(number(status, "transactions", "live"), 6);
	assert_int_equal(number(status, "transactions", "lingering"), 8);
	assert_int_equal(number(status, "transactions", "capacity"), 200);
	assert_int_equal(number(status, "dialogs", "early"), 2);
	assert_int_equal(number(status, "dialogs", "confirmed"), 4);
	assert_int_equal(number(status, "text", "used"), 2000);
	assert_int_equal(number(status, "messages", "in"), 14);
	assert_int_equal(number(status, "drops", NULL), 10);
	assert_int_equal(number(status, "refusals", NULL), 6);
	json_decref(answer);
}

static void rates_are_of_the_last_second(void **state) {
	struct rig *rig = *state;
	json_t *answer;
	const json_t *calls;

	// 20 seconds: 10 calls a tick at first, 50 a tick in the last second; worker 0 is busy half of the time
	for (uint32_t tick = 0; tick <= 200; tick++) {
		sample_take(&rig->c, (uint64_t)tick * 100000000);
		count_add(&rig->c.worker[0]->count, COUNT_CALLS_STARTED, tick < 190 ? 10 : 50);
		rig->c.worker[0]->busy_tsc += 50000000;
	}
	answer = ask(rig, "status", "{}");
	calls = json_object_get(result_of(answer), "calls");
	assert_float_equal((float)json_real_value(json_object_get(calls, "per_second_1s")), 500.0f, 0.01f);
	assert_float_equal((float)json_real_value(json_object_get(calls, "per_second_10s")), 140.0f, 0.01f);
	json_decref(answer);
	answer = ask(rig, "workers", "{}");
	calls = json_array_get(json_object_get(result_of(answer), "workers"), 0);
	assert_float_equal((float)json_real_value(json_object_get(calls, "busy_percent")), 50.0f, 0.01f);
	json_decref(answer);
}

static void stages_are_cycles_a_message_without_the_probes(void **state) {
	struct rig *rig = *state;
	const json_t *row;
	json_t *answer;

	for (int i = 0; i < WORKERS; i++) {
		struct stage_totals *totals = &rig->c.worker[i]->stages;

		*totals = (struct stage_totals){.messages = 50, .probe_cycles = STAGE_PROBES * 20};
		totals->cycles[STAGE_PARSE] = 50 * 320;
		totals->entries[STAGE_PARSE] = 50;
		totals->cycles[STAGE_SEND] = 50 * 100;
		totals->cycles[STAGE_TIMERS] = 19; // less than its probe: none
		totals->entries[STAGE_TIMERS] = 1;
	}
	answer = ask(rig, "stages", "{}");
	assert_int_equal(number(result_of(answer), "messages", NULL), 100);
	assert_float_equal((float)json_real_value(json_object_get(result_of(answer), "cycles")), 400.0f, 0.01f);
	row = json_array_get(json_object_get(result_of(answer), "stages"), STAGE_PARSE);
	assert_string_equal(json_string_value(json_object_get(row, "stage")), "parse");
	assert_float_equal((float)json_real_value(json_object_get(row, "cycles")), 300.0f, 0.01f);
	assert_float_equal((float)json_real_value(json_object_get(row, "percent")), 75.0f, 0.01f);
	row = json_array_get(json_object_get(result_of(answer), "stages"), STAGE_TIMERS);
	assert_float_equal((float)json_real_value(json_object_get(row, "cycles")), 0.0f, 0.01f);
	json_decref(answer);
}

static void stages_are_switched_in_every_worker(void **state) {
	struct rig *rig = *state;

	for (int on = 1; on >= 0; on--) {
		json_t *answer = ask(rig, "stages.switch", on ? "{\"to\":\"on\"}" : "{\"to\":\"off\"}");

		assert_int_equal(json_is_true(json_object_get(result_of(answer), "on")), on);
		json_decref(answer);
		for (int i = 0; i < WORKERS; i++)
			assert_int_equal(rig->c.worker[i]->measure, on);
	}
	assert_error(rig, "stages.switch", "{\"to\":\"up\"}", "stages can be");
}

static void counters_are_by_name_and_worker(void **state) {
	struct rig *rig = *state;
	json_t *answer;
	const json_t *counter;

	count_add(&rig->c.worker[1]->count, COUNT_RX_SIP, 42);
	answer = ask(rig, "counters", "{}");
	assert_int_equal(json_object_size(json_object_get(result_of(answer), "counters")), COUNT_COUNT);
	json_decref(answer);
	answer = ask(rig, "counters", "{\"nonzero\":true}");
	assert_int_equal(json_object_size(json_object_get(result_of(answer), "counters")), 1);
	counter = json_object_get(json_object_get(result_of(answer), "counters"), "rx.sip");
	assert_int_equal(number(counter, "sum", NULL), 42);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(counter, "workers"), 1)), 42);
	json_decref(answer);
}

static void latency_is_in_microseconds(void **state) {
	struct rig *rig = *state;
	json_t *answer;
	const json_t *list, *all;

	for (int i = 0; i < 100; i++)
		hist_add(&rig->c.worker[i % 2]->latency[LATENCY_INVITE], 16000); // 16 us at 1 GHz
	answer = ask(rig, "latency", "{}");
	list = json_object_get(result_of(answer), "latency");
	assert_int_equal(json_array_size(list), LATENCY_COUNT); // all kinds but none, and the sum
	all = json_array_get(list, LATENCY_COUNT - 1);
	assert_string_equal(json_string_value(json_object_get(all, "kind")), "all");
	assert_int_equal(number(all, "count", NULL), 100);
	assert_float_equal((float)json_real_value(json_object_get(all, "mean_us")), 16.0f, 0.01f);
	assert_float_equal((float)json_real_value(json_object_get(all, "p99_us")), 16.0f, 1.0f);
	assert_float_equal((float)json_real_value(json_object_get(all, "max_us")), 16.0f, 0.01f);
	json_decref(answer);
	hist_add(&rig->c.worker[1]->undisturbed, 2000);
	answer = ask(rig, "latency", "{}");
	list = json_object_get(result_of(answer), "latency");
	all = json_array_get(list, LATENCY_COUNT);
	assert_string_equal(json_string_value(json_object_get(all, "kind")), "undisturbed");
	assert_int_equal(number(all, "count", NULL), 1);
	json_decref(answer);
}

static void ports_and_config_are_shown(void **state) {
	struct rig *rig = *state;
	json_t *answer = ask(rig, "ports", "{}");
	const json_t *port = json_array_get(json_object_get(result_of(answer), "ports"), 0);

	assert_string_equal(json_string_value(json_object_get(port, "mac")), "02:00:00:00:00:ab");
	assert_int_equal(number(port, "rx", "packets"), 1000);
	json_decref(answer);
	answer = ask(rig, "config", "{}");
	assert_string_equal(json_string_value(json_object_get(result_of(answer), "file")), "t.yaml");
	assert_non_null(json_object_get(json_object_get(result_of(answer), "config"), "timers"));
	json_decref(answer);
}

static void the_log_level_is_shown_and_set(void **state) {
	struct rig *rig = *state;

	json_decref(ask(rig, "log.level", "{\"level\":\"debug\"}"));
	assert_int_equal(log_level_get(), LOG_DEBUG);
	assert_int_equal(rig->c.worker[1]->debug_events, 1);
	json_decref(ask(rig, "log.level", "{\"level\":\"error\"}"));
	assert_int_equal(log_level_get(), LOG_ERROR);
	assert_int_equal(rig->c.worker[1]->debug_events, 0);
	assert_error(rig, "log.level", "{\"level\":\"loud\"}", "no log level \"loud\"");
}

static void wrong_params_are_refused(void **state) {
	static const struct {
		const char *method, *params, *expected;
	} rows[] = {
		{"statistics", "{}", "no method \"statistics\""},
		{"status", "{\"x\":1}", "status takes no parameter \"x\""},
		{"dialogs", "{\"limit\":0}", "limit has to be a number from 1 to 10000"},
		{"dialogs", "{\"limit\":10001}", "limit has to be a number from 1 to 10000"},
		{"dialogs", "{\"limit\":\"7\"}", "limit has to be a number from 1 to 10000"},
		{"dialogs", "{\"filter\":7}", "filter has to be a string of 0 to 95 bytes"},
		{"dialog", "{}", "the parameter id is missing"},
		{"dialog",
		 "{\"id\":\"bob\"}",
		 "\"bob\" is no dialog id; one has 18 digits 0-9 a-f, as show dialogs prints it"},
		{"dialog", "{\"id\":\"01000000AD00000001\"}", "is no dialog id"},
		{"dialog", "{\"id\":\"00000000ad0000001\"}", "is no dialog id"},
		{"dialog", "{\"id\":\"\"}", "id has to be a string of 1 to 19 bytes"},
		{"dialog", "{\"id\":\"12345678901234567890\"}", "id has to be a string of 1 to 19 bytes"},
		{"counters", "{\"nonzero\":1}", "nonzero has to be true or false"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_error(*state, rows[i].method, rows[i].params, rows[i].expected);
}

#define T(test) cmocka_unit_test_setup_teardown(test, commands_rig_up, commands_rig_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		T(status_sums_the_workers),
		T(rates_are_of_the_last_second),
		T(stages_are_cycles_a_message_without_the_probes),
		T(stages_are_switched_in_every_worker),
		T(counters_are_by_name_and_worker),
		T(latency_is_in_microseconds),
		T(ports_and_config_are_shown),
		T(the_log_level_is_shown_and_set),
		T(wrong_params_are_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
