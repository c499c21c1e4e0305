// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

static struct neigh_route route_of(const char *to, uint8_t len, uint8_t interface, uint32_t metric) {
	return (struct neigh_route){
		.to = {.addr = endpoint_of(to).addr, .len = len},
		.interface = interface,
		.metric = metric,
	};
}

static struct neigh_hop look_up(struct wire *wire, const char *to) {
	struct ip_addr addr = endpoint_of(to).addr;

	neigh_refresh(wire->workers[0]->neigh);
	return *neigh_find(wire->workers[0]->neigh, wire->workers[0]->now_ms, &addr);
}

static void publish(struct wire *wire, struct neigh_snapshot *snapshot) {
	uint64_t token;
	struct neigh_snapshot *before = neigh_publish(&wire->board, snapshot, &token);

	neigh_snapshot_free(before);
}

static void longest_prefix_wins(void **state) {
	static const struct {
		const char *to;
		uint8_t interface;
	} rows[] = {
		{"10.1.2.3", 4},
		{"10.1.2.4", 3},
		{"10.1.3.1", 2},
		{"10.2.0.1", 1},
		{"11.0.0.1", 0},
		{"[2001:db8::1]", 6},
		{"[2001:db8::2]", 5},
	};
	const struct neigh_route routes[] = {
		route_of("10.1.0.0", 16, 2, 0),
		route_of("0.0.0.0", 0, 0, 0),
		route_of("10.1.2.3", 32, 4, 0),
		route_of("10.1.2.0", 24, 3, 0),
		route_of("10.0.0.0", 8, 1, 0),
		route_of("[2001:db8::]", 32, 5, 0),
		route_of("[2001:db8::1]", 128, 6, 0),
	};

	publish(*state, neigh_snapshot_create(1000, routes, ARRAY_LEN(routes), NULL, 0));
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct neigh_hop hop = look_up(*state, rows[i].to);

		assert_int_equal(hop.state, NEIGH_WAITING);
		assert_int_equal(hop.interface, rows[i].interface);
	}
	assert_int_equal(look_up(*state, "[2001:db9::1]").state, NEIGH_NO_ROUTE);
}

static void prefix_ends_within_a_byte(void **state) {
	const struct neigh_route routes[] = {route_of("10.1.16.0", 20, 1, 0), route_of("10.1.0.0", 19, 2, 0)};

	publish(*state, neigh_snapshot_create(1001, routes, ARRAY_LEN(routes), NULL, 0));
	assert_int_equal(look_up(*state, "10.1.31.255").interface, 1);
	assert_int_equal(look_up(*state, "10.1.15.255").interface, 2);
	assert_int_equal(look_up(*state, "10.1.32.0").state, NEIGH_NO_ROUTE);
}

static void lower_metric_wins(void **state) {
	const struct neigh_route routes[] = {
		route_of("10.0.0.0", 8, 1, 20), route_of("10.0.0.0", 8, 2, 10), route_of("10.0.0.0", 8, 0, 30)};

	publish(*state, neigh_snapshot_create(1002, routes, ARRAY_LEN(routes), NULL, 0));
	assert_int_equal(look_up(*state, "10.0.0.1").interface, 2);
}

static void many_neighbours_are_found(void **state) {
	static struct neigh_entry entries[5000];
	const struct neigh_route routes[] = {route_of("10.0.0.0", 8, 1, 0)};

	for (uint32_t i = 0; i < ARRAY_LEN(entries); i++) {
		entries[i] = (struct neigh_entry){.addr = endpoint_of("10.0.0.0").addr, .interface = 1};
		entries[i].addr.bytes[2] = (uint8_t)(i >> 8);
		entries[i].addr.bytes[3] = (uint8_t)i;
		memcpy(entries[i].mac, &i, sizeof(i));
	}
	publish(*state, neigh_snapshot_create(1003, routes, 1, entries, ARRAY_LEN(entries)));
	for (uint32_t i = 0; i < ARRAY_LEN(entries); i++) {
		const struct neigh_hop *hop;

		neigh_refresh(((struct wire *)*state)->workers[0]->neigh);
		hop = neigh_find(((struct wire *)*state)->workers[0]->neigh, 0, &entries[i].addr);
		assert_int_equal(hop->state, NEIGH_KNOWN);
		assert_memory_equal(hop->mac, entries[i].mac, 6);
	}
}

static void cache_does_not_outlive_its_snapshot(void **state) {
	assert_int_equal(look_up(*state, "192.0.2.10").state, NEIGH_KNOWN);
	wire_neighbours(*state, false);
	assert_int_equal(look_up(*state, "192.0.2.10").state, NEIGH_WAITING);
	wire_neighbours(*state, true);
	assert_int_equal(look_up(*state, "192.0.2.10").state, NEIGH_KNOWN);
}

static void use_is_marked_again_after_a_second(void **state) {
	struct wire *wire = *state;
	struct neigh_snapshot *snapshot = atomic_load(&wire->board.current);

	look_up(wire, "192.0.2.10");
	assert_true(neigh_take_used(&snapshot->entries[ACCESS]));
	look_up(wire, "192.0.2.10");
	assert_false(neigh_take_used(&snapshot->entries[ACCESS]));
	wire->workers[0]->now_ms += NEIGH_CACHE_MS;
	look_up(wire, "192.0.2.10");
	assert_true(neigh_take_used(&snapshot->entries[ACCESS]));
}

static void old_snapshot_waits_for_workers(void **state) {
	struct wire *wire = *state;
	struct neigh_view *view = wire->workers[0]->neigh;
	struct neigh_snapshot *before;
	uint64_t token;

	neigh_online(view);
	neigh_refresh(view);
	before = neigh_publish(&wire->board, neigh_snapshot_create(1004, NULL, 0, NULL, 0), &token);
	assert_false(neigh_is_quiet(&wire->board, token));
	neigh_refresh(view);
	assert_true(neigh_is_quiet(&wire->board, token));
	neigh_snapshot_free(before);
	neigh_offline(view);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_open_one, wire_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(longest_prefix_wins),
		TEST(prefix_ends_within_a_byte),
		TEST(lower_metric_wins),
		TEST(many_neighbours_are_found),
		TEST(cache_does_not_outlive_its_snapshot),
		TEST(use_is_marked_again_after_a_second),
		TEST(old_snapshot_waits_for_workers),
	};

	return cmocka_run_group_tests_name("dataplane/neigh", tests, wire_eal, NULL);
}
