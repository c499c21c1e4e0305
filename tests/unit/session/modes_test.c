// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The proxy that keeps no dialogs, and the one that keeps nothing (proxy.state).
#include "call.h"

static int set_up_transaction(void **state) {
	return rig_set_up_as(state, PROXY_TRANSACTION);
}

static int set_up_stateless(void **state) {
	return rig_set_up_as(state, PROXY_STATELESS);
}

static void expect_nothing_kept(const struct rig *rig) {
	assert_int_equal(rig->s->txns.pool.used, 0);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
}

// The branch of the top Via of a message.
static const char *branch_of(const char *message) {
	static char branch[128];
	const char *at = strstr(message, ";branch=");

	assert_non_null(at);
	snprintf(branch, sizeof(branch), "%.*s", (int)strcspn(at, "\r"), at);
	return branch;
}

// --- proxy.state: transaction ---

static void without_dialogs_a_call_is_set_up_and_ended(void **state) {
	struct rig *rig = *state;
	const char *routes = call_establish(rig, "z9hG4bK1"), *sent;

	assert_non_null(strstr(routes, ";d=00ffffffff"));
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	sent = rig_expect(rig, CALLEE, "BYE sip:bob@198.51.100.10 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1:5060");
	assert_null(strstr(sent, "\r\nRoute:"));
	rig_send(rig, CALLEE, call_response(sent, 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	assert_int_equal(rig_count(rig, COUNT_CALLS_ANSWERED), 1);
	assert_int_equal(rig_count(rig, COUNT_DLG_CREATED), 0);
	assert_int_equal(rig_count(rig, COUNT_DLG_UNKNOWN), 0);
	rig_settle(rig);
}

// Our Route, and a To tag nobody gave: only a call that passed us has what opens the way.
static void made_up(struct rig *rig, const char *routes) {
	char wrong[1024];
	char *digit;

	snprintf(wrong, sizeof(wrong), "%s", routes);
	for (char *at = wrong; (at = strstr(at, ";d=")); at += 3) {
		digit = at + 3 + MINT_LEN - 1;
		*digit = *digit == '0' ? '1' : '0';
	}
	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bKmade", 2, "made-up", wrong));
	rig_expect(rig, CALLER, "SIP/2.0 481 ");
	rig_send(
		rig, CALLER, call_request("REFER", "z9hG4bKup", 2, "made-up", "Route: <sip:192.0.2.1:5060;lr;d=0>\r\n")
	);
	rig_expect(rig, CALLER, "SIP/2.0 481 ");
	rig_send(
		rig,
		CALLER,
		call_replaced(call_request("INVITE", "z9hG4bKid", 2, "t1", routes), "call-00000001", "call-00000002")
	);
	rig_expect(rig, CALLER, "SIP/2.0 481 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_DLG_REFUSED), 3);
}

static void without_dialogs_a_made_up_tag_leads_nowhere(void **state) {
	struct rig *rig = *state;
	char routes[1024];

	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	rig_settle(rig);
	made_up(rig, routes);
	rig_settle(rig);
}

static void without_state_a_made_up_tag_leads_nowhere(void **state) {
	struct rig *rig = *state;
	char invite[4096], routes[1024];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_response(invite, 200, "t1"));
	snprintf(routes, sizeof(routes), "%s", call_routes(rig_expect(rig, CALLER, "SIP/2.0 200 "), true));
	made_up(rig, routes);
}

static void without_dialogs_a_reinvite_passes(void **state) {
	struct rig *rig = *state;
	const char *routes = call_establish(rig, "z9hG4bK1");

	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK2", 2, "t1", routes));
	rig_expect(rig, CALLEE, "INVITE sip:bob@198.51.100.10 ");
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	assert_int_equal(rig_count(rig, COUNT_DLG_REFUSED), 0);
	rig_settle(rig);
}

static void without_dialogs_transactions_are_whole(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect(rig, CALLEE, "CANCEL ");
	rig_send(rig, CALLEE, call_response(invite, 487, "t1"));
	rig_expect(rig, CALLEE, "ACK ");
	rig_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", ""));
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_CALLS_FAILED), 1);
	rig_settle(rig);
}

