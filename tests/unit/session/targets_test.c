// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the request to one of several targets is like, redirections, loops, shortage; rules without state; one 503.
#include "targets.h"

static void a_redirection_is_followed(void **state) {
	static const char contacts[] = "Contact: <sip:x@198.51.100.10:5062>;q=0.5, "
				       "<sip:name@somewhere.example>, <sip:z@198.51.100.10:5061;transport=tcp>\r\n"
				       "Contact: \"Y\" <sip:y@198.51.100.10:5063>;q=0.9\r\nX-Was:";
	struct rig *rig = *state;

	targets_serial(rig, 1);
	targets_rules[CALLER].recurses = true;
	targets_call(rig, 1);
	rig_send(rig, CALLEE, call_replaced(call_response(targets_sent[0], 302, "t0"), "Contact:", contacts));
	rig_expect(rig, CALLEE, "ACK sip:bob@example.net ");
	targets_expect(rig, 2, "INVITE sip:y@198.51.100.10:5063 SIP/2.0\r\n");
	rig_expect_nothing(rig);
	targets_answer(rig, 2, 486);
	rig_expect(rig, CALLEE, "ACK sip:y@198.51.100.10:5063 ");
	targets_expect(rig, 1, "INVITE sip:x@198.51.100.10:5062 SIP/2.0\r\n");
	// The same again leads nowhere new.
	rig_send(rig, CALLEE, call_replaced(call_response(targets_sent[1], 302, "t1"), "Contact:", contacts));
	rig_expect(rig, CALLEE, "ACK sip:x@198.51.100.10:5062 ");
	targets_expect_failure(rig, 302);
	assert_int_equal(rig_count(rig, COUNT_FORK_RECURSED), 2);
	rig_settle(rig);
}

// To ourselves, and to the Request-URI it came from.
static void a_redirection_back_is_passed_on(void **state) {
	struct rig *rig = *state;

	targets_serial(rig, 1);
	targets_rules[CALLER].recurses = true;
	targets_call(rig, 1);
	rig_send(
		rig,
		CALLEE,
		call_replaced(
			call_response(targets_sent[0], 302, "t0"),
			"Contact: <sip:bob@198.51.100.10>",
			"Contact: <sip:bob@198.51.100.1:5060>, <sip:bob@example.net>"
		)
	);
	rig_expect(rig, CALLEE, "ACK ");
	targets_expect_failure(rig, 302);
	assert_int_equal(rig_count(rig, COUNT_FORK_RECURSED), 0);
	rig_settle(rig);
}

static void a_redirection_to_nowhere_is_passed_on(void **state) {
	static const char *const contacts[] = {
		"<tel:198>", "<sip:y@198.51.100.10:5063;method=BYE>", "<sip:y@198.51.100.10:5063?Subject=x>"};
	struct rig *rig = *state;

	targets_serial(rig, 1);
	targets_rules[CALLER].recurses = true;
	for (unsigned i = 0; i < ARRAY_LEN(contacts); i++) {
		targets_call(rig, 1);
		rig_send(
			rig,
			CALLEE,
			call_replaced(call_response(targets_sent[0], 302, "t0"), "<sip:bob@198.51.100.10>", contacts[i])
		);
		rig_expect(rig, CALLEE, "ACK ");
		targets_expect_failure(rig, 302);
		rig_settle(rig);
	}
}

static void a_target_may_have_its_own_request_uri(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	targets_list[0].uri = STR("sip:desk@198.51.100.10:5061");
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	targets_expect(rig, 0, "INVITE sip:desk@198.51.100.10:5061 SIP/2.0\r\n");
	targets_expect(rig, 1, "INVITE sip:bob@example.net SIP/2.0\r\n");
	targets_answer(rig, 0, 180);
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	targets_answer(rig, 1, 603);
	rig_expect(rig, CALLEE, "ACK sip:bob@example.net ");
	rig_expect(rig, CALLEE, "CANCEL sip:desk@198.51.100.10:5061 ");
	targets_answer(rig, 0, 487);
	rig_expect(rig, CALLEE, "ACK sip:desk@198.51.100.10:5061 ");
	targets_expect_failure(rig, 603);
	rig_settle(rig);
}

static void other_requests_fork_too(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	targets_expect(rig, 0, "OPTIONS ");
	targets_expect(rig, 1, "OPTIONS ");
	rig_expect_nothing(rig);
	targets_answer(rig, 0, 404);
	rig_expect_nothing(rig);
	targets_answer(rig, 1, 200);
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect_nothing(rig);
	rig_settle(rig);
}

