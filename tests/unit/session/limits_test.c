// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "limits_world.h"

#include <errno.h>

#include "unit/test.h"

#define NONE LIMITS_NONE
#define STEPS 30000
#define FEW 16 // turns in which load that was elsewhere is forgotten

static const uint32_t crowds[] = {1, 2, 4, 8, 16};

// Everybody hung up, everybody has seen it.
static void assert_nothing_is_left(struct world *world) {
	struct limits_view view;

	world_hang_up_all(world);
	world_turns(world, 3);
	view = world_view(world);
	for (uint32_t i = 0; i < LIMITS_CALLS; i++)
		assert_int_equal(view.calls[i], 0);
	for (uint32_t d = 0; d < LIMITS_DIRECTION_COUNT; d++)
		assert_int_equal(view.attempts[d], world->attempts[d]);
}

// As many calls as one worker can get while the others rest.
static uint32_t fill_up(struct world *world, uint32_t w, uint8_t direction, uint32_t turns) {
	uint32_t taken = 0;

	for (uint32_t i = 0; i < turns; i++) {
		while (world_call(world, w, direction, false) == LIMITS_TAKEN)
			taken++;
		world_turns(world, 1);
	}
	return taken;
}

static void no_interleaving_exceeds_a_limit(void **state) {
	static const struct limits_config rows[] = {
		{.most = {10, 12, 15, 8, 5}, .rate = {400, 300}},
		{.most = {10, 12, 15, 8, 5}, .rate = {400, 300}, .emergency_percent = 30},
		{.most = {1, 1, 1, 1, 1}, .rate = {100, 100}, .emergency_percent = 100},
		{.most = {100, 200, 250, 50, 60}, .rate = {5000, 9000}},
		{.most = {0, 3, 100, 100, 1}, .rate = {1, 100000}},
		{.most = {10, 12, 15, NONE, NONE}},
		{.most = {3, 3, 4, NONE, NONE}},
		{.most = {NONE, NONE, 9, NONE, NONE}},
		{.most = {NONE, NONE, 100, NONE, NONE}},
		{.most = {NONE, 5, NONE, 3, NONE}, .rate = {1000}, .emergency_percent = 50},
	};

	(void)state;
	for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
		for (size_t crowd = 0; crowd < ARRAY_LEN(crowds); crowd++) {
			struct world world;

			world_begin(&world, crowds[crowd], row * 100 + crowd + 1);
			world_set(&world, &rows[row]);
			world_expect(&world, &rows[row]);
			for (uint32_t i = 0; i < STEPS; i++) {
				world_step(&world, rows[row].emergency_percent ? 20 : 0);
				world_check_leases(&world, &rows[row]);
			}
			assert_true(world.attempts[LIMITS_OUT] > 0);
			assert_nothing_is_left(&world);
			world_end(&world);
		}
	}
}

static uint32_t larger(uint32_t a, uint32_t b) {
	return a > b ? a : b;
}

// Until everybody knows of a change either limit may hold.
static void change_limits(struct world *world, const struct limits_config *before, const struct limits_config *after) {
	struct limits_config either = world_unlimited;

	for (uint32_t limit = 0; limit < LIMITS_CALLS; limit++)
		either.most[limit] = larger(before->most[limit], after->most[limit]);
	world_set(world, after);
	world_expect(world, &either);
	for (uint32_t i = 0; i < 100; i++)
		world_step(world, 0);
	world_turns(world, 4);
	world_expect(world, after);
}

static void no_change_of_limits_under_load_exceeds_them(void **state) {
	static const uint32_t amounts[] = {0, 1, 3, 10, 40, NONE};

	(void)state;
	for (size_t crowd = 0; crowd < ARRAY_LEN(crowds); crowd++) {
		struct limits_config before = world_unlimited, after = world_unlimited;
		struct world world;

		world_begin(&world, crowds[crowd], crowd + 77);
		world_limit(&world, &before);
		for (uint32_t change = 0; change < 300; change++, before = after) {
			for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++)
				after.most[limit] = amounts[random_below(&world.random, ARRAY_LEN(amounts))];
			after.rate[LIMITS_IN] = 1 + change;
			after.rate[LIMITS_OUT] = 1000;
			change_limits(&world, &before, &after);
			for (uint32_t i = 0; i < 300; i++)
				world_step(&world, 0);
		}
		assert_nothing_is_left(&world);
		world_end(&world);
	}
}

