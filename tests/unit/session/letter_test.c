// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Single sentences of the RFCs that no other test shows.
#include "targets.h"

#include <stdio.h>

// RFC 3261 16.7 items 3 and 9.
static void a_response_loses_our_via_and_nothing_else(void **state) {
	struct rig *rig = *state;
	char response[TEXT], expected[TEXT];
	const char *via, *rest;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	targets_copy(
		response,
		call_replaced(
			call_response(rig_expect(rig, CALLEE, "INVITE "), 183, "t1"),
			"Content-Length: 0\r\n\r\n",
			"X-Passed : \"a, b\" ;\r\n\tc\r\nDate: no date\r\nMax-Forwards: none\r\nContent-Length: "
			"6\r\n\r\na\r\n\r\nb"
		)
	);
	via = strstr(response, "\r\nVia: ");
	assert_non_null(via);
	rest = strstr(via + 2, "\r\n");
	snprintf(expected, sizeof(expected), "%.*s%s", (int)(via - response), response, rest);
	rig_send(rig, CALLEE, response);
	assert_string_equal(rig_expect(rig, CALLER, "SIP/2.0 183 "), expected);
	rig_settle(rig);
}

// RFC 3261 18.2.1, 18.2.2; RFC 3581 section 4.
static void received_is_added_where_the_sent_by_is_not_the_source(void **state) {
	static const struct {
		const char *sent_by; // and what follows in the top Via
		const char *marked;  // the same as it goes on
		uint16_t port;	     // where answers go, always at the source
	} rows[] = {
		{"192.0.2.10:5060;branch=z9hG4bK1", "192.0.2.10:5060;branch=z9hG4bK1\r\n", 5060},
		{"192.0.2.10:7000;branch=z9hG4bK1", "192.0.2.10:7000;branch=z9hG4bK1\r\n", 7000},
		{"192.0.2.10;branch=z9hG4bK1", "192.0.2.10;branch=z9hG4bK1\r\n", 5060},
		{"10.0.0.1:7000;branch=z9hG4bK1", "10.0.0.1:7000;branch=z9hG4bK1;received=192.0.2.10\r\n", 7000},
		{"phone.example.net;branch=z9hG4bK1",
		 "phone.example.net;branch=z9hG4bK1;received=192.0.2.10\r\n",
		 5060},
		{"10.0.0.1:7000;rport;branch=z9hG4bK1",
		 "10.0.0.1:7000;rport=5060;branch=z9hG4bK1;received=192.0.2.10\r\n",
		 5060},
	};
	struct rig *rig = *state;
	char invite[TEXT];

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		rig_send(
			rig,
			CALLER,
			call_replaced(INVITE("z9hG4bK1"), "192.0.2.10:5060;branch=z9hG4bK1;rport", rows[i].sent_by)
		);
		targets_copy(invite, rig_expect(rig, CALLEE, "INVITE "));
		assert_non_null(strstr(invite, rows[i].marked));
		rig_expect(rig, CALLER, "SIP/2.0 100 ");
		assert_int_equal(rig->sent.to.port, rows[i].port);
		rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
		rig_expect(rig, CALLEE, "ACK ");
		rig_expect(rig, CALLER, "SIP/2.0 486 ");
		assert_int_equal(rig->sent.to.port, rows[i].port);
		rig_settle(rig);
	}
}

// RFC 3261 16.6 item 4.
static void our_record_route_stands_before_others(void **state) {
	struct rig *rig = *state;
	const char *sent, *ours, *theirs;

	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, "Record-Route: <sip:192.0.2.99;lr>\r\n"));
	sent = rig_expect(
		rig, CALLEE, "INVITE sip:bob@example.net SIP/2.0\r\nRecord-Route: <sip:198.51.100.1:5060;lr;d="
	);
	ours = strstr(sent, "\r\nRecord-Route: <sip:192.0.2.1:5060;lr;d=");
	theirs = strstr(sent, "\r\nRecord-Route: <sip:192.0.2.99;lr>\r\n");
	assert_true(ours && theirs && ours < theirs);
	assert_null(strstr(sent, "transport="));
	rig_settle(rig);
}