static void silence_to_other_requests_is_no_answer(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	rig_pass(rig, 32001);
	while (rig_next(rig, CALLEE))
		;
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig->s->forks.pool.used, 0);
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, ""));
	rig_expect_nothing(rig); // nor are they asked again
	rig_settle(rig);
}

// All silent but one, whose answer has to wait for the others.
static void a_refusal_of_another_request_waits_for_the_rest(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	rig_send(rig, CALLER, call_request("MESSAGE", "z9hG4bK1", 1, NULL, ""));
	targets_expect(rig, 0, "MESSAGE ");
	targets_expect(rig, 1, "MESSAGE ");
	targets_answer(rig, 0, 503);
	targets_answer(rig, 1, 503);
	rig_expect(rig, CALLER, "SIP/2.0 500 Server Internal Error\r\n");
	rig_expect_nothing(rig);
	rig_settle(rig);
}

// Sent back to where it came from, before any rule could make something else of it.
static void a_loop_is_found(void **state) {
	struct rig *rig = *state;
	char looped[TEXT];

	targets_parallel(rig, 2);
	targets_call(rig, 2);
	targets_copy(looped, targets_sent[1]);
	rig_send(rig, CALLER, looped);
	rig_expect(rig, CALLER, "SIP/2.0 482 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_LOOP), 1);
	// With another Request-URI it is a spiral, which is fine.
	rig_send(rig, CALLER, call_replaced(looped, "sip:bob@example.net SIP", "sip:carol@example.net SIP"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_expect(rig, CALLEE, "INVITE sip:carol@example.net ");
	rig_expect(rig, CALLEE, "INVITE sip:carol@example.net ");
	rig_pass(rig, 32000);
	while (rig_next(rig, CALLEE) || rig_next(rig, CALLER))
		;
	rig_settle(rig);
}

static void breadth_is_shared(void **state) {
	static const struct {
		const char *header;
		const char *parts[TARGETS];
	} rows[] = {
		{"", {"\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r"}},
		{"Max-Breadth: 7\r\n", {"\nMax-Breadth: 2\r", "\nMax-Breadth: 2\r", "\nMax-Breadth: 3\r"}},
		{"Max-Breadth: 600\r\n", {"\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r"}},
		{"max-breadth:3\r\n", {"\nmax-breadth:1\r", "\nmax-breadth:1\r", "\nmax-breadth:1\r"}},
		{"Max-Breadth: nonsense\r\n", {"\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r"}},
		{"Max-Breadth: -1\r\n", {"\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r"}},
		{"Max-Breadth: 65536\r\n", {"\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r", "\nMax-Breadth: 20\r"}},
		{"Max-Breadth:99999999999999999999\r\n",
		 {"\nMax-Breadth:20\r", "\nMax-Breadth:20\r", "\nMax-Breadth:20\r"}},
		{"Max-Breadth:\r\n", {"\nMax-Breadth:20\r", "\nMax-Breadth:20\r", "\nMax-Breadth:20\r"}},
	};
	struct rig *rig = *state;

	targets_parallel(rig, TARGETS);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, rows[i].header));
		for (int j = 0; j < TARGETS; j++) {
			targets_expect(rig, j, "OPTIONS ");
			assert_non_null(strstr(targets_sent[j], rows[i].parts[j]));
		}
		targets_answer(rig, 0, 200);
		rig_expect(rig, CALLER, "SIP/2.0 200 ");
		targets_answer(rig, 1, 404);
		targets_answer(rig, 2, 404);
		rig_expect_nothing(rig);
		rig_settle(rig);
	}
}

static void breadth_may_stand_once(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, "Max-Breadth: 2\r\nMax-Breadth: 60000\r\n"));
	rig_expect(rig, CALLER, "SIP/2.0 400 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_REPEATED), 1);
}

static void odd_q_values_do_no_harm(void **state) {
	static const char *const values[] = {
		"2", "1.5", "0.", "0.00000000000000000001", "-1", "99999999999999999999", "abc", "\"0.5\"", "0.9:9"};
	struct rig *rig = *state;
	char contact[128];

	targets_serial(rig, 1);
	targets_rules[CALLER].recurses = true;
	for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
		snprintf(contact, sizeof(contact), "Contact: <sip:x@198.51.100.10:5062>;q=%s\r\nX-Was:", values[i]);
		targets_call(rig, 1);
		rig_send(rig, CALLEE, call_replaced(call_response(targets_sent[0], 302, "t0"), "Contact:", contact));
		rig_expect(rig, CALLEE, "ACK ");
		targets_expect(rig, 1, "INVITE sip:x@198.51.100.10:5062 SIP/2.0\r\n");
		targets_refuse(rig, 1, 486);
		targets_expect_failure(rig, 486);
		rig_settle(rig);
	}
}

