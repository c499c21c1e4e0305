// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/test.h"

#include "sip/build.h"
#include "unit/sip/parsed.h"

#define OUT_MAX 4096
#define TAIL "Content-Length: 0\r\n\r\n"
#define REST "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
#define LINE "INVITE sip:c@d SIP/2.0\r\n"

struct response_case {
	struct sip_response how;
	const char *request, *want; // want NULL: cannot be built
};

static const struct response_case cases[] = {
	{.how = {.status = 100},
	 .request = LINE "Via: SIP/2.0/UDP h;branch=b\r\nTimestamp: 54.2\r\nRecord-Route: <sip:r;lr>\r\n" REST
			 "Content-Length: 1\r\n\r\nx",
	 .want = "SIP/2.0 100 Trying\r\nVia: SIP/2.0/UDP h;branch=b\r\n" REST "Timestamp: 54.2\r\n" TAIL},
	{.how = {.status = 404,
		 .to_tag = STR("T"),
		 .server = STR("tandem"),
		 .received = STR("192.0.2.9"),
		 .rport = 5070},
	 .request = LINE "v: SIP/2.0/UDP h;rport;branch=b, SIP/2.0/UDP i;rport\r\nVia: SIP/2.0/TCP j;rport\r\n" REST
			 "Timestamp: 1\r\n\r\n",
	 .want = "SIP/2.0 404 Not Found\r\n"
		 "Via: SIP/2.0/UDP h;rport=5070;branch=b;received=192.0.2.9, SIP/2.0/UDP i;rport\r\n"
		 "Via: SIP/2.0/TCP j;rport\r\n"
		 "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=T\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
		 "Server: tandem\r\n" TAIL},
	{.how = {.status = 503,
		 .reason = STR("Full\r\nX: 1"),
		 .retry_after = 4000000000,
		 .received = STR("192.0.2.9"),
		 .rport = 1},
	 .request = LINE "Via: SIP/2.0/UDP h;received=[2001:db8::1];x;rport\r\n" REST "\r\n",
	 .want = "SIP/2.0 503 Full X: 1\r\nVia: SIP/2.0/UDP h;received=192.0.2.9;x;rport=1\r\n" REST
		 "Retry-After: 4000000000\r\n" TAIL},
	{.how = {.status = 400, .received = STR("2001:db8::9"), .rport = 1},
	 .request = LINE "Via: SIP/2.0/UDP h;rport=7;received=192.0.2.1\r\n" REST "\r\n",
	 .want = "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;rport=7;received=2001:db8::9\r\n" REST TAIL},
	{.how = {.status = 420, .to_tag = STR("T"), .extra = STR("Unsupported: foo, bar\r\n")},
	 .request = LINE "Via: SIP/2.0/UDP h\r\nFrom: <sip:a@b>\r\nTo: <sip:c@d>;tag=t\r\nCall-ID: x\r\n"
			 "CSeq: 1 INVITE\r\n\r\n",
	 .want = "SIP/2.0 420 Bad Extension\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@b>\r\nTo: <sip:c@d>;tag=t\r\n"
		 "Call-ID: x\r\nCSeq: 1 INVITE\r\nUnsupported: foo, bar\r\n" TAIL},
	{.how = {.status = 408, .skip_top_via = true},
	 .request = LINE "Via: SIP/2.0/UDP ours;branch=o\r\nVia: SIP/2.0/UDP h\r\n" REST "\r\n",
	 .want = "SIP/2.0 408 Request Timeout\r\nVia: SIP/2.0/UDP h\r\n" REST TAIL},
	{.how = {.status = 408, .skip_top_via = true, .rport = 9},
	 .request = LINE "Via: SIP/2.0/UDP ours;branch=o ,\r\n SIP/2.0/UDP h;rport\r\n" REST "\r\n",
	 .want = "SIP/2.0 408 Request Timeout\r\nVia: SIP/2.0/UDP h;rport=9\r\n" REST TAIL},
	{.how = {.status = 408, .skip_top_via = true},
	 .request = LINE "Via: SIP/2.0/UDP ours;branch=o\r\n" REST "\r\n",
	 .want = NULL},
	{.how = {.status = 299},
	 .request = LINE
	 "VIA :\r\n SIP / 2.0\r\n\t/UDP h\r\n ;branch=b\r\nf: \"a\\\x01\" <sip:a@b>\r\n ;\r\n tag=1\r\nt:\r\n"
	 " <sip:c@d>\r\ni:\r\n x\r\ncseq: 0009\r\n  INVITE\r\n\r\n",
	 .want = "SIP/2.0 299 Unknown\r\nVia: SIP / 2.0 /UDP h ;branch=b\r\nFrom: \"a\\\x01\" <sip:a@b> ; tag=1\r\n"
		 "To: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 0009 INVITE\r\n" TAIL},
};

// The answer into exactly that much room before an unmapped page.
static uint32_t respond(const struct sip_msg *request, const struct sip_response *how, char *copy, uint32_t size) {
	char fill[OUT_MAX] = {0};
	struct guarded out = guarded_end(fill, size);
	uint32_t len = sip_build_response(request, how, out.ptr, size);

	assert_true(len <= size);
	memcpy(copy, out.ptr, len);
	guarded_free(&out);
	return len;
}

