// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"

#include <stdio.h>

#include "unit/test.h"

static void the_seed_decides(void **state) {
	(void)state;
	assert_true(hash_str(1, STR("a84b4c76e66710")) == hash_str(1, STR("a84b4c76e66710")));
	assert_true(hash_str(1, STR("a84b4c76e66710")) != hash_str(2, STR("a84b4c76e66710")));
	assert_true(hash_str(1, STR("a84b4c76e66710")) != hash_str(1, STR("a84b4c76e66711")));
}

// Names made to fall into one chain of 1,024 by someone who does not know the seed fall into many.
static void names_that_collide_without_the_seed_are_spread_by_it(void **state) {
	enum { CHAINS = 1024, NAMES = 512 };
	unsigned in_chain[CHAINS] = {0}, found = 0;
	char name[32];

	(void)state;
	for (uint32_t number = 0; found < NAMES; number++) {
		struct str text = str_of(name, (size_t)snprintf(name, sizeof(name), "%08x@192.0.2.10", number));

		if (hash_str(0, text) % CHAINS != 0)
			continue;
		found++;
		assert_true(++in_chain[hash_str(0x5eed5eed5eed5eed, text) % CHAINS] <= 8);
	}
}

static void an_empty_text_can_be_hashed(void **state) {
	(void)state;
	assert_true(hash_str(1, (struct str){0}) == hash_str(1, STR("")));
}

static void only_the_text_is_read(void **state) {
	struct guarded at_end = guarded_end("z9hG4bK-524287-1---0", 20),
		       at_start = guarded_start("z9hG4bK-524287-1---0", 20);

	(void)state;
	for (size_t len = 0; len <= 20; len++)
		assert_true(hash_str(7, str_of(at_end.ptr, 20 - len)) == hash_str(7, str_of(at_start.ptr, 20 - len)));
	assert_true(hash_str(7, str_of(at_end.ptr + 1, 19)) == hash_str(7, str_of(at_start.ptr + 1, 19)));
	guarded_free(&at_end);
	guarded_free(&at_start);
}

static void mixing_heeds_the_order(void **state) {
	(void)state;
	assert_true(hash_mix(1, 2) != hash_mix(2, 1));
	assert_true(hash_mix(0, 0) != hash_mix(0, 1));
	assert_true(hash_mix(3, 4) == hash_mix(3, 4));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seed_decides),
		cmocka_unit_test(names_that_collide_without_the_seed_are_spread_by_it),
		cmocka_unit_test(an_empty_text_can_be_hashed),
		cmocka_unit_test(only_the_text_is_read),
		cmocka_unit_test(mixing_heeds_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
