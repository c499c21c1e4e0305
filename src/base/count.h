// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The counters of one core. One writer; the control core reads them with counter_read.
#pragma once

#include "base/base.h"

enum count {
#define X(id, name, help) COUNT_##id,
#include "base/count.def"
#undef X
	COUNT_COUNT,
};

struct counters {
	alignas(CACHE_LINE) uint64_t value[COUNT_COUNT];
};

// The name shown to people, like "drop.no-route", and its one-line help. Static text.
const char *count_name(enum count count);
const char *count_help(enum count count);

static inline void count_add(struct counters *counters, enum count count, uint64_t n) {
	counters->value[count] += n;
}

static inline void count_one(struct counters *counters, enum count count) {
	counters->value[count]++;
}

// From another core.
static inline uint64_t counter_read(const struct counters *counters, enum count count) {
	return __atomic_load_n(&counters->value[count], __ATOMIC_RELAXED);
}
