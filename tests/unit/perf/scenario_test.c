// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "world.h"

#define WORLD(...)                                                                                                     \
	world_open(                                                                                                    \
		(int)ARRAY_LEN(((const char *const[]){"--hops", __VA_ARGS__})),                                        \
		(const char *const[]){"--hops", __VA_ARGS__}                                                           \
	)

// Without a proxy, the target is the callee itself.
#define DIRECT "0", "--target", "198.51.100.10:5060"

static void expect_good(const struct world *world, uint64_t calls) {
	const struct stats *stats = world_stats(world);

	assert_int_equal(stats->started, calls);
	assert_int_equal(stats->completed, calls);
	assert_true(stats_are_lossless(stats));
}

static void every_scenario_passes_without_and_with_a_proxy(void **state) {
	static const char *const names[] = {"basic", "answer-pause", "cancel", "reject", "register", "options"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		struct world *direct = WORLD(DIRECT, "--scenario", names[i]);
		struct world *proxied = WORLD("1", "--scenario", names[i]);

		world_calls(direct, 20);
		world_finish(direct);
		expect_good(direct, 20);
		world_close(direct);
		world_calls(proxied, 20);
		world_finish(proxied);
		expect_good(proxied, 20);
		world_close(proxied);
	}
}

static void a_basic_call_has_these_messages(void **state) {
	static const enum message_kind kinds[] = {
		MESSAGE_INVITE, MESSAGE_RINGING, MESSAGE_OK_INVITE, MESSAGE_ACK, MESSAGE_BYE, MESSAGE_OK_BYE};
	struct world *world = WORLD("1", "--send-100");
	const struct stats *stats = world_stats(world);

	(void)state;
	world_calls(world, 3);
	world_finish(world);
	expect_good(world, 3);
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
		assert_int_equal(stats->sent[kinds[i]], 3);
		assert_int_equal(stats->received[kinds[i]], 3);
		assert_int_equal(hist_total(&stats->span[kinds[i]].all), 3);
	}
	assert_int_equal(stats->sent[MESSAGE_TRYING], 3);     // the callee's, to the proxy
	assert_int_equal(stats->received[MESSAGE_TRYING], 3); // the proxy's, to the caller
	assert_int_equal(hist_total(&stats->span[SPAN_SETUP].all), 3);
	world_close(world);
}

static void what_a_server_adds_to_a_via_may_stand_anywhere(void **state) {
	struct world *world = WORLD("1");

	(void)state;
	world->received_first = true;
	world_calls(world, 3);
	world_finish(world);
	expect_good(world, 3);
	world_close(world);
}

// RFC 4320 section 4.1.
static void a_100_to_another_request_is_no_fault(void **state) {
	struct world *world = WORLD("1");

	(void)state;
	world->trying_to_all = true;
	world_calls(world, 3);
	world_finish(world);
	expect_good(world, 3);
	world_close(world);
}

static void hold_and_pause_take_their_time(void **state) {
	struct world *world = WORLD("1", "--scenario", "answer-pause", "--pause", "200", "--hold", "300");
	const struct stats *stats = world_stats(world);

	(void)state;
	world_calls(world, 1);
	world_run(world, 198);
	assert_int_equal(stats->answered, 0);
	world_run(world, 4);
	assert_int_equal(stats->answered, 1);
	world_run(world, 296);
	assert_int_equal(stats->sent[MESSAGE_BYE], 0);
	world_run(world, 6);
	expect_good(world, 1);
	world_close(world);
}

static void calls_that_stay_are_hung_up_at_the_end(void **state) {
	struct world *world = WORLD("1", "--scenario", "hold");

	(void)state;
	world_calls(world, 5);
	world_run(world, 60000);
	assert_int_equal(world->e.staying, 5);
	while (engine_hang_up_one(&world->e, false))
		;
	world_finish(world);
	expect_good(world, 5);
	world_close(world);
}

