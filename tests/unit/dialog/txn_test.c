// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/txn.h"
#include "sip_text.h"

// 64*T1 = 32 s and the rest of RFC 3261's defaults.
static const struct config_timers timers = {
	.t1_ms = 500,
	.t2_ms = 4000,
	.t4_ms = 5000,
	.b_ms = 32000,
	.c_ms = 180000,
	.d_ms = 32000,
	.f_ms = 32000,
	.h_ms = 32000,
	.i_ms = 5000,
	.j_ms = 32000,
	.k_ms = 5000,
	.l_ms = 32000,
	.m_ms = 32000,
};

struct bench {
	struct blob_arena *text;
	struct txn_table table;
	// what the timers did
	uint64_t now_ms;
	uint64_t at_ms[64];
	unsigned actions[64];
	unsigned count;
};

static int set_up(void **state) {
	struct bench *b = calloc(1, sizeof(*b));

	assert_int_equal(blob_arena_create(4 << 20, MEM_HUGE_OFF, &b->text), 0);
	assert_int_equal(txn_table_init(&b->table, 64, MEM_HUGE_OFF, b->text, &timers), 0);
	b->table.seed = 42;
	b->table.worker = 1;
	*state = b;
	return 0;
}

// Whatever a test did: no record, no text, no timer is left.
static int tear_down(void **state) {
	struct bench *b = *state;

	assert_int_equal(b->table.pool.used, 0);
	assert_int_equal(b->table.servers.used, 0);
	assert_int_equal(b->table.wheel.armed, 0);
	assert_int_equal(b->table.live, 0);
	assert_int_equal(b->table.lingering, 0);
	assert_int_equal(blob_used(b->text), 0);
	txn_table_fini(&b->table);
	blob_arena_destroy(b->text);
	free(b);
	return 0;
}

static void note(void *ctx, struct txn *txn, enum txn_event event, unsigned actions) {
	struct bench *b = ctx;

	(void)txn;
	(void)event;
	assert_true(b->count < ARRAY_LEN(b->at_ms));
	b->at_ms[b->count] = b->now_ms;
	b->actions[b->count++] = actions;
}

// Turns the clock millisecond by millisecond.
static void until(struct bench *b, uint64_t end_ms) {
	for (; b->now_ms <= end_ms; b->now_ms++)
		txn_expire(&b->table, b->now_ms, 100, note, b);
	b->now_ms = end_ms;
}

#define EXPECT_AT(b, wanted, ...)                                                                                      \
	do {                                                                                                           \
		const uint64_t times[] = {__VA_ARGS__};                                                                \
		unsigned n = 0;                                                                                        \
		for (unsigned i = 0; i < (b)->count; i++)                                                              \
			if ((b)->actions[i] & (wanted)) {                                                              \
				assert_true(n < ARRAY_LEN(times));                                                     \
				assert_int_equal((b)->at_ms[i], times[n]);                                             \
				n++;                                                                                   \
			}                                                                                              \
		assert_int_equal(n, ARRAY_LEN(times));                                                                 \
	} while (0)

#define INVITE(branch_) MSG(.start = "INVITE sip:b@h SIP/2.0", .branch = branch_, .from_tag = "f", .cseq = "1 INVITE")
#define BYE(branch_)                                                                                                   \
	MSG(.start = "BYE sip:b@h SIP/2.0", .branch = branch_, .from_tag = "f", .to_tag = "t", .cseq = "2 BYE")

static struct txn *client_started(struct bench *b, enum sip_method method) {
	struct txn *txn = txn_client_create(&b->table, method, STR("call-1"), 0);

	assert_non_null(txn);
	assert_true(txn_store(&b->table, txn, "request", 7));
	txn_step(&b->table, txn, TXN_START, 0);
	return txn;
}

static void timers_a_and_b_fire_to_the_millisecond(void **state) {
	struct bench *b = *state;

	client_started(b, SIP_INVITE);
	until(b, 40000);
	EXPECT_AT(b, TXN_DO_RESEND, 500, 1500, 3500, 7500, 15500, 31500);
	EXPECT_AT(b, TXN_DO_TIMED_OUT, 32000);
}

static void timers_e_and_f_fire_to_the_millisecond(void **state) {
	struct bench *b = *state;

	client_started(b, SIP_OPTIONS);
	until(b, 40000);
	EXPECT_AT(b, TXN_DO_RESEND, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500);
	EXPECT_AT(b, TXN_DO_TIMED_OUT, 32000);
}

static void after_a_provisional_timer_e_runs_at_t2(void **state) {
	struct bench *b = *state;
	struct txn *txn = client_started(b, SIP_OPTIONS);

	until(b, 700);
	txn_step(&b->table, txn, TXN_RX_1XX, 700);
	until(b, 40000);
	EXPECT_AT(b, TXN_DO_RESEND, 500, 4700, 8700, 12700, 16700, 20700, 24700, 28700);
	EXPECT_AT(b, TXN_DO_TIMED_OUT, 32000);
}

