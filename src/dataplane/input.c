// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/input.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/checksum.h"

static_assert(PORTS_MAX <= 8, "three bits of the key");

// How far into the frame we are.
struct frame {
	const struct port *port;
	uint8_t index;
	uint16_t vlan;
	uint16_t ether_type; // host order
	uint32_t offset;     // of the network header
	uint64_t rx_tsc;
};

static const struct input_verdict to_kernel = {.kind = INPUT_KERNEL};
static const struct input_verdict datagram = {.kind = INPUT_DATAGRAM};

static inline struct input_verdict drop(enum count reason) {
	return (struct input_verdict){.kind = INPUT_DROP, .reason = (uint16_t)reason};
}

static inline uint64_t key_v4(uint32_t addr, rte_be16_t udp_port, uint16_t vlan, uint8_t port) {
	return (uint64_t)addr << 32 | (uint64_t)udp_port << 16 | (uint64_t)vlan << 4 | (uint64_t)port << 1 | 1;
}

static inline uint32_t key_slot(uint64_t key) {
	return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % INPUT_SLOTS;
}

// The listener of that key, or -1.
static inline int listener_find(const struct input *input, uint64_t key) {
	for (uint32_t slot = key_slot(key); input->key[slot]; slot = (slot + 1) % INPUT_SLOTS) {
		if (likely(input->key[slot] == key))
			return input->listener[slot];
	}
	return -1;
}

static inline bool address_is_ours(const struct input *input, uint64_t key) {
	for (uint32_t i = 0; i < input->address_count; i++) {
		if (input->address[i] == key)
			return true;
	}
	return false;
}

void input_init(struct input *input, const struct config *cfg) {
	memset(input, 0, sizeof(*input));
	for (uint32_t i = 0; i < cfg->listener_count; i++) {
		const struct config_listener *listener = &cfg->listeners[i];
		const struct config_interface *interface = &cfg->interfaces[listener->interface];
		uint32_t addr = ip_to_v4(&listener->local.addr);
		uint64_t key = key_v4(addr, rte_cpu_to_be_16(listener->local.port), interface->vlan, interface->port);
		uint32_t slot = key_slot(key);

		if (listener->local.addr.family != IP_V4)
			continue;
		while (input->key[slot])
			slot = (slot + 1) % INPUT_SLOTS;
		input->key[slot] = key;
		input->listener[slot] = (uint8_t)i;
		input->address[input->address_count++] = key_v4(addr, 0, interface->vlan, interface->port);
	}
}

// A source nobody can answer to: 0/8, 127/8, multicast and up (RFC 1122 section 3.2.1.3).
static inline bool source_is_martian(rte_be32_t source) {
	uint32_t first = rte_be_to_cpu_32(source) >> 24;

	return first == 0 || first == 127 || first >= 224;
}

static inline bool ipv4_checksum_is_bad(const struct frame *frame, const struct rte_mbuf *m) {
	uint64_t flags = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, frame->offset);

	if (frame->port->checksum_rx && flags == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return false;
	return rte_raw_cksum(ip, (size_t)(ip[0] & 0x0f) * 4) != 0xffff;
}

static inline bool udp_checksum_is_bad(const struct frame *frame, const struct rte_mbuf *m) {
	uint64_t flags = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, frame->offset);
	const struct rte_udp_hdr *udp = RTE_PTR_ADD(ip, (size_t)(ip->version_ihl & 0x0f) * 4);
	uint32_t sum;

	if (udp->dgram_cksum == 0 || (frame->port->checksum_rx && flags == RTE_MBUF_F_RX_L4_CKSUM_GOOD))
		return false;
	// The pseudo header counts the UDP length, which may be less than what the IP header leaves room for.
	sum = (ip->src_addr & 0xffff) + (ip->src_addr >> 16) + (ip->dst_addr & 0xffff) + (ip->dst_addr >> 16);
	sum += rte_cpu_to_be_16(IPPROTO_UDP) + udp->dgram_len;
	sum += checksum_sum(udp, rte_be_to_cpu_16(udp->dgram_len));
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum != 0xffff;
}