// What is lost, and what makes good for it.
static const struct {
	const char *scenario, *start, *part;
	uint32_t times;
	enum message_kind resent;
	uint64_t count;
} losses[] = {
	{.scenario = "basic", .start = "INVITE", .part = "", .times = 2, .resent = MESSAGE_INVITE, .count = 2},
	{.scenario = "basic",
	 .start = "SIP/2.0 200",
	 .part = "INVITE\r\n",
	 .times = 3,
	 .resent = MESSAGE_OK_INVITE,
	 .count = 3},
	{.scenario = "basic", .start = "ACK", .part = "", .times = 1, .resent = MESSAGE_OK_INVITE, .count = 1},
	{.scenario = "basic", .start = "BYE", .part = "", .times = 4, .resent = MESSAGE_BYE, .count = 4},
	{.scenario = "basic", .start = "SIP/2.0 200", .part = "BYE\r\n", .times = 1, .resent = MESSAGE_BYE, .count = 1},
	{.scenario = "cancel", .start = "CANCEL", .part = "", .times = 2, .resent = MESSAGE_CANCEL, .count = 2},
	{.scenario = "cancel",
	 .start = "SIP/2.0 487",
	 .part = "",
	 .times = 2,
	 .resent = MESSAGE_TERMINATED,
	 .count = 2},
	{.scenario = "reject", .start = "SIP/2.0 486", .part = "", .times = 2, .resent = MESSAGE_BUSY, .count = 2},
	{.scenario = "options", .start = "OPTIONS", .part = "", .times = 3, .resent = MESSAGE_OPTIONS, .count = 3},
	{.scenario = "register",
	 .start = "SIP/2.0 200",
	 .part = "",
	 .times = 1,
	 .resent = MESSAGE_REGISTER,
	 .count = 1},
};

static void what_is_lost_is_sent_again(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(losses); i++) {
		struct world *world = WORLD("1", "--scenario", losses[i].scenario, "--hold", "5000");
		const struct stats *stats = world_stats(world);

		world->lose_start = losses[i].start;
		world->lose_part = losses[i].part;
		world->lose = losses[i].times;
		world_calls(world, 1);
		world_finish(world);
		assert_int_equal(stats->completed, 1);
		assert_int_equal(stats_wrong(stats), 0);
		assert_int_equal(stats->resent[losses[i].resent], losses[i].count);
		assert_false(stats_are_lossless(stats));
		world_close(world);
	}
}

// What never arrives, the reason the call fails for, and how often it was sent again in 64 T1.
static const struct {
	const char *scenario, *start, *part;
	enum failure failure;
	enum message_kind resent;
	uint64_t count;
} ends[] = {
	{.scenario = "basic",
	 .start = "INVITE",
	 .part = "",
	 .failure = FAILURE_UNANSWERED,
	 .resent = MESSAGE_INVITE,
	 .count = 6},
	{.scenario = "options",
	 .start = "OPTIONS",
	 .part = "",
	 .failure = FAILURE_UNANSWERED,
	 .resent = MESSAGE_OPTIONS,
	 .count = 10},
	{.scenario = "basic",
	 .start = "SIP/2.0 200",
	 .part = "1 INVITE",
	 .failure = FAILURE_ACK_LOST,
	 .resent = MESSAGE_OK_INVITE,
	 .count = 10},
	{.scenario = "basic",
	 .start = "BYE",
	 .part = "",
	 .failure = FAILURE_BYE_UNANSWERED,
	 .resent = MESSAGE_BYE,
	 .count = 10},
	{.scenario = "reject",
	 .start = "SIP/2.0 486",
	 .part = "",
	 .failure = FAILURE_ACK_LOST,
	 .resent = MESSAGE_BUSY,
	 .count = 10},
};

static void what_never_arrives_fails_the_call_after_64_t1(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(ends); i++) {
		struct world *world = WORLD("1", "--scenario", ends[i].scenario, "--timeout", "60000");
		const struct stats *stats = world_stats(world);

		world->lose_start = ends[i].start;
		world->lose_part = ends[i].part;
		world->lose = UINT32_MAX;
		world_calls(world, 1);
		world_run(world, 31990);
		assert_int_equal(stats->failed, 0);
		world_run(world, 20);
		assert_int_equal(stats->failed, 1);
		assert_int_equal(stats->failure[ends[i].failure], 1);
		assert_int_equal(stats->resent[ends[i].resent], ends[i].count);
		assert_int_equal(stats_wrong(stats), 0);
		world_close(world);
	}
}

