// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Learns routes and neighbours from the kernel over netlink and publishes them to the workers (neigh.h); makes the
// kernel resolve next hops. Control core only. What cannot be read as a whole stays as it was until it can.
// Timers: rebuilds are at least LEARN_PAUSE_MS apart.
#pragma once

#include "dataplane/keep.h"
#include "dataplane/neigh.h"
#include "dataplane/netlink.h"

#define LEARN_PAUSE_MS 20
#define LEARN_RETIRED 16 // snapshots that wait for workers
#define LEARN_REFRESH 64 // neighbours asked for again per tick

// Elements of one type; the same memory serves another type after it was emptied.
struct learn_array {
	void *items;
	uint32_t count;
	size_t room; // bytes
};

struct learn {
	const struct config *cfg;
	const int *ifindex; // of each config.interfaces
	struct neigh_board *board;
	struct netlink *requests;
	struct netlink monitor;
	int timer_fd;
	bool routes_dirty, neighbours_dirty;
	uint32_t failures; // to read or to publish, in a row; the first is logged
	uint64_t rebuilt_ms;
	uint32_t version;
	struct learn_array routes, entries; // struct neigh_route, struct neigh_entry: as published
	struct learn_array fresh;	    // what is being read
	struct keep keep;
	uint32_t retired_count;
	struct {
		struct neigh_snapshot *snapshot;
		uint64_t token;
	} retired[LEARN_RETIRED];
};

// Opens the monitor and publishes the first snapshot. Logs and returns -errno on failure.
int learn_start(
	struct learn *learn,
	const struct config *cfg,
	const int *ifindex,
	struct neigh_board *board,
	struct netlink *requests
);

// Only after the workers ended.
void learn_stop(struct learn *learn);

// The monitor socket or the timer is readable.
void learn_monitor_ready(struct learn *learn);
void learn_timer_ready(struct learn *learn);

// Frees old snapshots, refreshes stale neighbours in use, and looks for those the configuration names.
void learn_tick(struct learn *learn);

// Makes the kernel look for that neighbour.
void learn_resolve(struct learn *learn, uint8_t interface, const struct ip_addr *addr);
