// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/health.h"

static const uint8_t trip_reasons[BREAKER_EVENT_COUNT] = {
	[BREAKER_SILENT] = HEALTH_SILENT,
	[BREAKER_UNREACHABLE] = HEALTH_UNREACHABLE,
	[BREAKER_UNAVAILABLE] = HEALTH_UNAVAILABLE,
	[BREAKER_RATIO] = HEALTH_RATIO,
	[BREAKER_ASR] = HEALTH_LOW_ASR,
	[BREAKER_FAILED] = HEALTH_TRIAL_FAILED,
};

static uint64_t backoff_ms(const struct health *health) {
	uint64_t ms = health->config->resume_ms;

	for (unsigned i = 0; i < health->breaker.doublings && ms < health->config->resume_max_ms; i++)
		ms *= 2;
	return ms < health->config->resume_max_ms ? ms : health->config->resume_max_ms;
}

// What the other side asked for, within bounds.
static uint64_t retry_after_ms(const struct health *health, uint32_t retry_after_s) {
	uint64_t ms = (uint64_t)retry_after_s * 1000;

	if (ms < health->config->retry_after_min_ms)
		ms = health->config->retry_after_min_ms;
	return ms < health->config->retry_after_max_ms ? ms : health->config->retry_after_max_ms;
}

uint64_t health_breaker_pause_ms(const struct health *health) {
	const struct health_breaker *breaker = &health->breaker;

	if (breaker->reason == HEALTH_UNAVAILABLE && breaker->retry_after_s > 0)
		return retry_after_ms(health, breaker->retry_after_s);
	return backoff_ms(health);
}

static void breaker_pause(struct health *health, enum breaker_state from, uint64_t now_ms) {
	struct health_breaker *breaker = &health->breaker;
	bool is_calm = from == BREAKER_CLOSED &&
		       (!breaker->was_open || now_ms - breaker->closed_ms >= health->config->calm_ms);

	if (is_calm)
		breaker->doublings = 0;
	else
		breaker->doublings += breaker->doublings < UINT8_MAX;
	breaker->was_open = true;
	breaker->due_ms = now_ms + health_breaker_pause_ms(health);
}

static void breaker_extend(struct health *health, uint32_t retry_after_s, uint64_t now_ms) {
	uint64_t until_ms = now_ms + retry_after_ms(health, retry_after_s);

	if (retry_after_s == 0 || until_ms <= health->breaker.due_ms)
		return;
	health->breaker.due_ms = until_ms;
	health->breaker.reason = HEALTH_UNAVAILABLE;
	health->breaker.retry_after_s = retry_after_s;
}

static void breaker_try(struct health *health, enum breaker_state from, uint64_t now_ms) {
	struct health_breaker *breaker = &health->breaker;

	if (from == BREAKER_OPEN)
		breaker->passed = 0;
	breaker->passed_now = 0;
	breaker->round++;
	breaker->due_ms = now_ms + health->config->trial_ms;
}

// What was sent before does not count from here on: its round is over.
void health_breaker_clear(struct health *health, uint64_t now_ms) {
	struct health_breaker *breaker = &health->breaker;

	breaker->silent = 0;
	breaker->closed_ms = now_ms;
	breaker->due_ms = HEALTH_NEVER;
	breaker->round++;
	traffic_window_init(&health->failure_window, health->config->failure_window_ms, now_ms);
	traffic_window_init(&health->asr_window, health->config->asr_window_ms, now_ms);
}

void health_breaker_fire(struct health *health, enum breaker_event event, uint32_t retry_after_s, uint64_t now_ms) {
	struct health_breaker *breaker = &health->breaker;
	enum breaker_state from = breaker->state;
	struct breaker_step step = breaker_step(from, event);

	breaker->state = step.next;
	if (step.actions & BREAKER_DO_PAUSE) {
		breaker->reason = trip_reasons[event];
		breaker->retry_after_s = retry_after_s;
		breaker_pause(health, from, now_ms);
	}
	if (step.actions & BREAKER_DO_EXTEND)
		breaker_extend(health, retry_after_s, now_ms);
	if (step.actions & BREAKER_DO_TRY)
		breaker_try(health, from, now_ms);
	if (step.actions & BREAKER_DO_CLEAR)
		health_breaker_clear(health, now_ms);
}

