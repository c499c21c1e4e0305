// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "call.h"
#include "session/inspect.h"

static struct inspect_dialogs *dialogs_asked(struct rig *rig, const char *filter, const char *id) {
	static struct inspect_dialogs body;
	struct command command = {.kind = INSPECT_DIALOGS, .body = &body};

	memset(&body, 0, sizeof(body));
	snprintf(body.filter, sizeof(body.filter), "%s", filter);
	snprintf(body.id, sizeof(body.id), "%s", id);
	inspect_answer(rig->w, &command);
	assert_int_equal(body.cursor, SLOT_NONE);
	return &body;
}

static struct inspect_transactions *transactions_asked(struct rig *rig, const char *filter) {
	static struct inspect_transactions body;
	struct command command = {.kind = INSPECT_TRANSACTIONS, .body = &body};

	memset(&body, 0, sizeof(body));
	snprintf(body.filter, sizeof(body.filter), "%s", filter);
	inspect_answer(rig->w, &command);
	return &body;
}

static void a_dialog_is_shown_with_all_it_keeps(void **state) {
	struct rig *rig = *state;
	struct inspect_dialog row;

	call_establish(rig, "z9hG4bK1");
	assert_int_equal(dialogs_asked(rig, "", "")->count, 1);
	row = dialogs_asked(rig, "", "")->row[0];
	assert_string_equal(row.state, "confirmed");
	assert_string_equal(row.call_id, "call-00000001@192.0.2.10");
	assert_string_equal(row.from_uri, "sip:alice@example.net");
	assert_string_equal(row.to_uri, "sip:bob@example.net");
	assert_string_equal(row.from_tag, "f1");
	assert_string_equal(row.to_tag, "t1");
	assert_string_equal(row.caller_target, "sip:alice@192.0.2.10");
	assert_string_equal(row.callee_target, "sip:bob@198.51.100.10");
	assert_string_equal(row.caller, "192.0.2.10:5060");
	assert_string_equal(row.callee, "198.51.100.10:5060");
	assert_string_equal(row.rule, "from-access");
	assert_int_equal(row.caller_cseq, 1);
	assert_non_null(strstr(row.route_set, "sip:192.0.2.1:5060;lr;d="));
	assert_int_equal(dialogs_asked(rig, "", row.id)->count, 1);
	assert_int_equal(dialogs_asked(rig, "", "000000000000000000")->count, 0);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, 0));
	rig_settle(rig);
}

static void filters_select_by_text_and_state(void **state) {
	static const struct {
		const char *filter;
		uint32_t count;
	} rows[] = {
		{"", 1},
		{"alice", 1},
		{"call-0", 1},
		{"t1", 1},
		{"carol", 0},
		{"state=confirmed", 1},
		{"state=early", 0},
	};
	struct rig *rig = *state;

	call_establish(rig, "z9hG4bK1");
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(dialogs_asked(rig, rows[i].filter, "")->count, rows[i].count);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, 0));
	rig_settle(rig);
}

static void transactions_are_shown_on_both_sides(void **state) {
	struct rig *rig = *state;
	struct inspect_transactions *body;

	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	body = transactions_asked(rig, "");
	assert_int_equal(body->count, 2);
	body = transactions_asked(rig, "kind=invite-server");
	assert_int_equal(body->count, 1);
	assert_string_equal(body->row[0].branch, "z9hG4bK1");
	assert_string_equal(body->row[0].state, "proceeding");
	assert_string_equal(body->row[0].method, "INVITE");
	assert_string_equal(body->row[0].peer, "192.0.2.10:5060");
	body = transactions_asked(rig, "state=calling");
	assert_int_equal(body->count, 1);
	assert_string_equal(body->row[0].kind, "invite-client");
	assert_int_equal(body->row[0].timer_ms, 500);
	assert_string_equal(body->row[0].call_id, "call-00000001@192.0.2.10");
	rig_settle(rig);
}

// An old element's, in whose Via is nothing to look in.
static void a_transaction_without_a_branch_is_shown(void **state) {
	struct rig *rig = *state;

	rig_send(rig, CALLER, call_replaced(call_request("OPTIONS", "1", 1, NULL, ""), ";branch=1", ""));
	rig_expect(rig, CALLEE, "OPTIONS ");
	assert_int_equal(transactions_asked(rig, "kind=server")->count, 1);
	assert_string_equal(transactions_asked(rig, "kind=server")->row[0].branch, "");
	assert_int_equal(transactions_asked(rig, "z9hG4bK")->count, 1); // our own
	rig_settle(rig);
}

static void a_long_list_comes_in_slices(void **state) {
	struct rig *rig = *state;
	static struct inspect_transactions body;
	struct command command = {.kind = INSPECT_TRANSACTIONS, .body = &body};
	uint32_t seen = 0;
	char branch[32];

	for (int i = 0; i < 100; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK%d", i);
		rig_send(rig, CALLER, call_request("OPTIONS", branch, i, NULL, ""));
		rig_next(rig, CALLEE);
	}
	memset(&body, 0, sizeof(body));
	do {
		inspect_answer(rig->w, &command);
		assert_true(body.count <= INSPECT_ROWS);
		seen += body.count;
	} while (body.cursor != SLOT_NONE);
	assert_int_equal(seen, 200);
	rig_settle(rig);
}

static void an_address_can_be_banned(void **state) {
	struct rig *rig = *state;
	static struct inspect_bans bans;
	struct inspect_ban ban = {.seconds = 60};
	struct command change = {.kind = INSPECT_BAN, .body = &ban}, list = {.kind = INSPECT_BANS, .body = &bans};

	assert_true(ip_parse(STR("192.0.2.10"), &ban.addr));
	inspect_answer(rig->w, &change);
	assert_true(ban.done);
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect_nothing(rig);
	assert_int_equal(rig_count(rig, COUNT_DROP_SOURCE_BANNED), 1);
	bans.cursor = 0;
	do
		inspect_answer(rig->w, &list);
	while (bans.count == 0 && bans.cursor != SLOT_NONE);
	assert_int_equal(bans.count, 1);
	assert_string_equal(bans.row[0].address, "192.0.2.10");
	assert_true(bans.row[0].by_operator && bans.row[0].left_s == 60);
	ban.seconds = 0;
	inspect_answer(rig->w, &change);
	assert_true(ban.done);
	inspect_answer(rig->w, &change);
	assert_false(ban.done);
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLEE, "INVITE ");
	rig_settle(rig);
}

static void what_cannot_be_printed_is_replaced(void **state) {
	struct rig *rig = *state;
	char invite[4096];
	const char *from = strstr(INVITE("z9hG4bK1"), "From: ");

	snprintf(
		invite,
		sizeof(invite),
		"%.*sFrom: <sip:al\xc3\xafs@h>;tag=f1%s",
		(int)(from - INVITE("z9hG4bK1")),
		INVITE("z9hG4bK1"),
		strchr(from, '\r')
	);
	rig_send(rig, CALLER, invite);
	if (rig_next(rig, CALLEE))
		assert_string_equal(dialogs_asked(rig, "", "")->row[0].from_uri, "sip:al??s@h");
	rig_settle(rig);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_dialog_is_shown_with_all_it_keeps),
		TEST(filters_select_by_text_and_state),
		TEST(transactions_are_shown_on_both_sides),
		TEST(a_transaction_without_a_branch_is_shown),
		TEST(a_long_list_comes_in_slices),
		TEST(an_address_can_be_banned),
		TEST(what_cannot_be_printed_is_replaced),
	};

	return cmocka_run_group_tests_name("session/inspect", tests, rig_eal, NULL);
}
