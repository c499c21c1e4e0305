// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Who may send how much, looked at before a datagram is parsed: a token bucket for each source address, a deeper one
// for those that are trusted, one for all others together, and bans that end by themselves. One worker's; each counts
// what it receives. A source is remembered until others need its place, which costs it nothing but a full bucket.
#pragma once

#include "base/config.h"

#define GUARD_WAYS 4
#define GUARD_BUCKETS 4096 // of so many sources; what the sources of an open port need, a few lines of them warm
#define GUARD_PLACES (GUARD_BUCKETS * GUARD_WAYS)
#define GUARD_BAN_MAX_S 604800
#define GUARD_RESTED_MS 10000 // of silence: what was too much is forgiven

enum guard_verdict {
	GUARD_TRUSTED, // passes, whatever it says
	GUARD_PASSES,
	GUARD_BANNED,
	GUARD_SOURCE_LIMIT,
	GUARD_ALL_LIMIT,
	GUARD_TRUSTED_LIMIT,
};

// Two of them in a cache line.
struct guard_source {
	struct ip_halves addr;
	uint32_t tokens;  // thousandths of a datagram
	uint32_t seen_ms; // low bits of when they were counted last
	uint32_t until_s; // banned until then; whole seconds, which do not wrap
	uint16_t excess;  // datagrams too many since it last rested
	uint8_t family;	  // IP_NONE: free
	bool is_trusted : 1;
	bool is_banned : 1;
	bool is_held : 1; // by the operator: whoever trusts it, and never forgotten for the place of another
};
static_assert(sizeof(struct guard_source) == 32, "two in a line");

struct guard {
	const struct config_sources *cfg;
	bool limits; // there is something to look at
	uint64_t seed;
	uint64_t all_tokens; // thousandths
	uint64_t all_ms;
	uint32_t all_rate, all_burst; // this worker's share
	alignas(CACHE_LINE) struct guard_source sources[GUARD_BUCKETS][GUARD_WAYS];
};

// `cfg` must outlive it. `workers`: among how many what is for all sources is shared out. NULL when memory is short.
struct guard *guard_create(const struct config_sources *cfg, uint8_t workers);
void guard_destroy(struct guard *guard);

// Bans an address for so many seconds (at most GUARD_BAN_MAX_S), whatever it sends and whoever trusts it. False when
// there is no place beside other such bans.
bool guard_ban(struct guard *guard, const struct ip_addr *addr, uint32_t seconds, uint64_t now_ms);

// Ends a ban, whoever made it. False when there is none.
bool guard_unban(struct guard *guard, const struct ip_addr *addr, uint64_t now_ms);

struct guard_ban {
	struct ip_addr addr;
	uint32_t left_s; // rounded up
	bool is_held;
};

// The next ban among at most `look` places from *cursor on (0 at first), which moves on; GUARD_PLACES is the end. False
// when none of these has one.
bool guard_ban_next(
	const struct guard *guard, uint32_t *cursor, uint32_t look, uint64_t now_ms, struct guard_ban *ret_ban
);

// A datagram that passed was one of those nobody wants.
void guard_strike(struct guard *guard, const struct ip_addr *from, uint64_t now_ms);

// Whether it is banned, and nothing else: for what is not a datagram yet.
bool guard_is_banned(struct guard *guard, uint8_t family, struct ip_halves addr, uint64_t now_ms);

// For a datagram from that address. `now_ms` never goes back.
enum guard_verdict guard_judge(struct guard *guard, const struct ip_addr *from, uint64_t now_ms);
