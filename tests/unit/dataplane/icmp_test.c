// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include <stdio.h>

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_ring.h>
#include <rte_udp.h>

// An ICMP error about a datagram; zero fields take what makes a good one.
struct error {
	const char *what;
	bool is_v6;
	uint8_t type, code;
	const char *quoted_from, *quoted_to; // the datagram it is about
	uint8_t quoted_protocol;
	uint16_t quoted_fragment;
	uint32_t cut; // bytes taken from the end of the quote
	enum input_kind kind;
};

static const struct error rows[] = {
	{.what = "port unreachable", .kind = INPUT_ERROR},
	{.what = "host unreachable", .code = 1, .kind = INPUT_ERROR},
	{.what = "forbidden", .code = 13, .kind = INPUT_ERROR},
	{.what = "to be cut", .code = 4, .kind = INPUT_KERNEL},
	{.what = "no such code", .code = 14, .kind = INPUT_KERNEL},
	{.what = "time exceeded", .type = 11, .kind = INPUT_KERNEL},
	{.what = "about another port's", .quoted_from = "192.0.2.1:5061", .kind = INPUT_KERNEL},
	{.what = "about another address's", .quoted_from = "192.0.2.2:5060", .kind = INPUT_KERNEL},
	{.what = "about TCP", .quoted_protocol = 6, .kind = INPUT_KERNEL},
	{.what = "about a first fragment", .quoted_fragment = 0x2000, .kind = INPUT_ERROR},
	{.what = "about a later fragment", .quoted_fragment = 0x2010, .kind = INPUT_KERNEL},
	{.what = "UDP header and no more", .cut = 6, .kind = INPUT_ERROR},
	{.what = "UDP header cut", .cut = 7, .kind = INPUT_KERNEL},
	{.what = "IP header cut", .cut = 15, .kind = INPUT_KERNEL},
	{.what = "IPv6", .is_v6 = true, .kind = INPUT_ERROR},
	{.what = "IPv6, address unreachable", .is_v6 = true, .code = 3, .kind = INPUT_ERROR},
	{.what = "IPv6, packet too big", .is_v6 = true, .type = 2, .kind = INPUT_KERNEL},
	{.what = "IPv6, about another's", .is_v6 = true, .quoted_from = "[2001:db8:a::2]:5060", .kind = INPUT_KERNEL},
	{.what = "IPv6, about TCP", .is_v6 = true, .quoted_protocol = 6, .kind = INPUT_KERNEL},
	{.what = "IPv6, about a first fragment", .is_v6 = true, .quoted_fragment = 1, .kind = INPUT_ERROR},
	{.what = "IPv6, about a later fragment", .is_v6 = true, .quoted_fragment = 64, .kind = INPUT_KERNEL},
	{.what = "IPv6, UDP header cut", .is_v6 = true, .cut = 7, .kind = INPUT_KERNEL},
};

// The frame that carries it; from whoever sends such things.
static uint32_t error_build(const struct error *error, uint8_t *frame) {
	const char *ours = error->is_v6 ? "[2001:db8:a::1]:5060" : "192.0.2.1:5060";
	const char *theirs = error->is_v6 ? "[2001:db8:a::10]:5070" : "192.0.2.10:5070";
	struct frame_spec quoted = {
		.is_v6 = error->is_v6,
		.from = error->quoted_from ? error->quoted_from : ours,
		.to = error->quoted_to ? error->quoted_to : theirs,
		.payload = "0hello",
		.protocol = error->quoted_protocol,
		.fragment = error->quoted_fragment,
	};
	struct frame_spec outer = {.is_v6 = error->is_v6, .protocol = error->is_v6 ? 58 : 1};
	uint32_t ip_len = error->is_v6 ? 40 : 20, len;
	uint8_t inner[FRAME_MAX], *icmp = frame + 14 + ip_len;

	frame_build(&outer, frame);
	len = frame_build(&quoted, inner) - 14 - error->cut;
	memset(icmp, 0, sizeof(struct rte_icmp_hdr));
	icmp[0] = error->type ? error->type : error->is_v6 ? 1 : 3;
	icmp[1] = error->is_v6 || error->type || error->code ? error->code : 3;
	memcpy(icmp + sizeof(struct rte_icmp_hdr), inner + 14, len);
	len += sizeof(struct rte_icmp_hdr);
	if (error->is_v6) {
		((struct rte_ipv6_hdr *)(frame + 14))->payload_len = rte_cpu_to_be_16((uint16_t)len);
	} else {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 14);

		ip->total_length = rte_cpu_to_be_16((uint16_t)(20 + len));
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
	return 14 + ip_len + len;
}

