// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include <stdio.h>

#define NOTHING COUNT_COUNT

// What becomes of a frame: it is handled, counted as dropped, or the kernel's.
struct row {
	const char *what;
	struct frame_spec frame;
	enum input_kind kind;
	enum count reason;
};

static const struct row rows[] = {
	{"good", {0}, INPUT_DATAGRAM, NOTHING},
	{"no UDP checksum", {.no_udp_checksum = true}, INPUT_DATAGRAM, NOTHING},
	{"priority tag", {.is_tagged = true}, INPUT_DATAGRAM, NOTHING},
	{"VLAN", {.vlan = 100, .to = "198.18.0.1:5060"}, INPUT_DATAGRAM, NOTHING},
	{"address of another VLAN", {.vlan = 100}, INPUT_KERNEL, NOTHING},
	{"VLAN address untagged", {.to = "198.18.0.1:5060"}, INPUT_KERNEL, NOTHING},
	{"two tags", {.is_tagged = true, .type = 0x8100}, INPUT_DROP, COUNT_DROP_ETHER},
	{"tag cut", {.vlan = 100, .cut = 36}, INPUT_DROP, COUNT_DROP_ETHER},
	{"Ethernet cut", {.cut = 34}, INPUT_DROP, COUNT_DROP_ETHER},
	{"Ethernet alone", {.cut = 33}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"ARP", {.type = 0x0806}, INPUT_KERNEL, NOTHING},
	{"IPv4 said to be IPv6", {.type = 0x86dd}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"other MAC", {.other_mac = true}, INPUT_KERNEL, NOTHING},
	{"options", {.options = 40}, INPUT_DATAGRAM, NOTHING},
	{"options cut", {.options = 40, .cut = 30}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"padding", {.payload = "", .padding = 18}, INPUT_DATAGRAM, NOTHING},
	{"version 5", {.version_ihl = 0x55}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"header of 16 bytes", {.version_ihl = 0x44}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"IP length beyond frame", {.total_len_off = 1}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"IP length below header", {.total_len_off = -14}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"IP checksum", {.bad_ip_checksum = true}, INPUT_DROP, COUNT_DROP_IP_CHECKSUM},
	{"UDP header cut by IP length", {.total_len_off = -6}, INPUT_DROP, COUNT_DROP_UDP_LENGTH},
	{"UDP length beyond IP", {.udp_len_off = 1}, INPUT_DROP, COUNT_DROP_UDP_LENGTH},
	{"UDP length below header", {.udp_len_off = -6}, INPUT_DROP, COUNT_DROP_UDP_LENGTH},
	{"UDP length short of IP", {.udp_len_off = -2, .no_udp_checksum = true}, INPUT_DATAGRAM, NOTHING},
	{"UDP checksum", {.bad_udp_checksum = true}, INPUT_DROP, COUNT_DROP_UDP_CHECKSUM},
	{"first fragment", {.fragment = 0x2000}, INPUT_FRAGMENT, NOTHING},
	{"first fragment for another UDP port", {.fragment = 0x2000, .to = "192.0.2.1:5061"}, INPUT_FRAGMENT, NOTHING},
	{"first fragment without a UDP header", {.fragment = 0x2000, .total_len_off = -6}, INPUT_FRAGMENT, NOTHING},
	{"fragment in the middle", {.fragment = 0x2010}, INPUT_FRAGMENT, NOTHING},
	{"last fragment", {.fragment = 0x0010}, INPUT_FRAGMENT, NOTHING},
	{"don't fragment", {.fragment = 0x4000}, INPUT_DATAGRAM, NOTHING},
	{"fragment for another", {.fragment = 0x2000, .to = "192.0.2.2:5060"}, INPUT_KERNEL, NOTHING},
	{"fragment of TCP", {.fragment = 0x2000, .protocol = 6}, INPUT_KERNEL, NOTHING},
	{"TCP", {.protocol = 6}, INPUT_KERNEL, NOTHING},
	{"ICMP", {.protocol = 1}, INPUT_KERNEL, NOTHING},
	{"other UDP port", {.to = "192.0.2.1:5061"}, INPUT_KERNEL, NOTHING},
	{"other address", {.to = "192.0.2.2:5060"}, INPUT_KERNEL, NOTHING},
	{"address of the other port", {.to = "198.51.100.1:5060"}, INPUT_KERNEL, NOTHING},
	{"multicast source", {.from = "224.0.0.1:5060"}, INPUT_KERNEL, NOTHING},
	{"loopback source", {.from = "127.0.0.1:5060"}, INPUT_KERNEL, NOTHING},
	{"IPv6", {.is_v6 = true}, INPUT_DATAGRAM, NOTHING},
	{"IPv6, padding", {.is_v6 = true, .padding = 5}, INPUT_DATAGRAM, NOTHING},
	{"IPv6, no UDP checksum", {.is_v6 = true, .no_udp_checksum = true}, INPUT_DROP, COUNT_DROP_UDP_CHECKSUM},
	{"IPv6, UDP checksum", {.is_v6 = true, .bad_udp_checksum = true}, INPUT_DROP, COUNT_DROP_UDP_CHECKSUM},
	{"IPv6, version 4", {.is_v6 = true, .version_ihl = 0x45}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"IPv6, length beyond frame", {.is_v6 = true, .total_len_off = 1}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"IPv6, header cut", {.is_v6 = true, .cut = 14}, INPUT_DROP, COUNT_DROP_IP_HEADER},
	{"IPv6, UDP header cut", {.is_v6 = true, .total_len_off = -6}, INPUT_DROP, COUNT_DROP_UDP_LENGTH},
	{"IPv6, UDP length beyond IP", {.is_v6 = true, .udp_len_off = 1}, INPUT_DROP, COUNT_DROP_UDP_LENGTH},
	{"IPv6, other UDP port", {.is_v6 = true, .to = "[2001:db8:a::1]:5061"}, INPUT_KERNEL, NOTHING},
	{"IPv6, other address", {.is_v6 = true, .to = "[2001:db8:a::2]:5060"}, INPUT_KERNEL, NOTHING},
	{"IPv6, VLAN without it", {.is_v6 = true, .vlan = 100}, INPUT_KERNEL, NOTHING},
	{"IPv6, TCP", {.is_v6 = true, .protocol = 6}, INPUT_KERNEL, NOTHING},
	{"IPv6, neighbour discovery", {.is_v6 = true, .protocol = 58}, INPUT_KERNEL, NOTHING},
	{"IPv6, destination options", {.is_v6 = true, .protocol = 60}, INPUT_KERNEL, NOTHING},
	{"IPv6, multicast source", {.is_v6 = true, .from = "[ff02::1]:5060"}, INPUT_KERNEL, NOTHING},
	{"IPv6, no source", {.is_v6 = true, .from = "[::]:5060"}, INPUT_KERNEL, NOTHING},
	{"IPv6, loopback source", {.is_v6 = true, .from = "[::1]:5060"}, INPUT_KERNEL, NOTHING},
	{"IPv6, IPv4 in disguise", {.is_v6 = true, .from = "[::ffff:192.0.2.10]:5060"}, INPUT_KERNEL, NOTHING},
	{"IPv6, first fragment", {.is_v6 = true, .fragment = 1}, INPUT_FRAGMENT, NOTHING},
	{"IPv6, last fragment", {.is_v6 = true, .fragment = 64}, INPUT_FRAGMENT, NOTHING},
	{"IPv6, fragment for another",
	 {.is_v6 = true, .fragment = 1, .to = "[2001:db8:a::2]:5060"},
	 INPUT_KERNEL,
	 NOTHING},
	{"IPv6, fragment of TCP", {.is_v6 = true, .fragment = 1, .protocol = 6}, INPUT_KERNEL, NOTHING},
	{"IPv6, fragment header cut", {.is_v6 = true, .fragment = 1, .total_len_off = -14}, INPUT_KERNEL, NOTHING},
};

