// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "control/socket_file.h"

#define SEND_TIMEOUT_S 10
#define FULL_LOG_S 10 // between two log lines about too many clients

struct client {
	struct client *next, **self;
	struct server *server;
	struct bufferevent *io;
	struct rpc_line line;
	bool in_line;		 // `line` is being answered
	bool in_pump;		 // client_pump is on the stack
	bool ending;		 // the client sends no more; close when all is answered and sent
	struct event idle;	 // pending while nothing is asked
	struct event more;	 // pending when this turn's calls are used up
	uint64_t idle_since;	 // orders the idle ones
	struct request *request; // given to the backend, not answered yet
};

struct request {
	struct client *client; // NULL when it has gone
};

struct server {
	struct event_base *base;
	struct server_backend backend;
	struct evconnlistener *listener;
	struct client *clients;
	uint32_t client_count;
	struct timeval idle_limit;
	uint64_t idle_clock; // grows by one whenever a client becomes idle
	time_t full_logged_s;
	uint32_t full_count; // since then
	char *path;
};

static void client_free(struct client *client) {
	if (client->request)
		client->request->client = NULL;
	if (client->in_line)
		free(rpc_line_end(&client->line));
	*client->self = client->next;
	if (client->next)
		client->next->self = client->self;
	client->server->client_count--;
	event_del(&client->idle);
	event_del(&client->more);
	bufferevent_free(client->io);
	free(client);
}

static void idle_begin(struct client *client) {
	client->idle_since = ++client->server->idle_clock;
	event_add(&client->idle, &client->server->idle_limit);
}

static bool is_idle(const struct client *client) {
	return event_pending(&client->idle, EV_TIMEOUT, NULL);
}

// Sends a last word, and closes when it is out.
static void client_refuse(struct client *client, enum rpc_code code, const char *message) {
	char *text = rpc_error_line(code, message);

	client->ending = true;
	event_del(&client->idle);
	bufferevent_disable(client->io, EV_READ);
	evbuffer_drain(bufferevent_get_input(client->io), SIZE_MAX);
	if (text)
		bufferevent_write(client->io, text, strlen(text));
	free(text);
}

static bool output_is_empty(const struct client *client) {
	return evbuffer_get_length(bufferevent_get_output(client->io)) == 0;
}

// The next line, or at the end of the stream what is left; to be freed. NULL when there is none.
static char *text_take(struct client *client, size_t *ret_len) {
	struct evbuffer *input = bufferevent_get_input(client->io);
	size_t len = 0;
	char *text = evbuffer_readln(input, &len, EVBUFFER_EOL_LF);

	if (!text && client->ending && evbuffer_get_length(input) > 0) {
		len = evbuffer_get_length(input);
		text = malloc(len);
		if (text)
			evbuffer_remove(input, text, len);
	}
	*ret_len = len;
	return text;
}

// Begins to answer the next line that is not empty. False when there is none.
static bool line_take(struct client *client) {
	size_t len;
	char *text = text_take(client, &len);

	while (text && str_trim(str_of(text, len)).len == 0) {
		free(text);
		text = text_take(client, &len);
	}
	if (text) {
		rpc_line_begin(&client->line, str_of(text, len));
		client->in_line = true;
		event_del(&client->idle);
		free(text);
		return true;
	}
	if (evbuffer_get_length(bufferevent_get_input(client->io)) > RPC_LINE_MAX)
		client_refuse(client, RPC_INVALID_REQUEST, "line too long; at most 65536 bytes");
	return false;
}

// Gives the next call of the line to the backend. False when the line has none left.
static bool call_give(struct client *client) {
	struct server *server = client->server;
	struct rpc_call call;
	struct request *request;

	if (!rpc_line_next(&client->line, &call))
		return false;
	request = calloc(1, sizeof(*request));
	if (!request) {
		rpc_line_error(&client->line, RPC_INTERNAL_ERROR, "out of memory");
		return true;
	}
	request->client = client;
	client->request = request;
	server->backend.call(server->backend.ctx, request, call.method, call.params);
	return true;
}

static void line_finish(struct client *client) {
	char *text = rpc_line_end(&client->line);

	client->in_line = false;
	if (text)
		bufferevent_write(client->io, text, strlen(text));
	free(text);
}

static bool has_more(const struct client *client) {
	return event_pending(&client->more, EV_TIMEOUT, NULL);
}

// A timer that is due at once fires in the loop's next turn, after whatever else is ready in it.
static void more_later(struct client *client) {
	static const struct timeval at_once = {0};

	event_add(&client->more, &at_once);
}

// Goes on until an answer is awaited, unsent output is left, the input or this turn's share is used up. May free the
// client.
static void client_pump(struct client *client) {
	uint32_t calls = 0;

	if (client->in_pump || has_more(client))
		return;
	client->in_pump = true;
	while (!client->request && output_is_empty(client)) {
		if (calls == SERVER_CALLS_MAX) {
			more_later(client);
			break;
		}
		if (!client->in_line && !line_take(client))
			break;
		if (call_give(client))
			calls++;
		else
			line_finish(client);
	}
	client->in_pump = false;
	if (client->in_line || has_more(client) || !output_is_empty(client))
		return;
	if (client->ending)
		client_free(client);
	else if (!is_idle(client))
		idle_begin(client);
}

uint32_t request_batch(const struct request *request) {
	return request->client ? (uint32_t)json_array_size(request->client->line.requests) : 1;
}

bool request_is_void(const struct request *request) {
	return !request->client;
}