static void every_error_is_judged(void **state) {
	struct wire *wire = *state;

	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);
		uint8_t frame[FRAME_MAX];
		uint32_t len = error_build(&rows[i], frame);
		struct input_verdict verdict;

		memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
		verdict = input_peek_frame(&wire->input, &wire->ports[0], 0, m, 1);
		if (verdict.kind != rows[i].kind)
			fail_msg("%s: kind %u", rows[i].what, verdict.kind);
		rte_pktmbuf_free(m);
	}
}

static void whoever_sent_it_hears_of_it(void **state) {
	static const char *const whom[] = {"192.0.2.10:5070", "[2001:db8:a::10]:5070"};
	struct wire *wire = *state;

	for (uint32_t i = 0; i < ARRAY_LEN(whom); i++) {
		struct endpoint expected = endpoint_of(whom[i]);
		struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);
		uint8_t frame[FRAME_MAX];
		uint32_t len = error_build(&(struct error){.is_v6 = i == 1}, frame);

		memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
		memcpy(rte_pktmbuf_mtod(m, void *), wire->ports[0].mac, 6);
		assert_int_equal(rte_ring_enqueue(wire->in[0][0], m), 0);
		wire_turn(wire, 0);
		assert_int_equal(wire->seen[0].lost, i + 1);
		assert_string_equal(wire->seen[0].last, "0hello");
		assert_true(endpoint_eq(&wire->seen[0].whom, &expected));
		assert_int_equal(count_of(wire, 0, COUNT_RX_ICMP_LOST), i + 1);
	}
	assert_int_equal(wire->seen[0].datagrams, 0);
}

// The stage says it is the other worker's ("1").
static void an_error_is_handed_to_its_owner(void **state) {
	struct wire *wire = *state;
	struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);
	uint8_t frame[FRAME_MAX];
	uint32_t len = error_build(&(struct error){0}, frame);

	frame[len - 6] = '1';
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	memcpy(rte_pktmbuf_mtod(m, void *), wire->ports[0].mac, 6);
	assert_int_equal(rte_ring_enqueue(wire->in[0][0], m), 0);
	wire_turn(wire, 0);
	assert_int_equal(wire->seen[0].lost, 0);
	wire_turn(wire, 1);
	assert_int_equal(wire->seen[1].lost, 1);
	assert_string_equal(wire->seen[1].last, "1hello");
}

// What waited for a next hop in vain did not arrive either.
static void a_next_hop_that_is_not_there_is_told_too(void **state) {
	struct endpoint to = endpoint_of("192.0.2.77:5060");
	struct wire *wire = *state;

	output_datagram(wire->workers[0], wire_datagram(wire, 0, "0lost"), ACCESS, &to);
	wire_turn(wire, 0);
	assert_int_equal(wire->seen[0].lost, 0);
	wire_wait(wire, 0, PENDING_WAIT_MS + 1);
	wire_turn(wire, 0);
	assert_int_equal(wire->seen[0].lost, 1);
	assert_string_equal(wire->seen[0].last, "0lost");
	assert_true(endpoint_eq(&wire->seen[0].whom, &to));
	assert_int_equal(count_of(wire, 0, COUNT_DROP_NO_NEIGHBOUR), 1);
}

// In memory that ends where the frame does.
static void no_prefix_of_a_quote_is_read_past_its_end(void **state) {
	struct wire *wire = *state;

	for (uint32_t v6 = 0; v6 < 2; v6++) {
		for (uint32_t cut = 0; cut <= 14 + (v6 ? 40 : 20); cut++) {
			struct error error = {.is_v6 = v6 == 1, .quoted_fragment = v6 == 1, .cut = cut};
			struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);
			uint8_t frame[FRAME_MAX];
			uint32_t len = error_build(&error, frame);
			struct guarded guarded = guarded_end(frame, len);
			void *own = m->buf_addr;

			m->buf_addr = guarded.ptr;
			m->data_off = 0;
			m->data_len = (uint16_t)len;
			m->pkt_len = len;
			(void)input_peek_frame(&wire->input, &wire->ports[0], 0, m, 1);
			m->buf_addr = own;
			rte_pktmbuf_free(m);
			guarded_free(&guarded);
		}
	}
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, wire_open_one, wire_close)
#define TWO(name) cmocka_unit_test_setup_teardown(name, wire_open_two, wire_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		ONE(every_error_is_judged),
		ONE(whoever_sent_it_hears_of_it),
		TWO(an_error_is_handed_to_its_owner),
		ONE(a_next_hop_that_is_not_there_is_told_too),
		ONE(no_prefix_of_a_quote_is_read_past_its_end),
	};

	return cmocka_run_group_tests_name("dataplane/icmp", tests, wire_eal, NULL);
}
