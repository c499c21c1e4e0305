// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/numbers_csv.h"

#include <errno.h>
#include <stdio.h>

#include "base/hash.h"
#include "unit/random.h"
#include "unit/test.h"

#define FILE_NAME "table.csv" // in a folder of its own

static const char *const trunks[] = {"alpha", "beta", "gamma, south", "delta"};

struct rig {
	char folder[64];
	struct numbers table;
	struct numbers_csv_report report;
};

static void write_file(const char *bytes, size_t len) {
	FILE *file = fopen(FILE_NAME, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static int load_file(struct rig *rig, enum numbers_kind kind) {
	struct numbers_csv csv = {.path = FILE_NAME, .kind = kind, .huge = MEM_HUGE_OFF};

	if (kind == NUMBERS_OFFERS) {
		csv.trunks = trunks;
		csv.trunk_count = ARRAY_LEN(trunks);
	}
	return numbers_csv_load(&csv, &rig->table, &rig->report);
}

static int load_text(struct rig *rig, enum numbers_kind kind, const char *text) {
	write_file(text, strlen(text));
	return load_file(rig, kind);
}

// "trunk:cost trunk:cost" of exactly that prefix.
static void assert_offers(const struct rig *rig, const char *prefix, const char *wanted) {
	struct offers offers = numbers_at(&rig->table, prefix_of(str_from_c(prefix)));
	char text[200] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < offers.count && len < sizeof(text); i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s%u:%u", i ? " " : "", offers.ptr[i].trunk, offers.ptr[i].cost
		);
	assert_string_equal(text, wanted);
}

static void every_way_to_write_a_row_is_read(void **state) {
	static const char *const texts[] = {
		"49,beta,0.02\n49,alpha,0.01\n1,delta\n",
		"49,beta,0.02\n49,alpha,0.01\n1,delta", // no end of line
		"49,beta,0.02\r\n49,alpha,0.01\r\n1,delta\r\n",
		"\xef\xbb\xbf"
		"49,beta,0.02\n49,alpha,0.01\n1,delta\n",
		"\xef\xbb\xbf"
		"prefix,trunk,cost\n49,beta,0.02\n49,alpha,0.01\n1,delta,\n",
		"Prefix;Trunk;Cost\r\n49;beta;0,02\r\n49;alpha;0,01\r\n1;delta;\r\n",
		"\"prefix\",\"trunk\"\n\"49\",\"beta\",\"0.02\"\n\"+49\" , \"alpha\" ,\"0,01\"\n\"1\",\"delta\",\"\"\n",
		"# a comment, with a comma; and a semicolon\n\n  \t\n49;beta;.02\n   # "
		"another\n+49;alpha;0.010000\n1;delta;0\n",
		" +49 ,\tbeta , 00.02 \n 49,alpha,0.01,,,\n\n\n1,delta,0.,",
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(load_text(rig, NUMBERS_OFFERS, texts[i]), 0);
		assert_int_equal(rig->report.row_count, 3);
		assert_int_equal(rig->report.problem_count, 0);
		assert_int_equal(numbers_prefix_count(&rig->table), 2);
		assert_offers(rig, "49", "0:100 1:200");
		assert_offers(rig, "1", "3:0");
		numbers_fini(&rig->table);
	}
}

static void a_name_with_a_separator_stands_in_quotes(void **state) {
	struct rig *rig = *state;

	assert_int_equal(load_text(rig, NUMBERS_OFFERS, "\"49\",\"gamma, south\",1\n50;beta"), -EINVAL);
	assert_int_equal(load_text(rig, NUMBERS_OFFERS, "49;gamma, south;1\n50;\"gamma, south\";2\n"), 0);
	assert_offers(rig, "49", "2:10000");
	assert_offers(rig, "50", "2:20000");
	numbers_fini(&rig->table);
}

static void lists_have_values_or_none(void **state) {
	uint64_t value = 77;
	struct rig *rig = *state;
	uint8_t len;

	assert_int_equal(load_text(rig, NUMBERS_VALUES, "prefix\n49900\n+4990;603\n1;4294967295\n"), 0);
	assert_int_equal(rig->report.row_count, 3);
	assert_true(numbers_find_value(&rig->table, prefix_of(STR("499001")), &value, &len));
	assert_int_equal(value, 0);
	assert_true(numbers_find_value(&rig->table, prefix_of(STR("499011")), &value, &len));
	assert_int_equal(value, 603);
	assert_true(numbers_find_value(&rig->table, prefix_of(STR("1")), &value, &len));
	assert_int_equal(value, UINT32_MAX);
	numbers_fini(&rig->table);
}

static void ported_numbers_have_digits_to_route_by(void **state) {
	struct rig *rig = *state;
	char text[PREFIX_DIGITS_MAX + 1];
	uint64_t value = 0;
	uint8_t len;

	assert_int_equal(load_text(rig, NUMBERS_PORTED, "number,routing-number\n12015550123,+12125550100\n"), 0);
	assert_true(numbers_find_value(&rig->table, prefix_of(STR("12015550123")), &value, &len));
	prefix_text(numbers_unpack(value), text);
	assert_string_equal(text, "12125550100");
	assert_false(numbers_find_value(&rig->table, prefix_of(STR("12015550124")), &value, &len));
	numbers_fini(&rig->table);
}

struct bad_line {
	enum numbers_kind kind;
	const char *text;   // one bad line among good ones
	const char *wanted; // what is said about it, behind the name of the file
};

static void assert_bad_lines(struct rig *rig, const struct bad_line *lines, size_t count) {
	for (size_t i = 0; i < count; i++) {
		char wanted[200];

		snprintf(wanted, sizeof(wanted), "%s:%s", FILE_NAME, lines[i].wanted);
		assert_int_equal(load_text(rig, lines[i].kind, lines[i].text), -EINVAL);
		assert_int_equal(rig->report.problem_count, 1);
		assert_int_equal(rig->report.text_count, 1);
		assert_string_equal(rig->report.texts[0], wanted);
	}
}

static void bad_numbers_are_named_with_what_to_write_instead(void **state) {
	static const struct bad_line lines[] = {
		{NUMBERS_OFFERS,
		 "49x,beta\n",
		 "1: prefix \"49x\" is not a number; write 1 to 15 digits, with or without a +"},
		{NUMBERS_OFFERS,
		 "+,beta\n",
		 "1: prefix \"+\" is not a number; write 1 to 15 digits, with or without a +"},
		{NUMBERS_OFFERS,
		 "++49,beta",
		 "1: prefix \"++49\" is not a number; write 1 to 15 digits, with or without a +"},
		{NUMBERS_OFFERS,
		 "49,beta\nprefix,trunk\n",
		 "2: prefix \"prefix\" is not a number; write 1 to 15 digits, with or without a +"},
		{NUMBERS_OFFERS,
		 "\n\n4912345678901234,beta\n",
		 "3: prefix \"4912345678901234\" is not a number; write 1 to 15 digits, with or without a +"},
		{NUMBERS_OFFERS,
		 "49;beta\n50,beta\n",
		 "2: prefix \"50,beta\" is not a number; write 1 to 15 digits, with or without a +"},
		{NUMBERS_OFFERS, ",beta,1\n", "1: the prefix is missing; write prefix,trunk,cost"},
		{NUMBERS_PORTED, "4930\n", "1: the routing number is missing; write number,routing-number"},
		{NUMBERS_PORTED, ",49\n", "1: the number is missing; write number,routing-number"},
		{NUMBERS_PORTED,
		 "4930,D12\n",
		 "1: routing number \"D12\" is not a number; write 1 to 15 digits, with or without a +"},
	};

	assert_bad_lines(*state, lines, ARRAY_LEN(lines));
}

static void bad_trunks_costs_and_values_are_named_with_what_to_write_instead(void **state) {
	static const struct bad_line lines[] = {
		{NUMBERS_OFFERS, "49\n", "1: the trunk is missing; write prefix,trunk,cost"},
		{NUMBERS_OFFERS, "49, ,1\n", "1: the trunk is missing; write prefix,trunk,cost"},
		{NUMBERS_OFFERS,
		 "49,Beta\n",
		 "1: there is no trunk \"Beta\"; write the name of one that is configured"},
		{NUMBERS_OFFERS,
		 "49,b\x01\x7f\n",
		 "1: there is no trunk \"b??\"; write the name of one that is configured"},
		{NUMBERS_OFFERS,
		 "49,0123456789012345678901234567890123456789x\n",
		 "1: there is no trunk \"0123456789012345678901234567890123456789...\"; "
		 "write the name of one that is configured"},
		{NUMBERS_OFFERS,
		 "49,beta,1.00001\n",
		 "1: cost \"1.00001\" is not one; write up to 429496.7295 with at most 4 decimals"},
		{NUMBERS_OFFERS,
		 "49,beta,429496.7296\n",
		 "1: cost \"429496.7296\" is not one; write up to 429496.7295 with at most 4 decimals"},
		{NUMBERS_OFFERS,
		 "49,beta,99999999999999999999999\n",
		 "1: cost \"99999999999999999999999\" is not one; write up to 429496.7295 with at most 4 decimals"},
		{NUMBERS_OFFERS,
		 "49,beta,-1\n",
		 "1: cost \"-1\" is not one; write up to 429496.7295 with at most 4 decimals"},
		{NUMBERS_OFFERS,
		 "49,beta,.\n",
		 "1: cost \".\" is not one; write up to 429496.7295 with at most 4 decimals"},
		{NUMBERS_OFFERS,
		 "49;beta;1.000,00\n",
		 "1: cost \"1.000,00\" is not one; write up to 429496.7295 with at most 4 decimals"},
		{NUMBERS_VALUES, "49,x\n", "1: value \"x\" is not one; write a whole number up to 4294967295"},
		{NUMBERS_VALUES,
		 "49,4294967296\n",
		 "1: value \"4294967296\" is not one; write a whole number up to 4294967295"},
	};

	assert_bad_lines(*state, lines, ARRAY_LEN(lines));
}

static void bad_fields_are_named_with_what_to_write_instead(void **state) {
	static const struct bad_line lines[] = {
		{NUMBERS_OFFERS, "49,beta,1,,x\n", "1: field 5, \"x\", is one too many; write prefix,trunk,cost"},
		{NUMBERS_OFFERS,
		 "49,\"beta,1\n",
		 "1: the quotes of \"beta,1 are wrong; put one \" before and one behind a field"},
		{NUMBERS_OFFERS,
		 "49,\"be\"ta,1\n",
		 "1: the quotes of \"be\"ta,1 are wrong; put one \" before and one behind a field"},
		{NUMBERS_OFFERS, "49,\"", "1: the quotes of \" are wrong; put one \" before and one behind a field"},
		{NUMBERS_VALUES, "49,1,2\n", "1: field 3, \"2\", is one too many; write prefix,value"},
	};

	assert_bad_lines(*state, lines, ARRAY_LEN(lines));
}

static void repeated_rows_are_named_with_the_line_of_the_first(void **state) {
	static const struct bad_line lines[] = {
		{NUMBERS_OFFERS,
		 "# one\n49,beta,1\n5,beta\n49,alpha\n49,beta,2\n",
		 "5: prefix 49 with trunk \"beta\" is on line 2 as well; keep one of them"},
		{NUMBERS_VALUES, "49\n5\n+49,1\n", "3: prefix 49 is on line 1 as well; keep one of them"},
		{NUMBERS_PORTED, "49,1\n49,1\n", "2: number 49 is on line 1 as well; keep one of them"},
	};

	assert_bad_lines(*state, lines, ARRAY_LEN(lines));
}

static void a_refused_file_leaves_the_table_as_it_was(void **state) {
	struct rig *rig = *state;

	assert_int_equal(load_text(rig, NUMBERS_OFFERS, "49,beta,1\n"), 0);
	assert_int_equal(load_text(rig, NUMBERS_OFFERS, "50,beta,1\n49,nobody,1\n"), -EINVAL);
	assert_int_equal(load_text(rig, NUMBERS_OFFERS, "50,beta,1\n50,beta,1\n"), -EINVAL);
	assert_offers(rig, "49", "1:10000");
	assert_offers(rig, "50", "");
	numbers_fini(&rig->table);
}

static void the_first_twenty_problems_are_named_and_all_counted(void **state) {
	static const struct {
		const char *line, *wanted; // the last that is named
	} rows[] = {
		{"x\n", "table.csv:20: prefix \"x\" is not a number; write 1 to 15 digits, with or without a +"},
		{"49\n", "table.csv:21: prefix 49 is on line 1 as well; keep one of them"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[4 * 50 + 1] = "";
		size_t len = 0;

		for (uint32_t line = 0; line < 50; line++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", rows[i].line);
		assert_int_equal(load_text(rig, NUMBERS_VALUES, text), -EINVAL);
		assert_int_equal(rig->report.problem_count, 50 - i);
		assert_int_equal(rig->report.text_count, NUMBERS_CSV_TEXTS);
		assert_string_equal(rig->report.texts[NUMBERS_CSV_TEXTS - 1], rows[i].wanted);
	}
}

static void files_without_rows_are_empty_tables(void **state) {
	static const char *const texts[] = {
		"", "\n", "\r\n\r\n", "# nothing", "\xef\xbb\xbf", "prefix,trunk,cost\n", "\xef"};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(texts) - 1; i++) {
		struct offers offers;
		uint8_t len;

		assert_int_equal(load_text(rig, NUMBERS_OFFERS, texts[i]), 0);
		assert_int_equal(rig->report.row_count, 0);
		assert_int_equal(numbers_prefix_count(&rig->table), 0);
		assert_false(numbers_find(&rig->table, prefix_of(STR("4930")), &offers, &len));
		numbers_fini(&rig->table);
	}
	assert_int_equal(load_text(rig, NUMBERS_OFFERS, texts[ARRAY_LEN(texts) - 1]), -EINVAL);
}

static void a_file_that_cannot_be_read_is_named(void **state) {
	static const struct {
		const char *path, *wanted;
		int error;
	} rows[] = {
		{"missing.csv", "missing.csv: No such file or directory", -ENOENT},
		{".", ".: Is a directory", -EISDIR},
		{"/dev/null", "/dev/null: Operation not supported", -ENOTSUP},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct numbers_csv csv = {.path = rows[i].path, .kind = NUMBERS_VALUES};

		assert_int_equal(numbers_csv_load(&csv, &rig->table, &rig->report), rows[i].error);
		assert_int_equal(rig->report.problem_count, 1);
		assert_string_equal(rig->report.texts[0], rows[i].wanted);
	}
}

static void a_line_of_a_megabyte_is_refused_unless_it_is_a_comment(void **state) {
	static char text[1 << 20];
	struct rig *rig = *state;

	memset(text, '4', sizeof(text));
	write_file(text, sizeof(text));
	assert_int_equal(load_file(rig, NUMBERS_VALUES), -EINVAL);
	assert_string_equal(rig->report.texts[0], "table.csv:1: longer than 1024 bytes; write one row a line");
	memcpy(text, "49\n#", 4);
	write_file(text, sizeof(text));
	assert_int_equal(load_file(rig, NUMBERS_VALUES), 0);
	assert_int_equal(rig->report.row_count, 1);
	numbers_fini(&rig->table);
}

static void more_trunks_than_a_prefix_can_have_are_refused(void **state) {
	struct rig *rig = *state;
	const char *names[NUMBERS_OFFERS_MAX + 1];
	char text[1000] = "", words[NUMBERS_OFFERS_MAX + 1][4];
	struct numbers_csv csv = {.path = FILE_NAME, .trunks = names, .trunk_count = ARRAY_LEN(names)};
	size_t len = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(words[i], sizeof(words[i]), "t%u", i % 100);
		names[i] = words[i];
		len += (size_t)snprintf(text + len, sizeof(text) - len, "4930,%s\n", words[i]);
	}
	write_file(text, len);
	assert_int_equal(numbers_csv_load(&csv, &rig->table, &rig->report), -EINVAL);
	assert_int_equal(rig->report.problem_count, 1);
	assert_string_equal(rig->report.texts[0], "table.csv:65: more than 64 trunks for one prefix; take some out");
}

static void there_is_room_for_rows_that_are_added_later(void **state) {
	struct rig *rig = *state;
	char text[8];

	assert_int_equal(load_text(rig, NUMBERS_OFFERS, "49,alpha\n"), 0);
	for (uint32_t i = 1000; i < 2000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		assert_int_equal(numbers_add(&rig->table, prefix_of(str_from_c(text)), (struct offer){.trunk = 1}), 0);
	}
	assert_offers(rig, "1999", "1:0");
	numbers_fini(&rig->table);
}

// A random row in a random way of writing, unless its prefix and trunk were there; then nothing is written.
static void write_random_row(struct random *random, struct numbers *wanted, FILE *file) {
	static const char *const shapes[] = {
		"%s,%s,%u.%04u\n", "+%s , \"%s\",%u.%04u00\r\n", "#\n\n\"%s\",%s,0%u.%04u,\n"};
	static const char *const names[] = {"alpha", "beta", "delta"};
	static const uint16_t name_trunks[] = {0, 1, 3};
	uint64_t name = random_below(random, ARRAY_LEN(names)), shape = random_below(random, ARRAY_LEN(shapes));
	struct offer offer = {.trunk = name_trunks[name], .cost = (uint32_t)random_below(random, 30) * 1111};
	size_t len = 1 + random_below(random, 12);
	char digits[13];

	for (size_t i = 0; i < len; i++)
		digits[i] = (char)('0' + random_below(random, i < 2 ? 3 : 2));
	digits[len] = '\0';
	if (numbers_add(wanted, prefix_of(str_from_c(digits)), offer) == 0)
		fprintf(file, shapes[shape], digits, names[name], offer.cost / 10000, offer.cost % 10000);
}

static void assert_same_tables(const struct numbers *left, const struct numbers *right) {
	struct prefix prefix;
	uint64_t at = 0;
	uint32_t value;

	assert_int_equal(numbers_prefix_count(left), numbers_prefix_count(right));
	while (prefix_walk(&left->prefixes, &at, &prefix, &value)) {
		struct offers a = numbers_at(left, prefix), b = numbers_at(right, prefix);

		assert_int_equal(a.count, b.count);
		assert_memory_equal(a.ptr, b.ptr, a.count * sizeof(*a.ptr));
	}
}

static void a_file_is_the_same_as_its_rows_added_one_by_one(void **state) {
	struct random random = {.state = 21};
	struct rig *rig = *state;

	for (uint32_t round = 0; round < 5; round++) {
		FILE *file = fopen(FILE_NAME, "wb");
		struct numbers wanted;

		assert_non_null(file);
		assert_int_equal(numbers_init(&wanted, NUMBERS_OFFERS, 20000, MEM_HUGE_OFF), 0);
		for (uint32_t i = 0; i < 5000u * round + 10; i++)
			write_random_row(&random, &wanted, file);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(load_file(rig, NUMBERS_OFFERS), 0);
		assert_same_tables(&wanted, &rig->table);
		assert_same_tables(&rig->table, &wanted);
		numbers_fini(&rig->table);
		numbers_fini(&wanted);
	}
}

// Numbers that fall together where the loader counts how many there are: the table it makes is too small at first.
static void a_table_that_is_larger_than_it_seemed_is_loaded_whole(void **state) {
	FILE *file = fopen(FILE_NAME, "wb");
	struct rig *rig = *state;
	uint32_t written = 0;

	assert_non_null(file);
	for (uint64_t number = 100000000000; written < 3000; number++) {
		uint64_t key;
		char text[16];

		snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
		key = numbers_pack(prefix_of(str_from_c(text)));
		if ((hash_str(0, str_of((const char *)&key, sizeof(key))) & 0xffff) >= 256)
			continue;
		fprintf(file, "%s,%u\n", text, written++);
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(load_file(rig, NUMBERS_VALUES), 0);
	assert_int_equal(numbers_prefix_count(&rig->table), 3000);
	assert_true(rig->table.prefixes.capacity > 3000);
	numbers_fini(&rig->table);
}

static int enter_folder(void **state) {
	static struct rig rig;

	snprintf(rig.folder, sizeof(rig.folder), "%s", "/tmp/numbers_csv_XXXXXX");
	*state = &rig;
	return mkdtemp(rig.folder) && chdir(rig.folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state) {
	struct rig *rig = *state;

	unlink(FILE_NAME);
	return chdir("/") == 0 && rmdir(rig->folder) == 0 ? 0 : -1;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_write_a_row_is_read),
		cmocka_unit_test(a_name_with_a_separator_stands_in_quotes),
		cmocka_unit_test(lists_have_values_or_none),
		cmocka_unit_test(ported_numbers_have_digits_to_route_by),
		cmocka_unit_test(bad_numbers_are_named_with_what_to_write_instead),
		cmocka_unit_test(bad_trunks_costs_and_values_are_named_with_what_to_write_instead),
		cmocka_unit_test(bad_fields_are_named_with_what_to_write_instead),
		cmocka_unit_test(repeated_rows_are_named_with_the_line_of_the_first),
		cmocka_unit_test(a_refused_file_leaves_the_table_as_it_was),
		cmocka_unit_test(the_first_twenty_problems_are_named_and_all_counted),
		cmocka_unit_test(files_without_rows_are_empty_tables),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
		cmocka_unit_test(a_line_of_a_megabyte_is_refused_unless_it_is_a_comment),
		cmocka_unit_test(more_trunks_than_a_prefix_can_have_are_refused),
		cmocka_unit_test(there_is_room_for_rows_that_are_added_later),
		cmocka_unit_test(a_file_is_the_same_as_its_rows_added_one_by_one),
		cmocka_unit_test(a_table_that_is_larger_than_it_seemed_is_loaded_whole),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
