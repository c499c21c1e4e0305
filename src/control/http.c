// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_END "\r\n\r\n"
#define REQUEST_END_LEN 4
#define BACKLOG 16
#define RESUME_S 1 // until connections are taken again after there was no descriptor left

enum phase {
	PHASE_REQUEST,
	PHASE_ANSWER,
	PHASE_LINGER,
};

struct client {
	struct client *next, **self;
	struct http *http;
	struct bufferevent *io;
	struct event deadline;
	enum phase phase;
	size_t searched; // bytes without the request's end
	bool at_end;	 // it sends no more
};

struct http {
	struct event_base *base;
	struct http_backend backend;
	struct evconnlistener *listener;
	struct event resume;
	struct client *clients;
	uint32_t client_count;
	struct timeval deadline;
	struct http_counts counts;
};

static void client_free(struct client *client) {
	*client->self = client->next;
	if (client->next)
		client->next->self = client->self;
	client->http->client_count--;
	event_del(&client->deadline);
	bufferevent_free(client->io);
	free(client);
}

static const char *reason_of(uint16_t status) {
	static const struct {
		uint16_t status;
		const char *reason;
	} reasons[] = {
		{.status = 200, .reason = "OK"},
		{.status = 400, .reason = "Bad Request"},
		{.status = 404, .reason = "Not Found"},
		{.status = 405, .reason = "Method Not Allowed"},
		{.status = 431, .reason = "Request Header Fields Too Large"},
		{.status = 500, .reason = "Internal Server Error"},
		{.status = 503, .reason = "Service Unavailable"},
	};

	for (uint32_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

static void text_free(const void *text, size_t len, void *ctx) {
	(void)text, (void)len;
	free(ctx);
}

// Takes over the answer's text.
static void client_answer(struct client *client, const struct http_answer *answer, bool with_body) {
	struct evbuffer *out = bufferevent_get_output(client->io);

	client->phase = PHASE_ANSWER;
	evbuffer_drain(bufferevent_get_input(client->io), SIZE_MAX);
	evbuffer_add_printf(
		out,
		"HTTP/1.1 %u %s\r\n"
		"Content-Type: %s\r\n"
		"Content-Length: %zu\r\n"
		"%s"
		"Connection: close\r\n\r\n",
		answer->status,
		reason_of(answer->status),
		answer->type,
		answer->len,
		answer->status == 405 ? "Allow: GET, HEAD\r\n" : ""
	);
	if (!with_body || evbuffer_add_reference(out, answer->text, answer->len, text_free, answer->text) < 0)
		free(answer->text);
}

static void client_say(struct client *client, uint16_t status, bool with_body) {
	struct http_answer answer = {.status = status, .type = "text/plain; charset=utf-8"};
	int len = asprintf(&answer.text, "%s\n", reason_of(status));

	if (len < 0) {
		client_free(client);
		return;
	}
	answer.len = (size_t)len;
	client_answer(client, &answer, with_body);
}

// Cuts the next word off the line.
static struct str word_take(struct str *line) {
	const char *space = memchr(line->ptr, ' ', line->len);
	struct str word = str_of(line->ptr, space ? (size_t)(space - line->ptr) : line->len);
	uint32_t taken = word.len + (space != NULL);

	*line = str_of(line->ptr + taken, line->len - taken);
	return word;
}

static struct str path_of(struct str target) {
	const char *query = memchr(target.ptr, '?', target.len);

	return query ? str_of(target.ptr, (size_t)(query - target.ptr)) : target;
}

static void request_answer(struct client *client, struct str line) {
	const struct http_backend *backend = &client->http->backend;
	struct str method = word_take(&line), target = word_take(&line);
	bool is_get = str_eq(method, STR("GET")), is_head = str_eq(method, STR("HEAD"));
	struct http_answer answer = {0};

	if (method.len == 0 || !str_starts(target, STR("/")) || line.len != STR("HTTP/1.1").len ||
	    !str_starts(line, STR("HTTP/1."))) {
		client_say(client, 400, !is_head);
		return;
	}
	if (!is_get && !is_head) {
		client_say(client, 405, true);
		return;
	}
	backend->get(backend->ctx, path_of(target), &answer);
	if (answer.text)
		client_answer(client, &answer, is_get);
	else
		client_say(client, 500, is_get);
}

// What is read so far; may free the client.
static void request_read(struct client *client) {
	struct evbuffer *in = bufferevent_get_input(client->io);
	struct evbuffer_ptr from, end;
	size_t len = evbuffer_get_length(in);
	char *line;

	evbuffer_ptr_set(in, &from, client->searched, EVBUFFER_PTR_SET);
	end = evbuffer_search(in, REQUEST_END, REQUEST_END_LEN, &from);
	client->searched = len < REQUEST_END_LEN ? 0 : len - REQUEST_END_LEN + 1;
	if (end.pos < 0) {
		if (len > HTTP_REQUEST_MAX)
			client_say(client, 431, true);
		return;
	}
	line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF_STRICT);
	if (!line) {
		client_free(client);
		return;
	}
	request_answer(client, str_of(line, len));
	free(line);
}

static void on_readable(struct bufferevent *io, void *ctx) {
	struct client *client = ctx;

	if (client->phase == PHASE_REQUEST)
		request_read(client);
	else
		evbuffer_drain(bufferevent_get_input(io), SIZE_MAX);
}

// The answer is out.
static void on_written(struct bufferevent *io, void *ctx) {
	static const struct timeval linger = {.tv_sec = HTTP_LINGER_MS / 1000};
	struct client *client = ctx;

	if (client->phase != PHASE_ANSWER)
		return;
	client->http->counts.answered++;
	client->phase = PHASE_LINGER;
	shutdown(bufferevent_getfd(io), SHUT_WR);
	if (client->at_end)
		client_free(client);
	else
		event_add(&client->deadline, &linger);
}

static void on_event(struct bufferevent *io, short what, void *ctx) {
	struct client *client = ctx;

	(void)io;
	if (what & BEV_EVENT_EOF && client->phase == PHASE_ANSWER) {
		client->at_end = true;
		return;
	}
	if (client->phase != PHASE_LINGER)
		client->http->counts.broken++;
	client_free(client);
}

static void on_deadline(evutil_socket_t fd, short what, void *ctx) {
	struct client *client = ctx;

	(void)fd, (void)what;
	if (client->phase != PHASE_LINGER)
		client->http->counts.late++;
	client_free(client);
}

static void client_new(struct http *http, evutil_socket_t fd) {
	struct client *client = calloc(1, sizeof(*client));
	struct bufferevent *io = client ? bufferevent_socket_new(http->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;

	if (!io) {
		free(client);
		evutil_closesocket(fd);
		return;
	}
	client->http = http;
	client->io = io;
	client->next = http->clients;
	client->self = &http->clients;
	if (client->next)
		client->next->self = &client->next;
	http->clients = client;
	http->client_count++;
	event_assign(&client->deadline, http->base, -1, 0, on_deadline, client);
	event_add(&client->deadline, &http->deadline);
	bufferevent_setcb(io, on_readable, on_written, on_event, client);
	bufferevent_setwatermark(io, EV_READ, 0, HTTP_REQUEST_MAX + 1);
	bufferevent_enable(io, EV_READ | EV_WRITE);
}

static struct ip_addr addr_of(const struct sockaddr *peer) {
	struct ip_addr addr = {0};

	if (peer->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, peer, sizeof(in));
		addr = ip_from_v4(in.sin_addr.s_addr);
	} else if (peer->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, peer, sizeof(in6));
		addr.family = IP_V6;
		memcpy(addr.bytes, &in6.sin6_addr, sizeof(addr.bytes));
		ip_unmap(&addr);
	}
	return addr;
}

