// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/output.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/checksum.h"
#include "dataplane/neigh.h"
#include "dataplane/pending.h"
#include "dataplane/port.h"
#include "dataplane/tx.h"

#define TTL 64
#define KEEP_FLAGS (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL) // say whose memory it is; the rest is about receiving

static_assert(OUTPUT_HEADROOM <= RTE_PKTMBUF_HEADROOM, "a fresh buffer has room for the headers");

struct rte_mbuf *output_alloc(struct worker *w) {
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->packets);

	if (unlikely(!m)) {
		count_one(&w->count, COUNT_DROP_NO_BUFFER);
		return NULL;
	}
	*packet_of(m) = (struct packet){.kind = PACKET_DATAGRAM, .latency = LATENCY_NONE};
	return m;
}

// Moves the data back until that much room is in front of it. False when it does not fit.
static bool headroom_make(struct rte_mbuf *m, uint32_t need) {
	uint32_t missing;

	if (likely(rte_pktmbuf_headroom(m) >= need))
		return true;
	missing = need - rte_pktmbuf_headroom(m);
	if (rte_pktmbuf_tailroom(m) < missing)
		return false;
	memmove(rte_pktmbuf_mtod_offset(m, char *, missing), rte_pktmbuf_mtod(m, char *), m->data_len);
	m->data_off += (uint16_t)missing;
	return true;
}

static void *header_push(struct rte_mbuf *m, uint32_t len) {
	m->data_off -= (uint16_t)len;
	m->data_len += (uint16_t)len;
	m->pkt_len += len;
	return rte_pktmbuf_mtod(m, void *);
}

static uint16_t fold(uint32_t sum) {
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)((sum & UINT16_MAX) + (sum >> 16));
}

// The checksums are summed from the values and not read back from the headers: loads of what was just stored in smaller
// pieces wait for the stores.
static uint32_t addresses_sum(rte_be32_t from, rte_be32_t to) {
	return (from & UINT16_MAX) + (from >> 16) + (to & UINT16_MAX) + (to >> 16);
}

// With offload the field holds the sum of the pseudo header, as the drivers want it. Else it is never 0, which would
// say that there is none (RFC 768).
static void udp_push(const struct port *port, struct rte_mbuf *m, uint16_t from, uint16_t to, uint32_t addresses) {
	uint32_t payload = port->checksum_tx ? 0 : checksum_sum(rte_pktmbuf_mtod(m, void *), m->data_len), pseudo;
	struct rte_udp_hdr *udp = header_push(m, sizeof(*udp));
	uint16_t checksum;

	*udp = (struct rte_udp_hdr){
		.src_port = rte_cpu_to_be_16(from),
		.dst_port = rte_cpu_to_be_16(to),
		.dgram_len = rte_cpu_to_be_16(m->data_len),
	};
	pseudo = addresses + rte_cpu_to_be_16(IPPROTO_UDP) + rte_cpu_to_be_16(m->data_len);
	if (port->checksum_tx) {
		udp->dgram_cksum = fold(pseudo);
		return;
	}
	checksum = (uint16_t
	)~fold(pseudo + payload + rte_cpu_to_be_16(from) + rte_cpu_to_be_16(to) + rte_cpu_to_be_16(m->data_len));
	udp->dgram_cksum = checksum ? checksum : UINT16_MAX;
}

// Don't Fragment stays clear: a router with a smaller MTU may cut what nobody would tell us to send smaller.
static void ipv4_push(struct worker *w, const struct port *port, struct rte_mbuf *m, rte_be32_t from, rte_be32_t to) {
	struct rte_ipv4_hdr *ip = header_push(m, sizeof(*ip));
	rte_be16_t len = rte_cpu_to_be_16(m->data_len), id = rte_cpu_to_be_16(w->tx->ip_id);

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = len,
		.packet_id = id,
		.time_to_live = TTL,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = from,
		.dst_addr = to,
	};
	w->tx->ip_id = (uint16_t)(w->tx->ip_id + w->worker_count);
	if (!port->checksum_tx) {
		ip->hdr_checksum = (uint16_t
		)~fold(rte_cpu_to_be_16(RTE_IPV4_VHL_DEF << 8) + len + id + rte_cpu_to_be_16(TTL << 8 | IPPROTO_UDP) +
		       addresses_sum(from, to));
		return;
	}
	m->l3_len = sizeof(*ip);
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM;
}

