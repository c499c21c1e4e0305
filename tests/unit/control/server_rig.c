// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/control/server_rig.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

void server_backend_call(void *ctx, struct request *request, const char *method, const json_t *params) {
	struct rig *rig = ctx;

	rig->calls++;
	rig->batch = request_batch(request);
	if (strcmp(method, "later") == 0)
		rig->kept = request;
	else if (strcmp(method, "big") == 0)
		request_result(request, json_sprintf("%0*d", 8 << 20, 0));
	else if (strcmp(method, "echo") == 0)
		request_result(request, json_deep_copy(json_object_get(params, "x")));
	else
		request_error(request, RPC_UNKNOWN_METHOD, "no method \"%s\"", method);
}

int server_rig_up(void **state) {
	struct rig *rig = calloc(1, sizeof(*rig));
	const struct server_backend calls = {.call = server_backend_call, .ctx = rig};

	rig->loop = loop_new();
	rig->server = server_new(loop_base(rig->loop), &calls, SERVER_IDLE_MS);
	*state = rig;
	return 0;
}

int server_rig_down(void **state) {
	struct rig *rig = *state;

	server_close(rig->server);
	if (rig->kept)
		request_result(rig->kept, json_null());
	loop_free(rig->loop);
	free(rig);
	return 0;
}

int client_new(struct rig *rig) {
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	server_adopt(rig->server, fd[1]);
	return fd[0];
}

void say(int fd, const char *text) {
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

char *hear(struct rig *rig, int fd) {
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

void expect(struct rig *rig, int fd, const char *expected) {
	char *line = hear(rig, fd);

	assert_string_equal(line, expected);
	free(line);
}
