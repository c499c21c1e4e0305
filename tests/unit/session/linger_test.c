// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "call.h"

// What is left of transactions that are over, and what they still answer.

static void copy(char *out, size_t size, const char *text) {
	snprintf(out, size, "%s", text);
}

static bool has_line(const char *text, const char *line, size_t len) {
	for (const char *at = text; (at = memmem(at, strlen(at), line, len)); at++)
		if (at == text || at[-1] == '\n')
			return true;
	return false;
}

// The same start line, header lines in any order, and body.
static void assert_same_message(const char *a, const char *b) {
	const char *end = strstr(a, "\r\n\r\n");

	assert_int_equal(strlen(a), strlen(b));
	assert_string_equal(end, strstr(b, "\r\n\r\n"));
	for (const char *line = a; line < end;) {
		size_t len = strcspn(line, "\n") + 1;

		assert_true(has_line(b, line, len));
		line += len;
	}
	assert_memory_equal(a, b, strcspn(a, "\n"));
}

// A plain final to it, as most phones answer a BYE.
static const char *plain_ok(const char *request) {
	static char text[4096];

	copy(text, sizeof(text), call_replaced(call_response(request, 200, "t1"), "200 Phrase", "200 OK"));
	copy(text, sizeof(text), call_replaced(text, "Contact: <sip:bob@198.51.100.10>\r\n", "Server: phone\r\n"));
	return text;
}

static void no_text_is_taken_by_a_call_that_is_over(void **state) {
	struct rig *rig = *state;
	const char *routes = call_establish(rig, "z9hG4bK1");
	char bye[4096], again[4096];

	copy(bye, sizeof(bye), call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	rig_send(rig, CALLER, bye);
	rig_send(rig, CALLEE, plain_ok(rig_expect(rig, CALLEE, "BYE ")));
	copy(again, sizeof(again), rig_expect(rig, CALLER, "SIP/2.0 200 OK"));
	assert_int_equal(rig->s->txns.lingering, 4);
	assert_int_equal(blob_used(rig->s->text), 0);
	rig_send(rig, CALLER, bye);
	assert_same_message(again, rig_expect(rig, CALLER, "SIP/2.0 200 OK"));
	rig_expect_nothing(rig);
	rig_settle(rig);
}

static void a_final_that_says_something_is_repeated_whole(void **state) {
	struct rig *rig = *state;
	char options[4096], first[4096];

	copy(options, sizeof(options), call_request("OPTIONS", "z9hG4bK1", 2, NULL, ""));
	rig_send(rig, CALLER, options);
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "OPTIONS "), 200, "t1"));
	copy(first, sizeof(first), rig_expect(rig, CALLER, "SIP/2.0 200 Phrase"));
	rig_send(rig, CALLER, options);
	assert_same_message(first, rig_expect(rig, CALLER, "SIP/2.0 200 Phrase"));
	rig_expect_nothing(rig);
	rig_settle(rig);
}

static void a_provisional_is_repeated_whole(void **state) {
	struct rig *rig = *state;
	char first[4096], invite[4096];

	copy(invite, sizeof(invite), INVITE("z9hG4bK1"));
	rig_send(rig, CALLER, invite);
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "INVITE "), 183, "t1"));
	copy(first, sizeof(first), rig_expect(rig, CALLER, "SIP/2.0 183 "));
	rig_send(rig, CALLER, invite);
	assert_same_message(first, rig_expect(rig, CALLER, "SIP/2.0 183 "));
	rig_expect_nothing(rig);
	rig_settle(rig);
}

static void each_repeated_refusal_gets_the_same_ack(void **state) {
	struct rig *rig = *state;
	char invite[4096], ack[4096];
	size_t used;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	copy(invite, sizeof(invite), rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	used = blob_used(rig->s->text);
	rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
	copy(ack, sizeof(ack), rig_expect(rig, CALLEE, "ACK "));
	assert_true(blob_used(rig->s->text) < used);
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", ""));
	assert_int_equal(blob_used(rig->s->text), 16); // what the ACK has that the final has not
	rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
	assert_string_equal(rig_expect(rig, CALLEE, "ACK "), ack);
	rig_settle(rig);
}

static void an_invite_is_reduced_at_the_first_provisional(void **state) {
	struct rig *rig = *state;
	char invite[4096], long_line[1200];
	size_t used;

	snprintf(long_line, sizeof(long_line), "X-Long: %0*d\r\n", 600, 0);
	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, long_line));
	copy(invite, sizeof(invite), rig_expect(rig, CALLEE, "INVITE "));
	rig_pass(rig, 500);
	assert_string_equal(rig_expect(rig, CALLEE, "INVITE "), invite); // Timer A: all of it
	used = blob_used(rig->s->text);
	rig_send(rig, CALLEE, call_response(invite, 100, NULL));
	assert_true(blob_used(rig->s->text) + 600 < used);
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	assert_string_equal(rig_header(rig_expect(rig, CALLEE, "CANCEL "), "CSeq"), "1 CANCEL");
	rig_settle(rig);
}

static void a_call_to_a_number_past_our_route_can_be_refused(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	rig_send(
		rig,
		CALLER,
		call_replaced(
			call_request("INVITE", "z9hG4bK1", 1, NULL, "Route: <sip:198.51.100.10;lr>\r\n"),
			"sip:bob@example.net SIP",
			"tel:+1234 SIP"
		)
	);
	copy(invite, sizeof(invite), rig_expect(rig, CALLEE, "INVITE tel:+1234 "));
	for (int i = 0; i < 2; i++) {
		rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
		rig_expect(rig, CALLEE, "ACK tel:+1234 SIP/2.0\r\n");
	}
	rig_settle(rig);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(no_text_is_taken_by_a_call_that_is_over),
		TEST(a_final_that_says_something_is_repeated_whole),
		TEST(a_provisional_is_repeated_whole),
		TEST(each_repeated_refusal_gets_the_same_ack),
		TEST(an_invite_is_reduced_at_the_first_provisional),
		TEST(a_call_to_a_number_past_our_route_can_be_refused),
	};

	return cmocka_run_group_tests_name("session/linger", tests, rig_eal, NULL);
}