static void a_cancel_behind_a_final_changes_nothing(void **state) {
	struct rig *rig = *state;
	char invite[TEXT];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	targets_copy(invite, rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
	rig_expect(rig, CALLEE, "ACK ");
	rig_expect(rig, CALLER, "SIP/2.0 486 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect_nothing(rig);
	rig_settle(rig);
}

// RFC 3261 8.2.2.3.
static void what_a_cancel_or_ack_requires_is_ignored(void **state) {
	static const char requires[] = "Proxy-Require: a\r\nRequire: b\r\n";
	struct rig *rig = *state;
	char invite[TEXT];
	const char *cancel;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	targets_copy(invite, rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, requires));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	cancel = rig_expect(rig, CALLEE, "CANCEL ");
	assert_null(strstr(cancel, "Require:"));
	rig_send(rig, CALLEE, call_response(cancel, 200, NULL));
	rig_send(rig, CALLEE, call_response(invite, 487, "t1"));
	rig_expect(rig, CALLEE, "ACK ");
	rig_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", requires));
	rig_expect_nothing(rig);
	rig_pass(rig, 4000); // nor does Timer G send again
	rig_expect_nothing(rig);
	rig_settle(rig);
}

// RFC 3261 16.7 item 5: it was not sent yet.
static void a_2xx_overtakes_a_6xx(void **state) {
	struct rig *rig = *state;
	char cancel[TEXT];

	targets_parallel(rig, 2);
	targets_call(rig, 2);
	targets_answer(rig, 0, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	targets_refuse(rig, 1, 603);
	targets_copy(cancel, rig_expect(rig, CALLEE, "CANCEL "));
	targets_answer(rig, 0, 200);
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_send(rig, CALLEE, call_response(cancel, 481, NULL));
	rig_pass(rig, 40000);
	rig_expect_nothing(rig);
	rig_settle(rig);
	assert_int_equal(rig->s->dialogs.pool.used, 1);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, 0));
}

static void behind_a_2xx_no_provisional_is_passed_on(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	targets_call(rig, 2);
	targets_answer(rig, 0, 200);
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect_nothing(rig);
	targets_answer(rig, 1, 180); // only now it can be cancelled
	targets_expect_cancelled(rig, 1);
	rig_expect_nothing(rig);
	rig_settle(rig);
	assert_int_equal(rig->s->dialogs.pool.used, 1);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, 0));
}

// RFC 4320 section 4.2.
static void a_late_answer_to_another_request_goes_nowhere(void **state) {
	struct rig *rig = *state;
	char options[TEXT];

	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	targets_copy(options, rig_expect(rig, CALLEE, "OPTIONS "));
	rig_pass(rig, 33000);
	while (rig_next(rig, CALLEE))
		;
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(options, 200, "t1"));
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_RESPONSE_STRAY), 1);
}

// RFC 3261 18.3.
static void a_response_cut_short_is_dropped(void **state) {
	struct rig *rig = *state;
	char invite[TEXT];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	targets_copy(invite, rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(
		rig, CALLEE, call_replaced(call_response(invite, 200, "t1"), "Content-Length: 0", "Content-Length: 1")
	);
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_BAD_LENGTH), 1);
	assert_int_equal(rig_count(rig, COUNT_SIP_RESPONSE_BAD), 1);
	rig_settle(rig);
}

// RFC 3581 section 4.
static void an_answer_leaves_from_where_the_request_came_to(void **state) {
	struct rig *rig = *state;

	rig->dst_port = 5070; // the second listener of the caller's side
	rig_send(rig, CALLER, call_replaced(INVITE("z9hG4bK1"), "Max-Forwards: 70", "Max-Forwards: 0"));
	rig_expect(rig, CALLER, "SIP/2.0 483 ");
	assert_int_equal(rig->sent.from.port, 5070);
	rig_send(rig, CALLER, INVITE("z9hG4bK2"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	assert_int_equal(rig->sent.from.port, 5070);
	rig->dst_port = 0; // the callee's side listens on 5060 only
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "INVITE "), 486, "t1"));
	rig_expect(rig, CALLEE, "ACK ");
	rig_expect(rig, CALLER, "SIP/2.0 486 ");
	assert_int_equal(rig->sent.from.port, 5070);
	rig_settle(rig);
}

