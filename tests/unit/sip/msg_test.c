// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/msg.h"
#include "unit/sip/corpus.h"

#define REQUEST(method) method " sip:bob@192.0.2.9 SIP/2.0\r\n"
#define VIA "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport\r\n"
#define PARTIES "From: <sip:alice@a.example>;tag=1\r\nTo: <sip:bob@b.example>\r\nCall-ID: c1@192.0.2.1\r\n"
#define CSEQ(method) "CSeq: 7 " method "\r\n"
#define END "\r\n"
#define INVITE(lines) REQUEST("INVITE") VIA PARTIES CSEQ("INVITE") lines END
#define RESPONSE(start_line) start_line "\r\n" VIA PARTIES CSEQ("INVITE") END

static struct sip_locator locators[LOCATORS];
static struct sip_limits limits = {.headers_max = 64, .vias_max = 3};

static int setup(void **state) {
	(void)state;
	locators_init(locators);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	locators_fini(locators);
	return 0;
}

// With every locator, which must agree; the message stays where it is.
static enum sip_verdict parse_bytes(struct sip_msg *msg, const char *text, size_t len) {
	struct guarded copy = guarded_end(text, len);
	enum sip_verdict verdict = sip_parse(msg, text, len, &limits, &locators[0]);
	struct sip_msg other;

	for (int i = 0; i < LOCATORS; i++)
		assert_int_equal(sip_parse(&other, copy.ptr, len, &limits, &locators[i]), verdict);
	guarded_free(&copy);
	return verdict;
}

static enum sip_verdict parse(struct sip_msg *msg, const char *text) {
	return parse_bytes(msg, text, strlen(text));
}

static void assert_str(struct str s, const char *text) {
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.ptr ? s.ptr : "", text, s.len);
}

struct row {
	const char *text;
	enum sip_verdict verdict;
};

static void play(const struct row *rows, size_t count) {
	struct sip_msg msg;

	for (size_t i = 0; i < count; i++) {
		enum sip_verdict verdict = parse(&msg, rows[i].text);

		if (verdict != rows[i].verdict)
			fail_msg("row %zu: %.*s", i, STR_ARG(sip_verdict_text(verdict)));
	}
}

#define PLAY(rows) play(rows, ARRAY_LEN(rows))

static void request_gives_all_its_fields(void **state) {
	struct sip_msg msg;

	(void)state;
	assert_int_equal(parse(&msg, INVITE("Max-Forwards: 70\r\nContent-Length: 3\r\n") "abcd"), SIP_OK);
	assert_true(msg.is_request);
	assert_int_equal(msg.method, SIP_INVITE);
	assert_str(msg.method_text, "INVITE");
	assert_str(msg.request_uri, "sip:bob@192.0.2.9");
	assert_str(msg.uri.user, "bob");
	assert_int_equal(msg.via_count, 1);
	assert_true(msg.via_alone);
	assert_str(msg.via.branch, "z9hG4bKa");
	assert_true(msg.via.has_rport);
	assert_str(msg.from.tag, "1");
	assert_int_equal(msg.to.tag.len, 0);
	assert_str(msg.call_id, "c1@192.0.2.1");
	assert_int_equal(msg.cseq, 7);
	assert_int_equal(msg.max_forwards, 70);
	assert_true(msg.has_content_length);
	assert_str(msg.body, "abc");
	assert_int_equal(msg.len, msg.index.body + 3);
}

static void response_gives_all_its_fields(void **state) {
	struct sip_msg msg;

	(void)state;
	assert_int_equal(parse(&msg, RESPONSE("SIP/2.0 180 Still ringing")), SIP_OK);
	assert_false(msg.is_request);
	assert_int_equal(msg.status, 180);
	assert_str(msg.reason, "Still ringing");
	assert_int_equal(msg.method, SIP_INVITE);
	assert_int_equal(msg.max_forwards, SIP_MAX_FORWARDS_NONE);
	assert_false(sip_can_answer(&msg));
}