// Cuts the mbuf to the payload and notes where it came from.
static void datagram_shape(
	const struct frame *frame,
	struct rte_mbuf *m,
	const struct rte_ipv4_hdr *ip,
	const struct rte_udp_hdr *udp,
	int listener
) {
	struct packet *packet = packet_of(m);
	uint32_t start = (uint32_t)((const uint8_t *)(udp + 1) - rte_pktmbuf_mtod(m, const uint8_t *));
	uint32_t len = rte_be_to_cpu_16(udp->dgram_len) - (uint32_t)sizeof(*udp);

	packet->rx_tsc = frame->rx_tsc;
	ip_set_v4(&packet->src.addr, ip->src_addr);
	packet->src.port = rte_be_to_cpu_16(udp->src_port);
	packet->vlan = frame->vlan;
	packet->kind = PACKET_DATAGRAM;
	packet->port = frame->index;
	packet->listener = (uint8_t)listener;
	packet->latency = LATENCY_NONE;
	m->data_off += start;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

// The UDP part of an IPv4 packet whose header was found good.
static struct input_verdict input_udp(
	const struct input *input,
	const struct frame *frame,
	struct rte_mbuf *m,
	const struct rte_ipv4_hdr *ip,
	uint32_t payload_len
) {
	const struct rte_udp_hdr *udp = RTE_PTR_ADD(ip, (size_t)(ip->version_ihl & 0x0f) * 4);
	uint16_t fragment = rte_be_to_cpu_16(ip->fragment_offset) & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK);
	uint32_t udp_len;
	int listener;

	// Later fragments name no port; without the first one the kernel makes nothing of ours.
	if (unlikely(fragment & RTE_IPV4_HDR_OFFSET_MASK))
		return to_kernel;
	if (payload_len < sizeof(*udp)) {
		if (fragment == 0 && address_is_ours(input, key_v4(ip->dst_addr, 0, frame->vlan, frame->index)))
			return drop(COUNT_DROP_UDP_LENGTH);
		return to_kernel;
	}
	listener = listener_find(input, key_v4(ip->dst_addr, udp->dst_port, frame->vlan, frame->index));
	if (listener < 0 || source_is_martian(ip->src_addr))
		return to_kernel;
	if (unlikely(fragment))
		return drop(COUNT_DROP_IP_FRAGMENT);
	udp_len = rte_be_to_cpu_16(udp->dgram_len);
	if (unlikely(udp_len < sizeof(*udp) || udp_len > payload_len))
		return drop(COUNT_DROP_UDP_LENGTH);
	if (unlikely(udp_checksum_is_bad(frame, m)))
		return drop(COUNT_DROP_UDP_CHECKSUM);
	datagram_shape(frame, m, ip, udp, listener);
	return datagram;
}

static struct input_verdict input_ipv4(const struct input *input, const struct frame *frame, struct rte_mbuf *m) {
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, frame->offset);
	uint32_t room = m->data_len - frame->offset;
	uint32_t header_len, total_len;

	if (unlikely(room < sizeof(*ip)))
		return drop(COUNT_DROP_IP_HEADER);
	header_len = (ip->version_ihl & 0x0fu) * 4;
	total_len = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(ip->version_ihl >> 4 != 4 || header_len < sizeof(*ip) || total_len < header_len))
		return drop(COUNT_DROP_IP_HEADER);
	if (unlikely(total_len > room)) // less is Ethernet padding
		return drop(COUNT_DROP_IP_HEADER);
	if (unlikely(ipv4_checksum_is_bad(frame, m)))
		return drop(COUNT_DROP_IP_CHECKSUM);
	if (ip->next_proto_id != IPPROTO_UDP)
		return to_kernel;
	return input_udp(input, frame, m, ip, total_len - header_len);
}

static inline uint16_t u16_at(const uint8_t *bytes) {
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline bool ether_type_is_tag(uint16_t type) {
	return type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ;
}

// Fills in what the link layer says. False when the frame is too short or has more than one tag.
static inline bool input_ether(struct frame *frame, const struct rte_mbuf *m) {
	const uint8_t *type = rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_HDR_LEN - RTE_ETHER_TYPE_LEN);

	frame->offset = RTE_ETHER_HDR_LEN;
	if (unlikely(m->data_len < frame->offset))
		return false;
	frame->ether_type = u16_at(type);
	if (frame->ether_type != RTE_ETHER_TYPE_VLAN)
		return true;
	frame->offset += RTE_VLAN_HLEN;
	if (unlikely(m->data_len < frame->offset))
		return false;
	frame->vlan = u16_at(type + 2) & 0x0fff; // 0 is a mere priority
	frame->ether_type = u16_at(type + RTE_VLAN_HLEN);
	return !ether_type_is_tag(frame->ether_type);
}

struct input_verdict input_peek_frame(
	const struct input *input, const struct port *port, uint8_t index, struct rte_mbuf *m, uint64_t rx_tsc
) {
	struct frame frame = {.port = port, .index = index, .rx_tsc = rx_tsc};

	if (unlikely(m->nb_segs > 1) && rte_pktmbuf_linearize(m) != 0)
		return drop(COUNT_DROP_RX_SIZE);
	if (unlikely(!input_ether(&frame, m)))
		return drop(COUNT_DROP_ETHER);
	// Broadcasts, and what a promiscuous port hears of others, are the kernel's to judge.
	if (memcmp(rte_pktmbuf_mtod(m, const uint8_t *), port->mac, sizeof(port->mac)) != 0)
		return to_kernel;
	if (likely(frame.ether_type == RTE_ETHER_TYPE_IPV4))
		return input_ipv4(input, &frame, m);
	return to_kernel;
}