// RFC 3261 16.3: scheme, hops, loop, extensions.
static void what_comes_first_is_refused_first(void **state) {
	static const struct {
		const char *to_tag, *lines, *uri;
		int status, without_hops;
	} rows[] = {
		{NULL, "Proxy-Require: a\r\n", "tel:+4930 SIP", 416, 416},
		{NULL, "Proxy-Require: a\r\n", "sips:bob@example.net SIP", 416, 416},
		{NULL, "Proxy-Require: a\r\n", "sip:bob@example.net SIP", 420, 483},
		{"t1",
		 "Route: <sip:192.0.2.1:5060;lr>\r\nProxy-Require: a\r\n",
		 "sip:bob@192.0.2.1:5060 SIP",
		 482,
		 483},
	};
	struct rig *rig = *state;
	char text[TEXT], start[32];

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		targets_copy(
			text,
			call_replaced(
				call_request("INFO", "z9hG4bK1", 1, rows[i].to_tag, rows[i].lines),
				rows[i].to_tag ? "sip:bob@198.51.100.10 SIP" : "sip:bob@example.net SIP",
				rows[i].uri
			)
		);
		rig_send(rig, CALLER, text);
		snprintf(start, sizeof(start), "SIP/2.0 %d ", rows[i].status);
		rig_expect(rig, CALLER, start);
		rig_send(rig, CALLER, call_replaced(text, "Max-Forwards: 70", "Max-Forwards: 0"));
		snprintf(start, sizeof(start), "SIP/2.0 %d ", rows[i].without_hops);
		rig_expect(rig, CALLER, start);
		rig_expect_nothing(rig);
	}
}

// RFC 4320 section 4.1: nobody answers, and after the time in which Timer E gets to T2 that is said.
static void another_request_hears_of_us_at_t2(void **state) {
	struct rig *rig = *state;
	const char *text;

	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	rig_pass(rig, 3499);
	assert_null(rig_next(rig, CALLER));
	rig_pass(rig, 1);
	text = rig_expect(rig, CALLER, "SIP/2.0 100 Trying\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1");
	assert_null(strstr(rig_header(text, "To"), ";tag="));
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_pass(rig, 28499);
	assert_null(rig_next(rig, CALLER)); // once
	rig_settle(rig);
}

// What the callee said meanwhile does not go back (RFC 4320 section 4.1), and changes nothing of that time.
static void a_provisional_does_not_put_that_off(void **state) {
	static const uint32_t at_ms[] = {100, 700, 3400};
	struct rig *rig = *state;
	char options[TEXT];

	for (unsigned i = 0; i < ARRAY_LEN(at_ms); i++) {
		const char *branch = (const char *[]){"z9hG4bK1", "z9hG4bK2", "z9hG4bK3"}[i];

		rig_send(rig, CALLER, call_request("OPTIONS", branch, 1, NULL, ""));
		targets_copy(options, rig_expect(rig, CALLEE, "OPTIONS "));
		rig_pass(rig, at_ms[i]);
		rig_send(rig, CALLEE, call_response(options, 100, NULL));
		rig_pass(rig, 3499 - at_ms[i]);
		assert_null(rig_next(rig, CALLER));
		rig_pass(rig, 1);
		rig_expect(rig, CALLER, "SIP/2.0 100 ");
		rig_settle(rig);
	}
}

// RFC 4320 sections 4.1, 4.2.
static void provisionals_and_408_of_another_request_are_held_back(void **state) {
	struct rig *rig = *state;
	char options[TEXT];

	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	targets_copy(options, rig_expect(rig, CALLEE, "OPTIONS "));
	rig_send(rig, CALLEE, call_response(options, 183, "t1"));
	rig_send(rig, CALLEE, call_response(options, 408, "t1"));
	assert_int_equal(rig_count(rig, COUNT_SIP_RESPONSE_HELD), 2);
	rig_pass(rig, 10000);
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, "")); // nor is it asked again
	rig_expect_nothing(rig);
	rig_settle(rig);
	targets_parallel(rig, 2);
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK2", 1, NULL, ""));
	targets_expect(rig, 0, "OPTIONS ");
	targets_expect(rig, 1, "OPTIONS ");
	targets_answer(rig, 0, 408);
	rig_expect_nothing(rig);
	targets_answer(rig, 1, 480);
	rig_expect(rig, CALLER, "SIP/2.0 480 ");
	rig_settle(rig);
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK3", 1, NULL, ""));
	for (int i = 0; i < 2; i++) {
		targets_expect(rig, i, "OPTIONS ");
		targets_answer(rig, i, 408);
	}
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK3", 1, NULL, ""));
	rig_expect_nothing(rig);
	rig_settle(rig);
}

