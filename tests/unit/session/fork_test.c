// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// One request, several targets: who is asked when, and which answer goes back (RFC 3261 16.6, 16.7).
#include "targets.h"

static void the_first_answer_wins_and_the_others_are_cancelled(void **state) {
	struct rig *rig = *state;
	char ok[TEXT];

	targets_parallel(rig, 2);
	targets_call(rig, 2);
	assert_int_not_equal(
		strncmp(strstr(targets_sent[0], MINT_BRANCH_PREFIX),
			strstr(targets_sent[1], MINT_BRANCH_PREFIX),
			MINT_BRANCH_LEN),
		0
	);
	targets_answer(rig, 0, 180);
	assert_non_null(strstr(rig_expect(rig, CALLER, "SIP/2.0 180 "), ";tag=t0"));
	targets_answer(rig, 1, 180);
	assert_non_null(strstr(rig_expect(rig, CALLER, "SIP/2.0 180 "), ";tag=t1"));
	targets_answer(rig, 1, 200);
	targets_copy(ok, rig_expect(rig, CALLER, "SIP/2.0 200 "));
	assert_non_null(strstr(ok, ";tag=t1"));
	targets_expect_cancelled(rig, 0);
	rig_expect_nothing(rig);
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	assert_int_equal(rig_count(rig, COUNT_CALLS_ANSWERED), 1);
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bKack", 1, "t1", call_routes(ok, true)));
	rig_expect(rig, CALLEE, "ACK sip:bob@198.51.100.10 ");
	rig_settle(rig);
	assert_int_equal(rig->s->forks.pool.used, 0);
	assert_int_equal(rig->s->dialogs.pool.used, 1);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, rig->s->dialogs.pool.untouched - 1));
}

static void one_after_the_other(void **state) {
	struct rig *rig = *state;

	targets_serial(rig, 3);
	targets_call(rig, 1);
	targets_refuse(rig, 0, 486);
	targets_expect(rig, 1, "INVITE ");
	rig_expect_nothing(rig);
	targets_answer(rig, 1, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	targets_refuse(rig, 1, 480);
	targets_expect(rig, 2, "INVITE ");
	targets_refuse(rig, 2, 404);
	targets_expect_failure(rig, 486);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	assert_int_equal(rig_count(rig, COUNT_CALLS_FAILED), 1);
	assert_int_equal(rig_count(rig, COUNT_DLG_FAILED), 1);
	assert_int_equal(rig_count(rig, COUNT_FORK_BRANCHES), 3);
	rig_settle(rig);
}

static void equals_together_then_the_next(void **state) {
	struct rig *rig = *state;

	targets_set(rig, 3, (const uint32_t[TARGETS]){1, 1, 2});
	targets_call(rig, 2);
	targets_refuse(rig, 1, 486);
	rig_expect_nothing(rig);
	targets_refuse(rig, 0, 486);
	targets_expect(rig, 2, "INVITE ");
	targets_answer(rig, 2, 200);
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect_nothing(rig);
	rig_settle(rig);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, 0));
}

// What the caller gets of what two branches said, in this order.
static void the_best_response_is_chosen(void **state) {
	static const int rows[][3] = {
		{486, 404, 486},
		{404, 500, 404},
		{500, 404, 404},
		{503, 503, 500},
		{503, 404, 404},
		{503, 502, 502},
		{404, 302, 302},
		{480, 484, 484},
		{484, 401, 484},
		{487, 480, 480},
		{408, 487, 487},
		{486, 603, 603},
		{603, 600, 603},
		// codes nobody knows count as the x00 of their class
		{499, 503, 499},
		{599, 404, 404},
		{404, 699, 699},
	};
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		targets_call(rig, 2);
		targets_refuse(rig, 0, rows[i][0]);
		if (rows[i][0] < 600) {
			rig_expect_nothing(rig);
			targets_refuse(rig, 1, rows[i][1]);
		} else { // too late for a CANCEL, there was no provisional
			targets_refuse(rig, 1, rows[i][1]);
		}
		targets_expect_failure(rig, rows[i][2]);
		rig_settle(rig);
	}
}

static void challenges_are_put_together(void **state) {
	struct rig *rig = *state;
	const char *text;

	targets_parallel(rig, 3);
	targets_call(rig, 3);
	rig_send(
		rig,
		CALLEE,
		call_replaced(
			call_response(targets_sent[0], 401, "t0"),
			"Content-Length:",
			"WWW-Authenticate: Digest realm=\"a\"\r\nContent-Length:"
		)
	);
	rig_expect(rig, CALLEE, "ACK ");
	rig_send(
		rig,
		CALLEE,
		call_replaced(
			call_response(targets_sent[1], 407, "t1"),
			"Content-Length:",
			"Proxy-Authenticate: Digest realm=\"b\"\r\n"
			"Proxy-Authenticate: Digest realm=\"c\"\r\nContent-Length:"
		)
	);
	rig_expect(rig, CALLEE, "ACK ");
	targets_refuse(rig, 2, 404);
	text = rig_expect(rig, CALLER, "SIP/2.0 401 ");
	assert_non_null(strstr(text, "\r\nWWW-Authenticate: Digest realm=\"a\"\r\n"));
	assert_non_null(strstr(text, "\r\nProxy-Authenticate: Digest realm=\"b\"\r\n"));
	assert_non_null(strstr(text, "\r\nProxy-Authenticate: Digest realm=\"c\"\r\n"));
	assert_null(strstr(text, "198.51.100.1:5060;branch"));
	rig_expect_nothing(rig);
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t0", ""));
	rig_settle(rig);
}

