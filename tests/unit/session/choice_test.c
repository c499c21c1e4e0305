// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "choice_world.h"

static void set_trial(struct choice_live *live, uint8_t budget) {
	live->state = HEALTH_TRIAL;
	live->budget = budget;
}

// --- priority ---

static void lower_numbers_come_first_and_equal_ones_as_configured(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_PRIORITY, 4, 1);
	w.members[2].priority = w.members[3].priority = 10;
	list = ask(&w);
	TRUNKS_ARE(&list, 0, 1, 2, 3);
}

static void every_method_keeps_to_the_priorities(void **state) {
	struct world w;

	(void)state;
	for (enum choice_method method = 0; method < CHOICE_METHOD_COUNT; method++) {
		begin(&w, method, 5, 1);
		w.members[2].priority = w.members[3].priority = 1;
		w.members[4].priority = 2;
		w.members[4].weight = UINT16_MAX;
		w.trunk_live[0].calls = w.trunk_live[1].calls = 1000;
		for (unsigned i = 0; i < 200; i++) {
			struct choice_list list = ask(&w);

			assert_int_equal(list.count, 5);
			assert_true(list.entries[0].trunk + list.entries[1].trunk == 1);
			assert_true(list.entries[2].trunk + list.entries[3].trunk == 5);
			assert_int_equal(list.entries[4].trunk, 4);
			w.request.hash = random_next(&w.random);
		}
	}
}

static void the_addresses_of_a_trunk_come_together_and_by_their_own_priority(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_PRIORITY, 2, 3);
	w.trunks[0].method = CHOICE_WEIGHTED;
	w.addresses[0][1].priority = 1;
	w.addresses[0][2].priority = 2;
	list = ask(&w);
	TRUNKS_ARE(&list, 0, 0, 0, 1, 1, 1);
	ADDRESSES_ARE(&list, 0, 1, 2, 16, 17, 18);
}

static void tries_bound_the_addresses_of_a_trunk_and_the_trunks_of_a_group(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_PRIORITY, 4, 3);
	w.trunks[0].tries = 1;
	w.trunks[2].tries = 9;
	w.group.tries = 2;
	w.trunk_live[1].state = HEALTH_UNUSABLE;
	list = ask(&w);
	ADDRESSES_ARE(&list, 0, 32, 33, 34);
}

static void a_trunk_without_a_usable_address_is_no_try(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_PRIORITY, 3, 1);
	w.group.tries = 2;
	w.address_live[0].state = HEALTH_UNUSABLE;
	list = ask(&w);
	TRUNKS_ARE(&list, 1, 2);
}

// --- round robin, least calls ---

static void each_has_its_turn_and_the_others_follow_in_turn(void **state) {
	struct world w;

	(void)state;
	begin(&w, CHOICE_ROUND_ROBIN, 3, 1);
	for (int i = 0; i < 9; i++) {
		struct choice_list list = ask(&w);

		TRUNKS_ARE(&list, i % 3, (i + 1) % 3, (i + 2) % 3);
	}
}

static void turns_are_taken_among_those_that_are_usable(void **state) {
	unsigned first[TRUNKS] = {0};
	struct world w;

	(void)state;
	begin(&w, CHOICE_ROUND_ROBIN, 4, 1);
	w.members[3].priority = 1;
	w.trunk_live[1].state = HEALTH_UNUSABLE;
	for (unsigned i = 0; i < 100; i++) {
		struct choice_list list = ask(&w);

		first[list.entries[0].trunk]++;
	}
	assert_int_equal(first[0], 50);
	assert_int_equal(first[2], 50);
}

static void the_addresses_of_each_trunk_have_turns_of_their_own(void **state) {
	unsigned asked[2][2] = {0};
	struct world w;

	(void)state;
	begin(&w, CHOICE_ROUND_ROBIN, 2, 2);
	w.trunks[0].method = w.trunks[1].method = CHOICE_ROUND_ROBIN;
	for (unsigned i = 0; i < 100; i++) {
		struct choice_list list = ask(&w);
		unsigned trunk = list.entries[0].trunk;

		asked[trunk][list.entries[0].address % ADDRESSES_EACH]++;
		w.trunk_live[trunk].turn++;
	}
	for (unsigned t = 0; t < 2; t++)
		for (unsigned a = 0; a < 2; a++)
			assert_int_equal(asked[t][a], 25);
}

static void the_turn_may_wrap(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_ROUND_ROBIN, 2, 1);
	w.request.turn = UINT32_MAX;
	list = ask(&w);
	TRUNKS_ARE(&list, 1, 0);
	list = ask(&w);
	TRUNKS_ARE(&list, 0, 1);
}

