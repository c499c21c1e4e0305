// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "call.h"

// What odd, hostile or merely unlucky messages must not do.

static void append(char *text, size_t size, const char *more) {
	snprintf(text + strlen(text), size - strlen(text), "%s", more);
}

// A name of the callee's, that rules compare with what it means.
static void an_escaped_user_does_not_slip_past_a_rule(void **state) {
	struct rig *rig = *state;
	struct config_route *route = &rig->cfg.routes[CALLER];

	route->user_prefix = STR("00");
	route->domain = STR("example.net");
	rig_send(rig, CALLER, call_replaced(INVITE("z9hG4bK1"), "sip:bob@example.net", "sip:%30%3044@Example.NET."));
	rig_expect(rig, CALLEE, "INVITE sip:%30%3044@Example.NET. SIP/2.0");
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLER, call_replaced(INVITE("z9hG4bK2"), "sip:bob@example.net", "sip:%30144@example.net"));
	rig_expect(rig, CALLER, "SIP/2.0 404 ");
	rig_settle(rig);
}

static void a_tel_uri_goes_where_its_route_says(void **state) {
	struct rig *rig = *state;

	rig_send(
		rig,
		CALLER,
		call_replaced(
			call_request("OPTIONS", "z9hG4bK1", 1, NULL, "Route: <sip:198.51.100.10;lr>\r\n"),
			"sip:bob@example.net SIP",
			"tel:+1234 SIP"
		)
	);
	rig_expect(rig, CALLEE, "OPTIONS tel:+1234 SIP/2.0");
	rig_settle(rig);
}

static void a_response_with_our_via_alone_ends_nothing(void **state) {
	struct rig *rig = *state;
	char invite[4096], ok[4096];
	char *second;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	snprintf(ok, sizeof(ok), "%s", call_response(invite, 200, "t1"));
	second = strstr(strstr(ok, "Via:") + 4, "Via:");
	assert_non_null(second);
	memcpy(second, "X-V", 3);
	rig_send(rig, CALLEE, ok);
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_RESPONSE_STRAY), 1);
	rig_pass(rig, 32000);
	rig_expect(rig, CALLER, "SIP/2.0 408 ");
	rig_settle(rig);
}

static void forks_beyond_the_limit_are_forwarded_and_not_tracked(void **state) {
	struct rig *rig = *state;
	char invite[4096], tag[16];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	for (int i = 0; i < 100; i++) {
		snprintf(tag, sizeof(tag), "t%d", i);
		rig_send(rig, CALLEE, call_response(invite, 183, tag));
		rig_expect(rig, CALLER, "SIP/2.0 183 ");
	}
	assert_int_equal(rig->s->dialogs.pool.used, DIALOG_SIBLINGS_MAX);
	rig_settle(rig);
}

static void sets_alike_are_limited(void **state) {
	struct rig *rig = *state;
	char branch[32];

	for (int i = 0; i < DIALOG_ALIKE_MAX; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK%d", i);
		rig_send(rig, CALLER, INVITE(branch));
		rig_expect(rig, CALLEE, "INVITE ");
		rig_expect(rig, CALLER, "SIP/2.0 100 ");
	}
	rig_send(rig, CALLER, INVITE("z9hG4bKx"));
	rig_expect(rig, CALLER, "SIP/2.0 503 ");
	rig_settle(rig);
}

static void a_bye_before_the_answer_leaves_nothing(void **state) {
	struct rig *rig = *state;
	char invite[4096], bye[4096], routes[1024];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	snprintf(routes, sizeof(routes), "%s", call_routes(invite, true));
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	snprintf(bye, sizeof(bye), "%s", rig_expect(rig, CALLEE, "BYE "));
	rig_send(rig, CALLEE, call_response(invite, 487, "t1"));
	rig_expect(rig, CALLEE, "ACK ");
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_send(rig, CALLEE, call_response(bye, 200, NULL));
	assert_int_equal(rig_count(rig, COUNT_CALLS_FAILED), 1);
	rig_settle(rig);
}

static void a_contact_that_is_no_address_does_not_lose_the_call(void **state) {
	struct rig *rig = *state;
	char routes[1024];

	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	rig_send(
		rig,
		CALLER,
		call_replaced(
			call_request("BYE", "z9hG4bKbye", 2, "t1", routes),
			"sip:bob@198.51.100.10 SIP",
			"sip:bob@pbx.example.com;transport=tcp SIP"
		)
	);
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE sip:bob@pbx.example.com"), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
}

static void a_request_leaves_by_the_listener_our_record_route_names(void **state) {
	struct rig *rig = *state;

	rig_send(
		rig,
		CALLEE,
		"BYE sip:alice@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.10;branch=z9hG4bKb\r\n"
		"Route: <sip:198.51.100.1;lr>, <sip:192.0.2.1:5070;lr>\r\n"
		"From: <sip:b@h>;tag=t1\r\nTo: <sip:a@h>;tag=f1\r\nCall-ID: x\r\nCSeq: 9 BYE\r\n\r\n"
	);
	rig_expect(rig, CALLER, "BYE sip:alice@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5070;");
	rig_settle(rig);
}

