// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include <stdio.h>

#include "dataplane/keep.h"

#define RULES 200

// Interface 0 has 192.0.2.0/24 and 203.0.113.0/24 by 192.0.2.254, interface 1 has 198.51.100.0/24.
struct hops {
	struct config cfg;
	struct config_route rules[RULES];
	struct config_gateway gateway;
	struct keep keep;
	struct neigh_snapshot *snapshot;
	struct neigh_hop due[KEEP_BURST];
};

static struct ip_prefix prefix_of(const char *addr, uint8_t len) {
	return (struct ip_prefix){.addr = endpoint_of(addr).addr, .len = len};
}

static struct neigh_entry neighbour(const char *addr, uint8_t interface, bool stale) {
	return (struct neigh_entry){.addr = endpoint_of(addr).addr, .interface = interface, .stale = stale};
}

static void learned(struct hops *hops, const struct neigh_entry *entries, uint32_t count) {
	const struct neigh_route routes[] = {
		{.to = prefix_of("192.0.2.0", 24), .interface = 0},
		{.to = prefix_of("203.0.113.0", 24), .via = endpoint_of("192.0.2.254").addr, .interface = 0},
		{.to = prefix_of("198.51.100.0", 24), .interface = 1},
		{.to = prefix_of("10.0.0.0", 8), .interface = NEIGH_ELSEWHERE},
	};

	neigh_snapshot_free(hops->snapshot);
	hops->snapshot = neigh_snapshot_create(2, routes, ARRAY_LEN(routes), entries, count);
}

static int open_hops(void **state) {
	struct hops *hops = calloc(1, sizeof(*hops));

	hops->cfg.interface_count = 2;
	hops->cfg.routes = hops->rules;
	learned(hops, NULL, 0);
	*state = hops;
	return 0;
}

static int close_hops(void **state) {
	struct hops *hops = *state;

	keep_fini(&hops->keep);
	neigh_snapshot_free(hops->snapshot);
	free(hops);
	return 0;
}

static void rule(struct hops *hops, const char *to) {
	hops->rules[hops->cfg.route_count++].to = endpoint_of(to);
}

static uint32_t due(struct hops *hops, uint64_t now_ms) {
	return keep_due(&hops->keep, hops->snapshot, now_ms, hops->due);
}

static void expect(const struct neigh_hop *hop, const char *next, uint8_t interface) {
	struct ip_addr addr = endpoint_of(next).addr;

	assert_true(ip_eq(&hop->next, &addr));
	assert_int_equal(hop->interface, interface);
}

static void rules_and_gateways_are_asked_for_at_start(void **state) {
	struct hops *hops = *state;

	rule(hops, "198.51.100.10:5060");
	rule(hops, "198.51.100.10:5061");
	rule(hops, "10.1.2.3:5060"); // leaves by none of ours
	hops->gateway = (struct config_gateway){.via = endpoint_of("192.0.2.1").addr};
	hops->cfg.interfaces[0].gateway_count = 1;
	hops->cfg.interfaces[0].gateways = &hops->gateway;
	assert_int_equal(keep_init(&hops->keep, &hops->cfg), 0);
	assert_int_equal(due(hops, 0), 2);
	expect(&hops->due[0], "192.0.2.1", 0);
	expect(&hops->due[1], "198.51.100.10", 1);
}

static void gateway_of_several_rules_is_asked_for_once(void **state) {
	struct hops *hops = *state;

	rule(hops, "203.0.113.1:5060");
	rule(hops, "203.0.113.2:5060");
	assert_int_equal(keep_init(&hops->keep, &hops->cfg), 0);
	assert_int_equal(due(hops, 0), 1);
	expect(&hops->due[0], "192.0.2.254", 0);
}

static void stale_neighbour_is_asked_for_and_a_fresh_one_is_not(void **state) {
	const struct neigh_entry entries[] = {neighbour("192.0.2.10", 0, true), neighbour("192.0.2.11", 0, false)};
	struct hops *hops = *state;

	rule(hops, "192.0.2.10:5060");
	rule(hops, "192.0.2.11:5060");
	assert_int_equal(keep_init(&hops->keep, &hops->cfg), 0);
	learned(hops, entries, 2);
	assert_int_equal(due(hops, 0), 1);
	expect(&hops->due[0], "192.0.2.10", 0);
	assert_false(neigh_take_used(&hops->snapshot->entries[0]));
}

static void round_comes_once_a_while(void **state) {
	struct hops *hops = *state;

	rule(hops, "192.0.2.10:5060");
	assert_int_equal(keep_init(&hops->keep, &hops->cfg), 0);
	assert_int_equal(due(hops, 5), 1);
	assert_int_equal(due(hops, 5), 0);
	assert_int_equal(due(hops, 4 + KEEP_ROUND_MS), 0);
	assert_int_equal(due(hops, 5 + KEEP_ROUND_MS), 1);
}

static void many_are_asked_for_in_bursts(void **state) {
	struct hops *hops = *state;
	char to[ENDPOINT_TEXT_MAX];

	for (uint32_t i = 0; i < RULES; i++) {
		snprintf(to, sizeof(to), "192.0.2.%u:5060", 1 + i);
		rule(hops, to);
	}
	assert_int_equal(keep_init(&hops->keep, &hops->cfg), 0);
	for (uint32_t left = RULES, now_ms = 0; left > 0; now_ms += 100) {
		uint32_t count = left < KEEP_BURST ? left : KEEP_BURST;

		assert_int_equal(due(hops, now_ms), count);
		left -= count;
	}
	assert_int_equal(due(hops, 900), 0);
	assert_int_equal(due(hops, KEEP_ROUND_MS), KEEP_BURST);
}

static void nothing_configured_is_nothing_due(void **state) {
	struct hops *hops = *state;

	assert_int_equal(keep_init(&hops->keep, &hops->cfg), 0);
	assert_int_equal(due(hops, 0), 0);
	assert_int_equal(due(hops, 10 * KEEP_ROUND_MS), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_hops, close_hops)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(rules_and_gateways_are_asked_for_at_start),
		TEST(gateway_of_several_rules_is_asked_for_once),
		TEST(stale_neighbour_is_asked_for_and_a_fresh_one_is_not),
		TEST(round_comes_once_a_while),
		TEST(many_are_asked_for_in_bursts),
		TEST(nothing_configured_is_nothing_due),
	};

	return cmocka_run_group_tests_name("dataplane/keep", tests, NULL, NULL);
}
