// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "net.h"

#include <errno.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/umem.h"

#include "checksum.h"

#define BUFFERS 32767
#define RESOLVE_S 60 // a proxy with large tables takes its time to start
#define ASK_EVERY_MS 200
#define SETTLE_MS 1000 // what a proxy that has just started needs to find its own neighbours
#define LOOK_EVERY 4   // messages, at the clock: far less than GAP_US

// --- sending ---

void net_frame_send(struct net_port *port, struct rte_mbuf *m) {
	if (port->tx_count == NET_TX_MAX) {
		port->dropped++;
		rte_pktmbuf_free(m);
		return;
	}
	port->tx[port->tx_count++] = m;
}

static void port_flush(struct net_port *port) {
	uint32_t sent;

	if (port->tx_count == 0)
		return;
	sent = rte_eth_tx_burst(port->dev, 0, port->tx, (uint16_t)port->tx_count);
	port->frames_out += sent;
	port->tx_count -= sent;
	if (port->tx_count == 0)
		return;
	port->full_turns++;
	memmove(port->tx, port->tx + sent, port->tx_count * sizeof(port->tx[0]));
}

void net_flush(struct net *net) {
	for (uint32_t i = 0; i < net->port_count; i++)
		port_flush(&net->ports[i]);
}

bool net_is_full(const struct net *net) {
	for (uint32_t i = 0; i < net->port_count; i++)
		if (net->ports[i].tx_count > NET_TX_MAX / 2)
			return true;
	return false;
}

static struct rte_mbuf *spare_take(struct net *net) {
	if (net->spare_count == 0 && rte_pktmbuf_alloc_bulk(net->pool, net->spare, NET_BURST) == 0)
		net->spare_count = NET_BURST;
	return net->spare_count > 0 ? net->spare[--net->spare_count] : NULL;
}

static char *side_room(void *ctx, unsigned index, uint32_t *ret_room) {
	struct net *net = ctx;
	struct net_side *side = &net->side[index];

	if (!side->building)
		side->building = spare_take(net);
	if (!side->building)
		return NULL;
	*ret_room = rte_pktmbuf_tailroom(side->building) - NET_HEADERS;
	return rte_pktmbuf_mtod_offset(side->building, char *, NET_HEADERS);
}

void net_headers_write(uint8_t *frame, const struct net_peer *peer, uint16_t port, uint32_t len, uint64_t sum) {
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)(frame + 14);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(void *)(ip + 1);
	uint16_t udp_len = rte_cpu_to_be_16((uint16_t)(len + 8));

	memcpy(frame, peer->headers, NET_HEADERS);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(len + 28));
	ip->hdr_checksum = checksum_end(peer->ip_sum + ip->total_length);
	udp->src_port = rte_cpu_to_be_16(port);
	udp->dgram_len = udp_len;
	udp->dgram_cksum = checksum_end(sum + peer->udp_sum + udp->src_port + 2ul * udp_len);
	if (udp->dgram_cksum == 0) // 0 means "none" (RFC 768)
		udp->dgram_cksum = UINT16_MAX;
}

static uint64_t side_send(void *ctx, unsigned index, uint32_t len, uint32_t number) {
	struct net *net = ctx;
	struct net_side *side = &net->side[index];
	struct rte_mbuf *m = side->building;
	const struct net_peer *peer = &side->peers[index == SIDE_A ? 0 : number];
	uint16_t port = (uint16_t)(side->local.port + (index == SIDE_A ? number : 0));
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	net_headers_write(frame, peer, port, len, checksum_add(0, frame + NET_HEADERS, len));
	m->data_len = (uint16_t)(NET_HEADERS + len);
	m->pkt_len = m->data_len;
	side->building = NULL;
	net_frame_send(side->port, m);
	return rte_rdtsc();
}

struct outlet net_outlet(struct net *net) {
	return (struct outlet){.ctx = net, .room = side_room, .send = side_send};
}

// --- peers ---

