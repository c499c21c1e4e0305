// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/timer.h"

#include "unit/random.h"
#include "unit/test.h"

#define CAPACITY 2000
#define DAY_MS (24 * 3600 * 1000ULL)

struct record {
	struct pool_head head;
	uint64_t before; // the timer is in the middle of the record, as in real ones
	struct timer timer;
	uint64_t after;
};

// Queues beside the naive model: what is due when, by slot.
struct rig {
	struct pool pool;
	struct timer_queues queues;
	struct random random;
	struct record *record[CAPACITY]; // NULL = not taken
	uint64_t due[CAPACITY];		 // 0 = not armed
	uint32_t armed;
	uint64_t fired;
	uint64_t late;
	uint64_t now;
	bool exact; // what fires was due in this very ms, or nearly
	bool busy;  // fire does things itself
};

static const uint32_t values[] = {500, 32000, 1000, 2000, 4000, 180000, 5000, 32000, 43200000, 12345};

static struct rig *make(uint64_t now, uint64_t seed) {
	struct rig *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	assert_int_equal(pool_init(&b->pool, sizeof(struct record), CAPACITY, MEM_HUGE_OFF), 0);
	timer_queues_init(&b->queues, &b->pool, offsetof(struct record, timer), values, ARRAY_LEN(values), now);
	b->random.state = seed;
	b->now = now;
	return b;
}

static void finish(struct rig *b) {
	pool_fini(&b->pool);
	free(b);
}

static void cancel(struct rig *b, uint32_t i) {
	timer_cancel(&b->queues, b->record[i]);
	b->armed -= b->due[i] != 0;
	b->due[i] = 0;
	assert_false(timer_is_armed(&b->queues, b->record[i]));
}

static void arm(struct rig *b, uint32_t i, uint64_t due) {
	b->armed += b->due[i] == 0;
	b->due[i] = due > b->queues.now_ms ? due : b->queues.now_ms + 1;
	timer_arm(&b->queues, b->record[i], b->now, due);
	assert_true(timer_is_armed(&b->queues, b->record[i]));
}

static void give(struct rig *b, uint32_t i) {
	cancel(b, i);
	pool_give(&b->pool, b->record[i]);
	b->record[i] = NULL;
}

static uint32_t take(struct rig *b) {
	struct record *record = pool_take(&b->pool);

	if (!record)
		return SLOT_NONE;
	b->record[pool_slot(&b->pool, record)] = record;
	return pool_slot(&b->pool, record);
}

// The values and whatever lies between and beyond them, past ones included.
static uint64_t some_due(struct rig *b) {
	static const uint64_t ranges[] = {1, 4, 300, 1000, 32000, 70000, 180000, 20000000, 12 * 3600000, 3 * DAY_MS};
	uint64_t range = ranges[random_below(&b->random, ARRAY_LEN(ranges))];

	if (random_below(&b->random, 50) == 0)
		return b->now > 5 ? b->now - random_below(&b->random, 5) : 0;
	if (random_below(&b->random, 2) == 0)
		return b->now + values[random_below(&b->random, ARRAY_LEN(values))];
	return b->now + random_below(&b->random, range + 1);
}

// One operation on a random record: take and arm, arm again, cancel, or give back.
static void act(struct rig *b) {
	uint32_t i = (uint32_t)random_below(&b->random, CAPACITY);

	if (!b->record[i]) {
		i = take(b);
		arm(b, i, some_due(b));
		return;
	}
	switch (random_below(&b->random, 6)) {
	case 0:
		cancel(b, i);
		break;
	case 1:
		give(b, i);
		break;
	case 2:
		break;
	default:
		arm(b, i, some_due(b));
		break;
	}
}

static void fire(void *ctx, void *fired) {
	struct rig *b = ctx;
	uint32_t i = pool_slot(&b->pool, fired);

	assert_ptr_equal(fired, b->record[i]);
	assert_false(timer_is_armed(&b->queues, fired));
	assert_true(b->due[i] != 0);
	if (b->due[i] > b->now) { // early: its owner arms it again
		timer_arm(&b->queues, fired, b->now, b->due[i]);
		return;
	}
	if (b->exact)
		assert_in_range(b->now - b->due[i], 0, TIMER_SLACK_MS);
	b->late += b->due[i] < b->now;
	b->due[i] = 0;
	b->armed--;
	b->fired++;
	for (unsigned n = b->busy ? (unsigned)random_below(&b->random, 4) : 0; n > 0; n--)
		act(b);
}

static uint32_t advance(struct rig *b, uint64_t ms, uint32_t budget) {
	b->now += ms;
	return timer_expire(&b->queues, b->now, budget, fire, b);
}

