// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Whether a worker keeps up with what comes. When its queues have given full bursts for a while it looks how much
// waits, by taking as much as there is. A pause of the core leaves a deep queue as well, which is worked off within
// some milliseconds, until a turn finds nothing: a deep queue is overload when no turn has found nothing for
// BACKLOG_BUSY_MS, in which the core was there. New requests are then refused, at once and for as long as the queue is
// deep, before it runs over and loses others. Where refusing them does not suffice either, a growing share of them is
// not even read.
#pragma once

#include "base/base.h"

#define BACKLOG_LOOK_TURNS 16 // full ones in a row between two looks
#define BACKLOG_DEEP 512      // frames in one queue, of the 1,024 and more they hold
#define BACKLOG_BUSY_MS 100
#define BACKLOG_AWAY_MS 10 // from turn to turn: the core was not there
#define BACKLOG_STEP_MS 20 // between two changes of the share
#define BACKLOG_SHED_MAX 15

struct backlog {
	bool full;    // of this turn: a queue gave a whole burst
	bool deep;    // of this turn: a look found BACKLOG_DEEP
	bool look;    // this turn takes all there is
	bool behind;  // new requests are refused
	bool stayed;  // all turns of this step were deep
	uint8_t shed; // sixteenths of the new calls that are dropped
	uint32_t full_turns;
	uint64_t turn_ms; // of the last turn
	uint64_t idle_ms; // when a turn last found nothing, later by what the core was away since
	uint64_t step_ms; // when the share is looked at again
};

// One more sixteenth after a step in which refusing did not help, one less after one in which it did.
static inline void backlog_shed(struct backlog *backlog, uint64_t now_ms, bool deep) {
	backlog->stayed &= deep;
	if (now_ms < backlog->step_ms)
		return;
	if (backlog->stayed && backlog->shed < BACKLOG_SHED_MAX)
		backlog->shed++;
	else if (!backlog->stayed && backlog->shed > 0)
		backlog->shed--;
	backlog->stayed = true;
	backlog->step_ms = now_ms + BACKLOG_STEP_MS;
}

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
	if (unlikely(before || backlog->shed > 0))
		backlog_shed(backlog, now_ms, before && backlog->deep);
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
