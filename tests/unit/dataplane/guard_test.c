// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include <stdio.h>

#include "dataplane/guard.h"

static struct ip_addr ip(const char *text) {
	return endpoint_of(text).addr;
}

static struct ip_prefix trusted[2];
static struct config_sources limits;
static struct guard *guard;

static int set_up(void **state) {
	(void)state;
	assert_true(ip_prefix_parse(STR("192.0.2.0/24"), &trusted[0]));
	assert_true(ip_prefix_parse(STR("2001:db8:a::/64"), &trusted[1]));
	limits = (struct config_sources
	){.trusted_count = 2, .trusted = trusted, .rate = 10, .burst = 20, .ban_after = 0, .ban_s = 60};
	return 0;
}

static void begin(void) {
	guard = guard_create(&limits, 1);
	assert_non_null(guard);
}

static int tear_down(void **state) {
	(void)state;
	guard_destroy(guard);
	guard = NULL;
	return 0;
}

// How many of so many datagrams at that time pass.
static uint32_t passes(const char *from, uint32_t count, uint64_t now_ms) {
	struct ip_addr addr = ip(from);
	uint32_t passed = 0;

	while (count-- > 0)
		passed += guard_judge(guard, &addr, now_ms) <= GUARD_PASSES;
	return passed;
}

static void who_is_trusted_has_a_budget_of_its_own(void **state) {
	(void)state;
	limits.trusted_rate = 1000;
	limits.trusted_burst = 50;
	limits.all_rate = limits.all_burst = 5;
	limits.ban_after = 1;
	begin();
	assert_int_equal(passes("198.51.100.10", 6, 1000), 5);
	assert_int_equal(passes("192.0.2.10", 100, 1000), 50);
	assert_int_equal(passes("2001:db8:a::10", 100, 1000), 50);
	assert_int_equal(passes("192.0.2.10", 100, 1010), 10); // nor is it banned
	assert_int_equal(passes("192.0.2.11", 100, 1010), 50);
}

static void a_source_has_its_rate_and_burst(void **state) {
	(void)state;
	begin();
	assert_int_equal(passes("198.51.100.10", 100, 1000), 20);
	assert_int_equal(passes("198.51.100.10", 100, 1099), 0);
	assert_int_equal(passes("198.51.100.10", 100, 1100), 1);
	assert_int_equal(passes("198.51.100.10", 100, 2100), 10);
	assert_int_equal(passes("198.51.100.10", 100, 60000), 20);
	assert_int_equal(passes("198.51.100.11", 100, 60000), 20);
	assert_int_equal(passes("2001:db8:b::10", 100, 60000), 20);
}

static void trusted_sources_are_not_limited(void **state) {
	(void)state;
	limits.all_rate = 1;
	limits.all_burst = 1;
	begin();
	assert_int_equal(passes("192.0.2.77", 1000, 1), 1000);
	assert_int_equal(passes("2001:db8:a::77", 1000, 1), 1000);
	assert_int_equal(passes("2001:db8:b::77", 1000, 1), 1);
}

static void all_others_have_a_rate_together(void **state) {
	(void)state;
	limits.rate = 0;
	limits.all_rate = 100;
	limits.all_burst = 50;
	begin();
	assert_int_equal(passes("198.51.100.10", 40, 1), 40);
	assert_int_equal(passes("198.51.100.11", 40, 1), 10);
	assert_int_equal(passes("198.51.100.12", 40, 101), 10);
}

// What one may not send does not use up what all may.
static void a_flood_of_one_leaves_the_others_theirs(void **state) {
	(void)state;
	limits.all_rate = 100;
	limits.all_burst = 40;
	begin();
	assert_int_equal(passes("198.51.100.10", 10000, 1), 20);
	assert_int_equal(passes("198.51.100.11", 100, 1), 20);
}

