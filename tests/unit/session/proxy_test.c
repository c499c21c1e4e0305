// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "call.h"

static void an_invite_is_forwarded_with_our_via_and_record_route(void **state) {
	struct rig *rig = *state;
	const char *sent;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	sent = rig_expect(
		rig, CALLEE, "INVITE sip:bob@example.net SIP/2.0\r\nRecord-Route: <sip:198.51.100.1:5060;lr;d="
	);
	assert_non_null(strstr(sent, ";r2=on>\r\nRecord-Route: <sip:192.0.2.1:5060;lr;d="));
	assert_non_null(strstr(sent, "\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKt"));
	assert_non_null(
		strstr(sent, "\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1;rport=5060;received=192.0.2.10\r\n")
	);
	assert_string_equal(rig_header(sent, "Max-Forwards"), "69");
	assert_string_equal(strstr(sent, "\r\n\r\n"), "\r\n\r\nv=0\r\n");
	assert_int_equal(rig->sent.to.port, 5060);
	sent = rig_expect(rig, CALLER, "SIP/2.0 100 ");
	assert_non_null(
		strstr(sent, "\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1;rport=5060;received=192.0.2.10\r\n")
	);
	rig_expect_nothing(rig);
	rig_settle(rig);
}

static void a_call_is_set_up_and_ended(void **state) {
	struct rig *rig = *state;
	const char *routes = call_establish(rig, "z9hG4bK1"), *sent;

	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	sent = rig_expect(rig, CALLEE, "BYE sip:bob@198.51.100.10 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1:5060");
	assert_null(strstr(sent, "\r\nRoute:"));
	assert_null(strstr(sent, "\r\nRecord-Route:"));
	rig_send(rig, CALLEE, call_response(sent, 200, NULL));
	sent = rig_expect(rig, CALLER, "SIP/2.0 200 ");
	assert_null(strstr(sent, "198.51.100.1:5060"));
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	assert_int_equal(rig_count(rig, COUNT_CALLS_ANSWERED), 1);
	assert_int_equal(rig_count(rig, COUNT_DLG_ENDED), 1);
	assert_int_equal(rig_count(rig, COUNT_DLG_UNKNOWN), 0);
	rig_settle(rig);
}

static void the_callee_can_end_it_too(void **state) {
	struct rig *rig = *state;
	char bye[2048], routes[1024];
	const char *sent;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	sent = rig_expect(rig, CALLEE, "INVITE ");
	snprintf(routes, sizeof(routes), "%s", call_routes(sent, false));
	rig_send(rig, CALLEE, call_response(sent, 200, "t1"));
	rig_settle(rig);
	snprintf(
		bye,
		sizeof(bye),
		"BYE sip:alice@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKb\r\n%s"
		"From: <sip:bob@example.net>;tag=t1\r\nTo: <sip:alice@example.net>;tag=f1\r\n"
		"Call-ID: call-00000001@192.0.2.10\r\nCSeq: 9 BYE\r\n\r\n",
		routes
	);
	rig_send(rig, CALLEE, bye);
	sent = rig_expect(rig, CALLER, "BYE sip:alice@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060");
	assert_string_equal(rig_header(sent, "Max-Forwards"), "70");
	assert_null(strstr(sent, "\r\nRoute:"));
	rig_send(rig, CALLER, call_response(sent, 200, NULL));
	rig_expect(rig, CALLEE, "SIP/2.0 200 ");
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

static void retransmissions_are_absorbed(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_expect_nothing(rig);
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 486 ");
	rig_expect(rig, CALLEE, "ACK ");
	rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
	rig_expect(rig, CALLEE, "ACK ");
	rig_expect_nothing(rig);
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", ""));
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_MSG_REQUESTS_OUT), 1);
	assert_int_equal(rig_count(rig, COUNT_CALLS_FAILED), 1);
	rig_settle(rig);
}

static void a_refusal_is_repeated_until_the_ack(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 486 ");
	rig_expect(rig, CALLEE, "ACK ");
	for (int i = 0; i < 3; i++) {
		rig_pass(rig, 500 << i);
		rig_expect(rig, CALLER, "SIP/2.0 486 ");
	}
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", ""));
	rig_pass(rig, 10000);
	rig_expect_nothing(rig);
	rig_settle(rig);
}