static void without_dialogs_a_silent_callee_gives_408(void **state) {
	struct rig *rig = *state;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_pass(rig, 32000);
	rig_expect(rig, CALLER, "SIP/2.0 408 ");
	rig_settle(rig);
}

// --- proxy.state: stateless ---

static void without_state_a_call_is_set_up_and_ended(void **state) {
	struct rig *rig = *state;
	char invite[4096], ok[4096], routes[1024];
	const char *sent;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE sip:bob@example.net SIP/2.0\r\n"));
	assert_non_null(strstr(invite, "Record-Route: <sip:198.51.100.1:5060;lr;d=00ffffffff00000000"));
	assert_non_null(strstr(invite, "Record-Route: <sip:192.0.2.1:5060;lr;d=00ffffffff00000000"));
	assert_non_null(strstr(invite, "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKr"));
	rig_expect_nothing(rig); // no 100
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLEE, call_response(invite, 200, "t1"));
	snprintf(ok, sizeof(ok), "%s", rig_expect(rig, CALLER, "SIP/2.0 200 "));
	assert_null(strstr(ok, "Via: SIP/2.0/UDP 198.51.100.1"));
	snprintf(routes, sizeof(routes), "%s", call_routes(ok, true));
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bKack", 1, "t1", routes));
	rig_expect(rig, CALLEE, "ACK sip:bob@198.51.100.10 SIP/2.0\r\nVia: ");
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	sent = rig_expect(rig, CALLEE, "BYE sip:bob@198.51.100.10 SIP/2.0\r\nVia: ");
	rig_send(rig, CALLEE, call_response(sent, 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect_nothing(rig);
	expect_nothing_kept(rig);
}

static void without_state_all_of_an_invite_has_one_branch(void **state) {
	struct rig *rig = *state;
	char first[128];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(first, sizeof(first), "%s", branch_of(rig_expect(rig, CALLEE, "INVITE ")));
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	assert_string_equal(branch_of(rig_expect(rig, CALLEE, "INVITE ")), first);
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	assert_string_equal(branch_of(rig_expect(rig, CALLEE, "CANCEL ")), first);
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, NULL, ""));
	assert_string_equal(branch_of(rig_expect(rig, CALLEE, "ACK ")), first);
	rig_send(rig, CALLER, INVITE("z9hG4bK2"));
	assert_string_not_equal(branch_of(rig_expect(rig, CALLEE, "INVITE ")), first);
	rig_expect_nothing(rig);
	expect_nothing_kept(rig);
}

// RFC 3261 16.11: a branch without the magic cookie does not tell its transactions apart.
static void without_state_an_old_element_gets_a_branch_a_transaction(void **state) {
	struct rig *rig = *state;
	char first[128];
	const char *sent;

	rig_send(rig, CALLER, call_request("OPTIONS", "1", 1, NULL, ""));
	sent = rig_expect(rig, CALLEE, "OPTIONS ");
	snprintf(first, sizeof(first), "%s", branch_of(sent));
	rig_send(rig, CALLEE, call_response(sent, 200, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_send(rig, CALLER, call_request("OPTIONS", "1", 1, NULL, ""));
	assert_string_equal(branch_of(rig_expect(rig, CALLEE, "OPTIONS ")), first);
	rig_send(rig, CALLER, call_request("OPTIONS", "1", 2, NULL, ""));
	assert_string_not_equal(branch_of(rig_expect(rig, CALLEE, "OPTIONS ")), first);
}

static void without_state_an_error_and_its_ack_pass(void **state) {
	struct rig *rig = *state;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "INVITE "), 486, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 486 ");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", ""));
	rig_expect(rig, CALLEE, "ACK ");
	rig_pass(rig, 40000);
	rig_expect_nothing(rig);
	expect_nothing_kept(rig);
}

