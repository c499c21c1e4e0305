// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "call.h"

// Whatever runs out, at whichever moment: nothing crashes, nothing is left, and the next call works (the tear-down and
// the last call of each test say so).

static void read_all(struct rig *rig) {
	while (rig_next(rig, CALLER) || rig_next(rig, CALLEE))
		;
}

// The copy is ours to keep; "" when the side got nothing.
static void next_copy(struct rig *rig, enum side side, char *out, size_t size) {
	const char *text, *last = "";

	out[0] = '\0';
	while ((text = rig_next(rig, side))) {
		last = text;
		snprintf(out, size, "%s", last);
	}
}

static void hang_up(struct rig *rig, const char *branch, const char *routes) {
	char bye[4096];

	rig_send(rig, CALLER, call_request("BYE", branch, 2, "t1", routes));
	next_copy(rig, CALLEE, bye, sizeof(bye));
	if (bye[0])
		rig_send(rig, CALLEE, call_response(bye, 200, NULL));
}

// Whatever was lost, a final that comes again is answered with an ACK, and never with the INVITE.
static void repeat_final(struct rig *rig, const char *invite, int status) {
	const char *text;

	while (rig_next(rig, CALLEE))
		;
	rig_send(rig, CALLEE, call_response(invite, status, "t1"));
	while ((text = rig_next(rig, CALLEE)))
		assert_int_equal(strncmp(text, "ACK ", 4), 0);
}

// A call as far as it comes: answered, cancelled or refused, then ended.
static void call_whatever_happens(struct rig *rig, int status, bool cancel) {
	char invite[4096], got[4096], routes[1024];

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	next_copy(rig, CALLEE, invite, sizeof(invite));
	read_all(rig);
	if (invite[0]) {
		rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
		rig_send(rig, CALLEE, call_response(invite, 183, "t2"));
	}
	if (cancel)
		rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	read_all(rig);
	if (invite[0])
		rig_send(rig, CALLEE, call_response(invite, status, "t1"));
	if (invite[0] && status >= 300)
		repeat_final(rig, invite, status);
	next_copy(rig, CALLER, got, sizeof(got));
	snprintf(routes, sizeof(routes), "%s", call_routes(got, true));
	rig_send(rig, CALLER, call_request("ACK", status == 200 ? "z9hG4bKack" : "z9hG4bK1", 1, "t1", routes));
	read_all(rig);
	hang_up(rig, "z9hG4bKbye", routes);
	if (rig->s->dialogs.pool.used > 0)
		hang_up(rig, "z9hG4bKbye2", routes); // the first was refused, and a phone tries again
	rig_settle(rig);
}

static void clean_call(struct rig *rig) {
	uint64_t answered = rig_count(rig, COUNT_CALLS_ANSWERED);

	call_whatever_happens(rig, 200, false);
	assert_int_equal(rig_count(rig, COUNT_CALLS_ANSWERED), answered + 1);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	assert_int_equal(rig->s->txns.pool.used, 0);
	assert_int_equal(blob_used(rig->s->text), 0);
	assert_int_equal(rte_mempool_in_use_count(rig->packets), 0);
}

struct shape {
	int status;
	bool cancel;
};

static const struct shape shapes[] = {{.status = 200}, {.status = 486}, {.status = 487, .cancel = true}};

static void every_record_taken_fails_in_turn(void **state) {
	struct rig *rig = *state;
	struct pool *const pools[] = {&rig->s->txns.pool, &rig->s->dialogs.pool};

	for (unsigned p = 0; p < ARRAY_LEN(pools); p++)
		for (unsigned i = 0; i < ARRAY_LEN(shapes); i++)
			for (uint64_t nth = 1; nth <= 8; nth++) {
				pools[p]->fail_at = pools[p]->takes + nth;
				call_whatever_happens(rig, shapes[i].status, shapes[i].cancel);
				pools[p]->fail_at = 0;
				clean_call(rig);
			}
	assert_true(rig_count(rig, COUNT_REFUSED_TRANSACTIONS) > 0);
	assert_true(rig_count(rig, COUNT_REFUSED_DIALOGS) > 0);
}

static void every_text_taken_fails_in_turn(void **state) {
	struct rig *rig = *state;

	for (unsigned i = 0; i < ARRAY_LEN(shapes); i++)
		for (uint64_t nth = 1; nth <= 20; nth++) {
			blob_fail_at(rig->s->text, nth);
			call_whatever_happens(rig, shapes[i].status, shapes[i].cancel);
			blob_fail_at(rig->s->text, 0);
			clean_call(rig);
		}
	assert_true(rig_count(rig, COUNT_REFUSED_TEXT) > 0);
}

static void no_packet_buffer_left_loses_nothing_but_the_message(void **state) {
	struct rig *rig = *state;

	for (unsigned i = 0; i < ARRAY_LEN(shapes); i++)
		for (uint32_t nth = 1; nth <= 9; nth++) {
			rig->starve_at = nth;
			call_whatever_happens(rig, shapes[i].status, shapes[i].cancel);
			rig->starve_at = 0;
			clean_call(rig);
		}
	assert_true(rig_count(rig, COUNT_DROP_NO_BUFFER) > 0);
}