static void timers_g_and_h_fire_to_the_millisecond(void **state) {
	struct bench *b = *state;
	struct txn *txn = txn_server_create(&b->table, INVITE("z9hG4bK1"), 0);

	txn_step(&b->table, txn, TXN_TU_FINAL, 0);
	until(b, 40000);
	EXPECT_AT(b, TXN_DO_RESEND, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500);
	EXPECT_AT(b, TXN_DO_TIMED_OUT, 32000);
}

static void timer_c_is_restarted_by_provisionals_but_not_by_100(void **state) {
	struct bench *b = *state;
	struct txn *txn = client_started(b, SIP_INVITE);

	txn_step(&b->table, txn, TXN_RX_1XX, 100);
	txn_step(&b->table, txn, TXN_RX_1XX, 60000);
	txn_step(&b->table, txn, TXN_RX_100, 90000);
	until(b, 300000);
	EXPECT_AT(b, TXN_DO_CANCEL, 240000);
	EXPECT_AT(b, TXN_DO_TIMED_OUT, 272000);
}

struct linger {
	enum sip_method method;
	bool is_client;
	enum txn_event event, then;
	uint64_t gone_ms;
};

static void completed_transactions_linger_exactly_as_long_as_they_must(void **state) {
	static const struct linger rows[] = {
		{.method = SIP_INVITE, .is_client = true, .event = TXN_RX_FINAL, .gone_ms = 32000}, // D
		{.method = SIP_INVITE, .is_client = true, .event = TXN_RX_2XX, .gone_ms = 32000},   // M
		{.method = SIP_BYE, .is_client = true, .event = TXN_RX_2XX, .gone_ms = 5000},	    // K
		{.method = SIP_INVITE, .event = TXN_TU_2XX, .gone_ms = 32000},			    // L
		{.method = SIP_INVITE, .event = TXN_TU_FINAL, .then = TXN_RX_ACK, .gone_ms = 5000}, // I
		{.method = SIP_BYE, .event = TXN_TU_2XX, .gone_ms = 32000},			    // J
	};
	struct bench *b = *state;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const struct linger *row = &rows[i];
		const struct sip_msg *msg = row->method == SIP_INVITE ? INVITE("z9hG4bK1") : BYE("z9hG4bK1");
		uint64_t start_ms = b->now_ms;
		struct txn *txn =
			row->is_client ? client_started(b, row->method) : txn_server_create(&b->table, msg, start_ms);

		txn_step(&b->table, txn, row->event, start_ms);
		if (row->then)
			txn_step(&b->table, txn, row->then, start_ms);
		assert_int_equal(b->table.lingering, 1);
		until(b, start_ms + row->gone_ms - 1);
		assert_int_equal(b->table.pool.used, 1);
		until(b, start_ms + row->gone_ms);
		assert_int_equal(b->table.pool.used, 0);
	}
}

static void a_retransmission_and_its_ack_find_the_transaction(void **state) {
	struct bench *b = *state;
	struct txn *txn = txn_server_create(&b->table, INVITE("z9hG4bK1"), 0);

	assert_ptr_equal(txn_server_find(&b->table, INVITE("z9hG4bK1")), txn);
	assert_ptr_equal(
		txn_server_find(
			&b->table,
			MSG(.start = "ACK sip:b@h SIP/2.0",
			    .branch = "z9hG4bK1",
			    .from_tag = "f",
			    .to_tag = "t",
			    .cseq = "1 ACK")
		),
		txn
	);
	assert_null(txn_server_find(&b->table, INVITE("z9hG4bK2")));
	assert_null(txn_server_find(&b->table, BYE("z9hG4bK1")));
	txn_free(&b->table, txn);
	assert_null(txn_server_find(&b->table, INVITE("z9hG4bK1")));
}

static void an_old_elements_request_is_matched_without_branch(void **state) {
	struct bench *b = *state;
	struct txn *txn = txn_server_create(&b->table, INVITE("1"), 0);

	assert_ptr_equal(txn_server_find(&b->table, INVITE("1")), txn);
	assert_null(txn_server_find(
		&b->table,
		MSG(.start = "INVITE sip:b@h SIP/2.0", .branch = "1", .from_tag = "other", .cseq = "1 INVITE")
	));
	assert_null(txn_server_find(
		&b->table, MSG(.start = "INVITE sip:b@h SIP/2.0", .branch = "1", .from_tag = "f", .cseq = "2 INVITE")
	));
	txn_free(&b->table, txn);
}