static void invite_is_sent_again_at_doubled_intervals(void **state) {
	static const uint32_t at_ms[] = {500, 1500, 3500, 7500, 15500, 31500};
	struct world *world = WORLD("1");
	uint32_t now = 0;

	(void)state;
	world->lose_start = "INVITE";
	world->lose_part = "";
	world->lose = UINT32_MAX;
	world_calls(world, 1);
	for (unsigned i = 0; i < ARRAY_LEN(at_ms); i++) {
		world_run(world, at_ms[i] - 1 - now);
		assert_int_equal(world_stats(world)->resent[MESSAGE_INVITE], i);
		world_run(world, 2);
		assert_int_equal(world_stats(world)->resent[MESSAGE_INVITE], i + 1);
		now = at_ms[i] + 1;
	}
	world_finish(world);
	world_close(world);
}

static void a_refusal_by_the_proxy_is_acknowledged_and_fails_the_call(void **state) {
	struct world *world = WORLD("1");

	(void)state;
	world->fault = FAULT_REFUSES;
	world_calls(world, 2);
	world_finish(world);
	assert_int_equal(world_stats(world)->failure[FAILURE_REFUSED], 2);
	assert_int_equal(world_stats(world)->status[503], 2);
	assert_int_equal(world_stats(world)->sent[MESSAGE_ACK_HOP], 2);
	assert_int_equal(stats_wrong(world_stats(world)), 0);
	world_close(world);
}

static void calls_given_up_leave_messages_that_are_nobodys_fault(void **state) {
	struct world *world = WORLD("1", "--scenario", "answer-pause");

	(void)state;
	world_calls(world, 4);
	world_run(world, 10);
	world_calls(world, 1); // its INVITE is on the wire
	engine_abandon(&world->e);
	world_finish(world);
	world_run(world, 2000);
	assert_int_equal(world_stats(world)->failure[FAILURE_ABANDONED], 5);
	assert_int_equal(stats_wrong(world_stats(world)), 0);
	assert_true(world->e.leftovers > 0);
	world_close(world);
}

static void without_a_slot_no_call_is_made(void **state) {
	struct world *world = WORLD("1", "--scenario", "answer-pause", "--pause", "100");

	(void)state;
	world_calls(world, 64);
	assert_false(engine_call(&world->e, world->e.now));
	assert_int_equal(world_stats(world)->skipped, 1);
	world_finish(world);
	assert_int_equal(world_stats(world)->completed, 64);
	assert_false(stats_are_good(world_stats(world)));
	world_close(world);
}

static void one_in_n_is_verified(void **state) {
	struct world *world = WORLD("1", "--verify", "4");

	(void)state;
	world->fault = FAULT_MAX_FORWARDS_KEPT;
	world_calls(world, 8);
	world_finish(world);
	assert_int_equal(world_stats(world)->failed, 2);
	assert_int_equal(world_stats(world)->completed, 6);
	world_close(world);
}

static void samples_across_a_gap_are_kept_apart(void **state) {
	struct world *world = WORLD("1", "--scenario", "answer-pause", "--pause", "100");
	const struct stats *stats = world_stats(world);

	(void)state;
	world_calls(world, 1);
	world_run(world, 1);
	world->e.gaps.end = world->e.now + 1;
	world_finish(world);
	assert_int_equal(hist_total(&stats->span[SPAN_SETUP].all), 1);
	assert_int_equal(hist_total(&stats->span[SPAN_SETUP].clean), 0);
	assert_int_equal(hist_total(&stats->span[MESSAGE_BYE].clean), 1);
	world_close(world);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scenario_passes_without_and_with_a_proxy),
		cmocka_unit_test(a_basic_call_has_these_messages),
		cmocka_unit_test(what_a_server_adds_to_a_via_may_stand_anywhere),
		cmocka_unit_test(a_100_to_another_request_is_no_fault),
		cmocka_unit_test(hold_and_pause_take_their_time),
		cmocka_unit_test(calls_that_stay_are_hung_up_at_the_end),
		cmocka_unit_test(what_is_lost_is_sent_again),
		cmocka_unit_test(what_never_arrives_fails_the_call_after_64_t1),
		cmocka_unit_test(invite_is_sent_again_at_doubled_intervals),
		cmocka_unit_test(a_refusal_by_the_proxy_is_acknowledged_and_fails_the_call),
		cmocka_unit_test(calls_given_up_leave_messages_that_are_nobodys_fault),
		cmocka_unit_test(without_a_slot_no_call_is_made),
		cmocka_unit_test(one_in_n_is_verified),
		cmocka_unit_test(samples_across_a_gap_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
