// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Where a worker's cycles go, by stage of the way of a message. Always compiled; while it is off a probe is one branch
// never taken. While it is on each probe reads the TSC, which costs some 25 cycles: measured when it is switched on,
// and taken off again by whoever reads the totals.
#pragma once

#include <rte_cycles.h>

#include "base/base.h"

// X(identifier, name as shown, help)
#define STAGES(X)                                                                                                      \
	X(RECEIVE, "receive", "driver, packet buffers, Ethernet, IP and UDP headers and checksums")                    \
	X(HANDOFF, "hand-off", "finding the owner of a datagram, rings between workers")                               \
	X(PARSE, "parse", "locating and parsing the header lines")                                                     \
	X(LOOKUP, "look-up", "transaction, dialog and next hop a message belongs to")                                  \
	X(STATE, "state", "records made, machines stepped, text stored")                                               \
	X(EDIT, "edit", "messages edited in place, messages of our own built")                                         \
	X(TIMERS, "timers", "timers that are due, and looking for them")                                               \
	X(SEND, "send", "headers of the wire, checksums, driver")                                                      \
	X(OTHER, "other", "commands, neighbours, frames of the kernel")

enum stage {
#define X(id, name, help) STAGE_##id,
	STAGES(X)
#undef X
		STAGE_COUNT,
};

#define STAGE_PROBES 256 // timed when it is switched on, to know what one costs
#define STAGE_GAP_US 40	 // between two probes: longer than any stage of a full burst, so the core was taken away

// Written by the worker, read by the control core.
struct stage_totals {
	uint64_t cycles[STAGE_COUNT];  // of turns in which something came, probes included
	uint64_t entries[STAGE_COUNT]; // probes that began the stage
	uint64_t messages;	       // SIP datagrams handled in that time
	uint64_t probe_cycles;	       // of STAGE_PROBES probes
};

// The worker's own.
struct stage_clock {
	bool on;
	bool disturbed; // the core was taken away in this turn, or before it and what came meanwhile is worked off
	uint8_t now;	// enum stage
	uint64_t since;
	uint64_t gap;					    // cycles of STAGE_GAP_US
	uint64_t messages_before;			    // the counter when it was switched on
	uint64_t cycles[STAGE_COUNT], entries[STAGE_COUNT]; // of this turn
};

static inline void stage_note(struct stage_clock *clock, enum stage stage) {
	uint64_t now = rte_rdtsc();

	clock->cycles[clock->now] += now - clock->since;
	clock->disturbed |= now - clock->since > clock->gap;
	clock->entries[stage]++;
	clock->since = now;
	clock->now = (uint8_t)stage;
}
