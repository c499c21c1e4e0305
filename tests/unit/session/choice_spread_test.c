// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "choice_world.h"

#define DRAWS 100000

// How often each trunk comes first.
static void draw(struct world *w, unsigned *ret_first) {
	memset(ret_first, 0, TRUNKS * sizeof(*ret_first));
	for (unsigned i = 0; i < DRAWS; i++) {
		struct choice_list list = ask(w);

		ret_first[list.entries[0].trunk]++;
	}
}

// One per cent of all draws, which is more than seven standard deviations of half of them.
static void assert_about(unsigned count, double share) {
	double off = (double)count / DRAWS - share;

	if (off > 0.01 || off < -0.01)
		fail_msg("%u of %d draws, expected %.4f of them", count, DRAWS, share);
}

// --- weights ---

static void weights_are_kept_in_the_long_run(void **state) {
	static const uint16_t weights[] = {50, 30, 15, 5};
	unsigned first[TRUNKS];
	struct world w;

	(void)state;
	begin(&w, CHOICE_WEIGHTED, 4, 1);
	for (unsigned t = 0; t < 4; t++)
		w.members[t].weight = weights[t];
	draw(&w, first);
	for (unsigned t = 0; t < 4; t++)
		assert_about(first[t], weights[t] / 100.0);
}

// Without replacement: given that the first is a, the second is b with weight(b) / (all - weight(a)).
static void the_second_is_drawn_by_weight_among_the_rest(void **state) {
	unsigned second[3] = {0};
	struct world w;

	(void)state;
	begin(&w, CHOICE_WEIGHTED, 3, 1);
	w.members[0].weight = 60;
	w.members[1].weight = 30;
	w.members[2].weight = 10;
	for (unsigned i = 0; i < DRAWS; i++) {
		struct choice_list list = ask(&w);

		assert_int_equal(list.count, 3);
		second[list.entries[1].trunk]++;
	}
	assert_about(second[0], 0.3 * 60 / 70 + 0.1 * 60 / 90);
	assert_about(second[1], 0.6 * 30 / 40 + 0.1 * 30 / 90);
	assert_about(second[2], 0.6 * 10 / 40 + 0.3 * 10 / 70);
}

static void a_weight_of_nought_has_next_to_no_chance_beside_others(void **state) {
	unsigned first[TRUNKS];
	struct world w;

	(void)state;
	begin(&w, CHOICE_WEIGHTED, 3, 1);
	w.members[0].weight = 0;
	draw(&w, first);
	assert_true(first[0] <= 10); // 1 is expected
	assert_about(first[1], 0.5);
	assert_about(first[2], 0.5);
}

static void weights_of_nought_alone_share_evenly(void **state) {
	unsigned first[TRUNKS];
	struct world w;

	(void)state;
	begin(&w, CHOICE_WEIGHTED, 4, 1);
	for (unsigned t = 0; t < 4; t++)
		w.members[t].weight = 0;
	draw(&w, first);
	for (unsigned t = 0; t < 4; t++)
		assert_about(first[t], 0.25);
}

static void the_weights_of_who_is_left_are_kept(void **state) {
	unsigned first[TRUNKS];
	struct world w;

	(void)state;
	begin(&w, CHOICE_WEIGHTED, 3, 1);
	w.members[0].weight = 90;
	w.members[1].weight = 9;
	w.trunk_live[0].state = HEALTH_UNUSABLE;
	draw(&w, first);
	assert_int_equal(first[0], 0);
	assert_about(first[1], 0.9);
	assert_about(first[2], 0.1);
}

static void addresses_are_drawn_apart_from_trunks(void **state) {
	unsigned drawn[2][2] = {0};
	struct world w;

	(void)state;
	begin(&w, CHOICE_WEIGHTED, 2, 2);
	for (unsigned t = 0; t < 2; t++)
		w.trunks[t].method = CHOICE_WEIGHTED;
	for (unsigned i = 0; i < DRAWS; i++) {
		struct choice_list list = ask(&w);

		drawn[list.entries[0].trunk][list.entries[0].address % ADDRESSES_EACH]++;
	}
	for (unsigned t = 0; t < 2; t++)
		for (unsigned a = 0; a < 2; a++)
			assert_about(drawn[t][a], 0.25);
}

