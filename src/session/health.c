// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/health.h"

static const uint8_t admin_reasons[ADMIN_STATE_COUNT] = {
	[ADMIN_UP] = HEALTH_WELL,
	[ADMIN_DRAINING] = HEALTH_DRAINING,
	[ADMIN_DRAINED] = HEALTH_DRAINED,
	[ADMIN_DOWN] = HEALTH_SET_DOWN,
};

static bool probe_is_down(const struct health *health) {
	return health->probe.state == PROBE_DOWN || health->probe.state == PROBE_RECOVERING;
}

// The first that holds: what the operator wants, then what cannot be reached at all, then what calls say.
static enum health_state judge(const struct health *health, enum health_reason *ret_reason) {
	if (health->admin != ADMIN_UP) {
		*ret_reason = admin_reasons[health->admin];
		return HEALTH_UNUSABLE;
	}
	if (health->has_members && health->members_usable == 0) {
		*ret_reason = HEALTH_NO_ADDRESS;
		return HEALTH_UNUSABLE;
	}
	if (probe_is_down(health)) {
		*ret_reason = health->probe.status > 0 ? HEALTH_PROBE_STATUS : HEALTH_PROBE_SILENT;
		return HEALTH_UNUSABLE;
	}
	*ret_reason = health->breaker.state == BREAKER_CLOSED ? HEALTH_WELL : health->breaker.reason;
	if (health->breaker.state == BREAKER_OPEN)
		return HEALTH_UNUSABLE;
	return health->breaker.state == BREAKER_HALF_OPEN ? HEALTH_TRIAL : HEALTH_USABLE;
}

void health_settle(struct health *health, uint64_t now_ms) {
	enum health_state from = health->state;
	enum health_reason reason;
	enum health_state to = judge(health, &reason);

	if (to == from && reason == health->reason)
		return;
	health->state = (uint8_t)to;
	health->reason = (uint8_t)reason;
	health->since_ms = now_ms;
	if (health->changed)
		health->changed(health->context, health, from);
}

struct health_decision health_decision_of(const struct health *health) {
	return (struct health_decision){
		.state = health->state,
		.budget = health->state == HEALTH_TRIAL ? health->config->trial_budget : 0,
		.round = health->breaker.round,
	};
}

unsigned health_budget_share(struct health_decision decision, unsigned worker, unsigned worker_count) {
	unsigned odd = decision.budget % worker_count;

	return decision.budget / worker_count + ((worker + decision.round) % worker_count < odd);
}

void health_begin(struct health *health, uint64_t now_ms) {
	health->probe = (struct health_probe){.state = PROBE_UP, .is_alive = true};
	health->breaker = (struct health_breaker){.state = BREAKER_CLOSED};
	health->admin = ADMIN_UP;
	health->has_members = false;
	health->members_usable = 0;
	health->state = HEALTH_USABLE;
	health->reason = HEALTH_WELL;
	health->since_ms = now_ms;
	health->total = (struct traffic_counts){0};
	traffic_window_init(&health->recent, health->config->figures_window_ms, now_ms);
	health_breaker_clear(health, now_ms);
	health_probe_begin(health, now_ms);
}

void health_configure(struct health *health, const struct health_config *config, uint64_t now_ms) {
	const struct health_config *old = health->config;

	health->config = config;
	if (config->probe_interval_ms != old->probe_interval_ms)
		health_probe_begin(health, now_ms);
	if (config->probe_interval_ms == 0)
		health->probe.state = (uint8_t)probe_step(health->probe.state, PROBE_OFF);
	if (config->failure_window_ms != old->failure_window_ms)
		traffic_window_init(&health->failure_window, config->failure_window_ms, now_ms);
	if (config->asr_window_ms != old->asr_window_ms)
		traffic_window_init(&health->asr_window, config->asr_window_ms, now_ms);
	if (config->figures_window_ms != old->figures_window_ms)
		traffic_window_init(&health->recent, config->figures_window_ms, now_ms);
	if (config->resume_ms == 0 && old->resume_ms > 0)
		health_reset(health, now_ms);
	if (health->breaker.state == BREAKER_OPEN && health->breaker.due_ms > now_ms + health_breaker_pause_ms(health))
		health->breaker.due_ms = now_ms + health_breaker_pause_ms(health);
	health_settle(health, now_ms);
}

uint64_t health_due_ms(const struct health *health) {
	uint64_t probe_ms = health->probe.due_ms, breaker_ms = health->breaker.due_ms;

	return probe_ms < breaker_ms ? probe_ms : breaker_ms;
}

bool health_tick(struct health *health, uint64_t now_ms) {
	bool asks = health_probe_tick(health, now_ms);

	if (health->breaker.due_ms <= now_ms)
		health_breaker_fire(health, BREAKER_DUE, 0, now_ms);
	health_settle(health, now_ms);
	return asks;
}

void health_admin(struct health *health, enum admin_event event, uint64_t now_ms) {
	bool was_down = health->admin == ADMIN_DOWN;

	health->admin = (uint8_t)admin_step(health->admin, event);
	if (was_down != (health->admin == ADMIN_DOWN))
		health_probe_begin(health, now_ms);
	health_settle(health, now_ms);
}

void health_set_members(struct health *health, uint32_t usable, uint64_t now_ms) {
	health->has_members = true;
	health->members_usable = usable;
	health_settle(health, now_ms);
}

struct traffic_figures health_figures(struct health *health, uint64_t now_ms) {
	struct traffic_counts sum = traffic_window_sum(&health->recent, now_ms);

	return traffic_figures(&sum);
}
