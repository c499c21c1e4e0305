// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"
#include "dialog/txn.h"
#include "sip_text.h"
#include "timers.h"

static const struct config_timers timers = TIMERS_OF_THE_RFC;

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
	assert_int_equal(b->table.queues.armed, 0);
	assert_int_equal(b->table.live, 0);
	assert_int_equal(b->table.lingering, 0);
	assert_int_equal(blob_used(b->text), 0);
	txn_table_fini(&b->table);
	blob_arena_destroy(b->text);
	free(b);
	return 0;
}

static bool note(void *ctx, struct txn *txn, enum txn_event event, unsigned actions) {
	struct bench *b = ctx;

	(void)txn;
	(void)event;
	assert_true(b->count < ARRAY_LEN(b->at_ms));
	b->at_ms[b->count] = b->now_ms;
	b->actions[b->count++] = actions;
	return true;
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
				assert_int_equal((b)->at_ms[i], times[n++]);                                           \
			}                                                                                              \
		assert_int_equal(n, ARRAY_LEN(times));                                                                 \
	} while (0)

#define INVITE(branch_) MSG(.start = "INVITE sip:b@h SIP/2.0", .branch = branch_, .from_tag = "f", .cseq = "1 INVITE")
#define BYE(branch_)                                                                                                   \
	MSG(.start = "BYE sip:b@h SIP/2.0", .branch = branch_, .from_tag = "f", .to_tag = "t", .cseq = "2 BYE")

static const struct endpoint remote = {.addr = {.family = IP_V4, .bytes = {192, 0, 2, 1}}, .port = 5062};

static struct txn_key key_of(const struct bench *b, const struct sip_msg *msg) {
	return txn_key_of(&b->table, msg, hash_str(b->table.seed, msg->call_id));
}

static struct txn *client_find(const struct bench *b, const struct sip_msg *response) {
	return txn_client_find(&b->table, response, hash_str(b->table.seed, response->call_id));
}

static struct txn *server_created(struct bench *b, const struct sip_msg *msg, uint64_t now_ms) {
	return txn_server_create(&b->table, msg, key_of(b, msg), &remote, now_ms);
}

static struct txn *server_found(struct bench *b, const struct sip_msg *msg) {
	return txn_server_find(&b->table, key_of(b, msg));
}

static struct txn *invite_cancelled(struct bench *b, const struct sip_msg *msg) {
	return txn_server_find(&b->table, txn_key_of_cancelled(&b->table, msg, hash_str(b->table.seed, msg->call_id)));
}

static struct txn *client_started(struct bench *b, enum sip_method method) {
	struct txn *txn = txn_client_create(&b->table, method, hash_str(b->table.seed, STR("call-1")), &remote, 0);

	assert_non_null(txn);
	assert_true(txn_store(&b->table, txn, STR("request"), STR("")));
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
	EXPECT_AT(b, TXN_DO_RESEND, 500, 1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500);
	EXPECT_AT(b, TXN_DO_TIMED_OUT, 32000);
}

static void who_waits_is_told_when_timer_e_would_get_to_t2(void **state) {
	struct bench *b = *state;

	server_created(b, BYE("z9hG4bK1"), 100);
	until(b, 40000);
	EXPECT_AT(b, TXN_DO_TRYING, 3600);
	txn_free(&b->table, server_found(b, BYE("z9hG4bK1")));
}

