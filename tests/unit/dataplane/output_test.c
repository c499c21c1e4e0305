// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include <rte_ip.h>
#include <rte_udp.h>

static const uint8_t golden[] = {
	0x02, 0x00, 0x00, 0x00, 0x0a, 0x0a, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, // to .10's MAC
	0x45, 0x00, 0x00, 0x1e, 0x00, 0x00, 0x00, 0x00, 0x40, 0x11, 0xf6, 0xc3,		    // 30 bytes, TTL 64
	0xc0, 0x00, 0x02, 0x01, 0xc0, 0x00, 0x02, 0x0a,					    // 192.0.2.1 to .10
	0x13, 0xc4, 0x13, 0xce, 0x00, 0x0a, 0xeb, 0xd2,					    // 5060 to 5070
	'h',  'i',
};

static void send_to(struct wire *wire, struct rte_mbuf *m, uint8_t listener, const char *to) {
	struct endpoint endpoint = endpoint_of(to);

	output_datagram(wire->workers[0], m, listener, &endpoint);
	tx_flush(wire->workers[0]);
}

static void frame_is_as_the_standards_say(void **state) {
	struct rte_mbuf *m;

	send_to(*state, wire_datagram(*state, 0, "hi"), ACCESS, "192.0.2.10:5070");
	m = wire_take(*state, 0, 0);
	assert_non_null(m);
	assert_int_equal(m->data_len, sizeof(golden));
	assert_int_equal(m->pkt_len, sizeof(golden));
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), golden, sizeof(golden));
	rte_pktmbuf_free(m);
	assert_int_equal(count_of(*state, 0, COUNT_TX_SIP), 1);
	assert_int_equal(count_of(*state, 0, COUNT_TX_PACKETS), 1);
	assert_int_equal(count_of(*state, 0, COUNT_TX_BYTES), sizeof(golden));
}

static void vlan_is_tagged(void **state) {
	static const uint8_t tag[] = {0x81, 0x00, 0x00, 100, 0x08, 0x00, 0x45};
	struct rte_mbuf *m;

	send_to(*state, wire_datagram(*state, 0, "hi"), TAGGED, "198.18.0.10:5070");
	m = wire_take(*state, 0, 0);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 12), tag, sizeof(tag));
	rte_pktmbuf_free(m);
}

static void gateway_gets_the_frame(void **state) {
	struct rte_mbuf *m;

	send_to(*state, wire_datagram(*state, 0, "hi"), ACCESS, "203.0.113.9:5060");
	m = wire_take(*state, 0, 0);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), golden, 6);
	rte_pktmbuf_free(m);
}

// What we send is what we take: each length, odd ones too.
static void own_frames_pass_the_input_checks(void **state) {
	struct wire *wire = *state;
	struct input input = {0};

	// Seen from the other end, the listener is who we send to.
	wire->cfg.listeners[ACCESS].local = endpoint_of("192.0.2.10:5070");
	input_init(&input, &wire->cfg);
	wire->cfg.listeners[ACCESS].local = endpoint_of("192.0.2.1:5060");
	memcpy(wire->ports[1].mac, golden, 6);
	for (uint16_t len = 0; len <= 1472; len++) {
		struct rte_mbuf *m = wire_datagram(wire, 0, "");

		memset(rte_pktmbuf_append(m, len), 'a' + len % 20, len);
		send_to(wire, m, ACCESS, "192.0.2.10:5070");
		m = wire_take(wire, 0, 0);
		assert_int_equal(input_peek_frame(&input, &wire->ports[1], 0, m, 1).kind, INPUT_DATAGRAM);
		assert_int_equal(m->data_len, len);
		rte_pktmbuf_free(m);
	}
}

static const uint8_t golden_v6[] = {
	0x02, 0x00, 0x00, 0x00, 0x0a, 0x0d, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x86, 0xdd, // to ::10's MAC
	0x60, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x11, 0x40,					    // 10 bytes, hop limit 64
	0x20, 0x01, 0x0d, 0xb8, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x10, 0x13, 0xc4, 0x13, 0xce, 0x00, 0x0a, 0x14, 0x48, // 5060 to 5070
	'h',  'i',
};

static void ipv6_frame_is_as_the_standards_say(void **state) {
	struct rte_mbuf *m;

	send_to(*state, wire_datagram(*state, 0, "hi"), ACCESS6, "[2001:db8:a::10]:5070");
	m = wire_take(*state, 0, 0);
	assert_non_null(m);
	assert_int_equal(m->data_len, sizeof(golden_v6));
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), golden_v6, sizeof(golden_v6));
	rte_pktmbuf_free(m);
}

static void ipv6_offload_leaves_the_pseudo_header_sum(void **state) {
	struct wire *wire = *state;
	struct rte_mbuf *m;
	struct rte_ipv6_hdr *ip;
	struct rte_udp_hdr *udp;

	wire->ports[0].checksum_tx = true;
	send_to(wire, wire_datagram(wire, 0, "hi"), ACCESS6, "[2001:db8:a::10]:5070");
	m = wire_take(wire, 0, 0);
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, 14);
	udp = (struct rte_udp_hdr *)(ip + 1);
	assert_int_equal(udp->dgram_cksum, rte_ipv6_phdr_cksum(ip, m->ol_flags));
	assert_int_equal(m->l3_len, 40);
	assert_true(m->ol_flags & RTE_MBUF_F_TX_IPV6);
	assert_true(m->ol_flags & RTE_MBUF_F_TX_UDP_CKSUM);
	rte_pktmbuf_free(m);
}

