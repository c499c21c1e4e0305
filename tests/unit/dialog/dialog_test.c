// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"
#include "dialog/dialog.h"
#include "sip_text.h"

#define MAX_AGE_MS 1000

struct bench {
	struct blob_arena *text;
	struct dialog_table table;
	unsigned gone;
};

static int set_up(void **state) {
	struct bench *b = calloc(1, sizeof(*b));

	assert_int_equal(blob_arena_create(4 << 20, MEM_HUGE_OFF, &b->text), 0);
	assert_int_equal(dialog_table_init(&b->table, 16, MEM_HUGE_OFF, b->text, MAX_AGE_MS), 0);
	b->table.seed = 42;
	*state = b;
	return 0;
}

static int tear_down(void **state) {
	struct bench *b = *state;

	assert_int_equal(b->table.pool.used, 0);
	assert_int_equal(b->table.heads.used, 0);
	assert_int_equal(b->table.queues.armed, 0);
	for (int i = 0; i < DIALOG_STATE_COUNT; i++)
		assert_int_equal(b->table.count[i], 0);
	assert_int_equal(blob_used(b->text), 0);
	dialog_table_fini(&b->table);
	blob_arena_destroy(b->text);
	free(b);
	return 0;
}

#define INVITE()                                                                                                       \
	MSG(.start = "INVITE sip:b@h SIP/2.0",                                                                         \
	    .branch = "z9hG4bK1",                                                                                      \
	    .from_tag = "f",                                                                                           \
	    .cseq = "1 INVITE",                                                                                        \
	    .extra = "Contact: <sip:a@192.0.2.10>\r\n")
#define RESPONSE(line, tag)                                                                                            \
	MSG(.start = "SIP/2.0 " line,                                                                                  \
	    .branch = "z9hG4bK1",                                                                                      \
	    .from_tag = "f",                                                                                           \
	    .to_tag = tag,                                                                                             \
	    .cseq = "1 INVITE",                                                                                        \
	    .extra = "Contact: <sip:b@198.51.100.10>\r\nRecord-Route: <sip:p2;lr>, <sip:p1;lr>\r\n")
#define REQUEST(method, from, to)                                                                                      \
	MSG(.start = method " sip:b@h SIP/2.0",                                                                        \
	    .branch = "z9hG4bK2",                                                                                      \
	    .from_tag = from,                                                                                          \
	    .to_tag = to,                                                                                              \
	    .cseq = "7 " method)

static bool has(const struct bench *b, const struct dialog *dialog, enum dialog_text which, const char *text) {
	return str_eq(dialog_text(&b->table, dialog, which), str_from_c(text));
}

static uint64_t call_hash(const struct bench *b) {
	return hash_str(b->table.seed, INVITE()->call_id);
}

static struct dialog *create(struct bench *b, const struct sip_msg *invite, uint64_t now_ms) {
	uint64_t call_hash = hash_str(b->table.seed, invite->call_id);

	return dialog_create(&b->table, invite, dialog_key_of(&b->table, invite, call_hash), now_ms);
}

static struct dialog *find(const struct bench *b, const struct sip_msg *request, struct str id, bool *ret_by_caller) {
	uint64_t call_hash = hash_str(b->table.seed, request->call_id);

	return dialog_find(&b->table, dialog_key_of(&b->table, request, call_hash), id, ret_by_caller);
}

