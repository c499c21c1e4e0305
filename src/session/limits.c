// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/limits.h"

#define NEEDS 3
#define CALL_LEASES (1u << LIMIT_CALLS_IN | 1u << LIMIT_CALLS_OUT | 1u << LIMIT_CALLS)
#define HELD_LEASES (CALL_LEASES | CALL_LEASES << LIMIT_COUNT) // until the call ends

static const uint8_t needs[LIMITS_DIRECTION_COUNT][NEEDS] = {
	[LIMITS_IN] = {LIMIT_ATTEMPTS_IN, LIMIT_CALLS_IN, LIMIT_CALLS},
	[LIMITS_OUT] = {LIMIT_ATTEMPTS_OUT, LIMIT_CALLS_OUT, LIMIT_CALLS},
};

const char *limit_name(enum limit limit) {
	static const char *const names[LIMIT_COUNT] = {
		[LIMIT_CALLS_IN] = "calls-in",
		[LIMIT_CALLS_OUT] = "calls-out",
		[LIMIT_CALLS] = "calls",
		[LIMIT_ATTEMPTS_IN] = "attempts-in",
		[LIMIT_ATTEMPTS_OUT] = "attempts-out",
	};

	return names[limit];
}

static void mark(uint64_t *set, uint16_t trunk) {
	LIMITS_STORE(set[trunk / 64], set[trunk / 64] | UINT64_C(1) << trunk % 64);
}

static void adopt(struct limits_line *line, const struct limits_grant *grant) {
	for (uint32_t lease = 0; lease < LIMIT_LEASES; lease++)
		line->granted[lease] = LIMITS_LOAD(grant->granted[lease]);
}

void limits_answer(struct limits_worker *w) {
	uint64_t round = LIMITS_SEE(w->order->round);
	uint32_t set = round & 1, words = LIMITS_WORDS_OF(w->trunks);

	for (uint32_t word = 0; word < words; word++) {
		LIMITS_STORE(w->report->touched[set][word], 0);
		LIMITS_STORE(w->report->missed[set][word], 0);
		for (uint64_t left = w->order->changed[set][word]; left; left &= left - 1) {
			uint32_t trunk = word * 64 + (uint32_t)__builtin_ctzll(left);

			adopt(&w->report->trunk[trunk], &w->order->trunk[trunk]);
		}
	}
	w->round = round;
	LIMITS_TELL(w->report->round, round);
}

// The lease the need is met from; LIMIT_LEASES: none.
static uint32_t lease_of(const struct limits_line *line, uint32_t limit, bool is_emergency) {
	uint32_t extra = limit + LIMIT_COUNT;

	if (likely((int32_t)(line->granted[limit] - line->used[limit]) > 0))
		return limit;
	return is_emergency && (int32_t)(line->granted[extra] - line->used[extra]) > 0 ? extra : LIMIT_LEASES;
}

static enum limits_verdict miss(struct limits_worker *w, const struct limits_ask *ask, uint32_t limit) {
	struct limits_line *line = &w->report->trunk[ask->trunk];
	uint32_t lacking = 1u << limit;

	LIMITS_STORE(line->wanted[limit], (uint16_t)(line->wanted[limit] + 1));
	if (ask->is_emergency) {
		uint32_t extra = limit + LIMIT_COUNT;

		lacking |= 1u << extra;
		LIMITS_STORE(line->wanted[extra], (uint16_t)(line->wanted[extra] + 1));
	}
	// The bank's line is looked at here only.
	return (LIMITS_LOAD(w->order->trunk[ask->trunk].full) & lacking) == lacking ? LIMITS_FULL : LIMITS_SHORT;
}

// Everything that is lacking is asked for at once, so that the next try need not fail at the next limit.
static enum limits_verdict
refuse(struct limits_worker *w, const struct limits_ask *ask, const uint32_t leases[NEEDS], enum limit *ret_limit) {
	struct limits_line *line = &w->report->trunk[ask->trunk];
	enum limits_verdict verdict = LIMITS_TAKEN;

	for (uint32_t i = 0; i < NEEDS; i++) {
		uint32_t limit = needs[ask->direction][i];
		enum limits_verdict missed = leases[i] == LIMIT_LEASES ? miss(w, ask, limit) : LIMITS_TAKEN;

		if (missed <= verdict)
			continue;
		verdict = missed;
		*ret_limit = (enum limit)limit;
	}
	mark(w->report->missed[w->round & 1], ask->trunk);
	if (verdict == LIMITS_SHORT && ask->is_last)
		verdict = LIMITS_FULL;
	if (verdict == LIMITS_FULL)
		LIMITS_STORE(line->refused[*ret_limit], line->refused[*ret_limit] + 1);
	return verdict;
}

enum limits_verdict limits_take(
	struct limits_worker *w, const struct limits_ask *ask, struct limits_unit *ret_unit, enum limit *ret_limit
) {
	struct limits_line *line = &w->report->trunk[ask->trunk];
	uint32_t leases[NEEDS], bits = 0;

	assert(ask->trunk < w->trunks);
	for (uint32_t i = 0; i < NEEDS; i++) {
		leases[i] = lease_of(line, needs[ask->direction][i], ask->is_emergency);
		bits |= 1u << leases[i];
	}
	if (unlikely(bits & 1u << LIMIT_LEASES))
		return refuse(w, ask, leases, ret_limit);
	for (uint32_t i = 0; i < NEEDS; i++)
		LIMITS_STORE(line->used[leases[i]], line->used[leases[i]] + 1);
	mark(w->report->touched[w->round & 1], ask->trunk);
	*ret_unit = (struct limits_unit){.trunk = ask->trunk, .leases = (uint16_t)(bits & HELD_LEASES)};
	return LIMITS_TAKEN;
}

void limits_give(struct limits_worker *w, struct limits_unit *unit) {
	struct limits_line *line = &w->report->trunk[unit->trunk];

	if (unit->leases == 0)
		return;
	for (uint32_t left = unit->leases; left; left &= left - 1) {
		uint32_t lease = (uint32_t)__builtin_ctz(left);

		assert(line->used[lease] > 0);
		LIMITS_STORE(line->used[lease], line->used[lease] - 1);
	}
	mark(w->report->touched[w->round & 1], unit->trunk);
	*unit = (struct limits_unit){0};
}
