// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Timers of the records of one pool: an intrusive hierarchical wheel with 1 ms ticks, owned by one core. Arm and
// cancel are O(1); the clock is the caller's (milliseconds, any origin, never backwards). Timers that move down a
// level do so a few at each tick of the window before theirs, so that no tick has a whole window to move.
#pragma once

#include "base/pool.h"

#define TIMER_LEVELS 4
#define TIMER_WINDOW_BITS 8 // a bucket of level n is a window of 256^n ms; those of level 3 are 4.7 hours

// Twice 256: each level holds the current and the next window of the level above, which is what lets the next one be
// filled bit by bit. What is due later than the top level reaches (99 days) is kept in its last bucket, and looked at
// again from there.
#define TIMER_BUCKETS 512

// Embedded in a pooled record. Zeroed = not armed.
struct timer {
	uint64_t due_ms;
	uint32_t next; // slots of the neighbours in the bucket's list
	uint32_t prev;
	uint32_t bucket; // 1 + index of the list it is in; 0 = not armed
	uint32_t unused;
};

struct timer_bucket {
	uint32_t head; // slot, or SLOT_NONE
	uint32_t count;
};

struct timer_wheel {
	struct pool *pool;
	uint32_t offset; // of the struct timer in the record
	uint32_t armed;
	uint64_t now_ms; // what is due at or before it was given out, or still waits in the bucket of now_ms
	uint32_t level_armed[TIMER_LEVELS];
	struct timer_bucket buckets[TIMER_LEVELS * TIMER_BUCKETS];
};

void timer_wheel_init(struct timer_wheel *wheel, struct pool *pool, size_t offset, uint64_t now_ms);

// Arms, or moves, the record's timer. A due time at or before the wheel's clock fires at the next tick.
void timer_arm(struct timer_wheel *wheel, void *record, uint64_t due_ms);

// Harmless when not armed. A record is cancelled before it is given back to the pool.
void timer_cancel(struct timer_wheel *wheel, void *record);

static inline bool timer_is_armed(const struct timer_wheel *wheel, const void *record) {
	return ((const struct timer *)(const void *)((const uint8_t *)record + wheel->offset))->bucket != 0;
}

// Turns the wheel up to now_ms and calls fire for each timer that came due, in the order of due_ms and disarmed before
// the call; fire may arm, cancel and free any record of the pool. Stops after `budget` calls and goes on there the next
// time. Returns the number of calls.
uint32_t timer_expire(
	struct timer_wheel *wheel, uint64_t now_ms, uint32_t budget, void (*fire)(void *ctx, void *record), void *ctx
);