static void all_load_on_one_worker_gets_the_whole_limit(void **state) {
	static const struct limits_config config = {.most = {NONE, 50, NONE, NONE, NONE}};

	(void)state;
	for (size_t crowd = 0; crowd < ARRAY_LEN(crowds); crowd++) {
		struct world world;

		world_begin(&world, crowds[crowd], 7);
		world_limit(&world, &config);
		assert_int_equal(fill_up(&world, 0, LIMITS_OUT, FEW), 50);
		assert_int_equal(world_call(&world, 0, LIMITS_OUT, false), LIMITS_FULL);
		// And the load goes to another one.
		assert_nothing_is_left(&world);
		assert_int_equal(fill_up(&world, crowds[crowd] - 1, LIMITS_OUT, FEW), 50);
		assert_nothing_is_left(&world);
		world_end(&world);
	}
}

// Each asks in each of its turns until it was taken, and holds the call for one turn.
static void the_only_unit_goes_round_sixteen_workers(void **state) {
	static const struct limits_config config = {.most = {1, NONE, NONE, NONE, NONE}};
	bool taken[16] = {0};
	uint32_t served = 0;
	struct world world;

	(void)state;
	world_begin(&world, 16, 3);
	world_limit(&world, &config);
	for (uint32_t turn = 0; turn < 16 * LIMITS_WAIT_MS && served < 16; turn++) {
		world_hang_up_all(&world);
		for (uint32_t w = 0; w < 16; w++) {
			if (taken[w] || world_call(&world, w, LIMITS_IN, false) != LIMITS_TAKEN)
				continue;
			taken[w] = true;
			served++;
		}
		world_turns(&world, 1);
	}
	assert_int_equal(served, 16);
	assert_nothing_is_left(&world);
	world_end(&world);
}

static void what_others_do_not_use_comes_within_the_time_to_wait(void **state) {
	static const struct limits_config config = {.most = {4, NONE, NONE, NONE, NONE}};

	(void)state;
	for (uint32_t holder = 1; holder < 16; holder++) {
		struct world world;
		uint32_t turns = 0;

		world_begin(&world, 16, 3);
		world_limit(&world, &config);
		assert_int_equal(fill_up(&world, holder, LIMITS_IN, FEW), 4);
		world_hang_up_all(&world);
		// That they ended is not known yet.
		assert_int_equal(world_call(&world, 0, LIMITS_IN, false), LIMITS_FULL);
		world_turns(&world, 1);
		assert_int_equal(world_call(&world, 0, LIMITS_IN, false), LIMITS_SHORT);
		for (; world_call(&world, 0, LIMITS_IN, false) != LIMITS_TAKEN; turns++)
			world_turns(&world, 1);
		assert_true(turns < LIMITS_WAIT_MS);
		world_end(&world);
	}
}

static void a_lowered_limit_cuts_nothing_and_lets_nothing_in(void **state) {
	static const struct limits_config high = {.most = {NONE, NONE, 60, NONE, NONE}};
	static const struct limits_config low = {.most = {NONE, NONE, 20, NONE, NONE}};
	struct world world;

	(void)state;
	world_begin(&world, 4, 9);
	world_limit(&world, &high);
	for (uint32_t i = 0; i < 60 * LIMITS_WAIT_MS && world.calls[LIMIT_CALLS] < 60; i++) {
		world_call(&world, i % 4, i & 1, false);
		world_turns(&world, 1);
	}
	assert_int_equal(world.calls[LIMIT_CALLS], 60);
	world_limit(&world, &low);
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t w = i % 4;

		for (uint32_t other = 0; other < 4; other++)
			assert_int_equal(world_call(&world, other, LIMITS_IN, false), LIMITS_FULL);
		while (world.sides[w].call_count == 0)
			w = (w + 1) % 4;
		world_hang_up(&world, w, 0);
		world_turns(&world, i % 3);
	}
	world_turns(&world, 3);
	assert_int_equal(world.calls[LIMIT_CALLS], 20);
	assert_int_equal(fill_up(&world, 0, LIMITS_IN, FEW), 0);
	world_limit(&world, &high);
	assert_int_equal(fill_up(&world, 0, LIMITS_IN, FEW), 40);
	assert_nothing_is_left(&world);
	world_end(&world);
}