// Of what is in the headers of all its datagrams.
static void sums_set(struct net_peer *peer) {
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(const void *)(peer->headers + 14);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(const void *)(ip + 1);

	peer->ip_sum = checksum_add(0, ip, sizeof(*ip));
	peer->udp_sum = checksum_add(0, &ip->src_addr, 8) + rte_cpu_to_be_16(17) + udp->dst_port;
}

void net_peer_shift(struct net_peer *peer, uint32_t hosts) {
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)(peer->headers + 14);

	ip->src_addr = rte_cpu_to_be_32(rte_be_to_cpu_32(ip->src_addr) + hosts);
	sums_set(peer);
}

static void peer_init(struct net_side *side, struct net_peer *peer, const struct endpoint *to, const uint8_t *mac) {
	struct rte_ipv4_hdr ip = {
		.version_ihl = 0x45,
		.fragment_offset = rte_cpu_to_be_16(0x4000),
		.time_to_live = 64,
		.next_proto_id = 17,
		.src_addr = ip_to_v4(&side->local.addr),
		.dst_addr = ip_to_v4(&to->addr),
	};
	struct rte_udp_hdr udp = {
		.src_port = rte_cpu_to_be_16(side->local.port),
		.dst_port = rte_cpu_to_be_16(to->port),
	};

	peer->as_sender = (struct sender){.from = *to, .peer = (uint8_t)(peer - side->peers)};
	peer->ip = ip_to_v4(&to->addr);
	peer->port = rte_cpu_to_be_16(to->port);
	memcpy(peer->mac, mac, 6);
	memcpy(peer->headers, mac, 6);
	memcpy(peer->headers + 6, side->port->mac, 6);
	memcpy(peer->headers + 12, "\x08\x00", 2);
	memcpy(peer->headers + 14, &ip, sizeof(ip));
	memcpy(peer->headers + 34, &udp, sizeof(udp));
	sums_set(peer);
}

static bool is_from(const struct net_peer *peer, const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp) {
	return peer->ip == ip->src_addr && peer->port == udp->src_port;
}

static struct endpoint source_of(const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp) {
	return (struct endpoint){.addr = ip_from_v4(ip->src_addr), .port = rte_be_to_cpu_16(udp->src_port)};
}

// Who sent this to side A: the target, as a rule; *other is for somebody else.
static const struct sender *sender_to_a(
	const struct net_side *side, const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp, struct sender *other
) {
	if (is_from(&side->peers[0], ip, udp))
		return &side->peers[0].as_sender;
	*other = (struct sender){.from = source_of(ip, udp)};
	return other;
}

// Who sent this to side B; the last peer when there are too many.
static const struct sender *
sender_to_b(struct net_side *side, const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp, const uint8_t *mac) {
	struct endpoint from;

	for (uint32_t i = 0; i < side->peer_count; i++)
		if (is_from(&side->peers[i], ip, udp) && memcmp(side->peers[i].mac, mac, 6) == 0)
			return &side->peers[i].as_sender;
	if (side->peer_count < NET_PEERS_MAX)
		side->peer_count++;
	from = source_of(ip, udp);
	peer_init(side, &side->peers[side->peer_count - 1], &from, mac);
	return &side->peers[side->peer_count - 1].as_sender;
}

// --- receiving ---

// The UDP datagram in a frame. False when there is none, or it is not whole.
static bool datagram_find(struct rte_mbuf *m, struct rte_ipv4_hdr **ret_ip, struct rte_udp_hdr **ret_udp) {
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)(frame + 14);
	uint32_t ip_len, header_len, udp_len;

	if (m->nb_segs != 1 || m->data_len < NET_HEADERS || frame[12] != 8 || frame[13] != 0 ||
	    ip->version_ihl >> 4 != 4)
		return false;
	header_len = (ip->version_ihl & 15u) * 4;
	ip_len = rte_be_to_cpu_16(ip->total_length);
	if (header_len < 20 || ip_len < header_len + 8 || ip_len + 14 > m->data_len || ip->next_proto_id != 17)
		return false;
	if (ip->fragment_offset & rte_cpu_to_be_16(0x3fff))
		return false;
	*ret_ip = ip;
	*ret_udp = (struct rte_udp_hdr *)(void *)((uint8_t *)ip + header_len);
	udp_len = rte_be_to_cpu_16((*ret_udp)->dgram_len);
	return udp_len >= 8 && udp_len <= ip_len - header_len;
}

