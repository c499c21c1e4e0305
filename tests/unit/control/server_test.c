// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "unit/control/server_rig.h"

static void a_request_is_answered(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	say(fd, ECHO("1", "\"hello\""));
	expect(rig, fd, RESULT("1", "\"hello\""));
	close(fd);
}

static void requests_in_one_write_are_answered_in_order(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	say(fd, "\n\r\n" ECHO("1", "1") "  \n" ECHO("2", "2") ECHO("3", "3"));
	expect(rig, fd, RESULT("1", "1"));
	expect(rig, fd, RESULT("2", "2"));
	expect(rig, fd, RESULT("3", "3"));
	close(fd);
}

static void a_request_in_pieces_is_answered(void **state) {
	struct rig *rig = *state;
	static const char text[] = ECHO("1", "true");
	int fd = client_new(rig);

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(write(fd, &text[i], 1), 1);
		loop_turn(rig->loop);
	}
	expect(rig, fd, RESULT("1", "true"));
	close(fd);
}

static void the_last_line_needs_no_end(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"x\":5}}");
	shutdown(fd, SHUT_WR);
	expect(rig, fd, RESULT("1", "5"));
	expect(rig, fd, "");
	assert_int_equal(server_clients(rig->server), 0);
	close(fd);
}

static void an_answer_may_come_later(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	say(fd, LATER("1") ECHO("2", "2"));
	while (!rig->kept)
		loop_turn(rig->loop);
	assert_int_equal(rig->calls, 1); // the second waits for the first
	request_result(rig->kept, json_string("now"));
	rig->kept = NULL;
	expect(rig, fd, RESULT("1", "\"now\""));
	expect(rig, fd, RESULT("2", "2"));
	close(fd);
}

static void a_batch_may_be_answered_later(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	say(fd,
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"no\"}]\n");
	while (!rig->kept)
		loop_turn(rig->loop);
	request_error(rig->kept, RPC_NOT_FOUND, "gone");
	rig->kept = NULL;
	expect(rig,
	       fd,
	       "[{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32001,\"message\":\"gone\"},\"id\":1},"
	       "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":\"no method \\\"no\\\"\"},\"id\":2}]");
	close(fd);
}

static void an_answer_to_a_client_that_left_is_dropped(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	say(fd, LATER("1"));
	while (!rig->kept)
		loop_turn(rig->loop);
	close(fd);
	server_close(rig->server);
	rig->server = NULL;
	assert_true(request_is_void(rig->kept));
	request_result(rig->kept, json_string("too late"));
	rig->kept = NULL;
}

static void a_client_that_leaves_is_freed(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	say(fd, "{\"jsonrpc\":");
	close(fd);
	while (server_clients(rig->server) > 0)
		loop_turn(rig->loop);
	assert_int_equal(rig->calls, 0);
}

static void a_request_knows_its_batch(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	say(fd, ECHO("1", "1"));
	expect(rig, fd, RESULT("1", "1"));
	assert_int_equal(rig->batch, 1);
	say(fd,
	    "[{\"jsonrpc\":\"2.0\",\"method\":\"x\"},{\"jsonrpc\":\"2.0\",\"method\":\"x\"},"
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"x\":1}}]\n");
	expect(rig, fd, "[" RESULT("1", "1") "]");
	assert_int_equal(rig->batch, 3);
	close(fd);
}

// The backend repeats what was asked, cut where its buffer ends.
static void an_error_may_hold_half_a_character(void **state) {
	struct rig *rig = *state;
	int fd = client_new(rig);

	say(fd, LATER("1"));
	while (!rig->kept)
		loop_turn(rig->loop);
	request_error(rig->kept, RPC_NOT_FOUND, "no %s", "caf\xc3");
	rig->kept = NULL;
	expect(rig, fd, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32001,\"message\":\"no caf?\"},\"id\":1}");
	close(fd);
}

struct socket_rig {
	char directory[32];
	char path[64];
	struct loop *loop;
	struct rig rig;
};

