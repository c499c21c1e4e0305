// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "../test.h"
#include "walk.h"

#define NEEDED "From: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
#define REQUEST "INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n" NEEDED

static void a_request_is_taken_apart(void **state) {
	static const char text[] = "INVITE sip:b@h SIP/2.0\r\n"
				   "v: SIP/2.0/UDP one ,SIP/2.0/UDP two\r\n"
				   "VIA : SIP/2.0/UDP three\r\n"
				   "Record-Route: <sip:x,y;lr>,\"a,b\" <sip:z>\r\n"
				   "Route: <sip:r>\r\n"
				   "Max-Forwards: 70\r\n"
				   "f: \"a\" <sip:a>;tag=1\r\n"
				   "t: <sip:b>\r\n"
				   "i: id@host\r\n"
				   "CSeq: 1\r\n INVITE\r\n"
				   "m: <sip:c>\r\n"
				   "Subject: x\r\n"
				   "l: 4\r\n\r\nbody";
	struct guarded in = guarded_end(text, sizeof(text) - 1);
	struct message m;

	(void)state;
	assert_true(message_walk(&m, in.ptr, (uint32_t)in.len));
	assert_int_equal(m.status, 0);
	assert_int_equal(m.start_method, METHOD_INVITE);
	assert_true(str_eq(m.uri, STR("sip:b@h")));
	assert_int_equal(m.via_count, 3);
	assert_true(str_eq(m.via[1], STR("SIP/2.0/UDP two")));
	assert_true(str_eq(m.via[2], STR("SIP/2.0/UDP three")));
	assert_int_equal(m.record_route_count, 2);
	assert_true(str_eq(m.record_route[0], STR("<sip:x,y;lr>")));
	assert_true(str_eq(m.record_route[1], STR("\"a,b\" <sip:z>")));
	assert_int_equal(m.route_count, 1);
	assert_true(str_eq(m.from, STR("\"a\" <sip:a>;tag=1")));
	assert_true(str_eq(m.call_id, STR("id@host")));
	assert_true(str_eq(m.contact, STR("<sip:c>")));
	assert_true(str_eq(m.content_length, STR("4")));
	assert_int_equal(m.others, 1);
	assert_true(str_eq(m.body, STR("body")));
	guarded_free(&in);
}

static void a_response_has_a_status_and_the_method_of_its_cseq(void **state) {
	static const char text[] = "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP h\r\n" NEEDED "\r\n";
	struct message m;

	(void)state;
	assert_true(message_walk(&m, text, sizeof(text) - 1));
	assert_int_equal(m.status, 486);
	assert_int_equal(m.method, METHOD_INVITE);
}

static void a_head_is_walked_without_what_follows(void **state) {
	static const char head[] = "INVITE sip:b SIP/2.0\r\nRecord-Route: <sip:x;lr>\r\nVia: SIP/2.0/UDP one\r\n"
				   "v: SIP/2.0/UDP two\r\nMax-Forwards: 69\r\n";
	struct guarded in = guarded_end(head, sizeof(head) - 1);
	struct message m;

	(void)state;
	assert_true(message_walk_head(&m, in.ptr, (uint32_t)in.len));
	assert_int_equal(m.start_method, METHOD_INVITE);
	assert_int_equal(m.via_count, 2);
	assert_int_equal(m.record_route_count, 1);
	assert_true(str_eq(m.max_forwards, STR("69")));
	guarded_free(&in);
}

static void what_is_no_head_is_refused(void **state) {
	static const char *const bad[] = {
		"",
		"INVITE sip:b SIP/2.0\r\n",
		"INVITE sip:b SIP/2.0\r\nMax-Forwards: 69\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one\r\nSubject: ",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one\r\n\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one\r\n\r\nVia: SIP/2.0/UDP two\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one\r\nFrom: <sip:a>;tag=1\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one\r\nt: <sip:b>\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one\r\nCall-ID: c\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one\r\nCSeq: 1 INVITE\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one\r\nContact: <sip:c>\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP one\r\nl: 0\r\n",
	};
	struct message m;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		struct guarded in = guarded_end(bad[i], strlen(bad[i]));

		if (message_walk_head(&m, in.ptr, (uint32_t)in.len))
			fail_msg("taken: %s", bad[i]);
		guarded_free(&in);
	}
}

static void what_is_no_message_is_refused(void **state) {
	static const char *const bad[] = {
		"",
		"\r\n\r\n",
		"INVITE sip:b\r\nVia: x\r\n" NEEDED "\r\n",
		"INVITE  SIP/2.0",
		"SIP/2.0 99 x\r\nVia: x\r\n" NEEDED "\r\n",
		"SIP/2.0 2000 x\r\nVia: x\r\n" NEEDED "\r\n",
		"SIP/2.0 700 x\r\nVia: x\r\n" NEEDED "\r\n",
		REQUEST,
		REQUEST "no colon\r\n\r\n",
		REQUEST "To: <sip:twice>\r\n\r\n",
		"INVITE sip:b SIP/2.0\r\n" NEEDED "\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: x\r\nFrom: a\r\nTo: b\r\nCSeq: 1 INVITE\r\n\r\n",
		"INVITE sip:b SIP/2.0\r\nVia: x\r\nFrom: a\r\nTo: b\r\nCall-ID: c\r\nCSeq: 1INVITE\r\n\r\n",
		REQUEST "Via: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p\r\n\r\n",
	};
	struct message m;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
		if (message_walk(&m, bad[i], (uint32_t)strlen(bad[i])))
			fail_msg("taken: %s", bad[i]);
}

static void no_prefix_reads_past_its_end(void **state) {
	static const char text[] =
		REQUEST "Record-Route: \"\\\"a\" <sip:x>,<sip:y>\r\nX: y\r\n\tz\r\nContent-Length: 2\r\n\r\nab";
	struct message m;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct guarded in = guarded_end(text, len);

		assert_true(message_walk(&m, in.ptr, (uint32_t)len) == (len >= sizeof(text) - 3));
		guarded_free(&in);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_taken_apart),
		cmocka_unit_test(a_response_has_a_status_and_the_method_of_its_cseq),
		cmocka_unit_test(a_head_is_walked_without_what_follows),
		cmocka_unit_test(what_is_no_head_is_refused),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(no_prefix_reads_past_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
