// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The way in: what a received frame is. Ethernet, one 802.1Q tag, IPv4 (RFC 791) or IPv6 (RFC 8200) and UDP (RFC 768)
// are checked just as far as is needed to know that a datagram, a piece of one, or an ICMP error about one of ours is
// for one of our listeners; everything else is the kernel's, IPv6 with other extension headers than Fragment included.
#pragma once

#include "base/config.h"
#include "base/count.h"
#include "dataplane/packet.h"
#include "dataplane/port.h"

#define INPUT_SLOTS (LISTENERS_MAX * 4)

enum input_kind {
	INPUT_DATAGRAM, // the mbuf is cut to the UDP payload, its struct packet is filled in
	INPUT_ERROR,	// the same with what an ICMP error quotes of a datagram of ours; src is whom it did not reach
	INPUT_FRAGMENT, // of a UDP datagram for an address of a listener; untouched
	INPUT_KERNEL,	// untouched
	INPUT_DROP,
};

struct input_verdict {
	uint8_t kind;	 // enum input_kind
	uint8_t offset;	 // INPUT_FRAGMENT: of the IP header
	uint16_t reason; // INPUT_DROP: enum count
};

// An IPv6 listener. `place` is UDP port, VLAN, port and a 1, so that zero is an empty slot.
struct input_v6 {
	struct ip_halves addr;
	uint64_t place;
};

// An address of listeners.
struct input_address {
	struct ip_addr addr;
	uint16_t vlan;
	uint8_t port;
};

// Where datagrams for listeners are found; frozen, shared by all workers. An IPv4 key is address, UDP port, VLAN, port
// and a 1, so that zero is an empty slot.
struct input {
	uint64_t key[INPUT_SLOTS];
	uint8_t listener[INPUT_SLOTS];
	struct input_v6 v6[INPUT_SLOTS];
	uint8_t listener_v6[INPUT_SLOTS];
	uint32_t address_count;
	struct input_address address[LISTENERS_MAX];
};

void input_init(struct input *input, const struct config *cfg);

// Judges a frame received by ports[index]; rx_tsc is the time of its burst. Does not consume the mbuf.
struct input_verdict input_peek_frame(
	const struct input *input, const struct port *port, uint8_t index, struct rte_mbuf *m, uint64_t rx_tsc
);
