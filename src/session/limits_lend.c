// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/limits_state.h"

static bool is_rate(uint32_t lease) {
	return lease % LIMIT_COUNT >= LIMIT_ATTEMPTS_IN;
}

// What the worker could still take, as far as is known: signed, and for attempts modulo 2^32.
static int32_t left_of(uint32_t upto, uint32_t used) {
	return (int32_t)(upto - used);
}

static bool has_answered(const struct limits_bank *bank, const struct limits_trunk *t, uint32_t w) {
	return bank->answered[w] >= t->changed[w];
}

static void grant(struct limits_bank *bank, struct limits_trunk *t, uint32_t lease, uint32_t w, uint32_t granted) {
	struct limits_lease *l = &t->pool[lease].lease[w];
	struct limits_order *order = bank->order[w];
	uint32_t slot = (uint32_t)(t - bank->trunk);

	if (left_of(granted, l->ceiling) > 0) {
		t->pool[lease].free -= (int64_t)left_of(granted, l->ceiling) * THOUSAND;
		l->ceiling = granted;
	}
	l->granted = granted;
	t->changed[w] = order->round + 1;
	LIMITS_STORE(order->trunk[slot].granted[lease], granted);
	limits_mark(order->changed[(order->round + 1) & 1], slot);
	limits_mark(bank->busy, slot);
}

// A worker that answered is held to the larger of its grant and what it uses.
static void settle(struct limits_pool *pool, struct limits_lease *l) {
	uint32_t ceiling = left_of(l->used, l->granted) > 0 ? l->used : l->granted;

	pool->free += (int64_t)left_of(l->ceiling, ceiling) * THOUSAND;
	l->ceiling = ceiling;
}

static uint32_t at_most(uint64_t value, uint32_t most) {
	return value < most ? (uint32_t)value : most;
}

// Attempts of that kind of calls, which is what a limit's demand is measured by.
static uint32_t activity_of(uint32_t lease, const uint32_t fresh[LIMITS_DIRECTION_COUNT][2]) {
	uint32_t extra = lease / LIMIT_COUNT, in = fresh[LIMITS_IN][extra], out = fresh[LIMITS_OUT][extra];

	switch ((enum limit)(lease % LIMIT_COUNT)) {
	case LIMIT_CALLS_IN:
	case LIMIT_ATTEMPTS_IN:
		return in;
	case LIMIT_CALLS_OUT:
	case LIMIT_ATTEMPTS_OUT:
		return out;
	case LIMIT_CALLS:
	case LIMIT_COUNT:
		break;
	}
	return in + out;
}

// Who was told that all is in use does not come back.
static void appraise(struct limits_lease *l, uint32_t activity, uint16_t wanted, bool was_full) {
	uint16_t missed = (uint16_t)(wanted - l->wanted);

	l->wanted = wanted;
	l->demand = (uint16_t)at_most(l->demand + ((uint64_t)activity + missed) * DEMAND_SHARE, DEMAND_MAX);
	if (missed && !was_full)
		l->hunger = HUNGER_TURNS;
	else if (activity > 0)
		l->hunger = 0;
	else if (l->hunger)
		l->hunger--;
}

static void read_worker(struct limits_bank *bank, struct limits_trunk *t, uint32_t w, uint32_t halvings) {
	const struct limits_line *line = &bank->worker[w].report->trunk[t - bank->trunk];
	uint32_t fresh[LIMITS_DIRECTION_COUNT][2] = {0};
	bool answered = has_answered(bank, t, w);

	for (uint32_t lease = 0; lease < t->leases; lease++) {
		struct limits_lease *l = &t->pool[lease].lease[w];
		uint32_t used = LIMITS_LOAD(line->used[lease]);

		if (is_rate(lease)) {
			uint32_t direction = lease % LIMIT_COUNT - LIMIT_ATTEMPTS_IN;

			fresh[direction][lease / LIMIT_COUNT] = used - l->used;
			t->attempts[direction] += used - l->used;
		}
		l->used = used;
		if (answered)
			settle(&t->pool[lease], l);
	}
	for (uint32_t lease = 0; lease < t->leases; lease++) {
		struct limits_lease *l = &t->pool[lease].lease[w];

		l->demand >>= halvings;
		appraise(l, activity_of(lease, fresh), LIMITS_LOAD(line->wanted[lease]), t->full >> lease & 1);
	}
}

// All that could be taken, here and at the workers.
static int64_t spare_of(const struct limits_bank *bank, const struct limits_pool *pool) {
	int64_t spare = pool->free;

	for (uint32_t w = 0; w < bank->workers; w++)
		spare += (int64_t)left_of(pool->lease[w].ceiling, pool->lease[w].used) * THOUSAND;
	return spare;
}

