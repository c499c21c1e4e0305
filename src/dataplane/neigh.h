// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Routes and neighbours as the kernel knows them, for workers: an immutable snapshot published by one pointer store,
// and each worker's cache of what it looked up in it. Family-generic. Snapshots are made by the control core
// (learn.h), which frees an old one after every worker passed a quiescent point.
#pragma once

#include <stdatomic.h>

#include <rte_rcu_qsbr.h>

#include "base/config.h"

#define NEIGH_CACHE 512
#define NEIGH_CACHE_MS 1000  // after that a cached entry is looked up anew, which marks the neighbour as used
#define NEIGH_ELSEWHERE 0xff // interface of a route that leaves by none of ours, or rejects

struct neigh_route {
	struct ip_prefix to;
	struct ip_addr via; // IP_NONE: the destination is on the link
	uint8_t interface;  // index in config.interfaces, or NEIGH_ELSEWHERE
	uint32_t metric;
};

struct neigh_entry {
	struct ip_addr addr;
	uint8_t interface;
	uint8_t mac[6];
	bool stale;   // the kernel has not heard of it for a while
	uint8_t used; // set by workers, cleared by the control core; relaxed
};

// Routes of one family and prefix length: a sorted run in the snapshot's array.
struct neigh_run {
	uint8_t family;
	uint8_t len;
	uint32_t first, count;
};

struct neigh_snapshot {
	uint32_t version; // never 0
	uint32_t run_count;
	struct neigh_run runs[33 + 129]; // longest prefixes first within a family
	uint32_t route_count;
	struct neigh_route *routes;
	uint32_t slot_mask;
	uint32_t *slots; // 1 + index of an entry, by hash; 0 = empty
	uint32_t entry_count;
	struct neigh_entry *entries;
};

// Where the current snapshot is found. One writer: the control core.
struct neigh_board {
	_Atomic(struct neigh_snapshot *) current;
	struct rte_rcu_qsbr *qsbr;
};

enum neigh_state {
	NEIGH_NO_ROUTE,
	NEIGH_WAITING, // route found, the next hop's MAC is not known
	NEIGH_KNOWN,
};

// What is known of the way to one address.
struct neigh_hop {
	struct ip_addr to;
	struct ip_addr next;
	uint8_t state; // enum neigh_state
	uint8_t interface;
	uint8_t mac[6];
	uint32_t version; // of the snapshot it was taken from; 0 = empty
	uint64_t until_ms;
};

// A worker's own.
struct neigh_view {
	struct neigh_board *board;
	const struct neigh_snapshot *snapshot; // of this turn
	uint8_t worker;
	struct neigh_hop cache[NEIGH_CACHE];
};

// --- control core ---

// Copies and sorts; of two routes to one prefix the lower metric stays. NULL when memory is short.
struct neigh_snapshot *neigh_snapshot_create(
	uint32_t version,
	const struct neigh_route *routes,
	uint32_t route_count,
	const struct neigh_entry *entries,
	uint32_t entry_count
);
void neigh_snapshot_free(struct neigh_snapshot *snapshot);

// Starts with an empty snapshot. Returns 0 or -ENOMEM.
int neigh_board_init(struct neigh_board *board);
void neigh_board_fini(struct neigh_board *board);

// Publishes and returns the one before, to be freed when neigh_is_quiet(board, *ret_token).
struct neigh_snapshot *neigh_publish(struct neigh_board *board, struct neigh_snapshot *snapshot, uint64_t *ret_token);
bool neigh_is_quiet(struct neigh_board *board, uint64_t token);

// The way to that address and the neighbour its next hop is, NULL when it is not known. Leaves no mark.
const struct neigh_entry *
neigh_peek(const struct neigh_snapshot *snapshot, const struct ip_addr *to, struct neigh_hop *ret_hop);

// Takes the mark that workers set since the last call.
bool neigh_take_used(struct neigh_entry *entry);

// --- workers ---

// Cached results are handed out until the next call; the pointer must not be kept.
const struct neigh_hop *neigh_find(struct neigh_view *view, uint64_t now_ms, const struct ip_addr *to);

// Around the life of a loop: between the two, old snapshots wait for this worker.
void neigh_online(struct neigh_view *view);
void neigh_offline(struct neigh_view *view);

// The start of a turn: no pointer into a snapshot is held here. True when a newer one came.
static inline bool neigh_refresh(struct neigh_view *view) {
	const struct neigh_snapshot *before = view->snapshot;

	rte_rcu_qsbr_quiescent(view->board->qsbr, view->worker);
	view->snapshot = atomic_load_explicit(&view->board->current, memory_order_acquire);
	return view->snapshot != before;
}
