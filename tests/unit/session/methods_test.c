// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The methods a proxy passes on without knowing more of them than what they mean for a dialog.
#include "call.h"

#include <stdio.h>

static void copy(char *to, size_t size, const char *text) {
	assert_true((size_t)snprintf(to, size, "%s", text) < size);
}

// The request comes out on the other side as it went in, header lines and body, and its answer comes back.
static void passes(struct rig *rig, enum side from, const char *text, int status, bool has_record_route) {
	enum side to = from == CALLER ? CALLEE : CALLER;
	char request[4096], method[32];
	const char *sent;

	copy(request, sizeof(request), text);
	snprintf(method, sizeof(method), "%.*s ", (int)strcspn(request, " "), request);
	rig_send(rig, from, request);
	sent = rig_expect(rig, to, method);
	assert_int_equal(strstr(sent, "\r\nRecord-Route:") != NULL, has_record_route);
	for (const char *line = strstr(request, "\r\nX-Passed"); line && line[2] == 'X';
	     line = strstr(line + 2, "\r\n")) {
		char whole[256];

		snprintf(whole, sizeof(whole), "%.*s\r\n", 2 + (int)strcspn(line + 2, "\r"), line);
		assert_non_null(strstr(sent, whole));
	}
	assert_string_equal(strstr(sent, "\r\n\r\n"), strstr(request, "\r\n\r\n"));
	rig_send(rig, to, call_response(sent, status, "t1"));
	if (strcmp(method, "INVITE ") == 0)
		rig_expect(rig, from, "SIP/2.0 100 ");
	rig_expect(rig, from, "SIP/2.0 ");
	rig_expect_nothing(rig);
}

#define PASSED "X-Passed: \"a, b\" ; c=\t<d>\r\nX-Passed-too:e\r\n"

static const char *with_body(const char *request, const char *type, const char *body) {
	static char text[4096];
	const char *end = strstr(request, "Content-Length: ");

	snprintf(
		text,
		sizeof(text),
		"%.*sContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
		(int)(end - request),
		request,
		type,
		strlen(body),
		body
	);
	return text;
}

static void outside_a_dialog(void **state) {
	static const struct {
		const char *method;
		int status;
		bool has_record_route;
	} rows[] = {
		{"OPTIONS", 200, false},
		{"MESSAGE", 202, false},
		{"PUBLISH", 200, false},
		{"REGISTER", 200, false},
		{"SUBSCRIBE", 202, true},
		{"REFER", 202, true},
		{"INFO", 405, false},
		{"UPDATE", 481, false},
		{"FOO-bar.1", 501, false},
	};
	struct rig *rig = *state;
	char branch[32];

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(branch, sizeof(branch), "z9hG4bKm%u", i);
		passes(rig,
		       CALLER,
		       with_body(call_request(rows[i].method, branch, 1, NULL, PASSED), "text/plain", "a\r\n\r\nb"),
		       rows[i].status,
		       rows[i].has_record_route);
		assert_int_equal(rig->s->dialogs.pool.used, 0);
	}
	rig_settle(rig);
}

