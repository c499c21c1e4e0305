// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The client's side of HTTP over the loopback interface, in the same thread as the server.
#pragma once

#include "base/ip.h"
#include "unit/test.h"

struct event_base;

// 127.0.0.1 and a port nobody has.
struct endpoint http_free_endpoint(void);

// A connection that does not block.
int http_connect(const struct endpoint *to);

void http_say(int fd, const char *text);

// What comes until the server closes, while its loop turns; to be freed. Closes the descriptor.
char *http_hear(struct event_base *base, int fd);

// Both, for one request.
char *http_ask(struct event_base *base, const struct endpoint *to, const char *request);
