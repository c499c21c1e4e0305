// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// ARP (RFC 826), as far as two hosts on a wire need it.
#include <rte_arp.h>
#include <rte_ether.h>

#include "net.h"

struct arp_frame {
	struct rte_ether_hdr eth;
	struct rte_arp_hdr arp;
};
static_assert(sizeof(struct arp_frame) == 42, "as on the wire");

static const struct rte_ether_addr broadcast = {.addr_bytes = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static bool is_ours(const struct net *net, const struct net_port *port, uint32_t ip) {
	for (unsigned i = 0; i < SIDES; i++)
		if (net->side[i].port == port && ip_to_v4(&net->side[i].local.addr) == ip)
			return true;
	return false;
}

static void address_copy(struct rte_ether_addr *to, const uint8_t *mac) {
	memcpy(to->addr_bytes, mac, sizeof(to->addr_bytes));
}

// The question becomes the answer.
static void answer(struct net_port *port, struct rte_mbuf *m, struct arp_frame *frame) {
	uint32_t asked = frame->arp.arp_data.arp_tip;

	frame->eth.dst_addr = frame->eth.src_addr;
	address_copy(&frame->eth.src_addr, port->mac);
	frame->arp.arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
	frame->arp.arp_data.arp_tha = frame->arp.arp_data.arp_sha;
	frame->arp.arp_data.arp_tip = frame->arp.arp_data.arp_sip;
	address_copy(&frame->arp.arp_data.arp_sha, port->mac);
	frame->arp.arp_data.arp_sip = asked;
	net_frame_send(port, m);
}

void arp_handle(struct net *net, struct net_port *port, struct rte_mbuf *m, const struct ip_addr *wanted) {
	struct arp_frame *frame = rte_pktmbuf_mtod(m, struct arp_frame *);
	struct net_side *side = &net->side[SIDE_A];

	if (wanted && side->port == port && frame->arp.arp_data.arp_sip == ip_to_v4(wanted)) {
		memcpy(side->peers[0].mac, frame->arp.arp_data.arp_sha.addr_bytes, 6);
		side->peer_count = 1;
	}
	if (frame->arp.arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) &&
	    is_ours(net, port, frame->arp.arp_data.arp_tip))
		answer(port, m, frame);
	else
		rte_pktmbuf_free(m);
}

void arp_ask(struct net *net, unsigned index, const struct ip_addr *wanted) {
	struct net_side *side = &net->side[index];
	struct rte_mbuf *m = rte_pktmbuf_alloc(net->pool);
	struct arp_frame *frame;

	if (!m)
		return;
	m->data_len = 60;
	m->pkt_len = 60;
	frame = rte_pktmbuf_mtod(m, struct arp_frame *);
	memset(frame, 0, 60);
	frame->eth.dst_addr = broadcast;
	address_copy(&frame->eth.src_addr, side->port->mac);
	frame->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
	frame->arp.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER);
	frame->arp.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	frame->arp.arp_hlen = 6;
	frame->arp.arp_plen = 4;
	frame->arp.arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
	address_copy(&frame->arp.arp_data.arp_sha, side->port->mac);
	frame->arp.arp_data.arp_sip = ip_to_v4(&side->local.addr);
	frame->arp.arp_data.arp_tip = ip_to_v4(wanted);
	net_frame_send(side->port, m);
}