// The client goes on, unless its pump is what called the backend.
static void request_done(struct request *request) {
	struct client *client = request->client;

	free(request);
	if (!client)
		return;
	client->request = NULL;
	client_pump(client);
}

void request_result(struct request *request, json_t *result) {
	if (!request->client)
		json_decref(result);
	else if (result)
		rpc_line_result(&request->client->line, result);
	else
		rpc_line_error(&request->client->line, RPC_INTERNAL_ERROR, "out of memory");
	request_done(request);
}

void request_error(struct request *request, enum rpc_code code, const char *format, ...) {
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	// What the client sent may stand in it, cut in the middle of a character: JSON would not take that.
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	if (request->client)
		rpc_line_error(&request->client->line, code, text);
	request_done(request);
}

static void on_ready(struct bufferevent *io, void *ctx) {
	(void)io;
	client_pump(ctx);
}

static void on_more(evutil_socket_t fd, short what, void *ctx) {
	(void)fd, (void)what;
	client_pump(ctx);
}

static void on_idle(evutil_socket_t fd, short what, void *ctx) {
	(void)fd, (void)what;
	log_debug("control socket: a client that asked nothing is closed");
	client_free(ctx);
}

static void on_event(struct bufferevent *io, short what, void *ctx) {
	struct client *client = ctx;

	(void)io;
	if (what & BEV_EVENT_TIMEOUT)
		log_warning("control socket: a client took no answer for %u s and is closed", SEND_TIMEOUT_S);
	if (!(what & BEV_EVENT_EOF)) {
		client_free(client);
		return;
	}
	client->ending = true;
	client_pump(client);
}

// At most a line in FULL_LOG_S, with the number of those it stands for.
static void full_log(struct server *server, const char *what) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	server->full_count++;
	if (server->full_logged_s && now.tv_sec - server->full_logged_s < FULL_LOG_S)
		return;
	log_warning("control socket: %u clients, so %s (%u times)", SERVER_CLIENTS_MAX, what, server->full_count);
	server->full_logged_s = now.tv_sec;
	server->full_count = 0;
}

// Closes the client that asked nothing for longest. False when none is idle.
static bool idlest_close(struct server *server) {
	struct client *idlest = NULL;

	for (struct client *client = server->clients; client; client = client->next)
		if (is_idle(client) && (!idlest || client->idle_since < idlest->idle_since))
			idlest = client;
	if (!idlest)
		return false;
	full_log(server, "the one idle for longest is closed for a new one");
	client_free(idlest);
	return true;
}

static void client_link(struct client *client) {
	struct server *server = client->server;

	client->next = server->clients;
	client->self = &server->clients;
	if (client->next)
		client->next->self = &client->next;
	server->clients = client;
	server->client_count++;
}

bool server_adopt(struct server *server, int fd) {
	static const struct timeval send_timeout = {.tv_sec = SEND_TIMEOUT_S};
	struct client *client = calloc(1, sizeof(*client));
	struct bufferevent *io;
	bool has_room = server->client_count < SERVER_CLIENTS_MAX || idlest_close(server);

	evutil_make_socket_nonblocking(fd);
	io = client ? bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
	if (!io) {
		free(client);
		close(fd);
		return false;
	}
	client->server = server;
	client->io = io;
	event_assign(&client->idle, server->base, -1, 0, on_idle, client);
	event_assign(&client->more, server->base, -1, 0, on_more, client);
	client_link(client);
	bufferevent_setcb(io, on_ready, on_ready, on_event, client);
	bufferevent_set_timeouts(io, NULL, &send_timeout);
	bufferevent_setwatermark(io, EV_READ, 0, RPC_LINE_MAX + 2);
	bufferevent_enable(io, EV_READ | EV_WRITE);
	if (has_room) {
		idle_begin(client);
		return true;
	}
	full_log(server, "a new one is refused");
	client_refuse(client, RPC_INTERNAL_ERROR, "too many clients; try again later");
	return false;
}

uint32_t server_clients(const struct server *server) {
	return server->client_count;
}

static void
on_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int peer_len, void *ctx) {
	struct server *server = ctx;

	(void)listener, (void)peer, (void)peer_len;
	// Those that are told why they cannot be served are bounded too.
	if (server->client_count < 2 * SERVER_CLIENTS_MAX)
		server_adopt(server, fd);
	else
		close(fd);
}

struct server *server_new(struct event_base *base, const struct server_backend *backend, uint32_t idle_ms) {
	struct server *server = calloc(1, sizeof(*server));

	if (server) {
		server->base = base;
		server->backend = *backend;
		server->idle_limit.tv_sec = idle_ms / 1000;
		server->idle_limit.tv_usec = (suseconds_t)(idle_ms % 1000) * 1000;
	}
	return server;
}

int server_open(
	struct event_base *base,
	const struct server_options *options,
	const struct server_backend *backend,
	struct server **ret_server
) {
	struct server *server = server_new(base, backend, SERVER_IDLE_MS);
	int fd, err;

	if (!server)
		return -ENOMEM;
	err = socket_file_listen(options->path, options->mode, options->group, &fd);
	if (err)
		goto out;
	server->path = strdup(options->path);
	server->listener =
		evconnlistener_new(base, on_connection, server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!server->path || !server->listener) {
		if (!server->listener)
			close(fd);
		err = -ENOMEM;
		goto out;
	}
	*ret_server = server;
	return 0;
out:
	server_close(server);
	return err;
}

void server_close(struct server *server) {
	if (!server)
		return;
	if (server->listener)
		evconnlistener_free(server->listener);
	if (server->path)
		unlink(server->path);
	while (server->clients)
		client_free(server->clients);
	free(server->path);
	free(server);
}
