// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Next hops the configuration names, by a static rule or as a gateway: they are looked for before the first call needs
// them and kept fresh while none does. Control core only; asks nobody itself. Timers: all are looked at once in
// KEEP_ROUND_MS, no more than KEEP_BURST at a time.
#pragma once

#include "dataplane/neigh.h"

#define KEEP_ROUND_MS 1000
#define KEEP_BURST 64

struct keep {
	uint32_t count;
	struct ip_addr *to; // each once
	uint32_t at;
	uint64_t round_ms; // when the next round may begin
};

// Returns 0 or -ENOMEM.
int keep_init(struct keep *keep, const struct config *cfg);
void keep_fini(struct keep *keep);

// The next hops, at most KEEP_BURST and each once, that are to be asked for now: their MAC is not known, or the kernel
// has not heard of them for a while. Returns their number.
uint32_t keep_due(
	struct keep *keep, const struct neigh_snapshot *snapshot, uint64_t now_ms, struct neigh_hop ret_hops[KEEP_BURST]
);
