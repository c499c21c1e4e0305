// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "run.h"

#include <rte_cycles.h>

#define CALLS_A_TURN 8 // whose messages a turn can receive, NET_BURST from each side, so that none pile up in the rings
#define TIMERS_A_TURN 32
#define DIALOGS_RATE 10000 // where --rate says nothing

// What one turn of the loop needs besides.
struct turn {
	const struct load *load; // NULL: no new calls
	uint64_t calls_left;
};

static bool is_call_due(struct run *run, const struct load *load, uint64_t now, uint64_t *ret_intended) {
	if (load->concurrent && run->e.calls.active - run->e.staying >= load->concurrent)
		return false;
	*ret_intended = now;
	return load->rate == 0 || pace_due(&run->pace, now, ret_intended);
}

static void calls_make(struct run *run, struct turn *turn) {
	uint64_t intended;

	for (unsigned i = 0; i < CALLS_A_TURN && turn->calls_left > 0; i++) {
		if (net_is_full(&run->net) || !is_call_due(run, turn->load, run->e.now, &intended))
			return;
		engine_call(&run->e, intended);
		turn->calls_left--;
	}
}

static void turn_make(struct run *run, struct turn *turn) {
	struct engine *e = &run->e;

	net_poll(&run->net);
	net_flush(&run->net);
	e->now = rte_rdtsc();
	gaps_look(&e->gaps, e->now);
	engine_timers(e, TIMERS_A_TURN);
	if (turn->load)
		calls_make(run, turn);
	net_flush(&run->net);
	if (e->calls.active > run->peak)
		run->peak = e->calls.active;
}

static bool is_over(const struct run *run, const struct load *load, const struct turn *turn, uint64_t end) {
	const struct options *o = run->o;

	if (turn->calls_left == 0 || *run->signals > 0 || (load->seconds > 0 && run->e.now >= end))
		return true;
	return o->stop_after_errors && run->e.errors >= o->stop_after_errors;
}

static uint64_t completed(const struct run *run) {
	return run->e.stats[0].completed + run->e.stats[1].completed;
}

void run_load(struct run *run, const struct load *load) {
	struct turn turn = {.load = load, .calls_left = load->calls ? load->calls : UINT64_MAX};
	uint64_t begin = rte_rdtsc(), end = begin + (uint64_t)(load->seconds * (double)run->hz);
	uint64_t warm = begin + (uint64_t)(load->warmup_s * (double)run->hz);
	uint64_t before = completed(run);
	bool measures = run->e.mode.is_measured, is_warm = load->warmup_s == 0;

	run->rate_now = load->rate;
	run->e.now = begin;
	run->e.mode.is_measured = measures && load->warmup_s == 0;
	if (load->rate > 0)
		pace_start(&run->pace, load->rate, load->ramp_s, run->hz, begin);
	while (!is_over(run, load, &turn, end)) {
		turn_make(run, &turn);
		if (is_warm || run->e.now < warm)
			continue;
		is_warm = true;
		run->e.mode.is_measured = measures;
		before = completed(run);
	}
	run->behind =
		load->rate > 0 && turn.calls_left > 0 && !load->concurrent ? pace_behind(&run->pace, run->e.now) : 0;
	run->completed_in_time = completed(run) - before;
	if (run->e.now > warm)
		run->measured_s = (double)(run->e.now - warm) / (double)run->hz;
}

void run_quiet(struct run *run, double seconds) {
	uint64_t end = rte_rdtsc() + (uint64_t)(seconds * (double)run->hz);
	struct turn turn = {0};

	while (rte_rdtsc() < end)
		turn_make(run, &turn);
}

bool run_drain(struct run *run) {
	const struct options *o = run->o;
	double hold_s = o->hold_ms / 1000.0;
	bool early = hold_s > o->drain_s || *run->signals > 0;
	uint64_t end = rte_rdtsc() + (uint64_t)((o->drain_s + (early ? 0 : hold_s)) * (double)run->hz);
	struct turn turn = {0};

	while (run->e.calls.active > run->e.staying && run->e.now < end && *run->signals < 2) {
		turn_make(run, &turn);
		early = early || *run->signals > 0;
		if (early && !net_is_full(&run->net))
			engine_hang_up_one(&run->e, true);
	}
	if (run->e.calls.active == run->e.staying)
		return true;
	engine_abandon(&run->e);
	return false;
}

static double rate_of_dialogs(const struct options *o) {
	return o->rate > 0 ? o->rate : DIALOGS_RATE;
}

static void dialogs_build(struct run *run) {
	const struct load load = {.rate = rate_of_dialogs(run->o), .calls = run->o->dialogs};

	run->e.mode = (struct engine_mode){.scenario = SCENARIO_HOLD, .stays = true};
	run_load(run, &load);
	run_drain(run);
}

// All that stay up are hung up, at the rate they came.
static void dialogs_end(struct run *run) {
	struct turn turn = {0};
	uint64_t intended;

	pace_start(&run->pace, rate_of_dialogs(run->o), 0, run->hz, rte_rdtsc());
	run->e.teardown_slot = 0;
	while (run->e.staying > 0 && *run->signals < 2) {
		turn_make(run, &turn);
		while (!net_is_full(&run->net) && pace_due(&run->pace, run->e.now, &intended))
			if (!engine_hang_up_one(&run->e, false))
				break;
	}
	run_drain(run);
}

void run_all(struct run *run) {
	const struct options *o = run->o;
	const struct load load = {
		.rate = o->rate,
		.concurrent = o->concurrent,
		.calls = o->calls,
		.seconds = o->duration_s,
		.warmup_s = o->warmup_s,
		.ramp_s = o->ramp_s,
	};

	run->pace.poisson = o->poisson;
	run->pace.random = o->seed | 1;
	if (o->dialogs > 0)
		dialogs_build(run);
	run->e.mode = (struct engine_mode){
		.scenario = o->scenario,
		.is_measured = true,
		.stays = o->scenario == SCENARIO_HOLD,
	};
	if (*run->signals == 0 && o->find_max) {
		search_run(run);
	} else if (*run->signals == 0) {
		run_load(run, &load);
		run_drain(run);
	}
	if (run->e.staying > 0)
		dialogs_end(run);
}
