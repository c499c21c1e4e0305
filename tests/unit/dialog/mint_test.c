// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/mint.h"
#include "test.h"

static const struct mint_id id = {.worker = 3, .slot = 0x12345, .generation = 0xfffffffd};

static void what_is_minted_is_read_back(void **state) {
	char branch[MINT_BRANCH_LEN];
	struct mint_id read;

	(void)state;
	mint_branch(branch, id, 7, 99);
	assert_true(mint_branch_read(str_of(branch, sizeof(branch)), 7, 99, &read));
	assert_int_equal(read.worker, id.worker);
	assert_int_equal(read.slot, id.slot);
	assert_int_equal(read.generation, id.generation);
}

static void other_seed_call_or_use_names_nothing(void **state) {
	char branch[MINT_BRANCH_LEN];
	struct str text = {.ptr = branch, .len = sizeof(branch)};
	struct mint_id read;

	(void)state;
	mint_branch(branch, id, 7, 99);
	assert_false(mint_branch_read(text, 8, 99, &read));
	assert_false(mint_branch_read(text, 7, 98, &read));
	assert_false(mint_read(str_of(branch + 8, MINT_LEN), MINT_DIALOG, 7, 99, &read));
	assert_true(mint_read(str_of(branch + 8, MINT_LEN), MINT_BRANCH, 7, 99, &read));
}

static void every_changed_character_names_nothing(void **state) {
	char branch[MINT_BRANCH_LEN];
	struct mint_id read;

	(void)state;
	for (unsigned i = 0; i < MINT_BRANCH_LEN; i++) {
		mint_branch(branch, id, 7, 99);
		branch[i] = branch[i] == '0' ? '1' : '0';
		assert_false(mint_branch_read(str_of(branch, sizeof(branch)), 7, 99, &read));
	}
}

static void other_lengths_name_nothing(void **state) {
	char branch[MINT_BRANCH_LEN + 1];
	struct mint_id read;

	(void)state;
	mint_branch(branch, id, 7, 99);
	branch[MINT_BRANCH_LEN] = '0';
	for (unsigned len = 0; len <= MINT_BRANCH_LEN + 1; len++)
		assert_int_equal(mint_branch_read(str_of(branch, len), 7, 99, &read), len == MINT_BRANCH_LEN);
}

static void a_return_branch_proves_its_way_and_listener(void **state) {
	char branch[MINT_RETURN_LEN + 1];
	struct str text = {.ptr = branch, .len = MINT_RETURN_LEN};
	uint8_t listener = 0;

	(void)state;
	mint_return_branch(branch, 3, 7, 99);
	branch[MINT_RETURN_LEN] = '0';
	assert_true(mint_return_read(text, 7, 99, &listener));
	assert_int_equal(listener, 3);
	assert_false(mint_return_read(text, 8, 99, &listener));
	assert_false(mint_return_read(text, 7, 98, &listener));
	for (unsigned len = 0; len <= sizeof(branch); len++)
		assert_int_equal(mint_return_read(str_of(branch, len), 7, 99, &listener), len == MINT_RETURN_LEN);
	for (unsigned i = 0; i < MINT_RETURN_LEN; i++) {
		mint_return_branch(branch, 3, 7, 99);
		branch[i] = branch[i] == '0' ? '1' : '0';
		assert_false(mint_return_read(text, 7, 99, &listener));
	}
}

static void a_stateless_branch_is_the_same_for_a_retransmission(void **state) {
	char a[MINT_STATELESS_LEN], b[MINT_STATELESS_LEN];

	(void)state;
	mint_stateless_branch(a, STR("z9hG4bKx"), 1, 2);
	mint_stateless_branch(b, STR("z9hG4bKx"), 1, 2);
	assert_memory_equal(a, b, sizeof(a));
	mint_stateless_branch(b, STR("z9hG4bKy"), 1, 2);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void a_tag_is_found_again_from_branch_and_call(void **state) {
	char a[MINT_TAG_LEN], b[MINT_TAG_LEN];

	(void)state;
	mint_tag(a, STR("z9hG4bKx"), 1, 2);
	mint_tag(b, STR("z9hG4bKx"), 1, 2);
	assert_memory_equal(a, b, sizeof(a));
	mint_tag(b, STR("z9hG4bKx"), 1, 3);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_minted_is_read_back),
		cmocka_unit_test(other_seed_call_or_use_names_nothing),
		cmocka_unit_test(every_changed_character_names_nothing),
		cmocka_unit_test(other_lengths_name_nothing),
		cmocka_unit_test(a_return_branch_proves_its_way_and_listener),
		cmocka_unit_test(a_stateless_branch_is_the_same_for_a_retransmission),
		cmocka_unit_test(a_tag_is_found_again_from_branch_and_call),
	};

	return cmocka_run_group_tests_name("dialog/mint", tests, NULL, NULL);
}