static void the_same_chance_gives_the_same_list(void **state) {
	struct choice_list one = {0}, other = {0};
	struct world w;

	(void)state;
	begin(&w, CHOICE_WEIGHTED, 12, 1);
	w.request.random = 0x1234567890abcdef;
	choice_make(&w.group, w.trunks, &w.view, &w.request, &one);
	choice_make(&w.group, w.trunks, &w.view, &w.request, &other);
	assert_memory_equal(&one, &other, sizeof(one));
}

// --- hashes ---

#define CALLERS 20000

static void first_of_each_caller(struct world *w, uint16_t *ret_first) {
	struct random callers = {.state = 99};

	for (unsigned i = 0; i < CALLERS; i++) {
		struct choice_list list;

		w->request.hash = random_next(&callers);
		list = ask(w);
		ret_first[i] = list.entries[0].trunk;
	}
}

static void a_caller_stays_with_its_trunk_whatever_chance_and_turn(void **state) {
	struct choice_list list, again;
	struct world w;

	(void)state;
	begin(&w, CHOICE_HASH_CALLER, 8, 1);
	for (unsigned i = 0; i < 100; i++) {
		w.request.hash = random_next(&w.random);
		list = ask(&w);
		again = ask(&w);
		for (unsigned k = 0; k < 8; k++)
			assert_int_equal(list.entries[k].trunk, again.entries[k].trunk);
	}
}

static void hashes_keep_the_weights(void **state) {
	uint16_t first[CALLERS];
	unsigned count[3] = {0};
	struct world w;

	(void)state;
	begin(&w, CHOICE_HASH_CALL_ID, 3, 1);
	w.members[0].weight = 6;
	w.members[1].weight = 3;
	first_of_each_caller(&w, first);
	for (unsigned i = 0; i < CALLERS; i++)
		count[first[i]]++;
	assert_in_range(count[0], CALLERS * 59 / 100, CALLERS * 61 / 100);
	assert_in_range(count[1], CALLERS * 29 / 100, CALLERS * 31 / 100);
	assert_in_range(count[2], CALLERS * 9 / 100, CALLERS * 11 / 100);
}

static void who_leaves_moves_only_its_own_and_who_comes_back_gets_them(void **state) {
	uint16_t before[CALLERS], without[CALLERS], after[CALLERS];
	struct world w;

	(void)state;
	begin(&w, CHOICE_HASH_CALL_ID, 10, 1);
	first_of_each_caller(&w, before);
	w.trunk_live[4].state = HEALTH_UNUSABLE;
	first_of_each_caller(&w, without);
	w.trunk_live[4].state = HEALTH_USABLE;
	first_of_each_caller(&w, after);
	for (unsigned i = 0; i < CALLERS; i++) {
		if (before[i] == 4)
			assert_int_not_equal(without[i], 4);
		else
			assert_int_equal(without[i], before[i]);
		assert_int_equal(after[i], before[i]);
	}
}

// A reload that adds one and writes the others in another order.
static void a_new_one_takes_its_share_and_moves_nobody_else(void **state) {
	uint16_t before[CALLERS], after[CALLERS];
	unsigned moved = 0;
	struct world w;

	(void)state;
	begin(&w, CHOICE_HASH_CALLER, 9, 1);
	first_of_each_caller(&w, before);
	begin(&w, CHOICE_HASH_CALLER, 10, 1);
	for (unsigned i = 0; i < 5; i++) {
		struct choice_member other = w.members[i];

		w.members[i] = w.members[9 - i];
		w.members[9 - i] = other;
	}
	first_of_each_caller(&w, after);
	for (unsigned i = 0; i < CALLERS; i++) {
		moved += after[i] == 9;
		if (after[i] != 9)
			assert_int_equal(after[i], before[i]);
	}
	assert_in_range(moved, CALLERS * 9 / 100, CALLERS * 11 / 100);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_kept_in_the_long_run),
		cmocka_unit_test(the_second_is_drawn_by_weight_among_the_rest),
		cmocka_unit_test(a_weight_of_nought_has_next_to_no_chance_beside_others),
		cmocka_unit_test(weights_of_nought_alone_share_evenly),
		cmocka_unit_test(the_weights_of_who_is_left_are_kept),
		cmocka_unit_test(addresses_are_drawn_apart_from_trunks),
		cmocka_unit_test(the_same_chance_gives_the_same_list),
		cmocka_unit_test(a_caller_stays_with_its_trunk_whatever_chance_and_turn),
		cmocka_unit_test(hashes_keep_the_weights),
		cmocka_unit_test(who_leaves_moves_only_its_own_and_who_comes_back_gets_them),
		cmocka_unit_test(a_new_one_takes_its_share_and_moves_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