static void a_6xx_cancels_the_others(void **state) {
	struct rig *rig = *state;

	targets_set(rig, 3, (const uint32_t[TARGETS]){1, 1, 2});
	targets_call(rig, 2);
	targets_answer(rig, 0, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	targets_refuse(rig, 1, 603);
	targets_expect_cancelled(rig, 0);
	targets_expect_failure(rig, 603);
	rig_settle(rig);
}

static void the_caller_cancels_all(void **state) {
	struct rig *rig = *state;

	targets_set(rig, 3, (const uint32_t[TARGETS]){1, 1, 2});
	targets_call(rig, 2);
	targets_answer(rig, 0, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	targets_expect_cancelled(rig, 0);
	rig_expect_nothing(rig);
	targets_answer(rig, 1, 183); // the other one waited for that
	targets_expect_cancelled(rig, 1);
	rig_expect(rig, CALLER, "SIP/2.0 183 ");
	targets_expect_failure(rig, 487);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

static void each_2xx_goes_to_the_caller(void **state) {
	struct rig *rig = *state;
	char cancel[TEXT], ok[2][TEXT];

	targets_parallel(rig, 2);
	targets_call(rig, 2);
	targets_answer(rig, 1, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	targets_answer(rig, 0, 200);
	targets_copy(ok[0], rig_expect(rig, CALLER, "SIP/2.0 200 "));
	targets_copy(cancel, rig_expect(rig, CALLEE, "CANCEL "));
	targets_answer(rig, 1, 200); // crosses the CANCEL
	targets_copy(ok[1], rig_expect(rig, CALLER, "SIP/2.0 200 "));
	rig_send(rig, CALLEE, call_response(cancel, 481, NULL));
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 2);
	assert_int_equal(rig_count(rig, COUNT_CALLS_ANSWERED), 1);
	for (int i = 0; i < 2; i++) {
		char tag[8], branch[32];

		snprintf(tag, sizeof(tag), "t%d", i);
		snprintf(branch, sizeof(branch), "z9hG4bKack%d", i);
		rig_send(rig, CALLER, call_request("ACK", branch, 1, tag, call_routes(ok[i], true)));
		rig_expect(rig, CALLEE, "ACK ");
		snprintf(branch, sizeof(branch), "z9hG4bKbye%d", i);
		rig_send(rig, CALLER, call_request("BYE", branch, 2, tag, call_routes(ok[i], true)));
		rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
		rig_expect(rig, CALLER, "SIP/2.0 200 ");
	}
	rig_expect_nothing(rig);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

static void a_silent_branch_ends_by_timer_b(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	targets_call(rig, 2);
	targets_refuse(rig, 0, 486);
	rig_pass(rig, 31999);
	while (rig_next(rig, CALLEE))
		;
	assert_null(rig_next(rig, CALLER));
	rig_pass(rig, 1);
	targets_expect_failure(rig, 486);
	rig_settle(rig);
}

static void all_silent_is_a_408(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	targets_call(rig, 2);
	rig_pass(rig, 32000);
	while (rig_next(rig, CALLEE))
		;
	rig_expect(rig, CALLER, "SIP/2.0 408 ");
	assert_int_equal(rig_count(rig, COUNT_LOCAL_408), 1);
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t0", ""));
	rig_settle(rig);
}

// Who rings too long is cancelled, who says nothing holds nothing up.
static void a_target_has_its_time(void **state) {
	struct rig *rig = *state;

	targets_serial(rig, 3);
	targets_rules[CALLER].try_ms = 300;
	targets_call(rig, 1);
	rig_pass(rig, 299);
	rig_expect_nothing(rig);
	rig_pass(rig, 1);
	targets_expect(rig, 1, "INVITE ");
	targets_answer(rig, 1, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	targets_answer(rig, 0, 180); // now it speaks
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	targets_expect_cancelled(rig, 0);
	rig_pass(rig, 300);
	{
		char cancel[TEXT];

		targets_copy(cancel, rig_expect(rig, CALLEE, "CANCEL "));
		targets_expect(rig, 2, "INVITE ");
		rig_send(rig, CALLEE, call_response(cancel, 200, NULL));
	}
	targets_refuse(rig, 1, 487);
	rig_expect_nothing(rig);
	targets_answer(rig, 2, 100);
	rig_pass(rig, 1000); // the last one has all the time there is
	rig_expect_nothing(rig);
	targets_answer(rig, 2, 200);
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, rig->s->dialogs.pool.untouched - 1));
}

// A target that was cancelled since its time was over, and does not obey, keeps nobody waiting; nor does the caller
// hear of a CANCEL that was not its own.
static void who_is_late_holds_nothing_up(void **state) {
	struct rig *rig = *state;

	targets_serial(rig, 3);
	targets_rules[CALLER].try_ms = 300;
	targets_call(rig, 1);
	targets_answer(rig, 0, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_pass(rig, 300);
	rig_expect(rig, CALLEE, "CANCEL ");
	targets_expect(rig, 1, "INVITE ");
	targets_refuse(rig, 1, 503);
	targets_expect(rig, 2, "INVITE ");
	targets_refuse(rig, 2, 503);
	rig_expect_nothing(rig);
	targets_refuse(rig, 0, 487);
	while (rig_next(rig, CALLEE))
		;
	targets_expect_failure(rig, 408);
	rig_pass(rig, 33000); // the CANCEL's own transaction
	while (rig_next(rig, CALLEE))
		;
	rig_settle(rig);
}

// A caller that cancels hears 487, whatever became of the targets before.
static void a_cancel_is_answered_487_after_all(void **state) {
	struct rig *rig = *state;

	targets_serial(rig, 2);
	targets_rules[CALLER].try_ms = 300;
	targets_call(rig, 1);
	rig_pass(rig, 300); // the first said nothing
	targets_expect(rig, 1, "INVITE ");
	targets_answer(rig, 1, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	targets_expect_cancelled(rig, 1);
	targets_expect_failure(rig, 487);
	rig_pass(rig, 32000);
	while (rig_next(rig, CALLEE))
		;
	rig_settle(rig);
}

// Refused, acknowledged, and answered after all by one whose time was over: the caller is told, and can end the call.
static void a_2xx_behind_a_refusal_goes_to_the_caller(void **state) {
	struct rig *rig = *state;
	char ok[TEXT];

	targets_serial(rig, 2);
	targets_rules[CALLER].try_ms = 300;
	targets_call(rig, 1);
	rig_pass(rig, 300); // the first said nothing
	targets_expect(rig, 1, "INVITE ");
	targets_refuse(rig, 1, 486);
	targets_expect_failure(rig, 486);
	for (int i = 0; i < 2; i++) { // and again, when the refusal's transaction is long over
		rig_pass(rig, 10000);
		while (rig_next(rig, CALLEE))
			;
		targets_answer(rig, 0, 200);
		targets_copy(ok, rig_expect(rig, CALLER, "SIP/2.0 200 "));
		assert_non_null(strstr(ok, ";tag=t0"));
	}
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bKack", 1, "t0", call_routes(ok, true)));
	rig_expect(rig, CALLEE, "ACK ");
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t0", call_routes(ok, true)));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect_nothing(rig);
	rig_settle(rig);
}

// Nobody can be reached by the first; in a dialog all go to the one.
static void where_no_way_leads_the_next_is_asked(void **state) {
	struct rig *rig = *state;

	targets_serial(rig, 2);
	assert_true(ip_parse(STR("203.0.113.77"), &targets_list[0].to.addr));
	targets_rules[CALLER].to = targets_list[0].to;
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	targets_expect(rig, 1, "INVITE ");
	targets_answer(rig, 1, 200);
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bKack", 1, "t1", ""));
	assert_null(strstr(rig_expect(rig, CALLEE, "ACK sip:bob@198.51.100.10 "), "Max-Breadth"));
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", ""));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE sip:bob@198.51.100.10 "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

static void what_did_not_arrive_fails_over_at_once(void **state) {
	struct rig *rig = *state;

	targets_serial(rig, 2);
	targets_list[0].to.port = 5060;
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	targets_copy(targets_sent[0], rig_expect(rig, CALLEE, "INVITE "));
	rig_lost(rig, CALLEE, targets_sent[0], 500);
	targets_expect(rig, 1, "INVITE ");
	rig_expect_nothing(rig);
	rig_lost(rig, CALLEE, targets_sent[0], 500);
	rig_expect_nothing(rig);
	targets_refuse(rig, 1, 404);
	targets_expect_failure(rig, 404);
	rig_settle(rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(the_first_answer_wins_and_the_others_are_cancelled),
		TEST(one_after_the_other),
		TEST(equals_together_then_the_next),
		TEST(the_best_response_is_chosen),
		TEST(challenges_are_put_together),
		TEST(a_6xx_cancels_the_others),
		TEST(the_caller_cancels_all),
		TEST(each_2xx_goes_to_the_caller),
		TEST(a_silent_branch_ends_by_timer_b),
		TEST(all_silent_is_a_408),
		TEST(a_target_has_its_time),
		TEST(who_is_late_holds_nothing_up),
		TEST(a_cancel_is_answered_487_after_all),
		TEST(where_no_way_leads_the_next_is_asked),
		TEST(a_2xx_behind_a_refusal_goes_to_the_caller),
		TEST(what_did_not_arrive_fails_over_at_once),
	};

	return cmocka_run_group_tests_name("session/fork", tests, rig_eal, NULL);
}