static int socket_up(void **state) {
	struct socket_rig *s = calloc(1, sizeof(*s));

	snprintf(s->directory, sizeof(s->directory), "/tmp/tandem-test-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	snprintf(s->path, sizeof(s->path), "%s/sub/control.sock", s->directory);
	s->loop = loop_new();
	*state = s;
	return 0;
}

static int socket_down(void **state) {
	struct socket_rig *s = *state;

	unlink(s->path);
	*strrchr(s->path, '/') = '\0';
	rmdir(s->path);
	rmdir(s->directory);
	loop_free(s->loop);
	free(s);
	return 0;
}

static int open_at(struct socket_rig *s, struct server **ret_server) {
	const struct server_options options = {.path = s->path, .mode = 0640};
	const struct server_backend calls = {.call = server_backend_call, .ctx = &s->rig};

	return server_open(loop_base(s->loop), &options, &calls, ret_server);
}

static void the_socket_has_its_mode_and_goes_with_the_server(void **state) {
	struct socket_rig *s = *state;
	struct server *server;
	struct stat status;

	assert_int_equal(open_at(s, &server), 0);
	assert_int_equal(stat(s->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	server_close(server);
	assert_int_equal(stat(s->path, &status), -1);
}

static void a_socket_that_answers_is_left_alone(void **state) {
	struct socket_rig *s = *state;
	struct server *first, *second;

	assert_int_equal(open_at(s, &first), 0);
	assert_int_equal(open_at(s, &second), -EADDRINUSE);
	assert_int_equal(access(s->path, F_OK), 0);
	server_close(first);
}

static void a_dead_socket_is_replaced(void **state) {
	struct socket_rig *s = *state;
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct server *server;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	*strrchr(s->path, '/') = '\0';
	mkdir(s->path, 0700);
	s->path[strlen(s->path)] = '/';
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", s->path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
	assert_int_equal(open_at(s, &server), 0);
	server_close(server);
}

static void a_file_that_is_no_socket_is_left_alone(void **state) {
	struct socket_rig *s = *state;
	struct server *server;
	FILE *file;

	*strrchr(s->path, '/') = '\0';
	mkdir(s->path, 0700);
	s->path[strlen(s->path)] = '/';
	file = fopen(s->path, "w");
	fclose(file);
	assert_int_equal(open_at(s, &server), -EEXIST);
	assert_int_equal(access(s->path, F_OK), 0);
}

static void a_connection_is_accepted(void **state) {
	struct socket_rig *s = *state;
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct server *server;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char answer[128] = "";

	assert_int_equal(open_at(s, &server), 0);
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", s->path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	say(fd, ECHO("1", "1"));
	while (recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT) < 0)
		loop_turn(s->loop);
	assert_string_equal(answer, RESULT("1", "1") "\n");
	close(fd);
	server_close(server);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, server_rig_up, server_rig_down)
#define WITH_SOCKET(test) cmocka_unit_test_setup_teardown(test, socket_up, socket_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		WITH_RIG(a_request_is_answered),
		WITH_RIG(requests_in_one_write_are_answered_in_order),
		WITH_RIG(a_request_in_pieces_is_answered),
		WITH_RIG(the_last_line_needs_no_end),
		WITH_RIG(an_answer_may_come_later),
		WITH_RIG(a_batch_may_be_answered_later),
		WITH_RIG(an_answer_to_a_client_that_left_is_dropped),
		WITH_RIG(a_client_that_leaves_is_freed),
		WITH_RIG(a_request_knows_its_batch),
		WITH_RIG(an_error_may_hold_half_a_character),
		WITH_SOCKET(the_socket_has_its_mode_and_goes_with_the_server),
		WITH_SOCKET(a_socket_that_answers_is_left_alone),
		WITH_SOCKET(a_dead_socket_is_replaced),
		WITH_SOCKET(a_file_that_is_no_socket_is_left_alone),
		WITH_SOCKET(a_connection_is_accepted),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