static struct input_verdict judge(struct wire *wire, const struct frame_spec *spec, struct rte_mbuf **ret_m) {
	struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_build(spec, frame);

	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	*ret_m = m;
	return input_peek_frame(&wire->input, &wire->ports[0], 0, m, 77);
}

static void every_frame_is_judged(void **state) {
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rte_mbuf *m;
		struct input_verdict verdict = judge(*state, &rows[i].frame, &m);

		if (verdict.kind != rows[i].kind || (verdict.kind == INPUT_DROP && verdict.reason != rows[i].reason))
			fail_msg("%s: kind %u, reason %s", rows[i].what, verdict.kind, count_name(verdict.reason));
		rte_pktmbuf_free(m);
	}
}

static void datagram_is_cut_to_its_payload(void **state) {
	struct frame_spec spec = {
		.payload = "INVITE", .vlan = 100, .to = "198.18.0.1:5060", .options = 8, .padding = 3};
	struct endpoint from = endpoint_of("192.0.2.10:5070");
	const struct packet *packet;
	struct rte_mbuf *m;

	assert_int_equal(judge(*state, &spec, &m).kind, INPUT_DATAGRAM);
	packet = packet_of(m);
	assert_int_equal(m->data_len, 6);
	assert_int_equal(m->pkt_len, 6);
	assert_memory_equal(rte_pktmbuf_mtod(m, char *), "INVITE", 6);
	assert_true(endpoint_eq(&packet->src, &from));
	assert_int_equal(packet->vlan, 100);
	assert_int_equal(packet->listener, TAGGED);
	assert_int_equal(packet->rx_tsc, 77);
	assert_int_equal(packet->kind, PACKET_DATAGRAM);
	rte_pktmbuf_free(m);
}

