// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the control core asks workers for, over a socket pair.
#include <signal.h>
#include <stdio.h>

#include "dialog/dialog.h"
#include "dialog/txn_fsm.h"
#include "unit/control/commands_rig.h"

static void a_listing_walks_all_workers_in_slices(void **state) {
	struct rig *rig = *state;
	json_t *answer;

	rig->rows[0] = 150;
	rig->rows[1] = 70;
	answer = ask(rig, "dialogs", "{\"limit\":1000}");
	assert_int_equal(json_array_size(json_object_get(result_of(answer), "dialogs")), 220);
	assert_true(json_is_true(json_object_get(result_of(answer), "complete")));
	assert_int_equal(rig->questions, 3 + 2);
	json_decref(answer);
}

static void a_listing_ends_at_its_limit(void **state) {
	struct rig *rig = *state;
	json_t *answer;

	rig->rows[0] = 150;
	answer = ask(rig, "dialogs", "{}");
	assert_int_equal(json_array_size(json_object_get(result_of(answer), "dialogs")), METHOD_ROWS_DEFAULT);
	assert_true(json_is_false(json_object_get(result_of(answer), "complete")));
	json_decref(answer);
	rig->rows[0] = 0;
	rig->rows[1] = 3;
	answer = ask(rig, "transactions", "{\"limit\":2,\"filter\":\"x\"}");
	assert_int_equal(json_array_size(json_object_get(result_of(answer), "transactions")), 2);
	assert_true(json_is_false(json_object_get(result_of(answer), "complete")));
	json_decref(answer);
	answer = ask(rig, "transactions", "{\"limit\":3}");
	assert_true(json_is_true(json_object_get(result_of(answer), "complete")));
	json_decref(answer);
}

static void a_full_ring_is_asked_again(void **state) {
	struct rig *rig = *state;
	json_t *answer;

	rig->refuse = 1;
	rig->rows[0] = 1;
	answer = ask(rig, "dialogs", "{}");
	assert_int_equal(json_array_size(json_object_get(result_of(answer), "dialogs")), 1);
	json_decref(answer);
}

static void one_dialog_is_asked_of_its_worker_alone(void **state) {
	struct rig *rig = *state;
	json_t *answer;

	rig->rows[0] = 1000;
	rig->rows[1] = 1000;
	answer = ask(rig, "dialog", "{\"id\":\"010000012d00000001\"}");
	assert_int_equal(number(result_of(answer), "caller_cseq", NULL), 301);
	assert_int_equal(rig->questions, 1);
	json_decref(answer);
	// another generation, a slot past the pool, a worker that is not there
	assert_error(rig, "dialog", "{\"id\":\"010000012d00000003\"}", "no dialog \"010000012d00000003\"; it may");
	assert_error(rig, "dialog", "{\"id\":\"01ffffffff00000001\"}", "no dialog \"01ffffffff00000001\"; it may");
	assert_int_equal(rig->questions, 3);
	assert_error(rig, "dialog", "{\"id\":\"020000000100000001\"}", "no dialog \"020000000100000001\"; it may");
	assert_error(rig, "dialog", "{\"id\":\"ff0000000100000001\"}", "no dialog \"ff0000000100000001\"; it may");
	assert_int_equal(rig->questions, 3);
}

static void a_ban_goes_to_all_workers(void **state) {
	struct rig *rig = *state;
	json_t *answer;

	rig->rows[0] = rig->rows[1] = 1;
	answer = ask(rig, "ban", "{\"address\":\"192.0.2.9\",\"seconds\":77}");
	assert_int_equal(number(result_of(answer), "seconds", NULL), 77);
	assert_int_equal(rig->questions, 2);
	assert_int_equal(rig->banned_s, 77);
	json_decref(answer);
	answer = ask(rig, "ban", "{\"address\":\"2001:db8::9\"}");
	assert_int_equal(rig->banned_s, 300);
	json_decref(answer);
	rig->rows[1] = 0; // it has no place
	assert_error(
		rig,
		"ban",
		"{\"address\":\"192.0.2.9\"}",
		"192.0.2.9 is banned on 1 of 2 workers only, for want of a place"
	);
	answer = ask(rig, "unban", "{\"address\":\"192.0.2.9\"}");
	assert_int_equal(rig->banned_s, 0);
	result_of(answer);
	json_decref(answer);
	rig->rows[0] = 0;
	assert_error(rig, "unban", "{\"address\":\"192.0.2.9\"}", "192.0.2.9 is not banned");
	assert_error(rig, "ban", "{\"address\":\"192.0.2.9:5060\"}", "\"192.0.2.9:5060\" is no IP address; write one");
	assert_error(
		rig, "ban", "{\"address\":\"192.0.2.9\",\"seconds\":0}", "seconds has to be a number from 1 to 604800"
	);
}