static void who_goes_on_is_banned_for_a_while(void **state) {
	struct ip_addr addr = ip("198.51.100.10");

	(void)state;
	limits.ban_after = 100;
	begin();
	assert_int_equal(passes("198.51.100.10", 119, 1000), 20);
	assert_int_equal(guard_judge(guard, &addr, 1000), GUARD_SOURCE_LIMIT);
	assert_int_equal(guard_judge(guard, &addr, 1000), GUARD_BANNED);
	assert_int_equal(guard_judge(guard, &addr, 60999), GUARD_BANNED);
	assert_int_equal(guard_judge(guard, &addr, 61000), GUARD_PASSES);
	// Now and then one too many is forgiven.
	for (uint64_t now_ms = 100000; now_ms < 100000 + 200 * 20000; now_ms += 20000)
		assert_int_equal(passes("198.51.100.10", 30, now_ms), 20);
}

// Others in the same place push out who was heard of longest ago, and never who is banned.
static void a_ban_outlives_a_flood_of_sources(void **state) {
	struct ip_addr banned = ip("198.51.100.10"), other = {.family = IP_V4, .bytes = {100, 64}};

	(void)state;
	limits.ban_after = 1;
	begin();
	assert_int_equal(passes("198.51.100.10", 22, 1000), 20);
	assert_int_equal(guard_judge(guard, &banned, 1000), GUARD_BANNED);
	for (uint32_t i = 0; i < 8 * GUARD_BUCKETS * GUARD_WAYS; i++) {
		other.bytes[1] = (uint8_t)(64 + (i >> 16));
		other.bytes[2] = (uint8_t)(i >> 8);
		other.bytes[3] = (uint8_t)i;
		assert_int_equal(guard_judge(guard, &other, 1001), GUARD_PASSES);
	}
	assert_int_equal(guard_judge(guard, &banned, 1002), GUARD_BANNED);
}

static void the_operator_bans_whom_he_likes(void **state) {
	struct ip_addr friend = ip("192.0.2.7"), stranger = ip("2001:db8:b::10");

	(void)state;
	limits.rate = 0;
	begin();
	assert_false(guard_unban(guard, &friend, 1000));
	assert_true(guard_ban(guard, &friend, 5, 1000));
	assert_true(guard_ban(guard, &stranger, 60, 1000));
	assert_int_equal(guard_judge(guard, &friend, 5999), GUARD_BANNED);
	assert_int_equal(guard_judge(guard, &friend, 6000), GUARD_TRUSTED);
	assert_int_equal(guard_judge(guard, &stranger, 6000), GUARD_BANNED);
	assert_true(guard_ban(guard, &stranger, 2, 6000)); // shorter than it was
	assert_int_equal(guard_judge(guard, &stranger, 8000), GUARD_PASSES);
	assert_true(guard_ban(guard, &stranger, GUARD_BAN_MAX_S, 8000));
	assert_int_equal(guard_judge(guard, &stranger, 8000 + GUARD_BAN_MAX_S * 1000ul - 1), GUARD_BANNED);
	assert_true(guard_unban(guard, &stranger, 9000));
	assert_int_equal(guard_judge(guard, &stranger, 9000), GUARD_PASSES);
	assert_false(guard_unban(guard, &stranger, 9000));
}

// What an expression finds counts as too much does.
static void strikes_lead_to_a_ban(void **state) {
	struct ip_addr addr = ip("198.51.100.10");
	static const char *const expressions[] = {"x"};

	(void)state;
	limits = (struct config_sources
	){.screen_count = 1, .screen = (const char **)(uintptr_t)expressions, .ban_after = 3, .ban_s = 60};
	begin();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(guard_judge(guard, &addr, 1000), GUARD_PASSES);
		guard_strike(guard, &addr, 1000);
	}
	assert_int_equal(guard_judge(guard, &addr, 1000), GUARD_BANNED);
	assert_int_equal(guard_judge(guard, &addr, 61000), GUARD_PASSES);
}

