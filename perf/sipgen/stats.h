// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What is counted: calls, messages, failures, everything that was wrong, and the time each message took. One writer,
// the spinning core; the progress line reads while it writes.
#pragma once

#include "base/hist.h"
#include "kinds.h"

#define STATUS_MAX 700

// Times that are not those of one message.
enum span {
	SPAN_SETUP = MESSAGE_COUNT, // INVITE sent to 200 received, at the caller
	SPAN_INVITE_INTENDED,	    // INVITE from when it should have been sent to the callee
	SPAN_SETUP_INTENDED,
	SPAN_COUNT,
};

// In TSC cycles.
struct span_stats {
	struct hist all;
	struct hist clean; // without those during which our own core was taken away
};

struct stats {
	uint64_t intended;					// calls whose time had come
	uint64_t started, answered, completed, failed, skipped; // skipped: no slot was free
	uint64_t sent[MESSAGE_COUNT], resent[MESSAGE_COUNT];
	uint64_t received[MESSAGE_COUNT], repeated[MESSAGE_COUNT]; // repeated: with reason
	uint64_t wrong[WRONG_COUNT], failure[FAILURE_COUNT];
	uint64_t status[STATUS_MAX]; // final and provisional answers by status
	uint64_t missed_100;	     // calls without 100 Trying though --expect-100
	struct span_stats span[SPAN_COUNT];
};

static inline void span_add(struct span_stats *span, uint64_t cycles, bool is_clean) {
	hist_add(&span->all, cycles);
	if (is_clean)
		hist_add(&span->clean, cycles);
}

uint64_t stats_wrong(const struct stats *stats);
uint64_t stats_resent(const struct stats *stats);
uint64_t stats_repeated(const struct stats *stats);

// True when no call failed, none was skipped and no message was wrong.
bool stats_are_good(const struct stats *stats);

// As above, and nothing was retransmitted by anybody.
bool stats_are_lossless(const struct stats *stats);