static bool checksums_are_right(const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp) {
	uint16_t udp_len = rte_be_to_cpu_16(udp->dgram_len);
	uint64_t pseudo = (uint64_t)rte_cpu_to_be_16(17) + udp->dgram_len + ip->src_addr + ip->dst_addr;

	if (checksum_end(checksum_add(0, ip, (ip->version_ihl & 15u) * 4)) != 0)
		return false;
	return udp->dgram_cksum == 0 || checksum_end(checksum_add(pseudo, udp, udp_len)) == 0;
}

static struct net_side *side_of(struct net *net, const struct net_port *port, uint32_t ip, uint16_t udp_port) {
	for (unsigned i = 0; i < SIDES; i++) {
		struct net_side *side = &net->side[i];

		if (side->port == port && side->ip == ip && udp_port >= side->local.port &&
		    udp_port < side->local.port + side->ports)
			return side;
	}
	return NULL;
}

static void frame_handle(struct net *net, struct net_port *port, struct rte_mbuf *m) {
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;
	struct net_side *side;
	const struct sender *sender;
	struct sender other;
	struct str text;

	if (!datagram_find(m, &ip, &udp)) {
		port->other_frames++;
		return;
	}
	side = side_of(net, port, ip->dst_addr, rte_be_to_cpu_16(udp->dst_port));
	if (!side) {
		port->other_frames++;
		return;
	}
	text = str_of((const char *)(udp + 1), rte_be_to_cpu_16(udp->dgram_len) - 8u);
	if (!checksums_are_right(ip, udp)) {
		engine_count_wrong(net->e, WRONG_CHECKSUM, text);
		return;
	}
	if (side == &net->side[SIDE_A])
		sender = sender_to_a(side, ip, udp, &other);
	else
		sender = sender_to_b(side, ip, udp, rte_pktmbuf_mtod(m, uint8_t *) + 6);
	net->datagram(net->datagram_ctx, (unsigned)(side - net->side), text, sender);
}

static bool is_arp(const struct rte_mbuf *m) {
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	return m->data_len >= NET_HEADERS && frame[12] == 8 && frame[13] == 6;
}

static bool port_poll(struct net *net, struct net_port *port) {
	struct rte_mbuf *burst[NET_BURST], *seen[NET_BURST];
	uint16_t count = rte_eth_rx_burst(port->dev, 0, burst, NET_BURST);
	uint32_t seen_count = 0;

	if (count == 0)
		return false;
	net->e->now = rte_rdtsc();
	gaps_look(&net->e->gaps, net->e->now);
	port->frames_in += count;
	for (uint16_t i = 0; i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(burst[i], void *));
	for (uint16_t i = 0; i < count; i++) {
		if (is_arp(burst[i])) {
			arp_handle(net, port, burst[i], NULL);
			continue;
		}
		frame_handle(net, port, burst[i]);
		seen[seen_count++] = burst[i];
		if (i % LOOK_EVERY == LOOK_EVERY - 1)
			gaps_look(&net->e->gaps, rte_rdtsc());
	}
	rte_pktmbuf_free_bulk(seen, seen_count);
	return true;
}

bool net_poll(struct net *net) {
	bool some = false;

	for (uint32_t i = 0; i < net->port_count; i++)
		some |= port_poll(net, &net->ports[i]);
	return some;
}

// --- start and end ---

// Takes the target's MAC from the answers, and leaves the rest of what comes to nobody: no call is there yet.
static void resolve_poll(struct net *net, struct net_port *port, const struct ip_addr *wanted) {
	struct rte_mbuf *burst[NET_BURST];
	uint16_t count = rte_eth_rx_burst(port->dev, 0, burst, NET_BURST);

	for (uint16_t i = 0; i < count; i++) {
		if (is_arp(burst[i]))
			arp_handle(net, port, burst[i], wanted);
		else
			rte_pktmbuf_free(burst[i]);
	}
}