static void a_call_goes_from_trying_to_its_end(void **state) {
	struct bench *b = *state;
	struct dialog *dialog = create(b, INVITE(), 10);
	bool by_caller = false;

	assert_int_equal(dialog->state, DIALOG_TRYING);
	assert_null(dialog_response(&b->table, dialog, RESPONSE("100 Trying", NULL), 11));
	assert_ptr_equal(dialog_response(&b->table, dialog, RESPONSE("180 Ringing", "t"), 12), dialog);
	assert_int_equal(dialog->state, DIALOG_EARLY);
	assert_ptr_equal(dialog_response(&b->table, dialog, RESPONSE("200 OK", "t"), 13), dialog);
	assert_int_equal(dialog->state, DIALOG_CONFIRMED);
	assert_int_equal(dialog->answered_ms, 13);
	assert_true(has(b, dialog, DIALOG_CALL_ID, "call-1"));
	assert_true(has(b, dialog, DIALOG_CALLER_TAG, "f"));
	assert_true(has(b, dialog, DIALOG_CALLEE_TAG, "t"));
	assert_true(has(b, dialog, DIALOG_CALLER_TARGET, "sip:a@192.0.2.10"));
	assert_true(has(b, dialog, DIALOG_CALLEE_TARGET, "sip:b@198.51.100.10"));
	assert_true(has(b, dialog, DIALOG_ROUTE_SET, "<sip:p2;lr>,<sip:p1;lr>"));
	assert_ptr_equal(find(b, REQUEST("BYE", "t", "f"), STR(""), &by_caller), dialog);
	assert_false(by_caller);
	dialog_request(&b->table, dialog, REQUEST("BYE", "t", "f"), by_caller, 20);
	assert_int_equal(dialog->state, DIALOG_TERMINATED);
	assert_int_equal(dialog->callee_cseq, 7);
	assert_true(dialog_bye_answered(&b->table, dialog, 200));
}

static void the_record_route_parameter_names_the_dialog(void **state) {
	struct bench *b = *state;
	struct dialog *dialog = create(b, INVITE(), 0);
	char id[MINT_LEN];
	bool by_caller;

	dialog_mint(&b->table, dialog, call_hash(b), id);
	dialog_response(&b->table, dialog, RESPONSE("200 OK", "t"), 0);
	assert_ptr_equal(find(b, REQUEST("BYE", "f", "t"), str_of(id, MINT_LEN), &by_caller), dialog);
	assert_true(by_caller);
	// The text decides, not the name: another tag, or another call, is not this dialog.
	assert_null(find(b, REQUEST("BYE", "f", "x"), str_of(id, MINT_LEN), &by_caller));
	assert_null(
		find(b,
		     MSG(.start = "BYE sip:b@h SIP/2.0",
			 .branch = "z9hG4bK2",
			 .from_tag = "f",
			 .to_tag = "t",
			 .call_id = "x",
			 .cseq = "2 BYE"),
		     str_of(id, MINT_LEN),
		     &by_caller)
	);
	dialog_free(&b->table, dialog);
}

static void a_bye_that_is_challenged_leaves_the_dialog(void **state) {
	struct bench *b = *state;
	struct dialog *dialog = create(b, INVITE(), 0);

	dialog_response(&b->table, dialog, RESPONSE("200 OK", "t"), 1);
	dialog_request(&b->table, dialog, REQUEST("BYE", "f", "t"), true, 2);
	assert_false(dialog_bye_answered(&b->table, dialog, 407));
	assert_int_equal(dialog->state, DIALOG_CONFIRMED);
	assert_true(dialog_bye_answered(&b->table, dialog, 481));
}

static void forked_early_dialogs_end_with_the_invite(void **state) {
	struct bench *b = *state;
	struct dialog *head = create(b, INVITE(), 0), *second;
	bool by_caller;

	dialog_response(&b->table, head, RESPONSE("180 Ringing", "t1"), 0);
	second = dialog_response(&b->table, head, RESPONSE("183 Progress", "t2"), 0);
	dialog_response(&b->table, head, RESPONSE("180 Ringing", "t3"), 0);
	assert_int_equal(b->table.count[DIALOG_EARLY], 3);
	assert_ptr_equal(find(b, REQUEST("UPDATE", "f", "t2"), STR(""), &by_caller), second);
	assert_ptr_equal(dialog_response(&b->table, head, RESPONSE("200 OK", "t2"), 0), second);
	dialog_invite_over(&b->table, head);
	assert_int_equal(b->table.pool.used, 1);
	assert_ptr_equal(find(b, REQUEST("BYE", "t2", "f"), STR(""), &by_caller), second);
	dialog_free(&b->table, second);
}

