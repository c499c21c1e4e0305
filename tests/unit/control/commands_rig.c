// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/control/commands_rig.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/pool.h"
#include "control/config.h"
#include "session/inspect.h"
#include "session/session.h"

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

int commands_rig_up(void **state) {
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
	rig->c.server = server_new(loop_base(rig->c.loop), &calls, SERVER_IDLE_MS);
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

int commands_rig_down(void **state) {
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
	snprintf(row->id, sizeof(row->id), "%02x%08x%08x", worker, slot, 1);
}

void worker_answers(struct rig *rig) {
	struct command *command = rig->asked;
	uint32_t rows = rig->rows[command->worker];

	rig->asked = NULL;
	if (command->kind == INSPECT_DIALOGS && ((struct inspect_dialogs *)command->body)->id[0]) {
		struct inspect_dialogs *body = command->body;

		fill_dialog(&body->row[0], command->worker, body->cursor);
		body->count = body->cursor < rows && strcmp(body->id, body->row[0].id) == 0;
		body->cursor = SLOT_NONE;
	} else if (command->kind == INSPECT_DIALOGS) {
		struct inspect_dialogs *body = command->body;

		body->count = 0;
		while (body->cursor < rows && body->count < INSPECT_ROWS) {
			fill_dialog(&body->row[body->count++], command->worker, body->cursor++);
		}
		body->cursor = body->cursor == rows ? SLOT_NONE : body->cursor;
	} else if (command->kind == INSPECT_BANS) {
		struct inspect_bans *body = command->body;

		body->count = rows;
		for (uint32_t i = 0; i < rows; i++)
			body->row[i] =
				(struct inspect_ban_row){.address = "192.0.2.9", .left_s = i, .by_operator = i == 0};
		body->cursor = SLOT_NONE;
	} else if (command->kind == INSPECT_BAN) {
		struct inspect_ban *body = command->body;

		rig->banned_s = body->seconds;
		body->done = rows > 0;
	} else {
		struct inspect_transactions *body = command->body;

		body->count = rows;
		for (uint32_t i = 0; i < rows; i++)
			body->row[i] = (struct inspect_transaction){.id = "0-1-1", .method = "INVITE", .status = 180};
		body->cursor = SLOT_NONE;
	}
	listing_reply(&rig->c, command);
}

json_t *ask(struct rig *rig, const char *method, const char *params) {
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

void assert_error(struct rig *rig, const char *method, const char *params, const char *expected) {
	json_t *answer = ask(rig, method, params);
	const char *message = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));

	assert_non_null(message);
	assert_non_null(strstr(message, expected));
	json_decref(answer);
}

const json_t *result_of(const json_t *answer) {
	const json_t *result = json_object_get(answer, "result");

	assert_non_null(result);
	return result;
}

int64_t number(const json_t *json, const char *outer, const char *inner) {
	const json_t *value = json_object_get(inner ? json_object_get(json, outer) : json, inner ? inner : outer);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}
