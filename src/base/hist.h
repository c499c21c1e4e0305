// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Log-linear histogram: 16 steps to each power of two, so a value is known to within 6.25%. One writer; the control
// core reads it while it grows and may see one addition half done.
#pragma once

#include "base/base.h"

#define HIST_STEPS 16
#define HIST_BUCKETS (HIST_STEPS * 40)

struct hist {
	uint64_t count[HIST_BUCKETS];
	uint64_t sum;
	uint64_t max;
};

static inline uint32_t hist_bucket(uint64_t value) {
	uint32_t log;

	if (value < HIST_STEPS)
		return (uint32_t)value;
	log = 63 - (uint32_t)__builtin_clzll(value); // 4 or more
	uint32_t bucket = (log - 3) * HIST_STEPS + (uint32_t)((value >> (log - 4)) & (HIST_STEPS - 1));
	return bucket < HIST_BUCKETS ? bucket : HIST_BUCKETS - 1;
}

static inline void hist_add(struct hist *hist, uint64_t value) {
	hist->count[hist_bucket(value)]++;
	hist->sum += value;
	if (value > hist->max)
		hist->max = value;
}

// Adds what `from` holds to `to`.
void hist_merge(struct hist *to, const struct hist *from);

uint64_t hist_total(const struct hist *hist);

// The value at or below which `per_10000` / 10,000 of the values lie (5000 = median, 9999 = p99.99), as the upper
// edge of its bucket and never above the maximum seen; 0 when empty.
uint64_t hist_percentile(const struct hist *hist, uint32_t per_10000);