// Half a clock of 32 bits later it would be banned again, if that was what it is told by.
static void a_ban_that_is_over_stays_over(void **state) {
	struct ip_addr addr = ip("198.51.100.10");

	(void)state;
	begin();
	assert_true(guard_ban(guard, &addr, 60, 1000));
	assert_int_equal(guard_judge(guard, &addr, 61000 + (3ul << 30)), GUARD_PASSES);
}

static uint32_t bans(uint64_t now_ms, struct guard_ban *last) {
	uint32_t cursor = 0, count = 0;

	while (cursor < GUARD_PLACES)
		count += guard_ban_next(guard, &cursor, 1000, now_ms, last);
	return count;
}

static void bans_can_be_listed(void **state) {
	struct ip_addr addr = ip("2001:db8:b::10");
	struct guard_ban last;

	(void)state;
	limits.ban_after = 1;
	begin();
	assert_int_equal(bans(1, &last), 0);
	assert_int_equal(passes("198.51.100.10", 22, 1000), 20);
	assert_int_equal(bans(1000, &last), 1);
	assert_true(!last.is_held && last.left_s == 60 && last.addr.family == IP_V4);
	assert_true(guard_ban(guard, &addr, 90, 1000));
	assert_int_equal(bans(1000, &last), 2);
	assert_int_equal(bans(61000, &last), 1);
	assert_true(last.is_held && last.left_s == 30 && ip_eq(&last.addr, &addr));
	assert_int_equal(bans(91000, &last), 0);
}

// However many there are, strangers find a place, and no ban of the operator is lost.
static void bans_of_the_operator_leave_room(void **state) {
	struct ip_addr other = {.family = IP_V4, .bytes = {100, 64}};
	uint32_t held = 0;
	struct guard_ban last;

	(void)state;
	begin();
	for (uint32_t i = 0; i < 2 * GUARD_PLACES; i++) {
		memcpy(other.bytes + 1, &i, 3);
		held += guard_ban(guard, &other, 3600, 1);
	}
	assert_true(held > GUARD_PLACES / 2 && held <= GUARD_PLACES / GUARD_WAYS * (GUARD_WAYS - 1));
	assert_int_equal(passes("198.51.100.10", 21, 1), 20);
	for (uint32_t i = 0; i < 2 * GUARD_PLACES; i++) {
		struct ip_addr stranger = {.family = IP_V4, .bytes = {172}};

		memcpy(stranger.bytes + 1, &i, 3);
		assert_int_equal(guard_judge(guard, &stranger, 2), GUARD_PASSES);
	}
	assert_int_equal(bans(3, &last), held);
}

static void the_rate_of_all_is_shared_by_the_workers(void **state) {
	(void)state;
	limits.rate = 0;
	limits.all_rate = 100;
	limits.all_burst = 41;
	guard = guard_create(&limits, 4);
	assert_int_equal(passes("198.51.100.10", 100, 1), 11);
	assert_int_equal(passes("198.51.100.10", 100, 1001), 11);
}

static void nothing_is_limited_where_nothing_is_said(void **state) {
	(void)state;
	limits = (struct config_sources){0};
	begin();
	assert_int_equal(passes("198.51.100.10", 10000, 1), 10000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(who_is_trusted_has_a_budget_of_its_own),
		TEST(a_source_has_its_rate_and_burst),
		TEST(trusted_sources_are_not_limited),
		TEST(all_others_have_a_rate_together),
		TEST(a_flood_of_one_leaves_the_others_theirs),
		TEST(who_goes_on_is_banned_for_a_while),
		TEST(a_ban_outlives_a_flood_of_sources),
		TEST(the_operator_bans_whom_he_likes),
		TEST(strikes_lead_to_a_ban),
		TEST(a_ban_that_is_over_stays_over),
		TEST(bans_can_be_listed),
		TEST(bans_of_the_operator_leave_room),
		TEST(the_rate_of_all_is_shared_by_the_workers),
		TEST(nothing_is_limited_where_nothing_is_said),
	};

	return cmocka_run_group_tests_name("dataplane/guard", tests, wire_eal, NULL);
}
