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
#define FRAGMENT_UNIT 8	   // bytes
#define DATAGRAM_MAX 65507 // of UDP payload in an IPv4 packet (RFC 768), which is the smaller
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

// The way of one datagram.
struct way {
	const struct port *port;
	const struct config_interface *interface;
	const struct endpoint *from;
	const struct neigh_hop *hop; // hop->to is whom it is for
	uint16_t to_port;
	uint8_t family;
	uint32_t addresses_sum; // of both, for checksums
};

// Where a piece belongs.
struct piece {
	uint32_t id;
	uint32_t from;
	bool is_last;
};

// The checksums are summed from the values and not read back from the headers: loads of what was just stored in smaller
// pieces wait for the stores.
static uint32_t half_sum(uint64_t half) {
	return (uint32_t)((half & UINT16_MAX) + (half >> 16 & UINT16_MAX) + (half >> 32 & UINT16_MAX) + (half >> 48));
}

static uint32_t address_sum(const struct ip_addr *addr) {
	struct ip_halves halves = ip_halves(addr);

	return half_sum(halves.first) + half_sum(halves.second);
}

// With offload the field holds the sum of the pseudo header, as the drivers want it. Else it is never 0, which would
// say that there is none (RFC 768).
static void udp_push(const struct way *way, struct rte_mbuf *m, bool offload) {
	uint32_t payload = offload ? 0 : checksum_sum(rte_pktmbuf_mtod(m, void *), m->data_len), pseudo;
	rte_be16_t from = rte_cpu_to_be_16(way->from->port), to = rte_cpu_to_be_16(way->to_port), len;
	struct rte_udp_hdr *udp = header_push(m, sizeof(*udp));
	uint16_t checksum;

	len = rte_cpu_to_be_16(m->data_len);
	*udp = (struct rte_udp_hdr){.src_port = from, .dst_port = to, .dgram_len = len};
	pseudo = way->addresses_sum + rte_cpu_to_be_16(IPPROTO_UDP) + len;
	if (offload) {
		udp->dgram_cksum = fold(pseudo);
		return;
	}
	checksum = (uint16_t)~fold(pseudo + payload + from + to + len);
	udp->dgram_cksum = checksum ? checksum : UINT16_MAX;
}

// Don't Fragment stays clear: a router with a smaller MTU may cut what nobody would tell us to send smaller.
static void ipv4_push(const struct way *way, struct rte_mbuf *m, const struct piece *piece, bool offload) {
	rte_be32_t from = ip_to_v4(&way->from->addr), to = ip_to_v4(&way->hop->to);
	struct rte_ipv4_hdr *ip = header_push(m, sizeof(*ip));
	rte_be16_t len = rte_cpu_to_be_16(m->data_len), id = rte_cpu_to_be_16((uint16_t)piece->id);
	rte_be16_t fragment =
		rte_cpu_to_be_16((uint16_t)(piece->from / FRAGMENT_UNIT | (piece->is_last ? 0 : RTE_IPV4_HDR_MF_FLAG)));

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = len,
		.packet_id = id,
		.fragment_offset = fragment,
		.time_to_live = TTL,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = from,
		.dst_addr = to,
	};
	if (!offload) {
		ip->hdr_checksum = (uint16_t
		)~fold(rte_cpu_to_be_16(RTE_IPV4_VHL_DEF << 8) + len + id + fragment +
		       rte_cpu_to_be_16(TTL << 8 | IPPROTO_UDP) + way->addresses_sum);
		return;
	}
	m->l3_len = sizeof(*ip);
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM;
}

static void ipv6_push(const struct way *way, struct rte_mbuf *m, bool is_whole, bool offload) {
	uint16_t len = m->data_len;
	struct rte_ipv6_hdr *ip = header_push(m, sizeof(*ip));

	*ip = (struct rte_ipv6_hdr){
		.vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28),
		.payload_len = rte_cpu_to_be_16(len),
		.proto = is_whole ? IPPROTO_UDP : IPPROTO_FRAGMENT,
		.hop_limits = TTL,
	};
	memcpy(ip->src_addr, way->from->addr.bytes, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, way->hop->to.bytes, sizeof(ip->dst_addr));
	if (!offload)
		return;
	m->l3_len = sizeof(*ip);
	m->ol_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
}

static void ipv6_fragment_push(struct rte_mbuf *m, const struct piece *piece) {
	struct rte_ipv6_fragment_ext *fragment = header_push(m, sizeof(*fragment));

	*fragment = (struct rte_ipv6_fragment_ext){
		.next_header = IPPROTO_UDP,
		.frag_data = rte_cpu_to_be_16((uint16_t)(piece->from | !piece->is_last)),
		.id = rte_cpu_to_be_32(piece->id),
	};
}

static inline uint8_t *u16_put(uint8_t *at, uint16_t value) {
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + sizeof(value);
}

