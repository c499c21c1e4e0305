// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The generator's own look at a SIP message: its lines, and the entries of the headers a proxy touches (RFC 3261
// section 7). It shares nothing with the parser of the switch, so that they do not share their mistakes.
#pragma once

#include "base/str.h"

#define WALK_VIAS_MAX 16
#define WALK_ROUTES_MAX 16

enum method {
	METHOD_INVITE,
	METHOD_ACK,
	METHOD_BYE,
	METHOD_CANCEL,
	METHOD_REGISTER,
	METHOD_OPTIONS,
	METHOD_OTHER,
};

// Slices of the datagram; an empty one (ptr NULL) is a header that is not there.
struct message {
	uint16_t status;      // 0: a request
	uint8_t method;	      // enum method, of the CSeq
	uint8_t start_method; // of the request line
	struct str uri;
	uint8_t via_count, record_route_count, route_count;
	uint8_t others; // header lines of names not below
	struct str via[WALK_VIAS_MAX], record_route[WALK_ROUTES_MAX], route[WALK_ROUTES_MAX];
	struct str max_forwards, from, to, call_id, cseq, contact, content_length;
	struct str body;
};

// False when it is no SIP message: no start line, no end of the headers, a line without a colon, a header twice that
// may be there once, more entries than the arrays hold, or no Via, From, To, Call-ID or CSeq.
bool message_walk(struct message *m, const char *text, uint32_t len);

// Walks the first part of a message that ends with the end of a header line: the start line and headers before From,
// To, Call-ID, CSeq, Contact and Content-Length, none of which may be there. False as above, and when the headers end.
bool message_walk_head(struct message *m, const char *text, uint32_t len);
