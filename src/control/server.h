// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The control socket: JSON-RPC 2.0, one request or batch a line, several clients, each answered in order. It never
// blocks: a client's next line is read when its last answer is sent, so that its buffers are bounded, and one that
// does not take its answer in time, or asks nothing for long, is closed. SIGPIPE has to be ignored by the process.
#pragma once

#include "control/rpc.h"

#define SERVER_CLIENTS_MAX 16
#define SERVER_CALLS_MAX 16	   // of one client in one turn of the loop
#define SERVER_IDLE_MS (60 * 1000) // a client that asks nothing for so long is closed

struct event_base;
struct server;
struct request;

// What answers: calls request_result or request_error once for each request, at once or later.
struct server_backend {
	void (*call)(void *ctx, struct request *request, const char *method, const json_t *params);
	void *ctx;
};

struct server_options {
	const char *path;
	uint32_t mode;
	const char *group; // NULL = leave it
};

// Opens the socket; a file left by a dead process is replaced. Returns 0 or -errno after logging.
int server_open(
	struct event_base *base,
	const struct server_options *options,
	const struct server_backend *backend,
	struct server **ret_server
);

// A server without a socket of its own; clients come by server_adopt.
struct server *server_new(struct event_base *base, const struct server_backend *backend, uint32_t idle_ms);

// Takes over a connected socket. When there are too many clients, the one that asked nothing for longest is closed for
// it; when all of them wait for answers, this one is told so and closed, and false is returned.
bool server_adopt(struct server *server, int fd);

uint32_t server_clients(const struct server *server);

// Closes the socket and all clients. Requests that are still open stay valid until they are answered.
void server_close(struct server *server);

// How many requests came in its line: 1, or those of the batch.
uint32_t request_batch(const struct request *request);

// The client has gone: the answer would go nowhere.
bool request_is_void(const struct request *request);

// Answer and free the request. Takes the result over; NULL is answered as an internal error.
void request_result(struct request *request, json_t *result);
void request_error(struct request *request, enum rpc_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
