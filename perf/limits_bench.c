// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the limits of trunks cost: a worker for each call, and the control core for each of its turns. All on one core,
// so that what one core waits for when it reads lines another has written is not in it.
#include "base/base.h"
#include "bench.h"
#include "session/limits_bank.h"

#define TRUNKS 2000
#define WORKERS WORKERS_MAX
#define CALLS 1000

struct rig {
	struct limits_bank *bank;
	uint64_t now_ms;
	uint32_t touched; // trunks used between two turns of the bank, by each worker
	uint32_t taken;
	uint16_t trunk;
};

static void check(bool ok, const char *what) {
	if (ok)
		return;
	fprintf(stderr, "%s failed\n", what);
	exit(1);
}

static enum limits_verdict call(struct limits_worker *w, uint16_t trunk) {
	struct limits_ask ask = {.trunk = trunk, .direction = LIMITS_OUT};
	enum limits_verdict verdict;
	struct limits_unit unit;
	enum limit limit;

	verdict = limits_take(w, &ask, &unit, &limit);
	if (verdict == LIMITS_TAKEN)
		limits_give(w, &unit);
	return verdict;
}

static void same_trunk(void *ctx) {
	struct rig *rig = ctx;

	for (uint32_t i = 0; i < CALLS; i++)
		rig->taken += call(limits_bank_worker(rig->bank, 0), rig->trunk) == LIMITS_TAKEN;
}

// Steps of a prime, so that no line is the next one.
static void every_trunk(void *ctx) {
	struct rig *rig = ctx;

	for (uint32_t i = 0; i < CALLS; i++) {
		rig->trunk = (uint16_t)((rig->trunk + 389) % TRUNKS);
		rig->taken += call(limits_bank_worker(rig->bank, 0), rig->trunk) == LIMITS_TAKEN;
	}
}

static void quiet_turns(void *ctx) {
	struct rig *rig = ctx;

	for (uint32_t i = 0; i < CALLS; i++)
		limits_turn(limits_bank_worker(rig->bank, 0));
}

static void round_of_all(void *ctx) {
	struct rig *rig = ctx;

	for (uint32_t w = 0; w < WORKERS; w++)
		for (uint32_t i = 0; i < rig->touched; i++)
			rig->taken += call(limits_bank_worker(rig->bank, w), (uint16_t)i) == LIMITS_TAKEN;
	for (uint32_t w = 0; w < WORKERS; w++)
		limits_turn(limits_bank_worker(rig->bank, w));
	limits_bank_turn(rig->bank, ++rig->now_ms);
}

static void rig_init(struct rig *rig, const struct limits_config *config) {
	*rig = (struct rig){.now_ms = 1000};
	check(limits_bank_create(WORKERS, TRUNKS, MEM_HUGE_AUTO, &rig->bank) == 0, "limits_bank_create");
	for (uint32_t i = 0; i < TRUNKS; i++) {
		char name[16];
		int len = snprintf(name, sizeof(name), "trunk-%u", i);

		check(limits_bank_set(rig->bank, str_of(name, (size_t)len), config, rig->now_ms) >= 0,
		      "limits_bank_set");
	}
	for (uint32_t i = 0; i < 4; i++)
		round_of_all(rig);
}

int main(int argc, char **argv) {
	static const struct limits_config wide = {
		.most = {LIMITS_MOST, LIMITS_MOST, LIMITS_MOST, LIMITS_NONE, LIMITS_NONE},
	};
	static const struct limits_config blocked = {.most = {0}};
	static const uint32_t touched[] = {0, 1, 20, 200, TRUNKS};
	struct bench_options options = bench_options(argc, argv);
	struct rig rig;

	rig_init(&rig, &wide);
	bench_title("a worker, of 2,000 trunks");
	bench_time(&options, "turn without a new round", CALLS, quiet_turns, &rig);
	bench_time(&options, "take and give, the same trunk", CALLS, same_trunk, &rig);
	bench_time(&options, "take and give, one trunk after another", CALLS, every_trunk, &rig);
	bench_title("a round of the bank and 16 workers");
	for (uint32_t i = 0; i < ARRAY_LEN(touched); i++) {
		char name[64];

		rig.touched = touched[i];
		snprintf(name, sizeof(name), "each used %u trunks once", touched[i]);
		for (uint32_t warm = 0; warm < 400; warm++)
			round_of_all(&rig);
		bench_time(&options, name, 1, round_of_all, &rig);
	}
	limits_bank_destroy(rig.bank);
	rig_init(&rig, &blocked);
	bench_title("a worker, limits of nothing");
	bench_time(&options, "refused", CALLS, same_trunk, &rig);
	bench_keep(&rig);
	limits_bank_destroy(rig.bank);
	return 0;
}