static void the_fewest_calls_over_weight_come_first(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_LEAST_CALLS, 4, 1);
	w.members[1].weight = 10;
	w.members[3].weight = 0;
	w.trunk_live[0].calls = 3;  // 3
	w.trunk_live[1].calls = 25; // 2.5
	w.trunk_live[2].calls = 2;  // 2
	w.trunk_live[3].calls = 0;  // behind all that have a weight
	list = ask(&w);
	TRUNKS_ARE(&list, 2, 1, 0, 3);
}

static void equal_loads_take_turns(void **state) {
	struct world w;

	(void)state;
	begin(&w, CHOICE_LEAST_CALLS, 3, 1);
	w.members[2].weight = 3;
	w.trunk_live[0].calls = w.trunk_live[1].calls = 7;
	w.trunk_live[2].calls = 21;
	for (int i = 0; i < 6; i++) {
		struct choice_list list = ask(&w);

		TRUNKS_ARE(&list, i % 3, (i + 1) % 3, (i + 2) % 3);
	}
}

static void calls_that_stay_are_spread_by_weight(void **state) {
	struct world w;

	(void)state;
	begin(&w, CHOICE_LEAST_CALLS, 3, 1);
	w.members[0].weight = 5;
	w.members[1].weight = 3;
	w.members[2].weight = 2;
	for (unsigned i = 0; i < 10000; i++) {
		struct choice_list list = ask(&w);

		w.trunk_live[list.entries[0].trunk].calls++;
	}
	assert_in_range(w.trunk_live[0].calls, 4998, 5002);
	assert_in_range(w.trunk_live[1].calls, 2998, 3002);
	assert_in_range(w.trunk_live[2].calls, 1998, 2002);
}

// --- what is usable ---

static void nothing_usable_gives_an_empty_list(void **state) {
	struct world w;

	(void)state;
	for (enum choice_method method = 0; method < CHOICE_METHOD_COUNT; method++) {
		struct choice_list list;

		begin(&w, method, 3, 2);
		for (unsigned t = 0; t < 3; t++)
			w.trunk_live[t].state = HEALTH_UNUSABLE;
		list = ask(&w);
		assert_int_equal(list.count, 0);
		begin(&w, method, 3, 2);
		for (unsigned a = 0; a < ARRAY_LEN(w.address_live); a++)
			w.address_live[a].state = HEALTH_UNUSABLE;
		list = ask(&w);
		assert_int_equal(list.count, 0);
		begin(&w, method, 0, 0);
		list = ask(&w);
		assert_int_equal(list.count, 0);
	}
}

static void one_member_is_the_list(void **state) {
	struct world w;

	(void)state;
	for (enum choice_method method = 0; method < CHOICE_METHOD_COUNT; method++) {
		struct choice_list list;

		begin(&w, method, 1, 1);
		list = ask(&w);
		ADDRESSES_ARE(&list, 0);
		assert_false(list.entries[0].is_trial);
	}
}

// Of 64 members the list has twelve, none twice, and each comes first now and then.
static void of_many_members_twelve_are_tried(void **state) {
	struct world w;

	(void)state;
	for (enum choice_method method = CHOICE_WEIGHTED; method < CHOICE_METHOD_COUNT; method++) {
		bool was_first[TRUNKS] = {false};

		begin(&w, method, TRUNKS, ADDRESSES_EACH);
		for (unsigned t = 0; t < TRUNKS; t++)
			w.trunks[t].tries = 1;
		for (unsigned i = 0; i < 2000; i++) {
			struct choice_list list;
			uint64_t seen = 0;

			w.request.hash = random_next(&w.random);
			list = ask(&w);
			assert_int_equal(list.count, CHOICE_MAX);
			for (unsigned k = 0; k < list.count; k++)
				seen |= 1ULL << list.entries[k].trunk;
			assert_int_equal(__builtin_popcountll(seen), CHOICE_MAX);
			was_first[list.entries[0].trunk] = true;
		}
		for (unsigned t = 0; t < TRUNKS; t++)
			assert_true(was_first[t]);
	}
}

static bool may_be_asked(const struct choice_live *live) {
	return live->state == HEALTH_USABLE || (live->state == HEALTH_TRIAL && live->budget > 0);
}

static void live_by_chance(struct choice_live *live, struct random *random) {
	live->state = (uint8_t)random_below(random, HEALTH_STATE_COUNT);
	live->budget = (uint8_t)random_below(random, 2);
	live->calls = (uint32_t)random_below(random, 4);
}

// A group made by chance, three addresses a trunk; returns how many pairs may be asked.
static unsigned begin_by_chance(struct world *w, struct random *random) {
	unsigned trunks = 1 + (unsigned)random_below(random, 8), pairs = 0;
	unsigned of_a_priority = 1 + (unsigned)random_below(random, 4);

	begin(w, (enum choice_method)random_below(random, CHOICE_METHOD_COUNT), trunks, 3);
	w->random.state = random_next(random) | 1;
	w->request.hash = random_next(random);
	for (unsigned t = 0; t < trunks; t++) {
		w->members[t].priority = t / of_a_priority;
		w->members[t].weight = (uint16_t)random_below(random, 3);
		w->trunks[t].method = (uint8_t)random_below(random, CHOICE_METHOD_COUNT);
		live_by_chance(&w->trunk_live[t], random);
		for (unsigned a = 0; a < 3; a++) {
			struct choice_live *live = &w->address_live[t * ADDRESSES_EACH + a];

			live_by_chance(live, random);
			pairs += may_be_asked(&w->trunk_live[t]) && may_be_asked(live);
		}
	}
	return pairs;
}

