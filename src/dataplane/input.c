// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/input.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_icmp.h>
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

static inline uint32_t v6_slot(const struct input_v6 *key) {
	return key_slot(key->addr.first ^ (key->addr.second * UINT64_C(0xbf58476d1ce4e5b9)) ^ key->place);
}

// The listener of that key, or -1.
static inline int find_v4(const struct input *input, uint64_t key) {
	for (uint32_t slot = key_slot(key); input->key[slot]; slot = (slot + 1) % INPUT_SLOTS) {
		if (likely(input->key[slot] == key))
			return input->listener[slot];
	}
	return -1;
}

static inline int find_v6(const struct input *input, const struct input_v6 *key) {
	for (uint32_t slot = v6_slot(key); input->v6[slot].place; slot = (slot + 1) % INPUT_SLOTS) {
		const struct input_v6 *at = &input->v6[slot];

		if (at->place == key->place && at->addr.first == key->addr.first && at->addr.second == key->addr.second)
			return input->listener_v6[slot];
	}
	return -1;
}

static inline struct input_v6 key_v6(const void *addr, rte_be16_t udp_port, uint16_t vlan, uint8_t port) {
	struct input_v6 key = {.place = key_v4(0, udp_port, vlan, port)};

	memcpy(&key.addr, addr, sizeof(key.addr));
	return key;
}

// `addr` as it stands in the packet.
static inline int
listener_find(const struct input *input, const struct frame *frame, uint8_t family, const void *addr, rte_be16_t port) {
	struct input_v6 key;
	uint32_t v4;

	if (family == IP_V4) {
		memcpy(&v4, addr, sizeof(v4));
		return find_v4(input, key_v4(v4, port, frame->vlan, frame->index));
	}
	key = key_v6(addr, port, frame->vlan, frame->index);
	return find_v6(input, &key);
}

static bool address_is_ours(const struct input *input, const struct frame *frame, uint8_t family, const void *addr) {
	for (uint32_t i = 0; i < input->address_count; i++) {
		const struct input_address *at = &input->address[i];

		if (at->addr.family == family && at->vlan == frame->vlan && at->port == frame->index &&
		    memcmp(at->addr.bytes, addr, ip_size(family)) == 0)
			return true;
	}
	return false;
}

static void add_v4(struct input *input, uint64_t key, uint8_t listener) {
	uint32_t slot = key_slot(key);

	while (input->key[slot])
		slot = (slot + 1) % INPUT_SLOTS;
	input->key[slot] = key;
	input->listener[slot] = listener;
}

static void add_v6(struct input *input, const struct input_v6 *key, uint8_t listener) {
	uint32_t slot = v6_slot(key);

	while (input->v6[slot].place)
		slot = (slot + 1) % INPUT_SLOTS;
	input->v6[slot] = *key;
	input->listener_v6[slot] = listener;
}

void input_init(struct input *input, const struct config *cfg) {
	memset(input, 0, sizeof(*input));
	for (uint32_t i = 0; i < cfg->listener_count; i++) {
		const struct config_listener *listener = &cfg->listeners[i];
		const struct config_interface *interface = &cfg->interfaces[listener->interface];
		const struct ip_addr *addr = &listener->local.addr;
		rte_be16_t port = rte_cpu_to_be_16(listener->local.port);
		struct input_v6 key = key_v6(addr->bytes, port, interface->vlan, interface->port);

		if (addr->family == IP_V4)
			add_v4(input, key_v4(ip_to_v4(addr), port, interface->vlan, interface->port), (uint8_t)i);
		else
			add_v6(input, &key, (uint8_t)i);
		input->address[input->address_count++] =
			(struct input_address){*addr, interface->vlan, interface->port};
	}
}

// A source nobody can answer to. IPv4: 0/8, 127/8, multicast and up (RFC 1122 section 3.2.1.3). IPv6: ::/96 and
// ::ffff:0:0/96, which are no addresses of hosts or stand for IPv4 ones, and multicast (RFC 4291).
static inline bool source_is_martian(uint8_t family, const uint8_t *source) {
	static const uint8_t zeros[10] = {0};

	if (family == IP_V4)
		return source[0] == 0 || source[0] == 127 || source[0] >= 224;
	if (likely(source[0] != 0))
		return source[0] == 0xff;
	return memcmp(source, zeros, sizeof(zeros)) == 0 &&
	       ((source[10] == 0 && source[11] == 0) || (source[10] == 0xff && source[11] == 0xff));
}

static inline bool ipv4_checksum_is_bad(const struct frame *frame, const struct rte_mbuf *m) {
	uint64_t flags = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, frame->offset);

	if (frame->port->checksum_rx && flags == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return false;
	return rte_raw_cksum(ip, (size_t)(ip[0] & 0x0f) * 4) != 0xffff;
}

// Source and destination stand side by side in both headers.
static inline const uint8_t *source_of(uint8_t family, const void *ip) {
	return (const uint8_t *)ip +
	       (family == IP_V4 ? offsetof(struct rte_ipv4_hdr, src_addr) : offsetof(struct rte_ipv6_hdr, src_addr));
}

