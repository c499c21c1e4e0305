// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Datagrams of one worker that wait for the MAC of their next hop: a queue for each, all in one array of slots.
// Timers: a next hop is asked for again every PENDING_ASK_MS, and what waits for it is given up PENDING_WAIT_MS after
// the first came.
#pragma once

#include "dataplane/neigh.h"
#include "dataplane/worker.h"

#define PENDING_MAX 1024 // datagrams in all
#define PENDING_PER_HOP 256
#define PENDING_HOPS 64
#define PENDING_PER_TURN 64 // sent in one turn, so that neither it nor the send queue is flooded
#define PENDING_WAIT_MS 3000
#define PENDING_ASK_MS 1000

struct pending_hop {
	struct ip_addr next;
	uint8_t interface;
	uint16_t count;	      // 0 = the entry is free
	uint16_t ready;	      // so many of the oldest can be sent
	uint16_t first, last; // slots
	uint64_t ask_ms;
	uint64_t give_up_ms;
};

struct pending_slot {
	struct rte_mbuf *m; // a UDP payload; struct packet has dst and listener
	uint16_t next;
};

struct pending {
	uint32_t count;	     // datagrams in all
	uint16_t slots_used; // at least once
	uint16_t slot_free;  // 1 + the first of those free again, 0 = none
	struct pending_hop hops[PENDING_HOPS];
	struct pending_hop nowhere; // those no route leads to, lost in the next turn
	struct pending_slot slots[PENDING_MAX];
};

// Consumes m.
void pending_add(struct worker *w, struct rte_mbuf *m, const struct neigh_hop *hop);

// For a datagram no route leads to: stages->lost hears of it in the next turn. packet_of(m)->dst is where it was to go.
// Consumes m.
void pending_lose(struct worker *w, struct rte_mbuf *m);

// Once per turn: sends what can be sent when there is a new snapshot, asks again, gives what was given up to
// stages->lost. True when it did something.
bool pending_turn(struct worker *w, const struct worker_stages *stages, bool new_snapshot);

// Frees all that waits.
void pending_clear(struct pending *pending);
