// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "call.h"

#include <stdio.h>

#define LINES_MAX 8

const char *call_request(const char *method, const char *branch, int cseq, const char *to_tag, const char *extra) {
	static char text[4096];
	const char *body = strcmp(method, "INVITE") == 0 ? "v=0\r\n" : "";

	snprintf(
		text,
		sizeof(text),
		"%s %s SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=%s;rport\r\n"
		"%sMax-Forwards: 70\r\n"
		"From: <sip:alice@example.net>;tag=f1\r\n"
		"To: <sip:bob@example.net>%s%s\r\n"
		"Call-ID: call-00000001@192.0.2.10\r\n"
		"CSeq: %d %s\r\n"
		"Contact: <sip:alice@192.0.2.10>\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		method,
		to_tag ? "sip:bob@198.51.100.10" : "sip:bob@example.net",
		branch,
		extra,
		to_tag ? ";tag=" : "",
		to_tag ? to_tag : "",
		cseq,
		method,
		strlen(body),
		body
	);
	return text;
}

// Without its end; the lines that continue it belong to it.
static size_t line_len(const char *line) {
	size_t len = strcspn(line, "\r");

	while (line[len + 2] == ' ' || line[len + 2] == '\t')
		len += 2 + strcspn(line + len + 2, "\r");
	return len;
}

// Appends the lines of `message` with that name.
static void copy_lines(char *out, size_t size, const char *message, const char *name) {
	const char *end = strstr(message, "\r\n\r\n");

	for (const char *line = strstr(message, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n")) {
		size_t len = line_len(line + 2);

		if (strncmp(line + 2, name, strlen(name)) == 0 && line[2 + strlen(name)] == ':')
			snprintf(out + strlen(out), size - strlen(out), "%.*s\r\n", (int)len, line + 2);
	}
}

bool call_response_into(char *text, size_t size, const char *request, int status, const char *to_tag) {
	static const char *const copied[] = {"Via", "Record-Route", "From", "To"};

	snprintf(text, size, "SIP/2.0 %d Phrase\r\n", status);
	for (unsigned i = 0; i < ARRAY_LEN(copied); i++)
		copy_lines(text, size, request, copied[i]);
	if (to_tag && !strstr(rig_header(request, "To"), ";tag="))
		snprintf(text + strlen(text) - 2, size - strlen(text), ";tag=%s\r\n", to_tag);
	copy_lines(text, size, request, "Call-ID");
	copy_lines(text, size, request, "CSeq");
	snprintf(
		text + strlen(text),
		size - strlen(text),
		"Contact: <sip:bob@198.51.100.10>\r\nContent-Length: 0\r\n\r\n"
	);
	return strlen(text) < size - 1;
}

const char *call_response(const char *request, int status, const char *to_tag) {
	static char text[4096];

	assert_true(call_response_into(text, sizeof(text), request, status, to_tag));
	return text;
}

const char *call_routes(const char *message, bool reversed) {
	static char text[1024];
	char lines[1024] = "", *line[LINES_MAX], *rest = lines;
	int count = 0;

	copy_lines(lines, sizeof(lines), message, "Record-Route");
	text[0] = '\0';
	for (char *at; count < LINES_MAX && (at = strstr(rest, "\r\n")); rest = at + 2) {
		*at = '\0';
		line[count++] = rest + strlen("Record-Route: ");
	}
	for (int i = 0; i < count; i++)
		snprintf(
			text + strlen(text),
			sizeof(text) - strlen(text),
			"Route: %s\r\n",
			line[reversed ? count - 1 - i : i]
		);
	return text;
}

const char *call_establish(struct rig *rig, const char *branch) {
	static char invite[4096], ok[4096], routes[1024];

	rig_send(rig, CALLER, INVITE(branch));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLEE, call_response(invite, 200, "t1"));
	snprintf(ok, sizeof(ok), "%s", rig_expect(rig, CALLER, "SIP/2.0 200 "));
	snprintf(routes, sizeof(routes), "%s", call_routes(ok, true));
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bKack", 1, "t1", routes));
	rig_expect(rig, CALLEE, "ACK ");
	rig_expect_nothing(rig);
	return routes;
}

const char *call_replaced(const char *text, const char *from, const char *to) {
	static char out[4096];
	const char *at = strstr(text, from);

	assert_non_null(at);
	snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}