// RFC 3261 7.1.
static void the_version_is_sent_in_upper_case(void **state) {
	struct rig *rig = *state;
	char invite[TEXT];

	rig_send(rig, CALLER, call_replaced(INVITE("z9hG4bK1"), " SIP/2.0\r\n", " sip/2.0\r\n"));
	targets_copy(invite, rig_expect(rig, CALLEE, "INVITE sip:bob@example.net SIP/2.0\r\n"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_replaced(call_response(invite, 180, "t1"), "SIP/2.0 180", "sIp/2.0 180"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_settle(rig);
}

// RFC 3261 8.1.3.3: the answer to a CANCEL of our own has our Via alone.
static void an_answer_to_our_cancel_with_two_vias_is_stray(void **state) {
	struct rig *rig = *state;
	char cancel[TEXT];

	targets_parallel(rig, 1);
	targets_call(rig, 1);
	targets_answer(rig, 0, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	targets_copy(cancel, rig_expect(rig, CALLEE, "CANCEL "));
	rig_send(
		rig,
		CALLEE,
		call_replaced(call_response(cancel, 200, NULL), "\r\nFrom:", "\r\nVia: SIP/2.0/UDP 192.0.2.10\r\nFrom:")
	);
	assert_int_equal(rig_count(rig, COUNT_SIP_RESPONSE_STRAY), 1);
	rig_send(rig, CALLEE, call_response(cancel, 200, NULL));
	targets_refuse(rig, 0, 487);
	targets_expect_failure(rig, 487);
	rig_settle(rig);
}

// RFC 3261 19.1.1: maddr overrides the host. One that is no address leads nowhere.
static void maddr_says_where_to(void **state) {
	struct rig *rig = *state;

	rig_send(
		rig,
		CALLER,
		call_request("OPTIONS", "z9hG4bK1", 1, NULL, "Route: <sip:203.0.113.9;lr;maddr=198.51.100.10>\r\n")
	);
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "OPTIONS "), 200, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_send(
		rig,
		CALLER,
		call_request("OPTIONS", "z9hG4bK2", 1, NULL, "Route: <sip:198.51.100.10;lr;maddr=p.example>\r\n")
	);
	rig_expect(rig, CALLER, "SIP/2.0 500 ");
	rig_expect_nothing(rig);
	rig_settle(rig);
}

// RFC 3261 8.2.2.3, and nobody goes on ringing because tandem drains.
static void without_state_a_cancel_is_never_refused_for_what_it_requires(void **state) {
	struct rig *rig = *state;

	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, "Proxy-Require: a\r\n"));
	rig_expect(rig, CALLEE, "CANCEL ");
	worker_flag_set(&rig->w->draining, true);
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLEE, "CANCEL ");
	rig_send(rig, CALLER, INVITE("z9hG4bK2"));
	rig_expect(rig, CALLER, "SIP/2.0 503 ");
	rig_expect_nothing(rig);
}

static int set_up_stateless(void **state) {
	return rig_set_up_as(state, PROXY_STATELESS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_response_loses_our_via_and_nothing_else),
		TEST(received_is_added_where_the_sent_by_is_not_the_source),
		TEST(our_record_route_stands_before_others),
		TEST(a_cancel_behind_a_final_changes_nothing),
		TEST(what_a_cancel_or_ack_requires_is_ignored),
		TEST(a_2xx_overtakes_a_6xx),
		TEST(behind_a_2xx_no_provisional_is_passed_on),
		TEST(a_late_answer_to_another_request_goes_nowhere),
		TEST(a_response_cut_short_is_dropped),
		TEST(an_answer_leaves_from_where_the_request_came_to),
		TEST(what_comes_first_is_refused_first),
		TEST(another_request_hears_of_us_at_t2),
		TEST(a_provisional_does_not_put_that_off),
		TEST(provisionals_and_408_of_another_request_are_held_back),
		TEST(the_version_is_sent_in_upper_case),
		TEST(an_answer_to_our_cancel_with_two_vias_is_stray),
		TEST(maddr_says_where_to),
		cmocka_unit_test_setup_teardown(
			without_state_a_cancel_is_never_refused_for_what_it_requires, set_up_stateless, rig_tear_down
		),
	};

	return cmocka_run_group_tests_name("session/letter", tests, rig_eal, NULL);
}
