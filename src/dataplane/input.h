// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The way in: what a received frame is. Ethernet, one 802.1Q tag, IPv4 (RFC 791) and UDP (RFC 768) are checked just as
// far as is needed to know that a datagram is for one of our listeners; everything else is the kernel's.
#pragma once

#include "base/config.h"
#include "base/count.h"
#include "dataplane/packet.h"
#include "dataplane/port.h"

#define INPUT_SLOTS (LISTENERS_MAX * 4)

enum input_kind {
	INPUT_DATAGRAM, // the mbuf is cut to the UDP payload, its struct packet is filled in
	INPUT_KERNEL,	// untouched
	INPUT_DROP,
};

struct input_verdict {
	uint8_t kind;	 // enum input_kind
	uint16_t reason; // INPUT_DROP: enum count
};

// Where datagrams for listeners are found; frozen, shared by all workers. An IPv4 key is address, UDP port, VLAN, port
// and a 1, so that zero is an empty slot.
struct input {
	uint64_t key[INPUT_SLOTS];
	uint8_t listener[INPUT_SLOTS];
	uint32_t address_count;
	uint64_t address[LISTENERS_MAX]; // keys with UDP port 0
};

void input_init(struct input *input, const struct config *cfg);

// Judges a frame received by ports[index]; rx_tsc is the time of its burst. Does not consume the mbuf.
struct input_verdict input_peek_frame(
	const struct input *input, const struct port *port, uint8_t index, struct rte_mbuf *m, uint64_t rx_tsc
);