static struct rte_mbuf *long_datagram(struct wire *wire, uint16_t len) {
	struct rte_mbuf *m = wire_datagram(wire, 0, "");
	char *at = rte_pktmbuf_append(m, len);

	assert_non_null(at);
	for (uint16_t i = 0; i < len; i++)
		at[i] = (char)('a' + i % 23);
	return m;
}

// Each frame within the MTU, the pieces whole units, and what they make the datagram that was sent.
static void larger_than_the_mtu_is_cut(void **state) {
	static const struct {
		uint8_t listener;
		const char *to;
		uint16_t len, frames;
	} rows[] = {
		{ACCESS, "192.0.2.10:5070", 1472, 1},
		{ACCESS, "192.0.2.10:5070", 1473, 2},
		{ACCESS, "192.0.2.10:5070", 2952, 2},
		{ACCESS, "192.0.2.10:5070", 2953, 3},
		{TAGGED, "198.18.0.10:5070", 4000, 3},
		{ACCESS6, "[2001:db8:a::10]:5070", 1452, 1},
		{ACCESS6, "[2001:db8:a::10]:5070", 1453, 2},
		{ACCESS6, "[2001:db8:a::10]:5070", 4000, 3},
	};
	struct wire *wire = *state;

	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t offset = rows[i].listener == TAGGED ? 18 : 14, ip_len = rows[i].listener == ACCESS6 ? 48 : 20;
		uint32_t total = 0;
		struct rte_mbuf *m;
		uint16_t frames;

		send_to(wire, long_datagram(wire, rows[i].len), rows[i].listener, rows[i].to);
		for (frames = 0; (m = wire_take(wire, 0, 0)) != NULL; frames++) {
			assert_true(m->data_len <= offset + 1500);
			if (rows[i].frames > 1)
				total += m->data_len - offset - ip_len;
			rte_pktmbuf_free(m);
		}
		assert_int_equal(frames, rows[i].frames);
		if (frames > 1)
			assert_int_equal(total, rows[i].len + 8);
	}
	assert_int_equal(count_of(wire, 0, COUNT_TX_FRAGMENTED), 6);
	assert_int_equal(count_of(wire, 0, COUNT_TX_SIP), ARRAY_LEN(rows));
}

// An edit may have used up the room in front.
static void payload_moves_back_for_the_headers(void **state) {
	struct rte_mbuf *m = wire_datagram(*state, 0, "hi");
	char *front = rte_pktmbuf_prepend(m, rte_pktmbuf_headroom(m));

	memset(front, 'x', m->data_len);
	send_to(*state, m, ACCESS, "192.0.2.10:5070");
	m = wire_take(*state, 0, 0);
	assert_int_equal(m->data_len, 42 + RTE_PKTMBUF_HEADROOM + 2);
	assert_int_equal(*rte_pktmbuf_mtod_offset(m, char *, m->data_len - 1), 'x');
	assert_int_equal(*rte_pktmbuf_mtod_offset(m, char *, 42), 'x');
	rte_pktmbuf_free(m);
}

// An edit leaves the payload where it ends up, at an odd address too.
static void payload_may_start_anywhere(void **state) {
	static const uint8_t tag[] = {0x81, 0x00, 0x00, 100, 0x08, 0x00, 0x45};
	struct rte_mbuf *m;

	for (uint16_t shift = 0; shift < 4; shift++) {
		m = wire_datagram(*state, 0, "---hi");
		rte_pktmbuf_adj(m, 3);
		m->data_off = (uint16_t)(m->data_off - shift);
		memcpy(rte_pktmbuf_mtod(m, char *), "hi", 2);
		((struct wire *)*state)->workers[0]->tx->ip_id = 0;
		send_to(*state, m, ACCESS, "192.0.2.10:5070");
		m = wire_take(*state, 0, 0);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), golden, sizeof(golden));
		rte_pktmbuf_free(m);
		m = wire_datagram(*state, 0, "hi");
		m->data_off = (uint16_t)(m->data_off + shift);
		send_to(*state, m, TAGGED, "198.18.0.10:5070");
		m = wire_take(*state, 0, 0);
		assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 12), tag, sizeof(tag));
		rte_pktmbuf_free(m);
	}
}

static uint16_t reject_all_but_even(void *queue, struct rte_mbuf **frames, uint16_t count) {
	(void)queue;
	for (uint16_t i = 0; i < count; i++) {
		if (*rte_pktmbuf_mtod_offset(frames[i], char *, 42) % 2)
			return i;
	}
	return count;
}