static void several_answers_are_several_dialogs(void **state) {
	struct bench *b = *state;
	struct dialog *head = create(b, INVITE(), 0), *second;
	bool by_caller;

	dialog_response(&b->table, head, RESPONSE("200 OK", "t1"), 0);
	second = dialog_response(&b->table, head, RESPONSE("200 OK", "t2"), 0);
	assert_int_equal(b->table.count[DIALOG_CONFIRMED], 2);
	dialog_free(&b->table, head);
	assert_ptr_equal(find(b, REQUEST("BYE", "f", "t2"), STR(""), &by_caller), second);
	assert_null(find(b, REQUEST("BYE", "f", "t1"), STR(""), &by_caller));
	dialog_free(&b->table, second);
}

static void freeing_the_head_leaves_no_early_sibling(void **state) {
	struct bench *b = *state;
	struct dialog *head = create(b, INVITE(), 0);

	dialog_response(&b->table, head, RESPONSE("180 Ringing", "t1"), 0);
	dialog_response(&b->table, head, RESPONSE("180 Ringing", "t2"), 0);
	dialog_response(&b->table, head, RESPONSE("200 OK", "t1"), 0);
	dialog_request(&b->table, head, REQUEST("BYE", "f", "t1"), true, 1);
	assert_true(dialog_bye_answered(&b->table, head, 200));
}

static void a_bye_before_the_answer_leaves_the_others(void **state) {
	struct bench *b = *state;
	struct dialog *head = create(b, INVITE(), 0), *second;
	bool by_caller;

	dialog_response(&b->table, head, RESPONSE("180 Ringing", "t1"), 0);
	second = dialog_response(&b->table, head, RESPONSE("180 Ringing", "t2"), 0);
	dialog_request(&b->table, head, REQUEST("BYE", "f", "t1"), true, 1);
	assert_false(dialog_bye_answered(&b->table, head, 481)); // who does not know it yet may still answer
	assert_int_equal(head->state, DIALOG_EARLY);
	dialog_request(&b->table, head, REQUEST("BYE", "f", "t1"), true, 1);
	assert_false(dialog_bye_answered(&b->table, head, 200));
	assert_int_equal(head->state, DIALOG_TERMINATED);
	dialog_response(&b->table, head, RESPONSE("200 OK", "t1"), 2); // it is over all the same
	assert_int_equal(b->table.confirmed, 0);
	assert_ptr_equal(dialog_response(&b->table, head, RESPONSE("200 OK", "t2"), 2), second);
	dialog_invite_over(&b->table, head);
	assert_int_equal(b->table.pool.used, 1);
	assert_ptr_equal(find(b, REQUEST("BYE", "f", "t2"), STR(""), &by_caller), second);
	dialog_free(&b->table, second);
}

static void a_target_refresh_changes_one_side(void **state) {
	struct bench *b = *state;
	struct dialog *dialog = create(b, INVITE(), 0);

	dialog_response(&b->table, dialog, RESPONSE("200 OK", "t"), 0);
	dialog_target(&b->table, dialog, false, STR("sip:b@198.51.100.99"));
	assert_true(has(b, dialog, DIALOG_CALLEE_TARGET, "sip:b@198.51.100.99"));
	assert_true(has(b, dialog, DIALOG_CALLER_TARGET, "sip:a@192.0.2.10"));
	blob_fail_at(b->text, 1);
	dialog_target(&b->table, dialog, true, STR("sip:new@192.0.2.99"));
	assert_true(has(b, dialog, DIALOG_CALLER_TARGET, "sip:a@192.0.2.10"));
	dialog_free(&b->table, dialog);
}

static void count_gone(void *ctx, struct dialog *dialog) {
	struct bench *b = ctx;

	(void)dialog;
	b->gone++;
}

