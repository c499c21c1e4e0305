// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Datagrams of one worker that wait for the MAC of their next hop. Timers: a next hop is asked for again every
// PENDING_ASK_MS, and what waits for it is given up PENDING_WAIT_MS after the first came.
#pragma once

#include "dataplane/neigh.h"
#include "dataplane/worker.h"

#define PENDING_MAX 256 // datagrams in all
#define PENDING_PER_HOP 16
#define PENDING_HOPS 64
#define PENDING_WAIT_MS 3000
#define PENDING_ASK_MS 1000

struct pending_hop {
	struct ip_addr next;
	uint8_t interface;
	uint8_t count; // 0 = the entry is free
	uint64_t ask_ms;
	uint64_t give_up_ms;
	struct rte_mbuf *packets[PENDING_PER_HOP]; // UDP payloads; struct packet has dst and listener
};

struct pending {
	uint32_t count; // datagrams in all
	struct pending_hop hops[PENDING_HOPS];
};

// Consumes m.
void pending_add(struct worker *w, struct rte_mbuf *m, const struct neigh_hop *hop);

// Once per turn: sends what can be sent when there is a new snapshot, asks again, gives up. True when it did something.
bool pending_turn(struct worker *w, bool new_snapshot);

// Frees all that waits.
void pending_clear(struct pending *pending);