static void frame_the_driver_rejects_takes_no_other_along(void **state) {
	static const char payloads[] = "1023345678";
	struct wire *wire = *state;
	struct endpoint to = endpoint_of("192.0.2.10:5070");

	wire->ports[0].checksum_tx = true;
	rte_eth_fp_ops[wire->ports[0].dev].tx_pkt_prepare = reject_all_but_even;
	for (uint32_t i = 0; i < sizeof(payloads) - 1; i++)
		output_datagram(wire->workers[0], wire_datagram(wire, 0, (char[]){payloads[i], 0}), ACCESS, &to);
	tx_flush(wire->workers[0]);
	for (const char *even = "02468"; *even; even++) {
		struct rte_mbuf *m = wire_take(wire, 0, 0);

		assert_non_null(m);
		assert_int_equal(*rte_pktmbuf_mtod_offset(m, char *, 42), *even);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(count_of(wire, 0, COUNT_TX_PACKETS), 5);
	assert_int_equal(count_of(wire, 0, COUNT_TX_BYTES), 5 * 43);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_TX_REJECTED), 5);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_TX_FULL), 0);
}

static void offload_leaves_the_pseudo_header_sum(void **state) {
	struct wire *wire = *state;
	struct rte_mbuf *m;
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;

	wire->ports[0].checksum_tx = true;
	m = wire_datagram(wire, 0, "hi");
	send_to(wire, m, ACCESS, "192.0.2.10:5070");
	m = wire_take(wire, 0, 0);
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);
	udp = (struct rte_udp_hdr *)(ip + 1);
	assert_int_equal(ip->hdr_checksum, 0);
	assert_int_equal(udp->dgram_cksum, rte_ipv4_phdr_cksum(ip, m->ol_flags));
	assert_int_equal(m->l2_len, 14);
	assert_int_equal(m->l3_len, 20);
	assert_true(m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM);
	assert_true(m->ol_flags & RTE_MBUF_F_TX_UDP_CKSUM);
	rte_pktmbuf_free(m);
}

static void no_route_is_counted(void **state) {
	static const char *const unreachable[] = {"8.8.8.8:5060", "10.1.2.3:5060", "[2001:db8:b::1]:5060"};

	for (uint32_t i = 0; i < ARRAY_LEN(unreachable); i++) {
		struct endpoint to = endpoint_of(unreachable[i]);

		assert_int_equal(output_interface(((struct wire *)*state)->workers[0], &to.addr), -1);
		send_to(*state, wire_datagram(*state, 0, "hi"), ACCESS, unreachable[i]);
		assert_int_equal(count_of(*state, 0, COUNT_DROP_NO_ROUTE), i + 1);
	}
}

static void interface_is_where_the_route_leaves(void **state) {
	struct endpoint core = endpoint_of("198.51.100.77"), tagged = endpoint_of("198.18.0.77");

	assert_int_equal(output_interface(((struct wire *)*state)->workers[0], &core.addr), CORE);
	assert_int_equal(output_interface(((struct wire *)*state)->workers[0], &tagged.addr), TAGGED);
}

// The ring of the port takes 1,023 frames.
static void full_port_drops_and_counts(void **state) {
	struct endpoint to = endpoint_of("192.0.2.10:5070");
	struct wire *wire = *state;

	for (uint32_t i = 0; i < 1100; i++)
		output_datagram(wire->workers[0], wire_datagram(wire, 0, "hi"), ACCESS, &to);
	tx_flush(wire->workers[0]);
	assert_int_equal(count_of(wire, 0, COUNT_TX_PACKETS), 1023);
	assert_int_equal(count_of(wire, 0, COUNT_TX_BYTES), 1023 * sizeof(golden));
	assert_int_equal(count_of(wire, 0, COUNT_DROP_TX_FULL), 77);
	wire_expect(wire, 0, 0, 1023);
}

static void empty_pool_is_counted(void **state) {
	struct wire *wire = *state;
	static struct rte_mbuf *all[WIRE_BUFFERS];

	assert_int_equal(rte_pktmbuf_alloc_bulk(wire->packets, all, wire->buffers), 0);
	assert_null(output_alloc(wire->workers[0]));
	assert_int_equal(count_of(wire, 0, COUNT_DROP_NO_BUFFER), 1);
	rte_pktmbuf_free_bulk(all, wire->buffers);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_open_one, wire_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(frame_is_as_the_standards_say),
		TEST(vlan_is_tagged),
		TEST(gateway_gets_the_frame),
		TEST(own_frames_pass_the_input_checks),
		TEST(ipv6_frame_is_as_the_standards_say),
		TEST(ipv6_offload_leaves_the_pseudo_header_sum),
		TEST(larger_than_the_mtu_is_cut),
		TEST(payload_moves_back_for_the_headers),
		TEST(payload_may_start_anywhere),
		TEST(frame_the_driver_rejects_takes_no_other_along),
		TEST(offload_leaves_the_pseudo_header_sum),
		TEST(no_route_is_counted),
		TEST(interface_is_where_the_route_leaves),
		TEST(full_port_drops_and_counts),
		TEST(empty_pool_is_counted),
	};

	return cmocka_run_group_tests_name("dataplane/output", tests, wire_eal, NULL);
}
