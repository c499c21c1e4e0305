// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "call.h"

#include <stdio.h>

#define ICMP_QUOTE 548 // what Linux quotes

static void copy(char *to, size_t size, const char *text) {
	assert_true((size_t)snprintf(to, size, "%s", text) < size);
}

static void lose(struct rig *rig, enum side side, const char *text) {
	uint32_t len = (uint32_t)strlen(text);

	rig_lost(rig, side, text, len < ICMP_QUOTE ? len : ICMP_QUOTE);
}

// The caller's INVITE, as it came out.
static void invite_send(struct rig *rig, char *out, size_t size) {
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	copy(out, size, rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
}

// The caller hears at once what else it would hear of after 32 s.
static void an_invite_that_did_not_arrive_fails_at_once(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	invite_send(rig, invite, sizeof(invite));
	lose(rig, CALLEE, invite);
	rig_expect(rig, CALLER, "SIP/2.0 500 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	assert_int_equal(rig_count(rig, COUNT_CALLS_FAILED), 1);
	assert_int_equal(rig_count(rig, COUNT_DLG_FAILED), 1);
	assert_int_equal(rig_count(rig, COUNT_TXN_FAILED), 1);
	lose(rig, CALLEE, invite); // it was sent twice
	rig_pass(rig, 500);
	rig_expect(rig, CALLER, "SIP/2.0 500 ");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", ""));
	rig_pass(rig, 32000);
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_TXN_FAILED), 1);
	rig_settle(rig);
}

static void another_request_that_did_not_arrive_too(void **state) {
	struct rig *rig = *state;
	char options[4096], to[256];

	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	copy(options, sizeof(options), rig_expect(rig, CALLEE, "OPTIONS "));
	lose(rig, CALLEE, options);
	copy(to, sizeof(to), rig_header(rig_expect(rig, CALLER, "SIP/2.0 500 "), "To"));
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	assert_string_equal(rig_header(rig_expect(rig, CALLER, "SIP/2.0 500 "), "To"), to);
	rig_expect_nothing(rig);
	rig_settle(rig);
}

static void a_bye_that_did_not_arrive_ends_the_dialog(void **state) {
	struct rig *rig = *state;
	char bye[4096], routes[1024];

	copy(routes, sizeof(routes), call_establish(rig, "z9hG4bK1"));
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	copy(bye, sizeof(bye), rig_expect(rig, CALLEE, "BYE "));
	lose(rig, CALLEE, bye);
	rig_expect(rig, CALLER, "SIP/2.0 500 ");
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

// An element that was down for the first try and up for the second.
static void an_error_that_comes_after_an_answer_is_late_news(void **state) {
	struct rig *rig = *state;
	char invite[4096], routes[1024];

	invite_send(rig, invite, sizeof(invite));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	lose(rig, CALLEE, invite);
	rig_expect_nothing(rig);
	rig_send(rig, CALLEE, call_response(invite, 200, "t1"));
	copy(routes, sizeof(routes), call_routes(rig_expect(rig, CALLER, "SIP/2.0 200 "), true));
	lose(rig, CALLEE, invite);
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_TXN_FAILED), 0);
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
}

static void a_cancel_that_did_not_arrive_leaves_the_invite(void **state) {
	struct rig *rig = *state;
	char invite[4096], cancel[4096];

	invite_send(rig, invite, sizeof(invite));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	copy(cancel, sizeof(cancel), rig_expect(rig, CALLEE, "CANCEL "));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	lose(rig, CALLEE, cancel);
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_TXN_FAILED), 1);
	rig_pass(rig, 32001);
	rig_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_settle(rig);
}

// Made-up errors: the right branch but another host, a branch changed, no branch, somebody's response, nothing.
static void what_is_made_up_ends_nothing(void **state) {
	struct rig *rig = *state;
	char invite[4096];
	char *digit;

	invite_send(rig, invite, sizeof(invite));
	lose(rig, CALLER, invite);
	for (uint32_t i = 0; i < MINT_LEN; i++) {
		char changed[4096];

		copy(changed, sizeof(changed), invite);
		digit = strstr(changed, MINT_BRANCH_PREFIX) + strlen(MINT_BRANCH_PREFIX) + i;
		*digit = *digit == '0' ? '1' : '0';
		lose(rig, CALLEE, changed);
	}
	for (uint32_t len = 0; len < (uint32_t)(strstr(invite, MINT_BRANCH_PREFIX) - invite) + MINT_BRANCH_LEN; len++)
		rig_lost(rig, CALLEE, invite, len);
	lose(rig, CALLEE, call_response(invite, 200, "t1"));
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_TXN_FAILED), 0);
	rig_settle(rig);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_invite_that_did_not_arrive_fails_at_once),
		TEST(another_request_that_did_not_arrive_too),
		TEST(a_bye_that_did_not_arrive_ends_the_dialog),
		TEST(an_error_that_comes_after_an_answer_is_late_news),
		TEST(a_cancel_that_did_not_arrive_leaves_the_invite),
		TEST(what_is_made_up_ends_nothing),
	};

	return cmocka_run_group_tests_name("session/lost", tests, rig_eal, NULL);
}
