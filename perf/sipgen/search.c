// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <stdio.h>
#include <string.h>

#include "run.h"

#define TRIES 2	     // a pause of the machine is not the proxy's fault twice in a row
#define BEHIND_MS 10 // a step whose calls were started later than that at its end did not have its rate
#define QUIET_S 0.5
#define RATE_LEAST 1.0

static uint64_t dropped(const struct net *net) {
	uint64_t sum = 0;

	for (uint32_t i = 0; i < net->port_count; i++)
		sum += net->ports[i].dropped;
	return sum;
}

static struct step step_run(struct run *run, double rate) {
	const struct load load = {.rate = rate, .seconds = run->o->step_s};
	struct stats *stats = &run->e.stats[1];
	uint64_t dropped_before = dropped(&run->net), away_before = run->e.gaps.cycles;
	struct step step = {.rate = rate};

	memset(stats, 0, sizeof(*stats));
	run->e.errors = 0;
	run_load(run, &load);
	step.away_ms = (double)(run->e.gaps.cycles - away_before) * 1000 / (double)run->hz;
	step.behind = run->behind;
	step.passed = run_drain(run) && stats_are_lossless(stats) && run->behind < rate * BEHIND_MS / 1000 + 1;
	step.calls = stats->started;
	step.failed = stats->failed + stats->skipped + stats->missed_100;
	step.wrong = stats_wrong(stats);
	step.resent = stats_resent(stats);
	step.repeated = stats_repeated(stats);
	step.dropped = dropped(&run->net) - dropped_before;
	step.setup_p99_us = (double)hist_percentile(&stats->span[SPAN_SETUP].all, 9900) / ((double)run->hz / 1000000);
	step.passed = step.passed && step.dropped == 0;
	if (!step.passed)
		run_quiet(run, QUIET_S);
	return step;
}

static void step_print(const struct step *step) {
	fprintf(stderr,
		"%10.0f calls/s %s: %lu calls, %lu failed, %lu wrong, %lu sent again, %lu came again, %.0f behind, %lu "
		"dropped; setup p99 %.0f us; our core away %.0f ms\n",
		step->rate,
		step->passed ? "passed" : "FAILED",
		step->calls,
		step->failed,
		step->wrong,
		step->resent,
		step->repeated,
		step->behind,
		step->dropped,
		step->setup_p99_us,
		step->away_ms);
}

static bool passes(struct run *run, double rate) {
	for (unsigned i = 0; i < TRIES && run->step_count < STEPS_MAX && *run->signals == 0; i++) {
		struct step *step = &run->steps[run->step_count++];

		*step = step_run(run, rate);
		step_print(step);
		if (step->passed) {
			run->found = rate;
			return true;
		}
	}
	return false;
}

void search_run(struct run *run) {
	double low = 0, high = 0, rate = run->o->rate, stride = 1 + run->o->stride / 100;

	while (high == 0 && run->step_count < STEPS_MAX && *run->signals == 0) {
		if (passes(run, rate))
			low = rate;
		else
			high = rate;
		rate *= stride;
	}
	for (rate = high / stride; low == 0 && rate >= RATE_LEAST && *run->signals == 0; rate /= stride) {
		if (passes(run, rate))
			low = rate;
		else
			high = rate;
	}
	while (low > 0 && high > low * (1 + run->o->resolution / 100) && run->step_count < STEPS_MAX &&
	       *run->signals == 0) {
		rate = (low + high) / 2;
		if (passes(run, rate))
			low = rate;
		else
			high = rate;
	}
}
