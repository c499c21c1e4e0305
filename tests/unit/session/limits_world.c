// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "limits_world.h"

#include "unit/test.h"

#define ORDER_SIZE (sizeof(struct limits_order) + WORLD_TRUNKS * sizeof(struct limits_grant))
#define REPORT_SIZE (sizeof(struct limits_report) + WORLD_TRUNKS * sizeof(struct limits_line))

const struct limits_config world_unlimited = {
	.most = {LIMITS_NONE, LIMITS_NONE, LIMITS_NONE, LIMITS_NONE, LIMITS_NONE},
};

// The bank's word reaches a worker; grants may come before the round they belong to.
static void deliver_order(struct world *world, uint32_t w, bool with_round) {
	const struct limits_order *from = limits_bank_worker(world->bank, w)->order;
	struct limits_order *to = world->sides[w].order;

	if (with_round)
		memcpy(to, from, ORDER_SIZE);
	else
		memcpy(to->trunk, from->trunk, WORLD_TRUNKS * sizeof(struct limits_grant));
}

static void deliver_report(struct world *world, uint32_t w, bool with_round) {
	const struct limits_report *from = world->sides[w].worker.report;
	struct limits_report *to = limits_bank_worker(world->bank, w)->report;

	if (with_round) {
		memcpy(to, from, REPORT_SIZE);
		return;
	}
	memcpy(to->missed, from->missed, sizeof(to->missed));
	memcpy(to->trunk, from->trunk, WORLD_TRUNKS * sizeof(struct limits_line));
}

static void *lines(size_t size) {
	void *memory = aligned_alloc(CACHE_LINE, size);

	assert_non_null(memory);
	return memset(memory, 0, size);
}

void world_begin(struct world *world, uint32_t workers, uint64_t seed) {
	*world = (struct world){.random = {.state = seed}, .workers = workers, .now_ms = 1000};
	assert_int_equal(limits_bank_create(workers, WORLD_TRUNKS, MEM_HUGE_OFF, &world->bank), 0);
	world->sides = calloc(workers, sizeof(*world->sides));
	assert_non_null(world->sides);
	for (uint32_t w = 0; w < workers; w++) {
		struct world_side *side = &world->sides[w];

		side->order = lines(ORDER_SIZE);
		side->worker = (struct limits_worker){
			.order = side->order,
			.report = lines(REPORT_SIZE),
			.trunks = WORLD_TRUNKS,
		};
	}
}

void world_end(struct world *world) {
	for (uint32_t w = 0; w < world->workers; w++) {
		free(world->sides[w].order);
		free(world->sides[w].worker.report);
	}
	free(world->sides);
	limits_bank_destroy(world->bank);
}

void world_set(struct world *world, const struct limits_config *config) {
	int slot = limits_bank_set(world->bank, STR("carrier"), config, world->now_ms);

	assert_true(slot >= 0);
	world->trunk = (uint16_t)slot;
}

static uint32_t extra_of(const struct limits_config *config, uint32_t amount) {
	return amount == LIMITS_NONE ? 0 : (amount * config->emergency_percent + 99) / 100;
}

static uint32_t larger(uint32_t a, uint32_t b) {
	return a > b ? a : b;
}

static struct world_bucket full_bucket(uint64_t burst, uint64_t rate) {
	return (struct world_bucket){
		.level = (int64_t)burst * 1000,
		.most = (int64_t)burst * 1000,
		.rate = (int64_t)rate,
	};
}

void world_expect(struct world *world, const struct limits_config *config) {
	for (uint32_t i = 0; i < LIMITS_CALLS; i++) {
		world->limit[i] = config->most[i];
		world->most[i] = larger(config->most[i], world->usual_calls[i]);
		world->extra[i] = extra_of(config, config->most[i]);
	}
	for (uint32_t d = 0; d < LIMITS_DIRECTION_COUNT; d++) {
		uint32_t burst = config->most[LIMIT_ATTEMPTS_IN + d], rate = config->rate[d];

		world->is_limited[d] = burst != LIMITS_NONE;
		world->usual[d] = full_bucket(burst, rate);
		world->all[d] =
			full_bucket((uint64_t)burst + extra_of(config, burst), (uint64_t)rate + extra_of(config, rate));
	}
}

void world_limit(struct world *world, const struct limits_config *config) {
	world_set(world, config);
	world_turns(world, 4);
	world_expect(world, config);
}

static void check(const struct world *world) {
	for (uint32_t i = 0; i < LIMITS_CALLS; i++) {
		assert_true(world->usual_calls[i] <= world->most[i]);
		assert_true(world->calls[i] <= (uint64_t)world->most[i] + world->extra[i]);
	}
	for (uint32_t d = 0; d < LIMITS_DIRECTION_COUNT; d++)
		assert_true(!world->is_limited[d] || (world->usual[d].level >= 0 && world->all[d].level >= 0));
}

// Into `at`, a direction or both.
static void count_in(struct world *world, uint32_t at, bool is_emergency) {
	world->calls[at]++;
	world->usual_calls[at] += !is_emergency;
}

// Places above a limit that was lowered do not come back.
static void count_out(struct world *world, uint32_t at, bool is_emergency) {
	world->calls[at]--;
	world->usual_calls[at] -= !is_emergency;
	world->most[at] = larger(world->limit[at], world->usual_calls[at]);
}

enum limits_verdict world_call(struct world *world, uint32_t w, uint8_t direction, bool is_emergency) {
	struct world_side *side = &world->sides[w];
	struct limits_ask ask = {.trunk = world->trunk, .direction = direction, .is_emergency = is_emergency};
	struct world_call call = {.direction = direction, .is_emergency = is_emergency};
	enum limits_verdict verdict;
	enum limit limit;