static void a_limit_where_there_was_none_counts_the_calls_there_are(void **state) {
	static const struct limits_config some = {.most = {NONE, NONE, 10, 5, 5}, .rate = {1000, 1000}};
	struct world world;

	(void)state;
	world_begin(&world, 2, 5);
	world_limit(&world, &world_unlimited);
	for (uint32_t i = 0; i < 30; i++)
		assert_int_equal(world_call(&world, i & 1, LIMITS_OUT, false), LIMITS_TAKEN);
	world_limit(&world, &some);
	assert_int_equal(world_call(&world, 0, LIMITS_OUT, false), LIMITS_FULL);
	assert_int_equal(world_view(&world).calls[LIMIT_CALLS], 30);
	for (uint32_t i = 0; i < 25; i++)
		world_hang_up(&world, i & 1, 0);
	assert_int_equal(fill_up(&world, 0, LIMITS_OUT, FEW), 5);
	world_limit(&world, &world_unlimited);
	for (uint32_t i = 0; i < 30; i++)
		assert_int_equal(world_call(&world, i & 1, LIMITS_OUT, false), LIMITS_TAKEN);
	assert_nothing_is_left(&world);
	world_end(&world);
}

// 300 attempts a second at any of the workers, of which 20 a second pass, and a burst at the start.
static void the_sustained_rate_is_reached(void **state) {
	static const struct limits_config config = {.most = {NONE, NONE, NONE, 20, NONE}, .rate = {20}};

	(void)state;
	for (size_t crowd = 0; crowd < ARRAY_LEN(crowds); crowd++) {
		struct world world;

		world_begin(&world, crowds[crowd], 11);
		world_limit(&world, &config);
		for (uint32_t ms = 0; ms < 10000; ms++) {
			if (ms % 10 < 3)
				world_call(
					&world, (uint32_t)random_below(&world.random, world.workers), LIMITS_IN, false
				);
			world_hang_up_all(&world);
			world_turns(&world, 1);
		}
		assert_in_range(world.attempts[LIMITS_IN], 200, 220);
		assert_in_range(world_view(&world).attempts_a_second[LIMITS_IN], 10, 30);
		world_turns(&world, 2000);
		assert_int_equal(world_view(&world).attempts_a_second[LIMITS_IN], 0);
		world_end(&world);
	}
}

// Counts of attempts go over the end of their 32 bits, first without, then with a limit.
static void counts_of_attempts_come_round(void **state) {
	static const struct limits_config config = {.most = {NONE, NONE, NONE, 7, NONE}, .rate = {1}};
	struct world world;
	uint32_t *used;

	(void)state;
	world_begin(&world, 1, 1);
	world_limit(&world, &world_unlimited);
	used = &world.sides[0].worker.report->trunk[world.trunk].used[LIMIT_ATTEMPTS_IN];
	for (uint32_t i = 0; i < 15; i++) {
		*used += 0x20000000;
		assert_int_equal(world_call(&world, 0, LIMITS_IN, false), LIMITS_TAKEN);
		world_turns(&world, 4);
	}
	*used = UINT32_MAX - 3;
	assert_int_equal(world_call(&world, 0, LIMITS_IN, false), LIMITS_TAKEN);
	world_turns(&world, 4);
	world_limit(&world, &config);
	assert_int_equal(fill_up(&world, 0, LIMITS_IN, FEW), 7);
	assert_int_equal(*used, 4);
	world_end(&world);
}

static void emergency_calls_go_over_by_their_part_only(void **state) {
	static const struct limits_config config = {.most = {NONE, 10, NONE, NONE, NONE}, .emergency_percent = 25};
	struct world world;

	(void)state;
	world_begin(&world, 2, 13);
	world_limit(&world, &config);
	assert_int_equal(fill_up(&world, 0, LIMITS_OUT, FEW), 10);
	for (uint32_t i = 0; i < 20; i++) {
		world_call(&world, i & 1, LIMITS_OUT, true);
		world_turns(&world, 2);
	}
	assert_int_equal(world.calls[LIMIT_CALLS_OUT], 13);
	assert_int_equal(world_call(&world, 0, LIMITS_OUT, true), LIMITS_FULL);
	assert_nothing_is_left(&world);
	assert_int_equal(world_view(&world).peak[LIMIT_CALLS_OUT], 13);
	world_end(&world);
}

