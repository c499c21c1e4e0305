// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/keep.h"
#include "sip_text.h"

#define OUR_VIA "Via: SIP/2.0/UDP 198.51.100.1:5060;branch="
#define BRANCH "z9hG4bKt0"

static const struct sip_msg *parsed(struct text_msg *out, const char *text, uint32_t len) {
	static const struct sip_limits limits = {.headers_max = 64, .vias_max = 16};
	struct sip_locator locator;
	enum sip_verdict verdict;

	assert_true(len > 0 && len < sizeof(out->text));
	memcpy(out->text, text, len);
	out->text[len] = '\0';
	assert_int_equal(sip_locator_init(&locator, LOCATOR_SCALAR), 0);
	verdict = sip_parse(&out->msg, out->text, len, &limits, &locator);
	assert_true(verdict == SIP_OK || verdict == SIP_BAD_URI_SCHEME); // of tel: all is parsed but the URI
	sip_locator_fini(&locator);
	return &out->msg;
}

// A request of that method, with a To tag or without.
static const struct sip_msg *request(struct text_msg *out, const char *method, const char *to_tag) {
	char start[64], cseq[32];

	snprintf(start, sizeof(start), "%s sip:b@h SIP/2.0", method);
	snprintf(cseq, sizeof(cseq), "7 %s", method);
	return msg_of(
		out,
		(struct parts){.start = start, .branch = "z9hG4bK1", .from_tag = "f", .to_tag = to_tag, .cseq = cseq}
	);
}

// The response to it with these header lines before Content-Length, and that body.
static const struct sip_msg *
response(struct text_msg *out, const struct sip_msg *request, const char *status, const char *more, const char *body) {
	char text[2048];
	int len = snprintf(
		text,
		sizeof(text),
		"SIP/2.0 %s\r\nVia: %.*s\r\n%sFrom: %.*s\r\nTo: %.*s%s\r\nCall-ID: %.*s\r\nCSeq: %.*s\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		status,
		STR_ARG(request->via.text),
		more,
		STR_ARG(sip_header_first(request, HDR_FROM)),
		STR_ARG(sip_header_first(request, HDR_TO)),
		request->to.tag.len > 0 ? "" : ";tag=t",
		STR_ARG(request->call_id),
		STR_ARG(sip_header_first(request, HDR_CSEQ)),
		strlen(body),
		body
	);

	return parsed(out, text, (uint32_t)len);
}

struct row {
	const char *method, *to_tag;
	const char *status, *more, *body;
	bool is_common;
};

static const struct row rows[] = {
	{"BYE", "t", "200 OK", "", "", true},
	{"BYE", "t", "481 Call/Transaction Does Not Exist", "Server: x\r\n", "", true},
	{"BYE", "t", "200 OK", "Allow: BYE\r\nSupported: timer\r\nUser-Agent: x\r\n", "", true},
	{"BYE", "t", "200 Fine", "Server: x\r\n", "", true},
	{"BYE", "t", "200 OK", "Date: now\r\n", "", false},
	{"BYE", "t", "200 OK", "X-Cause: 16\r\nServer: x\r\n", "", false},
	{"BYE", "t", "200 OK", "", "bytes", false},
	{"INFO", "t", "200 OK", "Allow: INFO\r\n", "", true},
	{"OPTIONS", NULL, "200 OK", "", "", false},
	{"OPTIONS", NULL, "200 OK", "Allow: INVITE\r\nAccept: a/b\r\n", "", false},
	{"OPTIONS", NULL, "200 OK", "Timestamp: 5\r\n", "", false},
	{"REGISTER", NULL, "401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\"\r\n", "", false},
	{"REGISTER", NULL, "200 OK", "Contact: <sip:a@h>;expires=5,\r\n <sip:b@h>\r\n", "", false},
	{"SUBSCRIBE", NULL, "202 Accepted", "Expires: 60\r\nServer: x\r\n", "", false},
	{"INVITE", NULL, "180 Ringing", "Record-Route: <sip:p;lr>\r\nContact: <sip:b@c>\r\n", "", false},
	{"INVITE", NULL, "183 Session Progress", "Content-Type: application/sdp\r\n", "v=0\r\n", false},
	{"INVITE", NULL, "180 Ringing", "Server: x\r\n", "", false},
	{"INVITE", "t", "180 ", "", "", false},
};

