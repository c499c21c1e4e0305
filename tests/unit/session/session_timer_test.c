// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "call.h"

#include <stdio.h>

// Session timers as a proxy (RFC 4028 section 8).

static int set_up(void **state) {
	struct rig *rig;

	rig_set_up(state);
	rig = *state;
	rig->cfg.session_expires_s = 1800;
	rig->cfg.session_min_s = 90;
	return 0;
}

// The one dialog there is.
static struct dialog *the_dialog(const struct rig *rig) {
	const struct pool *pool = &rig->s->dialogs.pool;

	assert_int_equal(pool->used, 1);
	for (uint32_t slot = 0;; slot++)
		if (pool_live_at(pool, slot))
			return pool_at(pool, slot);
}

// The headers of an INVITE, what it goes out with, those of the 200, and what that comes back with ("" for none of it).
static const struct {
	const char *request, *expires_out, *min_out, *response, *expires_back, *require_back;
	uint32_t kept_s;
} rows[] = {
	// nobody knows them
	{"", "1800", "", "", "", "", 0},
	// the callee does
	{"", "1800", "", "Session-Expires: 1800;refresher=uas\r\n", "1800;refresher=uas", "", 1800},
	{"", "1800", "", "x: 900;refresher=uas\r\n", "", "", 900},
	// only the caller does
	{"Supported: timer\r\n", "1800", "", "", "1800;refresher=uac", "timer", 1800},
	{"Supported: 100rel, timer\r\nSession-Expires: 600\r\n", "600", "", "", "600;refresher=uac", "timer", 600},
	// longer than we want, and than the caller can bear to have cut
	{"k: timer\r\nSession-Expires: 4000;refresher=uac\r\n",
	 "1800;refresher=uac",
	 "",
	 "",
	 "1800;refresher=uac",
	 "timer",
	 1800},
	{"k: timer\r\nSession-Expires: 4000\r\nMin-SE: 2400\r\n",
	 "2400",
	 "2400",
	 "",
	 "2400;refresher=uac",
	 "timer",
	 2400},
	{"Min-SE: 3600\r\n", "3600", "3600", "", "", "", 0},
	// too short, from one who knows no 422
	{"Session-Expires: 30\r\n", "90", "90", "", "", "", 0},
	{"Session-Expires: 30\r\nMin-SE: 20\r\n",
	 "90",
	 "90",
	 "Session-Expires: 90;refresher=uas\r\n",
	 "90;refresher=uas",
	 "",
	 90},
	// below what the caller can bear
	{"k: timer\r\nSession-Expires: 100\r\nMin-SE: 300\r\n", "300", "300", "", "300;refresher=uac", "timer", 300},
	{"Session-Expires: 30\r\nMin-SE: 200\r\n", "200", "200", "", "", "", 0},
	// longer than is kept
	{"k: timer\r\nMin-SE: 70000\r\n",
	 "70000",
	 "70000",
	 "Session-Expires: 70000;refresher=uas\r\n",
	 "70000;refresher=uas",
	 "",
	 0},
	// nonsense is left alone
	{"Session-Expires: soon\r\n", "soon", "", "", "", "", 0},
	{"Supported: timer\r\nSession-Expires: 99999999999\r\n", "1800", "", "", "1800;refresher=uac", "timer", 1800},
};

static void intervals_are_asked_for_and_agreed_on(void **state) {
	struct rig *rig = *state;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		char invite[4096], start[128];
		const char *text;

		snprintf(start, sizeof(start), "%sContent-Length:", rows[i].response);
		rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, rows[i].request));
		snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
		rig_expect(rig, CALLER, "SIP/2.0 100 ");
		assert_string_equal(rig_header(invite, "Session-Expires"), rows[i].expires_out);
		assert_string_equal(rig_header(invite, "Min-SE"), rows[i].min_out);
		rig_send(rig, CALLEE, call_replaced(call_response(invite, 200, "t1"), "Content-Length:", start));
		text = rig_expect(rig, CALLER, "SIP/2.0 200 ");
		assert_string_equal(rig_header(text, "Session-Expires"), rows[i].expires_back);
		assert_string_equal(rig_header(text, "Require"), rows[i].require_back);
		assert_int_equal(the_dialog(rig)->session_s, rows[i].kept_s);
		dialog_free(&rig->s->dialogs, the_dialog(rig));
		rig_settle(rig);
	}
}

static void too_short_is_refused(void **state) {
	struct rig *rig = *state;
	const char *text;

	rig_send(
		rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, "Supported: timer\r\nSession-Expires: 60\r\n")
	);
	text = rig_expect(rig, CALLER, "SIP/2.0 422 Session Interval Too Small\r\n");
	assert_string_equal(rig_header(text, "Min-SE"), "90");
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_SESSION_SHORT), 1);
	// Others have no sessions.
	rig_send(
		rig, CALLER, call_request("OPTIONS", "z9hG4bK2", 1, NULL, "Supported: timer\r\nSession-Expires: 60\r\n")
	);
	text = rig_expect(rig, CALLEE, "OPTIONS ");
	assert_string_equal(rig_header(text, "Session-Expires"), "60");
	rig_settle(rig);
}

