// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/lex.h"
#include "unit/random.h"
#include "unit/test.h"

#define ROOM 200

static void line_is_found_by_its_first_letter(void **state) {
	static const struct {
		const char *text;
		uint32_t from, found;
	} rows[] = {
		{"Call", 0, 0},
		{"x\nCall", 0, 2},
		{"x\ncall", 0, 2},
		{"x\nVia\nInfo", 0, 6},
		{"x\nVia\r\n\r\n", 0, 7},
		{"x\n\n", 0, 2},
		{"x ci\nv", 0, 6},
		{"x\n", 0, 2},
		{"", 0, 0},
		{"x\ni", 3, 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str text = str_from_c(rows[i].text);

		assert_int_equal(lex_find_line_plain(text, rows[i].from, 'c', 'i'), rows[i].found);
		assert_int_equal(lex_find_line(text, rows[i].from, 'c', 'i'), rows[i].found);
	}
}

static void vector_twin_gives_the_same_line(void **state) {
	static const char alphabet[] = "aaaaaaaaCiI\r\n\n:";
	struct random random = {.state = 7};
	struct guarded room = guarded_end((char[ROOM]){0}, ROOM);

	(void)state;
	for (int round = 0; lex_has_avx2() && round < 50000; round++) {
		uint32_t len = (uint32_t)random_below(&random, ROOM + 1), from = 0;
		char *bytes = room.ptr + ROOM - len;
		struct str text = str_of(bytes, len);

		for (uint32_t i = 0; i < len; i++)
			bytes[i] = alphabet[random_below(&random, sizeof(alphabet) - 1)];
		do {
			uint32_t found = lex_find_line_plain(text, from, 'c', 'i');

			assert_int_equal(lex_find_line_avx2(text, from, 'c', 'i'), found);
			while (found < len && bytes[found] != '\n')
				found++;
			from = found + 1;
		} while (from <= len);
	}
	guarded_free(&room);
}

static void odd_bytes_are_seen(void **state) {
	(void)state;
	assert_false(lex_has_odd_bytes(STR("")));
	assert_false(lex_has_odd_bytes(STR("a\r\nb\n\r\n")));
	assert_true(lex_has_odd_bytes(STR("a\0b")));
	assert_true(lex_has_odd_bytes(STR("a\rb\r\n")));
	assert_true(lex_has_odd_bytes(STR("a\r\r\n")));
	assert_true(lex_has_odd_bytes(STR("a\r")));
}

static void nul_belongs_into_a_quoted_string_that_closes(void **state) {
	(void)state;
	assert_true(lex_is_value(STR("")));
	assert_true(lex_is_value(STR("\"\0\"")));
	assert_true(lex_is_value(STR("a \"b\\\0\" c\r\n \"\0\"")));
	assert_true(lex_is_value(STR("\"\\\"\0\"")));
	assert_true(lex_is_value(STR("\"unclosed")));
	assert_false(lex_is_value(STR("\"unclosed\0")));
	assert_false(lex_is_value(STR("\"a\"\0")));
	assert_false(lex_is_value(STR("\\\0")));
	assert_false(lex_is_value(STR("\"a\rb\"")));
	assert_false(lex_is_value(STR("\"a\\\rb\"")));
	assert_false(lex_is_value(STR("a\r")));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_is_found_by_its_first_letter),
		cmocka_unit_test(vector_twin_gives_the_same_line),
		cmocka_unit_test(odd_bytes_are_seen),
		cmocka_unit_test(nul_belongs_into_a_quoted_string_that_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
