// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The way out: route and neighbour of the snapshot, Ethernet, VLAN, IP and UDP headers, checksums, fragments of what
// the MTU has no room for, bursts. Frames are gathered per port and sent at the end of the turn.
#pragma once

#include "dataplane/worker.h"

// Room in front of the payload that output_datagram wants: Ethernet, one tag, IPv6 (the larger family), UDP. With less
// it moves the payload back.
#define OUTPUT_HEADROOM (14 + 4 + 40 + 8)

// An empty mbuf with room in front for the headers of the wire; NULL (counted) when none is left.
struct rte_mbuf *output_alloc(struct worker *w);

// Sends m's data as a UDP datagram from that listener. packet_of(m)->rx_tsc and ->latency say what to measure.
// Consumes m; what cannot be sent is counted, what waits for a next hop is sent when it is resolved.
void output_datagram(struct worker *w, struct rte_mbuf *m, uint8_t listener, const struct endpoint *to);

// The interface (index in config.interfaces) the route to this address leaves by, or -1 when there is no route.
int output_interface(struct worker *w, const struct ip_addr *to);

// Largest UDP payload that leaves that interface in one packet; what is larger goes in fragments.
uint32_t output_payload_max(const struct worker *w, int interface, uint8_t family);