static void compact_names_odd_case_and_folds_are_the_same_message(void **state) {
	static const char text[] = "\r\n\r\n" REQUEST("INVITE"
	) "v : SIP / 2.0 / UDP\r\n 192.0.2.1:5060 ;\r\n\tbranch=z9hG4bKa\r\n"
	  "F:\r\n <sip:alice@a.example>\r\n ;tag=1\r\nt\t:<sip:bob@b.example>\r\ni:\r\n\tc1@192.0.2.1\r\n"
	  "cSEQ: 7\r\n INVITE\r\nL:\r\n 0\r\nMAX-forwards:\n 9\r\n\r\n";
	struct sip_msg msg;

	(void)state;
	assert_int_equal(parse(&msg, text), SIP_OK);
	assert_str(msg.via.branch, "z9hG4bKa");
	assert_str(msg.from.tag, "1");
	assert_str(msg.call_id, "c1@192.0.2.1");
	assert_int_equal(msg.cseq, 7);
	assert_int_equal(msg.max_forwards, 9);
	assert_int_equal(msg.index.first_line, 4);
	assert_str(sip_peek_call_id(text, sizeof(text) - 1), "c1@192.0.2.1");
}

static void start_lines_are_judged(void **state) {
#define LINE(line) line "\r\n" VIA PARTIES CSEQ("INVITE") END
	static const struct row rows[] = {
		{LINE("INVITE sip:a SIP/2.0"), SIP_OK},
		{LINE("INVITE sip:a sip/2.0"), SIP_OK},
		{LINE("INVITE sips:a SIP/2.0"), SIP_OK},
		{LINE("INVITE SIP:a SIP/2.0"), SIP_OK},
		{LINE("INVITE tel:+358 SIP/2.0"), SIP_BAD_URI_SCHEME},
		{LINE("invite sip:a SIP/2.0"), SIP_BAD_CSEQ},
		{LINE("INVITE sip:a SIP/3.0"), SIP_BAD_VERSION},
		{LINE("INVITE sip:a SIP/2.10"), SIP_BAD_VERSION},
		{LINE("INVITE sip:a SIP/2"), SIP_BAD_START_LINE},
		{LINE("INVITE sip:a SIP/.0"), SIP_BAD_START_LINE},
		{LINE("INVITE sip:a HTTP/1.1"), SIP_BAD_START_LINE},
		{LINE("INVITE sip:a SIP/2.0 "), SIP_BAD_START_LINE},
		{LINE("INVITE sip:a  SIP/2.0"), SIP_BAD_URI},
		{LINE("INVITE  sip:a SIP/2.0"), SIP_BAD_URI},
		{LINE("INVITE sip:a\tSIP/2.0"), SIP_BAD_START_LINE},
		{LINE("INVITE sip:a b SIP/2.0"), SIP_BAD_URI},
		{LINE("INVITE sip:a;\tlr SIP/2.0"), SIP_BAD_URI},
		{LINE("INVITE <sip:a> SIP/2.0"), SIP_BAD_URI},
		{LINE("INVITE sip:a?x=y SIP/2.0"), SIP_BAD_URI},
		{LINE("INVITE  SIP/2.0"), SIP_BAD_URI},
		{LINE("INVITE SIP/2.0"), SIP_BAD_START_LINE},
		{LINE(" INVITE sip:a SIP/2.0"), SIP_BAD_START_LINE},
		{LINE("INV@TE sip:a SIP/2.0"), SIP_BAD_START_LINE},
		{LINE("INVITE"), SIP_BAD_START_LINE},
		{LINE("SIP/2.0 100 Trying"), SIP_OK},
		{LINE("sip/2.0 699 "), SIP_OK},
		{LINE("SIP/2.0 200"), SIP_OK},
		{LINE("SIP/2.0 200  OK"), SIP_OK},
		{LINE("SIP/2.0 099 x"), SIP_BAD_START_LINE},
		{LINE("SIP/2.0 700 x"), SIP_BAD_START_LINE},
		{LINE("SIP/2.0 2000 x"), SIP_BAD_START_LINE},
		{LINE("SIP/2.0 20"), SIP_BAD_START_LINE},
		{LINE("SIP/2.0 2x0 OK"), SIP_BAD_START_LINE},
		{LINE("SIP/2.0  200 OK"), SIP_BAD_START_LINE},
		{LINE("SIP/2.0\t200 OK"), SIP_BAD_START_LINE},
		{LINE("SIP/2.0"), SIP_BAD_START_LINE},
		{LINE("SIP/1.0 200 OK"), SIP_BAD_VERSION},
	};

	(void)state;
	PLAY(rows);
}

