// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

bool report_is_good(const struct run *run) {
	const struct stats *stats = run->e.stats;

	if (run->o->find_max)
		return run->found > 0 && stats_are_good(&stats[0]);
	return stats_are_good(&stats[0]) && stats_are_good(&stats[1]) && stats[1].completed > 0;
}

static double us(const struct run *run, uint64_t cycles) {
	return (double)cycles * 1e6 / (double)run->hz;
}

static void print_calls(const struct run *run) {
	const struct stats *stats = &run->e.stats[1];

	printf("%s, %.2f s: %lu calls, %.1f calls/s; %lu answered, %lu completed, %lu failed, %lu not started; most at "
	       "once %u\n",
	       scenario_name(run->o->scenario),
	       run->measured_s,
	       stats->started,
	       run->measured_s > 0 ? (double)stats->started / run->measured_s : 0,
	       stats->answered,
	       stats->completed,
	       stats->failed,
	       stats->skipped,
	       run->peak);
	if (run->behind >= 1)
		printf("BEHIND: at the end %.0f calls were due that had not been started\n", run->behind);
	if (stats->missed_100)
		printf("%lu calls without 100 Trying\n", stats->missed_100);
	if (run->e.no_buffer)
		printf("%lu messages had no buffer\n", run->e.no_buffer);
}

static void print_messages(const struct stats *stats) {
	printf("\n%-18s %12s %12s %12s %12s\n", "message", "sent", "sent again", "received", "came again");
	for (unsigned i = 0; i < MESSAGE_COUNT; i++)
		if (stats->sent[i] + stats->resent[i] + stats->received[i] + stats->repeated[i] > 0)
			printf("%-18s %12lu %12lu %12lu %12lu\n",
			       message_infos[i].name,
			       stats->sent[i],
			       stats->resent[i],
			       stats->received[i],
			       stats->repeated[i]);
}

static void print_reasons(const struct stats *stats, const char *when) {
	for (unsigned i = 1; i < FAILURE_COUNT; i++)
		if (stats->failure[i])
			printf("FAILED%s %lu: %s\n", when, stats->failure[i], failure_infos[i].text);
	for (unsigned i = 1; i < WRONG_COUNT; i++)
		if (stats->wrong[i])
			printf("WRONG%s %lu: %s: %s\n", when, stats->wrong[i], wrong_infos[i].key, wrong_infos[i].text);
	for (unsigned i = 300; i < STATUS_MAX; i++)
		if (stats->status[i])
			printf("status%s %u: %lu\n", when, i, stats->status[i]);
}

const char *span_name(unsigned span) {
	if (span < MESSAGE_COUNT)
		return message_infos[span].name;
	if (span == SPAN_SETUP)
		return "INVITE to 200";
	return span == SPAN_INVITE_INTENDED ? "INVITE, from due" : "INVITE to 200, from due";
}

static void print_span(const struct run *run, const char *name, const struct hist *hist, double dropped) {
	static const uint32_t shares[] = {5000, 9000, 9900, 9990, 9999};

	printf("%-24s %10lu", name, hist_total(hist));
	for (unsigned i = 0; i < ARRAY_LEN(shares); i++)
		printf(" %9.1f", us(run, hist_percentile(hist, shares[i])));
	printf(" %9.1f %8.2f%%\n", us(run, hist->max), dropped * 100);
}

static double dropped_share(const struct span_stats *span) {
	uint64_t all = hist_total(&span->all);

	return all ? (double)(all - hist_total(&span->clean)) / (double)all : 0;
}

static void print_spans(const struct run *run, bool clean) {
	const struct stats *stats = &run->e.stats[1];

	printf("\n%-24s %10s %9s %9s %9s %9s %9s %9s %9s\n",
	       clean ? "us, undisturbed" : "us, all",
	       "count",
	       "p50",
	       "p90",
	       "p99",
	       "p99.9",
	       "p99.99",
	       "max",
	       clean ? "left out" : "");
	for (unsigned i = 0; i < SPAN_COUNT; i++) {
		const struct span_stats *span = &stats->span[i];

		if (hist_total(&span->all))
			print_span(
				run, span_name(i), clean ? &span->clean : &span->all, clean ? dropped_share(span) : 0
			);
	}
}

static void print_found(const struct run *run) {
	if (run->o->find_max)
		printf("\nhighest rate without loss: %.0f calls/s (%u steps of %.1f s)\n",
		       run->found,
		       run->step_count,
		       run->o->step_s);
}

void report_print(const struct run *run) {
	const struct engine *e = &run->e;

	print_calls(run);
	print_messages(&e->stats[1]);
	print_spans(run, true);
	print_spans(run, false);
	printf("\nour core was away %lu times for more than %d us, %.1f ms in all; messages of earlier calls and runs: "
	       "%lu\n",
	       e->gaps.count,
	       GAP_US,
	       us(run, e->gaps.cycles) / 1000,
	       e->leftovers);
	print_reasons(&e->stats[0], " (not measured)");
	print_reasons(&e->stats[1], "");
	for (uint32_t i = 0; i < run->net.port_count; i++)
		if (run->net.ports[i].dropped)
			printf("port %u: %lu messages dropped, the device was full\n", i, run->net.ports[i].dropped);
	print_found(run);
	puts(report_is_good(run) ? "\ngood" : "\nNOT GOOD");
	fflush(stdout);
}

// --- progress ---

static uint64_t look(const uint64_t *value) {
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static void progress_line(const struct run *run, unsigned second, uint64_t *before) {
	const struct stats *warm = &run->e.stats[0], *stats = &run->e.stats[1];
	uint64_t done = look(&warm->completed) + look(&stats->completed);

	fprintf(stderr,
		"%s%4u s  wanted %.0f/s  done %lu/s  in progress %u  completed %lu  failed %lu  wrong %lu  sent again "
		"%lu%s",
		isatty(STDERR_FILENO) ? "\r" : "",
		second,
		run->rate_now,
		done < *before ? done : done - *before,
		run->e.calls.active,
		done,
		look(&warm->failed) + look(&stats->failed),
		stats_wrong(warm) + stats_wrong(stats),
		stats_resent(warm) + stats_resent(stats),
		isatty(STDERR_FILENO) ? "\033[K" : "\n");
	*before = done;
}

void *progress_run(void *ctx) {
	struct progress *progress = ctx;
	struct timespec next;
	unsigned second = 0;
	uint64_t before = 0;

	clock_gettime(CLOCK_MONOTONIC, &next);
	next.tv_sec++;
	while (sem_clockwait(&progress->stop, CLOCK_MONOTONIC, &next) != 0) {
		if (errno == EINTR)
			continue;
		progress_line(progress->run, ++second, &before);
		next.tv_sec++;
	}
	if (second > 0 && isatty(STDERR_FILENO))
		fputc('\n', stderr);
	return NULL;
}