static void responses_copy_what_they_must(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct response_case *response_case = &cases[i];
		uint32_t want_len = response_case->want ? (uint32_t)strlen(response_case->want) : 0;
		struct sip_msg request, again;
		char out[OUT_MAX];
		uint32_t len;

		parse_good(&request, response_case->request, strlen(response_case->request));
		len = respond(&request, &response_case->how, out, sizeof(out));
		if (!str_eq(str_of(out, len), str_of(response_case->want, want_len)))
			fail_msg("case %zu: got %.*s, want %s", i, (int)len, out, response_case->want);
		if (len == 0)
			continue;
		parse_good(&again, out, len);
		assert_int_equal(again.len, len);
		assert_int_equal(respond(&request, &response_case->how, out, len), len);
		for (uint32_t size = 0; size < len; size++)
			assert_int_equal(respond(&request, &response_case->how, out, size), 0);
	}
}

static void refused_requests_are_answered_all_the_same(void **state) {
	static const struct {
		const char *request, *want;
	} refused[] = {
		{.request = "INVITE sip:c@d SIP/7.0\r\nVia: SIP/2.0/UDP h\r\n" REST "\r\n",
		 .want = "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;received=192.0.2.9\r\n"
			 "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=T\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n" TAIL},
		{.request = LINE "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n" REST "\r\n",
		 .want = "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n"
			 "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=T\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n" TAIL},
		{.request = LINE "Via: SIP/2.0/UDP h\r\nFrom: <sip:a@b>\r\nTo: \"c <sip:c@d>\r\nCall-ID: x\r\n"
				 "CSeq: 1 INVITE\r\n\r\n",
		 .want = "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;received=192.0.2.9\r\nFrom: <sip:a@b>\r\n"
			 "To: \"c <sip:c@d>;tag=T\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n" TAIL},
		{.request = LINE "Via: SIP/2.0/UDP h\r\nFrom: <sip:a@b>\r\nTo: <sip:c@d>\r\nTo: <sip:e>\r\n"
				 "Call-ID: x\r\nCSeq: 99999999999 INVITE\r\n\r\n",
		 .want = "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;received=192.0.2.9\r\nFrom: <sip:a@b>\r\n"
			 "To: <sip:c@d>;tag=T\r\nCall-ID: x\r\nCSeq: 99999999999 INVITE\r\n" TAIL},
		{.request = LINE "Via: SIP/2.0/UDP h\r\nFrom: \"a\r b\" <sip:a@b>\r\nTo: <sip:c@d>\r\nCall-ID: x\r\n"
				 "CSeq: 1 INVITE\r\n\r\n",
		 .want = ""},
		{.request = LINE REST "\r\n", .want = ""},
		{.request = LINE "Via: SIP/2.0/UDP h\r\nCSeq: 1 INVITE\r\n\r\n", .want = ""},
		{.request = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\n" REST "\r\n", .want = ""},
	};
	const struct sip_response how = {.status = 400, .to_tag = STR("T"), .received = STR("192.0.2.9")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct sip_msg request;
		char out[OUT_MAX];
		uint32_t len;

		parse_bytes(&request, refused[i].request, strlen(refused[i].request));
		len = respond(&request, &how, out, sizeof(out));
		if (!str_eq(str_of(out, len), str_from_c(refused[i].want)))
			fail_msg("case %zu: got %.*s, want %s", i, (int)len, out, refused[i].want);
	}
}

#define INVITE                                                                                                         \
	LINE "Via: SIP/2.0/UDP ours;branch=z9hG4bKo;x=\"y\", SIP/2.0/UDP h\r\nRoute: <sip:r1;lr>,\r\n <sip:r2>\r\n"    \
	     "Max-Forwards: 3\r\nVia: SIP/2.0/UDP i\r\nRoute: <sip:r3>\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"  \
	     "Call-ID: x\r\nCSeq: 0007 INVITE\r\nRequire: foo\r\nContact: <sip:k>\r\nContent-Length: 3\r\n\r\nabc"
#define ROUTED                                                                                                         \
	"Via: SIP/2.0/UDP ours;branch=z9hG4bKo;x=\"y\"\r\nRoute: <sip:r1;lr>, <sip:r2>\r\nRoute: <sip:r3>\r\n"         \
	"Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\n"

static void ack_and_cancel_go_one_hop_the_way_of_the_invite(void **state) {
	const char *response = "SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP ours;branch=z9hG4bKo\r\nFrom: <sip:z@b>;tag=1\r\n"
			       "To: <sip:c@d>;tag=callee\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\n\r\n";
	const char *ack =
		"ACK sip:c@d SIP/2.0\r\n" ROUTED "To: <sip:c@d>;tag=callee\r\nCall-ID: x\r\nCSeq: 7 ACK\r\n" TAIL;
	const char *cancel = "CANCEL sip:c@d SIP/2.0\r\n" ROUTED "To: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 7 CANCEL\r\n"
			     "Reason: SIP;cause=200\r\n" TAIL;
	struct sip_msg invite, busy, again;
	char out[OUT_MAX];
	uint32_t len;

	(void)state;
	parse_good(&invite, INVITE, strlen(INVITE));
	parse_good(&busy, response, strlen(response));
	len = sip_build_ack(&invite, &busy, out, sizeof(out));
	assert_int_equal(len, strlen(ack));
	assert_memory_equal(out, ack, len);
	parse_good(&again, out, len);
	len = sip_build_cancel(&invite, STR("Reason: SIP;cause=200\r\n"), out, sizeof(out));
	assert_int_equal(len, strlen(cancel));
	assert_memory_equal(out, cancel, len);
	parse_good(&again, out, len);
	for (uint32_t size = 0; size < len; size++) {
		struct guarded room = guarded_end(out, size);

		assert_int_equal(sip_build_cancel(&invite, STR("Reason: SIP;cause=200\r\n"), room.ptr, size), 0);
		guarded_free(&room);
	}
}

static void only_an_invite_is_cancelled_or_acknowledged(void **state) {
	const char *bye = "BYE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
			  "Call-ID: x\r\nCSeq: 1 BYE\r\n\r\n";
	char out[OUT_MAX];
	struct sip_msg msg;

	(void)state;
	parse_good(&msg, bye, strlen(bye));
	assert_int_equal(sip_build_cancel(&msg, (struct str){0}, out, sizeof(out)), 0);
	assert_int_equal(sip_build_ack(&msg, &msg, out, sizeof(out)), 0);
}

static void numbers_are_written_whole(void **state) {
	char out[16];
	struct sip_writer w = {.buf = out, .size = sizeof(out)};

	(void)state;
	sip_write_u32(&w, 0);
	sip_write_c(&w, " ");
	sip_write_u32(&w, UINT32_MAX);
	assert_int_equal(w.len, 12);
	assert_memory_equal(out, "0 4294967295", 12);
	sip_write_c(&w, "12345");
	assert_true(w.overflow);
	assert_int_equal(w.len, 12);
}

static void a_timestamp_that_is_none_is_not_sent_back(void **state) {
	const char *text = LINE "Via: SIP/2.0/UDP h\r\nTimestamp: 1\\\x01\r\n" REST "\r\n";
	const char *want = "SIP/2.0 100 Trying\r\nVia: SIP/2.0/UDP h\r\n" REST TAIL;
	const struct sip_response how = {.status = 100};
	struct sip_msg request;
	char out[OUT_MAX];

	(void)state;
	parse_good(&request, text, strlen(text));
	assert_true(str_eq(str_of(out, respond(&request, &how, out, sizeof(out))), str_from_c(want)));
}

static void control_characters_stay_in_quoted_pairs_only(void **state) {
	static const struct {
		const char *reason, *want;
	} phrases[] = {
		{.reason = "a\x01"
			   "b\x02",
		 .want = "SIP/2.0 499 a b \r\n"},
		{.reason = "a\\\x01\"\\\x02\\\\\x03\\\"\x04\"\\\x05",
		 .want = "SIP/2.0 499 a\\ \"\\\x02\\\\ \\\" \"\\ \r\n"},
		{.reason = "\"\\\r\n\x01\"\r\rb\n", .want = "SIP/2.0 499 \"\\  \" b \r\n"},
	};
	const char *text = LINE "Via: SIP/2.0/UDP h\r\n" REST "\r\n";
	struct sip_msg request;
	char out[OUT_MAX];

	(void)state;
	parse_good(&request, text, strlen(text));
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
		const struct sip_response how = {.status = 499, .reason = str_from_c(phrases[i].reason)};
		uint32_t len = respond(&request, &how, out, sizeof(out));

		assert_true(len > strlen(phrases[i].want));
		assert_memory_equal(out, phrases[i].want, strlen(phrases[i].want));
	}
}

static void statuses_have_phrases(void **state) {
	(void)state;
	assert_true(str_eq(sip_reason_phrase(100), STR("Trying")));
	assert_true(str_eq(sip_reason_phrase(606), STR("Not Acceptable")));
	assert_true(str_eq(sip_reason_phrase(299), STR("Unknown")));
	assert_true(str_eq(sip_reason_phrase(0), STR("Unknown")));
	assert_true(str_eq(sip_reason_phrase(65535), STR("Unknown")));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(responses_copy_what_they_must),
		cmocka_unit_test(refused_requests_are_answered_all_the_same),
		cmocka_unit_test(ack_and_cancel_go_one_hop_the_way_of_the_invite),
		cmocka_unit_test(only_an_invite_is_cancelled_or_acknowledged),
		cmocka_unit_test(numbers_are_written_whole),
		cmocka_unit_test(a_timestamp_that_is_none_is_not_sent_back),
		cmocka_unit_test(control_characters_stay_in_quoted_pairs_only),
		cmocka_unit_test(statuses_have_phrases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
