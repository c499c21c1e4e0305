// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Every method over a socket pair, with two workers that exist only as their structs: what the dataplane and the
// session give the control core stands in below.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/pool.h"
#include "control/config.h"
#include "control/core.h"
#include "session/inspect.h"
#include "session/session.h"
#include "unit/test.h"

#define WORKERS 2

struct rig {
	struct control c;
	struct config *cfg;
	int fd;
	struct command *asked;	// the command that is with a worker
	uint32_t rows[WORKERS]; // records a worker holds
	uint32_t refuse;	// so many questions find the ring full
	uint32_t questions;
};

static struct rig *the_rig; // the stand-ins have no other way to it

const char *session_locator_name(const struct worker *w) {
	(void)w;
	return "scalar";
}

const struct counters *dataplane_counters(const struct dataplane *dp) {
	static const struct counters none;

	(void)dp;
	return &none;
}

bool dataplane_uses_huge_pages(const struct dataplane *dp) {
	(void)dp;
	return true;
}

const char *latency_kind_name(enum latency_kind kind) {
	static const char *const names[LATENCY_COUNT] = {"none", "invite", "request", "provisional", "final", "local"};

	return names[kind];
}

void dataplane_port_status(struct dataplane *dp, uint8_t port, struct port_status *ret_status) {
	(void)dp;
	*ret_status = (struct port_status){
		.name = "p",
		.device = "net_tap0",
		.driver = "net_tap",
		.tap = "p",
		.link_up = true,
		.speed_mbps = 10000,
		.mac = {2, 0, 0, 0, 0, 0xab},
		.rx_queues = WORKERS,
		.tx_queues = WORKERS,
		.mtu = 1500,
		.rx_packets = 1000 + port,
		.tx_packets = 900,
	};
}

bool mailbox_ask(struct worker *w, struct command *command) {
	assert_ptr_equal(w, the_rig->c.worker[command->worker]);
	if (the_rig->refuse) {
		the_rig->refuse--;
		return false;
	}
	the_rig->asked = command;
	the_rig->questions++;
	return true;
}

static int rig_up(void **state) {
	static const char text[] = "cores: {workers: [0, 1]}\n"
				   "ports: [{name: p, device: net_tap0, addresses: [192.0.2.1/24]}]\n"
				   "listeners: [{name: l, address: 192.0.2.1}]\n";
	struct rig *rig = calloc(1, sizeof(*rig));
	const struct server_backend calls = {.call = commands_call, .ctx = &rig->c};
	char *error;
	int fd[2];

	assert_int_equal(config_parse("t.yaml", str_from_c(text), 2, &rig->cfg, &error), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	rig->c.cfg = rig->cfg;
	rig->c.tsc_hz = 1000000000;
	rig->c.started_ms = control_now_ms();
	rig->c.loop = loop_new();
	rig->c.server = server_new(loop_base(rig->c.loop), &calls);
	for (int i = 0; i < WORKERS; i++) {
		rig->c.worker[i] = aligned_alloc(CACHE_LINE, sizeof(struct worker));
		*rig->c.worker[i] = (struct worker){.id = (uint8_t)i};
	}
	server_adopt(rig->c.server, fd[1]);
	rig->fd = fd[0];
	the_rig = rig;
	*state = rig;
	return 0;
}

static int rig_down(void **state) {
	struct rig *rig = *state;

	close(rig->fd);
	server_close(rig->c.server);
	assert_null(rig->c.listings);
	for (int i = 0; i < WORKERS; i++)
		free(rig->c.worker[i]);
	loop_free(rig->c.loop);
	config_free(rig->cfg);
	free(rig);
	return 0;
}

static void fill_dialog(struct inspect_dialog *row, uint8_t worker, uint32_t slot) {
	*row = (struct inspect_dialog){.state = "confirmed", .caller_cseq = slot};
	snprintf(row->id, sizeof(row->id), "%u-%u-1", worker, slot);
}

// What inspect_answer does, over as many records as the rig says.
static void worker_answers(struct rig *rig) {
	struct command *command = rig->asked;
	uint32_t rows = rig->rows[command->worker];

	rig->asked = NULL;
	if (command->kind == INSPECT_DIALOGS) {
		struct inspect_dialogs *body = command->body;

		body->count = 0;
		while (body->cursor < rows && body->count < INSPECT_ROWS) {
			fill_dialog(&body->row[body->count], command->worker, body->cursor++);
			if (!body->id[0] || strcmp(body->id, body->row[body->count].id) == 0)
				body->count++;
		}
		body->cursor = body->cursor == rows ? SLOT_NONE : body->cursor;
	} else {
		struct inspect_transactions *body = command->body;

		body->count = rows;
		for (uint32_t i = 0; i < rows; i++)
			body->row[i] = (struct inspect_transaction){.id = "0-1-1", .method = "INVITE", .status = 180};
		body->cursor = SLOT_NONE;
	}
	listing_reply(&rig->c, command);
}

// The answer to a call, as an object to be freed.
static json_t *ask(struct rig *rig, const char *method, const char *params) {
	char request[512], *line = NULL;
	size_t len = 0;
	json_t *answer = NULL;
	ssize_t got;

	snprintf(
		request,
		sizeof(request),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n",
		method,
		params
	);
	assert_int_equal(write(rig->fd, request, strlen(request)), strlen(request));
	line = malloc(32 << 20);
	while (len == 0 || line[len - 1] != '\n') {
		got = read(rig->fd, line + len, (32 << 20) - len);
		len += got > 0 ? (size_t)got : 0;
		if (got > 0)
			continue;
		assert_int_equal(errno, EAGAIN);
		if (rig->asked)
			worker_answers(rig);
		else if (rig->c.listings && rig->refuse == 0 && rig->questions == 0)
			listing_retry(&rig->c);
		else
			loop_turn(rig->c.loop);
	}
	answer = json_loadb(line, len, 0, NULL);
	assert_non_null(answer);
	free(line);
	return answer;
}

static void assert_error(struct rig *rig, const char *method, const char *params, const char *expected) {
	json_t *answer = ask(rig, method, params);
	const char *message = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));

	assert_non_null(message);
	assert_non_null(strstr(message, expected));
	json_decref(answer);
}

