// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/guard.h"

#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#define THOUSAND 1000u

struct guard *guard_create(const struct config_sources *cfg, uint8_t workers) {
	struct guard *guard = rte_zmalloc("guard", sizeof(*guard), CACHE_LINE);

	if (!guard)
		return NULL;
	guard->cfg = cfg;
	guard->limits = cfg->trusted_rate > 0 || cfg->rate > 0 || cfg->all_rate > 0 || cfg->screen_count > 0;
	guard->seed = rte_rdtsc() * UINT64_C(0xbf58476d1ce4e5b9);
	guard->all_rate = (cfg->all_rate + workers - 1) / workers;
	guard->all_burst = (cfg->all_burst + workers - 1) / workers;
	guard->all_tokens = (uint64_t)guard->all_burst * THOUSAND;
	return guard;
}

void guard_destroy(struct guard *guard) {
	rte_free(guard);
}

static bool is_trusted(const struct guard *guard, const struct ip_addr *from) {
	for (uint32_t i = 0; i < guard->cfg->trusted_count; i++)
		if (ip_prefix_holds(&guard->cfg->trusted[i], from))
			return true;
	return false;
}

static uint32_t bucket_of(const struct guard *guard, struct ip_halves addr) {
	uint64_t hash = (addr.first ^ guard->seed) * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ hash >> 32 ^ addr.second) * UINT64_C(0xbf58476d1ce4e5b9);
	return (uint32_t)(hash >> 32) % GUARD_BUCKETS;
}

static void
source_begin(const struct guard *guard, struct guard_source *source, const struct ip_addr *from, uint32_t now_ms) {
	bool trusted = is_trusted(guard, from);

	*source = (struct guard_source){
		.addr = ip_halves(from),
		.tokens = (trusted ? guard->cfg->trusted_burst : guard->cfg->burst) * THOUSAND,
		.seen_ms = now_ms,
		.family = from->family,
		.is_trusted = trusted,
	};
}

static void ban(struct guard_source *source, uint32_t seconds, uint64_t now_ms) {
	source->is_banned = true;
	source->until_s = (uint32_t)((now_ms + THOUSAND - 1) / THOUSAND) + seconds;
}

static inline bool is_at(const struct guard_source *source, uint8_t family, struct ip_halves addr) {
	return source->family == family && source->addr.first == addr.first && source->addr.second == addr.second;
}

static bool is_of(const struct guard_source *source, const struct ip_addr *addr) {
	return is_at(source, addr->family, ip_halves(addr));
}

static bool is_banned(struct guard_source *source, uint64_t now_ms) {
	if (likely(!source->is_banned))
		return false;
	source->is_banned = source->until_s > now_ms / THOUSAND;
	source->is_held &= source->is_banned;
	return source->is_banned;
}

// Who is easier to forget: free places first, then who is not banned and was not heard of for longest, then who is;
// what the operator holds never is.
static uint64_t worth(struct guard_source *source, uint64_t now_ms) {
	if (source->family == IP_NONE)
		return 0;
	if (!is_banned(source, now_ms))
		return 1 + (uint64_t)(UINT32_MAX - ((uint32_t)now_ms - source->seen_ms));
	return source->is_held ? UINT64_MAX : UINT64_MAX - 1;
}

// Its entry; a new one takes the place of the one that is worth least.
static struct guard_source *source_of(struct guard *guard, const struct ip_addr *from, uint64_t now_ms) {
	struct ip_halves addr = ip_halves(from);
	struct guard_source *bucket = guard->sources[bucket_of(guard, addr)], *place = &bucket[0];

	for (uint32_t i = 0; i < GUARD_WAYS; i++) {
		struct guard_source *at = &bucket[i];

		if (likely(is_at(at, from->family, addr)))
			return at;
		if (worth(at, now_ms) < worth(place, now_ms))
			place = at;
	}
	source_begin(guard, place, from, (uint32_t)now_ms);
	return place;
}

static bool all_takes(struct guard *guard, uint64_t now_ms) {
	uint64_t burst = (uint64_t)guard->all_burst * THOUSAND;

	if (guard->all_rate == 0)
		return true;
	guard->all_tokens += (now_ms - guard->all_ms) * guard->all_rate;
	guard->all_ms = now_ms;
	if (guard->all_tokens > burst)
		guard->all_tokens = burst;
	if (guard->all_tokens < THOUSAND)
		return false;
	guard->all_tokens -= THOUSAND;
	return true;
}

// The limits it has.
static uint32_t rate_of(const struct guard *guard, const struct guard_source *source) {
	return source->is_trusted ? guard->cfg->trusted_rate : guard->cfg->rate;
}

static uint32_t burst_of(const struct guard *guard, const struct guard_source *source) {
	return source->is_trusted ? guard->cfg->trusted_burst : guard->cfg->burst;
}