static bool is_silent(struct health *health, const struct traffic_batch *batch) {
	struct health_breaker *breaker = &health->breaker;
	uint64_t silent = (batch->heard > 0 ? 0 : (uint64_t)breaker->silent) + batch->silent;

	breaker->silent = silent < UINT32_MAX ? (uint32_t)silent : UINT32_MAX;
	breaker->part = breaker->silent;
	return health->config->silent_in_a_row > 0 && silent >= health->config->silent_in_a_row;
}

static bool fails_too_much(struct health *health, uint64_t now_ms) {
	const struct health_config *config = health->config;
	struct traffic_counts sum = traffic_window_sum(&health->failure_window, now_ms);
	struct traffic_figures figures = traffic_figures(&sum);

	health->breaker.part = figures.failed;
	health->breaker.whole = figures.seizures;
	return config->failure_percent > 0 && figures.seizures > 0 && figures.seizures >= config->failure_calls &&
	       figures.failed * 100 >= figures.seizures * config->failure_percent;
}

static bool answers_too_little(struct health *health, uint64_t now_ms) {
	const struct health_config *config = health->config;
	struct traffic_counts sum = traffic_window_sum(&health->asr_window, now_ms);
	struct traffic_figures figures = traffic_figures(&sum);

	health->breaker.part = figures.answered;
	health->breaker.whole = figures.seizures;
	return config->asr_percent > 0 && figures.seizures >= config->asr_seizures &&
	       figures.answered * 100 < figures.seizures * config->asr_percent;
}

// The plainest of what a batch says against it; BREAKER_EVENT_COUNT = nothing.
static enum breaker_event trip_of(struct health *health, const struct traffic_batch *batch, uint64_t now_ms) {
	const struct health_config *config = health->config;

	if (config->trips_on_503 && batch->outcomes[OUTCOME_UNAVAILABLE] > 0)
		return BREAKER_UNAVAILABLE;
	if (config->trips_on_unreachable && batch->outcomes[OUTCOME_UNREACHABLE] > 0)
		return BREAKER_UNREACHABLE;
	if (health->breaker.state != BREAKER_CLOSED)
		return BREAKER_EVENT_COUNT;
	if (is_silent(health, batch))
		return BREAKER_SILENT;
	if (fails_too_much(health, now_ms))
		return BREAKER_RATIO;
	return answers_too_little(health, now_ms) ? BREAKER_ASR : BREAKER_EVENT_COUNT;
}

static enum breaker_event trial_of(struct health *health, const struct traffic_batch *batch) {
	struct health_breaker *breaker = &health->breaker;

	for (unsigned i = 0; i < OUTCOME_COUNT; i++)
		if (batch->outcomes[i] > 0 && outcome_is_failure(i))
			return BREAKER_FAILED;
	breaker->passed += batch->passed;
	breaker->passed_now += batch->passed;
	if (breaker->passed >= health->config->trials_wanted)
		return BREAKER_PASSED;
	return breaker->passed_now >= health->config->trial_budget ? BREAKER_SPENT : BREAKER_EVENT_COUNT;
}

void health_traffic(struct health *health, const struct traffic_batch *batch, uint64_t now_ms) {
	enum breaker_event event;

	traffic_add(&health->total, batch);
	traffic_window_add(&health->recent, batch, now_ms);
	if (health->config->resume_ms == 0 || batch->round != health->breaker.round)
		return;
	traffic_window_add(&health->failure_window, batch, now_ms);
	traffic_window_add(&health->asr_window, batch, now_ms);
	event = trip_of(health, batch, now_ms);
	if (event == BREAKER_EVENT_COUNT && health->breaker.state == BREAKER_HALF_OPEN)
		event = trial_of(health, batch);
	if (event != BREAKER_EVENT_COUNT)
		health_breaker_fire(health, event, batch->retry_after_s, now_ms);
	health_settle(health, now_ms);
}

void health_reset(struct health *health, uint64_t now_ms) {
	health_breaker_fire(health, BREAKER_RESET, 0, now_ms);
	health->breaker.was_open = false;
	health_settle(health, now_ms);
}
