// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Frames through a whole worker: Ethernet, VLAN, IP, ICMP, UDP, and above all reassembly. Lengths and checksums are
// made right where the input says so, or nothing would get past them. Whatever comes, no buffer is lost, what is put
// together is no longer than may be, and after its time everything is given up.
#include "fuzz/fuzz.h"

#include <rte_ip.h>
#include <rte_ring.h>

#include "dataplane/fragments.h"
#include "unit/dataplane/wire.h"

#define FRAMES_MAX 64

// How a frame begins: what of it is made right.
enum {
	KIND_RAW,  // nothing
	KIND_V4,   // to our address, with its checksum
	KIND_V6,   // to our address
	KIND_PASS, // no frame: time passes
	KIND_COUNT,
};

static struct wire *wire;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
	void *state = NULL;

	(void)argc, (void)argv;
	FUZZ_CHECK(wire_eal(&state) == 0);
	wire_open_one(&state);
	wire = state;
	wire->seen[0].keep_quiet = true;
	return 0;
}

static void make_ether(char *frame, uint16_t type) {
	memcpy(frame, wire->ports[0].mac, 6);
	memcpy(frame + 12, (uint8_t[]){(uint8_t)(type >> 8), (uint8_t)type}, 2);
}

static void make_v4(char *frame, uint32_t len) {
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 14);

	make_ether(frame, RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(len - 14));
	memcpy(&ip->dst_addr, (uint8_t[]){192, 0, 2, 1}, 4);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void make_v6(char *frame, uint32_t len) {
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(frame + 14);

	make_ether(frame, RTE_ETHER_TYPE_IPV6);
	ip->vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(len - 14 - sizeof(*ip)));
	memcpy(ip->dst_addr, wire->cfg.listeners[ACCESS6].local.addr.bytes, 16);
}

static void frame_put(uint8_t kind, const uint8_t *data, uint32_t len) {
	struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);
	char *frame;

	FUZZ_CHECK(m);
	frame = rte_pktmbuf_append(m, (uint16_t)len);
	FUZZ_CHECK(frame);
	memcpy(frame, data, len);
	if (kind == KIND_V4 && len >= 14 + sizeof(struct rte_ipv4_hdr))
		make_v4(frame, len);
	if (kind == KIND_V6 && len >= 14 + sizeof(struct rte_ipv6_hdr))
		make_v6(frame, len);
	FUZZ_CHECK(rte_ring_enqueue(wire->in[0][0], m) == 0);
	wire_turn(wire, 0);
}

// What the worker sent, and what it gave the kernel.
static void empty(void) {
	struct rte_mbuf *m;

	for (uint8_t port = 0; port < WIRE_PORTS; port++)
		while ((m = wire_take(wire, port, 0)))
			rte_pktmbuf_free(m);
	while (rte_ring_dequeue(wire->workers[0]->to_kernel, (void **)&m) == 0)
		rte_pktmbuf_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	size_t at = 0;

	for (unsigned i = 0; i < FRAMES_MAX && size - at >= 3; i++) {
		uint8_t kind = data[at] % KIND_COUNT;
		uint32_t len = ((uint32_t)data[at + 1] << 8 | data[at + 2]) % 1600;

		at += 3;
		len = len < size - at ? len : (uint32_t)(size - at);
		if (kind == KIND_PASS)
			wire_wait(wire, 0, len);
		else
			frame_put(kind, data + at, len);
		at += kind == KIND_PASS ? 0 : len;
		empty();
	}
	wire_wait(wire, 0, FRAGMENT_WAIT_MS + 1000);
	wire_turn(wire, 0);
	empty();
	FUZZ_CHECK(rte_mempool_avail_count(wire->packets) == wire->buffers);
	return 0;
}
