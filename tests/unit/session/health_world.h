// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// One address with a usual configuration and a virtual clock, for the tests of health.
#pragma once

#include "base/base.h"
#include "session/health.h"
#include "unit/test.h"

#define START 1000000

// One address and what was reported of it.
struct world {
	struct health_config config;
	struct health health;
	unsigned changes;
	enum health_state from;
};

static inline void changed(void *context, const struct health *health, enum health_state from) {
	struct world *w = context;

	assert_ptr_equal(health, &w->health);
	w->changes++;
	w->from = from;
}

static inline void begin(struct world *w) {
	*w = (struct world){
		.config =
			{
				.probe_interval_ms = 10000,
				.probe_timeout_ms = 2000,
				.probe_failures = 3,
				.probe_successes = 2,
				.alive = health_alive_default(),
				.resume_ms = 5000,
				.resume_max_ms = 60000,
				.calm_ms = 120000,
				.retry_after_min_ms = 1000,
				.retry_after_max_ms = 300000,
				.trips_on_503 = true,
				.trips_on_unreachable = true,
				.silent_in_a_row = 5,
				.failure_percent = 50,
				.failure_calls = 20,
				.failure_window_ms = 10000,
				.asr_percent = 20,
				.asr_seizures = 100,
				.asr_window_ms = 300000,
				.trial_budget = 3,
				.trials_wanted = 5,
				.trial_ms = 30000,
				.figures_window_ms = 60000,
			},
	};
	w->health = (struct health){
		.config = &w->config,
		.name = "198.51.100.10:5060",
		.hash = 123457, // the first OPTIONS after 3,457 ms
		.changed = changed,
		.context = w,
	};
	health_begin(&w->health, START);
}

static inline void assert_is(const struct world *w, enum health_state state, enum health_reason reason) {
	if (w->health.state != state || w->health.reason != reason)
		fail_msg(
			"%s (%s) instead of %s (%s)",
			health_state_name(w->health.state),
			health_reason_name(w->health.reason),
			health_state_name(state),
			health_reason_name(reason)
		);
}

// Sentences are compared word by word: they are what an operator reads at night.
static inline void assert_says(const struct world *w, uint64_t now_ms, const char *sentence) {
	char text[HEALTH_TEXT_MAX];
	size_t len = health_describe(&w->health, now_ms, text, sizeof(text));

	assert_string_equal(text, sentence);
	assert_int_equal(len, strlen(sentence));
}

// One batch of attempts of the round that holds, with this end.
static inline void calls_end(struct world *w, enum call_outcome outcome, uint32_t count, uint64_t now_ms) {
	bool is_silent = outcome == OUTCOME_TIMEOUT || outcome == OUTCOME_UNREACHABLE;
	struct traffic_batch batch = {
		.round = w->health.breaker.round,
		.passed = outcome_is_failure(outcome) ? 0 : count,
		.heard = is_silent ? 0 : count,
		.silent = outcome == OUTCOME_TIMEOUT ? count : 0,
	};

	batch.outcomes[outcome] = count;
	health_traffic(&w->health, &batch, now_ms);
}

static inline void refuses(struct world *w, uint32_t retry_after_s, uint64_t now_ms) {
	struct traffic_batch batch = {
		.round = w->health.breaker.round,
		.outcomes = {[OUTCOME_UNAVAILABLE] = 1},
		.heard = 1,
		.retry_after_s = retry_after_s,
	};

	health_traffic(&w->health, &batch, now_ms);
}

// Ticks at what is due alone, up to and including `until_ms`; OPTIONS on the way get this status.
static inline unsigned run(struct world *w, uint64_t until_ms, uint16_t status) {
	unsigned asked = 0;

	while (health_due_ms(&w->health) <= until_ms) {
		uint64_t due_ms = health_due_ms(&w->health);

		if (!health_tick(&w->health, due_ms))
			continue;
		asked++;
		if (status > 0)
			health_probe_answered(&w->health, status, due_ms);
	}
	return asked;
}

// Nothing happens before `due_ms`, and something at it.
static inline void assert_half_open_at(struct world *w, uint64_t due_ms) {
	run(w, due_ms - 1, 200);
	assert_int_equal(w->health.breaker.state, BREAKER_OPEN);
	run(w, due_ms, 200);
	assert_int_equal(w->health.breaker.state, BREAKER_HALF_OPEN);
}