static void what_is_taken_at_the_limits_can_be_answered(void **state) {
	static char lines[4096];
	struct rig *rig = *state;
	char invite[4096];

	rig_mtu(4500);
	for (uint32_t i = 1; i < rig->cfg.capacity.vias; i++)
		append(lines, sizeof(lines), "Via: SIP/2.0/UDP 10.0.0.1\r\n");
	for (int round = 0; round < 2; round++) {
		rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, lines));
		snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
		rig_expect(rig, CALLER, "SIP/2.0 100 ");
		rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
		rig_expect(rig, CALLER, "SIP/2.0 486 ");
		rig_expect(rig, CALLEE, "ACK ");
		rig_settle(rig);
		lines[0] = '\0';
		for (uint32_t i = 9; i < rig->cfg.capacity.headers; i++)
			append(lines, sizeof(lines), "Z: y\r\n");
	}
	rig_mtu(1500);
}

static void bodies_and_routes_have_their_limits(void **state) {
	struct rig *rig = *state;
	struct sip_limits before = rig->s->limits;
	char invite[4096];

	rig->s->limits.body_max = 4;
	rig->s->limits.routes_max = 2;
	rig_send(rig, CALLER, INVITE("z9hG4bK1")); // with a body of five bytes
	rig_expect(rig, CALLER, "SIP/2.0 413 Request Entity Too Large\r\n");
	assert_int_equal(rig_count(rig, COUNT_SIP_BODY_TOO_LARGE), 1);
	rig->s->limits.body_max = 5;
	rig_send(
		rig,
		CALLER,
		call_request("INVITE", "z9hG4bK2", 1, NULL, "Record-Route: <sip:a;lr>,<sip:b;lr>,<sip:c;lr>\r\n")
	);
	rig_expect(rig, CALLER, "SIP/2.0 400 Too Many Routes\r\n");
	assert_int_equal(rig_count(rig, COUNT_SIP_TOO_MANY_ROUTES), 1);
	rig_send(rig, CALLER, INVITE("z9hG4bK3"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	// What answers it is not measured.
	rig_send(
		rig,
		CALLEE,
		call_replaced(
			call_response(invite, 486, "t1"), "Content-Length: 0\r\n\r\n", "Content-Length: 6\r\n\r\nlonger"
		)
	);
	rig_expect(rig, CALLER, "SIP/2.0 486 ");
	rig_expect(rig, CALLEE, "ACK ");
	rig->s->limits = before;
	rig_settle(rig);
}

// Far beyond what can be carried most INVITEs are not read; what belongs to a call, and other requests, are.
static void new_calls_are_shed_and_nothing_else(void **state) {
	struct rig *rig = *state;
	const char *routes = call_establish(rig, "z9hG4bK1");
	char branch[32];

	rig->w->backlog.shed = BACKLOG_SHED_MAX;
	rig->w->backlog.step_ms = UINT64_MAX;
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	for (int i = 0; i < 64; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bKr%d", i);
		rig_send(rig, CALLER, call_request("INVITE", branch, 3, "t1", "route : <sip:192.0.2.1;lr>\r\n"));
		rig_expect(rig, CALLER, "SIP/2.0 481 ");
	}
	assert_int_equal(rig_count(rig, COUNT_REFUSED_SHED), 0);
	for (int i = 0; i < 64; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bKi%d", i);
		rig_send(rig, CALLER, call_request("INVITE", branch, 1, NULL, "Max-Forwards: 0\r\nX-"));
		while (rig_next(rig, CALLER))
			;
	}
	assert_in_range(rig_count(rig, COUNT_REFUSED_SHED), 48, 63);
	assert_int_equal(rig_count(rig, COUNT_REFUSED_SHED) + rig_count(rig, COUNT_SIP_TOO_HOPS), 64);
	rig->w->backlog.shed = 0;
	rig_settle(rig);
}

static void what_identifies_a_transaction_may_not_be_endless(void **state) {
	struct rig *rig = *state;
	char branch[1100];

	snprintf(branch, sizeof(branch), "z9hG4bK%0*d", 1000, 0);
	rig_send(rig, CALLER, INVITE(branch));
	rig_expect(rig, CALLER, "SIP/2.0 400 ");
	assert_int_equal(rig_count(rig, COUNT_SIP_TOO_LONG), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_escaped_user_does_not_slip_past_a_rule),
		TEST(a_tel_uri_goes_where_its_route_says),
		TEST(a_response_with_our_via_alone_ends_nothing),
		TEST(forks_beyond_the_limit_are_forwarded_and_not_tracked),
		TEST(sets_alike_are_limited),
		TEST(a_bye_before_the_answer_leaves_nothing),
		TEST(a_contact_that_is_no_address_does_not_lose_the_call),
		TEST(a_request_leaves_by_the_listener_our_record_route_names),
		TEST(what_is_taken_at_the_limits_can_be_answered),
		TEST(bodies_and_routes_have_their_limits),
		TEST(new_calls_are_shed_and_nothing_else),
		TEST(what_identifies_a_transaction_may_not_be_endless),
	};

	return cmocka_run_group_tests_name("session/defence", tests, rig_eal, NULL);
}
