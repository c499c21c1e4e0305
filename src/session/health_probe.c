// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/health.h"

#define STATUS_FIRST 100
#define STATUS_LAST 699

void health_statuses_set(struct health_statuses *statuses, uint16_t status, bool is_in) {
	unsigned bit = status - STATUS_FIRST;

	if (status < STATUS_FIRST || status > STATUS_LAST)
		return;
	if (is_in)
		statuses->bits[bit / 64] |= 1ULL << bit % 64;
	else
		statuses->bits[bit / 64] &= ~(1ULL << bit % 64);
}

bool health_statuses_have(const struct health_statuses *statuses, uint16_t status) {
	unsigned bit = status - STATUS_FIRST;

	return status >= STATUS_FIRST && status <= STATUS_LAST && (statuses->bits[bit / 64] >> bit % 64 & 1);
}

struct health_statuses health_alive_default(void) {
	static const uint16_t dead[] = {408, 502, 503, 504};
	struct health_statuses statuses = {0};

	for (uint16_t status = 200; status <= STATUS_LAST; status++)
		health_statuses_set(&statuses, status, true);
	for (size_t i = 0; i < ARRAY_LEN(dead); i++)
		health_statuses_set(&statuses, dead[i], false);
	return statuses;
}

static bool probe_is_on(const struct health *health) {
	return health->config->probe_interval_ms > 0 && health->admin != ADMIN_DOWN;
}

void health_probe_begin(struct health *health, uint64_t now_ms) {
	struct health_probe *probe = &health->probe;

	probe->is_asked = false;
	probe->in_a_row = 0;
	probe->next_ms = HEALTH_NEVER;
	if (probe_is_on(health))
		probe->next_ms = now_ms + health->hash % health->config->probe_interval_ms;
	probe->due_ms = probe->next_ms;
}

static void probe_result(struct health *health, uint16_t status) {
	const struct health_config *config = health->config;
	struct health_probe *probe = &health->probe;
	bool is_alive = health_statuses_have(&config->alive, status);
	uint16_t wanted = is_alive ? config->probe_successes : config->probe_failures;
	bool is_enough;

	if (is_alive != probe->is_alive)
		probe->in_a_row = 0;
	probe->in_a_row += probe->in_a_row < UINT16_MAX;
	probe->is_alive = is_alive;
	probe->is_asked = false;
	probe->due_ms = probe->next_ms;
	if (!is_alive)
		probe->status = status;
	is_enough = probe->in_a_row >= wanted;
	if (is_alive)
		probe->state = (uint8_t)probe_step(probe->state, is_enough ? PROBE_ENOUGH : PROBE_ALIVE);
	else
		probe->state = (uint8_t)probe_step(probe->state, is_enough ? PROBE_OUT : PROBE_FAILED);
}

// The times OPTIONS go out at stay on their grid however late a tick comes.
static void probe_ask(struct health *health, uint64_t now_ms) {
	const struct health_config *config = health->config;
	struct health_probe *probe = &health->probe;
	uint64_t missed = (now_ms - probe->next_ms) / config->probe_interval_ms;

	probe->is_asked = true;
	probe->next_ms += (missed + 1) * config->probe_interval_ms;
	probe->due_ms = now_ms + config->probe_timeout_ms;
}

void health_probe_answered(struct health *health, uint16_t status, uint64_t now_ms) {
	if (!health->probe.is_asked)
		return;
	probe_result(health, status);
	health_settle(health, now_ms);
}

bool health_probe_tick(struct health *health, uint64_t now_ms) {
	if (health->probe.is_asked && health->probe.due_ms <= now_ms)
		probe_result(health, 0);
	if (health->probe.is_asked || health->probe.due_ms > now_ms)
		return false;
	probe_ask(health, now_ms);
	return true;
}