static const json_t *result_of(const json_t *answer) {
	const json_t *result = json_object_get(answer, "result");

	assert_non_null(result);
	return result;
}

static int64_t number(const json_t *json, const char *outer, const char *inner) {
	const json_t *value = json_object_get(inner ? json_object_get(json, outer) : json, inner ? inner : outer);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

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

static void a_listing_walks_all_workers_in_slices(void **state) {
	struct rig *rig = *state;
	json_t *answer;

	rig->rows[0] = 150;
	rig->rows[1] = 70;
	answer = ask(rig, "dialogs", "{\"limit\":1000}");
	assert_int_equal(json_array_size(json_object_get(result_of(answer), "dialogs")), 220);
	assert_true(json_is_true(json_object_get(result_of(answer), "complete")));
	assert_int_equal(rig->questions, 3 + 2);
	json_decref(answer);
}

static void a_listing_ends_at_its_limit(void **state) {
	struct rig *rig = *state;
	json_t *answer;

	rig->rows[0] = 150;
	answer = ask(rig, "dialogs", "{}");
	assert_int_equal(json_array_size(json_object_get(result_of(answer), "dialogs")), METHOD_ROWS_DEFAULT);
	assert_true(json_is_false(json_object_get(result_of(answer), "complete")));
	json_decref(answer);
	rig->rows[0] = 0;
	rig->rows[1] = 3;
	answer = ask(rig, "transactions", "{\"limit\":2,\"filter\":\"x\"}");
	assert_int_equal(json_array_size(json_object_get(result_of(answer), "transactions")), 2);
	assert_true(json_is_false(json_object_get(result_of(answer), "complete")));
	json_decref(answer);
	answer = ask(rig, "transactions", "{\"limit\":3}");
	assert_true(json_is_true(json_object_get(result_of(answer), "complete")));
	json_decref(answer);
}

static void a_full_ring_is_asked_again(void **state) {
	struct rig *rig = *state;
	json_t *answer;

	rig->refuse = 1;
	rig->rows[0] = 1;
	answer = ask(rig, "dialogs", "{}");
	assert_int_equal(json_array_size(json_object_get(result_of(answer), "dialogs")), 1);
	json_decref(answer);
}

static void one_dialog_is_found_on_any_worker(void **state) {
	struct rig *rig = *state;
	json_t *answer;

	rig->rows[0] = 100;
	rig->rows[1] = 100;
	answer = ask(rig, "dialog", "{\"id\":\"1-77-1\"}");
	assert_int_equal(number(result_of(answer), "caller_cseq", NULL), 77);
	json_decref(answer);
	assert_error(rig, "dialog", "{\"id\":\"9-9-9\"}", "no dialog \"9-9-9\"; it may have ended");
}

// The worker still has the command when the client leaves; it is freed when it comes back.
static void a_client_may_leave_in_the_middle_of_a_listing(void **state) {
	struct rig *rig = *state;
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"dialogs\"}\n";

	rig->rows[0] = 1000;
	assert_int_equal(write(rig->fd, request, strlen(request)), strlen(request));
	while (!rig->asked)
		loop_turn(rig->c.loop);
	server_close(rig->c.server);
	rig->c.server = NULL;
	assert_non_null(rig->c.listings);
	worker_answers(rig);
	assert_null(rig->c.listings);
	assert_null(rig->asked);
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
		{"dialog", "{\"id\":\"\"}", "id has to be a string of 1 to 19 bytes"},
		{"dialog", "{\"id\":\"12345678901234567890\"}", "id has to be a string of 1 to 19 bytes"},
		{"counters", "{\"nonzero\":1}", "nonzero has to be true or false"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_error(*state, rows[i].method, rows[i].params, rows[i].expected);
}

#define T(test) cmocka_unit_test_setup_teardown(test, rig_up, rig_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		T(status_sums_the_workers),
		T(rates_are_of_the_last_second),
		T(counters_are_by_name_and_worker),
		T(latency_is_in_microseconds),
		T(ports_and_config_are_shown),
		T(a_listing_walks_all_workers_in_slices),
		T(a_listing_ends_at_its_limit),
		T(a_full_ring_is_asked_again),
		T(one_dialog_is_found_on_any_worker),
		T(a_client_may_leave_in_the_middle_of_a_listing),
		T(the_log_level_is_shown_and_set),
		T(wrong_params_are_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
