// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// HTTP/1.1 for what the operator's programs read: GET and HEAD, one request a connection (RFC 9112). Over libevent's
// buffers and not its evhttp, which reads from a peer before it can be asked who that is, and bounds no connections.
// SIGPIPE has to be ignored by the process.
#pragma once

#include "base/ip.h"

#define HTTP_CLIENTS_MAX 16
#define HTTP_REQUEST_MAX 8192  // bytes of request line and headers
#define HTTP_DEADLINE_MS 10000 // from a client's coming to the end of its answer
#define HTTP_LINGER_MS 1000    // then, for what it still sends: closing on it would take the answer back

struct event_base;
struct http;

struct http_answer {
	uint16_t status;
	const char *type; // Content-Type; static
	char *text;	  // the server frees it; NULL: out of memory
	size_t len;
};

struct http_backend {
	bool (*allows)(void *ctx, const struct ip_addr *peer);
	void (*get)(void *ctx, struct str path, struct http_answer *ret_answer); // without the query
	void *ctx;
};

// What became of the connections.
struct http_counts {
	uint64_t answered; // whatever the status
	uint64_t refused;  // of nobody it is for
	uint64_t full;	   // while HTTP_CLIENTS_MAX were there
	uint64_t late;	   // past their deadline
	uint64_t broken;   // gone before their answer was out
};

// Listens. Returns 0 or -errno; nothing is logged.
int http_open(
	struct event_base *base,
	const struct endpoint *listen,
	const struct http_backend *backend,
	uint32_t deadline_ms,
	struct http **ret_http
);

// NULL is fine.
void http_close(struct http *http);

const struct http_counts *http_counts(const struct http *http);
