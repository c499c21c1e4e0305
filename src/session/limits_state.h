// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the bank of limits_bank.h keeps, shared by its files and nobody else: limits_bank.c for rounds and
// configuration, limits_lend.c for where leases go. Amounts of a pool are in thousandths, so that a rate a second and a
// time in milliseconds make whole numbers.
#pragma once

#include "session/limits_bank.h"

#define THOUSAND 1000
#define PLENTY (1 << 30) // lent to each worker where there is no limit
#define DEMAND_SHARE 16	 // what one attempt weighs, and being there while nobody is short
#define DEMAND_BITS 12
#define DEMAND_MAX ((1u << DEMAND_BITS) - 1)
#define HUNGER_TURNS 4 // a worker that ran short is remembered so long after it last asked
#define SWEEP 256      // in so many turns every trunk is looked at

#define ALL_LEASES ((1u << LIMIT_LEASES) - 1)

// What one worker has of one limit.
struct limits_lease {
	uint32_t granted; // as last written
	uint32_t ceiling; // what it may reach until it answers, see limits.h
	uint32_t used;	  // as last read
	uint16_t wanted;  // likewise
	uint16_t demand;
	uint8_t hunger;
};

// One limit of a trunk, or what is kept of it for emergencies.
struct limits_pool {
	int64_t free;	// not lent; less than nothing after the limit was lowered
	uint64_t level; // of attempts: the most that could be spent after the last turn
	uint64_t filled_ms;
	uint32_t most; // or LIMITS_NONE
	uint32_t rate;
	struct limits_lease lease[WORKERS_MAX];
};

struct limits_trunk {
	uint64_t hash;
	uint32_t name_len;
	char name[LIMITS_NAME_MAX];
	bool is_there, is_leaving;
	uint16_t full;
	uint8_t leases;		       // LIMIT_COUNT until there is something for emergencies
	uint32_t visited;	       // in which turn of the bank
	uint64_t changed[WORKERS_MAX]; // the round with the last change for each worker
	struct limits_pool pool[LIMIT_LEASES];
	struct limits_config config;
	uint32_t peak[LIMITS_CALLS];
	uint64_t attempts[LIMITS_DIRECTION_COUNT], second_base[LIMITS_DIRECTION_COUNT];
	uint32_t a_second[LIMITS_DIRECTION_COUNT];
	uint64_t second;
	uint32_t refused_seen[WORKERS_MAX][LIMIT_COUNT]; // as last read
	uint64_t refused[LIMIT_COUNT];
};

struct limits_bank {
	uint32_t workers, trunks, words;
	uint32_t turn;
	uint64_t answered[WORKERS_MAX]; // the round each worker has answered, as read at the beginning of a turn
	uint64_t visit[LIMITS_WORDS], busy[LIMITS_WORDS];
	struct limits_order *order[WORKERS_MAX];
	struct limits_worker worker[WORKERS_MAX];
	struct limits_trunk *trunk;
	struct mem mem;
};

// A set of slots.
static inline void limits_mark(uint64_t *set, uint32_t slot) {
	set[slot / 64] |= UINT64_C(1) << slot % 64;
}

// Reads what the workers did of a trunk, and lends anew.
void limits_visit(struct limits_bank *bank, struct limits_trunk *t, uint64_t now_ms);

// Other limits, from the next visit on. A new trunk's buckets are full.
void limits_limit(
	struct limits_bank *bank,
	struct limits_trunk *t,
	const struct limits_config *config,
	bool is_new,
	uint64_t now_ms
);

// Calls in progress, emergency calls among them, as last read.
uint32_t limits_calls(const struct limits_bank *bank, const struct limits_trunk *t, uint32_t limit);

// Before attempts are added up: their number in the second that ended.
void limits_note_second(struct limits_bank *bank, struct limits_trunk *t, uint64_t now_ms);

// Reads what the workers refused, long before their counts come round to where they were.
void limits_note_refused(struct limits_bank *bank, struct limits_trunk *t);
