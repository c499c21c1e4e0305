// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "storm_talk.h"

#include <stdio.h>

static const struct {
	const char *name, *host;
} ends[SIDES] = {[CALLER] = {"alice", "192.0.2.10"}, [CALLEE] = {"bob", "198.51.100.10"}};

static const char *const callee_tags[] = {"t0", "t1", "t2", "t3"};

#define BITS(byte, from, count) ((byte) >> (from) & ((1u << (count)) - 1))

// --- requests: how[0] method, call, Contact; how[1] branch, CSeq, Max-Forwards; how[2] tags, Route, what else; how[3]
// Request-URI, Via, body ---

static const char *const methods[] = {
	"INVITE",
	"ACK",
	"CANCEL",
	"BYE",
	"PRACK",
	"UPDATE",
	"OPTIONS",
	"SUBSCRIBE",
	"NOTIFY",
	"REFER",
	"MESSAGE",
	"REGISTER",
	"FOO",
	"INVITE",
	"INVITE",
	"ACK",
};

static const char *const max_forwards[] = {
	"Max-Forwards: 70\r\n",
	"Max-Forwards: 70\r\n",
	"Max-Forwards: 70\r\n",
	"Max-Forwards: 70\r\n",
	"Max-Forwards: 7\r\n",
	"Max-Forwards: 1\r\n",
	"Max-Forwards: 0\r\n",
	"",
};

static const char *const more[] = {
	"",
	"",
	"",
	"",
	"Supported: timer\r\nSession-Expires: 90\r\n",
	"Supported: timer\r\nSession-Expires: 30\r\n",
	"Session-Expires: 3600;refresher=uac\r\nMin-SE: 2000\r\n",
	"Route: <sip:192.0.2.1:5060;lr>\r\n",
	"Route: <sip:198.51.100.10>\r\n",
	"Route: <sip:198.51.100.10;lr>, <sip:10.0.0.1;lr>\r\n",
	"Proxy-Require: foo\r\n",
	"Max-Breadth: 1\r\n",
	"Max-Breadth: 2\r\n",
	"Require: 100rel\r\nRAck: 1 1 INVITE\r\n",
	"Record-Route: <sip:10.0.0.1;lr>\r\n",
	"Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKbelow\r\n",
};

// Formats, each with a host and a number.
static const char *const vias[] = {
	"%s:5060;branch=z9hG4bK%u;rport",
	"%s:5060;branch=z9hG4bK%u;rport",
	"%s;branch=z9hG4bK%u",
	"%s:5062;branch=z9hG4bK%u",
	"phone.example.net;branch=z9hG4bK%.0s%u;rport",
	"%s;branch=%u;rport",
	"%s;branch=z9hG4bK%u;received=10.9.8.7;rport=99",
	"%s;branch=z9hG4bK%u, SIP/2.0/UDP 10.0.0.3;branch=z9hG4bKother",
};

static void write_contact(char *out, size_t size, enum side from, unsigned which) {
	static const char *const ports[] = {"", ":5061"};

	out[0] = '\0';
	if (which < ARRAY_LEN(ports))
		snprintf(out, size, "Contact: <sip:%s@%s%s>\r\n", ends[from].name, ends[from].host, ports[which]);
	else if (which == 2)
		snprintf(out, size, "Contact: <sip:%s@gone.example.net>\r\n", ends[from].name);
}

// A strict router's: what stands first in the Route.
static bool write_route_uri(char *out, size_t size, const char *routes) {
	const char *at = strchr(routes, '<');

	if (at)
		snprintf(out, size, "%.*s", (int)strcspn(at + 1, ">"), at + 1);
	return at != NULL;
}

static void write_uri(char *out, size_t size, enum side from, const uint8_t *how, const char *routes) {
	bool is_in_dialog = !BITS(how[2], 2, 1);

	switch (BITS(how[3], 0, 3)) {
	case 4:
		snprintf(out, size, "tel:+15551234");
		return;
	case 5:
		if (write_route_uri(out, size, routes))
			return;
		break;
	case 6:
		snprintf(out, size, "sip:bob@%s", from == CALLER ? "198.51.100.99" : "192.0.2.99"); // nobody is there
		return;
	case 7:
		snprintf(out, size, "sip:%s", from == CALLER ? "192.0.2.1" : "198.51.100.1:5060"); // us
		return;
	}
	if (is_in_dialog)
		snprintf(out, size, "sip:%s@%s", ends[!from].name, ends[!from].host);
	else
		snprintf(out, size, "sip:%s@example.net", ends[!from].name);
}

// From and To with their tags: the caller has one, a callee one of several.
static void write_ends(char *out, size_t size, enum side from, const uint8_t *how) {
	const char *callee_tag = callee_tags[BITS(how[2], 0, 2)];
	const char *own = from == CALLER ? "f" : callee_tag, *other = from == CALLER ? callee_tag : "f";
	bool is_in_dialog = !BITS(how[2], 2, 1);

	snprintf(
		out,
		size,
		"From: <sip:%s@example.net>;tag=%s\r\nTo: <sip:%s@example.net>%s%s\r\n",
		ends[from].name,
		own,
		ends[!from].name,
		is_in_dialog ? ";tag=" : "",
		is_in_dialog ? other : ""
	);
}

