// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "proxy.h"

#include <stdio.h>

#define NEAR_A "192.0.2.1:5060"
#define NEAR_B "198.51.100.1:5060"
#define RECORD_ROUTE(address, more) "Record-Route: <sip:" address ";" more ";d=0123456789abcdef;r2=on>\r\n"

// --- text ---

// Puts `to` where `from` stands first; false when it stands nowhere.
static bool replace(char *text, const char *from, const char *to) {
	char *at = strstr(text, from), rest[WORLD_TEXT];

	if (!at)
		return false;
	snprintf(rest, sizeof(rest), "%s", at + strlen(from));
	snprintf(at, WORLD_TEXT - (size_t)(at - text), "%s%s", to, rest);
	return true;
}

// Behind the first line.
static void insert_lines(char *text, const char *lines) {
	char *at = strstr(text, "\r\n") + 2, rest[WORLD_TEXT];

	snprintf(rest, sizeof(rest), "%s", at);
	snprintf(at, WORLD_TEXT - (size_t)(at - text), "%s%s", lines, rest);
}

// Takes the first line with that start out; false when there is none.
static bool line_remove(char *text, const char *start) {
	char wanted[64];
	char *at, *end;

	snprintf(wanted, sizeof(wanted), "\r\n%s", start);
	at = strstr(text, wanted);
	if (!at)
		return false;
	end = strstr(at + 2, "\r\n");
	memmove(at, end, strlen(end) + 1);
	return true;
}

// The first line with that start into `out`.
static void line_copy(char *out, size_t room, const char *text, const char *start) {
	char wanted[64];
	const char *at;

	snprintf(wanted, sizeof(wanted), "\r\n%s", start);
	at = strstr(text, wanted);
	snprintf(out, room, "%.*s", at ? (int)(strstr(at + 2, "\r\n") - at - 2) : 0, at ? at + 2 : "");
}

