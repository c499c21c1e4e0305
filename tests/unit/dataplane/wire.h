// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// One or two real workers on net_ring ports without huge pages, TAPs or netlink: frames are put on the wire and taken
// from it, turns are driven by the test.
#pragma once

#include "../test.h"
#include "dataplane/input.h"
#include "dataplane/neigh.h"
#include "dataplane/output.h"
#include "dataplane/pending.h"
#include "dataplane/port.h"
#include "dataplane/tx.h"
#include "dataplane/worker.h"

#define WIRE_PORTS 2
#define WIRE_QUEUES 2
#define WIRE_BUFFERS 5000
#define WIRE_ROOM 5120 // of a buffer
#define FRAME_MAX 2048

// Interfaces and listeners of the configuration: 192.0.2.1 untagged and 198.18.0.1 in VLAN 100 of port 0, 198.51.100.1
// of port 1; one more listener on the first interface is 2001:db8:a::1. All with UDP port 5060.
enum { ACCESS, TAGGED, CORE, WIRE_INTERFACES, ACCESS6 = WIRE_INTERFACES, WIRE_LISTENERS };

// What the stages of a worker saw; it answers each datagram to where it came from unless told not to.
struct seen {
	uint32_t datagrams, lost;
	char last[8192];
	struct endpoint whom; // a lost one was for
	bool keep_quiet;
};

struct wire {
	struct config cfg;
	struct ip_prefix prefixes[WIRE_LISTENERS];
	struct port ports[WIRE_PORTS];
	struct rte_ring *in[WIRE_PORTS][WIRE_QUEUES], *out[WIRE_PORTS][WIRE_QUEUES];
	struct rte_mempool *packets;
	struct input input;
	struct neigh_board board;
	struct neigh_snapshot *retired; // workers see the new one from their next turn on
	struct mailbox_bell bell;
	struct worker *workers[2];
	struct seen seen[2];
	uint32_t buffers; // in the pool when nothing is out
};

// A frame to be received; zero fields take what makes a good one.
struct frame_spec {
	const char *from, *to; // "address:port"; default 192.0.2.10:5070 and 192.0.2.1:5060, or both IPv6
	const char *payload;   // default "hello"
	bool is_v6;	       // from 2001:db8:a::10 to 2001:db8:a::1 by default
	uint16_t vlan;
	bool is_tagged; // with VLAN 0, or in front of `type`
	uint16_t type;	// of Ethernet
	uint8_t protocol;
	uint8_t options; // bytes of IP options
	uint8_t version_ihl;
	uint16_t fragment;		// the field as it is; IPv6 has none when it is 0
	int total_len_off, udp_len_off; // added to the right value
	uint32_t padding;
	uint32_t cut; // bytes taken from the end
	bool bad_ip_checksum, bad_udp_checksum, no_udp_checksum, other_mac;
};

// Group set-up: EAL, once per process.
int wire_eal(void **state);

// Test set-up (state is the struct wire) and tear-down, which checks that no packet was lost.
int wire_open_one(void **state);
int wire_open_two(void **state); // two workers, two queues
int wire_open_two_one_queue(void **state);
int wire_close(void **state);

extern const struct worker_stages wire_stages;

uint32_t frame_build(const struct frame_spec *spec, uint8_t *frame);
void wire_send(struct wire *wire, uint8_t port, uint16_t queue, const struct frame_spec *spec);

// The next frame a worker put on the wire, or NULL; to be freed by the caller.
struct rte_mbuf *wire_take(struct wire *wire, uint8_t port, uint16_t queue);

// Takes n frames off; fails when there are fewer or more.
void wire_expect(struct wire *wire, uint8_t port, uint16_t queue, uint32_t n);

void wire_turn(struct wire *wire, uint8_t worker);

// Moves that worker's clock.
void wire_wait(struct wire *wire, uint8_t worker, uint32_t ms);

// Publishes the routes of the configuration's networks, 203.0.113.0/24 via 192.0.2.10 and 10.0.0.0/8 by no port of
// ours, and the neighbours .10 of each network when they are known.
void wire_neighbours(struct wire *wire, bool known);

struct rte_mbuf *wire_datagram(struct wire *wire, uint8_t worker, const char *payload);
struct endpoint endpoint_of(const char *text);
uint64_t count_of(const struct wire *wire, uint8_t worker, enum count count);