static void assert_each_once(const struct world *w, const struct choice_list *list) {
	bool seen[TRUNKS * ADDRESSES_EACH] = {false};

	for (unsigned i = 0; i < list->count; i++) {
		const struct choice_entry *entry = &list->entries[i];
		const struct choice_live *trunk = &w->trunk_live[entry->trunk];
		const struct choice_live *address = &w->address_live[entry->address];

		assert_int_equal(entry->address / ADDRESSES_EACH, entry->trunk);
		assert_false(seen[entry->address]);
		seen[entry->address] = true;
		assert_true(may_be_asked(trunk) && may_be_asked(address));
		assert_int_equal(entry->is_trial, trunk->state == HEALTH_TRIAL || address->state == HEALTH_TRIAL);
	}
}

static void whatever_the_group_the_list_has_what_may_be_asked_each_once(void **state) {
	struct random random = {.state = 77};
	struct world w;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		unsigned pairs = begin_by_chance(&w, &random);
		struct choice_list list = ask(&w);

		assert_int_equal(list.count, pairs < CHOICE_MAX ? pairs : CHOICE_MAX);
		assert_each_once(&w, &list);
	}
}

// --- trials ---

static void a_trial_has_its_place_while_there_is_budget_and_others_behind(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_PRIORITY, 3, 1);
	set_trial(&w.trunk_live[0], 1);
	list = ask(&w);
	TRUNKS_ARE(&list, 0, 1, 2);
	assert_true(list.entries[0].is_trial);
	assert_false(list.entries[1].is_trial);
	w.trunk_live[0].budget = 0;
	list = ask(&w);
	TRUNKS_ARE(&list, 1, 2);
}

static void a_trial_of_an_address_is_one_of_its_trunk_too(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_PRIORITY, 1, 3);
	set_trial(&w.address_live[0], 2);
	set_trial(&w.address_live[1], 0);
	list = ask(&w);
	ADDRESSES_ARE(&list, 0, 2);
	assert_true(list.entries[0].is_trial);
	assert_false(list.entries[1].is_trial);
}

static void only_one_trial_stands_before_what_is_usable(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_PRIORITY, 4, 1);
	set_trial(&w.trunk_live[0], 1);
	set_trial(&w.trunk_live[1], 1);
	set_trial(&w.address_live[32], 1);
	list = ask(&w);
	TRUNKS_ARE(&list, 0, 3, 1, 2);
}

static void trials_alone_are_the_list(void **state) {
	struct world w;
	struct choice_list list;

	(void)state;
	begin(&w, CHOICE_ROUND_ROBIN, 2, 1);
	set_trial(&w.trunk_live[0], 1);
	set_trial(&w.trunk_live[1], 3);
	list = ask(&w);
	TRUNKS_ARE(&list, 0, 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lower_numbers_come_first_and_equal_ones_as_configured),
		cmocka_unit_test(every_method_keeps_to_the_priorities),
		cmocka_unit_test(the_addresses_of_a_trunk_come_together_and_by_their_own_priority),
		cmocka_unit_test(tries_bound_the_addresses_of_a_trunk_and_the_trunks_of_a_group),
		cmocka_unit_test(a_trunk_without_a_usable_address_is_no_try),
		cmocka_unit_test(each_has_its_turn_and_the_others_follow_in_turn),
		cmocka_unit_test(turns_are_taken_among_those_that_are_usable),
		cmocka_unit_test(the_addresses_of_each_trunk_have_turns_of_their_own),
		cmocka_unit_test(the_turn_may_wrap),
		cmocka_unit_test(the_fewest_calls_over_weight_come_first),
		cmocka_unit_test(equal_loads_take_turns),
		cmocka_unit_test(calls_that_stay_are_spread_by_weight),
		cmocka_unit_test(nothing_usable_gives_an_empty_list),
		cmocka_unit_test(one_member_is_the_list),
		cmocka_unit_test(of_many_members_twelve_are_tried),
		cmocka_unit_test(whatever_the_group_the_list_has_what_may_be_asked_each_once),
		cmocka_unit_test(a_trial_has_its_place_while_there_is_budget_and_others_behind),
		cmocka_unit_test(a_trial_of_an_address_is_one_of_its_trunk_too),
		cmocka_unit_test(only_one_trial_stands_before_what_is_usable),
		cmocka_unit_test(trials_alone_are_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
