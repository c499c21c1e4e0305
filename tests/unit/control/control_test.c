// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The life of the control core, with a dataplane whose tick is the test's script: step n runs at the nth tick.
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "control/config.h"
#include "dataplane/dataplane.h"
#include "session/session.h"
#include "unit/test.h"

struct dataplane {
	struct worker *worker;
	void (*step)(struct dataplane *dp, uint32_t tick);
	uint32_t ticks;
	uint32_t callbacks_set;
	struct dataplane_callbacks callbacks;
	const char *path;
	int client;
};

static struct command *asked; // of the worker

struct worker *dataplane_worker(struct dataplane *dp, uint8_t id) {
	assert_int_equal(id, 0);
	return dp->worker;
}

void dataplane_callbacks_set(struct dataplane *dp, const struct dataplane_callbacks *callbacks) {
	assert_non_null(callbacks);
	dp->callbacks = *callbacks;
	dp->callbacks_set++;
}

uint32_t dataplane_sources(struct dataplane *dp, const struct dataplane_source **ret_sources) {
	(void)dp;
	*ret_sources = NULL;
	return 0;
}

void dataplane_tick(struct dataplane *dp) {
	dp->step(dp, dp->ticks++);
	if (dp->ticks > 50)
		abort(); // the script did not end it
}

void dataplane_port_status(struct dataplane *dp, uint8_t port, struct port_status *ret_status) {
	(void)dp, (void)port;
	*ret_status = (struct port_status){0};
}

const struct counters *dataplane_counters(const struct dataplane *dp) {
	static const struct counters none;

	(void)dp;
	return &none;
}

bool dataplane_uses_huge_pages(const struct dataplane *dp) {
	(void)dp;
	return false;
}

const char *session_locator_name(const struct worker *w) {
	(void)w;
	return "";
}

const char *latency_kind_name(enum latency_kind kind) {
	(void)kind;
	return "";
}

bool mailbox_ask(struct worker *w, struct command *command) {
	(void)w;
	asked = command;
	return true;
}

#define DRAIN_MS 650
#define LINGER_TICKS 2 // four times T1

struct rig {
	char directory[32];
	char path[64];
	struct config *cfg;
	struct dataplane dp;
};

static int rig_up(void **state) {
	struct rig *rig = calloc(1, sizeof(*rig));
	char text[512], *error;

	snprintf(rig->directory, sizeof(rig->directory), "/tmp/tandem-test-XXXXXX");
	assert_non_null(mkdtemp(rig->directory));
	snprintf(rig->path, sizeof(rig->path), "%s/control.sock", rig->directory);
	snprintf(
		text,
		sizeof(text),
		"cores: {workers: [1]}\n"
		"ports: [{name: p, device: net_tap0, addresses: [192.0.2.1/24]}]\n"
		"listeners: [{name: l, address: 192.0.2.1}]\n"
		"log: {level: debug}\n"
		"control: {socket: %s}\n"
		"drain: %u\n"
		"timers: {t1: 50}\n",
		rig->path,
		DRAIN_MS
	);
	assert_int_equal(config_parse("t.yaml", str_from_c(text), 2, &rig->cfg, &error), 0);
	rig->dp.worker = aligned_alloc(CACHE_LINE, sizeof(struct worker));
	*rig->dp.worker = (struct worker){0};
	log_level_set(LOG_DEBUG);
	*state = rig;
	return 0;
}

static int rig_down(void **state) {
	struct rig *rig = *state;

	assert_int_equal(access(rig->path, F_OK), -1);
	rmdir(rig->directory);
	config_free(rig->cfg);
	free(rig->dp.worker);
	free(rig);
	return 0;
}

static void run(struct rig *rig, void (*step)(struct dataplane *dp, uint32_t tick)) {
	struct control *control;

	rig->dp.step = step;
	assert_int_equal(control_open(rig->cfg, &rig->dp, &control), 0);
	assert_int_equal(access(rig->path, F_OK), 0); // before any worker runs
	assert_int_equal(rig->dp.ticks, 0);
	control_run(control);
	control_close(control);
	assert_int_equal(rig->dp.callbacks_set, 2); // set, and taken back
}

static void sigterm_at_once(struct dataplane *dp, uint32_t tick) {
	if (tick == 0) {
		assert_int_equal(dp->worker->debug_events, 1);
		assert_int_equal(dp->worker->draining, 0);
		raise(SIGTERM);
	}
}

static void sigterm_without_calls_ends_the_run(void **state) {
	struct rig *rig = *state;

	run(rig, sigterm_at_once);
	assert_int_equal(rig->dp.worker->draining, 1);
	assert_in_range(rig->dp.ticks, 2, 4);
}

static void call_ends_at_the_third_tick(struct dataplane *dp, uint32_t tick) {
	if (tick == 0) {
		dp->worker->gauges.dialogs_confirmed = 1;
		raise(SIGINT);
	}
	if (tick == 2)
		dp->worker->gauges.dialogs_confirmed = 0;
}