static void poll_for(struct net *net, uint64_t cycles, const struct ip_addr *wanted) {
	for (uint64_t end = rte_rdtsc() + cycles; rte_rdtsc() < end; net_flush(net))
		for (uint32_t i = 0; i < net->port_count; i++)
			resolve_poll(net, &net->ports[i], wanted);
}

int net_resolve(struct net *net, const struct options *o) {
	const struct ip_addr *wanted = o->gateway.family ? &o->gateway : &o->target.addr;
	struct net_side *side = &net->side[SIDE_A];
	uint64_t hz = rte_get_tsc_hz(), end = rte_rdtsc() + RESOLVE_S * hz;
	char text[IP_TEXT_MAX];

	peer_init(side, &side->peers[0], &o->target, o->peer_mac);
	side->peer_count = o->has_peer_mac;
	for (unsigned i = 0; i < SIDES; i++)
		arp_ask(net, i, &net->side[i].local.addr);
	while (side->peer_count == 0 && rte_rdtsc() < end) {
		arp_ask(net, SIDE_A, wanted);
		poll_for(net, hz / 1000 * ASK_EVERY_MS, wanted);
	}
	if (side->peer_count > 0) {
		struct net_peer found = side->peers[0];

		if (!o->has_peer_mac)
			poll_for(net, hz / 1000 * SETTLE_MS, wanted);
		peer_init(side, &side->peers[0], &o->target, found.mac);
		return 0;
	}
	ip_format(wanted, text);
	fprintf(stderr,
		"sipgen: nobody answers ARP for %s in %u seconds; is it up? --peer-mac does without\n",
		text,
		RESOLVE_S);
	return -ETIMEDOUT;
}

static void to_engine(void *ctx, unsigned side, struct str text, const struct sender *sender) {
	engine_receive(ctx, side, text, sender);
}

static bool shares_with_kernel(const struct options *o) {
	return strncmp(o->port_a, "net_af_xdp", 10) == 0 || strncmp(o->port_b, "net_af_xdp", 10) == 0;
}

int net_open(struct net *net, const struct options *o, struct engine *e) {
	const struct port_place places[] = {
		{.device = o->port_a, .netns = o->netns_a, .ip = o->local_a.addr},
		{.device = o->port_b, .netns = o->netns_b, .ip = o->local_b.addr},
	};
	bool same = strcmp(o->port_a, o->port_b) == 0;
	int rc = 0;

	*net = (struct net){.e = e, .datagram = to_engine, .datagram_ctx = e, .port_count = same ? 1 : 2};
	// A stack: the buffer taken next is the one given back last, still in the cache.
	net->pool = rte_pktmbuf_pool_create_by_ops(
		"packets", BUFFERS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY, "stack"
	);
	if (!net->pool || (shares_with_kernel(o) && umem_trim(net->pool) < 0)) {
		fprintf(stderr, "sipgen: no memory for packet buffers: %s\n", rte_strerror(rte_errno));
		return -ENOMEM;
	}
	net->ports[0].dev = net->ports[1].dev = RTE_MAX_ETHPORTS;
	net->side[SIDE_A] = (struct net_side){.port = &net->ports[0], .local = o->local_a, .ports = o->sources};
	net->side[SIDE_B] = (struct net_side){.port = &net->ports[same ? 0 : 1], .local = o->local_b, .ports = 1};
	for (unsigned i = 0; i < SIDES; i++)
		net->side[i].ip = ip_to_v4(&net->side[i].local.addr);
	for (uint32_t i = 0; rc == 0 && i < net->port_count; i++)
		rc = port_open(&net->ports[i], &places[i], net->pool);
	for (uint32_t i = 0; rc == 0 && i < net->port_count; i++)
		rc = port_wait(&net->ports[i]);
	return rc;
}

void net_close(struct net *net) {
	rte_pktmbuf_free_bulk(net->spare, net->spare_count);
	net->spare_count = 0;
	for (uint32_t i = 0; i < net->port_count; i++)
		port_close(&net->ports[i]);
}