static void a_unit_given_twice_comes_back_once(void **state) {
	static const struct limits_config config = {.most = {2, 2, 2, NONE, NONE}};
	struct limits_unit units[2], nothing = {0};
	struct limits_ask ask = {.direction = LIMITS_IN};
	struct limits_worker *w;
	struct world world;
	enum limit limit;

	(void)state;
	world_begin(&world, 1, 1);
	world_limit(&world, &config);
	w = &world.sides[0].worker;
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(limits_take(w, &ask, &units[i], &limit), LIMITS_TAKEN);
	for (uint32_t i = 0; i < 3; i++)
		limits_give(w, &units[0]);
	limits_give(w, &nothing);
	world_turns(&world, 3);
	assert_int_equal(world_view(&world).calls[LIMIT_CALLS_IN], 1);
	assert_int_equal(world_view(&world).calls[LIMIT_CALLS], 1);
	// The other one when nothing else has happened for a while.
	world_turns(&world, 20);
	limits_give(w, &units[1]);
	world_turns(&world, 3);
	assert_int_equal(world_view(&world).calls[LIMIT_CALLS], 0);
	world_end(&world);
}

static void a_refusal_is_counted_by_what_was_lacking_and_costs_nothing(void **state) {
	static const struct {
		struct limits_config config;
		uint8_t direction;
		enum limit lacking;
	} rows[] = {
		{{.most = {0, NONE, NONE, 5, NONE}}, LIMITS_IN, LIMIT_CALLS_IN},
		{{.most = {NONE, 0, NONE, NONE, 5}}, LIMITS_OUT, LIMIT_CALLS_OUT},
		{{.most = {1, 1, 0, 5, 5}}, LIMITS_IN, LIMIT_CALLS},
		{{.most = {1, 1, 0, 5, 5}}, LIMITS_OUT, LIMIT_CALLS},
		{{.most = {1, 1, 1, 0, 5}}, LIMITS_IN, LIMIT_ATTEMPTS_IN},
		{{.most = {1, 1, 1, 5, 0}}, LIMITS_OUT, LIMIT_ATTEMPTS_OUT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct limits_ask ask = {.direction = rows[i].direction};
		enum limit lacking = LIMIT_COUNT;
		struct limits_unit unit = {0};
		struct limits_view view;
		struct world world;

		world_begin(&world, 2, 1);
		world_limit(&world, &rows[i].config);
		assert_int_equal(limits_take(&world.sides[1].worker, &ask, &unit, &lacking), LIMITS_FULL);
		assert_int_equal(lacking, rows[i].lacking);
		assert_int_equal(unit.leases, 0);
		world_turns(&world, 2);
		view = world_view(&world);
		for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++)
			assert_int_equal(view.refused[limit], limit == rows[i].lacking);
		assert_int_equal(view.attempts[LIMITS_IN] + view.attempts[LIMITS_OUT], 0);
		assert_int_equal(view.peak[LIMIT_CALLS], 0);
		world_end(&world);
	}
}

static void who_does_not_ask_again_is_refused_at_once(void **state) {
	static const struct limits_config config = {.most = {1, NONE, NONE, NONE, NONE}};
	struct limits_ask ask = {.direction = LIMITS_IN};
	struct limits_unit unit;
	struct world world;
	enum limit limit;

	(void)state;
	world_begin(&world, 4, 1);
	world_limit(&world, &config);
	assert_int_equal(limits_take(&world.sides[2].worker, &ask, &unit, &limit), LIMITS_SHORT);
	assert_int_equal(world_view(&world).refused[LIMIT_CALLS_IN], 0);
	ask.is_last = true;
	assert_int_equal(limits_take(&world.sides[2].worker, &ask, &unit, &limit), LIMITS_FULL);
	world_turns(&world, 2);
	assert_int_equal(world_view(&world).refused[LIMIT_CALLS_IN], 1);
	assert_int_equal(limits_take(&world.sides[2].worker, &ask, &unit, &limit), LIMITS_TAKEN);
	world_end(&world);
}

static int set_named(struct world *world, const char *name, const struct limits_config *config) {
	return limits_bank_set(world->bank, str_from_c(name), config, world->now_ms);
}