static void inside_a_dialog(void **state) {
	static const char *const methods[] = {"INFO", "UPDATE", "MESSAGE", "NOTIFY", "OPTIONS", "FOO-bar.1"};
	struct rig *rig = *state;
	char routes[1024], lines[2048], branch[32];

	copy(routes, sizeof(routes), call_establish(rig, "z9hG4bK1"));
	snprintf(lines, sizeof(lines), "%s" PASSED, routes);
	for (unsigned i = 0; i < ARRAY_LEN(methods); i++) {
		snprintf(branch, sizeof(branch), "z9hG4bKm%u", i);
		passes(rig,
		       CALLER,
		       with_body(call_request(methods[i], branch, 2 + (int)i, "t1", lines), "text/plain", "x"),
		       200,
		       strcmp(methods[i], "NOTIFY") == 0);
	}
	passes(rig, CALLER, call_request("REFER", "z9hG4bKr", 20, "t1", lines), 202, true);
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	assert_int_equal(rig_count(rig, COUNT_DLG_UNKNOWN), 0);
	passes(rig, CALLER, call_request("BYE", "z9hG4bKbye", 21, "t1", lines), 200, false);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

// RFC 3262, RFC 3311: before the final answer.
static void inside_an_early_dialog(void **state) {
	struct rig *rig = *state;
	char invite[4096], lines[2048];
	const char *sent;

	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, "Supported: 100rel\r\n"));
	copy(invite, sizeof(invite), rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	sent = call_replaced(
		call_response(invite, 183, "t1"), "Content-Length", "RSeq: 988789\r\nRequire: 100rel\r\nContent-Length"
	);
	rig_send(rig, CALLEE, sent);
	sent = rig_expect(rig, CALLER, "SIP/2.0 183 ");
	assert_string_equal(rig_header(sent, "RSeq"), "988789");
	snprintf(lines, sizeof(lines), "%sRAck: 988789 1 INVITE\r\n" PASSED, call_routes(sent, true));
	passes(rig, CALLER, call_request("PRACK", "z9hG4bKp", 2, "t1", lines), 200, false);
	passes(rig, CALLER, call_request("UPDATE", "z9hG4bKu", 3, "t1", lines), 200, false);
	rig_send(rig, CALLEE, call_response(invite, 200, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	passes(rig, CALLER, call_request("BYE", "z9hG4bKbye", 4, "t1", lines), 200, false);
	assert_int_equal(rig_count(rig, COUNT_DLG_UNKNOWN), 0);
	rig_settle(rig);
}

// RFC 6665: what the notifier sends comes back the way the SUBSCRIBE went, by its Record-Route.
static void a_notify_follows_the_subscribe(void **state) {
	struct rig *rig = *state;
	char notify[4096], routes[1024];
	const char *sent;

	rig_send(rig, CALLER, call_request("SUBSCRIBE", "z9hG4bK1", 1, NULL, "Event: presence\r\n"));
	sent = rig_expect(rig, CALLEE, "SUBSCRIBE ");
	copy(routes, sizeof(routes), call_routes(sent, false));
	rig_send(rig, CALLEE, call_response(sent, 202, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 202 ");
	snprintf(
		notify,
		sizeof(notify),
		"NOTIFY sip:alice@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKn\r\n%s"
		"X-Passed: 1\r\nFrom: <sip:bob@example.net>;tag=t1\r\nTo: <sip:alice@example.net>;tag=f1\r\n"
		"Call-ID: call-00000001@192.0.2.10\r\nCSeq: 1 NOTIFY\r\nEvent: presence\r\n"
		"Subscription-State: active;expires=60\r\nContent-Length: 0\r\n\r\n",
		routes
	);
	passes(rig, CALLEE, notify, 200, true); // it makes the subscriber's route set
	rig_settle(rig);
}

// Glare: both sides send a re-INVITE at once; each is a transaction of its own, refused with 491, and the dialog stays.
static void re_invites_may_cross(void **state) {
	struct rig *rig = *state;
	char routes[1024], callee_routes[1024], ours[4096], theirs[4096], text[4096];
	const char *sent;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	copy(ours, sizeof(ours), rig_expect(rig, CALLEE, "INVITE "));
	copy(callee_routes, sizeof(callee_routes), call_routes(ours, false));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(ours, 200, "t1"));
	copy(routes, sizeof(routes), call_routes(rig_expect(rig, CALLER, "SIP/2.0 200 "), true));
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bKack", 1, "t1", routes));
	rig_expect(rig, CALLEE, "ACK ");
	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK2", 2, "t1", routes));
	copy(ours, sizeof(ours), rig_expect(rig, CALLEE, "INVITE "));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	snprintf(
		text,
		sizeof(text),
		"INVITE sip:alice@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKb\r\n%s"
		"From: <sip:bob@example.net>;tag=t1\r\nTo: <sip:alice@example.net>;tag=f1\r\n"
		"Call-ID: call-00000001@192.0.2.10\r\nCSeq: 7 INVITE\r\nContact: <sip:bob@198.51.100.10>\r\n"
		"Content-Length: 0\r\n\r\n",
		callee_routes
	);
	rig_send(rig, CALLEE, text);
	copy(theirs, sizeof(theirs), rig_expect(rig, CALLER, "INVITE "));
	rig_expect(rig, CALLEE, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(ours, 491, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 491 ");
	rig_expect(rig, CALLEE, "ACK ");
	rig_send(rig, CALLER, call_response(theirs, 491, NULL));
	sent = rig_expect(rig, CALLEE, "SIP/2.0 491 ");
	assert_string_equal(rig_header(sent, "CSeq"), "7 INVITE");
	rig_expect(rig, CALLER, "ACK ");
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	passes(rig, CALLER, call_request("BYE", "z9hG4bKbye", 9, "t1", routes), 200, false);
	rig_settle(rig);
}

// A BYE on the early dialog (RFC 3261 15) crosses the answer and is refused: the call is there, and so is its dialog.
static void a_refused_bye_that_crossed_the_answer_ends_nothing(void **state) {
	struct rig *rig = *state;
	char invite[4096], bye[4096], routes[1024];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	snprintf(routes, sizeof(routes), "%s", call_routes(rig_expect(rig, CALLER, "SIP/2.0 180 "), true));
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	snprintf(bye, sizeof(bye), "%s", rig_expect(rig, CALLEE, "BYE "));
	rig_send(rig, CALLEE, call_response(invite, 200, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bKack", 1, "t1", routes));
	rig_expect(rig, CALLEE, "ACK ");
	rig_send(rig, CALLEE, call_response(bye, 500, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 500 ");
	rig_settle(rig);
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye2", 3, "t1", routes));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(outside_a_dialog),
		TEST(inside_a_dialog),
		TEST(inside_an_early_dialog),
		TEST(a_refused_bye_that_crossed_the_answer_ends_nothing),
		TEST(a_notify_follows_the_subscribe),
		TEST(re_invites_may_cross),
	};

	return cmocka_run_group_tests_name("session/methods", tests, rig_eal, NULL);
}