// Every header line of `a` is in `b`, but those of the names a response copies are compared by value.
static void assert_same(const struct sip_msg *a, const struct sip_msg *b, const struct row *row) {
	assert_int_equal(a->status, b->status);
	if (a->reason.len > 0)
		assert_true(str_eq(a->reason, b->reason));
	assert_true(str_eq(a->via.text, b->via.text));
	assert_true(str_eq(a->call_id, b->call_id));
	assert_true(str_eq(a->body, b->body));
	assert_true(str_eq(sip_header_first(a, HDR_TO), sip_header_first(b, HDR_TO)));
	assert_true(str_eq(sip_header_first(a, HDR_FROM), sip_header_first(b, HDR_FROM)));
	assert_true(str_eq(sip_header_first(a, HDR_CSEQ), sip_header_first(b, HDR_CSEQ)));
	assert_true(str_eq(sip_header_first(a, HDR_CONTENT_LENGTH), sip_header_first(b, HDR_CONTENT_LENGTH)));
	assert_non_null(strstr(b->buf, row->more));
	assert_int_equal(a->index.count, b->index.count);
}

static void a_response_made_again_is_the_one_that_was_sent(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct text_msg asked, sent, again;
		const struct sip_msg *ask = request(&asked, row->method, row->to_tag);
		const struct sip_msg *first = response(&sent, ask, row->status, row->more, row->body);
		struct sip_response how = {.status = first->status};
		char kept[2048], out[2048];
		struct sip_writer w = {.buf = kept, .size = sizeof(kept)};
		uint32_t len;

		assert_int_equal(keep_response(first, row->to_tag != NULL, STR(""), &w), row->is_common);
		assert_false(w.overflow);
		len = keep_response_again(ask, &how, str_of(kept, w.len), out, sizeof(out));
		assert_same(first, parsed(&again, out, len), row);
		assert_int_equal(keep_response_again(ask, &how, str_of(kept, w.len), out, len - 1), 0);
	}
}

static void what_does_not_fit_is_not_kept(void **state) {
	struct text_msg asked, sent;
	const struct sip_msg *first =
		response(&sent, request(&asked, "OPTIONS", NULL), "200 OK", "Allow: INVITE\r\n", "");
	char kept[64];

	(void)state;
	for (uint32_t size = 0; size < 38; size++) {
		struct sip_writer w = {.buf = kept, .size = size};

		keep_response(first, false, STR(""), &w);
		assert_true(w.overflow);
	}
}

// A tag too long for a length of one byte.
static void a_long_tag_is_kept(void **state) {
	struct text_msg asked, sent, again;
	const struct sip_msg *ask = request(&asked, "OPTIONS", NULL);
	struct sip_msg first = *response(&sent, ask, "200 OK", "", "");
	struct sip_response how = {.status = 200};
	char tag[400], kept[512], out[2048];

	(void)state;
	memset(tag, 'x', sizeof(tag));
	for (uint32_t len = 250; len <= sizeof(tag); len += 5) {
		struct sip_writer w = {.buf = kept, .size = sizeof(kept)};

		first.to.tag = str_of(tag, len);
		keep_response(&first, false, STR(""), &w);
		len = keep_response_again(ask, &how, str_of(kept, w.len), out, sizeof(out));
		assert_true(str_eq(parsed(&again, out, len)->to.tag, first.to.tag));
	}
}

struct invite {
	struct text_msg came, sent, again, final;
	char kept[2048], text[2048];
	struct sip_writer w;
};

// An INVITE as it came, and as it went out: past our Route, with our Via.
static void invite_make(struct invite *b, const char *uri, const char *to_tag) {
	char text[2048], start[256];
	int len;

	snprintf(start, sizeof(start), "INVITE %s SIP/2.0", uri);
	len = snprintf(
		text,
		sizeof(text),
		"%s\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=f\r\n"
		"To: <sip:b@h>%s%s\r\nCall-ID: call-1\r\nCSeq: 3 INVITE\r\n"
		"Route: <sip:us;lr>, <sip:next;lr>\r\nX-Long: some header nobody needs later\r\n\r\n",
		start,
		to_tag ? ";tag=" : "",
		to_tag ? to_tag : ""
	);
	parsed(&b->came, text, (uint32_t)len);
	len = snprintf(text, sizeof(text), "%s\r\n" OUR_VIA BRANCH "\r\n%s", start, strstr(b->came.text, "\r\n") + 2);
	memcpy(strstr(text, "<sip:us;lr>, "), "             ", 13);
	parsed(&b->sent, text, (uint32_t)len);
}

