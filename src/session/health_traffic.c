// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/health_traffic.h"

#include <string.h>

struct outcome_info {
	const char *name;
	bool is_delivered; // counts for NER
	bool is_failure;
};

// clang-format off
static const struct outcome_info outcomes[OUTCOME_COUNT] = {
	[OUTCOME_ANSWERED]    = {.name = "answered", .is_delivered = true},
	[OUTCOME_BUSY]        = {.name = "busy", .is_delivered = true},
	[OUTCOME_NO_ANSWER]   = {.name = "no answer", .is_delivered = true},
	[OUTCOME_REJECTED]    = {.name = "rejected", .is_delivered = true},
	[OUTCOME_ABANDONED]   = {.name = "abandoned"},
	[OUTCOME_REFUSED]     = {.name = "refused"},
	[OUTCOME_BROKEN]      = {.name = "broken", .is_failure = true},
	[OUTCOME_UNAVAILABLE] = {.name = "unavailable", .is_failure = true},
	[OUTCOME_TIMEOUT]     = {.name = "timeout", .is_failure = true},
	[OUTCOME_UNREACHABLE] = {.name = "unreachable", .is_failure = true},
};

struct status_info {
	uint16_t status;
	uint8_t silent, rang; // enum call_outcome, before and after it rang
};

// Finals that are not what their class is.
static const struct status_info statuses[] = {
	{.status = 0, .silent = OUTCOME_TIMEOUT, .rang = OUTCOME_NO_ANSWER},
	{.status = 408, .silent = OUTCOME_BROKEN, .rang = OUTCOME_NO_ANSWER}, // it lost whoever comes behind it
	{.status = 480, .silent = OUTCOME_REJECTED, .rang = OUTCOME_NO_ANSWER},
	{.status = 486, .silent = OUTCOME_BUSY, .rang = OUTCOME_BUSY},
	{.status = 487, .silent = OUTCOME_ABANDONED, .rang = OUTCOME_NO_ANSWER},
	{.status = 500, .silent = OUTCOME_BROKEN, .rang = OUTCOME_BROKEN},
	{.status = 502, .silent = OUTCOME_BROKEN, .rang = OUTCOME_BROKEN},
	{.status = 503, .silent = OUTCOME_UNAVAILABLE, .rang = OUTCOME_UNAVAILABLE},
	{.status = 504, .silent = OUTCOME_BROKEN, .rang = OUTCOME_BROKEN},
	{.status = 600, .silent = OUTCOME_BUSY, .rang = OUTCOME_BUSY},
	{.status = 603, .silent = OUTCOME_REJECTED, .rang = OUTCOME_REJECTED},
	{.status = 607, .silent = OUTCOME_REJECTED, .rang = OUTCOME_REJECTED},
};
// clang-format on

enum call_outcome outcome_of(uint16_t status, bool rang) {
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].status == status)
			return rang ? statuses[i].rang : statuses[i].silent;
	return status >= 200 && status < 300 ? OUTCOME_ANSWERED : OUTCOME_REFUSED;
}

bool outcome_is_failure(enum call_outcome outcome) {
	return outcomes[outcome].is_failure;
}

const char *outcome_name(enum call_outcome outcome) {
	return outcomes[outcome].name;
}

void traffic_add(struct traffic_counts *counts, const struct traffic_batch *batch) {
	for (unsigned i = 0; i < OUTCOME_COUNT; i++)
		counts->outcomes[i] += batch->outcomes[i];
	counts->rang += batch->rang;
	counts->ended += batch->ended;
	counts->pdd_ms += batch->pdd_ms;
	counts->talk_ms += batch->talk_ms;
}

void traffic_window_init(struct traffic_window *window, uint32_t length_ms, uint64_t now_ms) {
	memset(window, 0, sizeof(*window));
	window->bucket_ms = length_ms > TRAFFIC_BUCKETS ? length_ms / TRAFFIC_BUCKETS : 1;
	window->newest = now_ms / window->bucket_ms;
}

// Empties the buckets that time has come to since.
static void window_turn(struct traffic_window *window, uint64_t now_ms) {
	uint64_t newest = now_ms / window->bucket_ms;

	for (unsigned i = 0; i < TRAFFIC_BUCKETS && window->newest < newest; i++) {
		window->newest++;
		memset(&window->buckets[window->newest % TRAFFIC_BUCKETS], 0, sizeof(window->buckets[0]));
	}
	if (window->newest < newest)
		window->newest = newest;
}

void traffic_window_add(struct traffic_window *window, const struct traffic_batch *batch, uint64_t now_ms) {
	window_turn(window, now_ms);
	traffic_add(&window->buckets[window->newest % TRAFFIC_BUCKETS], batch);
}

struct traffic_counts traffic_window_sum(struct traffic_window *window, uint64_t now_ms) {
	struct traffic_counts sum = {0};

	window_turn(window, now_ms);
	for (unsigned i = 0; i < TRAFFIC_BUCKETS; i++) {
		const struct traffic_counts *bucket = &window->buckets[i];

		for (unsigned k = 0; k < OUTCOME_COUNT; k++)
			sum.outcomes[k] += bucket->outcomes[k];
		sum.rang += bucket->rang;
		sum.ended += bucket->ended;
		sum.pdd_ms += bucket->pdd_ms;
		sum.talk_ms += bucket->talk_ms;
	}
	return sum;
}

static uint32_t permille(uint64_t part, uint64_t whole) {
	return whole > 0 ? (uint32_t)(part * 1000 / whole) : 0;
}

static uint32_t mean(uint64_t sum, uint64_t count) {
	uint64_t value = count > 0 ? sum / count : 0;

	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

struct traffic_figures traffic_figures(const struct traffic_counts *counts) {
	struct traffic_figures figures = {
		.answered = counts->outcomes[OUTCOME_ANSWERED],
		.pdd_ms = mean(counts->pdd_ms, counts->rang),
		.acd_ms = mean(counts->talk_ms, counts->ended),
	};

	for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
		figures.seizures += counts->outcomes[i];
		figures.delivered += outcomes[i].is_delivered ? counts->outcomes[i] : 0;
		figures.failed += outcomes[i].is_failure ? counts->outcomes[i] : 0;
	}
	figures.asr_permille = permille(figures.answered, figures.seizures);
	figures.ner_permille = permille(figures.delivered, figures.seizures);
	return figures;
}
