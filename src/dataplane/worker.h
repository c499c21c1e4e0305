// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// One pinned thread that polls one receive queue of each port and owns its share of all calls. Everything in the
// first part is touched by that thread alone; "out" is written by it and read by the control core; "in" the reverse.
#pragma once

#include "base/config.h"
#include "base/count.h"
#include "base/hist.h"
#include "dataplane/backlog.h"
#include "dataplane/mailbox.h"
#include "dataplane/packet.h"
#include "dataplane/stage.h"

struct session;	  // session/session.h: what a worker keeps of calls
struct dataplane; // dataplane/dataplane.h
struct rte_ring;
struct rte_mempool;
struct port;	  // dataplane/port.h
struct input;	  // dataplane/input.h
struct pending;	  // dataplane/pending.h: datagrams that wait for a next hop
struct guard;	  // dataplane/guard.h: who may send how much
struct fragments; // dataplane/fragments.h: datagrams that wait for their other pieces
struct neigh_board;
struct neigh_view; // dataplane/neigh.h: the published snapshot and this worker's cache of it
struct tx_state;   // dataplane/tx.h: frames gathered per port until the end of the turn

// Fill levels the worker keeps up to date once per turn in which something happened, for `show status`.
struct worker_gauges {
	uint32_t transactions_live;	 // in progress
	uint32_t transactions_lingering; // completed, absorbing retransmissions
	uint32_t transactions_max, transactions_capacity;
	uint32_t dialogs_early, dialogs_confirmed;
	uint32_t dialogs_max, dialogs_capacity;
	uint32_t forks, forks_max, forks_capacity; // requests with several targets
	uint64_t text_used, text_capacity;
	uint32_t timers;
	uint32_t packets_pending; // waiting for a next hop
};

struct worker {
	// --- mine: only this worker touches these ---
	uint8_t id;
	uint8_t worker_count;
	uint64_t now_tsc;
	uint64_t now_ms; // since start, of this turn
	const struct config *cfg;
	struct dataplane *dp;
	struct session *session;
	struct rte_mempool *packets;
	struct neigh_view *neigh;
	struct tx_state *tx;
	struct pending *pending;
	struct fragments *fragments;
	struct guard *guard;
	const struct port *ports;  // config.port_count of them
	const struct input *input; // where datagrams for listeners are found
	struct mailbox_bell *bell;
	bool wants_control;   // there is something for the control core: ring at the end of the turn
	uint64_t ms_tsc;      // TSC cycles in a millisecond
	uint64_t next_ms_tsc; // when now_ms grows
	struct stage_clock stage;
	struct backlog backlog;
	uint64_t debug_events_left; // of this second, so that a flood cannot fill the log

	// --- out: I write, control reads ---
	alignas(CACHE_LINE) struct counters count;
	struct hist latency[LATENCY_COUNT]; // TSC cycles, receive to send
	struct hist undisturbed; // the same while stages are counted, of turns the core was not taken away in
	struct worker_gauges gauges;
	uint64_t busy_tsc; // spent in turns that did something
	struct stage_totals stages;

	// --- in: control writes, I read; relaxed but for what says otherwise ---
	alignas(CACHE_LINE) uint8_t stop;
	uint8_t draining;     // refuse new requests outside dialogs
	uint8_t debug_events; // send EVENT_REFUSED
	uint8_t measure;      // cycles by stage

	// --- rings: the other end is named ---
	struct rte_ring *from_worker[WORKERS_MAX]; // NULL for myself
	struct rte_ring *to_worker[WORKERS_MAX];
	struct rte_ring *to_kernel;   // control reads
	struct rte_ring *from_kernel; // control writes
	struct rte_ring *events;      // control reads
	struct rte_ring *commands;    // control writes
	struct rte_ring *replies;     // control reads
};

// What the loop calls; all direct calls when given to worker_loop as a constant.
struct worker_stages {
	// The worker that owns a datagram, from its first bytes. May run on any worker.
	uint8_t (*owner)(const struct worker *w, const char *data, uint32_t len);
	// True for a datagram of a stranger that an expression of config.sources finds. On the worker that received it.
	bool (*is_unwanted)(const struct worker *w, const char *data, uint32_t len);
	// Handles datagrams this worker owns, in order; consumes the mbufs.
	void (*datagrams)(struct worker *w, struct rte_mbuf **m, uint32_t count);
	// A datagram we sent did not arrive: m has what there is of it, from its first byte on, and packet_of(m)->src
	// is whom it was for. Called on the worker that lost_owner names. Consumes m.
	void (*lost)(struct worker *w, struct rte_mbuf *m);
	uint8_t (*lost_owner)(const struct worker *w, const char *data, uint32_t len);
	// Once per turn: timers, gauges. True when it did something.
	bool (*tick)(struct worker *w);
	// Answers one command in a bounded time.
	void (*command)(struct worker *w, struct command *command);
};

// Flags between control and worker, with the ordering they need.
static inline bool worker_flag(const uint8_t *flag) {
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE) != 0;
}

static inline void worker_flag_set(uint8_t *flag, bool value) {
	__atomic_store_n(flag, value, __ATOMIC_RELEASE);
}

// From here on cycles are those of this stage. Gives back the stage before, for who is called from several.
static inline enum stage stage_enter(struct worker *w, enum stage stage) {
	enum stage before = (enum stage)w->stage.now;

	if (unlikely(w->stage.on))
		stage_note(&w->stage, stage);
	return before;
}

// One turn: receive, hand off, datagrams, tick, commands, send. Returns false when nothing happened.
bool worker_turn(struct worker *w, const struct worker_stages *stages);

// What workers share, and who made it frees it.
struct worker_parts {
	const struct config *cfg;
	struct dataplane *dp; // NULL in tests
	struct rte_mempool *packets;
	const struct port *ports;
	const struct input *input;
	struct neigh_board *board;
	struct mailbox_bell *bell;
};

// Control core: a worker with its rings to and from the control core; mailbox_connect joins it with others. Returns 0
// or -errno.
int worker_create(const struct worker_parts *parts, uint8_t id, struct worker **ret_worker);
void worker_destroy(struct worker *w);

// Runs turns on this thread until w->stop is set, with pauses where the configuration says so.
void worker_run(struct worker *w, const struct worker_stages *stages);