static inline uint8_t *u16_put(uint8_t *at, uint16_t value) {
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + sizeof(value);
}

// By bytes: an edited payload starts, and so the frame does, at any address, and DPDK's struct wants an even one.
static void ether_push(struct rte_mbuf *m, const struct port *port, uint16_t vlan, const struct neigh_hop *hop) {
	uint32_t len = RTE_ETHER_HDR_LEN + (vlan != 0 ? RTE_VLAN_HLEN : 0);
	uint8_t *at = header_push(m, len);

	memcpy(at, hop->mac, sizeof(hop->mac));
	memcpy(at + RTE_ETHER_ADDR_LEN, port->mac, sizeof(port->mac));
	at += 2 * RTE_ETHER_ADDR_LEN;
	if (vlan != 0)
		at = u16_put(u16_put(at, RTE_ETHER_TYPE_VLAN), vlan);
	u16_put(at, RTE_ETHER_TYPE_IPV4);
	m->l2_len = len;
}

// The next hop is known: puts all headers on and queues the frame.
static void transmit(
	struct worker *w, struct rte_mbuf *m, const struct endpoint *from, uint16_t to_port, const struct neigh_hop *hop
) {
	const struct config_interface *interface = &w->cfg->interfaces[hop->interface];
	const struct port *port = &w->ports[interface->port];
	rte_be32_t local = ip_to_v4(&from->addr), remote = ip_to_v4(&hop->to);

	if (m->data_len > output_payload_max(w, hop->interface, IP_V4) || !headroom_make(m, OUTPUT_HEADROOM)) {
		tx_drop(w, m, COUNT_DROP_TX_SIZE);
		return;
	}
	m->ol_flags &= KEEP_FLAGS;
	m->tx_offload = 0;
	udp_push(port, m, from->port, to_port, addresses_sum(local, remote));
	ipv4_push(w, port, m, local, remote);
	ether_push(m, port, interface->vlan, hop);
	count_one(&w->count, COUNT_TX_SIP);
	tx_frame(w, interface->port, m);
}

// Finds the next hop.
static void datagram_send(struct worker *w, struct rte_mbuf *m, uint8_t listener, const struct endpoint *to) {
	const struct endpoint *from = &w->cfg->listeners[listener].local;
	const struct neigh_hop *hop;

	if (unlikely(to->addr.family != IP_V4 || from->addr.family != IP_V4)) {
		tx_drop(w, m, COUNT_DROP_NO_ROUTE);
		return;
	}
	hop = neigh_find(w->neigh, w->now_ms, &to->addr);
	switch ((enum neigh_state)hop->state) {
	case NEIGH_NO_ROUTE:
		tx_drop(w, m, COUNT_DROP_NO_ROUTE);
		return;
	case NEIGH_WAITING:
		packet_of(m)->dst = *to;
		packet_of(m)->listener = listener;
		pending_add(w, m, hop);
		return;
	case NEIGH_KNOWN:
		transmit(w, m, from, to->port, hop);
		return;
	}
}

void output_datagram(struct worker *w, struct rte_mbuf *m, uint8_t listener, const struct endpoint *to) {
	enum stage before = stage_enter(w, STAGE_SEND);

	datagram_send(w, m, listener, to);
	stage_enter(w, before);
}

int output_interface(struct worker *w, const struct ip_addr *to) {
	const struct neigh_hop *hop = neigh_find(w->neigh, w->now_ms, to);

	return hop->state == NEIGH_NO_ROUTE ? -1 : hop->interface;
}

uint32_t output_payload_max(const struct worker *w, int interface, uint8_t family) {
	uint32_t ip_len = family == IP_V4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	uint32_t mtu = w->ports[w->cfg->interfaces[interface].port].mtu;

	return mtu - ip_len - (uint32_t)sizeof(struct rte_udp_hdr);
}