static bool starts(const char *text, const char *with) {
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_of(const char *text, const char *method) {
	char wanted[32];

	snprintf(wanted, sizeof(wanted), " %s\r\n", method);
	return strstr(text, wanted) != NULL;
}

static void via_write(char *out, size_t room, const struct world *world, const char *text) {
	const char *id = strstr(text, "Call-ID: ") + 9;
	enum fault fault = world->fault;

	snprintf(
		out,
		room,
		"Via: SIP/2.0/UDP %s;branch=%sproxy%.16s%s\r\n",
		fault == FAULT_VIA_OF_ANOTHER ? "203.0.113.9:5060" : NEAR_B,
		fault == FAULT_BRANCH_WITHOUT_COOKIE ? "" : "z9hG4bK",
		id,
		fault == FAULT_CANCEL_BRANCH_OTHER && starts(text, "CANCEL") ? "x" : ""
	);
}

// --- answers of its own ---

static void answer(struct world *world, unsigned to, const char *text, const char *line, const char *tag) {
	static const char *const copied[] = {"Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "};
	char out[WORLD_TEXT], header[512];
	size_t len = (size_t)snprintf(out, sizeof(out), "SIP/2.0 %s", line);

	for (unsigned i = 0; i < ARRAY_LEN(copied); i++) {
		line_copy(header, sizeof(header), text, copied[i]);
		len += (size_t
		)snprintf(out + len, sizeof(out) - len, "\r\n%s%s", header, strcmp(copied[i], "To: ") == 0 ? tag : "");
	}
	snprintf(out + len, sizeof(out) - len, "\r\nContent-Length: 0\r\n\r\n");
	world_put(world, to, out);
}

static void hop_ack(struct world *world, const char *response) {
	static const char *const copied[] = {"From: ", "To: ", "Call-ID: "};
	const char *uri = strstr(response, "\r\nTo: <") + 7;
	char out[WORLD_TEXT], header[512];
	size_t len = (size_t)snprintf(out, sizeof(out), "ACK %.*s SIP/2.0\r\n", (int)(strchr(uri, '>') - uri), uri);

	via_write(header, sizeof(header), world, response);
	len += (size_t)snprintf(out + len, sizeof(out) - len, "%sMax-Forwards: 70\r\n", header);
	for (unsigned i = 0; i < ARRAY_LEN(copied); i++) {
		line_copy(header, sizeof(header), response, copied[i]);
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s\r\n", header);
	}
	snprintf(out + len, sizeof(out) - len, "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n");
	world_put(world, SIDE_B, out);
}

// --- forwarding ---

// Faults that are one text put for another.
static const struct edit {
	enum fault fault;
	bool in_response;
	const char *from, *to;
} edits[] = {
	{.fault = FAULT_VIA_BELOW_OTHER, .from = "branch=z9hG4bK-", .to = "branch=z9hG4bK-0"},
	{.fault = FAULT_RECEIVED_OTHER, .from = "received=192.0.2.10", .to = "received=192.0.2.99"},
	{.fault = FAULT_MAX_FORWARDS_KEPT, .from = "Max-Forwards: 69", .to = "Max-Forwards: 70"},
	{.fault = FAULT_BODY_CUT, .from = "a=sendrecv\r\n", .to = ""},
	{.fault = FAULT_BODY_ALTERED, .from = "a=sendrecv", .to = "a=sendonly"},
	{.fault = FAULT_FROM_TAG_LOST, .from = ">;tag=a", .to = ">;gat=a"},
	{.fault = FAULT_FROM_OTHER, .from = "From: \"+35840", .to = "From: \"+35841"},
	{.fault = FAULT_CALL_ID_OTHER, .from = "@192.0.2.10\r\nCSeq", .to = "@192.0.2.11\r\nCSeq"},
	{.fault = FAULT_CSEQ_OTHER, .from = "CSeq: 1 INVITE", .to = "CSeq: 7 INVITE"},
	{.fault = FAULT_CONTACT_LOST, .from = "\r\nContact: ", .to = "\r\nTcatnoc: "},
	{.fault = FAULT_HEADER_LOST, .from = "Session-Expires: 1800\r\n", .to = ""},
	{.fault = FAULT_URI_OTHER, .from = "INVITE sip:+4930", .to = "INVITE sip:+4931"},
	{.fault = FAULT_NO_END_OF_HEADERS, .from = "\r\n\r\n", .to = "\r\n"},
	{.fault = FAULT_TO_TAG_LOST, .in_response = true, .from = ">;tag=b", .to = ">;gat=b"},
	{.fault = FAULT_TO_TAG_OTHER, .in_response = true, .from = ">;tag=b", .to = ">;tag=c"},
	{.fault = FAULT_BRANCH_OTHER, .in_response = true, .from = "branch=z9hG4bK-", .to = "branch=z9hG4bK-0"},
	{.fault = FAULT_SESSION_PROGRESS, .in_response = true, .from = "180 Ringing", .to = "183 Session Progress"},
};

static void edits_make(const struct world *world, char *text, bool in_response) {
	for (unsigned i = 0; i < ARRAY_LEN(edits); i++)
		if (edits[i].fault == world->fault && edits[i].in_response == in_response)
			replace(text, edits[i].from, edits[i].to);
}

static void record_route(struct world *world, char *text) {
	static const char good[] = RECORD_ROUTE(NEAR_B, "lr") RECORD_ROUTE(NEAR_A, "lr");
	static const char swapped[] = RECORD_ROUTE(NEAR_A, "lr") RECORD_ROUTE(NEAR_B, "lr");
	static const char strict[] = RECORD_ROUTE(NEAR_B, "x") RECORD_ROUTE(NEAR_A, "x");

	if (!starts(text, "INVITE") || world->fault == FAULT_RECORD_ROUTE_MISSING)
		return;
	if (world->fault == FAULT_RECORD_ROUTE_SWAPPED)
		insert_lines(text, swapped);
	else
		insert_lines(text, world->fault == FAULT_RECORD_ROUTE_STRICT ? strict : good);
}

static bool is_doubled(const struct world *world, const char *text) {
	return (world->fault == FAULT_INVITE_TWICE && starts(text, "INVITE")) ||
	       (world->fault == FAULT_ACK_TWICE && starts(text, "ACK")) ||
	       (world->fault == FAULT_BYE_TWICE && starts(text, "BYE")) ||
	       (world->fault == FAULT_RINGING_TWICE && starts(text, "SIP/2.0 180")) ||
	       (world->fault == FAULT_ANSWER_TWICE && starts(text, "SIP/2.0 200") && is_of(text, "INVITE")) ||
	       (world->fault == FAULT_BYE_ANSWER_TWICE && starts(text, "SIP/2.0 200") && is_of(text, "BYE"));
}

static void emit(struct world *world, unsigned to, const char *text) {
	world_put(world, to, text);
	if (is_doubled(world, text))
		world_put(world, to, text);
}

static void request_forward(struct world *world, char *text) {
	char via[256];

	via_write(via, sizeof(via), world, text);
	if (starts(text, "CANCEL")) { // its own, to the next hop
		line_remove(text, "Via: ");
	} else {
		replace(text, "Max-Forwards: 70", "Max-Forwards: 69");
		if (world->received_first) {
			replace(text, ";rport\r\n", "\r\n");
			replace(text, ";branch=", ";rport=5060;received=192.0.2.10;branch=");
		} else {
			replace(text, ";rport\r\n", ";rport=5060;received=192.0.2.10\r\n");
		}
	}
	if (world->fault == FAULT_ROUTE_SWAPPED) {
		line_remove(text, "Route: <sip:" NEAR_B);
	} else {
		line_remove(text, "Route: <sip:" NEAR_A);
		line_remove(text, "Route: <sip:" NEAR_B);
	}
	edits_make(world, text, false);
	if (world->fault != FAULT_VIA_NOT_ADDED)
		insert_lines(text, via);
	record_route(world, text);
	emit(world, SIDE_B, text);
}

static void request(struct world *world, char *text) {
	enum fault fault = world->fault;

	if (starts(text, "ACK") && !strstr(text, "\r\nRoute: ") && fault != FAULT_RECORD_ROUTE_MISSING)
		return; // of a refusal: ends here
	if (starts(text, "INVITE") && fault == FAULT_REFUSES) {
		answer(world, SIDE_A, text, "503 Service Unavailable", ";tag=proxy");
		return;
	}
	if (starts(text, "INVITE") && fault == FAULT_ANSWERS_ITSELF)
		answer(world, SIDE_A, text, "200 OK", ";tag=proxy");
	if (starts(text, "INVITE") ? fault != FAULT_NO_TRYING : world->trying_to_all && !starts(text, "ACK"))
		answer(world, SIDE_A, text, "100 Trying", "");
	if (starts(text, "INVITE") && fault == FAULT_TRYING_TWICE)
		answer(world, SIDE_A, text, "100 Trying", "");
	if (starts(text, "CANCEL"))
		answer(world, SIDE_A, text, "200 OK", ";tag=proxy");
	request_forward(world, text);
}

static void response_break(struct world *world, char *text) {
	edits_make(world, text, true);
	if (world->fault == FAULT_ANSWER_ROUTES_SWAPPED && line_remove(text, "Record-Route: <sip:" NEAR_B))
		replace(text, "r2=on>\r\n", "r2=on>\r\n" RECORD_ROUTE(NEAR_B, "lr"));
}

static void response(struct world *world, char *text) {
	bool refuses = is_of(text, "INVITE") && text[8] >= '3';

	if (starts(text, "SIP/2.0 100") || is_of(text, "CANCEL"))
		return; // from the next hop, for this one alone
	if (refuses)
		hop_ack(world, text);
	if (world->fault != FAULT_VIA_NOT_REMOVED)
		line_remove(text, "Via: ");
	response_break(world, text);
	emit(world, SIDE_A, text);
}

void proxy_forward(struct world *world, unsigned from, const char *text) {
	char edited[WORLD_TEXT];

	if (!strstr(text, "\r\n\r\n")) // a damaged Via came back
		return;
	snprintf(edited, sizeof(edited), "%s", text);
	if (from == SIDE_A)
		request(world, edited);
	else
		response(world, edited);
}