static void source_fill(const struct guard *guard, struct guard_source *source, uint32_t now_ms) {
	uint32_t passed = now_ms - source->seen_ms;
	uint64_t tokens = source->tokens + (uint64_t)passed * rate_of(guard, source),
		 burst = (uint64_t)burst_of(guard, source) * THOUSAND;

	if (passed > GUARD_RESTED_MS)
		source->excess = 0;
	source->tokens = (uint32_t)(tokens < burst ? tokens : burst);
	source->seen_ms = now_ms;
}

static bool source_has(const struct guard *guard, struct guard_source *source, uint64_t now_ms) {
	source_fill(guard, source, (uint32_t)now_ms);
	return rate_of(guard, source) == 0 || source->tokens >= THOUSAND;
}

static void source_take(const struct guard *guard, struct guard_source *source) {
	if (rate_of(guard, source) > 0)
		source->tokens -= THOUSAND;
}

static enum guard_verdict trusted_judge(const struct guard *guard, struct guard_source *source, uint64_t now_ms) {
	if (likely(guard->cfg->trusted_rate == 0))
		return GUARD_TRUSTED;
	if (!source_has(guard, source, now_ms))
		return GUARD_TRUSTED_LIMIT;
	source_take(guard, source);
	return GUARD_TRUSTED;
}

// One datagram too many.
static void source_exceeds(const struct guard *guard, struct guard_source *source, uint64_t now_ms) {
	if (guard->cfg->ban_after == 0 || ++source->excess < guard->cfg->ban_after)
		return;
	source->excess = 0;
	ban(source, guard->cfg->ban_s, now_ms);
}

bool guard_is_banned(struct guard *guard, uint8_t family, struct ip_halves addr, uint64_t now_ms) {
	struct guard_source *bucket = guard->sources[bucket_of(guard, addr)];

	for (uint32_t i = 0; i < GUARD_WAYS; i++) {
		if (is_at(&bucket[i], family, addr))
			return is_banned(&bucket[i], now_ms);
	}
	return false;
}

enum guard_verdict guard_judge(struct guard *guard, const struct ip_addr *from, uint64_t now_ms) {
	struct guard_source *source;

	if (!guard->limits)
		return GUARD_TRUSTED;
	source = source_of(guard, from, now_ms);
	if (is_banned(source, now_ms))
		return GUARD_BANNED;
	if (likely(source->is_trusted))
		return trusted_judge(guard, source, now_ms);
	if (!source_has(guard, source, now_ms)) {
		source_exceeds(guard, source, now_ms);
		return GUARD_SOURCE_LIMIT;
	}
	if (!all_takes(guard, now_ms))
		return GUARD_ALL_LIMIT;
	source_take(guard, source);
	return GUARD_PASSES;
}

void guard_strike(struct guard *guard, const struct ip_addr *from, uint64_t now_ms) {
	source_exceeds(guard, source_of(guard, from, now_ms), now_ms);
}

// How many of a bucket the operator holds, but for that address.
static uint32_t held_beside(struct guard *guard, const struct ip_addr *addr, uint64_t now_ms) {
	struct guard_source *bucket = guard->sources[bucket_of(guard, ip_halves(addr))];
	uint32_t count = 0;

	for (uint32_t i = 0; i < GUARD_WAYS; i++)
		count += is_banned(&bucket[i], now_ms) && bucket[i].is_held && !is_of(&bucket[i], addr);
	return count;
}

bool guard_ban(struct guard *guard, const struct ip_addr *addr, uint32_t seconds, uint64_t now_ms) {
	struct guard_source *source;

	// The last place of a bucket is for everybody else.
	if (held_beside(guard, addr, now_ms) == GUARD_WAYS - 1)
		return false;
	source = source_of(guard, addr, now_ms);
	ban(source, seconds, now_ms);
	source->is_held = true;
	guard->limits = true;
	return true;
}

bool guard_unban(struct guard *guard, const struct ip_addr *addr, uint64_t now_ms) {
	struct guard_source *bucket = guard->sources[bucket_of(guard, ip_halves(addr))];

	for (uint32_t i = 0; i < GUARD_WAYS; i++) {
		struct guard_source *at = &bucket[i];

		if (!is_of(at, addr) || !is_banned(at, now_ms))
			continue;
		at->is_banned = at->is_held = false;
		at->excess = 0;
		return true;
	}
	return false;
}

bool guard_ban_next(
	const struct guard *guard, uint32_t *cursor, uint32_t look, uint64_t now_ms, struct guard_ban *ret_ban
) {
	uint32_t up_s = (uint32_t)((now_ms + THOUSAND - 1) / THOUSAND);

	for (; *cursor < GUARD_PLACES && look > 0; look--) {
		const struct guard_source *source = &guard->sources[*cursor / GUARD_WAYS][*cursor % GUARD_WAYS];

		(*cursor)++;
		if (!source->is_banned || source->until_s <= up_s)
			continue;
		ret_ban->addr.family = source->family;
		memcpy(ret_ban->addr.bytes, &source->addr, sizeof(ret_ban->addr.bytes));
		ret_ban->left_s = source->until_s - up_s;
		ret_ban->is_held = source->is_held;
		return true;
	}
	return false;
}