static void needed_headers_must_be_there(void **state) {
	static const struct row rows[] = {
		{REQUEST("BYE") PARTIES CSEQ("BYE") END, SIP_BAD_MISSING_VIA},
		{REQUEST("BYE") VIA "To: sip:b\r\nCall-ID: 1\r\n" CSEQ("BYE") END, SIP_BAD_MISSING_FROM},
		{REQUEST("BYE") VIA "From: sip:a\r\nCall-ID: 1\r\n" CSEQ("BYE") END, SIP_BAD_MISSING_TO},
		{REQUEST("BYE") VIA "From: sip:a\r\nTo: sip:b\r\n" CSEQ("BYE") END, SIP_BAD_MISSING_CALL_ID},
		{REQUEST("BYE") VIA PARTIES END, SIP_BAD_MISSING_CSEQ},
		{REQUEST("BYE") VIA PARTIES CSEQ("BYE"), SIP_BAD_END},
		{REQUEST("BYE") VIA PARTIES "Bogus\r\n" CSEQ("BYE") END, SIP_BAD_LINE},
		{"BYE sip:a SIP/2.0", SIP_BAD_END},
	};

	(void)state;
	PLAY(rows);
}

static void what_may_stand_once_must_not_stand_twice(void **state) {
	static const struct row rows[] = {
		{INVITE("f: <sip:alice@a.example>;tag=1\r\n"), SIP_BAD_REPEATED},
		{INVITE("t: <sip:bob@b.example>\r\n"), SIP_BAD_REPEATED},
		{INVITE("i: c1@192.0.2.1\r\n"), SIP_BAD_REPEATED},
		{INVITE(CSEQ("INVITE")), SIP_BAD_REPEATED},
		{INVITE("Max-Forwards: 1\r\nmax-forwards: 1\r\n"), SIP_BAD_REPEATED},
		{INVITE("Content-Length: 0\r\nl: 0\r\n"), SIP_BAD_REPEATED},
		// What is only passed on is not judged.
		{INVITE("c: a/b\r\nContent-Type: a/b\r\n"), SIP_OK},
		{INVITE("Server: a\r\nServer: b\r\nSubject: 1\r\ns: 2\r\n"), SIP_OK},
		{INVITE("Allow: BYE\r\nAllow: ACK\r\nX-A: 1\r\nX-A: 1\r\nv: SIP/2.0/UDP a\r\n"), SIP_OK},
	};

	(void)state;
	PLAY(rows);
}