// A call that is refreshed lasts, one that is not ends after its interval and a little.
static void a_dialog_lives_as_long_as_its_session(void **state) {
	struct rig *rig = *state;
	char invite[4096], ok[4096], routes[1024];

	rig_send(
		rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, "Supported: timer\r\nSession-Expires: 100\r\n")
	);
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(invite, 200, "t1"));
	snprintf(ok, sizeof(ok), "%s", rig_expect(rig, CALLER, "SIP/2.0 200 "));
	snprintf(routes, sizeof(routes), "%sSupported: timer\r\nSession-Expires: 100\r\n", call_routes(ok, true));
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bKack", 1, "t1", call_routes(ok, true)));
	rig_expect(rig, CALLEE, "ACK ");
	for (int i = 0; i < 4; i++) {
		char branch[32];
		const char *text;

		rig_pass(rig, 90000);
		snprintf(branch, sizeof(branch), "z9hG4bKu%d", i);
		rig_send(rig, CALLER, call_request("UPDATE", branch, 2 + i, "t1", routes));
		rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "UPDATE "), 200, NULL));
		text = rig_expect(rig, CALLER, "SIP/2.0 200 ");
		assert_string_equal(rig_header(text, "Session-Expires"), "100;refresher=uac");
		assert_int_equal(rig->s->dialogs.pool.used, 1);
	}
	rig_pass(rig, 100000 + DIALOG_SESSION_GRACE_MS - 1);
	assert_int_equal(rig->s->dialogs.pool.used, 1);
	rig_pass(rig, 1);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	assert_int_equal(rig_count(rig, COUNT_DLG_EXPIRED), 1);
	rig_settle(rig);
}

// What a re-INVITE asked for that was refused is not agreed on.
static void what_was_refused_changes_nothing(void **state) {
	struct rig *rig = *state;
	char routes[1024];
	const char *text;

	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	rig_settle(rig);
	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK2", 2, "t1", routes));
	text = rig_expect(rig, CALLEE, "INVITE ");
	assert_string_equal(rig_header(text, "Session-Expires"), "1800");
	rig_send(rig, CALLEE, call_response(text, 488, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_expect(rig, CALLER, "SIP/2.0 488 ");
	rig_expect(rig, CALLEE, "ACK ");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK2", 2, "t1", ""));
	rig_pass(rig, 2000000);
	assert_int_equal(rig->s->dialogs.pool.used, 1);
	rig_settle(rig);
	dialog_free(&rig->s->dialogs, the_dialog(rig));
}

// The answer to an UPDATE that comes again has what we added, too.
static void a_repeated_answer_is_the_same(void **state) {
	struct rig *rig = *state;
	char routes[1024], first[4096];

	snprintf(routes, sizeof(routes), "%sSupported: timer\r\n", call_establish(rig, "z9hG4bK1"));
	rig_send(rig, CALLER, call_request("UPDATE", "z9hG4bK2", 2, "t1", routes));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "UPDATE "), 200, NULL));
	snprintf(first, sizeof(first), "%s", rig_expect(rig, CALLER, "SIP/2.0 200 "));
	assert_string_equal(rig_header(first, "Session-Expires"), "1800;refresher=uac");
	rig_send(rig, CALLER, call_request("UPDATE", "z9hG4bK2", 2, "t1", routes));
	assert_string_equal(
		rig_header(rig_expect(rig, CALLER, "SIP/2.0 200 "), "Session-Expires"), "1800;refresher=uac"
	);
	rig_settle(rig);
	dialog_free(&rig->s->dialogs, the_dialog(rig));
}

// Where they are not ours to ask for, what the ends agree on counts all the same.
static void what_the_ends_agree_on_counts(void **state) {
	struct rig *rig = *state;
	char invite[4096];

	rig->cfg.session_expires_s = 0;
	rig_send(
		rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, "Supported: timer\r\nSession-Expires: 60\r\n")
	);
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	assert_string_equal(rig_header(invite, "Session-Expires"), "60");
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(
		rig,
		CALLEE,
		call_replaced(
			call_response(invite, 200, "t1"),
			"Content-Length:",
			"Session-Expires: 60;refresher=uac\r\nContent-Length:"
		)
	);
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_pass(rig, 60000 + DIALOG_SESSION_GRACE_MS);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, rig_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(intervals_are_asked_for_and_agreed_on),
		TEST(too_short_is_refused),
		TEST(a_dialog_lives_as_long_as_its_session),
		TEST(what_was_refused_changes_nothing),
		TEST(a_repeated_answer_is_the_same),
		TEST(what_the_ends_agree_on_counts),
	};

	return cmocka_run_group_tests_name("session/session_timer", tests, rig_eal, NULL);
}
