// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include <stdio.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

static void send_to(struct wire *wire, const char *payload, const char *to) {
	struct endpoint endpoint = endpoint_of(to);

	output_datagram(wire->workers[0], wire_datagram(wire, 0, payload), ACCESS, &endpoint);
}

// Takes the events off; returns their number, the last in *ret_event.
static uint32_t events_take(struct wire *wire, struct event *ret_event) {
	uint32_t count = 0;

	while (rte_ring_dequeue_elem(wire->workers[0]->events, ret_event, sizeof(*ret_event)) == 0)
		count++;
	return count;
}

static int open_unresolved(void **state) {
	int rc = wire_open_one(state);

	wire_neighbours(*state, false);
	wire_turn(*state, 0);
	return rc;
}

static void packet_waits_and_is_sent_when_resolved(void **state) {
	struct ip_addr next = endpoint_of("192.0.2.10").addr;
	struct event event;
	struct rte_mbuf *m;

	send_to(*state, "first", "192.0.2.10:5060");
	send_to(*state, "second", "192.0.2.10:5060");
	wire_turn(*state, 0);
	wire_expect(*state, 0, 0, 0);
	assert_int_equal(((struct wire *)*state)->workers[0]->gauges.packets_pending, 2);
	assert_int_equal(events_take(*state, &event), 1);
	assert_int_equal(event.kind, EVENT_RESOLVE);
	assert_int_equal(event.interface, ACCESS);
	assert_true(ip_eq(&event.peer.addr, &next));

	wire_neighbours(*state, true);
	wire_turn(*state, 0);
	m = wire_take(*state, 0, 0);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, char *, 42), "first", 5);
	rte_pktmbuf_free(m);
	wire_expect(*state, 0, 0, 1);
	assert_int_equal(((struct wire *)*state)->workers[0]->gauges.packets_pending, 0);
	assert_int_equal(count_of(*state, 0, COUNT_TX_SIP), 2);
}

static void packets_of_one_gateway_ask_once(void **state) {
	struct ip_addr next = endpoint_of("192.0.2.10").addr;
	struct event event;

	send_to(*state, "a", "203.0.113.5:5060");
	send_to(*state, "b", "203.0.113.6:5060");
	send_to(*state, "c", "192.0.2.10:5060");
	assert_int_equal(events_take(*state, &event), 1);
	assert_true(ip_eq(&event.peer.addr, &next));
	wire_neighbours(*state, true);
	wire_turn(*state, 0);
	wire_expect(*state, 0, 0, 3);
}

static void next_hop_is_asked_again_each_second(void **state) {
	struct event event;

	send_to(*state, "a", "192.0.2.10:5060");
	for (uint32_t i = 0; i < 5; i++) {
		wire_wait(*state, 0, 500);
		wire_turn(*state, 0);
	}
	assert_int_equal(events_take(*state, &event), 3); // at 0, 1 and 2 s
}

static void silent_next_hop_is_given_up(void **state) {
	send_to(*state, "a", "192.0.2.10:5060");
	wire_turn(*state, 0);
	wire_wait(*state, 0, PENDING_WAIT_MS - 2);
	wire_turn(*state, 0);
	assert_int_equal(count_of(*state, 0, COUNT_DROP_NO_NEIGHBOUR), 0);
	wire_wait(*state, 0, 2);
	wire_turn(*state, 0);
	assert_int_equal(count_of(*state, 0, COUNT_DROP_NO_NEIGHBOUR), 1);
	wire_neighbours(*state, true);
	wire_turn(*state, 0);
	wire_expect(*state, 0, 0, 0);
}

static void what_no_route_leads_to_is_lost_in_the_next_turn(void **state) {
	struct endpoint to = endpoint_of("8.8.8.8:5060");
	struct wire *wire = *state;

	send_to(wire, "a", "8.8.8.8:5060");
	send_to(wire, "b", "8.8.8.8:5060");
	assert_int_equal(wire->seen[0].lost, 0);
	wire_turn(wire, 0);
	assert_int_equal(wire->seen[0].lost, 2);
	assert_true(endpoint_eq(&wire->seen[0].whom, &to));
	assert_int_equal(count_of(wire, 0, COUNT_DROP_NO_ROUTE), 2);
	assert_int_equal(wire->workers[0]->pending->count, 0);
}

static void one_next_hop_holds_no_more_than_its_share(void **state) {
	for (uint32_t i = 0; i < PENDING_PER_HOP + 3; i++)
		send_to(*state, "a", "192.0.2.10:5060");
	assert_int_equal(count_of(*state, 0, COUNT_DROP_PENDING_FULL), 3);
}

static void send_to_each(struct wire *wire, uint32_t hops, uint32_t datagrams) {
	for (uint32_t i = 0; i < hops; i++) {
		char to[ENDPOINT_TEXT_MAX];

		snprintf(to, sizeof(to), "192.0.2.%u:5060", 100 + i);
		for (uint32_t k = 0; k < datagrams; k++)
			send_to(wire, "a", to);
	}
}