static void values_are_judged(void **state) {
	static const struct row rows[] = {
		{INVITE("Max-Forwards: 0\r\n"), SIP_OK},
		{INVITE("Max-Forwards: 255\r\n"), SIP_OK},
		{INVITE("Max-Forwards: 256\r\n"), SIP_BAD_MAX_FORWARDS},
		{INVITE("Max-Forwards: -1\r\n"), SIP_BAD_MAX_FORWARDS},
		{INVITE("Max-Forwards:\r\n"), SIP_BAD_MAX_FORWARDS},
		{INVITE("Max-Forwards: 7 0\r\n"), SIP_BAD_MAX_FORWARDS},
		{INVITE("Max-Forwards: 18446744073709551617\r\n"), SIP_BAD_MAX_FORWARDS},
		{INVITE("Content-Length: 1\r\n"), SIP_BAD_CONTENT_LENGTH},
		{INVITE("Content-Length: 1\r\n") "x", SIP_OK},
		{INVITE("Content-Length: 1\r\n") "xy", SIP_OK},
		{INVITE("Content-Length: 0x1\r\n") "x", SIP_BAD_CONTENT_LENGTH},
		{INVITE("Content-Length: +1\r\n") "x", SIP_BAD_CONTENT_LENGTH},
		{INVITE("Content-Length:\r\n") "x", SIP_BAD_CONTENT_LENGTH},
		{INVITE("Content-Length: 4294967297\r\n") "x", SIP_BAD_CONTENT_LENGTH},
		{INVITE("Expires: 4294967295\r\n"), SIP_OK},
		{INVITE("Expires: soon\r\n"), SIP_OK}, // passed on, not judged
		{INVITE("Contact: <sip:a@b;x=y>;q=1\r\n"), SIP_OK},
		{INVITE("m: sip:a@b, <sip:c\r\n"), SIP_OK},
		{INVITE("Contact: <sip:a\r\n"), SIP_BAD_CONTACT},
		{INVITE("Contact: *\r\n"), SIP_BAD_CONTACT},
		{INVITE("Contact:\r\n"), SIP_BAD_CONTACT},
		{INVITE("Route: <sip:192.0.2.1;lr>,<sip:b;lr>\r\n"), SIP_OK},
		{INVITE("Route: sip:192.0.2.1;lr\r\n"), SIP_BAD_ROUTE},
		{INVITE("Route: <>\r\n"), SIP_BAD_ROUTE},
		{INVITE("Route: \"\r\n"), SIP_BAD_ROUTE},
		{REQUEST("BYE") VIA PARTIES CSEQ("INVITE") END, SIP_BAD_CSEQ},
		{REQUEST("BYE") VIA PARTIES "CSeq: 2147483648 BYE\r\n" END, SIP_BAD_CSEQ},
		{REQUEST("BYE") VIA PARTIES "CSeq: 2147483647 BYE\r\n" END, SIP_OK},
		{REQUEST("BYE") VIA PARTIES "CSeq: BYE\r\n" END, SIP_BAD_CSEQ},
		{REQUEST("BYE") VIA PARTIES CSEQ("bye") END, SIP_BAD_CSEQ},
		{REQUEST("BYE") VIA "From: sip:a\r\nTo: sip:b\r\ni: a b\r\n" CSEQ("BYE") END, SIP_BAD_CALL_ID},
		{REQUEST("BYE") VIA "From: sip:a\r\nTo: *\r\ni: 1\r\n" CSEQ("BYE") END, SIP_BAD_TO},
		{REQUEST("BYE") VIA "From: \"a\r\nTo: sip:b\r\ni: 1\r\n" CSEQ("BYE") END, SIP_BAD_FROM},
		{REQUEST("BYE") VIA "Via:\r\n" PARTIES CSEQ("BYE") END, SIP_BAD_VIA},
		{REQUEST("BYE") VIA "Via: SIP/2.0/UDP a,\r\n" PARTIES CSEQ("BYE") END, SIP_BAD_VIA},
		{REQUEST("BYE") VIA "Via: SIP/2.0/UDP\r\n" PARTIES CSEQ("BYE") END, SIP_BAD_VIA},
		{REQUEST("BYE") VIA "Via: FOO/3.0/UDP a\r\n" PARTIES CSEQ("BYE") END, SIP_OK},
		{REQUEST("BYE") "Via: FOO/3.0/UDP a\r\n" VIA PARTIES CSEQ("BYE") END, SIP_BAD_VIA},
		{"SIP/2.0 200 OK\r\n" VIA PARTIES CSEQ("BYE") "Max-Forwards: none\r\n" END, SIP_OK},
		// Syntax comes before what a proxy supports.
		{"BYE tel:1 SIP/2.0\r\n" VIA PARTIES "CSeq: x\r\n" END, SIP_BAD_CSEQ},
	};

	(void)state;
	PLAY(rows);
}