static void timers_g_and_h_fire_to_the_millisecond(void **state) {
	struct bench *b = *state;
	struct txn *txn = server_created(b, INVITE("z9hG4bK1"), 0);

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

// RFC 3261 16.8: nothing is cancelled where nobody has said anything.
static void timer_c_without_a_provisional_is_the_end(void **state) {
	struct config_timers short_c = timers;
	struct bench *b = *state;

	short_c.c_ms = 5000;
	b->table.timers = &short_c;
	client_started(b, SIP_INVITE);
	until(b, 40000);
	EXPECT_AT(b, TXN_DO_RESEND, 500, 1500, 3500);
	EXPECT_AT(b, TXN_DO_TIMED_OUT | TXN_DO_CANCEL, 5000);
	assert_false(b->actions[b->count - 1] & TXN_DO_CANCEL);
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
		struct txn *txn = row->is_client ? client_started(b, row->method) : server_created(b, msg, start_ms);

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
	struct txn *txn = server_created(b, INVITE("z9hG4bK1"), 0);

	assert_ptr_equal(server_found(b, INVITE("z9hG4bK1")), txn);
	assert_ptr_equal(
		server_found(
			b,
			MSG(.start = "ACK sip:b@h SIP/2.0",
			    .branch = "z9hG4bK1",
			    .from_tag = "f",
			    .to_tag = "t",
			    .cseq = "1 ACK")
		),
		txn
	);
	assert_null(server_found(b, INVITE("z9hG4bK2")));
	assert_null(server_found(b, BYE("z9hG4bK1")));
	txn_free(&b->table, txn);
	assert_null(server_found(b, INVITE("z9hG4bK1")));
}

static void an_old_elements_request_is_matched_without_branch(void **state) {
	struct bench *b = *state;
	struct txn *txn = server_created(b, INVITE("1"), 0);

	assert_ptr_equal(server_found(b, INVITE("1")), txn);
#define OLD(start_, tag_, cseq_) server_found(b, MSG(.start = start_, .branch = "1", .from_tag = tag_, .cseq = cseq_))
	assert_null(OLD("INVITE sip:b@h SIP/2.0", "other", "1 INVITE"));
	assert_null(OLD("INVITE sip:b@h SIP/2.0", "f", "2 INVITE"));
	assert_null(OLD("INVITE sip:c@h SIP/2.0", "f", "1 INVITE"));
	assert_ptr_equal(OLD("ACK sip:b@h SIP/2.0", "f", "1 ACK"), txn);
	txn_free(&b->table, txn);
}

static void a_cancel_finds_the_invite_of_its_call_only(void **state) {
	struct bench *b = *state;
	struct txn *txn = server_created(b, INVITE("z9hG4bK1"), 0);

	assert_ptr_equal(
		invite_cancelled(
			b,
			MSG(.start = "CANCEL sip:b@h SIP/2.0", .branch = "z9hG4bK1", .from_tag = "f", .cseq = "1 CANCEL"
			)
		),
		txn
	);
	assert_null(invite_cancelled(
		b,
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

	assert_ptr_equal(client_find(b, response(&text, &b->table, txn, (struct parts){.cseq = "1 INVITE"})), txn);
	assert_null(client_find(b, response(&text, &b->table, txn, (struct parts){.cseq = "1 BYE"})));
	assert_null(client_find(b, response(&text, &b->table, txn, (struct parts){.cseq = "1 INVITE", .call_id = "x"}))
	);
	response(&text, &b->table, txn, (struct parts){.cseq = "1 INVITE"});
	txn_free(&b->table, txn);
	assert_null(client_find(b, &text.msg));
}

static void the_answer_to_a_cancel_finds_the_cancels_own_transaction(void **state) {
	struct bench *b = *state;
	struct txn *invite = client_started(b, SIP_INVITE), *cancel = client_started(b, SIP_CANCEL);
	struct text_msg text;

	assert_true(txn_set_cancel(&b->table, invite, cancel));
	assert_ptr_equal(
		client_find(b, response(&text, &b->table, invite, (struct parts){.cseq = "1 CANCEL"})), cancel
	);
	txn_free(&b->table, cancel);
	assert_null(client_find(b, response(&text, &b->table, invite, (struct parts){.cseq = "1 CANCEL"})));
	txn_free(&b->table, invite);
}

static void a_full_pool_or_arena_gives_nothing_and_leaves_nothing(void **state) {
	struct bench *b = *state;

	b->table.pool.fail_at = b->table.pool.takes + 1;
	assert_null(server_created(b, INVITE("z9hG4bK1"), 0));
	struct txn *txn = server_created(b, INVITE("z9hG4bK1"), 0);

	assert_true(txn_store(&b->table, txn, STR("first"), STR("compact")));
	for (unsigned i = 0; i < 3; i++) {
		blob_fail_at(b->text, 1);
		if (i == 0)
			assert_false(txn_store(&b->table, txn, STR("second"), STR("")));
		else if (i == 1)
			assert_false(txn_keep(&b->table, txn, STR("rest")));
		else
			txn_compact(&b->table, txn);
		assert_true(str_eq(txn_message(&b->table, txn), STR("first")));
		assert_true(str_eq(txn_compact_of(&b->table, txn), STR("compact")));
	}
	txn_free(&b->table, txn);
}

// However many keep it, it is there once; past the limit each has its own, and what is freed is freed.
static void a_common_text_is_kept_once(void **state) {
	struct bench *b = *state;
	struct txn *first = server_created(b, INVITE("z9hG4bK1"), 0),
		   *second = server_created(b, INVITE("z9hG4bK2"), 0);
	size_t before = blob_used(b->text);
	char text[TXN_COMMON_SIZE + 1];

	assert_true(txn_keep_common(&b->table, first, STR("Server: x")));
	assert_true(txn_keep_common(&b->table, second, STR("Server: x")));
	assert_true(str_eq(txn_kept(&b->table, first), STR("Server: x")));
	assert_ptr_equal(txn_kept(&b->table, first).ptr, txn_kept(&b->table, second).ptr);
	assert_true(txn_keep_common(&b->table, second, STR("Server: y")));
	assert_true(str_eq(txn_kept(&b->table, first), STR("Server: x")));
	assert_true(str_eq(txn_kept(&b->table, second), STR("Server: y")));
	assert_int_equal(blob_used(b->text), before);
	for (unsigned i = 0; i < TXN_COMMON_MAX; i++) {
		snprintf(text, sizeof(text), "Server: %u", i);
		assert_true(txn_keep_common(&b->table, second, str_from_c(text)));
		assert_true(str_eq(txn_kept(&b->table, second), str_from_c(text)));
	}
	assert_true(blob_used(b->text) > before);
	memset(text, 'x', sizeof(text));
	assert_true(txn_keep_common(&b->table, first, str_of(text, sizeof(text))));
	assert_int_equal(txn_kept(&b->table, first).len, sizeof(text));
	assert_true(txn_keep_common(&b->table, first, STR("")));
	assert_int_equal(txn_kept(&b->table, first).len, 0);
	txn_free(&b->table, first);
	txn_free(&b->table, second);
	assert_int_equal(blob_used(b->text), 0);
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

static void sent_by_and_call_id_are_part_of_what_identifies(void **state) {
	struct bench *b = *state;
	struct txn *txn = server_created(b, INVITE("z9hG4bK1"), 0);
	struct sip_msg other = *INVITE("z9hG4bK1");

	other.via.port = 0; // 5060
	assert_ptr_equal(server_found(b, &other), txn);
	other.via.port = 5061;
	assert_null(server_found(b, &other));
	other = *INVITE("z9hG4bK1");
	other.call_id = STR("call-2");
	assert_null(server_found(b, &other));
	other = *INVITE("z9hG4bK1");
	other.via.host = STR("192.0.2.11");
	assert_null(server_found(b, &other));
	txn_free(&b->table, txn);
}

static void keys_that_share_a_hash_are_told_apart(void **state) {
	struct bench *b = *state;
	struct txn *txns[16];

	for (uint64_t i = 0; i < ARRAY_LEN(txns); i++) {
		const struct txn_key key = {.hash = 7, .check = i};

		assert_null(txn_server_find(&b->table, key));
		txns[i] = txn_server_create(&b->table, INVITE("z9hG4bK1"), key, &remote, 0);
	}
	for (uint64_t i = 0; i < ARRAY_LEN(txns); i++)
		assert_ptr_equal(txn_server_find(&b->table, (struct txn_key){.hash = 7, .check = i}), txns[i]);
	for (uint64_t i = 0; i < ARRAY_LEN(txns); i++)
		txn_free(&b->table, txns[i]);
}

static void the_case_of_a_host_does_not_matter(void **state) {
	static const struct str hosts[] = {
		{.ptr = "Proxy.Example.NET", .len = 17}, {.ptr = "proxy.example.net", .len = 17}};
	struct bench *b = *state;
	struct sip_msg msg = *INVITE("z9hG4bK1");
	struct txn_key key;

	msg.via.host = hosts[0];
	key = key_of(b, &msg);
	msg.via.host = hosts[1];
	assert_int_equal(key_of(b, &msg).hash, key.hash);
	assert_int_equal(key_of(b, &msg).check, key.check);
	msg.via.host = STR("proxy[example.net"); // '[' and '{' differ by the bit that letters do
	key = key_of(b, &msg);
	msg.via.host = STR("proxy{example.net");
	assert_int_not_equal(key_of(b, &msg).hash, key.hash);
}

static void an_ipv6_address_is_kept_too(void **state) {
	static const struct endpoint v6 = {.addr = {.family = IP_V6, .bytes = {0x20, 1, 0xd, 0xb8, 1}}, .port = 5070};
	struct bench *b = *state;
	struct endpoint read;
	struct txn *txn;

	blob_fail_at(b->text, 1);
	assert_null(txn_client_create(&b->table, SIP_BYE, 1, &v6, 0));
	txn = txn_client_create(&b->table, SIP_BYE, 1, &v6, 0);
	read = txn_remote(&b->table, txn);
	assert_true(endpoint_eq(&read, &v6));
	txn_free(&b->table, txn);
	txn = txn_client_create(&b->table, SIP_BYE, 1, &remote, 0);
	read = txn_remote(&b->table, txn);
	assert_true(endpoint_eq(&read, &remote));
	txn_free(&b->table, txn);
}

static void the_name_of_a_cancel_outlives_the_invite_kept(void **state) {
	struct bench *b = *state;
	struct txn *invite = client_started(b, SIP_INVITE), *cancel = client_started(b, SIP_CANCEL);
	struct text_msg text;

	txn_step(&b->table, invite, TXN_RX_1XX, 0);
	assert_true(txn_set_cancel(&b->table, invite, cancel));
	txn_step(&b->table, invite, TXN_RX_FINAL, 0);
	assert_true(txn_keep(&b->table, invite, STR("rest")));
	assert_true(str_eq(txn_kept(&b->table, invite), STR("rest")));
	txn_forget(&b->table, invite);
	assert_ptr_equal(
		client_find(b, response(&text, &b->table, invite, (struct parts){.cseq = "1 CANCEL"})), cancel
	);
	txn_free(&b->table, cancel);
	txn_free(&b->table, invite);
}
int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(timers_a_and_b_fire_to_the_millisecond),
		TEST(timers_e_and_f_fire_to_the_millisecond),
		TEST(after_a_provisional_timer_e_runs_at_t2),
		TEST(who_waits_is_told_when_timer_e_would_get_to_t2),
		TEST(timers_g_and_h_fire_to_the_millisecond),
		TEST(timer_c_is_restarted_by_provisionals_but_not_by_100),
		TEST(timer_c_without_a_provisional_is_the_end),
		TEST(completed_transactions_linger_exactly_as_long_as_they_must),
		TEST(a_retransmission_and_its_ack_find_the_transaction),
		TEST(an_old_elements_request_is_matched_without_branch),
		TEST(a_cancel_finds_the_invite_of_its_call_only),
		TEST(a_response_finds_its_client_by_our_branch),
		TEST(the_answer_to_a_cancel_finds_the_cancels_own_transaction),
		TEST(a_full_pool_or_arena_gives_nothing_and_leaves_nothing),
		TEST(a_common_text_is_kept_once),
		TEST(a_stale_name_finds_nothing),
		TEST(sent_by_and_call_id_are_part_of_what_identifies),
		TEST(keys_that_share_a_hash_are_told_apart),
		TEST(the_case_of_a_host_does_not_matter),
		TEST(an_ipv6_address_is_kept_too),
		TEST(the_name_of_a_cancel_outlives_the_invite_kept),
	};

	return cmocka_run_group_tests_name("dialog/txn", tests, NULL, NULL);
}
