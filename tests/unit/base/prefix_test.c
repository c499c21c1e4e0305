// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/prefix.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "unit/random.h"
#include "unit/test.h"

#define MODEL_MAX 2000

struct model {
	uint32_t count;
	struct {
		char digits[PREFIX_DIGITS_MAX + 1];
		uint32_t value; // PREFIX_NONE = removed
	} rows[MODEL_MAX];
};

static struct prefix of(const char *text) {
	return prefix_of(str_from_c(text));
}

static void text_becomes_digits_and_back(void **state) {
	static const struct {
		const char *text, *digits;
	} rows[] = {
		{"", ""},
		{"x1", ""},
		{"+49", ""},
		{"0", "0"},
		{"49301234", "49301234"},
		{"4930-1234", "4930"},
		{"123456789012345", "123456789012345"},
		{"1234567890123456789", "123456789012345"},
		{"000", "000"},
	};
	char text[PREFIX_DIGITS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prefix prefix = of(rows[i].text);

		assert_int_equal(prefix.len, strlen(rows[i].digits));
		assert_int_equal(prefix_text(prefix, text), prefix.len);
		assert_string_equal(text, rows[i].digits);
	}
}

static void a_cut_prefix_is_the_prefix_of_fewer_digits(void **state) {
	(void)state;
	for (uint8_t len = 0; len <= 20; len++) {
		char text[] = "987654321098765";
		struct prefix cut = prefix_cut(of(text), len), wanted;

		text[len < 15 ? len : 15] = '\0';
		wanted = of(text);
		assert_int_equal(cut.len, wanted.len);
		assert_int_equal(cut.digits, wanted.digits);
	}
}

static void the_longest_prefix_wins(void **state) {
	static const char *const prefixes[] = {"4", "49", "4930", "49301234", "493012345678901", "1", "112", "00"};
	static const struct {
		const char *number, *wanted; // NULL = none
	} rows[] = {
		{"4", "4"},
		{"48", "4"},
		{"49", "49"},
		{"493", "49"},
		{"4930", "4930"},
		{"4931", "49"},
		{"49301233", "4930"},
		{"49301234", "49301234"},
		{"4930123456789", "49301234"},
		{"493012345678901", "493012345678901"},
		{"493012345678902", "49301234"},
		{"4930123456789012", "493012345678901"},
		{"1", "1"},
		{"11", "1"},
		{"112", "112"},
		{"1120", "112"},
		{"0", NULL},
		{"00", "00"},
		{"001", "00"},
		{"5", NULL},
		{"", NULL},
	};
	struct prefix_table table;

	(void)state;
	assert_int_equal(prefix_table_init(&table, 8, MEM_HUGE_OFF), 0);
	for (uint32_t i = 0; i < ARRAY_LEN(prefixes); i++)
		assert_true(prefix_set(&table, of(prefixes[i]), i));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t len = 77;
		uint32_t value = prefix_find(&table, of(rows[i].number), &len);

		if (rows[i].wanted) {
			assert_string_equal(prefixes[value], rows[i].wanted);
			assert_int_equal(len, strlen(rows[i].wanted));
		} else {
			assert_int_equal(value, PREFIX_NONE);
			assert_int_equal(len, 77);
		}
	}
	prefix_table_fini(&table);
}

static void shorter_ones_follow_when_asked_for(void **state) {
	static const char *const wanted[] = {"4930123", "4930", "49", "4"};
	struct prefix number = of("49301234567");
	struct prefix_table table;
	uint8_t len;

	(void)state;
	assert_int_equal(prefix_table_init(&table, 8, MEM_HUGE_OFF), 0);
	for (uint32_t i = 0; i < ARRAY_LEN(wanted); i++)
		assert_true(prefix_set(&table, of(wanted[i]), i));
	for (uint32_t i = 0; i < ARRAY_LEN(wanted); i++) {
		assert_int_equal(prefix_find(&table, number, &len), i);
		number = prefix_cut(number, (uint8_t)(len - 1));
	}
	assert_int_equal(prefix_find(&table, number, &len), PREFIX_NONE);
	prefix_table_fini(&table);
}

static uint32_t model_find(const struct model *model, const char *number, uint8_t *ret_len) {
	uint32_t found = PREFIX_NONE;

	*ret_len = 0;
	for (uint32_t i = 0; i < model->count; i++) {
		size_t len = strlen(model->rows[i].digits);

		if (model->rows[i].value == PREFIX_NONE || len <= *ret_len ||
		    strncmp(model->rows[i].digits, number, len) != 0)
			continue;
		found = model->rows[i].value;
		*ret_len = (uint8_t)len;
	}
	return found;
}

static uint32_t model_row(struct model *model, const char *digits) {
	for (uint32_t i = 0; i < model->count; i++)
		if (strcmp(model->rows[i].digits, digits) == 0)
			return i;
	assert_true(model->count < MODEL_MAX);
	snprintf(model->rows[model->count].digits, sizeof(model->rows[0].digits), "%s", digits);
	model->rows[model->count].value = PREFIX_NONE;
	return model->count++;
}

// Few different digits, so that prefixes are prefixes of each other.
static void random_digits(struct random *random, uint64_t longest, char *text) {
	size_t len = 1 + random_below(random, longest);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('0' + random_below(random, i < 3 ? 3 : 2));
	text[len] = '\0';
}

