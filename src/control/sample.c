// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <time.h>

#include "control/core.h"

uint64_t control_now_ms(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t control_count(const struct control *c, enum count count) {
	uint64_t sum = counter_read(dataplane_counters(c->dp), count);

	for (uint32_t i = 0; i < c->cfg->worker_count; i++)
		sum += counter_read(&c->worker[i]->count, count);
	return sum;
}

void sample_take(struct control *c, uint64_t tsc) {
	struct sample *sample = &c->samples[c->sample_count % SAMPLE_COUNT];

	*sample = (struct sample){.tsc = tsc, .calls_started = control_count(c, COUNT_CALLS_STARTED)};
	for (uint32_t i = 0; i < c->cfg->worker_count; i++)
		sample->busy_tsc[i] = PEEK(c->worker[i]->busy_tsc);
	c->sample_count++;
}

bool sample_span(
	const struct control *c, uint32_t ticks, const struct sample **ret_new, const struct sample **ret_old
) {
	uint64_t kept = c->sample_count < SAMPLE_COUNT ? c->sample_count : SAMPLE_COUNT;

	if (kept < 2)
		return false;
	if (ticks > kept - 1)
		ticks = (uint32_t)kept - 1;
	*ret_new = &c->samples[(c->sample_count - 1) % SAMPLE_COUNT];
	*ret_old = &c->samples[(c->sample_count - 1 - ticks) % SAMPLE_COUNT];
	return (*ret_new)->tsc > (*ret_old)->tsc;
}
