// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/str.h"

#include "unit/test.h"

static void numbers_are_read_up_to_their_limit(void **state) {
	static const struct {
		const char *text;
		uint64_t max;
		bool good;
		uint64_t value;
	} rows[] = {
		{.text = "0", .max = 0, .good = true, .value = 0},
		{.text = "00", .max = 0, .good = true, .value = 0},
		{.text = "1", .max = 0},
		{.text = "9", .max = 5},
		{.text = "5", .max = 5, .good = true, .value = 5},
		{.text = "6", .max = 5},
		{.text = "77", .max = 5},
		{.text = "9999999999999999999999999", .max = 5},
		{.text = "255", .max = 255, .good = true, .value = 255},
		{.text = "256", .max = 255},
		{.text = "260", .max = 255},
		{.text = "000000000000000000000000000000255", .max = 255, .good = true, .value = 255},
		{.text = "65535", .max = UINT16_MAX, .good = true, .value = UINT16_MAX},
		{.text = "65536", .max = UINT16_MAX},
		{.text = "4294967295", .max = UINT32_MAX, .good = true, .value = UINT32_MAX},
		{.text = "4294967296", .max = UINT32_MAX},
		{.text = "18446744073709551615", .max = UINT64_MAX, .good = true, .value = UINT64_MAX},
		{.text = "18446744073709551616", .max = UINT64_MAX},
		{.text = "18446744073709551619", .max = 9},
		{.text = "99999999999999999999", .max = UINT64_MAX},
		{.text = "", .max = UINT64_MAX},
		{.text = "-1", .max = UINT64_MAX},
		{.text = "+1", .max = UINT64_MAX},
		{.text = " 1", .max = UINT64_MAX},
		{.text = "1 ", .max = UINT64_MAX},
		{.text = "1a", .max = UINT64_MAX},
		{.text = "/", .max = UINT64_MAX},
		{.text = ":", .max = UINT64_MAX},
		{.text = "\xff", .max = UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct guarded text = guarded_end(rows[i].text, strlen(rows[i].text));
		uint64_t value = 4711;

		assert_int_equal(str_to_u64(str_of(text.ptr, text.len), rows[i].max, &value), rows[i].good);
		assert_true(value == (rows[i].good ? rows[i].value : 4711));
		guarded_free(&text);
	}
}

static void comparing_heeds_length_and_case(void **state) {
	(void)state;
	assert_true(str_eq(STR("INVITE"), STR("INVITE")));
	assert_false(str_eq(STR("INVITE"), STR("invite")));
	assert_false(str_eq(STR("INVITE"), STR("INVIT")));
	assert_true(str_eq_nocase(STR("Via"), STR("vIA")));
	assert_false(str_eq_nocase(STR("Via"), STR("Vib")));
	assert_false(str_eq_nocase(STR("Via"), STR("Vi")));
	assert_true(str_eq((struct str){0}, STR("")));
	assert_true(str_eq_nocase((struct str){0}, STR("")));
	assert_true(str_eq(str_from_c("abc"), STR("abc")));
}

static void prefixes_are_found_at_the_start_only(void **state) {
	(void)state;
	assert_true(str_starts(STR("z9hG4bK77"), STR("z9hG4bK")));
	assert_true(str_starts(STR("z9hG4bK"), STR("z9hG4bK")));
	assert_false(str_starts(STR("z9hG4b"), STR("z9hG4bK")));
	assert_false(str_starts(STR("xz9hG4bK"), STR("z9hG4bK")));
	assert_true(str_starts((struct str){0}, STR("")));
}

static void trimming_takes_folds_too(void **state) {
	(void)state;
	assert_true(str_eq(str_trim(STR(" \t\r\n a b\r\n ")), STR("a b")));
	assert_true(str_eq(str_trim(STR("a")), STR("a")));
	assert_int_equal(str_trim(STR(" \r\n\t")).len, 0);
	assert_int_equal(str_trim((struct str){0}).len, 0);
}

static void trimming_stays_within_the_text(void **state) {
	struct guarded at_end = guarded_end("  ", 2), at_start = guarded_start("  ", 2);

	(void)state;
	assert_int_equal(str_trim(str_of(at_end.ptr, 2)).len, 0);
	assert_int_equal(str_trim(str_of(at_start.ptr, 2)).len, 0);
	guarded_free(&at_end);
	guarded_free(&at_start);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_up_to_their_limit),
		cmocka_unit_test(comparing_heeds_length_and_case),
		cmocka_unit_test(prefixes_are_found_at_the_start_only),
		cmocka_unit_test(trimming_takes_folds_too),
		cmocka_unit_test(trimming_stays_within_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