static void without_state_a_refusal_is_answered_and_its_ack_ends_here(void **state) {
	struct rig *rig = *state;
	const char *invite = call_replaced(INVITE("z9hG4bK1"), "Max-Forwards: 70", "Max-Forwards: 0");
	char tag[64];

	rig_send(rig, CALLER, invite);
	snprintf(tag, sizeof(tag), "%s", strstr(rig_expect(rig, CALLER, "SIP/2.0 483 "), "\r\nTo: "));
	*strchr(tag + 2, '\r') = '\0';
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, strstr(tag, ";tag=") + 5, ""));
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_TOO_HOPS), 1);
}

static void without_state_a_response_goes_where_rport_says(void **state) {
	struct rig *rig = *state;
	const char *from = "192.0.2.10:5060;branch=z9hG4bK1;rport";

	rig_send(rig, CALLER, call_replaced(INVITE("z9hG4bK1"), from, "10.0.0.1:7000;rport;branch=z9hG4bK1"));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "INVITE "), 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	assert_int_equal(rig->sent.to.port, 5060);
	rig_send(rig, CALLER, call_replaced(INVITE("z9hG4bK1"), from, "192.0.2.10:7000;branch=z9hG4bK1"));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "INVITE "), 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	assert_int_equal(rig->sent.to.port, 7000);
}

static void without_state_a_response_made_up_goes_nowhere(void **state) {
	static const struct {
		const char *what, *instead;
	} changes[] = {
		{"received=192.0.2.10", "received=192.0.2.11"},
		{"rport=5060", "rport=5061"},
		{"branch=z9hG4bK1;", "branch=z9hG4bK2;"},
		{"call-00000001", "call-00000002"},
		{"z9hG4bKr", "z9hG4bKs"},
		{"z9hG4bKr01", "z9hG4bKr00"},
		{"z9hG4bKr00", "z9hG4bKr01"},
		{"\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1;rport=5060;received=192.0.2.10", ""},
	};
	struct rig *rig = *state;
	uint64_t strays = 0;
	char good[4096];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	snprintf(good, sizeof(good), "%s", call_response(rig_expect(rig, CALLEE, "INVITE "), 180, "t1"));
	for (unsigned i = 0; i < ARRAY_LEN(changes); i++) {
		if (!strstr(good, changes[i].what))
			continue; // the listener is one of the two
		rig_send(rig, CALLEE, call_replaced(good, changes[i].what, changes[i].instead));
		rig_expect_nothing(rig);
		assert_int_equal(rig_count(rig, COUNT_SIP_RESPONSE_STRAY), ++strays);
	}
	assert_int_equal(strays, ARRAY_LEN(changes) - 1);
	rig_send(rig, CALLEE, good);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
}

#define MODE_TEST(mode, name) cmocka_unit_test_setup_teardown(name, set_up_##mode, rig_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		MODE_TEST(transaction, without_dialogs_a_call_is_set_up_and_ended),
		MODE_TEST(transaction, without_dialogs_a_made_up_tag_leads_nowhere),
		MODE_TEST(stateless, without_state_a_made_up_tag_leads_nowhere),
		MODE_TEST(transaction, without_dialogs_a_reinvite_passes),
		MODE_TEST(transaction, without_dialogs_transactions_are_whole),
		MODE_TEST(transaction, without_dialogs_a_silent_callee_gives_408),
		MODE_TEST(stateless, without_state_a_call_is_set_up_and_ended),
		MODE_TEST(stateless, without_state_all_of_an_invite_has_one_branch),
		MODE_TEST(stateless, without_state_an_old_element_gets_a_branch_a_transaction),
		MODE_TEST(stateless, without_state_an_error_and_its_ack_pass),
		MODE_TEST(stateless, without_state_a_refusal_is_answered_and_its_ack_ends_here),
		MODE_TEST(stateless, without_state_a_response_goes_where_rport_says),
		MODE_TEST(stateless, without_state_a_response_made_up_goes_nowhere),
	};

	return cmocka_run_group_tests(tests, rig_eal, NULL);
}
