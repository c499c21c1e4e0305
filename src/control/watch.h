// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Whether a worker still turns. An idle one does, many times a tick of the control core; one that has not for
// WATCH_TICKS hangs, or its core is taken from it. Ticks are counted and not time: a pause of the whole machine is
// nobody's fault.
#pragma once

#include "base/base.h"

#define WATCH_TICKS 20

struct watch {
	uint64_t turns;
	uint32_t still; // ticks without one
};

enum watch_news {
	WATCH_NOTHING,
	WATCH_STANDS_STILL,
	WATCH_TURNS_AGAIN,
};

static inline bool watch_stands_still(const struct watch *watch) {
	return watch->still >= WATCH_TICKS;
}

// Once a tick. `turns`: that it has made so far.
static inline enum watch_news watch_look(struct watch *watch, uint64_t turns) {
	bool before = watch_stands_still(watch);

	if (turns == watch->turns) {
		watch->still++;
		return watch_stands_still(watch) && !before ? WATCH_STANDS_STILL : WATCH_NOTHING;
	}
	watch->turns = turns;
	watch->still = 0;
	return before ? WATCH_TURNS_AGAIN : WATCH_NOTHING;
}