// Time in which the bucket may have been full gives nothing: what was spent of it since is not known to the moment.
static void refill(const struct limits_bank *bank, struct limits_pool *pool, uint64_t now_ms) {
	uint64_t whole = (uint64_t)pool->most * THOUSAND, room = pool->level < whole ? whole - pool->level : 0;
	uint64_t passed_ms = now_ms - pool->filled_ms;
	int64_t spare;

	if (pool->rate > 0)
		pool->free += (int64_t)(passed_ms > room / pool->rate ? room : passed_ms * pool->rate);
	spare = spare_of(bank, pool);
	if (spare < 0) // spent by those who did not know of a lower limit yet
		pool->free -= spare;
	pool->level = spare > 0 ? (uint64_t)spare : 0;
	pool->filled_ms = now_ms;
}

static uint32_t count_hungry(const struct limits_bank *bank, const struct limits_pool *pool) {
	uint32_t hungry = 0;

	for (uint32_t w = 0; w < bank->workers; w++)
		hungry += pool->lease[w].hunger > 0;
	return hungry;
}

// Workers in an order that another one begins each turn.
static uint32_t worker_at(const struct limits_bank *bank, uint32_t i) {
	assert(bank->workers > 0);
	return (bank->turn + i) % bank->workers;
}

// What cannot be shared goes unit by unit: first to who was given one and is about to ask again, then in turn.
static void share_rest(const struct limits_bank *bank, const struct limits_pool *pool, uint64_t rest, uint32_t *share) {
	for (uint32_t w = 0; w < bank->workers && rest > 0; w++) {
		const struct limits_lease *l = &pool->lease[w];

		if (l->hunger == 0 || share[w] > 0 || left_of(l->granted, l->used) <= 0)
			continue;
		share[w]++;
		rest--;
	}
	for (uint32_t i = 0; rest > 0; i++) {
		uint32_t w = worker_at(bank, i);

		if (pool->lease[w].hunger == 0)
			continue;
		share[w]++;
		rest--;
	}
}

static uint64_t weight_of(const struct limits_lease *l, uint32_t hungry) {
	return l->demand + (hungry == 0 ? DEMAND_SHARE : (uint64_t)(l->hunger > 0));
}

// How what is spare is to lie; gives back what stays here. While some run short it goes where attempts are made; else
// each worker gets a part, the busy ones more, and what cannot be shared stays, a round nearer to whoever asks.
static uint64_t
share_out(const struct limits_bank *bank, const struct limits_pool *pool, uint64_t spare, uint32_t *ret_share) {
	uint32_t hungry = count_hungry(bank, pool);
	uint64_t sum = 0, rest = spare;

	for (uint32_t w = 0; w < bank->workers; w++)
		sum += weight_of(&pool->lease[w], hungry); // never 0
	for (uint32_t w = 0; w < bank->workers; w++) {
		ret_share[w] = (uint32_t)(spare * weight_of(&pool->lease[w], hungry) / sum);
		rest -= ret_share[w];
	}
	if (hungry > 0) {
		share_rest(bank, pool, rest, ret_share);
		return 0;
	}
	for (uint32_t w = 0; w < bank->workers && rest > 0; w++) {
		bool is_most = spare * weight_of(&pool->lease[w], hungry) % sum > sum / 2;

		ret_share[w] += is_most;
		rest -= is_most;
	}
	return rest;
}

static uint32_t missing_of(const struct limits_lease *l, uint32_t share) {
	int32_t left = left_of(l->granted, l->used);

	return left < (int32_t)share ? (uint32_t)((int32_t)share - left) : 0;
}

// Small differences are not worth a message.
static bool
is_worth_moving(const struct limits_bank *bank, const struct limits_pool *pool, const uint32_t *share, uint64_t rest) {
	if (pool->free < 0 || (uint64_t)pool->free / THOUSAND < rest / 2 + rest % 2)
		return true;
	for (uint32_t w = 0; w < bank->workers; w++) {
		uint32_t missing = missing_of(&pool->lease[w], share[w]);

		if (missing > share[w] / 2 || (missing > 0 && pool->lease[w].hunger > 0))
			return true;
	}
	return false;
}

static void lower(struct limits_bank *bank, struct limits_trunk *t, uint32_t lease, const uint32_t *share) {
	for (uint32_t w = 0; w < bank->workers; w++) {
		const struct limits_lease *l = &t->pool[lease].lease[w];

		if (left_of(l->granted, l->used) > (int32_t)share[w])
			grant(bank, t, lease, w, l->used + share[w]);
	}
}