// Nothing that is due was left out, and nothing else is lost.
static void assert_like_model(const struct rig *b) {
	assert_int_equal(b->queues.now_ms, b->now);
	assert_int_equal(b->queues.armed, b->armed);
	for (uint32_t i = 0; i < CAPACITY; i++)
		assert_true(b->due[i] == 0 || b->due[i] + TIMER_SLACK_MS > b->now);
}

static void timers_of_all_waits_fire_on_time(void **state) {
	struct rig *b = make(1000000007, 1);

	(void)state;
	b->exact = b->busy = true;
	for (unsigned ms = 0; ms < 300000; ms++) {
		if (random_below(&b->random, 4) == 0)
			act(b);
		advance(b, 1, UINT32_MAX);
		if (ms % 1000 == 0)
			assert_like_model(b);
	}
	assert_in_range(b->fired, 20000, UINT32_MAX);
	finish(b);
}

static void a_clock_that_jumps_leaves_nothing_behind(void **state) {
	static const uint64_t jumps[] = {
		0, 1, 2, 255, 256, 257, 5000, 65535, 65536, 70000, 3600000, 20000000, DAY_MS, 40 * DAY_MS};
	struct rig *b = make(0, 2);

	(void)state;
	b->busy = true;
	for (unsigned turn = 0; turn < 2000; turn++) {
		unsigned limit = turn % 100 == 0 ? ARRAY_LEN(jumps) : ARRAY_LEN(jumps) - 4;

		for (uint64_t n = random_below(&b->random, 100); n > 0; n--)
			act(b);
		advance(b, jumps[random_below(&b->random, limit)], UINT32_MAX);
		assert_like_model(b);
	}
	assert_true(b->fired > 20000);
	finish(b);
}

static void a_budget_stops_and_goes_on(void **state) {
	struct rig *b = make(UINT32_MAX, 3);

	(void)state;
	b->busy = true;
	for (unsigned turn = 0; turn < 5000; turn++) {
		uint32_t budget = (uint32_t)random_below(&b->random, 8), calls;

		for (uint64_t n = random_below(&b->random, 20); n > 0; n--)
			act(b);
		calls = advance(b, random_below(&b->random, 500), budget);
		assert_true(calls <= budget);
		if (calls < budget)
			assert_like_model(b);
	}
	while (advance(b, 0, 7) == 7)
		;
	assert_like_model(b);
	assert_true(b->fired > 5000);
	finish(b);
}

static void a_full_queue_empties_in_time(void **state) {
	struct rig *b = make(12345, 4);

	(void)state;
	b->exact = true;
	for (uint32_t i = 0; i < CAPACITY; i++)
		arm(b, take(b), b->now + 32000); // one queue for all
	for (unsigned ms = 0; ms < 32000; ms++)
		assert_int_equal(advance(b, 1, UINT32_MAX), ms == 31999 ? CAPACITY : 0);
	assert_int_equal(b->queues.armed, 0);
	finish(b);
}

// The values themselves are exact, whatever else is armed in between.
static void the_values_are_exact(void **state) {
	struct rig *b = make(0, 5);

	(void)state;
	b->exact = true;
	for (unsigned ms = 0; ms < 100000; ms++) {
		uint32_t i = take(b);

		if (i != SLOT_NONE)
			arm(b, i, b->now + values[random_below(&b->random, ARRAY_LEN(values))]);
		else
			give(b, (uint32_t)random_below(&b->random, CAPACITY));
		advance(b, 1, UINT32_MAX);
	}
	assert_true(b->fired > 2000);
	assert_int_equal(b->late, 0);
	finish(b);
}

static void the_low_32_bits_of_the_clock_may_wrap(void **state) {
	struct rig *b = make((5ULL << 32) - 20000, 6);

	(void)state;
	b->exact = true;
	arm(b, take(b), b->now + 32000);
	arm(b, take(b), b->now + 5000);
	assert_int_equal(advance(b, 5000, UINT32_MAX), 1);
	assert_int_equal(advance(b, 26999, UINT32_MAX), 0);
	assert_int_equal(advance(b, 1, UINT32_MAX), 1);
	finish(b);
}

static void what_is_past_fires_at_the_next_tick(void **state) {
	struct rig *b = make(5000, 8);

	(void)state;
	b->exact = true;
	arm(b, take(b), 0);
	arm(b, take(b), 5000);
	arm(b, take(b), 5001);
	assert_int_equal(advance(b, 0, UINT32_MAX), 0);
	assert_int_equal(advance(b, 1, UINT32_MAX), 3);
	finish(b);
}

