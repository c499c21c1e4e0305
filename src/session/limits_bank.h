// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The lender of limits.h: owns the limits of all trunks and moves leases to the workers that run short. Control core
// only, but for what limits_bank_worker gives away. How it stays exact is said in limits.h.
#pragma once

#include "base/mem.h"
#include "base/str.h"
#include "session/limits.h"

#define LIMITS_NAME_MAX 63
#define LIMITS_CALLS LIMIT_ATTEMPTS_IN // the limits before it are of calls in progress
#define LIMITS_NONE UINT32_MAX	       // no limit
#define LIMITS_MOST (1u << 24)	       // of any that is one
#define LIMITS_PERCENT_MAX 100u	       // beyond it for emergencies

struct limits_bank;

struct limits_config {
	uint32_t most[LIMIT_COUNT]; // calls in progress; attempts at once (the burst, at least 1), or LIMITS_NONE
	uint32_t rate[LIMITS_DIRECTION_COUNT]; // attempts a second; means nothing without a burst
	uint32_t emergency_percent;	       // of each of these on top, rounded up, for emergency calls
};

struct limits_view {
	struct limits_config config;
	uint32_t calls[LIMITS_CALLS];			    // in progress, emergency calls among them
	uint32_t peak[LIMITS_CALLS];			    // as seen at the bank's turns
	uint64_t attempts[LIMITS_DIRECTION_COUNT];	    // taken since the trunk was added
	uint32_t attempts_a_second[LIMITS_DIRECTION_COUNT]; // in the last full second
	uint64_t refused[LIMIT_COUNT];			    // by the limit that was lacking
	bool is_leaving;
};

// For 1 to WORKERS_MAX workers and 1 to LIMITS_TRUNKS_MAX trunks. Returns 0 or -errno. The workers must have stopped
// before it is destroyed.
int limits_bank_create(uint32_t workers, uint32_t trunks, enum mem_huge huge, struct limits_bank **ret_bank);
void limits_bank_destroy(struct limits_bank *bank);

// Worker `id`'s end, to be used by that worker alone; lives as long as the bank.
struct limits_worker *limits_bank_worker(struct limits_bank *bank, uint32_t id);

// The slot of the trunk of that name, which keeps its calls and counts when it was there before, under these limits
// from the next round on; the first turn of the bank thereafter lends. -ENOSPC: no slot is free; -EINVAL: no name or
// one too long, or a number too large. A lower limit cuts no call; a bucket that gets smaller loses what is too much.
int limits_bank_set(struct limits_bank *bank, struct str name, const struct limits_config *config, uint64_t now_ms);

// Nothing more is taken; the slot is free when the last call has ended. Only after every worker has left the
// configuration that names it.
void limits_bank_remove(struct limits_bank *bank, uint32_t slot, uint64_t now_ms);

// Looks at what the workers did and lends anew: every millisecond. `now_ms` never goes back.
void limits_bank_turn(struct limits_bank *bank, uint64_t now_ms);

// False when no trunk has that slot.
bool limits_bank_show(struct limits_bank *bank, uint32_t slot, uint64_t now_ms, struct limits_view *ret_view);