static void a_2xx_and_its_ack_go_end_to_end_each_time(void **state) {
	struct rig *rig = *state;
	char invite[4096], ok[4096];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	for (int i = 0; i < 2; i++) {
		rig_send(rig, CALLEE, call_response(invite, 200, "t1"));
		snprintf(ok, sizeof(ok), "%s", rig_expect(rig, CALLER, "SIP/2.0 200 "));
		rig_send(rig, CALLER, call_request("ACK", "z9hG4bKack", 1, "t1", call_routes(ok, true)));
		rig_expect(rig, CALLEE, "ACK sip:bob@198.51.100.10 SIP/2.0\r\nVia: ");
		rig_expect_nothing(rig);
	}
	assert_int_equal(rig_count(rig, COUNT_CALLS_ANSWERED), 1);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, 0));
	rig_settle(rig);
}

static void a_cancel_waits_for_a_provisional(void **state) {
	struct rig *rig = *state;
	char invite[4096];
	const char *cancel;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect_nothing(rig);
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_send(rig, CALLEE, call_response(invite, 100, NULL));
	cancel = rig_expect(rig, CALLEE, "CANCEL sip:bob@example.net SIP/2.0\r\n");
	assert_string_equal(rig_header(cancel, "CSeq"), "1 CANCEL");
	rig_send(rig, CALLEE, call_response(cancel, 200, "t1"));
	rig_send(rig, CALLEE, call_response(invite, 487, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_expect(rig, CALLEE, "ACK ");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", ""));
	rig_expect_nothing(rig);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

static void a_cancel_that_crosses_the_2xx_leaves_the_call(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLEE, "CANCEL ");
	rig_send(rig, CALLEE, call_response(invite, 200, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, 0));
	rig_settle(rig);
}

static void a_cancel_is_sent_again_until_it_is_answered(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLEE, "CANCEL ");
	rig_pass(rig, 500);
	rig_expect(rig, CALLEE, "CANCEL ");
	// Nobody answers any of it: 64*T1 after the CANCEL the caller is told.
	rig_pass(rig, 32000);
	while (rig_next(rig, CALLEE))
		;
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_settle(rig);
}

static void a_silent_callee_gives_408(void **state) {
	struct rig *rig = *state;
	int sent = 0;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_pass(rig, 31999);
	while (rig_next(rig, CALLEE))
		sent++;
	assert_int_equal(sent, 7);
	rig_expect_nothing(rig);
	rig_pass(rig, 1);
	assert_string_equal(rig_header(rig_expect(rig, CALLER, "SIP/2.0 408 "), "CSeq"), "1 INVITE");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "whatever", ""));
	rig_expect_nothing(rig);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	assert_int_equal(rig_count(rig, COUNT_LOCAL_408), 1);
	rig_settle(rig);
}

static void a_silent_callee_gives_no_408_to_other_requests(void **state) {
	struct rig *rig = *state;

	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	rig_pass(rig, 33000);
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	assert_null(rig_next(rig, CALLER));
	assert_int_equal(rig->s->txns.pool.used, 0);
	rig_settle(rig);
}

