// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Whether a worker keeps up with what comes. Queues that give full bursts turn after turn have a backlog. A pause of the
// core leaves one too, which is worked off: it is overload only after BACKLOG_TURNS. Once it was, BACKLOG_TURNS_AGAIN
// suffice for BACKLOG_MS, so that what is refused is refused before the queues run over and lose what is not.
#pragma once

#include "base/base.h"

#define BACKLOG_TURNS 1024
#define BACKLOG_TURNS_AGAIN 8
#define BACKLOG_MS 1000

struct backlog {
	uint32_t turns; // in a row with a full burst
	bool behind;	// new requests are refused; until a turn without a full burst
	uint64_t watch_until_ms;
};

// Once a turn; `full`: a queue gave all that was asked for. True when the worker falls behind now.
static inline bool backlog_note(struct backlog *backlog, bool full, uint64_t now_ms) {
	if (likely(!full)) {
		backlog->turns = 0;
		backlog->behind = false;
		return false;
	}
	if (++backlog->turns < (now_ms < backlog->watch_until_ms ? BACKLOG_TURNS_AGAIN : BACKLOG_TURNS))
		return false;
	backlog->watch_until_ms = now_ms + BACKLOG_MS;
	if (backlog->behind)
		return false;
	backlog->behind = true;
	return true;
}
