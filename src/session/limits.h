// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Limits of trunks, exact over all workers: calls in progress and attempts a second. A worker takes from leases of its
// own; the control core, the bank (limits_bank.h), lends them out. No lock, no atomic read-modify-write; on the message
// path a worker looks at two cache lines and a bit, which nobody else writes.
//
// How it stays exact. Cores talk in rounds. The bank writes new grants for a worker, marks their trunks in `changed`
// and raises that worker's `round` (release). In its next turn the worker sees the round (acquire), makes the marked
// grants its own, and answers with the same number (release). A worker takes a unit only while used < granted, of the
// grants it has made its own. For every worker and limit the bank keeps a ceiling, and hands out no more than the limit
// less the sum of all ceilings:
//  - A raised grant raises the ceiling before it is written: whoever sees it early or late is below the ceiling.
//  - A lowered grant leaves the ceiling where it was until its round is answered. Then the worker takes by the lower
//    grant only; `used`, read after the answer, is what it held then or later; and used only falls while it is not
//    below the grant. So the larger of the two bounds all that follows, and becomes the ceiling.
// Each worker thus stays below its ceiling at all times, and the ceilings below the limit, whatever either side sees
// late: an old `used`, an old grant or a late answer only keeps units idle for longer.
//
// Attempts are the same with numbers that only grow: `used` counts the tokens ever spent, `granted` those ever given,
// modulo 2^32. The bank adds tokens as time passes, never so many that those unspent are more than the burst, and none
// for time in which the bucket may have been full: over any time t at most burst + rate * t are spent.
#pragma once

#include "base/base.h"

#define LIMITS_TRUNKS_MAX 4096
#define LIMITS_WORDS_OF(trunks) (((trunks) + 63) / 64) // of a set of them
#define LIMITS_WORDS LIMITS_WORDS_OF(LIMITS_TRUNKS_MAX)
#define LIMITS_WAIT_MS 5 // for how long asking again makes sense, with a turn of the bank each millisecond

enum limit {
	LIMIT_CALLS_IN, // in progress
	LIMIT_CALLS_OUT,
	LIMIT_CALLS, // both directions together
	LIMIT_ATTEMPTS_IN,
	LIMIT_ATTEMPTS_OUT,
	LIMIT_COUNT,
};

#define LIMIT_LEASES (2 * LIMIT_COUNT) // of each limit, and behind them what only emergency calls take

enum limits_direction { LIMITS_IN, LIMITS_OUT, LIMITS_DIRECTION_COUNT };

// In order of what an attempt that lacks several comes to.
enum limits_verdict {
	LIMITS_TAKEN,
	LIMITS_SHORT, // nothing lent here is left, but others may have some: ask again after a turn or a few
	LIMITS_FULL,  // all of it is in use, or the caller does not ask again: refuse
};

// A worker's, of one trunk.
struct limits_line {
	// Read by the bank.
	alignas(CACHE_LINE) uint32_t used[LIMIT_LEASES]; // calls in progress; attempts since ever
	uint16_t wanted[LIMIT_LEASES];			 // how often nothing was left
	// The worker's own but for `refused`, which is shown.
	alignas(CACHE_LINE) uint32_t granted[LIMIT_LEASES];
	uint32_t refused[LIMIT_COUNT];
};
static_assert(sizeof(struct limits_line) == 2 * CACHE_LINE, "two lines");

// What a worker writes and the bank reads.
struct limits_report {
	alignas(CACHE_LINE) uint64_t round; // answered
	// Trunks used since a round was answered, in the set of its lowest bit; the bank reads that when the next round
	// is answered, and the worker clears it with the one after. What was missed the bank reads at once as well.
	alignas(CACHE_LINE) uint64_t touched[2][LIMITS_WORDS];
	uint64_t missed[2][LIMITS_WORDS];
	struct limits_line trunk[];
};

// The bank's word to one worker on one trunk.
struct limits_grant {
	alignas(CACHE_LINE) uint32_t granted[LIMIT_LEASES];
	uint16_t full; // bits of leases: nothing is left anywhere
};

// What the bank writes and one worker reads.
struct limits_order {
	alignas(CACHE_LINE) uint64_t round;
	alignas(CACHE_LINE) uint64_t changed[2][LIMITS_WORDS]; // by the lowest bit of the round
	struct limits_grant trunk[];
};

struct limits_worker {
	const struct limits_order *order;
	struct limits_report *report;
	uint64_t round; // answered
	uint32_t trunks;
};

struct limits_ask {
	uint16_t trunk; // slot, see limits_bank_set
	uint8_t direction;
	bool is_emergency; // takes beyond the limit what is kept for emergencies
	bool is_last;	   // will not ask again: LIMITS_SHORT counts as a refusal and becomes LIMITS_FULL
};

// What a call in progress holds, kept in its record; all zero: nothing. Goes back on the worker that took it.
struct limits_unit {
	uint16_t trunk;
	uint16_t leases; // bits
};
static_assert(sizeof(struct limits_unit) == 4, "small");

// What cores share: each word has one writer.
#define LIMITS_LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define LIMITS_STORE(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELAXED)
#define LIMITS_SEE(round) __atomic_load_n(&(round), __ATOMIC_ACQUIRE)
#define LIMITS_TELL(round, value) __atomic_store_n(&(round), value, __ATOMIC_RELEASE)

// Makes the grants of a new round the worker's own, and answers. Worker only, once a turn.
void limits_answer(struct limits_worker *w);

static inline void limits_turn(struct limits_worker *w) {
	if (unlikely(LIMITS_SEE(w->order->round) != w->round))
		limits_answer(w);
}

// One attempt of a call: takes all it needs, to be given back with limits_give, or nothing. Where it is not taken
// *ret_limit says what was lacking and *ret_unit is untouched. LIMITS_SHORT is wrong when what others have left is used
// meanwhile, or is lent to one that takes no turns: ask again for LIMITS_WAIT_MS at most, then with is_last.
// LIMITS_FULL is as of the bank's last turn, since when a call may have ended. Worker only.
enum limits_verdict
limits_take(struct limits_worker *w, const struct limits_ask *ask, struct limits_unit *ret_unit, enum limit *ret_limit);

// Gives back what a call holds, however it ended, and clears *unit: giving twice gives once. Worker only.
void limits_give(struct limits_worker *w, struct limits_unit *unit);

// "calls-in". Static text.
const char *limit_name(enum limit limit);