static void timer_c_cancels_a_call_that_only_rings(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_pass(rig, 179999);
	assert_null(rig_next(rig, CALLEE));
	rig_pass(rig, 1);
	rig_expect(rig, CALLEE, "CANCEL ");
	rig_send(rig, CALLEE, call_response(invite, 487, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_settle(rig);
}

#define OURS "<sip:192.0.2.1;lr>,"

struct refusal {
	const char *method, *extra;
	const char *from, *to; // text replaced in the request
	const char *answer;
	enum count count;
};

static void what_cannot_be_forwarded_gets_its_answer(void **state) {
	static const struct refusal rows[] = {
		{"INVITE", "", "Max-Forwards: 70", "Max-Forwards: 0", "SIP/2.0 483 ", COUNT_SIP_TOO_HOPS},
		{"INVITE", "Proxy-Require: a, b\r\n", "", "", "SIP/2.0 420 ", COUNT_SIP_BAD_EXTENSION},
		{"INVITE", "", "sip:bob@example.net SIP", "tel:+1234 SIP", "SIP/2.0 416 ", COUNT_SIP_BAD_URI_SCHEME},
		{"INVITE", "", "CSeq: 1 INVITE", "CSeq: 1 BYE", "SIP/2.0 400 ", COUNT_SIP_BAD_CSEQ},
		{"INVITE", "Route: <sip:203.0.113.9;lr>\r\n", "", "", "SIP/2.0 500 ", COUNT_SIP_BAD_NEXT_HOP},
		{"INVITE", "Route: <sip:name.example;lr>\r\n", "", "", "SIP/2.0 500 ", COUNT_SIP_BAD_NEXT_HOP},
		{"INVITE",
		 "Route: <sip:198.51.100.10;transport=tcp;lr>\r\n",
		 "",
		 "",
		 "SIP/2.0 500 ",
		 COUNT_SIP_BAD_NEXT_HOP},
		{"INVITE",
		 "Route: " OURS OURS OURS OURS OURS OURS OURS OURS "<sip:198.51.100.1;lr>\r\n",
		 "",
		 "",
		 "SIP/2.0 482 ",
		 COUNT_SIP_LOOP},
		{"CANCEL", "", "", "", "SIP/2.0 481 ", COUNT_SIP_CANCEL_STRAY},
		{"INVITE",
		 "Route: <sip:192.0.2.1;lr>, sip:198.51.100.10;lr\r\n",
		 "",
		 "",
		 "SIP/2.0 400 ",
		 COUNT_SIP_BAD_ROUTE},
		{"INVITE",
		 "Route: <sip:192.0.2.1;lr>\r\n",
		 "<sip:bob@example.net>",
		 "<sip:bob@example.net>;tag=made-up",
		 "SIP/2.0 481 ",
		 COUNT_DLG_REFUSED},
	};
	struct rig *rig = *state;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const char *request = call_request(rows[i].method, "z9hG4bK1", 1, NULL, rows[i].extra);

		rig_send(rig, CALLER, rows[i].from[0] ? call_replaced(request, rows[i].from, rows[i].to) : request);
		request = rig_expect(rig, CALLER, rows[i].answer);
		if (rows[i].count == COUNT_SIP_BAD_EXTENSION)
			assert_string_equal(rig_header(request, "Unsupported"), "a, b");
		assert_int_equal(rig_count(rig, rows[i].count) > 0, true);
		rig_expect_nothing(rig);
		assert_int_equal(rig->s->txns.pool.used, 0);
	}
}

static void the_ack_for_our_own_refusal_ends_here(void **state) {
	struct rig *rig = *state;
	char tag[64];

	rig_send(rig, CALLER, call_replaced(INVITE("z9hG4bK1"), "Max-Forwards: 70", "Max-Forwards: 0"));
	rig_expect(rig, CALLER, "SIP/2.0 483 ");
	snprintf(tag, sizeof(tag), "%s", strstr(rig_header(rig->sent.text, "To"), "tag=") + 4);
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, tag, ""));
	rig_expect_nothing(rig);
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK2", 1, tag, ""));
	rig_expect(rig, CALLEE, "ACK ");
}

static void a_request_no_rule_takes_is_not_found(void **state) {
	struct rig *rig = *state;

	rig->cfg.route_count = 0;
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 404 ");
	rig_expect_nothing(rig);
}

static void a_worker_that_is_behind_refuses_new_calls_only(void **state) {
	struct rig *rig = *state;
	char routes[1024];

	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	rig->w->backlog.behind = true;
	rig_send(rig, CALLER, INVITE("z9hG4bK2"));
	assert_string_equal(rig_header(rig_expect(rig, CALLER, "SIP/2.0 503 "), "Retry-After"), "10");
	assert_int_equal(rig_count(rig, COUNT_REFUSED_OVERLOAD), 1);
	assert_false(rig->w->backlog.behind); // that turn was not full
	rig->w->backlog.behind = true;
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
}

static void a_draining_worker_refuses_new_calls_only(void **state) {
	struct rig *rig = *state;
	char routes[1024];

	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	worker_flag_set(&rig->w->draining, true);
	rig_send(rig, CALLER, INVITE("z9hG4bK2"));
	assert_string_equal(rig_header(rig_expect(rig, CALLER, "SIP/2.0 503 "), "Retry-After"), "10");
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
}

static void stray_responses_are_dropped(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_replaced(call_response(invite, 200, "t1"), "branch=z9hG4bKt0", "branch=z9hG4bKt1"));
	rig_send(
		rig,
		CALLEE,
		call_replaced(call_response(invite, 200, "t1"), "Call-ID: call-00000001", "Call-ID: call-2")
	);
	rig_send(rig, CALLEE, call_replaced(call_response(invite, 200, "t1"), "CSeq: 1 INVITE", "CSeq: 1 BYE"));
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_RESPONSE_STRAY), 3);
	rig_settle(rig);
}

