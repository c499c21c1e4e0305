// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The state of the control core, its own thread's alone.
#pragma once

#include "control/loop.h"
#include "control/method.h"
#include "control/server.h"
#include "control/watch.h"
#include "dataplane/dataplane.h"

#define TICK_MS 100
#define SAMPLES_PER_S (1000 / TICK_MS)
#define SAMPLE_COUNT (10 * SAMPLES_PER_S + 1)

// What rates are made of, taken once a tick.
struct sample {
	uint64_t tsc;
	uint64_t calls_started;
	uint64_t busy_tsc[WORKERS_MAX];
};

struct listing;
struct metrics; // control/metrics.h

struct control {
	const struct config *cfg;
	struct dataplane *dp;
	struct worker *worker[WORKERS_MAX];
	uint64_t tsc_hz;
	uint64_t started_ms;

	struct watch watch[WORKERS_MAX];
	struct sample samples[SAMPLE_COUNT];
	uint64_t sample_count; // taken so far

	struct loop *loop;
	struct server *server;
	struct metrics *metrics;  // NULL: off
	struct listing *listings; // questions that are with workers

	bool draining;
	uint64_t drain_started_ms;
	uint64_t quiet_since_ms; // nothing was in progress since then; 0 = something is
	bool stopped;		 // the loop was told to end
};

// Relaxed reads of what a worker writes.
#define PEEK(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

// sample.c
uint64_t control_now_ms(void); // monotonic
// A counter, summed over the workers.
uint64_t control_count(const struct control *c, enum count count);
void sample_take(struct control *c, uint64_t tsc);
// The newest sample, and the one that many ticks before it (or the oldest there is). False before the second one.
bool sample_span(const struct control *c, uint32_t ticks, const struct sample **ret_new, const struct sample **ret_old);

// report.c: the results of the methods; NULL when out of memory.
json_t *report_status(const struct control *c);
json_t *report_ports(const struct control *c);
json_t *report_workers(const struct control *c);
json_t *report_counters(const struct control *c, bool nonzero);
json_t *report_latency(const struct control *c);
json_t *report_stages(const struct control *c);
json_t *report_config(const struct control *c);

// listing.c: questions to all workers, a slice at a time; or to the one a dialog's id names. Bans go to all of them as
// well.
struct listing_options {
	enum method method; // METHOD_DIALOGS, _DIALOG, _TRANSACTIONS, _BANS, _BAN or _UNBAN
	const char *filter; // or the id; NULL = all
	uint32_t limit;
	uint8_t worker;	     // of the id: who is asked
	uint32_t slot;	     // of the id: where
	struct ip_addr addr; // to ban or unban
	uint32_t seconds;    // of the ban
};
void listing_start(struct control *c, struct request *request, const struct listing_options *options);
// A worker's answer has come back.
void listing_reply(struct control *c, struct command *command);
// Asks again where a worker's ring was full.
void listing_retry(struct control *c);

// commands.c: struct server_backend.call with the struct control as ctx.
void commands_call(void *ctx, struct request *request, const char *method, const json_t *params);
