// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What sip_parse says of every torture message of RFC 4475 and RFC 5118, in line with what their manifests let a proxy
// answer; and that no cut of any of them, read with any locator, is more than a verdict.
#include "sip/msg.h"
#include "unit/sip/corpus.h"

static const struct {
	const char *name;
	enum sip_verdict verdict;
} expected[] = {
	// clang-format off
	{"wsinv.dat", SIP_OK},
	{"intmeth.dat", SIP_OK},
	{"esc01.dat", SIP_OK},
	{"escnull.dat", SIP_OK},
	{"esc02.dat", SIP_OK},
	{"lwsdisp.dat", SIP_OK},
	{"longreq.dat", SIP_OK},
	{"dblreq.dat", SIP_OK},
	{"semiuri.dat", SIP_OK},
	{"transports.dat", SIP_OK},
	{"mpart01.dat", SIP_OK},
	{"unreason.dat", SIP_OK},
	{"noreason.dat", SIP_OK},
	{"badinv01.dat", SIP_BAD_VIA},
	{"clerr.dat", SIP_BAD_CONTENT_LENGTH},
	{"ncl.dat", SIP_BAD_CONTENT_LENGTH},
	{"scalar02.dat", SIP_BAD_CSEQ},
	{"scalarlg.dat", SIP_BAD_CSEQ},
	{"quotbal.dat", SIP_BAD_TO},
	{"ltgtruri.dat", SIP_BAD_URI},
	{"lwsruri.dat", SIP_BAD_URI},
	{"lwsstart.dat", SIP_BAD_URI},
	{"trws.dat", SIP_BAD_START_LINE},
	{"escruri.dat", SIP_BAD_URI},
	{"baddate.dat", SIP_OK},
	{"regbadct.dat", SIP_OK},
	{"badaspec.dat", SIP_BAD_TO},
	{"baddn.dat", SIP_BAD_FROM},
	{"badvers.dat", SIP_BAD_VERSION},
	{"mismatch01.dat", SIP_BAD_CSEQ},
	{"mismatch02.dat", SIP_BAD_CSEQ},
	{"bigcode.dat", SIP_BAD_START_LINE},
	{"badbranch.dat", SIP_OK},
	{"insuf.dat", SIP_BAD_MISSING_FROM},
	{"unkscm.dat", SIP_BAD_URI_SCHEME},
	{"novelsc.dat", SIP_BAD_URI_SCHEME},
	{"unksm2.dat", SIP_OK},
	{"bext01.dat", SIP_OK},
	{"invut.dat", SIP_OK},
	{"regaut01.dat", SIP_OK},
	{"multi01.dat", SIP_BAD_REPEATED},
	{"mcl01.dat", SIP_BAD_REPEATED},
	{"bcast.dat", SIP_OK},
	{"zeromf.dat", SIP_OK},
	{"cparam01.dat", SIP_OK},
	{"cparam02.dat", SIP_OK},
	{"regescrt.dat", SIP_OK},
	{"sdp01.dat", SIP_OK},
	{"inv2543.dat", SIP_OK},
	{"baddn-noeoh.dat", SIP_BAD_END},
	{"ipv6-good", SIP_OK},
	{"ipv6-bad", SIP_BAD_URI},
	{"port-ambiguous", SIP_OK},
	{"port-unambiguous", SIP_OK},
	{"via-received-param-with-delim", SIP_OK},
	{"via-received-param-no-delim", SIP_OK},
	{"ipv6-in-sdp", SIP_OK},
	{"mult-ip-in-header", SIP_OK},
	{"mult-ip-in-sdp", SIP_OK},
	{"ipv4-mapped-ipv6", SIP_OK},
	{"ipv6-bug-abnf-3-colons", SIP_BAD_URI},
	{"ipv6-correct-abnf-2-colons", SIP_OK},
	// clang-format on
};

static const struct sip_limits limits = {.headers_max = SIP_HEADERS_MAX, .vias_max = 70};
static struct sip_locator locators[LOCATORS];
static struct corpus corpus;

static int setup(void **state) {
	(void)state;
	locators_init(locators);
	corpus = corpus_load();
	return 0;
}

static int teardown(void **state) {
	(void)state;
	corpus_free(&corpus);
	locators_fini(locators);
	return 0;
}

static enum sip_verdict parse_named(const char *name, struct sip_msg *msg) {
	for (size_t i = 0; i < corpus.count; i++)
		if (strcmp(corpus.message[i].name, name) == 0)
			return sip_parse(msg, corpus.message[i].bytes, corpus.message[i].len, &limits, &locators[0]);
	fail_msg("no message %s", name);
	return SIP_OK;
}

