// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include <rte_ip.h>
#include <rte_ring.h>

#include "dataplane/fragments.h"
#include "dataplane/guard.h"

#define LEN 4000 // of the payload

// A UDP datagram from a host, whole and with its checksum, and how to cut it.
struct sender {
	const char *from;
	bool is_v6;
	uint16_t vlan;
	uint16_t id;
};

static const struct sender v4 = {.from = "192.0.2.10:5070"}, v6 = {.from = "[2001:db8:a::10]:5070", .is_v6 = true};
static char payload[LEN + 1];
static uint8_t frame[LEN + 256];
static uint32_t ip_at, ip_len;

static int payload_fill(void **state) {
	for (uint32_t i = 0; i < LEN; i++)
		payload[i] = (char)('a' + i % 23);
	payload[0] = '0';
	return wire_eal(state);
}

static void whole_build(const struct sender *sender) {
	static uint8_t large[FRAME_MAX];
	struct frame_spec spec = {
		.payload = "0",
		.from = sender->from,
		.is_v6 = sender->is_v6,
		.vlan = sender->vlan,
		.to = sender->vlan ? "198.18.0.1:5060" : NULL,
	};
	struct rte_udp_hdr *udp;
	struct rte_ipv4_hdr *ip;
	struct rte_ipv6_hdr *ip6;

	frame_build(&spec, large);
	ip_at = sender->vlan ? 18 : 14;
	ip_len = sender->is_v6 ? 40 : 20;
	memcpy(frame, large, ip_at + ip_len + 8);
	ip = (struct rte_ipv4_hdr *)(frame + ip_at);
	ip6 = (struct rte_ipv6_hdr *)(frame + ip_at);
	udp = (struct rte_udp_hdr *)(frame + ip_at + ip_len);
	memcpy(udp + 1, payload, LEN);
	udp->dgram_len = rte_cpu_to_be_16(LEN + 8);
	udp->dgram_cksum = 0;
	if (sender->is_v6) {
		ip6->payload_len = rte_cpu_to_be_16(LEN + 8);
		udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip6, udp);
	} else {
		ip->packet_id = rte_cpu_to_be_16(sender->id);
		ip->total_length = rte_cpu_to_be_16(LEN + 28);
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	}
}

static void v4_header(uint8_t *at, const struct sender *sender, uint32_t from, uint32_t len, bool more) {
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)at;

	(void)sender;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(20 + len));
	ip->fragment_offset = rte_cpu_to_be_16((uint16_t)(from / 8 | (more ? RTE_IPV4_HDR_MF_FLAG : 0)));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void v6_header(uint8_t *at, const struct sender *sender, uint32_t from, uint32_t len, bool more) {
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)at;
	struct rte_ipv6_fragment_ext *fragment = (struct rte_ipv6_fragment_ext *)(ip + 1);

	ip->proto = IPPROTO_FRAGMENT;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(8 + len));
	*fragment = (struct rte_ipv6_fragment_ext){
		.next_header = IPPROTO_UDP,
		.frag_data = rte_cpu_to_be_16((uint16_t)(from | more)),
		.id = rte_cpu_to_be_32(sender->id),
	};
}

// Puts bytes [from, to) of the datagram, UDP header included, on the wire; `more`: says that there are more.
static void piece_put(struct wire *wire, const struct sender *sender, uint32_t from, uint32_t to, bool more) {
	struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);
	uint32_t extra = sender->is_v6 ? 8 : 0;
	uint8_t *at = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(ip_at + ip_len + extra + to - from));

	assert_non_null(at);
	memcpy(at, frame, ip_at + ip_len);
	memcpy(at + ip_at + ip_len + extra, frame + ip_at + ip_len + from, to - from);
	memcpy(at, wire->ports[0].mac, 6);
	(sender->is_v6 ? v6_header : v4_header)(at + ip_at, sender, from, to - from, more);
	assert_int_equal(rte_ring_enqueue(wire->in[0][0], m), 0);
}

static void piece_send(struct wire *wire, const struct sender *sender, uint32_t from, uint32_t to) {
	piece_put(wire, sender, from, to, to < LEN + 8);
	wire_turn(wire, 0);
}

static void expect_whole(struct wire *wire, uint32_t count) {
	assert_int_equal(wire->seen[0].datagrams, count);
	if (count > 0)
		assert_string_equal(wire->seen[0].last, payload);
	assert_int_equal(count_of(wire, 0, COUNT_RX_REASSEMBLED), count);
}

static void quiet(struct wire *wire, const struct sender *sender) {
	wire->seen[0].keep_quiet = true;
	whole_build(sender);
}

static void pieces_come_in_any_order(void **state) {
	static const uint16_t cuts[] = {0, 1480, 2960, 3968, LEN + 8};
	static const uint8_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
	static const struct sender tagged = {.from = "198.18.0.10:5070", .vlan = 100};
	const struct sender *const senders[] = {&v4, &v6, &tagged};
	struct wire *wire = *state;
	uint32_t count = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(senders); i++) {
		for (uint32_t k = 0; k < ARRAY_LEN(orders); k++) {
			quiet(wire, senders[i]);
			for (uint32_t n = 0; n < 4; n++) {
				expect_whole(wire, count);
				piece_send(wire, senders[i], cuts[orders[k][n]], cuts[orders[k][n] + 1]);
			}
			expect_whole(wire, ++count);
		}
	}
	assert_int_equal(count_of(wire, 0, COUNT_RX_FRAGMENTS), count * 4);
}

static void what_was_cut_is_like_what_was_not(void **state) {
	struct wire *wire = *state;

	whole_build(&v6);
	piece_send(wire, &v6, 2000, LEN + 8);
	piece_send(wire, &v6, 0, 2000);
	expect_whole(wire, 1);
	wire_expect(wire, 0, 0, 3); // the answer, in fragments too
}

