// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <errno.h>
#include <stdio.h>

#include "../random.h"
#include "../test.h"
#include "template.h"

static const struct fill fill = {
	.part[INSERT_ID] = {.ptr = "0123456789abcdef", .len = ID_LEN},
	.part[INSERT_NUMBER] = {.ptr = "00000042", .len = NUMBER_LEN},
};

static void names_and_places_are_filled(void **state) {
	static const struct template_name names[] = {
		{.name = "who", .text = "<[n]>"}, {.name = "from", .text = "a[who]b"}, {0}};
	struct template t;
	char out[64];

	(void)state;
	assert_int_equal(template_compile(&t, "x [from] [id];[::1][other]", names), 0);
	assert_int_equal(template_write(&t, &fill, out, sizeof(out)), 44);
	assert_memory_equal(out, "x a<00000042>b 0123456789abcdef;[::1][other]", 44);
}

static void a_full_buffer_writes_nothing_past_its_end(void **state) {
	struct template t;
	size_t page;
	struct guarded room = guarded_map(24, &page);

	(void)state;
	room.ptr = (char *)room.map + room.map_size - page - 24;
	assert_int_equal(template_compile(&t, "12345678[id]", NULL), 0);
	assert_int_equal(template_write(&t, &fill, room.ptr, 24), 24);
	for (uint32_t size = 0; size < 24; size++)
		assert_int_equal(template_write(&t, &fill, room.ptr + 24 - size, size), 0);
	guarded_free(&room);
}

static void only_the_same_text_is_the_template(void **state) {
	struct template t;
	struct str rest;

	(void)state;
	assert_int_equal(template_compile(&t, "a[n]b", NULL), 0);
	assert_true(template_is(&t, &fill, STR("a00000042b")));
	assert_false(template_is(&t, &fill, STR("a00000043b")));
	assert_false(template_is(&t, &fill, STR("a00000042bc")));
	assert_false(template_is(&t, &fill, STR("a00000042")));
	assert_true(template_begins(&t, &fill, STR("a00000042bc"), &rest));
	assert_true(str_eq(rest, STR("c")));
}

static void each_changed_byte_is_seen(void **state) {
	static const char literal[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'";
	const struct fill fill = {.part[INSERT_NUMBER] = STR("00000042"), .part[INSERT_ID] = STR("0123456789abcdef")};
	struct template t;

	(void)state;
	for (int len = 0; len < (int)sizeof(literal); len++) {
		char text[256], out[256];
		uint32_t written;

		snprintf(text, sizeof(text), "%.*s[id]%.*s[n]%.*s", len, literal, len / 2, literal, len, literal);
		assert_int_equal(template_compile(&t, text, NULL), 0);
		written = template_write(&t, &fill, out, sizeof(out));
		assert_int_equal(written, len + ID_LEN + len / 2 + NUMBER_LEN + len);
		for (uint32_t i = 0; i < written; i++) {
			struct guarded value;

			out[i] ^= 0x20;
			value = guarded_end(out, written);
			assert_false(template_is(&t, &fill, str_of(value.ptr, written)));
			guarded_free(&value);
			out[i] ^= 0x20;
			assert_false(template_is(&t, &fill, str_of(out, i)));
		}
		assert_true(template_is(&t, &fill, str_of(out, written)));
	}
}

static void circles_and_too_much_are_refused(void **state) {
	static const struct template_name names[] = {{.name = "a", .text = "[b]"}, {.name = "b", .text = "[a]"}, {0}};
	static char much[TEMPLATE_TEXT_MAX + 2];
	char places[3 * (TEMPLATE_PARTS_MAX + 1) + 1] = "";
	struct template t;

	(void)state;
	memset(much, 'x', sizeof(much) - 1);
	for (unsigned i = 0; i < TEMPLATE_PARTS_MAX; i++)
		memcpy(places + 3ul * i, "[n]", 4);
	assert_int_equal(template_compile(&t, "[a]", names), -ELOOP);
	assert_int_equal(template_compile(&t, much, names), -E2BIG);
	assert_int_equal(template_compile(&t, places, names), -E2BIG);
}

static void identifiers_come_back(void **state) {
	static const uint64_t ids[] = {0, 1, 0x0123456789abcdef, UINT64_MAX};
	char text[ID_LEN];

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(ids); i++) {
		uint64_t id = 5;

		id_write(text, ids[i]);
		assert_true(id_read(text, &id));
		assert_int_equal(id, ids[i]);
	}
	for (unsigned i = 0; i < ID_LEN; i++) {
		uint64_t id = 5;
		char kept = text[i];

		text[i] = "gG/:` \xff"[i % 7];
		assert_false(id_read(text, &id));
		assert_int_equal(id, 5);
		text[i] = kept;
	}
}

static void numbers_have_all_their_digits(void **state) {
	struct random random = {.state = 1};
	char number[NUMBER_LEN], id[ID_LEN], text[ID_LEN + 1];

	(void)state;
	number_write(number, 4123456789);
	assert_memory_equal(number, "23456789", NUMBER_LEN);
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t value = i < 100000 ? i : random_next(&random);

		number_write(number, (uint32_t)value);
		snprintf(text, sizeof(text), "%08u", (uint32_t)value % 100000000);
		assert_memory_equal(number, text, NUMBER_LEN);
		id_write(id, value);
		snprintf(text, sizeof(text), "%016lx", value);
		assert_memory_equal(id, text, ID_LEN);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_places_are_filled),
		cmocka_unit_test(a_full_buffer_writes_nothing_past_its_end),
		cmocka_unit_test(only_the_same_text_is_the_template),
		cmocka_unit_test(circles_and_too_much_are_refused),
		cmocka_unit_test(each_changed_byte_is_seen),
		cmocka_unit_test(identifiers_come_back),
		cmocka_unit_test(numbers_have_all_their_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
