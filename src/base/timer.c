// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/timer.h"

static struct timer *timer_of(const struct timer_queues *queues, void *record) {
	return (struct timer *)(void *)((uint8_t *)record + queues->offset);
}

static struct timer *timer_at(const struct timer_queues *queues, uint32_t slot) {
	return timer_of(queues, pool_at(queues->pool, slot));
}

// Keeps the queues sorted by value, without equals.
static void add_value(struct timer_queues *queues, uint32_t value_ms) {
	struct timer_queue *queue = queues->queue;
	uint32_t at = queues->count;

	for (uint32_t i = 0; i < queues->count; i++)
		if (queue[i].value_ms == value_ms)
			return;
	assert(value_ms > 0 && queues->count < TIMER_QUEUES_MAX);
	for (; at > 0 && queue[at - 1].value_ms > value_ms; at--)
		queue[at] = queue[at - 1];
	queue[at] = (struct timer_queue){.value_ms = value_ms, .head = SLOT_NONE, .tail = SLOT_NONE};
	queues->count++;
}

static uint32_t min_u32(uint32_t a, uint32_t b) {
	return a < b ? a : b;
}

// The first queue whose value is at least wait_ms, or `count`.
static uint32_t first_from(const struct timer_queues *queues, uint32_t wait_ms) {
	uint32_t low = 0, high = queues->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (queues->queue[middle].value_ms < wait_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void timer_queues_init(
	struct timer_queues *queues,
	struct pool *pool,
	size_t offset,
	const uint32_t *values,
	uint32_t value_count,
	uint64_t now_ms
) {
	*queues = (struct timer_queues){.pool = pool, .offset = (uint32_t)offset, .now_ms = now_ms};
	for (uint32_t i = 0; i < value_count; i++)
		add_value(queues, values[i]);
	for (uint32_t power = 1; power < queues->queue[queues->count - 1].value_ms; power *= 2)
		add_value(queues, power);
	for (uint32_t i = 0; i < queues->count; i++)
		queues->hint[TIMER_HINT(queues->queue[i].value_ms)] = (uint8_t)i;
	for (uint32_t i = 0; i < value_count; i++)
		queues->hint[TIMER_HINT(values[i])] = (uint8_t)first_from(queues, values[i]);
}

// The queue for a wait: of that value, or nearly, or the next smaller one (there is one: the smallest value is 1).
static uint32_t choose(const struct timer_queues *queues, uint32_t wait_ms) {
	uint32_t at = queues->hint[TIMER_HINT(wait_ms)], value_ms;

	if (likely(queues->queue[at].value_ms == wait_ms))
		return at;
	at = first_from(queues, wait_ms);
	if (at == queues->count)
		return at - 1;
	value_ms = queues->queue[at].value_ms;
	return value_ms - wait_ms <= min_u32(value_ms / 32, TIMER_SLACK_MS) ? at : at - 1;
}

// The first of a queue has no valid `prev`, so that taking it out leaves the next record untouched.
static void unlink_timer(struct timer_queues *queues, struct timer *timer) {
	struct timer_queue *queue = &queues->queue[timer->queue - 1];
	bool is_first = timer_at(queues, queue->head) == timer;

	if (timer->next == SLOT_NONE)
		queue->tail = is_first ? SLOT_NONE : timer->prev;
	else if (!is_first)
		timer_at(queues, timer->next)->prev = timer->prev;
	if (is_first)
		queue->head = timer->next;
	else
		timer_at(queues, timer->prev)->next = timer->next;
	timer->queue = 0;
	queues->armed--;
}

void timer_arm(struct timer_queues *queues, void *record, uint64_t now_ms, uint64_t due_ms) {
	struct timer *timer = timer_of(queues, record);
	uint32_t slot = pool_slot(queues->pool, record);
	struct timer_queue *queue;
	uint32_t wait_ms, index;

	if (due_ms <= queues->now_ms)
		due_ms = queues->now_ms + 1;
	if (timer->queue)
		unlink_timer(queues, timer);
	wait_ms = due_ms > now_ms ? (uint32_t)(due_ms - now_ms) : 1;
	index = choose(queues, wait_ms);
	queue = &queues->queue[index];
	timer->due_ms = (uint32_t)(queue->value_ms < wait_ms ? now_ms + queue->value_ms : due_ms);
	timer->queue = (uint8_t)(index + 1);
	timer->next = SLOT_NONE;
	timer->prev = queue->tail;
	if (queue->tail == SLOT_NONE) {
		queue->head = slot;
		queue->due_ms = timer->due_ms;
	} else {
		struct timer *last = timer_at(queues, queue->tail);

		if (timer_reached(timer->due_ms, last->due_ms))
			timer->due_ms = last->due_ms;
		last->next = slot;
	}
	queue->tail = slot;
	queues->armed++;
}

void timer_cancel(struct timer_queues *queues, void *record) {
	struct timer *timer = timer_of(queues, record);

	if (timer->queue)
		unlink_timer(queues, timer);
}

struct walk {
	uint32_t now_ms;
	uint32_t left; // of the budget
	void (*fire)(void *ctx, void *record);
	void *ctx;
};

// The next record lies anywhere in memory, and so does what it names: that, and the record behind it, are fetched while
// this one is worked on.
static void look_ahead(const struct timer_queues *queues, uint32_t slot, void *ctx) {
	void *next;
	uint32_t behind;

	if (slot == SLOT_NONE)
		return;
	next = pool_at(queues->pool, slot);
	if (!queues->prepare) {
		__builtin_prefetch(next, 1);
		return;
	}
	behind = timer_of(queues, next)->next;
	if (behind != SLOT_NONE)
		__builtin_prefetch(pool_at(queues->pool, behind), 1);
	queues->prepare(ctx, next);
}

// Fires what is due in one queue; false when the budget ended first.
static bool expire_queue(struct timer_queues *queues, struct timer_queue *queue, struct walk *walk) {
	while (queue->head != SLOT_NONE) {
		void *record = pool_at(queues->pool, queue->head);
		struct timer *timer = timer_of(queues, record);

		if (!timer_reached(timer->due_ms, walk->now_ms)) {
			queue->due_ms = timer->due_ms;
			return true;
		}
		if (walk->left == 0)
			return false;
		walk->left--;
		look_ahead(queues, timer->next, walk->ctx);
		unlink_timer(queues, timer);
		walk->fire(walk->ctx, record);
	}
	return true;
}

uint32_t timer_expire(
	struct timer_queues *queues, uint64_t now_ms, uint32_t budget, void (*fire)(void *ctx, void *record), void *ctx
) {
	struct walk walk = {.left = budget, .fire = fire, .ctx = ctx};

	if (now_ms <= queues->now_ms && !queues->unfinished)
		return 0;
	if (now_ms > queues->now_ms)
		queues->now_ms = now_ms;
	walk.now_ms = (uint32_t)queues->now_ms;
	queues->unfinished = false;
	for (uint32_t i = 0; i < queues->count; i++) {
		struct timer_queue *queue = &queues->queue[queues->turn];

		if (queue->head != SLOT_NONE && timer_reached(queue->due_ms, walk.now_ms) &&
		    !expire_queue(queues, queue, &walk)) {
			queues->unfinished = true;
			break;
		}
		if (++queues->turn == queues->count)
			queues->turn = 0;
	}
	return budget - walk.left;
}