static void repeated_pieces_do_no_harm(void **state) {
	struct wire *wire = *state;

	quiet(wire, &v4);
	piece_send(wire, &v4, 0, 1480);
	piece_send(wire, &v4, 0, 1480);
	piece_send(wire, &v4, 1480, LEN + 8);
	expect_whole(wire, 1);
}

// One that overlaps, or ends elsewhere, takes all of its datagram away (RFC 5722).
static void pieces_that_do_not_fit_are_refused(void **state) {
	static const struct {
		uint16_t from, to;
		bool more;
	} rows[] = {
		{0, 1488, true},     // and 0 to 1480
		{1472, 2960, true},  // into the first
		{0, 8, true},	     // within it
		{2960, 4000, false}, // the end is at 4008
		{4008, 4016, true},  // past the end
		{8, 8, true},	     // empty
		{1480, 1487, true},  // no whole units
	};
	struct wire *wire = *state;

	for (uint16_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sender sender = v4;

		sender.id = i;
		quiet(wire, &sender);
		piece_send(wire, &sender, 0, 1480);
		piece_send(wire, &sender, 2960, LEN + 8);
		piece_put(wire, &sender, rows[i].from, rows[i].to, rows[i].more);
		wire_turn(wire, 0);
		assert_int_equal(count_of(wire, 0, COUNT_DROP_FRAGMENT_BAD), i + 1);
	}
	expect_whole(wire, 0);
	wire_wait(wire, 0, FRAGMENT_WAIT_MS + 1);
	wire_turn(wire, 0);
}

static void too_many_pieces_are_refused(void **state) {
	struct wire *wire = *state;

	quiet(wire, &v4);
	for (uint32_t i = 0; i <= FRAGMENT_PIECES; i++)
		piece_send(wire, &v4, i * 8, i * 8 + 8);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_FRAGMENT_SIZE), 1);
}

static void what_stays_incomplete_is_given_up(void **state) {
	struct wire *wire = *state;

	quiet(wire, &v4);
	piece_send(wire, &v4, 0, 1480);
	wire_wait(wire, 0, FRAGMENT_WAIT_MS - 10);
	wire_turn(wire, 0);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_FRAGMENT_TIMEOUT), 0);
	wire_wait(wire, 0, 20);
	wire_turn(wire, 0);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_FRAGMENT_TIMEOUT), 1);
	piece_send(wire, &v4, 1480, LEN + 8);
	expect_whole(wire, 0);
}

// A flood of first pieces from one host, then from very many: whole messages still pass, and memory is bounded.
static void a_flood_of_pieces_leaves_room_for_others(void **state) {
	struct wire *wire = *state;
	struct sender sender = v4;
	char from[32];

	sender.from = "192.0.2.66:5070";
	for (uint16_t i = 0; i < 3 * FRAGMENTS_OF_SOURCE; i++) {
		sender.id = i;
		quiet(wire, &sender);
		piece_send(wire, &sender, 0, 1480);
	}
	assert_int_equal(count_of(wire, 0, COUNT_DROP_FRAGMENT_FULL), 2 * FRAGMENTS_OF_SOURCE);
	for (uint32_t i = 0; i < 3 * FRAGMENTS_MAX; i++) {
		snprintf(from, sizeof(from), "100.64.%u.%u:5070", i / 250, i % 250 + 1);
		sender.from = from;
		quiet(wire, &sender);
		piece_send(wire, &sender, 0, 1480);
		if (i % 500 == 499) {
			quiet(wire, &v4);
			piece_send(wire, &v4, 1480, LEN + 8);
			piece_send(wire, &v4, 0, 1480);
			expect_whole(wire, i / 500 + 1);
		}
	}
	assert_true(rte_mempool_avail_count(wire->packets) >= wire->buffers - FRAGMENTS_MAX);
}

static void who_is_banned_takes_no_buffer(void **state) {
	struct wire *wire = *state;
	struct ip_addr banned;

	assert_true(ip_parse(STR("192.0.2.10"), &banned));
	assert_true(guard_ban(wire->workers[0]->guard, &banned, 60, 0));
	quiet(wire, &v4);
	piece_send(wire, &v4, 0, 1480);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_SOURCE_BANNED), 1);
	assert_int_equal(rte_mempool_in_use_count(wire->packets), 0);
	quiet(wire, &v6);
	piece_send(wire, &v6, 0, 1480);
	assert_int_equal(rte_mempool_in_use_count(wire->packets), 1);
}

static void no_buffer_is_counted(void **state) {
	static struct rte_mbuf *all[WIRE_BUFFERS];
	struct wire *wire = *state;

	quiet(wire, &v4);
	piece_put(wire, &v4, 0, 1480, true);
	assert_int_equal(rte_pktmbuf_alloc_bulk(wire->packets, all, wire->buffers - 1), 0);
	wire_turn(wire, 0);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_NO_BUFFER), 1);
	rte_pktmbuf_free_bulk(all, wire->buffers - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_open_one, wire_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(pieces_come_in_any_order),
		TEST(what_was_cut_is_like_what_was_not),
		TEST(repeated_pieces_do_no_harm),
		TEST(pieces_that_do_not_fit_are_refused),
		TEST(too_many_pieces_are_refused),
		TEST(what_stays_incomplete_is_given_up),
		TEST(a_flood_of_pieces_leaves_room_for_others),
		TEST(who_is_banned_takes_no_buffer),
		TEST(no_buffer_is_counted),
	};

	return cmocka_run_group_tests_name("dataplane/fragments", tests, payload_fill, NULL);
}