static void every_torture_message_gets_its_verdict(void **state) {
	struct sip_msg msg;

	(void)state;
	assert_int_equal(corpus.count, ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		enum sip_verdict verdict = parse_named(expected[i].name, &msg);

		if (verdict != expected[i].verdict)
			fail_msg("%s: %.*s", expected[i].name, STR_ARG(sip_verdict_text(verdict)));
	}
}

// A refused request is answered (400, 416, 505), except where there is nothing to answer.
static void refused_torture_requests_can_be_answered(void **state) {
	struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		parse_named(expected[i].name, &msg);
		if (msg.is_request)
			assert_int_equal(sip_can_answer(&msg), strcmp(expected[i].name, "insuf.dat") != 0);
	}
}

static bool inside(struct str s, const char *start, size_t len) {
	return s.ptr == NULL || (s.ptr >= start && s.ptr + s.len <= start + len);
}

static void assert_sound(const struct sip_msg *msg, const char *start, size_t len) {
	const struct str texts[] = {
		msg->method_text,
		msg->request_uri,
		msg->uri.text,
		msg->uri.user,
		msg->uri.host,
		msg->reason,
		msg->via.text,
		msg->via.host,
		msg->via.branch,
		msg->from.uri,
		msg->from.tag,
		msg->to.uri,
		msg->to.tag,
		msg->call_id,
		msg->body,
		msg->max_forwards_digits,
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_true(inside(texts[i], start, len));
	for (int id = 0; id < HDR_COUNT; id++)
		for (int i = msg->first[id], last = -1; i >= 0; last = i, i = msg->next[i])
			assert_true(i > last && i < msg->index.count && msg->index.header[i].id == id);
}

static void every_cut_of_every_message_is_sound_with_every_locator(void **state) {
	struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < corpus.count; i++) {
		const struct corpus_message *message = &corpus.message[i];
		struct guarded room = guarded_end(message->bytes, message->len);
		char *end = room.ptr + room.len;

		for (size_t len = message->len + 1; len-- > 0;) {
			enum sip_verdict verdict[LOCATORS];

			memmove(end - len, message->bytes, len);
			for (int k = 0; k < LOCATORS; k++) {
				verdict[k] = sip_parse(&msg, end - len, len, &limits, &locators[k]);
				assert_sound(&msg, end - len, len);
				assert_int_equal(verdict[k], verdict[0]);
			}
			if (verdict[0] == SIP_OK)
				assert_ptr_equal(sip_peek_call_id(end - len, len).ptr, msg.call_id.ptr);
		}
		guarded_free(&room);
	}
}

static void assert_str(struct str s, const char *text) {
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.ptr, text, s.len);
}

static void short_tortuous_invite_is_understood(void **state) {
	struct sip_msg msg;

	(void)state;
	assert_int_equal(parse_named("wsinv.dat", &msg), SIP_OK);
	assert_int_equal(msg.method, SIP_INVITE);
	assert_int_equal(msg.via_count, 3);
	assert_true(msg.via_alone);
	assert_str(msg.via.host, "192.0.2.2");
	assert_str(msg.via.branch, "390skdjuw");
	assert_str(msg.to.uri, "sip:vivekg@chair-dnrc.example.com");
	assert_str(msg.to.tag, "1918181833n");
	assert_str(msg.from.tag, "98asjd8");
	assert_str(msg.call_id, "wsinv.ndaksdj@192.0.2.1");
	assert_int_equal(msg.cseq, 9);
	assert_int_equal(msg.max_forwards, 68);
	assert_str(msg.max_forwards_digits, "0068");
	assert_int_equal(msg.body.len, 150);
	assert_str(sip_contact_uri(&msg), "sip:jdrosen@example.com");
}

static void extra_bytes_of_the_datagram_are_cut_off(void **state) {
	struct sip_msg msg;

	(void)state;
	assert_int_equal(parse_named("dblreq.dat", &msg), SIP_OK);
	assert_int_equal(msg.method, SIP_REGISTER);
	assert_int_equal(msg.body.len, 0);
	assert_int_equal(msg.len, msg.index.body);
}

static void nuls_do_not_shorten_a_quoted_string(void **state) {
	struct sip_msg msg;

	(void)state;
	assert_int_equal(parse_named("intmeth.dat", &msg), SIP_OK);
	assert_int_equal(msg.method, SIP_METHOD_OTHER);
	assert_non_null(memchr(msg.to.display.ptr, 0, msg.to.display.len));
	assert_int_equal(msg.to.display.ptr[msg.to.display.len - 1], '"');
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_torture_message_gets_its_verdict),
		cmocka_unit_test(refused_torture_requests_can_be_answered),
		cmocka_unit_test(every_cut_of_every_message_is_sound_with_every_locator),
		cmocka_unit_test(short_tortuous_invite_is_understood),
		cmocka_unit_test(extra_bytes_of_the_datagram_are_cut_off),
		cmocka_unit_test(nuls_do_not_shorten_a_quoted_string),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