static void write_via(char *out, size_t size, enum side from, const uint8_t *how) {
	snprintf(out, size, vias[BITS(how[3], 3, 3)], ends[from].host, BITS(how[1], 0, 3));
}

uint32_t storm_request(char *out, enum side from, const uint8_t *how, const char *routes) {
	static const int bodies[] = {0, 5, 600, 5};
	const char *method = methods[BITS(how[0], 0, 4)];
	char uri[256], via[192], tags[256], contact[96], length[32] = "";
	int body = bodies[BITS(how[3], 6, 2)], len;

	write_uri(uri, sizeof(uri), from, how, routes);
	write_via(via, sizeof(via), from, how);
	write_ends(tags, sizeof(tags), from, how);
	write_contact(contact, sizeof(contact), from, BITS(how[0], 6, 2));
	if (BITS(how[3], 6, 2) != 3)
		snprintf(length, sizeof(length), "Content-Length: %d\r\n", body);
	len = snprintf(
		out,
		STORM_TEXT,
		"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s\r\n%s%s%s%sCall-ID: call-%u@192.0.2.10\r\nCSeq: %u "
		"%s\r\n%s%s\r\n",
		method,
		uri,
		via,
		max_forwards[BITS(how[1], 5, 3)],
		BITS(how[2], 3, 1) ? routes : "",
		more[BITS(how[2], 4, 4)],
		tags,
		BITS(how[0], 4, 2),
		1 + BITS(how[1], 3, 2),
		method,
		contact,
		length
	);
	assert_true(len > 0 && len + body < STORM_TEXT);
	memset(out + len, 'x', (size_t)body);
	out[len + body] = '\0';
	return (uint32_t)(len + body);
}

// --- responses: how[1] status; how[2] tag, Via; how[3] what else ---

static const int statuses[] = {100, 180, 183, 200, 200, 202, 302, 401, 404, 408, 481, 486, 487, 500, 503, 603};

#define CONTACT "Contact: <sip:bob@198.51.100.10>\r\n"
#define LAST "Content-Length: 0\r\n\r\n"

// Instead of the Contact.
static const char *const said[] = {
	CONTACT,
	CONTACT,
	CONTACT,
	CONTACT,
	CONTACT,
	"",
	CONTACT "Retry-After: 5\r\n",
	"Contact: <sip:carol@198.51.100.10:5060>;q=0.5, <sip:dave@198.51.100.10>\r\n",
	"Contact: <sip:carol@198.51.100.10>;q=0.1\r\nContact: <sip:erin@198.51.100.99>;q=0.9\r\n",
	"Contact: <sip:bob@192.0.2.1>, <sip:x@example.org>, <tel:1>, <sips:y@198.51.100.10>\r\n",
	"WWW-Authenticate: Digest realm=\"a\", nonce=\"1\"\r\n",
	"Proxy-Authenticate: Digest realm=\"b\", nonce=\"2\"\r\n",
	CONTACT "Session-Expires: 90;refresher=uac\r\nRequire: timer\r\n",
	CONTACT "Session-Expires: 7200;refresher=uas\r\n",
	CONTACT "Require: 100rel\r\nRSeq: 1\r\n",
	CONTACT "Record-Route: <sip:10.0.0.4;lr>\r\n",
};

uint32_t storm_response(char *out, const char *request, const uint8_t *how) {
	const char *tag = BITS(how[2], 2, 1) ? NULL : callee_tags[BITS(how[2], 0, 2)];
	const char *what = said[BITS(how[3], 0, 4)];
	const size_t tail = sizeof(CONTACT LAST) - 1;
	size_t len;
	char *via;

	if (!call_response_into(out, STORM_TEXT, request, statuses[BITS(how[1], 0, 4)], tag))
		return 0;
	len = strlen(out) - tail;
	if (len + strlen(what) + sizeof(LAST) > STORM_TEXT)
		return 0;
	snprintf(out + len, STORM_TEXT - len, "%s" LAST, what);
	via = BITS(how[2], 3, 2) == 3 ? strstr(out, "\r\nVia:") : NULL;
	while (via && (via = strstr(via + 1, "\r\nVia:")))
		memcpy(via + 2, "X-V", 3); // the first alone
	return (uint32_t)strlen(out);
}

// --- the rest ---

struct str storm_stray(uint8_t which) {
#define STRAY(text)                                                                                                    \
	{ .ptr = (text), .len = sizeof(text) - 1 }
	static const struct str strays[] = {
		STRAY("\r\n\r\n"),
		STRAY("\r\n"),
		STRAY("\0"),
		STRAY("\0\1\0\0\x21\x12\xa4\x42"
		      "abcdefghijkl"),
		STRAY("SIP/2.0 200 OK\r\n\r\n"),
		STRAY("INVITE sip:x SIP/2.0\r\n\r\n"),
		STRAY("SIP/2.0 200 OK\r\n"
		      "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKr00ffffffffffffffff\r\n"
		      "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\r\n"
		      "From: <sip:a@b>;tag=f\r\nTo: <sip:c@d>;tag=t0\r\nCall-ID: call-0@192.0.2.10\r\n"
		      "CSeq: 1 INVITE\r\n\r\n"),
	};

	return strays[which % ARRAY_LEN(strays)];
}