static void the_drain_waits_for_the_last_call(void **state) {
	struct rig *rig = *state;

	run(rig, call_ends_at_the_third_tick);
	assert_in_range(rig->dp.ticks, 3, 4);
}

static void call_ends_and_lingers(struct dataplane *dp, uint32_t tick) {
	call_ends_at_the_third_tick(dp, tick);
	if (tick == 2)
		dp->worker->gauges.transactions_lingering = 1;
}

// Its last answer may be lost, and is asked for again.
static void the_last_call_is_answered_for_a_while(void **state) {
	struct rig *rig = *state;

	run(rig, call_ends_and_lingers);
	assert_in_range(rig->dp.ticks, 3 + LINGER_TICKS, 4 + LINGER_TICKS);
}

static void a_late_retransmission_opens_a_call(struct dataplane *dp, uint32_t tick) {
	call_ends_and_lingers(dp, tick);
	if (tick == 3)
		dp->worker->gauges.transactions_live = 1;
	if (tick == 4)
		dp->worker->gauges.transactions_live = 0;
}

static void the_while_begins_again_with_each_call(void **state) {
	struct rig *rig = *state;

	run(rig, a_late_retransmission_opens_a_call);
	assert_in_range(rig->dp.ticks, 5 + LINGER_TICKS, 6 + LINGER_TICKS);
}

static void call_never_ends(struct dataplane *dp, uint32_t tick) {
	dp->worker->gauges.transactions_live = 1;
	if (tick == 0)
		raise(SIGTERM);
}

static void the_drain_is_bounded(void **state) {
	struct rig *rig = *state;

	run(rig, call_never_ends);
	assert_in_range(rig->dp.ticks, DRAIN_MS / 100, DRAIN_MS / 100 + 2);
}

static void two_signals(struct dataplane *dp, uint32_t tick) {
	dp->worker->gauges.dialogs_early = 1;
	if (tick == 0 || tick == 1)
		raise(SIGTERM);
}

static void a_second_signal_ends_the_drain(void **state) {
	struct rig *rig = *state;

	run(rig, two_signals);
	assert_int_equal(rig->dp.ticks, 2);
}

static void ask_dialogs(struct dataplane *dp) {
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"dialogs\"}\n";
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", dp->path);
	dp->client = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(dp->client, (const struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(write(dp->client, request, strlen(request)), strlen(request));
}

static void worker_answers_after_the_end(struct dataplane *dp, uint32_t tick) {
	if (tick == 0)
		ask_dialogs(dp);
	if (tick == 1) {
		assert_non_null(asked);
		raise(SIGTERM);
	}
	if (tick == 7)
		dp->callbacks.reply(dp->callbacks.ctx, asked);
}

static uint32_t count_of(const char *text, const char *what) {
	uint32_t count = 0;

	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

// The core waits for what is with a worker, and says only once that it has drained.
static void the_end_is_logged_once(void **state) {
	struct rig *rig = *state;
	int saved = dup(STDERR_FILENO), log[2];
	char text[8192];
	ssize_t len;

	rig->dp.path = rig->path;
	assert_int_equal(pipe2(log, O_NONBLOCK), 0);
	dup2(log[1], STDERR_FILENO);
	run(rig, worker_answers_after_the_end);
	dup2(saved, STDERR_FILENO);
	len = read(log[0], text, sizeof(text) - 1);
	assert_true(len > 0);
	text[len] = '\0';
	assert_int_equal(count_of(text, "drained; no call is left"), 1);
	assert_int_equal(rig->dp.ticks, 8);
	close(rig->dp.client);
	close(saved);
	close(log[0]);
	close(log[1]);
}

static void hup_then_term(struct dataplane *dp, uint32_t tick) {
	if (tick == 0)
		raise(SIGHUP);
	if (tick == 1) {
		assert_int_equal(dp->worker->draining, 0);
		raise(SIGTERM);
	}
}

static void sighup_changes_nothing(void **state) {
	run(*state, hup_then_term);
}

// The run ends before it begins, and says so.
static void a_socket_that_cannot_be_made_is_an_error(void **state) {
	struct rig *rig = *state;
	struct control *control = NULL;

	assert_int_equal(mkdir(rig->path, 0700), 0);
	assert_int_equal(control_open(rig->cfg, &rig->dp, &control), -EEXIST);
	assert_null(control);
	assert_int_equal(rig->dp.ticks, 0);
	rmdir(rig->path);
}

#define T(test) cmocka_unit_test_setup_teardown(test, rig_up, rig_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		T(sigterm_without_calls_ends_the_run),
		T(the_drain_waits_for_the_last_call),
		T(the_last_call_is_answered_for_a_while),
		T(the_while_begins_again_with_each_call),
		T(the_drain_is_bounded),
		T(a_second_signal_ends_the_drain),
		T(the_end_is_logged_once),
		T(sighup_changes_nothing),
		T(a_socket_that_cannot_be_made_is_an_error),
	};

	control_block_signals();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
