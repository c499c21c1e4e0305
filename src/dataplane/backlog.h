// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Whether a worker keeps up with what comes. When its queues have given full bursts for a while it looks how much
// waits, by taking as much as there is. A pause of the core leaves a deep queue as well, which is worked off within
// some tens of milliseconds: a queue is overload when every look for BACKLOG_STANDING_MS finds it deep. After that the
// next deep queue is, at once, for BACKLOG_WATCH_MS, so that new requests are refused before queues run over and lose
// others; and only for as long as the queue is deep.
#pragma once

#include "base/base.h"

#define BACKLOG_LOOK_TURNS 16 // full ones in a row between two looks
#define BACKLOG_DEEP 512      // frames in one queue, of the 1,024 and more they hold
#define BACKLOG_STANDING_MS 100
#define BACKLOG_WATCH_MS 1000

struct backlog {
	bool full;   // of this turn: a queue gave a whole burst
	bool deep;   // of this turn: a look found BACKLOG_DEEP
	bool look;   // this turn takes all there is
	bool behind; // new requests are refused
	uint32_t full_turns;
	uint64_t deep_since_ms; // 0: it is not
	uint64_t watch_until_ms;
};

// How many frames to take from a queue that has just given a whole burst.
static inline uint32_t backlog_take(const struct backlog *backlog, uint32_t burst) {
	return unlikely(backlog->look) ? BACKLOG_DEEP : burst;
}

// What this turn's look says. `now_ms` is 1 or more.
static inline void backlog_judge(struct backlog *backlog, uint64_t now_ms) {
	if (!backlog->deep) {
		backlog->deep_since_ms = 0;
		backlog->behind = false;
		return;
	}
	if (backlog->deep_since_ms == 0)
		backlog->deep_since_ms = now_ms;
	backlog->behind = now_ms < backlog->watch_until_ms || now_ms - backlog->deep_since_ms >= BACKLOG_STANDING_MS;
	if (backlog->behind)
		backlog->watch_until_ms = now_ms + BACKLOG_WATCH_MS;
}

// At the end of a turn's receiving. True when the worker falls behind with it.
static inline bool backlog_note(struct backlog *backlog, uint64_t now_ms) {
	bool before = backlog->behind;

	if (likely(!backlog->full)) {
		backlog->full_turns = 0;
		backlog->deep_since_ms = 0;
		backlog->look = backlog->behind = false;
		return false;
	}
	if (backlog->look)
		backlog_judge(backlog, now_ms);
	backlog->look = ++backlog->full_turns % BACKLOG_LOOK_TURNS == 0 || backlog->behind;
	backlog->full = backlog->deep = false;
	return backlog->behind && !before;
}
