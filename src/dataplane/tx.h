// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Frames and datagrams a worker gathers during a turn: frames per port for the driver, and both kinds per worker for
// its ring. Flushed in bursts at the end of the turn.
#pragma once

#include "dataplane/worker.h"

#define TX_BURST 64
#define HANDOFF_BURST 32

struct tx_queue {
	uint32_t count;
	struct rte_mbuf *frames[TX_BURST];
};

struct handoff {
	uint32_t count;
	struct rte_mbuf *packets[HANDOFF_BURST];
};

struct tx_state {
	struct tx_queue ports[PORTS_MAX];
	struct handoff workers[WORKERS_MAX];
	uint32_t ip_id; // of the next packet; IPv4 has room for half of it
};

// Sends a whole frame by that port, on our queue or through the worker that has one. Consumes m.
void tx_frame(struct worker *w, uint8_t port, struct rte_mbuf *m);

// Gives a datagram to the worker that owns it. Consumes m.
void tx_handoff(struct worker *w, uint8_t owner, struct rte_mbuf *m);

// Gives everything gathered to drivers and rings.
void tx_flush(struct worker *w);

// Drops: counts and frees.
void tx_drop(struct worker *w, struct rte_mbuf *m, enum count reason);
