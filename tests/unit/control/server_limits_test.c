// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What no client can do to the others: fill the server, keep it busy, or let answers pile up.
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "unit/control/server_rig.h"

#define IDLE_MS 30

static void a_line_too_long_ends_the_connection(void **state) {
	struct rig *rig = *state;
	static char text[RPC_LINE_MAX + 100];
	int fd = client_new(rig);
	size_t sent = 0;
	char *line;

	memset(text, '[', sizeof(text));
	while (sent < sizeof(text)) {
		ssize_t count = write(fd, text + sent, sizeof(text) - sent);

		sent += count > 0 ? (size_t)count : 0;
		if (sent < sizeof(text))
			loop_turn(rig->loop);
	}
	line = hear(rig, fd);
	assert_non_null(strstr(line, "\"code\":-32600,\"message\":\"line too long; at most 65536 bytes\""));
	free(line);
	while (server_clients(rig->server) > 0)
		loop_turn(rig->loop);
	close(fd);
}

static void a_line_nested_without_end_is_refused(void **state) {
	static const char *const nests[] = {"[", "{\"a\":", "[[{\"a\":[", "{\"params\":{\"x\":["};
	static char text[RPC_LINE_MAX];
	struct rig *rig = *state;
	int fd = client_new(rig);

	for (size_t i = 0; i < ARRAY_LEN(nests); i++) {
		size_t len = 0, size = strlen(nests[i]);
		char *line;

		for (; len + size < 50000; len += size)
			memcpy(text + len, nests[i], size);
		text[len++] = '\n';
		assert_int_equal(write(fd, text, len), len);
		line = hear(rig, fd);
		assert_non_null(strstr(line, "\"code\":-32700"));
		free(line);
		say(fd, ECHO("1", "1")); // the connection is none the worse
		expect(rig, fd, RESULT("1", "1"));
	}
	assert_int_equal(rig->calls, ARRAY_LEN(nests));
	close(fd);
}

// Sixteen clients that ask nothing; the first two are the longest idle but for the first, which then asks something.
static void a_full_server_closes_the_client_idle_for_longest(void **state) {
	struct rig *rig = *state;
	int fds[SERVER_CLIENTS_MAX], more;

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = client_new(rig);
	say(fds[0], ECHO("1", "1"));
	expect(rig, fds[0], RESULT("1", "1"));
	say(fds[1], "{\"jsonrpc\":"); // a line that does not end is no question
	loop_turn(rig->loop);
	more = client_new(rig);
	say(more, ECHO("2", "2"));
	expect(rig, more, RESULT("2", "2"));
	assert_int_equal(server_clients(rig->server), SERVER_CLIENTS_MAX);
	expect(rig, fds[1], "");
	say(fds[0], ECHO("3", "3"));
	expect(rig, fds[0], RESULT("3", "3"));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	close(more);
}

static void one_client_too_many_is_told_so_when_none_is_idle(void **state) {
	struct rig *rig = *state;
	int fds[SERVER_CLIENTS_MAX + 1];
	struct request *kept[SERVER_CLIENTS_MAX];
	char *line;

	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		fds[i] = client_new(rig);
		say(fds[i], LATER("1"));
		while (rig->calls == i)
			loop_turn(rig->loop);
		kept[i] = rig->kept;
	}
	fds[SERVER_CLIENTS_MAX] = client_new(rig);
	line = hear(rig, fds[SERVER_CLIENTS_MAX]);
	assert_non_null(strstr(line, "too many clients"));
	free(line);
	rig->kept = NULL;
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		request_result(kept[i], json_true());
		expect(rig, fds[i], RESULT("1", "true"));
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static void a_client_that_asks_nothing_is_closed_in_time(void **state) {
	struct rig *rig = *state;
	const struct server_backend calls = {.call = server_backend_call, .ctx = rig};
	int quiet, waiting;

	server_close(rig->server);
	rig->server = server_new(loop_base(rig->loop), &calls, IDLE_MS);
	waiting = client_new(rig);
	say(waiting, LATER("1"));
	while (!rig->kept)
		loop_turn(rig->loop);
	quiet = client_new(rig);
	say(quiet, "{");
	expect(rig, quiet, "");
	assert_int_equal(server_clients(rig->server), 1); // the one that waits for its answer stays
	request_result(rig->kept, json_true());
	rig->kept = NULL;
	expect(rig, waiting, RESULT("1", "true"));
	expect(rig, waiting, "");
	assert_int_equal(server_clients(rig->server), 0);
	close(quiet);
	close(waiting);
}

#define NOTIFY "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n"

// Nothing is sent for them, so only the share of a turn holds them up.
static void notifications_take_turns_with_everything_else(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	for (int i = 0; i < 5 * SERVER_CALLS_MAX; i++)
		say(fd, NOTIFY);
	say(fd, ECHO("1", "1"));
	for (uint32_t calls = 0; calls < 5 * SERVER_CALLS_MAX; calls = rig->calls) {
		loop_turn(rig->loop);
		assert_in_range(rig->calls, calls, calls + SERVER_CALLS_MAX);
	}
	expect(rig, fd, RESULT("1", "1"));
	assert_int_equal(rig->calls, 5 * SERVER_CALLS_MAX + 1);
	close(fd);
}

static void the_last_notifications_of_a_client_that_ends_are_taken(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	for (int i = 0; i < 2 * SERVER_CALLS_MAX + 1; i++)
		say(fd, NOTIFY);
	shutdown(fd, SHUT_WR);
	expect(rig, fd, "");
	assert_int_equal(rig->calls, 2 * SERVER_CALLS_MAX + 1);
	assert_int_equal(server_clients(rig->server), 0);
	close(fd);
}

// A client that asks and asks and never reads is not read from either.
static void answers_nobody_takes_do_not_pile_up(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	for (int i = 0; i < 20; i++)
		say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"big\"}\n");
	loop_turn(rig->loop);
	loop_turn(rig->loop);
	assert_int_equal(rig->calls, 1);
	close(fd);
	while (server_clients(rig->server) > 0)
		loop_turn(rig->loop);
}

#define T(test) cmocka_unit_test_setup_teardown(test, server_rig_up, server_rig_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		T(a_line_too_long_ends_the_connection),
		T(a_line_nested_without_end_is_refused),
		T(a_full_server_closes_the_client_idle_for_longest),
		T(one_client_too_many_is_told_so_when_none_is_idle),
		T(a_client_that_asks_nothing_is_closed_in_time),
		T(notifications_take_turns_with_everything_else),
		T(the_last_notifications_of_a_client_that_ends_are_taken),
		T(answers_nobody_takes_do_not_pile_up),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