static void no_more_next_hops_than_the_bound(void **state) {
	send_to_each(*state, PENDING_HOPS + 10, 2);
	assert_int_equal(((struct wire *)*state)->workers[0]->pending->count, PENDING_HOPS * 2);
	assert_int_equal(count_of(*state, 0, COUNT_DROP_PENDING_FULL), 10 * 2);
}

static void all_next_hops_hold_no_more_than_the_bound(void **state) {
	uint32_t datagrams = PENDING_MAX / PENDING_HOPS + 4;

	send_to_each(*state, PENDING_HOPS, datagrams);
	assert_int_equal(((struct wire *)*state)->workers[0]->pending->count, PENDING_MAX);
	assert_int_equal(count_of(*state, 0, COUNT_DROP_PENDING_FULL), PENDING_HOPS * datagrams - PENDING_MAX);
}

// The slots of what was given up, or sent, take the next.
static void room_is_used_again(void **state) {
	struct wire *wire = *state;

	for (uint32_t round = 1; round <= 3; round++) {
		send_to_each(wire, 8, PENDING_MAX / 8);
		assert_int_equal(wire->workers[0]->pending->count, PENDING_MAX);
		wire_wait(wire, 0, PENDING_WAIT_MS);
		wire_turn(wire, 0);
		assert_int_equal(wire->workers[0]->pending->count, 0);
		assert_int_equal(count_of(wire, 0, COUNT_DROP_NO_NEIGHBOUR), round * PENDING_MAX);
	}
	assert_int_equal(count_of(wire, 0, COUNT_DROP_PENDING_FULL), 0);
}

static void many_are_sent_over_several_turns_in_their_order(void **state) {
	struct wire *wire = *state;
	char payload[8];

	for (uint32_t i = 0; i < 150; i++) {
		snprintf(payload, sizeof(payload), "%03u", i);
		send_to(wire, payload, "192.0.2.10:5060");
	}
	wire_neighbours(wire, true);
	for (uint32_t left = 150; left > 0;) {
		uint32_t now = left < PENDING_PER_TURN ? left : PENDING_PER_TURN;

		wire_turn(wire, 0);
		for (uint32_t i = 0; i < now; i++) {
			struct rte_mbuf *m = wire_take(wire, 0, 0);

			snprintf(payload, sizeof(payload), "%03u", 150 - left + i);
			assert_memory_equal(rte_pktmbuf_mtod_offset(m, char *, 42), payload, 3);
			rte_pktmbuf_free(m);
		}
		wire_expect(wire, 0, 0, 0);
		left -= now;
		assert_int_equal(wire->workers[0]->pending->count, left);
	}
	assert_int_equal(count_of(wire, 0, COUNT_DROP_PENDING_FULL), 0);
}

// The next hop went away again before all were sent: the rest is given up in time, and is not sent round and round.
static void rest_waits_when_the_next_hop_is_lost_again(void **state) {
	struct wire *wire = *state;

	for (uint32_t i = 0; i < 100; i++)
		send_to(wire, "a", "192.0.2.10:5060");
	wire_neighbours(wire, true);
	wire_turn(wire, 0);
	wire_expect(wire, 0, 0, PENDING_PER_TURN);
	wire_neighbours(wire, false);
	wire_turn(wire, 0);
	wire_expect(wire, 0, 0, 0);
	assert_int_equal(wire->workers[0]->pending->count, 100 - PENDING_PER_TURN);
	wire_wait(wire, 0, PENDING_WAIT_MS);
	wire_turn(wire, 0);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_NO_NEIGHBOUR), 100 - PENDING_PER_TURN);
}

static void answer_to_a_received_datagram_waits_too(void **state) {
	wire_send(*state, 0, 0, &(struct frame_spec){.payload = "ping"});
	wire_turn(*state, 0);
	wire_expect(*state, 0, 0, 0);
	wire_neighbours(*state, true);
	wire_turn(*state, 0);
	wire_expect(*state, 0, 0, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_unresolved, wire_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(packet_waits_and_is_sent_when_resolved),
		TEST(packets_of_one_gateway_ask_once),
		TEST(next_hop_is_asked_again_each_second),
		TEST(silent_next_hop_is_given_up),
		TEST(what_no_route_leads_to_is_lost_in_the_next_turn),
		TEST(one_next_hop_holds_no_more_than_its_share),
		TEST(no_more_next_hops_than_the_bound),
		TEST(all_next_hops_hold_no_more_than_the_bound),
		TEST(room_is_used_again),
		TEST(many_are_sent_over_several_turns_in_their_order),
		TEST(rest_waits_when_the_next_hop_is_lost_again),
		TEST(answer_to_a_received_datagram_waits_too),
	};

	return cmocka_run_group_tests_name("dataplane/pending", tests, wire_eal, NULL);
}