static void keep(struct invite *b) {
	const struct sip_response how = {.status = 100, .received = STR("192.0.2.10"), .rport = 5060};
	struct sip_writer again = {.buf = b->text, .size = sizeof(b->text)};
	char trying[2048];
	uint32_t len = sip_build_response(&b->came.msg, &how, trying, sizeof(trying));

	b->w = (struct sip_writer){.buf = b->kept, .size = sizeof(b->kept)};
	keep_invite(&b->came.msg, b->came.msg.request_uri, 1, str_of(trying, len), &b->w);
	assert_false(b->w.overflow);
	keep_invite_again(str_of(b->kept, b->w.len), STR(OUR_VIA), STR(BRANCH), &again);
	parsed(&b->again, again.buf, again.len);
}

static void cancel_ack_and_final_are_the_same_from_what_is_kept(void **state) {
	static const char *const to_tags[] = {NULL, "t"};
	struct invite b;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(to_tags); i++) {
		const struct sip_response how = {.status = 408, .to_tag = STR("x"), .skip_top_via = true};
		char whole[2048], less[2048];
		uint32_t len;

		invite_make(&b, "sip:b@192.0.2.1:5060", to_tags[i]);
		keep(&b);
		assert_null(memmem(b.kept, b.w.len, "X-Long", 6));
		len = sip_build_cancel(&b.sent.msg, STR(""), whole, sizeof(whole));
		assert_int_equal(sip_build_cancel(&b.again.msg, STR(""), less, sizeof(less)), len);
		assert_memory_equal(whole, less, len);
		len = sip_build_response(&b.again.msg, &how, less, sizeof(less));
		parsed(&b.final, less, len);
		assert_true(str_eq(b.final.msg.via.branch, STR("z9hG4bK1")));
		len = sip_build_ack(&b.sent.msg, &b.final.msg, whole, sizeof(whole));
		assert_int_equal(sip_build_ack(&b.again.msg, &b.final.msg, less, sizeof(less)), len);
		assert_memory_equal(whole, less, len);
	}
}

static void an_ack_made_again_is_the_one_that_was_sent(void **state) {
	static const char *const uris[] = {
		"sip:b@h", // the To URI
		"sip:b@h:5060;user=phone",
		"sip:other@example.net",
		"sip:b",
		"sip:bb@h",
		"tel:+49",
	};
	struct invite b;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(uris); i++) {
		const struct sip_response how = {.status = 486, .to_tag = STR("x"), .skip_top_via = true};
		char first[2048], again[2048], kept[256], text[2048];
		struct sip_writer w = {.buf = kept, .size = sizeof(kept)}, out = {.buf = text, .size = sizeof(text)};
		uint32_t len;

		invite_make(&b, uris[i], NULL);
		parsed(&b.final, text, sip_build_response(&b.sent.msg, &how, text, sizeof(text)));
		len = sip_build_ack(&b.sent.msg, &b.final.msg, first, sizeof(first));
		keep_ack(&b.sent.msg, &b.final.msg, &w);
		assert_true(keep_ack_again(str_of(kept, w.len), &b.final.msg, STR(OUR_VIA), STR(BRANCH), &out));
		parsed(&b.again, text, out.len);
		assert_int_equal(sip_build_ack(&b.again.msg, &b.final.msg, again, sizeof(again)), len);
		assert_memory_equal(first, again, len);
	}
}

// Whoever changes the To URI in a final he repeats gets no ACK that would go elsewhere.
static void what_is_kept_of_an_ack_must_fit_the_final(void **state) {
	struct text_msg final;
	char kept[8] = {60, 0, 0}, text[512];
	struct sip_writer w = {.buf = text, .size = sizeof(text)};

	(void)state;
	msg_of(&final,
	       (struct parts){.start = "SIP/2.0 486 No", .branch = BRANCH, .from_tag = "f", .cseq = "3 INVITE"});
	assert_false(keep_ack_again(str_of(kept, 3), &final.msg, STR(OUR_VIA), STR(BRANCH), &w));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_response_made_again_is_the_one_that_was_sent),
		cmocka_unit_test(what_does_not_fit_is_not_kept),
		cmocka_unit_test(a_long_tag_is_kept),
		cmocka_unit_test(cancel_ack_and_final_are_the_same_from_what_is_kept),
		cmocka_unit_test(an_ack_made_again_is_the_one_that_was_sent),
		cmocka_unit_test(what_is_kept_of_an_ack_must_fit_the_final),
	};

	return cmocka_run_group_tests_name("dialog/keep", tests, NULL, NULL);
}