static void assert_walk_finds_all(const struct prefix_table *table, struct model *model) {
	uint32_t value, walked = 0, there = 0;
	struct prefix prefix;
	uint64_t at = 0;
	char text[16];

	while (prefix_walk(table, &at, &prefix, &value)) {
		prefix_text(prefix, text);
		assert_int_equal(model->rows[model_row(model, text)].value, value);
		walked++;
	}
	for (uint32_t i = 0; i < model->count; i++)
		there += model->rows[i].value != PREFIX_NONE;
	assert_int_equal(walked, there);
	assert_int_equal(table->used - table->removed, there);
}

static void play(uint32_t capacity, uint64_t seed) {
	static struct model model;
	struct random random = {.state = seed};
	struct prefix_table table;
	char text[20];

	model.count = 0;
	assert_int_equal(prefix_table_init(&table, capacity, MEM_HUGE_OFF), 0);
	for (uint32_t step = 0; step < 6000; step++) {
		uint8_t len = 0, wanted_len;
		uint32_t wanted;

		random_digits(&random, 15, text);
		if (step % 3 == 0 && model.count < MODEL_MAX - 1) {
			uint32_t row = model_row(&model, text);
			bool full = table.used == table.capacity && prefix_get(&table, of(text)) == PREFIX_NONE;

			if (prefix_set(&table, of(text), step))
				model.rows[row].value = step;
			else
				assert_true(full);
		} else if (step % 7 == 0 && model.count > 0) {
			uint32_t row = (uint32_t)random_below(&random, model.count);

			assert_int_equal(
				prefix_remove(&table, of(model.rows[row].digits)), model.rows[row].value != PREFIX_NONE
			);
			model.rows[row].value = PREFIX_NONE;
		}
		random_digits(&random, 18, text);
		wanted = model_find(&model, text, &wanted_len);
		assert_int_equal(prefix_find(&table, of(text), &len), wanted);
		assert_int_equal(len, wanted_len);
	}
	assert_walk_finds_all(&table, &model);
	prefix_table_fini(&table);
}

static void random_tables_agree_with_the_model(void **state) {
	(void)state;
	play(MODEL_MAX, 1);
	play(50, 2); // full most of the time
	play(1, 3);
	play(500000, 4); // with six digits at the root
}

static void a_removed_prefix_comes_back_in_its_slot(void **state) {
	struct prefix_table table;
	uint8_t len;

	(void)state;
	assert_int_equal(prefix_table_init(&table, 1, MEM_HUGE_OFF), 0);
	assert_true(prefix_set(&table, of("49"), 1));
	assert_true(prefix_remove(&table, of("49")));
	assert_false(prefix_remove(&table, of("49")));
	assert_false(prefix_remove(&table, of("50")));
	assert_int_equal(prefix_find(&table, of("491"), &len), PREFIX_NONE);
	assert_false(prefix_set(&table, of("50"), 2)); // the slot is only for 49
	assert_true(prefix_set(&table, of("49"), 3));
	assert_int_equal(prefix_find(&table, of("491"), &len), 3);
	assert_int_equal(table.removed, 0);
	prefix_table_fini(&table);
}

struct shared {
	struct prefix_table table;
	int stop;
	bool good;
};

// Whatever the writer does at the moment: 4 is always in, 49 comes and goes.
static void *read_on(void *arg) {
	struct shared *shared = arg;

	while (!__atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE)) {
		uint8_t len = 0;
		uint32_t value = prefix_find(&shared->table, of("4930"), &len);

		shared->good = shared->good && ((len == 1 && value == 1) || (len == 2 && value >= 100));
	}
	return NULL;
}

static void readers_need_no_lock(void **state) {
	struct shared shared = {.good = true};
	char text[16];
	pthread_t reader;

	(void)state;
	assert_int_equal(prefix_table_init(&shared.table, 30000, MEM_HUGE_OFF), 0);
	assert_true(prefix_set(&shared.table, of("4"), 1));
	assert_int_equal(pthread_create(&reader, NULL, read_on, &shared), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "%u", 60000 + i);
		assert_true(prefix_set(&shared.table, of(text), i));
		assert_true(prefix_set(&shared.table, of("49"), 100 + i));
		if (i % 2)
			assert_true(prefix_remove(&shared.table, of("49")));
	}
	__atomic_store_n(&shared.stop, 1, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_true(shared.good);
	prefix_table_fini(&shared.table);
}

static void ten_million_fit_in_24_bytes_each(void **state) {
	struct prefix_table table;

	(void)state;
	assert_int_equal(prefix_table_init(&table, 0, MEM_HUGE_OFF), -EINVAL);
	assert_int_equal(prefix_table_init(&table, 10000000, MEM_HUGE_OFF), 0);
	assert_true(prefix_table_bytes(&table) <= 24ul * 10000000);
	prefix_table_fini(&table);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_digits_and_back),
		cmocka_unit_test(a_cut_prefix_is_the_prefix_of_fewer_digits),
		cmocka_unit_test(the_longest_prefix_wins),
		cmocka_unit_test(shorter_ones_follow_when_asked_for),
		cmocka_unit_test(random_tables_agree_with_the_model),
		cmocka_unit_test(a_removed_prefix_comes_back_in_its_slot),
		cmocka_unit_test(readers_need_no_lock),
		cmocka_unit_test(ten_million_fit_in_24_bytes_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
