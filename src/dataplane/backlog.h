// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Whether a worker keeps up with what comes. When its queues have given full bursts for a while it looks how much
// waits, by taking as much as there is. A pause of the core leaves a deep queue as well, which is worked off within
// some milliseconds, until a turn finds nothing: a deep queue is overload when no turn has found nothing for
// BACKLOG_BUSY_MS, in which the core was there. New requests are then refused, at once and for as long as the queue is
// deep, before it runs over and loses others.
#pragma once

#include "base/base.h"

#define BACKLOG_LOOK_TURNS 16 // full ones in a row between two looks
#define BACKLOG_DEEP 512      // frames in one queue, of the 1,024 and more they hold
#define BACKLOG_BUSY_MS 100
#define BACKLOG_AWAY_MS 10 // from turn to turn: the core was not there

struct backlog {
	bool full;   // of this turn: a queue gave a whole burst
	bool deep;   // of this turn: a look found BACKLOG_DEEP
	bool look;   // this turn takes all there is
	bool behind; // new requests are refused
	uint32_t full_turns;
	uint64_t turn_ms; // of the last turn
	uint64_t idle_ms; // when a turn last found nothing, later by what the core was away since
};

// How many frames to take from a queue that has just given a whole burst.
static inline uint32_t backlog_take(const struct backlog *backlog, uint32_t burst) {
	return unlikely(backlog->look) ? BACKLOG_DEEP : burst;
}

// At the end of a turn's receiving; `idle`: nothing came. True when the worker falls behind with it.
static inline bool backlog_note(struct backlog *backlog, uint64_t now_ms, bool idle) {
	uint64_t passed = now_ms - backlog->turn_ms;
	bool before = backlog->behind;

	backlog->turn_ms = now_ms;
	if (idle)
		backlog->idle_ms = now_ms;
	else if (unlikely(passed > BACKLOG_AWAY_MS))
		backlog->idle_ms += passed;
	if (likely(!backlog->full)) {
		backlog->full_turns = 0;
		backlog->look = backlog->behind = false;
		return false;
	}
	if (backlog->look)
		backlog->behind = backlog->deep && now_ms - backlog->idle_ms >= BACKLOG_BUSY_MS;
	backlog->look = ++backlog->full_turns % BACKLOG_LOOK_TURNS == 0 || backlog->behind;
	backlog->full = backlog->deep = false;
	return backlog->behind && !before;
}