	if (side->call_count == WORLD_CALLS)
		return LIMITS_FULL;
	verdict = limits_take(&side->worker, &ask, &call.unit, &limit);
	if (verdict != LIMITS_TAKEN)
		return verdict;
	side->calls[side->call_count++] = call;
	count_in(world, direction, is_emergency);
	count_in(world, LIMIT_CALLS, is_emergency);
	world->attempts[direction]++;
	world->all[direction].level -= 1000;
	world->usual[direction].level -= is_emergency ? 0 : 1000;
	check(world);
	return verdict;
}

void world_hang_up(struct world *world, uint32_t w, uint32_t at) {
	struct world_side *side = &world->sides[w];
	struct world_call *call = &side->calls[at];

	assert_true(at < side->call_count);
	limits_give(&side->worker, &call->unit);
	count_out(world, call->direction, call->is_emergency);
	count_out(world, LIMIT_CALLS, call->is_emergency);
	*call = side->calls[--side->call_count];
}

void world_hang_up_all(struct world *world) {
	for (uint32_t w = 0; w < world->workers; w++)
		while (world->sides[w].call_count > 0)
			world_hang_up(world, w, 0);
}

static void fill(struct world_bucket *bucket, uint64_t ms) {
	bucket->level += (int64_t)ms * bucket->rate;
	if (bucket->level > bucket->most)
		bucket->level = bucket->most;
}

static void pass(struct world *world, uint64_t ms) {
	world->now_ms += ms;
	for (uint32_t d = 0; d < LIMITS_DIRECTION_COUNT; d++) {
		fill(&world->usual[d], ms);
		fill(&world->all[d], ms);
	}
}

void world_turns(struct world *world, uint32_t turns) {
	for (uint32_t i = 0; i < turns; i++) {
		for (uint32_t w = 0; w < world->workers; w++)
			deliver_report(world, w, true);
		limits_bank_turn(world->bank, world->now_ms);
		for (uint32_t w = 0; w < world->workers; w++) {
			deliver_order(world, w, true);
			limits_turn(&world->sides[w].worker);
		}
		pass(world, 1);
	}
}

static void somebody_calls(struct world *world, uint32_t w, uint32_t emergency_percent) {
	bool is_emergency = random_below(&world->random, 100) < emergency_percent;
	uint8_t direction = (uint8_t)random_below(&world->random, LIMITS_DIRECTION_COUNT);

	if (random_below(&world->random, 3) > 0)
		w = world->hot;
	// Now and then a rush takes all there is.
	while (world_call(world, w, direction, is_emergency) == LIMITS_TAKEN && random_below(&world->random, 8) == 0)
		while (world_call(world, w, direction, is_emergency) == LIMITS_TAKEN)
			;
}

static void somebody_hangs_up(struct world *world, uint32_t w) {
	bool is_all = random_below(&world->random, 20) == 0;
	struct world_side *side = &world->sides[w];

	while (side->call_count > 0) {
		world_hang_up(world, w, (uint32_t)random_below(&world->random, side->call_count));
		if (!is_all)
			return;
	}
}

void world_step(struct world *world, uint32_t emergency_percent) {
	uint32_t w = (uint32_t)random_below(&world->random, world->workers);
	uint32_t dice = (uint32_t)random_below(&world->random, 100);

	if (random_below(&world->random, 100) == 0)
		world->hot = w;
	if (dice < 30)
		somebody_calls(world, w, emergency_percent);
	else if (dice < 45)
		somebody_hangs_up(world, w);
	else if (dice < 60)
		limits_turn(&world->sides[w].worker);
	else if (dice < 75)
		deliver_order(world, w, dice % 3 > 0);
	else if (dice < 90)
		deliver_report(world, w, dice % 3 > 0);
	else if (dice < 96)
		limits_bank_turn(world->bank, world->now_ms);
	else
		pass(world, random_below(&world->random, 3));
}

static uint32_t still_takes(const struct world *world, uint32_t w, uint32_t lease) {
	const struct world_side *side = &world->sides[w];
	const struct limits_line *line = &side->worker.report->trunk[world->trunk];
	const uint32_t granted[] = {
		line->granted[lease],
		side->order->trunk[world->trunk].granted[lease],
		limits_bank_worker(world->bank, w)->order->trunk[world->trunk].granted[lease],
	};
	int32_t most = 0;

	for (size_t i = 0; i < ARRAY_LEN(granted); i++) {
		int32_t left = (int32_t)(granted[i] - line->used[lease]);

		most = left > most ? left : most;
	}
	return (uint32_t)most;
}

void world_check_leases(const struct world *world, const struct limits_config *config) {
	for (uint32_t lease = 0; lease < LIMIT_LEASES; lease++) {
		uint32_t limit = lease % LIMIT_COUNT, most = config->most[limit];
		uint64_t sum = 0;

		if (most == LIMITS_NONE)
			continue;
		for (uint32_t w = 0; w < world->workers; w++) {
			sum += still_takes(world, w, lease);
			if (limit < LIMITS_CALLS)
				sum += world->sides[w].worker.report->trunk[world->trunk].used[lease];
		}
		assert_true(sum <= (lease < LIMIT_COUNT ? most : extra_of(config, most)));
	}
}

struct limits_view world_view(const struct world *world) {
	struct limits_view view;

	assert_true(limits_bank_show(world->bank, world->trunk, world->now_ms, &view));
	return view;
}