static void a_clock_that_stands_or_goes_back_fires_nothing(void **state) {
	struct rig *b = make(5000, 9);

	(void)state;
	arm(b, take(b), 5002);
	assert_int_equal(timer_expire(&b->queues, 4000, UINT32_MAX, fire, b), 0);
	assert_int_equal(b->queues.now_ms, 5000);
	assert_int_equal(advance(b, 2, UINT32_MAX), 1);
	finish(b);
}

static void cancel_is_harmless_when_not_armed(void **state) {
	struct rig *b = make(0, 10);
	uint32_t i = take(b);

	(void)state;
	timer_cancel(&b->queues, b->record[i]);
	arm(b, i, 7);
	cancel(b, i);
	timer_cancel(&b->queues, b->record[i]);
	assert_int_equal(b->queues.armed, 0);
	assert_int_equal(advance(b, 10, UINT32_MAX), 0);
	finish(b);
}

// Each fired record cancels the other: of two due together only one may come.
static void cancel_other(void *ctx, void *fired) {
	struct rig *b = ctx;

	b->fired++;
	timer_cancel(&b->queues, b->record[fired == b->record[0]]);
}

static void fire_may_cancel_what_is_due_with_it(void **state) {
	struct rig *b = make(0, 11);

	(void)state;
	arm(b, take(b), 9);
	arm(b, take(b), 9);
	for (uint64_t ms = 1; ms <= 20; ms++)
		timer_expire(&b->queues, ms, UINT32_MAX, cancel_other, b);
	assert_int_equal(b->fired, 1);
	assert_int_equal(b->queues.armed, 0);
	finish(b);
}

// A timer that arms itself for now must not keep expire from returning.
static void arm_again_for_now(void *ctx, void *fired) {
	struct rig *b = ctx;

	b->fired++;
	timer_arm(&b->queues, fired, b->queues.now_ms, b->queues.now_ms);
}

static void a_timer_for_now_comes_back_once_a_tick(void **state) {
	struct rig *b = make(0, 12);

	(void)state;
	arm(b, take(b), 1);
	for (uint64_t ms = 1; ms <= 600; ms++)
		assert_int_equal(timer_expire(&b->queues, ms, UINT32_MAX, arm_again_for_now, b), 1);
	finish(b);
}

struct ahead {
	const void *prepared, *expected;
	uint32_t fired;
};

static void note_prepared(void *ctx, const void *record) {
	((struct ahead *)ctx)->prepared = record;
}

static void fire_prepared(void *ctx, void *record) {
	struct ahead *ahead = ctx;

	if (ahead->fired++ > 0)
		assert_ptr_equal(record, ahead->expected);
	ahead->expected = ahead->prepared;
}

static void what_fires_next_was_prepared(void **state) {
	struct rig *b = make(0, 13);
	struct ahead ahead = {0};

	(void)state;
	b->queues.prepare = note_prepared;
	for (uint32_t i = 0; i < 50; i++)
		arm(b, take(b), 500);
	assert_int_equal(timer_expire(&b->queues, 500, UINT32_MAX, fire_prepared, &ahead), 50);
	finish(b);
}

static void a_budget_that_is_too_small_shows(void **state) {
	struct rig *b = make(0, 14);
	struct ahead ahead = {0};

	(void)state;
	b->queues.prepare = note_prepared;
	for (uint32_t i = 0; i < 3; i++)
		arm(b, take(b), 500);
	assert_int_equal(timer_expire(&b->queues, 500, 2, fire_prepared, &ahead), 2);
	assert_false(timer_is_behind(&b->queues, 500));
	assert_true(timer_is_behind(&b->queues, 501));
	assert_int_equal(timer_expire(&b->queues, 501, 2, fire_prepared, &ahead), 1);
	assert_false(timer_is_behind(&b->queues, 502));
	finish(b);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_of_all_waits_fire_on_time),
		cmocka_unit_test(a_clock_that_jumps_leaves_nothing_behind),
		cmocka_unit_test(a_budget_stops_and_goes_on),
		cmocka_unit_test(a_full_queue_empties_in_time),
		cmocka_unit_test(the_values_are_exact),
		cmocka_unit_test(the_low_32_bits_of_the_clock_may_wrap),
		cmocka_unit_test(what_is_past_fires_at_the_next_tick),
		cmocka_unit_test(a_clock_that_stands_or_goes_back_fires_nothing),
		cmocka_unit_test(cancel_is_harmless_when_not_armed),
		cmocka_unit_test(fire_may_cancel_what_is_due_with_it),
		cmocka_unit_test(a_timer_for_now_comes_back_once_a_tick),
		cmocka_unit_test(what_fires_next_was_prepared),
		cmocka_unit_test(a_budget_that_is_too_small_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