static void trunks_keep_their_slots_until_their_last_call(void **state) {
	struct limits_view view;
	struct world world;

	(void)state;
	world_begin(&world, 2, 1);
	assert_false(limits_bank_show(world.bank, 0, world.now_ms, &view));
	assert_int_equal(set_named(&world, "other", &world_unlimited), 0);
	world_limit(&world, &world_unlimited);
	assert_int_equal(world.trunk, 1);
	assert_int_equal(set_named(&world, "third", &world_unlimited), 2);
	assert_int_equal(set_named(&world, "one too many", &world_unlimited), -ENOSPC);
	assert_int_equal(set_named(&world, "carrier", &world_unlimited), 1);
	assert_int_equal(world_call(&world, 1, LIMITS_IN, false), LIMITS_TAKEN);
	limits_bank_remove(world.bank, 1, world.now_ms);
	world_turns(&world, 600);
	assert_true(world_view(&world).is_leaving);
	assert_int_equal(world_view(&world).calls[LIMIT_CALLS], 1);
	assert_int_equal(world_call(&world, 0, LIMITS_IN, false), LIMITS_FULL);
	// It comes back, with its call, and goes again.
	world_limit(&world, &world_unlimited);
	assert_int_equal(world.trunk, 1);
	assert_false(world_view(&world).is_leaving);
	assert_int_equal(world_call(&world, 0, LIMITS_IN, false), LIMITS_TAKEN);
	limits_bank_remove(world.bank, 1, world.now_ms);
	world_turns(&world, 4);
	world_hang_up_all(&world);
	world_turns(&world, 600);
	assert_false(limits_bank_show(world.bank, 1, world.now_ms, &view));
	assert_int_equal(set_named(&world, "one too many", &world_unlimited), 1);
	assert_true(limits_bank_show(world.bank, 1, world.now_ms, &view));
	for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++)
		assert_int_equal(view.refused[limit], 0);
	assert_int_equal(view.attempts[LIMITS_IN], 0);
	assert_int_equal(view.peak[LIMIT_CALLS], 0);
	world_end(&world);
}

static void what_makes_no_sense_is_not_taken(void **state) {
	static const struct {
		uint32_t most, rate, percent;
		int wanted;
	} rows[] = {
		{LIMITS_MOST, LIMITS_MOST, LIMITS_PERCENT_MAX, 0},
		{LIMITS_MOST + 1, 0, 0, -EINVAL},
		{NONE, LIMITS_MOST + 1, 0, -EINVAL},
		{1, 1, LIMITS_PERCENT_MAX + 1, -EINVAL},
	};
	char name[LIMITS_NAME_MAX + 2] = {0};
	struct limits_bank *bank = NULL;
	struct world world;

	(void)state;
	assert_int_equal(limits_bank_create(0, 1, MEM_HUGE_OFF, &bank), -EINVAL);
	assert_int_equal(limits_bank_create(WORKERS_MAX + 1, 1, MEM_HUGE_OFF, &bank), -EINVAL);
	assert_int_equal(limits_bank_create(1, 0, MEM_HUGE_OFF, &bank), -EINVAL);
	assert_int_equal(limits_bank_create(1, LIMITS_TRUNKS_MAX + 1, MEM_HUGE_OFF, &bank), -EINVAL);
	limits_bank_destroy(bank);
	world_begin(&world, 1, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct limits_config config = {.rate = {0, rows[i].rate}, .emergency_percent = rows[i].percent};

		config.most[LIMIT_ATTEMPTS_OUT] = rows[i].most;
		assert_int_equal(set_named(&world, "carrier", &config), rows[i].wanted);
	}
	memset(name, 'x', LIMITS_NAME_MAX + 1);
	assert_int_equal(set_named(&world, name, &world_unlimited), -EINVAL);
	assert_int_equal(set_named(&world, "", &world_unlimited), -EINVAL);
	name[LIMITS_NAME_MAX] = '\0';
	assert_int_equal(set_named(&world, name, &world_unlimited), 1);
	limits_bank_remove(world.bank, WORLD_TRUNKS, world.now_ms);
	world_end(&world);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_interleaving_exceeds_a_limit),
		cmocka_unit_test(no_change_of_limits_under_load_exceeds_them),
		cmocka_unit_test(all_load_on_one_worker_gets_the_whole_limit),
		cmocka_unit_test(the_only_unit_goes_round_sixteen_workers),
		cmocka_unit_test(what_others_do_not_use_comes_within_the_time_to_wait),
		cmocka_unit_test(a_lowered_limit_cuts_nothing_and_lets_nothing_in),
		cmocka_unit_test(a_limit_where_there_was_none_counts_the_calls_there_are),
		cmocka_unit_test(the_sustained_rate_is_reached),
		cmocka_unit_test(counts_of_attempts_come_round),
		cmocka_unit_test(emergency_calls_go_over_by_their_part_only),
		cmocka_unit_test(a_unit_given_twice_comes_back_once),
		cmocka_unit_test(a_refusal_is_counted_by_what_was_lacking_and_costs_nothing),
		cmocka_unit_test(who_does_not_ask_again_is_refused_at_once),
		cmocka_unit_test(trunks_keep_their_slots_until_their_last_call),
		cmocka_unit_test(what_makes_no_sense_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
