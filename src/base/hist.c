// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hist.h"

// The writer may be at work on another core.
static uint64_t read_relaxed(const uint64_t *value) {
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

void hist_merge(struct hist *to, const struct hist *from) {
	uint64_t max = read_relaxed(&from->max);

	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		to->count[i] += read_relaxed(&from->count[i]);
	to->sum += read_relaxed(&from->sum);
	if (max > to->max)
		to->max = max;
}

uint64_t hist_total(const struct hist *hist) {
	uint64_t total = 0;

	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		total += read_relaxed(&hist->count[i]);
	return total;
}

// The largest value that falls into the bucket.
static uint64_t bucket_top(uint32_t bucket) {
	uint32_t shift = bucket / HIST_STEPS - 1;

	if (bucket < HIST_STEPS)
		return bucket;
	if (bucket == HIST_BUCKETS - 1)
		return UINT64_MAX;
	return ((uint64_t)(HIST_STEPS + bucket % HIST_STEPS + 1) << shift) - 1;
}

// How many of `total` values are at or below the percentile: rounded up, at least one. Cannot overflow.
static uint64_t rank_of(uint64_t total, uint32_t per_10000) {
	uint64_t rank = total / 10000 * per_10000 + (total % 10000 * per_10000 + 9999) / 10000;

	return rank ? rank : 1;
}

uint64_t hist_percentile(const struct hist *hist, uint32_t per_10000) {
	uint64_t total = hist_total(hist), max = read_relaxed(&hist->max), seen = 0;
	uint64_t rank = rank_of(total, per_10000 < 10000 ? per_10000 : 10000);

	if (total == 0)
		return 0;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		seen += read_relaxed(&hist->count[i]);
		if (seen >= rank)
			return bucket_top(i) < max ? bucket_top(i) : max;
	}
	return max;
}
