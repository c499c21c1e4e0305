// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Timers of the records of one pool, owned by one core: a queue for each timeout value, in which what was armed first
// is due first, so that arm, cancel and expire are O(1) and nothing is ever moved. The clock is the caller's
// (milliseconds, never backwards); records keep its low 32 bits, so no wait may reach 2^31 ms (24 days).
#pragma once

#include "base/pool.h"

#define TIMER_QUEUES_MAX 64

// A timer may be late by so much when its wait is no value of a queue but nearly one.
#define TIMER_SLACK_MS 16

// Embedded in a pooled record. Zeroed = not armed. Packed, so that the three bytes behind it are its owner's.
struct __attribute__((packed)) timer {
	uint32_t due_ms; // when the record is looked at
	uint32_t next;	 // slots of the neighbours in the queue
	uint32_t prev;
	uint8_t queue; // 1 + index of the queue it is in; 0 = not armed
};
static_assert(sizeof(struct timer) == 13, "packed");

// Where the queue of a value is looked for first.
#define TIMER_HINTS 64
#define TIMER_HINT(value_ms) ((uint32_t)((value_ms)*0x9e3779b1u) >> 26)

struct timer_queue {
	uint32_t value_ms;
	uint32_t head; // slot, or SLOT_NONE
	uint32_t tail;
	uint32_t due_ms; // of the head, or earlier
};

struct timer_queues {
	struct pool *pool;
	uint32_t offset; // of the struct timer in the record
	uint32_t armed;
	uint64_t now_ms; // what is due at or before it was given out, unless `unfinished`
	bool unfinished; // a budget ended the last walk
	uint32_t turn;	 // the queue it goes on with
	uint32_t count;
	// The owner's, or NULL: fetches what firing the record will touch besides it. Called with the ctx of
	// timer_expire.
	void (*prepare)(void *ctx, const void *record);
	uint8_t hint[TIMER_HINTS];
	struct timer_queue queue[TIMER_QUEUES_MAX];
};

// One queue for each of the values (ms, in any order, equal ones allowed; at most 32) and for each power of two up to
// the largest of them.
void timer_queues_init(
	struct timer_queues *queues,
	struct pool *pool,
	size_t offset,
	const uint32_t *values,
	uint32_t value_count,
	uint64_t now_ms
);

// Arms, or moves, the record's timer. Exact when due_ms - now_ms is one of the values. What is nearly one (within
// TIMER_SLACK_MS and 1/32 of it) fires then, or when the one before it in its queue does. Any other timer fires early,
// within half its wait, for its owner to look at the clock and arm it again: so it is exact all the same. A due time at
// or before the last walk's clock fires at the next one.
void timer_arm(struct timer_queues *queues, void *record, uint64_t now_ms, uint64_t due_ms);

// Harmless when not armed. A record is cancelled before it is given back to the pool.
void timer_cancel(struct timer_queues *queues, void *record);

// Fetches the neighbours timer_cancel links with each other.
static inline void timer_prefetch_around(const struct timer_queues *queues, const void *record) {
	const struct timer *timer = (const void *)((const uint8_t *)record + queues->offset);

	if (timer->queue == 0)
		return;
	if (timer->next != SLOT_NONE)
		__builtin_prefetch(pool_at(queues->pool, timer->next), 1);
	if (timer->prev != SLOT_NONE)
		__builtin_prefetch(pool_at(queues->pool, timer->prev), 1);
}

static inline bool timer_is_armed(const struct timer_queues *queues, const void *record) {
	return ((const struct timer *)(const void *)((const uint8_t *)record + queues->offset))->queue != 0;
}

// Calls fire for each timer that is due at now_ms, queue by queue, in each in the order of their due times, disarmed
// before the call; fire may arm, cancel and free any record of the pool. Stops after `budget` calls and goes on there
// the next time. Returns the number of calls.
uint32_t timer_expire(
	struct timer_queues *queues, uint64_t now_ms, uint32_t budget, void (*fire)(void *ctx, void *record), void *ctx
);

// True when what was due a millisecond ago and longer is not all done at `now_ms`: the budgets are too small.
static inline bool timer_is_behind(const struct timer_queues *queues, uint64_t now_ms) {
	return queues->unfinished && now_ms > queues->now_ms;
}

// Wraps: true when a is at or before b.
static inline bool timer_reached(uint32_t a_ms, uint32_t b_ms) {
	return (int32_t)(a_ms - b_ms) <= 0;
}