static void bans_are_listed_by_worker(void **state) {
	struct rig *rig = *state;
	const json_t *rows;
	json_t *answer;

	rig->rows[0] = 2;
	rig->rows[1] = 1;
	answer = ask(rig, "bans", "{}");
	rows = json_object_get(result_of(answer), "bans");
	assert_int_equal(json_array_size(rows), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "by")), "operator");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 1), "by")), "limit");
	assert_int_equal(number(json_array_get(rows, 2), "worker", NULL), 1);
	json_decref(answer);
}

static void a_filter_of_an_unknown_word_is_refused(void **state) {
	static const struct {
		const char *method, *params, *expected;
	} rows[] = {
		{"dialogs",
		 "{\"filter\":\"state=erly\"}",
		 "nothing is state=\"erly\"; it is one of trying, early, confirmed, terminated"},
		{"dialogs", "{\"filter\":\"state=\"}", "nothing is state=\"\"; it is one of trying"},
		{"transactions",
		 "{\"filter\":\"state=early\"}",
		 "nothing is state=\"early\"; it is one of calling, trying, proceeding, cancelling, completed, "
		 "confirmed, accepted, terminated"},
		{"transactions", "{\"filter\":\"state=none\"}", "nothing is state=\"none\""},
		{"transactions",
		 "{\"filter\":\"kind=invite\"}",
		 "nothing is kind=\"invite\"; it is one of invite-client, client, invite-server, server"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_error(*state, rows[i].method, rows[i].params, rows[i].expected);
}

static void every_word_a_filter_takes_is_documented(void **state) {
	struct rig *rig = *state;

	for (enum dialog_state i = 0; i < DIALOG_STATE_COUNT; i++) {
		char params[64];
		json_t *answer;

		snprintf(params, sizeof(params), "{\"filter\":\"state=%s\"}", dialog_state_name(i));
		answer = ask(rig, "dialogs", params);
		result_of(answer);
		json_decref(answer);
		assert_non_null(strstr(method_specs[METHOD_DIALOGS].params[0].help, dialog_state_name(i)));
	}
	for (enum txn_state i = TXN_NONE + 1; i < TXN_STATE_COUNT; i++)
		assert_non_null(strstr(method_specs[METHOD_TRANSACTIONS].params[0].help, txn_state_name(i)));
	for (enum txn_kind i = 0; i < TXN_KIND_COUNT; i++)
		assert_non_null(strstr(method_specs[METHOD_TRANSACTIONS].params[0].help, txn_kind_name(i)));
}

// Eight listings of 10000 rows each would be some 80 MB of answer.
static void the_listings_of_a_batch_share_the_rows(void **state) {
	struct rig *rig = *state;
	static const char request[] =
		"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"dialogs\",\"params\":{\"limit\":5001}},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"log.level\"}]\n";
	char answer[256] = "";

	assert_int_equal(write(rig->fd, request, strlen(request)), strlen(request));
	while (read(rig->fd, answer, sizeof(answer) - 1) < 0)
		loop_turn(rig->c.loop);
	assert_non_null(strstr(answer, "limit has to be a number from 1 to 5000 in a batch of 2"));
	assert_int_equal(rig->questions, 0);
}

// The worker still has the command when the client leaves; it is freed when it comes back.
static void a_client_may_leave_in_the_middle_of_a_listing(void **state) {
	struct rig *rig = *state;
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"dialogs\"}\n";

	rig->rows[0] = 1000;
	assert_int_equal(write(rig->fd, request, strlen(request)), strlen(request));
	while (!rig->asked)
		loop_turn(rig->c.loop);
	server_close(rig->c.server);
	rig->c.server = NULL;
	assert_non_null(rig->c.listings);
	worker_answers(rig);
	assert_null(rig->c.listings);
	assert_null(rig->asked);
}

#define T(test) cmocka_unit_test_setup_teardown(test, commands_rig_up, commands_rig_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		T(a_listing_walks_all_workers_in_slices),
		T(a_listing_ends_at_its_limit),
		T(a_full_ring_is_asked_again),
		T(one_dialog_is_asked_of_its_worker_alone),
		T(a_ban_goes_to_all_workers),
		T(bans_are_listed_by_worker),
		T(a_filter_of_an_unknown_word_is_refused),
		T(every_word_a_filter_takes_is_documented),
		T(the_listings_of_a_batch_share_the_rows),
		T(a_client_may_leave_in_the_middle_of_a_listing),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
