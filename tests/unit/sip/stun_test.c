// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/stun.h"

#include "unit/test.h"

#define HEAD(type, len)                                                                                                \
	type "\x00" len "\x21\x12\xa4\x42"                                                                             \
	     "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
#define REQUEST(len) HEAD("\x00\x01", len)
#define BYTES(literal)                                                                                                 \
	{ literal, sizeof(literal) - 1 }

struct row {
	struct {
		const char *bytes;
		size_t len;
	} request, answer;
	const char *from;
};

// The addresses and the transaction of RFC 5769 section 2.2 and 2.3.
static const struct row rows[] = {
	{BYTES(REQUEST("\x00")),
	 BYTES(HEAD("\x01\x01", "\x0c") "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"),
	 "192.0.2.1:32853"},
	{BYTES(REQUEST("\x00")),
	 BYTES(HEAD(
		 "\x01\x01", "\x18"
	 ) "\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9"),
	 "[2001:db8:1234:5678:11:2233:4455:6677]:32853"},
	// SOFTWARE, which may be ignored, with its padding
	{BYTES(REQUEST("\x08") "\x80\x22\x00\x03"
			       "abc\x20"),
	 BYTES(HEAD("\x01\x01", "\x0c") "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"),
	 "192.0.2.1:32853"},
	// CHANGE-REQUEST, which may not
	{BYTES(REQUEST("\x08") "\x00\x03\x00\x04"
			       "\x00\x00\x00\x06"),
	 BYTES(HEAD("\x01\x11", "\x24") "\x00\x09\x00\x15\x00\x00\x04\x14"
					"Unknown Attribute   "
					"\x00\x0a\x00\x02\x00\x03\x00\x00"),
	 "192.0.2.1:32853"},
	// what gets no answer
	{BYTES(HEAD("\x00\x11", "\x00")), {NULL, 0}, "192.0.2.1:1"},	       // an indication
	{BYTES(HEAD("\x01\x01", "\x00")), {NULL, 0}, "192.0.2.1:1"},	       // an answer
	{BYTES(HEAD("\x00\x02", "\x00")), {NULL, 0}, "192.0.2.1:1"},	       // another method
	{BYTES(REQUEST("\x04")), {NULL, 0}, "192.0.2.1:1"},		       // longer than it is
	{BYTES(REQUEST("\x00") "\x80\x22\x00\x00"), {NULL, 0}, "192.0.2.1:1"}, // shorter than it is
	{BYTES(REQUEST("\x04") "\x80\x22\x00\x01"), {NULL, 0}, "192.0.2.1:1"}, // an attribute past the end
	{BYTES(REQUEST("\x04") "\x80\x22\xff\xff"), {NULL, 0}, "192.0.2.1:1"}, // far past it
	{BYTES("\x00\x01\x00\x00"
	       "\x21\x12\xa4\x43"
	       "123456789012"),
	 {NULL, 0},
	 "192.0.2.1:1"}, // no cookie
};

static void requests_are_answered_and_nothing_else(void **state) {
	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint from;
		char out[STUN_ANSWER_MAX];
		uint32_t len;

		assert_true(endpoint_parse(str_from_c(rows[i].from), 0, &from));
		len = stun_answer(rows[i].request.bytes, rows[i].request.len, &from, out);
		if (len != rows[i].answer.len || (len > 0 && memcmp(out, rows[i].answer.bytes, len) != 0))
			fail_msg("row %u: %u bytes", i, len);
	}
}

static void no_prefix_is_read_past_its_end(void **state) {
	struct endpoint from;

	(void)state;
	assert_true(endpoint_parse(STR("192.0.2.1:1"), 0, &from));
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t len = 0; len <= rows[i].request.len; len++) {
			struct guarded guarded = guarded_end(rows[i].request.bytes, len);
			char out[STUN_ANSWER_MAX];

			(void)stun_answer(guarded.ptr, len, &from, out);
			guarded_free(&guarded);
		}
	}
}

// The most that is told of, and no more than the room for it.
static void many_unknown_attributes_fit(void **state) {
	char request[20 + 400] = REQUEST("\x00"), out[STUN_ANSWER_MAX];
	struct endpoint from;

	(void)state;
	assert_true(endpoint_parse(STR("192.0.2.1:1"), 0, &from));
	request[2] = 400 >> 8;
	request[3] = (char)(400 & 0xff);
	for (uint32_t i = 20; i < sizeof(request); i += 4)
		memcpy(request + i, "\x00\x03\x00\x00", 4);
	assert_int_equal(stun_answer(request, sizeof(request), &from, out), 20 + 28 + 20);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered_and_nothing_else),
		cmocka_unit_test(no_prefix_is_read_past_its_end),
		cmocka_unit_test(many_unknown_attributes_fit),
	};

	return cmocka_run_group_tests_name("sip/stun", tests, NULL, NULL);
}