static void vias_are_counted_over_lines_and_commas(void **state) {
	struct sip_msg msg;

	(void)state;
	assert_int_equal(
		parse(&msg, REQUEST("BYE") "v: SIP/2.0/UDP a, SIP/2.0/TCP b\r\n" VIA PARTIES CSEQ("BYE") END), SIP_OK
	);
	assert_int_equal(msg.via_count, 3);
	assert_false(msg.via_alone);
	assert_str(msg.via.text, "SIP/2.0/UDP a");
	assert_int_equal(parse(&msg, REQUEST("BYE") VIA VIA VIA VIA PARTIES CSEQ("BYE") END), SIP_BAD_TOO_MANY_VIAS);
	assert_true(sip_can_answer(&msg));
}

static void white_space_alone_is_a_keep_alive(void **state) {
	static const struct row rows[] = {
		{"", SIP_KEEPALIVE},
		{"\r\n\r\n", SIP_KEEPALIVE},
		{"\n", SIP_KEEPALIVE},
		{" \t\r\n", SIP_KEEPALIVE},
		{"\r\nx", SIP_BAD_END},
		{"x", SIP_BAD_END},
		{"INVITE", SIP_BAD_END},
		{"\x80INVITE sip:a SIP/2.0", SIP_BAD_START_LINE},
		{"{\"id\": 1}", SIP_BAD_START_LINE},
		{"GET\t/", SIP_BAD_START_LINE},
	};
	struct sip_msg msg;

	(void)state;
	PLAY(rows);
	assert_int_equal(parse_bytes(&msg, "\0\0\0\0", 4), SIP_BAD_START_LINE);
	assert_false(sip_can_answer(&msg));
}

static void lists_are_walked_over_all_lines(void **state) {
	static const char *const expected[] = {"100rel", "timer", "path", "a\"b,c\""};
	struct sip_walk walk = {.id = HDR_SUPPORTED};
	struct sip_msg msg;
	struct str entry;

	(void)state;
	assert_int_equal(
		parse(&msg,
		      INVITE("k: 100rel ,\r\n timer\r\nSupported:\r\nAllow: BYE\r\nSUPPORTED: path,a\"b,c\"\r\n")),
		SIP_OK
	);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_int_equal(sip_walk_next(&msg, &walk, &entry), 1);
		assert_str(entry, expected[i]);
	}
	assert_int_equal(sip_walk_next(&msg, &walk, &entry), 0);
	assert_int_equal(sip_walk_next(&msg, &walk, &entry), 0);
	assert_true(sip_has_option(&msg, HDR_SUPPORTED, STR("TIMER")));
	assert_false(sip_has_option(&msg, HDR_SUPPORTED, STR("time")));
	assert_false(sip_has_option(&msg, HDR_REQUIRE, STR("timer")));
}

static void contact_is_the_first(void **state) {
	struct sip_msg msg;

	(void)state;
	assert_int_equal(parse(&msg, INVITE("m: \"x, <y>\" <sip:a@b;p>;q=1, <sip:c>\r\n")), SIP_OK);
	assert_str(sip_contact_uri(&msg), "sip:a@b;p");
	assert_int_equal(parse(&msg, INVITE("")), SIP_OK);
	assert_int_equal(sip_contact_uri(&msg).len, 0);
}

