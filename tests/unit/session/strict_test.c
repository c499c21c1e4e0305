// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "call.h"

#include <stdio.h>

// RFC 3261 16.4: our Record-Route comes in the Request-URI, and what belongs there last in the Route.
static void what_a_strict_router_before_us_did_is_undone(void **state) {
	struct rig *rig = *state;
	char routes[1024], first[256], bye[4096];
	const char *sent, *end;

	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	end = strstr(routes, "\r\n");
	snprintf(
		first,
		sizeof(first),
		"%.*s",
		(int)(strchr(routes, '>') - strchr(routes, '<') - 1),
		strchr(routes, '<') + 1
	);
	snprintf(
		bye,
		sizeof(bye),
		"BYE %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKbye\r\n%sRoute: "
		"<sip:bob@198.51.100.10>\r\n%s",
		first,
		end + 2,
		strstr(call_request("BYE", "z9hG4bKbye", 2, "t1", ""), "Max-Forwards")
	);
	rig_send(rig, CALLER, bye);
	sent = rig_expect(rig, CALLEE, "BYE sip:bob@198.51.100.10 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1:5060");
	assert_null(strstr(sent, "\r\nRoute:"));
	rig_send(rig, CALLEE, call_response(sent, 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	assert_int_equal(rig_count(rig, COUNT_DLG_UNKNOWN), 0);
	rig_settle(rig);
}

static void what_a_strict_router_left_without_a_target_is_refused(void **state) {
	struct rig *rig = *state;

	rig_send(
		rig,
		CALLER,
		call_replaced(
			call_request(
				"OPTIONS", "z9hG4bK1", 1, NULL, "Route: <sip:192.0.2.1:5060;lr>\r\nRoute: <sip:>\r\n"
			),
			"sip:bob@example.net",
			"sip:192.0.2.1:5060;lr;d=0"
		)
	);
	rig_expect(rig, CALLER, "SIP/2.0 400 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_BAD_ROUTE), 1);
}

// RFC 3261 16.6 item 6: the next router's URI has no lr.
static void a_strict_router_after_us_gets_what_it_wants(void **state) {
	struct rig *rig = *state;
	char invite[4096];
	const char *sent;

	rig_send(
		rig,
		CALLER,
		call_request(
			"INVITE",
			"z9hG4bK1",
			1,
			NULL,
			"Route: <sip:192.0.2.1:5060;lr>, <sip:198.51.100.10:5080>\r\nRoute: "
			"<sip:far.example.net;lr>\r\n"
		)
	);
	sent = rig_expect(rig, CALLEE, "INVITE sip:198.51.100.10:5080 SIP/2.0\r\n");
	assert_int_equal(rig->sent.to.port, 5080);
	assert_non_null(strstr(sent, "\r\nRoute: <sip:far.example.net;lr>, <sip:bob@example.net>\r\n"));
	assert_null(strstr(sent, "192.0.2.1:5060;lr>\r\nRoute"));
	snprintf(invite, sizeof(invite), "%s", sent);
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	sent = rig_expect(rig, CALLEE, "CANCEL sip:198.51.100.10:5080 SIP/2.0\r\n");
	assert_non_null(strstr(sent, "\r\nRoute: <sip:far.example.net;lr>, <sip:bob@example.net>\r\n"));
	rig_send(rig, CALLEE, call_response(sent, 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_send(rig, CALLEE, call_response(invite, 487, "t1"));
	rig_expect(rig, CALLEE, "ACK sip:198.51.100.10:5080 SIP/2.0\r\n");
	rig_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_settle(rig);
}

static void keep_alives_are_answered(void **state) {
	static const char binding[] = "\0\1\0\0\x21\x12\xa4\x42transaction!";
	struct rig *rig = *state;

	rig_send(rig, CALLER, "\r\n\r\n");
	assert_string_equal(rig_expect(rig, CALLER, "\r\n"), "\r\n");
	rig_send(rig, CALLER, "\r\n");
	rig_expect_nothing(rig);
	rig_send_bytes(rig, CALLER, binding, sizeof(binding) - 1);
	assert_non_null(rig_next(rig, CALLER));
	assert_int_equal(rig->sent.len, 32);
	assert_memory_equal(rig->sent.text, "\1\1\0\x0c\x21\x12\xa4\x42transaction!", 20);
	rig_send_bytes(rig, CALLER, binding, sizeof(binding) - 2);
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_RX_KEEPALIVE), 2);
	assert_int_equal(rig_count(rig, COUNT_RX_STUN), 1);
	assert_int_equal(rig_count(rig, COUNT_KEEPALIVE_OUT), 2);
}

static void a_sips_uri_is_not_sent_in_the_clear(void **state) {
	struct rig *rig = *state;

	rig_send(rig, CALLER, call_replaced(INVITE("z9hG4bK1"), "INVITE sip:", "INVITE sips:"));
	rig_expect(rig, CALLER, "SIP/2.0 416 ");
	rig_send(
		rig,
		CALLER,
		call_replaced(
			call_request("INVITE", "z9hG4bK2", 1, NULL, "Route: <sip:198.51.100.10;lr>\r\n"),
			"INVITE sip:",
			"INVITE sips:"
		)
	);
	rig_expect(rig, CALLER, "SIP/2.0 416 ");
	rig_expect_nothing(rig);
}

// Nobody should say so over UDP, but that is no reason to let a call go on for ever.
static void a_sips_contact_loses_no_bye(void **state) {
	struct rig *rig = *state;
	char routes[1024];

	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	rig_send(
		rig, CALLER, call_replaced(call_request("BYE", "z9hG4bKbye", 2, "t1", routes), "BYE sip:", "BYE sips:")
	);
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE sips:"), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
	// The dialog is not known any more: where the Request-URI says.
	rig_send(
		rig, CALLER, call_replaced(call_request("BYE", "z9hG4bKbye2", 3, "t1", routes), "BYE sip:", "BYE sips:")
	);
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE sips:"), 481, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 481 ");
	rig_settle(rig);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_a_strict_router_before_us_did_is_undone),
		TEST(what_a_strict_router_left_without_a_target_is_refused),
		TEST(a_strict_router_after_us_gets_what_it_wants),
		TEST(keep_alives_are_answered),
		TEST(a_sips_uri_is_not_sent_in_the_clear),
		TEST(a_sips_contact_loses_no_bye),
	};

	return cmocka_run_group_tests_name("session/strict", tests, rig_eal, NULL);
}
