// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "control/loop.h"
#include "control/server.h"
#include "unit/test.h"

// A backend that answers "echo" at once and keeps "later" until the test answers it.
struct rig {
	struct loop *loop;
	struct server *server;
	struct request *kept;
	uint32_t calls;
};

static void backend(void *ctx, struct request *request, const char *method, const json_t *params) {
	struct rig *rig = ctx;

	rig->calls++;
	if (strcmp(method, "later") == 0)
		rig->kept = request;
	else if (strcmp(method, "big") == 0)
		request_result(request, json_sprintf("%0*d", 8 << 20, 0));
	else if (strcmp(method, "echo") == 0)
		request_result(request, json_deep_copy(json_object_get(params, "x")));
	else
		request_error(request, RPC_UNKNOWN_METHOD, "no method \"%s\"", method);
}

static int rig_up(void **state) {
	struct rig *rig = calloc(1, sizeof(*rig));
	const struct server_backend calls = {.call = backend, .ctx = rig};

	rig->loop = loop_new();
	rig->server = server_new(loop_base(rig->loop), &calls);
	*state = rig;
	return 0;
}

static int rig_down(void **state) {
	struct rig *rig = *state;

	server_close(rig->server);
	if (rig->kept)
		request_result(rig->kept, json_null());
	loop_free(rig->loop);
	free(rig);
	return 0;
}

static int client_new(struct rig *rig) {
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	server_adopt(rig->server, fd[1]);
	return fd[0];
}

static void say(int fd, const char *text) {
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

// Runs the loop until the client has a whole line (or the end), which is returned without its end.
static char *hear(struct rig *rig, int fd) {
	char *line = NULL;
	size_t len = 0, size = 0;

	for (int turns = 0; turns < 100000; turns++) {
		char c;
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EAGAIN) {
			loop_turn(rig->loop);
			continue;
		}
		if (got <= 0 || c == '\n')
			break;
		if (len + 2 > size)
			line = realloc(line, size = size * 2 + 1024);
		line[len++] = c;
		line[len] = '\0';
	}
	return line ? line : strdup("");
}

static void expect(struct rig *rig, int fd, const char *expected) {
	char *line = hear(rig, fd);

	assert_string_equal(line, expected);
	free(line);
}

#define ECHO(id, x) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"echo\",\"params\":{\"x\":" x "}}\n"
#define LATER(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"later\"}\n"
#define RESULT(id, x) "{\"jsonrpc\":\"2.0\",\"result\":" x ",\"id\":" id "}"

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

static void one_client_too_many_is_told_so(void **state) {
	struct rig *rig = *state;
	int fds[SERVER_CLIENTS_MAX + 1];
	char *line;

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = client_new(rig);
	line = hear(rig, fds[SERVER_CLIENTS_MAX]);
	assert_non_null(strstr(line, "too many clients"));
	free(line);
	say(fds[0], ECHO("1", "1"));
	expect(rig, fds[0], RESULT("1", "1"));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
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
	const struct server_backend calls = {.call = backend, .ctx = &s->rig};

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

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_up, rig_down)
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
		WITH_RIG(a_line_too_long_ends_the_connection),
		WITH_RIG(one_client_too_many_is_told_so),
		WITH_RIG(answers_nobody_takes_do_not_pile_up),
		WITH_SOCKET(the_socket_has_its_mode_and_goes_with_the_server),
		WITH_SOCKET(a_socket_that_answers_is_left_alone),
		WITH_SOCKET(a_dead_socket_is_replaced),
		WITH_SOCKET(a_file_that_is_no_socket_is_left_alone),
		WITH_SOCKET(a_connection_is_accepted),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