static inline const uint8_t *destination_of(uint8_t family, const void *ip) {
	return source_of(family, ip) + ip_size(family);
}

static inline uint32_t addresses_sum(uint8_t family, const void *ip) {
	const uint8_t *at = source_of(family, ip);
	uint32_t sum = 0;
	uint16_t word;

	for (uint32_t i = 0; i < 2 * ip_size(family); i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		sum += word;
	}
	return sum;
}

// 0 says that there is none; over IPv6 there must be one (RFC 8200 section 8.1).
static inline bool udp_checksum_is_bad(
	const struct frame *frame,
	const struct rte_mbuf *m,
	uint8_t family,
	const void *ip,
	const struct rte_udp_hdr *udp
) {
	uint64_t flags = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint32_t sum;

	if (udp->dgram_cksum == 0)
		return family == IP_V6;
	if (frame->port->checksum_rx && flags == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return false;
	// The pseudo header counts the UDP length, which may be less than what the IP header leaves room for.
	sum = addresses_sum(family, ip) + rte_cpu_to_be_16(IPPROTO_UDP) + udp->dgram_len;
	sum += checksum_sum(udp, rte_be_to_cpu_16(udp->dgram_len));
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum != 0xffff;
}

static inline void address_set(struct ip_addr *addr, uint8_t family, const uint8_t *bytes) {
	uint32_t v4;

	if (family == IP_V4) {
		memcpy(&v4, bytes, sizeof(v4));
		ip_set_v4(addr, v4);
		return;
	}
	memcpy(addr->bytes, bytes, sizeof(addr->bytes));
	addr->family = IP_V6;
}

// Cuts the mbuf to `len` bytes at `payload` and notes what it is.
static inline void
shape(const struct frame *frame,
      struct rte_mbuf *m,
      const void *payload,
      uint32_t len,
      enum packet_kind kind,
      int listener) {
	struct packet *packet = packet_of(m);

	packet->rx_tsc = frame->rx_tsc;
	packet->vlan = frame->vlan;
	packet->kind = (uint8_t)kind;
	packet->port = frame->index;
	packet->listener = (uint8_t)listener;
	packet->latency = LATENCY_NONE;
	m->data_off += (uint16_t)((const uint8_t *)payload - rte_pktmbuf_mtod(m, const uint8_t *));
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

// A UDP datagram in an IP packet, or in what an ICMP error quotes of one, as far as it goes.
struct inner {
	uint8_t family;
	const void *ip;
	const struct rte_udp_hdr *udp; // NULL: it is no datagram's first part
	uint32_t room;		       // from the UDP header on
};

// The UDP part of a whole IP packet whose header was found good.
static inline __attribute__((always_inline)) struct input_verdict
input_udp(const struct input *input, const struct frame *frame, struct rte_mbuf *m, const struct inner in) {
	const uint8_t family = in.family;
	const struct rte_udp_hdr *udp = in.udp;
	const uint8_t *source = source_of(family, in.ip), *destination = destination_of(family, in.ip);
	struct packet *packet = packet_of(m);
	uint32_t len;
	int listener;

	if (in.room < sizeof(*udp))
		return address_is_ours(input, frame, family, destination) ? drop(COUNT_DROP_UDP_LENGTH) : to_kernel;
	listener = listener_find(input, frame, family, destination, udp->dst_port);
	if (listener < 0 || source_is_martian(family, source))
		return to_kernel;
	len = rte_be_to_cpu_16(udp->dgram_len);
	if (unlikely(len < sizeof(*udp) || len > in.room))
		return drop(COUNT_DROP_UDP_LENGTH);
	if (unlikely(udp_checksum_is_bad(frame, m, family, in.ip, udp)))
		return drop(COUNT_DROP_UDP_CHECKSUM);
	address_set(&packet->src.addr, family, source);
	packet->src.port = rte_be_to_cpu_16(udp->src_port);
	shape(frame, m, udp + 1, len - (uint32_t)sizeof(*udp), PACKET_DATAGRAM, listener);
	return datagram;
}

static struct input_verdict
input_fragment(const struct input *input, const struct frame *frame, uint8_t family, const void *ip) {
	if (!address_is_ours(input, frame, family, destination_of(family, ip)))
		return to_kernel;
	return (struct input_verdict){.kind = INPUT_FRAGMENT, .offset = (uint8_t)frame->offset};
}

static struct inner quote_v4(const uint8_t *at, uint32_t room) {
	const struct rte_ipv4_hdr *ip = (const void *)at;
	struct inner quote = {.family = IP_V4, .ip = at};
	uint32_t len;

	if (room < sizeof(*ip))
		return quote;
	len = (ip->version_ihl & 0x0fu) * 4;
	if (ip->version_ihl >> 4 != 4 || len < sizeof(*ip) || room < len + sizeof(*quote.udp) ||
	    ip->next_proto_id != IPPROTO_UDP || (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK)))
		return quote;
	quote.udp = (const void *)(at + len);
	quote.room = room - len;
	return quote;
}

static struct inner quote_v6(const uint8_t *at, uint32_t room) {
	const struct rte_ipv6_hdr *ip = (const void *)at;
	const struct rte_ipv6_fragment_ext *fragment = (const void *)(ip + 1);
	struct inner quote = {.family = IP_V6, .ip = at};
	uint32_t len = sizeof(*ip);

	if (room >= len + sizeof(*fragment) && ip->proto == IPPROTO_FRAGMENT && fragment->next_header == IPPROTO_UDP &&
	    RTE_IPV6_GET_FO(rte_be_to_cpu_16(fragment->frag_data)) == 0)
		len += (uint32_t)sizeof(*fragment);
	else if (room < len || ip->proto != IPPROTO_UDP)
		return quote;
	if (room < len + sizeof(*quote.udp))
		return quote;
	quote.udp = (const void *)(at + len);
	quote.room = room - len;
	return quote;
}

// Destination unreachable for good: not "fragmentation needed", which concerns the path and not who is at its end.
static bool icmp_says_lost(uint8_t family, const struct rte_icmp_hdr *icmp) {
	enum { V4_UNREACHABLE = 3, V4_FRAGMENTATION_NEEDED = 4, V4_ADMIN_MAX = 13, V6_UNREACHABLE = 1 };

	if (family == IP_V6)
		return icmp->icmp_type == V6_UNREACHABLE;
	return icmp->icmp_type == V4_UNREACHABLE && icmp->icmp_code != V4_FRAGMENTATION_NEEDED &&
	       icmp->icmp_code <= V4_ADMIN_MAX;
}

// RFC 792, RFC 4443. No checksum is looked at: who handles it finds its own mark in the text or leaves it alone.
static struct input_verdict input_icmp(
	const struct input *input,
	const struct frame *frame,
	struct rte_mbuf *m,
	uint8_t family,
	const struct rte_icmp_hdr *icmp,
	uint32_t room
) {
	const uint8_t *quoted = (const uint8_t *)(icmp + 1);
	struct packet *packet = packet_of(m);
	struct inner quote;
	int listener;

	if (room < sizeof(*icmp) || !icmp_says_lost(family, icmp))
		return to_kernel;
	room -= (uint32_t)sizeof(*icmp);
	quote = family == IP_V4 ? quote_v4(quoted, room) : quote_v6(quoted, room);
	if (!quote.udp)
		return to_kernel;
	listener = listener_find(input, frame, family, source_of(family, quote.ip), quote.udp->src_port);
	if (listener < 0)
		return to_kernel;
	address_set(&packet->src.addr, family, destination_of(family, quote.ip));
	packet->src.port = rte_be_to_cpu_16(quote.udp->dst_port);
	shape(frame, m, quote.udp + 1, quote.room - (uint32_t)sizeof(*quote.udp), PACKET_LOST, listener);
	return (struct input_verdict){.kind = INPUT_ERROR};
}

static struct input_verdict input_ipv4(const struct input *input, const struct frame *frame, struct rte_mbuf *m) {
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, frame->offset);
	uint32_t room = m->data_len - frame->offset;
	uint32_t header_len, total_len;
	const void *payload;
	bool is_piece;

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
	payload = RTE_PTR_ADD(ip, header_len);
	is_piece = (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
	if (unlikely(ip->next_proto_id != IPPROTO_UDP))
		return ip->next_proto_id == IPPROTO_ICMP && !is_piece
			       ? input_icmp(input, frame, m, IP_V4, payload, total_len - header_len)
			       : to_kernel;
	if (unlikely(is_piece))
		return input_fragment(input, frame, IP_V4, ip);
	return input_udp(input, frame, m, (struct inner){IP_V4, ip, payload, total_len - header_len});
}

static struct input_verdict input_ipv6(const struct input *input, const struct frame *frame, struct rte_mbuf *m) {
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, frame->offset);
	const struct rte_ipv6_fragment_ext *fragment = (const void *)(ip + 1);
	uint32_t room = m->data_len - frame->offset;
	uint32_t len;

	if (unlikely(room < sizeof(*ip) || *(const uint8_t *)ip >> 4 != 6))
		return drop(COUNT_DROP_IP_HEADER);
	room -= (uint32_t)sizeof(*ip);
	len = rte_be_to_cpu_16(ip->payload_len);
	if (unlikely(len > room))
		return drop(COUNT_DROP_IP_HEADER);
	switch (ip->proto) {
	case IPPROTO_UDP:
		return input_udp(input, frame, m, (struct inner){IP_V6, ip, (const void *)(ip + 1), len});
	case IPPROTO_FRAGMENT:
		if (len < sizeof(*fragment) || fragment->next_header != IPPROTO_UDP)
			return to_kernel;
		return input_fragment(input, frame, IP_V6, ip);
	case IPPROTO_ICMPV6:
		return input_icmp(input, frame, m, IP_V6, (const void *)(ip + 1), len);
	default:
		return to_kernel;
	}
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
	return frame.ether_type == RTE_ETHER_TYPE_IPV6 ? input_ipv6(input, &frame, m) : to_kernel;
}