static void a_cancel_finds_the_invite_of_its_call_only(void **state) {
	struct bench *b = *state;
	struct txn *txn = txn_server_create(&b->table, INVITE("z9hG4bK1"), 0);

	assert_ptr_equal(
		txn_cancelled_find(
			&b->table,
			MSG(.start = "CANCEL sip:b@h SIP/2.0", .branch = "z9hG4bK1", .from_tag = "f", .cseq = "1 CANCEL"
			)
		),
		txn
	);
	assert_null(txn_cancelled_find(
		&b->table,
		MSG(.start = "CANCEL sip:b@h SIP/2.0",
		    .branch = "z9hG4bK1",
		    .from_tag = "f",
		    .call_id = "another",
		    .cseq = "1 CANCEL")
	));
	txn_free(&b->table, txn);
}

static const struct sip_msg *
response(struct text_msg *out, const struct txn_table *table, struct txn *txn, struct parts parts) {
	char branch[MINT_BRANCH_LEN + 1] = {0};

	txn_branch(table, txn, branch);
	parts.branch = branch;
	parts.start = "SIP/2.0 200 OK";
	parts.from_tag = "f";
	parts.to_tag = "t";
	return msg_of(out, parts);
}

static void a_response_finds_its_client_by_our_branch(void **state) {
	struct bench *b = *state;
	struct txn *txn = client_started(b, SIP_INVITE);
	struct text_msg text;

	assert_ptr_equal(
		txn_client_find(&b->table, response(&text, &b->table, txn, (struct parts){.cseq = "1 INVITE"})), txn
	);
	assert_null(txn_client_find(&b->table, response(&text, &b->table, txn, (struct parts){.cseq = "1 BYE"})));
	assert_null(txn_client_find(
		&b->table, response(&text, &b->table, txn, (struct parts){.cseq = "1 INVITE", .call_id = "x"})
	));
	response(&text, &b->table, txn, (struct parts){.cseq = "1 INVITE"});
	txn_free(&b->table, txn);
	assert_null(txn_client_find(&b->table, &text.msg));
}

static void the_answer_to_a_cancel_finds_the_cancels_own_transaction(void **state) {
	struct bench *b = *state;
	struct txn *invite = client_started(b, SIP_INVITE), *cancel = client_started(b, SIP_CANCEL);
	struct text_msg text;

	invite->cancel = txn_ref_of(&b->table, cancel);
	assert_ptr_equal(
		txn_client_find(&b->table, response(&text, &b->table, invite, (struct parts){.cseq = "1 CANCEL"})),
		cancel
	);
	txn_free(&b->table, cancel);
	assert_null(txn_client_find(&b->table, response(&text, &b->table, invite, (struct parts){.cseq = "1 CANCEL"})));
	txn_free(&b->table, invite);
}

static void a_full_pool_or_arena_gives_nothing_and_leaves_nothing(void **state) {
	struct bench *b = *state;

	for (uint64_t nth = 1; nth <= 2; nth++) {
		b->table.pool.fail_at = nth == 1 ? b->table.pool.takes + 1 : 0;
		blob_fail_at(b->text, nth == 2);
		assert_null(txn_server_create(&b->table, INVITE("z9hG4bK1"), 0));
	}
	struct txn *txn = txn_server_create(&b->table, INVITE("z9hG4bK1"), 0);

	assert_true(txn_store(&b->table, txn, "first", 5));
	blob_fail_at(b->text, 1);
	assert_false(txn_store(&b->table, txn, "second", 6));
	assert_memory_equal(txn->message, "first", 5);
	txn_free(&b->table, txn);
}

static void a_stale_name_finds_nothing(void **state) {
	struct bench *b = *state;
	struct txn *first = client_started(b, SIP_BYE), *second;
	struct txn_ref ref = txn_ref_of(&b->table, first);

	txn_free(&b->table, first);
	second = client_started(b, SIP_BYE);
	assert_ptr_equal(first, second);
	assert_null(txn_get(&b->table, ref));
	assert_non_null(txn_get(&b->table, txn_ref_of(&b->table, second)));
	txn_free(&b->table, second);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(timers_a_and_b_fire_to_the_millisecond),
		TEST(timers_e_and_f_fire_to_the_millisecond),
		TEST(after_a_provisional_timer_e_runs_at_t2),
		TEST(timers_g_and_h_fire_to_the_millisecond),
		TEST(timer_c_is_restarted_by_provisionals_but_not_by_100),
		TEST(completed_transactions_linger_exactly_as_long_as_they_must),
		TEST(a_retransmission_and_its_ack_find_the_transaction),
		TEST(an_old_elements_request_is_matched_without_branch),
		TEST(a_cancel_finds_the_invite_of_its_call_only),
		TEST(a_response_finds_its_client_by_our_branch),
		TEST(the_answer_to_a_cancel_finds_the_cancels_own_transaction),
		TEST(a_full_pool_or_arena_gives_nothing_and_leaves_nothing),
		TEST(a_stale_name_finds_nothing),
	};

	return cmocka_run_group_tests_name("dialog/txn", tests, NULL, NULL);
}
