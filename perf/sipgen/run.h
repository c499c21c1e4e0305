// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The loop that spins, and the phases of a run: dialogs are built up, the load or the search for the highest rate runs,
// calls drain.
#pragma once

#include "net.h"
#include "pace.h"

#define STEPS_MAX 64

// One load: an open loop at `rate`, a closed loop with `concurrent` calls, or a closed loop no faster than `rate`.
struct load {
	double rate;
	uint32_t concurrent;
	uint64_t calls; // 0: no limit
	double seconds, warmup_s, ramp_s;
};

// One step of the search.
struct step {
	double rate;
	uint64_t calls, failed, wrong, resent, repeated;
	double behind;	  // calls that should have been started
	uint64_t dropped; // by a full device
	double away_ms;	  // our own core was taken away, in gaps
	double setup_p99_us;
	bool passed;
};

struct run {
	const struct options *o;
	struct engine e;
	struct net net;
	struct pace pace;
	uint64_t hz;
	const volatile int *signals; // SIGINT and SIGTERM so far
	double measured_s;	     // of the load
	double behind;		     // calls not started at its end although due
	uint64_t completed_in_time;  // calls that ended well while it lasted, whenever they began
	uint32_t peak;		     // calls in progress
	double rate_now;	     // for the progress line
	uint32_t step_count;
	struct step steps[STEPS_MAX];
	double found; // the highest rate that passed
};

// Everything from the first call to the last; the engine and net are open.
void run_all(struct run *run);

// --- for search.c ---

void run_load(struct run *run, const struct load *load);

// Waits for calls in progress, for --drain seconds at most; then they are given up. True when none had to be.
bool run_drain(struct run *run);

// Polls for so long without calls.
void run_quiet(struct run *run, double seconds);

// Doubles the rate from --rate on until it fails, then halves the distance between what passed and what failed.
void search_run(struct run *run);