static void ipv6_datagram_is_cut_to_its_payload(void **state) {
	struct frame_spec spec = {.is_v6 = true, .payload = "INVITE", .padding = 3};
	struct endpoint from = endpoint_of("[2001:db8:a::10]:5070");
	struct rte_mbuf *m;

	assert_int_equal(judge(*state, &spec, &m).kind, INPUT_DATAGRAM);
	assert_int_equal(m->pkt_len, 6);
	assert_memory_equal(rte_pktmbuf_mtod(m, char *), "INVITE", 6);
	assert_true(endpoint_eq(&packet_of(m)->src, &from));
	assert_int_equal(packet_of(m)->listener, ACCESS6);
	rte_pktmbuf_free(m);
}

// Every prefix of a good frame, in memory that ends there.
static void no_prefix_of_it_is_read_past_its_end(struct wire *wire, const struct frame_spec *spec) {
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_build(spec, frame);

	for (uint32_t cut = 0; cut < len; cut++) {
		struct guarded guarded = guarded_end(frame, cut);
		struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);
		void *own = m->buf_addr;

		m->buf_addr = guarded.ptr;
		m->data_off = 0;
		m->data_len = (uint16_t)cut;
		m->pkt_len = cut;
		assert_int_equal(input_peek_frame(&wire->input, &wire->ports[0], 0, m, 1).kind, INPUT_DROP);
		m->buf_addr = own;
		rte_pktmbuf_free(m);
		guarded_free(&guarded);
	}
}

static void no_prefix_is_read_past_its_end(void **state) {
	no_prefix_of_it_is_read_past_its_end(
		*state, &(struct frame_spec){.options = 12, .vlan = 100, .to = "198.18.0.1:5060"}
	);
	no_prefix_of_it_is_read_past_its_end(*state, &(struct frame_spec){.is_v6 = true});
	no_prefix_of_it_is_read_past_its_end(*state, &(struct frame_spec){.is_v6 = true, .fragment = 1});
}

// A checksum the port found good is not computed again; one it found bad, or did not look at, is.
static void good_checksums_of_the_port_are_believed(void **state) {
	struct frame_spec spec = {.bad_ip_checksum = true, .bad_udp_checksum = true};
	struct wire *wire = *state;
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_build(&spec, frame);
	const uint64_t flags[] = {
		0, RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD};
	const uint16_t reasons[] = {COUNT_DROP_IP_CHECKSUM, COUNT_DROP_UDP_CHECKSUM, 0};

	wire->ports[0].checksum_rx = true;
	for (uint32_t i = 0; i < ARRAY_LEN(flags); i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);

		memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
		m->ol_flags |= flags[i];
		assert_int_equal(input_peek_frame(&wire->input, &wire->ports[0], 0, m, 1).reason, reasons[i]);
		rte_pktmbuf_free(m);
	}
}

static void segments_are_joined(void **state) {
	struct wire *wire = *state;
	struct rte_mbuf *head = rte_pktmbuf_alloc(wire->packets), *tail = rte_pktmbuf_alloc(wire->packets);
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_build(&(struct frame_spec){0}, frame);

	memcpy(rte_pktmbuf_append(head, 20), frame, 20);
	memcpy(rte_pktmbuf_append(tail, (uint16_t)(len - 20)), frame + 20, len - 20);
	assert_int_equal(rte_pktmbuf_chain(head, tail), 0);
	assert_int_equal(input_peek_frame(&wire->input, &wire->ports[0], 0, head, 1).kind, INPUT_DATAGRAM);
	assert_int_equal(head->nb_segs, 1);
	rte_pktmbuf_free(head);
}

static void worker_counts_what_it_drops(void **state) {
	struct wire *wire = *state;

	wire_send(wire, 0, 0, &(struct frame_spec){.bad_udp_checksum = true});
	wire_send(wire, 0, 0, &(struct frame_spec){.type = 0x0806});
	wire_send(wire, 0, 0, &(struct frame_spec){.payload = "one"});
	wire_turn(wire, 0);
	assert_int_equal(count_of(wire, 0, COUNT_RX_PACKETS), 3);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_UDP_CHECKSUM), 1);
	assert_int_equal(count_of(wire, 0, COUNT_RX_EXCEPTION), 1);
	assert_int_equal(count_of(wire, 0, COUNT_RX_SIP), 1);
	assert_string_equal(wire->seen[0].last, "one");
	wire_expect(wire, 0, 0, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_open_one, wire_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(every_frame_is_judged),
		TEST(datagram_is_cut_to_its_payload),
		TEST(ipv6_datagram_is_cut_to_its_payload),
		TEST(no_prefix_is_read_past_its_end),
		TEST(good_checksums_of_the_port_are_believed),
		TEST(segments_are_joined),
		TEST(worker_counts_what_it_drops),
	};

	return cmocka_run_group_tests_name("dataplane/input", tests, wire_eal, NULL);
}