// The shape of evconnlistener_cb.
static void
on_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int peer_len, void *ctx) {
	struct http *http = ctx;
	struct ip_addr addr = addr_of(peer);

	(void)listener, (void)peer_len;
	if (!http->backend.allows(http->backend.ctx, &addr)) {
		http->counts.refused++;
		evutil_closesocket(fd);
	} else if (http->client_count == HTTP_CLIENTS_MAX) {
		http->counts.full++;
		evutil_closesocket(fd);
	} else {
		client_new(http, fd);
	}
}

// No descriptor is left, for example: the connection stays, so the listener would be called without end.
static void on_accept_error(struct evconnlistener *listener, void *ctx) {
	static const struct timeval later = {.tv_sec = RESUME_S};
	struct http *http = ctx;

	evconnlistener_disable(listener);
	event_add(&http->resume, &later);
}

static void on_resume(evutil_socket_t fd, short what, void *ctx) {
	struct http *http = ctx;

	(void)fd, (void)what;
	evconnlistener_enable(http->listener);
}

static socklen_t sockaddr_set(struct sockaddr_storage *ret_to, const struct endpoint *from) {
	if (from->addr.family == IP_V4) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(from->port)};

		in.sin_addr.s_addr = ip_to_v4(&from->addr);
		memcpy(ret_to, &in, sizeof(in));
		return sizeof(in);
	}
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(from->port)};

	memcpy(&in6.sin6_addr, from->addr.bytes, sizeof(in6.sin6_addr));
	memcpy(ret_to, &in6, sizeof(in6));
	return sizeof(in6);
}

int http_open(
	struct event_base *base,
	const struct endpoint *listen,
	const struct http_backend *backend,
	uint32_t deadline_ms,
	struct http **ret_http
) {
	struct http *http = calloc(1, sizeof(*http));
	struct sockaddr_storage local = {0};
	int len = (int)sockaddr_set(&local, listen), err;

	if (!http)
		return -ENOMEM;
	http->base = base;
	http->backend = *backend;
	http->deadline.tv_sec = deadline_ms / 1000;
	http->deadline.tv_usec = (suseconds_t)(deadline_ms % 1000) * 1000;
	event_assign(&http->resume, base, -1, 0, on_resume, http);
	errno = 0;
	http->listener = evconnlistener_new_bind(
		base,
		on_connection,
		http,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
		BACKLOG,
		(struct sockaddr *)&local,
		len
	);
	if (!http->listener) {
		err = errno ? -errno : -ENOMEM;
		free(http);
		return err;
	}
	evconnlistener_set_error_cb(http->listener, on_accept_error);
	*ret_http = http;
	return 0;
}

void http_close(struct http *http) {
	if (!http)
		return;
	event_del(&http->resume);
	evconnlistener_free(http->listener);
	for (struct client *client = http->clients, *next; client; client = next) {
		next = client->next;
		client_free(client);
	}
	free(http);
}

const struct http_counts *http_counts(const struct http *http) {
	return &http->counts;
}