static void breadth_runs_out(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, "Max-Breadth: 0\r\n"));
	rig_expect(rig, CALLER, "SIP/2.0 440 Max-Breadth Exceeded\r\n");
	rig_expect_nothing(rig);
	rig_settle(rig);
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK2", 1, NULL, "Max-Breadth: 1\r\n"));
	targets_expect(rig, 0, "OPTIONS ");
	rig_expect_nothing(rig);
	targets_answer(rig, 0, 404);
	rig_expect(rig, CALLER, "SIP/2.0 404 ");
	rig_settle(rig);
}

// The time of the first may be over before it is.
static void breadth_is_shared_with_those_that_follow(void **state) {
	struct rig *rig = *state;

	targets_serial(rig, 3);
	targets_rules[CALLER].try_ms = 300;
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, "Max-Breadth: 5\r\n"));
	targets_expect(rig, 0, "OPTIONS ");
	assert_non_null(strstr(targets_sent[0], "\nMax-Breadth: 1\r"));
	rig_pass(rig, 300);
	targets_expect(rig, 1, "OPTIONS ");
	assert_non_null(strstr(targets_sent[1], "\nMax-Breadth: 2\r"));
	targets_answer(rig, 0, 404); // gives back what it had
	targets_answer(rig, 1, 404);
	targets_expect(rig, 2, "OPTIONS ");
	assert_non_null(strstr(targets_sent[2], "\nMax-Breadth: 5\r"));
	targets_answer(rig, 2, 200);
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
}

// No buffer for it at the moment it is due: the caller gets its final a little later.
static void a_best_response_that_cannot_be_sent_comes_later(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	targets_call(rig, 2);
	targets_refuse(rig, 0, 486);
	rig->starve_at = 1;
	rig_send(rig, CALLEE, call_response(targets_sent[1], 404, "t1"));
	rig->starve_at = 0;
	while (rig_next(rig, CALLEE))
		;
	rig_expect_nothing(rig);
	rig_pass(rig, 500);
	targets_expect_failure(rig, 486);
	rig_settle(rig);
}

// Later branches of a call that was let in are new transactions all the same.
static void branches_do_not_take_what_is_kept_for_calls(void **state) {
	struct rig *rig = *state;
	struct pool *pool = &rig->s->txns.pool;
	uint32_t capacity = pool->capacity;

	targets_serial(rig, 2);
	targets_call(rig, 1);
	pool->capacity = pool->used; // as if others had the rest
	targets_refuse(rig, 0, 486);
	pool->capacity = capacity;
	targets_expect_failure(rig, 486);
	assert_true(rig_count(rig, COUNT_REFUSED_TRANSACTIONS) > 0);
	rig_settle(rig);
}

static void without_room_it_is_refused(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	rig->s->forks.pool.fail_at = rig->s->forks.pool.takes + 1;
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 503 ");
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_REFUSED_FORKS), 1);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	assert_int_equal(rig->s->txns.pool.used, 0);
}

// A call whose two targets refuse it, with one thing missing on the way.
static void refused_with_shortage(struct rig *rig) {
	char invites[2][TEXT];
	int count = 0;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	for (const char *text; (text = rig_next(rig, CALLEE));)
		if (count < 2)
			targets_copy(invites[count++], text);
	for (int i = 0; i < count; i++)
		rig_send(rig, CALLEE, call_response(invites[i], i ? 401 : 407, "t1"));
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", ""));
	rig_pass(rig, 64000);
	while (rig_next(rig, CALLEE) || rig_next(rig, CALLER))
		;
	rig_settle(rig);
	assert_int_equal(rig->s->forks.pool.used, 0);
	assert_int_equal(rig->s->txns.pool.used, 0);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	assert_int_equal(blob_used(rig->s->text), 0);
}