static void a_dialog_nobody_speaks_in_is_given_up(void **state) {
	struct bench *b = *state;
	struct dialog *dialog = create(b, INVITE(), 0);

	dialog_response(&b->table, dialog, RESPONSE("200 OK", "t"), 0);
	dialog_expire(&b->table, MAX_AGE_MS - 1, 10, count_gone, b);
	dialog_request(&b->table, dialog, REQUEST("OPTIONS", "f", "t"), true, MAX_AGE_MS - 1);
	dialog_expire(&b->table, 2 * MAX_AGE_MS - 2, 10, count_gone, b);
	assert_int_equal(b->gone, 0);
	dialog_expire(&b->table, 2 * MAX_AGE_MS - 1, 10, count_gone, b);
	assert_int_equal(b->gone, 1);
}

static void a_full_pool_or_arena_gives_nothing_and_leaves_nothing(void **state) {
	struct bench *b = *state;
	struct dialog *dialog;

	b->table.pool.fail_at = 1;
	assert_null(create(b, INVITE(), 0));
	b->table.pool.fail_at = 0;
	blob_fail_at(b->text, 1);
	assert_null(create(b, INVITE(), 0));
	dialog = create(b, INVITE(), 0);
	dialog_response(&b->table, dialog, RESPONSE("180 Ringing", "t1"), 0);
	b->table.pool.fail_at = b->table.pool.takes + 1;
	assert_null(dialog_response(&b->table, dialog, RESPONSE("180 Ringing", "t2"), 0));
	for (uint64_t nth = 1; nth <= 2; nth++) {
		blob_fail_at(b->text, nth);
		assert_null(dialog_response(&b->table, dialog, RESPONSE("180 Ringing", "t2"), 0));
	}
	assert_int_equal(b->table.pool.used, 1);
	dialog_invite_over(&b->table, dialog);
}

// Of our own Record-Route only the listener is kept, and it is shown as it was.
static void our_record_route_is_shown_and_not_kept(void **state) {
	struct bench *b = *state;
	struct dialog *dialog;
	char id[MINT_LEN], extra[512], shown[512], wanted[480];
	struct str routes;
	size_t used;

	b->table.own_route[0] = STR("<sip:192.0.2.1:5060;lr;d=");
	b->table.own_route[1] = STR("<sip:198.51.100.1:5060;lr;d=");
	dialog = create(b, INVITE(), 0);
	used = blob_used(b->text);
	dialog_mint(&b->table, dialog, call_hash(b), id);
	snprintf(
		wanted,
		sizeof(wanted),
		"<sip:p2;lr>,<sip:198.51.100.1:5060;lr;d=%.34s;r2=on>,<sip:192.0.2.1:5060;lr;d=%.34s>,"
		"<sip:192.0.2.1:5060;lr;d=%.33sx>",
		id,
		id,
		id
	);
	snprintf(extra, sizeof(extra), "Record-Route: %s\r\n", wanted);
	dialog_response(
		&b->table,
		dialog,
		MSG(.start = "SIP/2.0 200 OK",
		    .branch = "z9hG4bK1",
		    .from_tag = "f",
		    .to_tag = "t",
		    .cseq = "1 INVITE",
		    .extra = extra),
		0
	);
	assert_true(blob_used(b->text) < used + 96);
	routes = dialog_route_set(&b->table, dialog, shown, sizeof(shown));
	assert_true(str_eq(routes, str_from_c(wanted)));
	assert_int_equal(dialog_route_set(&b->table, dialog, shown, 40).len, 40);
	dialog_free(&b->table, dialog);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_call_goes_from_trying_to_its_end),
		TEST(the_record_route_parameter_names_the_dialog),
		TEST(a_bye_that_is_challenged_leaves_the_dialog),
		TEST(forked_early_dialogs_end_with_the_invite),
		TEST(several_answers_are_several_dialogs),
		TEST(freeing_the_head_leaves_no_early_sibling),
		TEST(a_bye_before_the_answer_leaves_the_others),
		TEST(a_target_refresh_changes_one_side),
		TEST(our_record_route_is_shown_and_not_kept),
		TEST(a_dialog_nobody_speaks_in_is_given_up),
		TEST(a_full_pool_or_arena_gives_nothing_and_leaves_nothing),
	};

	return cmocka_run_group_tests_name("dialog/dialog", tests, NULL, NULL);
}
