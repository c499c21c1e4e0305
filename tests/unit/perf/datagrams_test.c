// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../test.h"
#include "datagrams.h"

#define SPLIT_MAX 4

static void text_is_split_at_lines_of_dashes(void **state) {
	static const struct row {
		const char *text;
		const char *datagrams[SPLIT_MAX]; // up to NULL
	} rows[] = {
		{.text = "A\r\nb\r\n\r\n---\r\nC\r\n", .datagrams = {"A\r\nb\r\n\r\n", "C\r\n"}},
		{.text = "A\nb\n\n---\nC", .datagrams = {"A\r\nb\r\n\r\n", "C\r\n"}},
		{.text = "---\nA\n---\n---\nB\n---\n", .datagrams = {"A\r\n", "B\r\n"}},
		{.text = "A\n----\n --- \nB", .datagrams = {"A\r\n----\r\n --- \r\nB\r\n"}},
		{.text = "\n\n---\nx", .datagrams = {"\r\n\r\n", "x\r\n"}},
		{.text = ""},
		{.text = "---"},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct datagrams all = {0};
		struct guarded text = guarded_end(rows[i].text, (uint32_t)strlen(rows[i].text));

		assert_int_equal(datagrams_split(&all, str_of(text.ptr, text.len)), 0);
		for (unsigned at = 0; at < all.count; at++) {
			assert_true(at < SPLIT_MAX && rows[i].datagrams[at]);
			assert_true(
				str_eq(str_of(all.item[at].bytes, all.item[at].len), str_from_c(rows[i].datagrams[at]))
			);
		}
		assert_null(rows[i].datagrams[all.count]);
		datagrams_free(&all);
		guarded_free(&text);
	}
}

static void too_much_is_refused(void **state) {
	static char text[4 * (DATAGRAMS_MAX + 1) + 2 * (DATAGRAMS_MAX + 1)];
	struct datagrams all = {0};

	(void)state;
	memset(text, 'x', DATAGRAM_MAX + 1);
	assert_int_equal(datagrams_split(&all, str_of(text, DATAGRAM_MAX - 2)), 0);
	assert_int_equal(datagrams_split(&all, str_of(text, DATAGRAM_MAX - 1)), -E2BIG);
	datagrams_free(&all);
	for (unsigned i = 0; i <= DATAGRAMS_MAX; i++)
		memcpy(text + 6 * i, "x\n---\n", 6);
	assert_int_equal(datagrams_split(&all, str_of(text, 6 * DATAGRAMS_MAX)), 0);
	assert_int_equal(all.count, DATAGRAMS_MAX);
	assert_int_equal(datagrams_split(&all, str_of(text, 2)), -E2BIG);
	datagrams_free(&all);
}

static void junk_is_no_sip(void **state) {
	struct datagrams all;
	uint32_t least = UINT32_MAX, most = 0;

	(void)state;
	assert_int_equal(datagrams_read(&all, "junk", 1), 0);
	for (unsigned i = 0; i < all.count; i++) {
		struct message m;

		least = all.item[i].len < least ? all.item[i].len : least;
		most = all.item[i].len > most ? all.item[i].len : most;
		assert_false(message_walk(&m, all.item[i].bytes, all.item[i].len));
	}
	assert_in_range(least, 4, 20);
	assert_in_range(most, 380, 400);
	datagrams_free(&all);
}

static void put(const char *dir, const char *name, const char *bytes) {
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(bytes, file);
	fclose(file);
}

static void remove_file(const char *dir, const char *name) {
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	remove(path);
}

static void each_file_of_a_directory_is_one(void **state) {
	char dir[] = "/tmp/datagrams.XXXXXX";
	struct datagrams all;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(datagrams_read(&all, dir, 1), -ENODATA);
	datagrams_free(&all);
	put(dir, "2", "x\n---\ny");
	put(dir, "1", "\x01\n");
	assert_int_equal(datagrams_read(&all, dir, 1), 0);
	assert_int_equal(all.count, 2);
	assert_true(str_eq(str_of(all.item[0].bytes, all.item[0].len), STR("\x01\n")));
	assert_true(str_eq(str_of(all.item[1].bytes, all.item[1].len), STR("x\n---\ny")));
	datagrams_free(&all);
	remove_file(dir, "1");
	remove_file(dir, "2");
	remove(dir);
	assert_int_equal(datagrams_read(&all, dir, 1), -ENOENT);
	datagrams_free(&all);
}

static void answers_are_counted_by_first_line(void **state) {
	static const char *const others[] = {
		"", "SIP/2.0 4", "SIP/2.0 099 x", "SIP/2.0 700 x", "SIP/2.0 4x0 x", "OPTIONS x"};
	struct answers answers = {0};

	(void)state;
	answers_count(&answers, STR("SIP/2.0 400 Bad Request\r\n"));
	answers_count(&answers, STR("SIP/2.0 400 "));
	answers_count(&answers, STR("SIP/2.0 503 Busy"));
	for (unsigned i = 0; i < ARRAY_LEN(others); i++)
		answers_count(&answers, str_from_c(others[i]));
	assert_int_equal(answers.status[400], 2);
	assert_int_equal(answers.status[503], 1);
	assert_int_equal(answers.other, ARRAY_LEN(others));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_split_at_lines_of_dashes),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(junk_is_no_sip),
		cmocka_unit_test(each_file_of_a_directory_is_one),
		cmocka_unit_test(answers_are_counted_by_first_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
