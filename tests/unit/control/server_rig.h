// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A server of the control socket whose clients are the other ends of socket pairs.
#pragma once

#include "control/loop.h"
#include "control/server.h"
#include "unit/test.h"

struct rig {
	struct loop *loop;
	struct server *server;
	struct request *kept; // "later", until the test answers it
	uint32_t calls;
	uint32_t batch; // of the last call
};

int server_rig_up(void **state);
int server_rig_down(void **state);

// Answers "echo" at once with its x and "big" with 8 MiB, keeps "later" and knows no other. ctx: the rig.
void server_backend_call(void *ctx, struct request *request, const char *method, const json_t *params);

// Our end of a new client's connection.
int client_new(struct rig *rig);

void say(int fd, const char *text);

// Runs the loop until the client has a whole line (or the end), which is returned without its end. To be freed.
char *hear(struct rig *rig, int fd);
void expect(struct rig *rig, int fd, const char *expected);

#define ECHO(id, x) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"echo\",\"params\":{\"x\":" x "}}\n"
#define LATER(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"later\"}\n"
#define RESULT(id, x) "{\"jsonrpc\":\"2.0\",\"result\":" x ",\"id\":" id "}"