// By bytes: an edited payload starts, and so the frame does, at any address, and DPDK's struct wants an even one.
static void ether_push(const struct way *way, struct rte_mbuf *m) {
	uint16_t vlan = way->interface->vlan;
	uint32_t len = RTE_ETHER_HDR_LEN + (vlan != 0 ? RTE_VLAN_HLEN : 0);
	uint8_t *at = header_push(m, len);

	memcpy(at, way->hop->mac, sizeof(way->hop->mac));
	memcpy(at + RTE_ETHER_ADDR_LEN, way->port->mac, sizeof(way->port->mac));
	at += 2 * RTE_ETHER_ADDR_LEN;
	if (vlan != 0)
		at = u16_put(u16_put(at, RTE_ETHER_TYPE_VLAN), vlan);
	u16_put(at, way->family == IP_V4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	m->l2_len = len;
}

static uint32_t next_id(struct worker *w) {
	uint32_t id = w->tx->ip_id;

	w->tx->ip_id += w->worker_count;
	return id;
}

static void send_whole(struct worker *w, struct rte_mbuf *m, const struct way *way) {
	const struct piece whole = {.id = next_id(w), .is_last = true};
	bool offload = way->port->checksum_tx;

	udp_push(way, m, offload);
	if (likely(way->family == IP_V4))
		ipv4_push(way, m, &whole, offload);
	else
		ipv6_push(way, m, true, offload);
	ether_push(way, m);
	tx_frame(w, way->interface->port, m);
}

// A frame with so many bytes of the datagram at piece->from. False, counted, when there is no buffer for it.
static bool
send_piece(struct worker *w, struct rte_mbuf *whole, const struct way *way, const struct piece *piece, uint32_t len) {
	struct rte_mbuf *m = output_alloc(w);

	if (!m)
		return false;
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), rte_pktmbuf_mtod_offset(whole, char *, piece->from), len);
	if (piece->is_last) {
		packet_of(m)->rx_tsc = packet_of(whole)->rx_tsc;
		packet_of(m)->latency = packet_of(whole)->latency;
	}
	if (way->family == IP_V4) {
		ipv4_push(way, m, piece, false);
	} else {
		ipv6_fragment_push(m, piece);
		ipv6_push(way, m, false, false);
	}
	ether_push(way, m);
	tx_frame(w, way->interface->port, m);
	return true;
}

// RFC 791 section 2.3, RFC 8200 section 4.5. The checksum is over the whole, so no port can do it.
static void send_pieces(struct worker *w, struct rte_mbuf *m, const struct way *way) {
	uint32_t room = way->port->mtu - (way->family == IP_V4
						  ? (uint32_t)sizeof(struct rte_ipv4_hdr)
						  : (uint32_t)sizeof(struct rte_ipv6_hdr) + RTE_IPV6_FRAG_HDR_SIZE);
	struct piece piece = {.id = next_id(w)};

	room -= room % FRAGMENT_UNIT;
	udp_push(way, m, false);
	count_one(&w->count, COUNT_TX_FRAGMENTED);
	for (bool sent = true; sent && !piece.is_last; piece.from += room) {
		piece.is_last = piece.from + room >= m->data_len;
		sent = send_piece(w, m, way, &piece, RTE_MIN(room, m->data_len - piece.from));
	}
	rte_pktmbuf_free(m);
}

// The next hop is known: puts all headers on and queues the frame.
static void transmit(
	struct worker *w, struct rte_mbuf *m, const struct endpoint *from, uint16_t to_port, const struct neigh_hop *hop
) {
	const struct config_interface *interface = &w->cfg->interfaces[hop->interface];
	const struct way way = {
		.port = &w->ports[interface->port],
		.interface = interface,
		.from = from,
		.hop = hop,
		.to_port = to_port,
		.family = from->addr.family,
		.addresses_sum = address_sum(&from->addr) + address_sum(&hop->to),
	};

	if (m->data_len > DATAGRAM_MAX || !headroom_make(m, OUTPUT_HEADROOM)) {
		tx_drop(w, m, COUNT_DROP_TX_SIZE);
		return;
	}
	m->ol_flags &= KEEP_FLAGS;
	m->tx_offload = 0;
	count_one(&w->count, COUNT_TX_SIP);
	if (likely(m->data_len <= output_payload_max(w, hop->interface, way.family)))
		send_whole(w, m, &way);
	else
		send_pieces(w, m, &way);
}

// Finds the next hop.
static void datagram_send(struct worker *w, struct rte_mbuf *m, uint8_t listener, const struct endpoint *to) {
	const struct endpoint *from = &w->cfg->listeners[listener].local;
	const struct neigh_hop *hop;

	if (unlikely(to->addr.family != from->addr.family)) {
		tx_drop(w, m, COUNT_DROP_NO_ROUTE);
		return;
	}
	hop = neigh_find(w->neigh, w->now_ms, &to->addr);
	switch ((enum neigh_state)hop->state) {
	case NEIGH_NO_ROUTE:
		count_one(&w->count, COUNT_DROP_NO_ROUTE);
		packet_of(m)->dst = *to;
		pending_lose(w, m);
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
