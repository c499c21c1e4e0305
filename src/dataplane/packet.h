// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the dataplane knows of a packet, kept in the private area of its mbuf.
#pragma once

#include <rte_mbuf.h>

#include "base/ip.h"

enum packet_kind {
	PACKET_DATAGRAM,  // the data is a UDP payload for one of our listeners
	PACKET_LOST,	  // the data is what there is of a UDP payload we sent and `src` did not get
	PACKET_FRAME_OUT, // the data is a whole frame to be sent by `port`
	PACKET_TO_KERNEL, // the data is a whole frame received by `port`
};

// The histogram a sent message's latency goes to.
enum latency_kind {
	LATENCY_NONE, // not caused by a received message: timers, the kernel
	LATENCY_INVITE,
	LATENCY_REQUEST, // other than INVITE
	LATENCY_PROVISIONAL,
	LATENCY_FINAL,
	LATENCY_LOCAL, // our own answer to a request
	LATENCY_COUNT,
};
const char *latency_kind_name(enum latency_kind kind);

struct packet {
	uint64_t rx_tsc; // when its burst was received; 0 for what we make
	struct endpoint src;
	struct endpoint dst; // of what waits for its next hop to be resolved
	uint16_t vlan;
	uint8_t kind;	  // enum packet_kind
	uint8_t port;	  // received by, or to be sent by
	uint8_t listener; // index in config.listeners, of a datagram
	uint8_t latency;  // enum latency_kind, set by who sends
};

static inline struct packet *packet_of(struct rte_mbuf *m) {
	return rte_mbuf_to_priv(m);
}