static void nothing_leaks_when_memory_is_out(void **state) {
	struct rig *rig = *state;

	targets_parallel(rig, 2);
	for (uint64_t nth = 1; nth < 40; nth++) {
		blob_fail_at(rig->s->text, nth);
		refused_with_shortage(rig);
		blob_fail_at(rig->s->text, 0);
	}
	for (uint64_t nth = 1; nth < 6; nth++) {
		rig->s->txns.pool.fail_at = rig->s->txns.pool.takes + nth;
		refused_with_shortage(rig);
	}
	for (uint32_t nth = 1; nth < 6; nth++) {
		rig->starve_at = nth;
		refused_with_shortage(rig);
		rig->starve_at = 0;
	}
}

// --- a rule without state ---

static void stateless(struct rig *rig) {
	memcpy(targets_rules, rig->cfg.routes, sizeof(targets_rules));
	targets_rules[CALLER].is_stateless = true;
	rig->cfg.routes = targets_rules;
}

static void a_rule_may_keep_no_state(void **state) {
	struct rig *rig = *state;
	char invite[TEXT], via[512];

	stateless(rig);
	for (int i = 0; i < 2; i++) { // and again
		rig_send(rig, CALLER, INVITE("z9hG4bK1"));
		targets_copy(invite, rig_expect(rig, CALLEE, "INVITE "));
		assert_null(strstr(invite, "Record-Route"));
		rig_expect_nothing(rig);
		if (i > 0)
			assert_string_equal(rig_header(invite, "Via"), via);
		snprintf(via, sizeof(via), "%s", rig_header(invite, "Via"));
	}
	assert_int_equal(rig->s->txns.pool.used, 0);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, ""));
	assert_string_equal(rig_header(rig_expect(rig, CALLEE, "CANCEL "), "Via"), via);
	rig_send(rig, CALLEE, call_response(invite, 487, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, NULL, ""));
	assert_string_equal(rig_header(rig_expect(rig, CALLEE, "ACK "), "Via"), via);
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_CANCEL_STRAY), 0);
}

static void what_such_a_rule_did_not_send_is_stray(void **state) {
	struct rig *rig = *state;
	char invite[TEXT];

	stateless(rig);
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	targets_copy(invite, rig_expect(rig, CALLEE, "INVITE "));
	rig_send(
		rig,
		CALLEE,
		call_response(call_replaced(invite, "received=192.0.2.10", "received=192.0.2.66"), 200, "t")
	);
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_SIP_RESPONSE_STRAY), 1);
}

// --- one next hop ---

static void one_503_is_a_500(void **state) {
	struct rig *rig = *state;
	char invite[TEXT];
	const char *text;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	targets_copy(invite, rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_replaced(call_response(invite, 503, "t1"), "SIP/2.0 503", "\r\nSIP/2.0 503"));
	rig_expect(rig, CALLEE, "ACK ");
	text = rig_expect(rig, CALLER, "\r\nSIP/2.0 500 Server Internal Error\r\nVia: SIP/2.0/UDP 192.0.2.10:5060");
	assert_non_null(strstr(text, "To: <sip:bob@example.net>;tag=t1\r\n"));
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t1", ""));
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK2", 1, NULL, ""));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "OPTIONS "), 503, "t1"));
	targets_copy(invite, rig_expect(rig, CALLER, "SIP/2.0 500 Server Internal Error\r\n"));
	rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK2", 1, NULL, ""));
	assert_string_equal(rig_expect(rig, CALLER, "SIP/2.0 500 "), invite);
	rig_expect_nothing(rig);
	rig_settle(rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_redirection_is_followed),
		TEST(a_redirection_back_is_passed_on),
		TEST(a_redirection_to_nowhere_is_passed_on),
		TEST(a_target_may_have_its_own_request_uri),
		TEST(other_requests_fork_too),
		TEST(silence_to_other_requests_is_no_answer),
		TEST(a_refusal_of_another_request_waits_for_the_rest),
		TEST(a_loop_is_found),
		TEST(breadth_is_shared),
		TEST(breadth_may_stand_once),
		TEST(odd_q_values_do_no_harm),
		TEST(breadth_runs_out),
		TEST(breadth_is_shared_with_those_that_follow),
		TEST(a_best_response_that_cannot_be_sent_comes_later),
		TEST(branches_do_not_take_what_is_kept_for_calls),
		TEST(without_room_it_is_refused),
		TEST(nothing_leaks_when_memory_is_out),
		TEST(a_rule_may_keep_no_state),
		TEST(what_such_a_rule_did_not_send_is_stray),
		TEST(one_503_is_a_500),
	};

	return cmocka_run_group_tests_name("session/targets", tests, rig_eal, NULL);
}
