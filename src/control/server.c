// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "control/socket_file.h"

#define SEND_TIMEOUT_S 10

struct client {
	struct client *next, **self;
	struct server *server;
	struct bufferevent *io;
	struct rpc_line line;
	bool in_line;		 // `line` is being answered
	bool in_pump;		 // client_pump is on the stack
	bool ending;		 // the client sends no more; close when all is answered and sent
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
	bufferevent_free(client->io);
	free(client);
}

// Sends a last word, and closes when it is out.
static void client_refuse(struct client *client, enum rpc_code code, const char *message) {
	char *text = rpc_error_line(code, message);

	client->ending = true;
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

// Goes on until an answer is awaited, unsent output is left or the input is used up. May free the client.
static void client_pump(struct client *client) {
	client->in_pump = true;
	while (!client->request && output_is_empty(client)) {
		if (!client->in_line && !line_take(client))
			break;
		if (!call_give(client))
			line_finish(client);
	}
	client->in_pump = false;
	if (client->ending && !client->request && !client->in_line && output_is_empty(client))
		client_free(client);
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
	if (!client->in_pump)
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
	if (request->client)
		rpc_line_error(&request->client->line, code, text);
	request_done(request);
}

static void on_ready(struct bufferevent *io, void *ctx) {
	struct client *client = ctx;

	(void)io;
	if (!client->in_pump)
		client_pump(client);
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
	if (!client->in_pump)
		client_pump(client);
}

bool server_adopt(struct server *server, int fd) {
	static const struct timeval send_timeout = {.tv_sec = SEND_TIMEOUT_S};
	struct client *client = calloc(1, sizeof(*client));
	struct bufferevent *io;

	evutil_make_socket_nonblocking(fd);
	io = client ? bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
	if (!io) {
		free(client);
		close(fd);
		return false;
	}
	client->server = server;
	client->io = io;
	client->next = server->clients;
	client->self = &server->clients;
	if (client->next)
		client->next->self = &client->next;
	server->clients = client;
	server->client_count++;
	bufferevent_setcb(io, on_ready, on_ready, on_event, client);
	bufferevent_set_timeouts(io, NULL, &send_timeout);
	bufferevent_setwatermark(io, EV_READ, 0, RPC_LINE_MAX + 2);
	bufferevent_enable(io, EV_READ | EV_WRITE);
	if (server->client_count <= SERVER_CLIENTS_MAX)
		return true;
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
	// One more is told why it cannot be served; beyond that the kernel's queue is the limit.
	if (server->client_count > SERVER_CLIENTS_MAX)
		close(fd);
	else
		server_adopt(server, fd);
}

struct server *server_new(struct event_base *base, const struct server_backend *backend) {
	struct server *server = calloc(1, sizeof(*server));

	if (server) {
		server->base = base;
		server->backend = *backend;
	}
	return server;
}

int server_open(
	struct event_base *base,
	const struct server_options *options,
	const struct server_backend *backend,
	struct server **ret_server
) {
	struct server *server = server_new(base, backend);
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
