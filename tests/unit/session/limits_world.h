// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A bank and its workers with a virtual clock, where each sees what the others wrote when the test, or the dice, say
// so: workers act on copies of the bank's orders, the bank on copies of their reports. Every call that is taken is held
// against a model that sees everything at once.
#pragma once

#include "session/limits_bank.h"
#include "unit/random.h"

#define WORLD_TRUNKS 3
#define WORLD_CALLS 400 // of a worker

// Of attempts: full at the start. While it never holds less than nothing, no window of any length t saw more than
// burst + rate * t.
struct world_bucket {
	int64_t level, most; // thousandths
	int64_t rate;
};

struct world_call {
	struct limits_unit unit;
	uint8_t direction;
	bool is_emergency;
};

struct world_side {
	struct limits_worker worker;
	struct limits_order *order; // what it sees of the bank's
	struct world_call calls[WORLD_CALLS];
	uint32_t call_count;
};

struct world {
	struct random random;
	struct limits_bank *bank;
	uint32_t workers;
	struct world_side *sides;
	uint64_t now_ms;
	uint16_t trunk;
	uint32_t hot;						 // the worker most calls come to for the moment
	uint32_t limit[LIMITS_CALLS];				 // in the end
	uint32_t most[LIMITS_CALLS];				 // now, above it after it was lowered
	uint32_t extra[LIMITS_CALLS];				 // for emergency calls
	uint32_t calls[LIMITS_CALLS], usual_calls[LIMITS_CALLS]; // in progress: all, without emergency calls
	uint32_t attempts[LIMITS_DIRECTION_COUNT];
	struct world_bucket usual[LIMITS_DIRECTION_COUNT], all[LIMITS_DIRECTION_COUNT];
	bool is_limited[LIMITS_DIRECTION_COUNT];
};

extern const struct limits_config world_unlimited;

void world_begin(struct world *world, uint32_t workers, uint64_t seed);
void world_end(struct world *world);

// Sets the limits of the trunk "carrier", which the world's calls are for.
void world_set(struct world *world, const struct limits_config *config);

// What calls are held against from now on: these limits, or as many calls as there are.
void world_expect(struct world *world, const struct limits_config *config);

// Both, and everybody has seen it.
void world_limit(struct world *world, const struct limits_config *config);

// A call on that worker.
enum limits_verdict world_call(struct world *world, uint32_t w, uint8_t direction, bool is_emergency);
void world_hang_up(struct world *world, uint32_t w, uint32_t at);
void world_hang_up_all(struct world *world);

// So many milliseconds in each of which everybody sees everything and has a turn.
void world_turns(struct world *world, uint32_t turns);

// One thing happens somewhere, seen by nobody else yet.
void world_step(struct world *world, uint32_t emergency_percent);

// By all grants that a worker has or is about to see no more can be taken than these limits, which were never others.
void world_check_leases(const struct world *world, const struct limits_config *config);

struct limits_view world_view(const struct world *world);
