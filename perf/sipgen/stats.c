// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "stats.h"

static uint64_t sum(const uint64_t *values, unsigned count) {
	uint64_t total = 0;

	for (unsigned i = 0; i < count; i++)
		total += values[i];
	return total;
}

uint64_t stats_wrong(const struct stats *stats) {
	return sum(stats->wrong, WRONG_COUNT);
}

uint64_t stats_resent(const struct stats *stats) {
	return sum(stats->resent, MESSAGE_COUNT);
}

uint64_t stats_repeated(const struct stats *stats) {
	return sum(stats->repeated, MESSAGE_COUNT);
}

bool stats_are_good(const struct stats *stats) {
	return stats->failed == 0 && stats->skipped == 0 && stats->missed_100 == 0 && stats_wrong(stats) == 0;
}

bool stats_are_lossless(const struct stats *stats) {
	return stats_are_good(stats) && stats_resent(stats) == 0 && stats_repeated(stats) == 0;
}