static void answer_needs_what_it_copies(void **state) {
	static const struct {
		const char *text;
		bool can;
	} rows[] = {
		{REQUEST("BYE") VIA PARTIES "CSeq: x\r\n" END, true},
		{REQUEST("BYE") VIA PARTIES "CSeq: 1 BYE\r\nBogus\r\n" END, true},
		{REQUEST("BYE") VIA PARTIES "CSeq: 1 BYE\r\n", true},
		{REQUEST("BYE") VIA PARTIES "Bogus\r\nCSeq: 1 BYE\r\n" END, false},
		{REQUEST("BYE") VIA PARTIES "CSeq:\r\n" END, false},
		{REQUEST("BYE") VIA PARTIES "CSeq: 1\rBYE\r\n" END, false},
		{REQUEST("BYE") "Via: SIP/9.0/X y;;\r\n" PARTIES CSEQ("BYE") END, true},
		{REQUEST("BYE") "Via: ,\r\n" PARTIES CSEQ("BYE") END, false},
		{REQUEST("BYE") PARTIES CSEQ("BYE") END, false},
		{"BYE\r\n" VIA PARTIES CSEQ("BYE") END, false},
		{"BYE sip:a SIP/9.9\r\n" VIA PARTIES CSEQ("BYE") END, true},
	};
	struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		parse(&msg, rows[i].text);
		if (sip_can_answer(&msg) != rows[i].can)
			fail_msg("row %zu", i);
	}
}

static void limits_hold(void **state) {
	struct sip_msg msg;
	char text[8192] = REQUEST("BYE") VIA PARTIES CSEQ("BYE");
	size_t len = strlen(text);

	(void)state;
	for (int i = 5; i < 64; i++, len += 6)
		memcpy(text + len, "w: y\r\n", 6);
	memcpy(text + len, "\r\nX", 3);
	assert_int_equal(parse_bytes(&msg, text, len + 2), SIP_OK);
	assert_int_equal(msg.index.count, 64);
	memcpy(text + len, "w: y\r\n\r\n", 8);
	assert_int_equal(parse_bytes(&msg, text, len + 8), SIP_BAD_TOO_MANY_HEADERS);
	assert_true(sip_can_answer(&msg));
}

// Of a request; a response has what it has.
static void limits_of_requests_hold(void **state) {
	static const struct {
		struct sip_limits limits;
		const char *text;
		enum sip_verdict verdict;
	} rows[] = {
		{{64, 3, 2, 0},
		 "Route: <sip:a;lr>, <sip:b;lr>\r\nRecord-Route: <sip:a>\r\nRecord-Route: <sip:b>\r\n",
		 SIP_OK},
		{{64, 3, 2, 0}, "Route: <sip:a;lr>, <sip:b;lr>\r\nRoute: <sip:c>\r\n", SIP_BAD_TOO_MANY_ROUTES},
		{{64, 3, 2, 0}, "Route: <sip:a>,<sip:b>,<sip:c>\r\n", SIP_BAD_TOO_MANY_ROUTES},
		{{64, 3, 2, 0}, "Record-Route: <sip:a>,<sip:b>\r\nRecord-Route: <sip:c>\r\n", SIP_BAD_TOO_MANY_ROUTES},
		{{64, 3, 0, 0}, "Route: <sip:a>,<sip:b>,<sip:c>\r\n", SIP_OK},
		{{64, 3, 0, 4}, "Content-Length: 4\r\n\r\nbody", SIP_OK},
		{{64, 3, 0, 3}, "Content-Length: 4\r\n\r\nbody", SIP_BAD_BODY_TOO_LARGE},
		{{64, 3, 0, 3}, "\r\nbody", SIP_BAD_BODY_TOO_LARGE},
	};
	struct sip_limits before = limits;
	struct sip_msg msg;
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool has_body = strstr(rows[i].text, "\r\nbody") != NULL;

		limits = rows[i].limits;
		snprintf(
			text,
			sizeof(text),
			REQUEST("BYE") VIA PARTIES CSEQ("BYE") "%s%s",
			rows[i].text,
			has_body ? "" : END
		);
		assert_int_equal(parse(&msg, text), rows[i].verdict);
		assert_true(sip_can_answer(&msg));
		snprintf(
			text,
			sizeof(text),
			"SIP/2.0 200 OK\r\n" VIA PARTIES CSEQ("BYE") "%s%s",
			rows[i].text,
			has_body ? "" : END
		);
		assert_int_equal(parse(&msg, text), SIP_OK);
	}
	limits = before;
}