// As far as what is free goes; what is below the ceiling costs nothing.
static void raise_up(struct limits_bank *bank, struct limits_trunk *t, uint32_t lease, const uint32_t *share) {
	struct limits_pool *pool = &t->pool[lease];

	for (uint32_t i = 0; i < bank->workers; i++) {
		uint32_t w = worker_at(bank, i);
		const struct limits_lease *l = &pool->lease[w];
		uint32_t upto = l->used + share[w];
		uint32_t reach = l->ceiling + (pool->free > 0 ? (uint32_t)(pool->free / THOUSAND) : 0);

		if (left_of(upto, reach) > 0)
			upto = reach;
		if (left_of(upto, l->granted) > 0)
			grant(bank, t, lease, w, upto);
	}
}

static void
move_leases(struct limits_bank *bank, struct limits_trunk *t, uint32_t lease, const uint32_t *share, uint64_t rest) {
	struct limits_pool *pool = &t->pool[lease];
	int64_t missing = (int64_t)rest;

	for (uint32_t w = 0; w < bank->workers; w++)
		missing += missing_of(&pool->lease[w], share[w]);
	if (missing * THOUSAND > pool->free)
		lower(bank, t, lease, share);
	raise_up(bank, t, lease, share);
}

// More calls are in progress than the limit, which was lowered: none for anybody until enough have ended.
static void withdraw(struct limits_bank *bank, struct limits_trunk *t, uint32_t lease) {
	for (uint32_t w = 0; w < bank->workers; w++)
		if (t->pool[lease].lease[w].granted != 0)
			grant(bank, t, lease, w, 0);
}

static void lend_plenty(struct limits_bank *bank, struct limits_trunk *t, uint32_t lease) {
	for (uint32_t w = 0; w < bank->workers; w++) {
		const struct limits_lease *l = &t->pool[lease].lease[w];

		if (left_of(l->granted, l->used) < PLENTY / 2)
			grant(bank, t, lease, w, l->used + PLENTY);
	}
}

// True when nothing is left anywhere.
static bool balance(struct limits_bank *bank, struct limits_trunk *t, uint32_t lease, uint64_t now_ms) {
	struct limits_pool *pool = &t->pool[lease];
	uint32_t share[WORKERS_MAX];
	uint64_t rest;
	int64_t spare;

	if (pool->most == LIMITS_NONE) {
		lend_plenty(bank, t, lease);
		return false;
	}
	if (is_rate(lease))
		refill(bank, pool, now_ms);
	spare = spare_of(bank, pool);
	if (spare < 0) {
		withdraw(bank, t, lease);
		return true;
	}
	rest = share_out(bank, pool, (uint64_t)spare / THOUSAND, share);
	if (is_worth_moving(bank, pool, share, rest))
		move_leases(bank, t, lease, share, rest);
	return spare < THOUSAND;
}

static void publish_full(struct limits_bank *bank, struct limits_trunk *t, uint16_t full) {
	if (full == t->full)
		return;
	t->full = full;
	for (uint32_t w = 0; w < bank->workers; w++)
		LIMITS_STORE(bank->order[w]->trunk[t - bank->trunk].full, full);
}

uint32_t limits_calls(const struct limits_bank *bank, const struct limits_trunk *t, uint32_t limit) {
	uint32_t calls = 0;

	for (uint32_t w = 0; w < bank->workers; w++)
		calls += t->pool[limit].lease[w].used + t->pool[limit + LIMIT_COUNT].lease[w].used;
	return calls;
}

static void note_peak(const struct limits_bank *bank, struct limits_trunk *t) {
	for (uint32_t limit = 0; limit < LIMITS_CALLS; limit++) {
		uint32_t calls = limits_calls(bank, t, limit);

		if (calls > t->peak[limit])
			t->peak[limit] = calls;
	}
}

void limits_note_refused(struct limits_bank *bank, struct limits_trunk *t) {
	for (uint32_t w = 0; w < bank->workers; w++) {
		const struct limits_line *line = &bank->worker[w].report->trunk[t - bank->trunk];

		for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++) {
			uint32_t refused = LIMITS_LOAD(line->refused[limit]);

			t->refused[limit] += refused - t->refused_seen[w][limit];
			t->refused_seen[w][limit] = refused;
		}
	}
}