static void answer_all(struct rig *rig) {
	const char *text;

	while ((text = rig_next(rig, CALLEE)))
		if (strncmp(text, "SIP/2.0 ", 8) != 0 && strncmp(text, "ACK ", 4) != 0)
			rig_send(rig, CALLEE, call_response(text, 200, "t1"));
}

enum shortage { OF_TEXT, OF_TRANSACTIONS, OF_BUFFERS, SHORTAGES };

static void shortage_begin(struct rig *rig, enum shortage what, uint32_t nth) {
	blob_fail_at(rig->s->text, what == OF_TEXT ? nth : 0);
	rig->s->txns.pool.fail_at = what == OF_TRANSACTIONS ? rig->s->txns.pool.takes + nth : 0;
	rig->starve_at = what == OF_BUFFERS ? nth : 0;
}

// Calls have most of it; what is left are the ways of other requests, the strict router's among them.
static void other_requests_leave_nothing_either(void **state) {
	static const struct {
		const char *method, *extra;
	} rows[] = {
		{"OPTIONS", ""},
		{"OPTIONS", "Route: <sip:198.51.100.10>\r\n"},
		{"OPTIONS", "Route: <sip:192.0.2.1;lr>, <sip:198.51.100.10;lr>\r\n"},
		{"SUBSCRIBE", "Event: presence\r\n"},
		{"REFER", "Refer-To: <sip:carol@example.net>\r\n"},
		{"MESSAGE", "Proxy-Require: none\r\n"},
	};
	struct rig *rig = *state;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned what = 0; what < SHORTAGES; what++)
			for (uint32_t nth = 1; nth <= 8; nth++) {
				shortage_begin(rig, what, nth);
				rig_send(rig, CALLER, call_request(rows[i].method, "z9hG4bK1", 1, NULL, rows[i].extra));
				answer_all(rig);
				shortage_begin(rig, SHORTAGES, 0);
				rig_settle(rig);
				clean_call(rig);
			}
}

static void calls_with_session_timers_leave_nothing_either(void **state) {
	struct rig *rig = *state;

	rig->cfg.session_expires_s = 1800;
	rig->cfg.session_min_s = 90;
	for (unsigned what = 0; what < SHORTAGES; what++)
		for (uint32_t nth = 1; nth <= 20; nth++) {
			shortage_begin(rig, what, nth);
			call_whatever_happens(rig, 200, false);
			shortage_begin(rig, SHORTAGES, 0);
			clean_call(rig);
		}
}

static void the_100_of_another_request_waits_for_a_packet_buffer(void **state) {
	struct rig *rig = *state;

	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	rig_pass(rig, 3499);
	rig_pass_starved(rig, 1);
	assert_null(rig_next(rig, CALLER));
	rig_pass(rig, TXN_AGAIN_MS);
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_settle(rig);
}

// The caller, who had a 100, has no timer of its own.
static void a_final_of_our_own_waits_for_a_packet_buffer(void **state) {
	struct rig *rig = *state;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_pass(rig, 31999);
	rig_pass_starved(rig, 1);
	assert_null(rig_next(rig, CALLER));
	rig_pass_starved(rig, TXN_AGAIN_MS);
	assert_null(rig_next(rig, CALLER));
	assert_int_equal(rig_count(rig, COUNT_CALLS_FAILED), 0);
	rig_pass(rig, TXN_AGAIN_MS);
	rig_expect(rig, CALLER, "SIP/2.0 408 ");
	assert_int_equal(rig_count(rig, COUNT_CALLS_FAILED), 1);
	assert_int_equal(rig_count(rig, COUNT_TXN_TIMEOUT), 1);
	rig_settle(rig);
}

static void when_all_records_are_taken_new_calls_get_503_and_old_ones_pass(void **state) {
	struct rig *rig = *state;
	char routes[1024];

	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	rig->s->dialogs.pool.fail_at = rig->s->dialogs.pool.takes + 1;
	rig_send(rig, CALLER, INVITE("z9hG4bK2"));
	assert_string_equal(rig_header(rig_expect(rig, CALLER, "SIP/2.0 503 "), "Retry-After"), "10");
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_record_taken_fails_in_turn),
		TEST(every_text_taken_fails_in_turn),
		TEST(other_requests_leave_nothing_either),
		TEST(calls_with_session_timers_leave_nothing_either),
		TEST(the_100_of_another_request_waits_for_a_packet_buffer),
		TEST(a_final_of_our_own_waits_for_a_packet_buffer),
		TEST(no_packet_buffer_left_loses_nothing_but_the_message),
		TEST(when_all_records_are_taken_new_calls_get_503_and_old_ones_pass),
	};

	return cmocka_run_group_tests_name("session/shortage", tests, rig_eal, NULL);
}