static void largest_datagrams_take_linear_time(void **state) {
	static const char *const fillings[] = {
		" ", "\r\n ", ",", ";", "\"", "<", "a,", "\\", "%", "[", ":", "=", "@", "a: b\r\n"};
	static const char *const headers[] = {
		"", "Via: ", "Route: ", "Contact: ", "To: ", "CSeq: ", "Content-Length: "};
	char *text = malloc(SIP_MESSAGE_MAX);
	struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fillings); i++)
		for (size_t k = 0; k < ARRAY_LEN(headers); k++) {
			size_t size = strlen(fillings[i]);
			size_t len = (size_t)snprintf(text, SIP_MESSAGE_MAX, REQUEST("INVITE") "%s", headers[k]);

			for (; len + size <= SIP_MESSAGE_MAX - 64; len += size)
				memcpy(text + len, fillings[i], size);
			len += (size_t)snprintf(text + len, 64, "\r\n" CSEQ("INVITE") END);
			parse_bytes(&msg, text, len);
		}
	free(text);
}

static void methods_are_case_sensitive(void **state) {
	(void)state;
	for (int method = SIP_INVITE; method < SIP_METHOD_COUNT; method++) {
		char text[16];
		struct str name = sip_method_name(method);

		assert_int_equal(sip_method_find(name), method);
		memcpy(text, name.ptr, name.len);
		text[name.len - 1] |= 0x20;
		assert_int_equal(sip_method_find(str_of(text, name.len)), SIP_METHOD_OTHER);
		assert_int_equal(sip_method_find(str_of(text, name.len - 1)), SIP_METHOD_OTHER);
	}
	assert_int_equal(sip_method_find(STR("other")), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_find(STR("")), SIP_METHOD_OTHER);
}

static void every_verdict_has_its_answer_and_counter(void **state) {
	(void)state;
	assert_int_equal(sip_verdict_status(SIP_OK), 0);
	assert_int_equal(sip_verdict_status(SIP_KEEPALIVE), 0);
	assert_int_equal(sip_verdict_count(SIP_KEEPALIVE), COUNT_RX_KEEPALIVE);
	assert_int_equal(sip_verdict_status(SIP_BAD_VERSION), 505);
	for (int verdict = SIP_KEEPALIVE + 1; verdict < SIP_VERDICT_COUNT; verdict++) {
		assert_in_range(sip_verdict_status(verdict), 400, 699);
		assert_true(sip_verdict_text(verdict).len > 0);
		assert_true(sip_verdict_count(verdict) >= COUNT_SIP_BAD_START_LINE);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_gives_all_its_fields),
		cmocka_unit_test(response_gives_all_its_fields),
		cmocka_unit_test(compact_names_odd_case_and_folds_are_the_same_message),
		cmocka_unit_test(start_lines_are_judged),
		cmocka_unit_test(needed_headers_must_be_there),
		cmocka_unit_test(what_may_stand_once_must_not_stand_twice),
		cmocka_unit_test(values_are_judged),
		cmocka_unit_test(vias_are_counted_over_lines_and_commas),
		cmocka_unit_test(white_space_alone_is_a_keep_alive),
		cmocka_unit_test(lists_are_walked_over_all_lines),
		cmocka_unit_test(contact_is_the_first),
		cmocka_unit_test(answer_needs_what_it_copies),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(limits_of_requests_hold),
		cmocka_unit_test(largest_datagrams_take_linear_time),
		cmocka_unit_test(methods_are_case_sensitive),
		cmocka_unit_test(every_verdict_has_its_answer_and_counter),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