void limits_note_second(struct limits_bank *bank, struct limits_trunk *t, uint64_t now_ms) {
	uint64_t second = now_ms / THOUSAND;

	if (second == t->second)
		return;
	limits_note_refused(bank, t);
	for (uint32_t d = 0; d < LIMITS_DIRECTION_COUNT; d++) {
		t->a_second[d] = second == t->second + 1 ? (uint32_t)(t->attempts[d] - t->second_base[d]) : 0;
		t->second_base[d] = t->attempts[d];
	}
	t->second = second;
}

// Whether it has to be looked at in the next turn again: workers have to answer, or ran short a moment ago.
static bool is_busy(const struct limits_bank *bank, const struct limits_trunk *t) {
	bool hungry = false;

	for (uint32_t w = 0; w < bank->workers; w++) {
		if (!has_answered(bank, t, w))
			return true;
		for (uint32_t lease = 0; lease < t->leases; lease++)
			hungry |= t->pool[lease].lease[w].hunger > 0;
	}
	return hungry;
}

void limits_visit(struct limits_bank *bank, struct limits_trunk *t, uint64_t now_ms) {
	uint32_t halvings = at_most(bank->turn - t->visited, DEMAND_BITS); // one a turn, visited or not
	uint16_t full = (uint16_t)(ALL_LEASES << t->leases & ALL_LEASES);

	t->visited = bank->turn;
	limits_note_second(bank, t, now_ms);
	for (uint32_t w = 0; w < bank->workers; w++)
		read_worker(bank, t, w, halvings);
	note_peak(bank, t);
	for (uint32_t lease = 0; lease < t->leases; lease++)
		full |= (uint16_t)(balance(bank, t, lease, now_ms) << lease);
	publish_full(bank, t, full);
	if (is_busy(bank, t))
		limits_mark(bank->busy, (uint32_t)(t - bank->trunk));
	else if (t->is_leaving && limits_calls(bank, t, LIMIT_CALLS) == 0)
		t->is_there = false;
}

static uint32_t part_of(uint32_t amount, uint32_t percent) {
	return (uint32_t)(((uint64_t)amount * percent + 99) / 100);
}

// A bucket begins full, and never holds more than it may.
static void
limit_rate(const struct limits_bank *bank, struct limits_pool *pool, uint32_t rate, bool begins, uint64_t now_ms) {
	int64_t over = spare_of(bank, pool) - (int64_t)pool->most * THOUSAND;

	if (begins || over > 0)
		pool->free -= over;
	pool->rate = rate;
	pool->filled_ms = now_ms;
	over = spare_of(bank, pool);
	pool->level = over > 0 ? (uint64_t)over : 0;
}

static void limit_calls(const struct limits_bank *bank, struct limits_pool *pool) {
	pool->free = (int64_t)pool->most * THOUSAND;
	for (uint32_t w = 0; w < bank->workers; w++)
		pool->free -= (int64_t)pool->lease[w].ceiling * THOUSAND;
}

// Where there is no limit nothing is kept for emergencies.
static uint32_t most_of(const struct limits_config *config, uint32_t lease) {
	uint32_t most = config->most[lease % LIMIT_COUNT];

	if (lease < LIMIT_COUNT)
		return most;
	return most == LIMITS_NONE ? 0 : part_of(most, config->emergency_percent);
}

static void limit_pool(struct limits_bank *bank, struct limits_trunk *t, uint32_t lease, bool is_new, uint64_t now_ms) {
	struct limits_pool *pool = &t->pool[lease];
	uint32_t percent = lease < LIMIT_COUNT ? 100 : t->config.emergency_percent;
	bool begins = is_new || pool->most == LIMITS_NONE;

	if (is_rate(lease) && !begins)
		refill(bank, pool, now_ms);
	pool->most = most_of(&t->config, lease);
	if (pool->most == LIMITS_NONE)
		return;
	if (is_rate(lease))
		limit_rate(
			bank,
			pool,
			part_of(t->config.rate[lease % LIMIT_COUNT - LIMIT_ATTEMPTS_IN], percent),
			begins,
			now_ms
		);
	else
		limit_calls(bank, pool);
}

void limits_limit(
	struct limits_bank *bank,
	struct limits_trunk *t,
	const struct limits_config *config,
	bool is_new,
	uint64_t now_ms
) {
	t->config = *config;
	if (config->emergency_percent > 0)
		t->leases = LIMIT_LEASES;
	for (uint32_t lease = 0; lease < LIMIT_LEASES; lease++)
		limit_pool(bank, t, lease, is_new, now_ms);
	limits_mark(bank->busy, (uint32_t)(t - bank->trunk));
}
