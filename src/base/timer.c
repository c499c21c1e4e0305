// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Which level holds a timer: the lowest whose current or next upper window its due time lies in. So a bucket is only
// ever emptied, never filled, while its window is the next one, and it is empty when its window begins: the last tick
// before moves whatever is left.
#include "base/timer.h"

static uint64_t window_of(uint64_t ms, unsigned level) {
	return ms >> (TIMER_WINDOW_BITS * level);
}

static uint32_t bucket_index(uint64_t window, unsigned level) {
	return level * TIMER_BUCKETS + (uint32_t)(window % TIMER_BUCKETS);
}

static struct timer *timer_of(const struct timer_wheel *wheel, void *record) {
	return (struct timer *)(void *)((uint8_t *)record + wheel->offset);
}

static struct timer *timer_at(const struct timer_wheel *wheel, uint32_t slot) {
	return timer_of(wheel, pool_at(wheel->pool, slot));
}

void timer_wheel_init(struct timer_wheel *wheel, struct pool *pool, size_t offset, uint64_t now_ms) {
	*wheel = (struct timer_wheel){.pool = pool, .offset = (uint32_t)offset, .now_ms = now_ms};
	for (unsigned i = 0; i < ARRAY_LEN(wheel->buckets); i++)
		wheel->buckets[i].head = SLOT_NONE;
}

static uint32_t bucket_for(const struct timer_wheel *wheel, uint64_t due_ms) {
	unsigned top = TIMER_LEVELS - 1;
	uint64_t window = window_of(due_ms, top), last = window_of(wheel->now_ms, top) + TIMER_BUCKETS - 1;

	for (unsigned level = 0; level < top; level++) {
		if (window_of(due_ms, level + 1) - window_of(wheel->now_ms, level + 1) <= 1)
			return bucket_index(window_of(due_ms, level), level);
	}
	return bucket_index(window < last ? window : last, top);
}

static void link_timer(struct timer_wheel *wheel, uint32_t slot, struct timer *timer) {
	uint32_t index = bucket_for(wheel, timer->due_ms);
	struct timer_bucket *bucket = &wheel->buckets[index];

	timer->bucket = index + 1;
	timer->next = bucket->head;
	if (bucket->head != SLOT_NONE)
		timer_at(wheel, bucket->head)->prev = slot;
	bucket->head = slot;
	bucket->count++;
	wheel->level_armed[index / TIMER_BUCKETS]++;
	wheel->armed++;
}

// The first of a list has no valid `prev`, so that taking it out leaves the next record untouched.
static void unlink_timer(struct timer_wheel *wheel, struct timer *timer) {
	uint32_t index = timer->bucket - 1;
	struct timer_bucket *bucket = &wheel->buckets[index];

	if (timer_at(wheel, bucket->head) == timer) {
		bucket->head = timer->next;
	} else {
		timer_at(wheel, timer->prev)->next = timer->next;
		if (timer->next != SLOT_NONE)
			timer_at(wheel, timer->next)->prev = timer->prev;
	}
	timer->bucket = 0;
	bucket->count--;
	wheel->level_armed[index / TIMER_BUCKETS]--;
	wheel->armed--;
}

void timer_arm(struct timer_wheel *wheel, void *record, uint64_t due_ms) {
	struct timer *timer = timer_of(wheel, record);

	if (timer->bucket)
		unlink_timer(wheel, timer);
	timer->due_ms = due_ms > wheel->now_ms ? due_ms : wheel->now_ms + 1;
	link_timer(wheel, pool_slot(wheel->pool, record), timer);
}

void timer_cancel(struct timer_wheel *wheel, void *record) {
	struct timer *timer = timer_of(wheel, record);

	if (timer->bucket)
		unlink_timer(wheel, timer);
}

// Takes the first timer out of a bucket that has one, and fetches the next: they lie anywhere in memory.
static uint32_t pop(struct timer_wheel *wheel, struct timer_bucket *bucket) {
	uint32_t slot = bucket->head;

	unlink_timer(wheel, timer_at(wheel, slot));
	if (bucket->head != SLOT_NONE)
		__builtin_prefetch(timer_at(wheel, bucket->head), 1);
	return slot;
}

static struct timer_bucket *next_bucket(struct timer_wheel *wheel, unsigned level) {
	return &wheel->buckets[bucket_index(window_of(wheel->now_ms, level) + 1, level)];
}

// Moves this tick's share of the level's next window down: evenly over the ticks left until it begins.
static void move_down(struct timer_wheel *wheel, unsigned level) {
	struct timer_bucket *bucket = next_bucket(wheel, level);
	uint64_t length = (uint64_t)1 << (TIMER_WINDOW_BITS * level);
	uint64_t ticks_left = length - wheel->now_ms % length;

	if (bucket->count == 0)
		return;
	for (uint64_t share = (bucket->count + ticks_left - 1) / ticks_left; share > 0; share--) {
		uint32_t slot = pop(wheel, bucket);

		link_timer(wheel, slot, timer_at(wheel, slot));
	}
}

// The last ms up to which no timer is due or to be moved: the end of a window all lower levels are empty for.
static uint64_t quiet_until(struct timer_wheel *wheel) {
	uint64_t until = wheel->now_ms;

	if (wheel->armed == 0)
		return UINT64_MAX;
	for (unsigned level = 1; level < TIMER_LEVELS; level++) {
		if (next_bucket(wheel, level)->count)
			return wheel->now_ms;
	}
	for (unsigned level = 0; level < TIMER_LEVELS - 1 && wheel->level_armed[level] == 0; level++)
		until |= ((uint64_t)1 << (TIMER_WINDOW_BITS * (level + 1))) - 1;
	return until;
}

static void tick(struct timer_wheel *wheel, uint64_t now_ms) {
	uint64_t until = quiet_until(wheel);

	if (until > wheel->now_ms) {
		wheel->now_ms = until < now_ms ? until : now_ms;
		return;
	}
	wheel->now_ms++;
	for (unsigned level = TIMER_LEVELS - 1; level > 0; level--)
		move_down(wheel, level);
}

uint32_t timer_expire(
	struct timer_wheel *wheel, uint64_t now_ms, uint32_t budget, void (*fire)(void *ctx, void *record), void *ctx
) {
	uint32_t fired = 0;

	for (;;) {
		struct timer_bucket *bucket = &wheel->buckets[bucket_index(wheel->now_ms, 0)];

		while (bucket->count) {
			if (fired == budget)
				return fired;
			fired++;
			fire(ctx, pool_at(wheel->pool, pop(wheel, bucket)));
		}
		if (wheel->now_ms >= now_ms)
			return fired;
		tick(wheel, now_ms);
	}
}