static void a_request_with_a_foreign_route_follows_it(void **state) {
	struct rig *rig = *state;
	const char *sent;

	rig->cfg.route_count = 0;
	rig_send(
		rig,
		CALLER,
		call_request(
			"OPTIONS", "z9hG4bK1", 1, NULL, "Route: <sip:192.0.2.1;lr>,\r\n <sip:198.51.100.10:5080;lr>\r\n"
		)
	);
	sent = rig_expect(rig, CALLEE, "OPTIONS ");
	assert_string_equal(rig_header(sent, "Route"), "<sip:198.51.100.10:5080;lr>");
	assert_int_equal(rig->sent.to.port, 5080);
	rig_settle(rig);
}

static void a_spoofed_received_is_replaced(void **state) {
	struct rig *rig = *state;

	rig_send(rig, CALLER, call_replaced(INVITE("z9hG4bK1"), ";rport", ";received=203.0.113.1;rport"));
	assert_non_null(strstr(rig_expect(rig, CALLEE, "INVITE "), ";received=192.0.2.10;rport=5060\r\n"));
	rig_settle(rig);
}

static void bytes_behind_the_message_are_not_forwarded(void **state) {
	struct rig *rig = *state;
	char text[4096];

	snprintf(text, sizeof(text), "%sINVITE sip:evil@example.net SIP/2.0\r\n", INVITE("z9hG4bK1"));
	rig_send(rig, CALLER, text);
	assert_string_equal(strstr(rig_expect(rig, CALLEE, "INVITE "), "\r\n\r\n"), "\r\n\r\nv=0\r\n");
	rig_settle(rig);
}

static void a_message_too_large_for_the_mtu_leaves_in_fragments(void **state) {
	struct rig *rig = *state;
	char extra[1200];

	snprintf(extra, sizeof(extra), "X-Padding: %0*d\r\n", 1100, 0);
	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, extra));
	rig_expect(rig, CALLEE, "INVITE ");
	assert_non_null(rig_next(rig, CALLEE));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_TX_FRAGMENTED), 1);
	rig_settle(rig);
}

static void a_message_too_large_for_its_packet_gets_513(void **state) {
	static char extra[4800], invite[6000];
	struct rig *rig = *state;
	const char *rest;

	snprintf(extra, sizeof(extra), "X-Padding: %0*d\r\n", 4700, 0);
	rest = strstr(INVITE("z9hG4bK1"), "Max-Forwards");
	snprintf(
		invite,
		sizeof(invite),
		"INVITE sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1\r\n%s%s",
		extra,
		rest
	);
	rig_send(rig, CALLER, invite);
	rig_expect(rig, CALLER, "SIP/2.0 513 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig->s->txns.pool.used, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_invite_is_forwarded_with_our_via_and_record_route),
		TEST(a_call_is_set_up_and_ended),
		TEST(the_callee_can_end_it_too),
		TEST(retransmissions_are_absorbed),
		TEST(a_refusal_is_repeated_until_the_ack),
		TEST(a_2xx_and_its_ack_go_end_to_end_each_time),
		TEST(a_cancel_waits_for_a_provisional),
		TEST(a_cancel_that_crosses_the_2xx_leaves_the_call),
		TEST(a_cancel_is_sent_again_until_it_is_answered),
		TEST(a_silent_callee_gives_408),
		TEST(a_silent_callee_gives_no_408_to_other_requests),
		TEST(timer_c_cancels_a_call_that_only_rings),
		TEST(what_cannot_be_forwarded_gets_its_answer),
		TEST(the_ack_for_our_own_refusal_ends_here),
		TEST(a_request_no_rule_takes_is_not_found),
		TEST(a_worker_that_is_behind_refuses_new_calls_only),
		TEST(a_draining_worker_refuses_new_calls_only),
		TEST(stray_responses_are_dropped),
		TEST(a_request_with_a_foreign_route_follows_it),
		TEST(a_spoofed_received_is_replaced),
		TEST(bytes_behind_the_message_are_not_forwarded),
		TEST(a_message_too_large_for_the_mtu_leaves_in_fragments),
		TEST(a_message_too_large_for_its_packet_gets_513),
	};

	return cmocka_run_group_tests_name("session/proxy", tests, rig_eal, NULL);
}
