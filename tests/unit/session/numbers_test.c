// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/numbers.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "unit/random.h"
#include "unit/test.h"

#define MODEL_MAX 3000

// Rows in the order in which a look-up gives them: a change puts a row behind all others.
struct model {
	uint32_t count;
	struct model_row {
		char digits[PREFIX_DIGITS_MAX + 1];
		uint16_t trunk;
		uint32_t cost;
	} rows[MODEL_MAX];
};

static struct prefix of(const char *text) {
	return prefix_of(str_from_c(text));
}

static struct numbers new_table(enum numbers_kind kind, uint32_t capacity) {
	struct numbers table;

	assert_int_equal(numbers_init(&table, kind, capacity, MEM_HUGE_OFF), 0);
	return table;
}

static int add(struct numbers *table, const char *prefix, uint16_t trunk, uint32_t cost) {
	return numbers_add(table, of(prefix), (struct offer){.trunk = trunk, .cost = cost});
}

// As text: "trunk:cost trunk:cost", cheapest first.
static const char *text_of(struct offers offers, char *text, size_t size) {
	size_t len = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < offers.count && len < size; i++)
		len += (size_t
		)snprintf(text + len, size - len, "%s%u:%u", i ? " " : "", offers.ptr[i].trunk, offers.ptr[i].cost);
	return text;
}

static void assert_offers(const struct numbers *table, const char *number, const char *wanted, uint8_t wanted_len) {
	struct offers offers = {0};
	uint8_t len = 0;
	char text[200];

	numbers_find(table, of(number), &offers, &len);
	assert_string_equal(text_of(offers, text, sizeof(text)), wanted);
	assert_int_equal(len, wanted_len);
}

static void the_cheapest_comes_first_and_equals_in_the_order_of_adding(void **state) {
	struct numbers table = new_table(NUMBERS_OFFERS, 10);

	(void)state;
	assert_int_equal(add(&table, "49", 7, 200), 0);
	assert_int_equal(add(&table, "49", 3, 100), 0);
	assert_int_equal(add(&table, "49", 9, 200), 0);
	assert_int_equal(add(&table, "49", 1, 200), 0);
	assert_int_equal(add(&table, "49", 65535, UINT32_MAX), 0);
	assert_int_equal(add(&table, "49", 0, 0), 0);
	assert_offers(&table, "4930", "0:0 3:100 7:200 9:200 1:200 65535:4294967295", 2);
	numbers_fini(&table);
}

static void the_next_shorter_prefix_is_found_by_a_shorter_number(void **state) {
	static const char *const wanted[] = {"3:30", "2:20", "1:10"};
	struct numbers table = new_table(NUMBERS_OFFERS, 10);
	struct prefix number = of("49301234567");
	struct offers offers;
	char text[40];
	uint8_t len;

	(void)state;
	assert_int_equal(add(&table, "4", 1, 10), 0);
	assert_int_equal(add(&table, "493", 2, 20), 0);
	assert_int_equal(add(&table, "4930123", 3, 30), 0);
	for (uint32_t i = 0; i < ARRAY_LEN(wanted); i++) {
		assert_true(numbers_find(&table, number, &offers, &len));
		assert_string_equal(text_of(offers, text, sizeof(text)), wanted[i]);
		number = prefix_cut(number, (uint8_t)(len - 1));
	}
	assert_false(numbers_find(&table, number, &offers, &len));
	numbers_fini(&table);
}

static void what_cannot_be_done_changes_nothing(void **state) {
	struct numbers table = new_table(NUMBERS_OFFERS, 1);

	(void)state;
	assert_int_equal(numbers_init(&table, NUMBERS_OFFERS, 0, MEM_HUGE_OFF), -EINVAL);
	assert_int_equal(add(&table, "", 1, 10), -EINVAL);
	assert_int_equal(add(&table, "49", 1, 10), 0);
	assert_int_equal(add(&table, "49", 1, 20), -EEXIST);
	assert_int_equal(add(&table, "50", 1, 10), -ENOSPC);
	assert_int_equal(numbers_change(&table, of("49"), (struct offer){.trunk = 2}), -ENOENT);
	assert_int_equal(numbers_change(&table, of("50"), (struct offer){.trunk = 1}), -ENOENT);
	assert_int_equal(numbers_remove(&table, of("49"), 2), -ENOENT);
	assert_int_equal(numbers_remove(&table, of("50"), 1), -ENOENT);
	assert_false(numbers_remove_prefix(&table, of("50")));
	assert_offers(&table, "49", "1:10", 2);
	assert_offers(&table, "50", "", 0);
	assert_int_equal(numbers_prefix_count(&table), 1);
	numbers_fini(&table);
}

static void a_prefix_has_at_most_64_offers(void **state) {
	struct numbers table = new_table(NUMBERS_OFFERS, 1);
	struct offers offers;

	(void)state;
	for (uint16_t i = 0; i < NUMBERS_OFFERS_MAX; i++)
		assert_int_equal(add(&table, "49", i, 1000u - i), 0);
	assert_int_equal(add(&table, "49", 5000, 1), -E2BIG);
	offers = numbers_at(&table, of("49"));
	assert_int_equal(offers.count, NUMBERS_OFFERS_MAX);
	for (uint32_t i = 0; i < offers.count; i++)
		assert_int_equal(offers.ptr[i].trunk, NUMBERS_OFFERS_MAX - 1 - i);
	assert_int_equal(numbers_at(&table, of("4")).count, 0);
	numbers_fini(&table);
}

static void equal_sets_are_kept_once(void **state) {
	struct numbers table = new_table(NUMBERS_OFFERS, 5000);
	char text[8];

	(void)state;
	for (uint32_t i = 1000; i < 5000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		assert_int_equal(add(&table, text, (uint16_t)(i % 2), 10), 0);
		assert_int_equal(add(&table, text, 2, 20 + i % 2), 0);
	}
	assert_int_equal(numbers_prefix_count(&table), 4000);
	assert_int_equal(numbers_set_count(&table), 4); // with those that had one offer
	assert_int_equal(numbers_remove(&table, of("1001"), 2), 0);
	assert_int_equal(numbers_change(&table, of("1003"), (struct offer){.trunk = 2, .cost = 21}), 0);
	assert_int_equal(numbers_set_count(&table), 4);
	numbers_fini(&table);
}

// More sets than the first chunk and the first index hold.
static void all_sets_are_found_again_however_many(void **state) {
	struct numbers table = new_table(NUMBERS_OFFERS, 20000);
	char text[8], wanted[24];

	(void)state;
	for (uint32_t i = 10000; i < 30000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		assert_int_equal(add(&table, text, 1, i), 0);
		assert_int_equal(add(&table, text, 2, i), 0);
	}
	assert_int_equal(numbers_set_count(&table), 40000);
	for (uint32_t i = 10000; i < 30000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		snprintf(wanted, sizeof(wanted), "1:%u 2:%u", i, i);
		assert_offers(&table, text, wanted, 5);
	}
	numbers_fini(&table);
}

static void a_rebuilt_table_holds_the_same_without_the_sets_nobody_names(void **state) {
	struct numbers old = new_table(NUMBERS_OFFERS, 3), table;

	(void)state;
	assert_int_equal(add(&old, "49", 1, 10), 0);
	assert_int_equal(add(&old, "49", 2, 5), 0);
	assert_int_equal(add(&old, "50", 1, 10), 0);
	assert_int_equal(add(&old, "51", 3, 10), 0);
	assert_int_equal(numbers_remove(&old, of("51"), 3), 0);
	assert_int_equal(numbers_set_count(&old), 3);
	assert_int_equal(numbers_rebuild(&old, 1, MEM_HUGE_OFF, &table), -ENOSPC);
	assert_int_equal(numbers_rebuild(&old, 20, MEM_HUGE_OFF, &table), 0);
	assert_int_equal(numbers_set_count(&table), 2);
	assert_int_equal(numbers_prefix_count(&table), 2);
	assert_int_equal(add(&table, "52", 1, 10), 0);
	assert_int_equal(add(&table, "53", 1, 10), 0);
	assert_offers(&table, "49", "2:5 1:10", 2);
	assert_offers(&table, "50", "1:10", 2);
	assert_offers(&table, "51", "", 0);
	assert_offers(&old, "50", "1:10", 2);
	numbers_fini(&table);
	numbers_fini(&old);
}

static void a_list_has_a_value_for_each_prefix(void **state) {
	struct numbers table = new_table(NUMBERS_VALUES, 3);
	uint64_t value = 77;
	uint8_t len = 77;

	(void)state;
	assert_int_equal(numbers_set_value(&table, of(""), 1), -EINVAL);
	assert_int_equal(numbers_set_value(&table, of("49900"), 603), 0);
	assert_int_equal(numbers_set_value(&table, of("4990"), 0), 0);
	assert_int_equal(numbers_set_value(&table, of("1"), UINT32_MAX), 0);
	assert_int_equal(numbers_set_value(&table, of("2"), 1), -ENOSPC);
	assert_false(numbers_find_value(&table, of("2"), &value, &len));
	assert_int_equal(value, 77);
	assert_int_equal(len, 77);
	assert_true(numbers_find_value(&table, of("4990012"), &value, &len));
	assert_int_equal(value, 603);
	assert_int_equal(len, 5);
	assert_true(numbers_remove_prefix(&table, of("49900")));
	assert_true(numbers_find_value(&table, of("4990012"), &value, &len));
	assert_int_equal(value, 0);
	assert_int_equal(len, 4);
	assert_int_equal(numbers_set_value(&table, of("4990"), 1), 0);
	assert_true(numbers_find_value(&table, of("4990"), &value, &len));
	assert_int_equal(value, 1);
	numbers_fini(&table);
}

static void a_ported_number_gives_the_digits_to_route_by(void **state) {
	static const char *const routing[] = {"1", "12125550100", "123456789012345"};
	struct numbers old = new_table(NUMBERS_PORTED, 3), table;
	uint64_t value;
	uint8_t len;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(routing); i++) {
		char number[] = "12015550000", text[PREFIX_DIGITS_MAX + 1];

		number[10] = (char)('0' + i);
		assert_int_equal(numbers_set_value(&old, of(number), numbers_pack(of(routing[i]))), 0);
		assert_int_equal(numbers_rebuild(&old, 3, MEM_HUGE_OFF, &table), 0);
		assert_true(numbers_find_value(&table, of(number), &value, &len));
		prefix_text(numbers_unpack(value), text);
		assert_string_equal(text, routing[i]);
		numbers_fini(&table);
	}
	numbers_fini(&old);
}

// --- against a naive model ---

static bool is_row(const struct model_row *row, const char *digits, uint16_t trunk) {
	return row->trunk == trunk && strcmp(row->digits, digits) == 0;
}

static uint32_t model_at(const struct model *model, const char *digits, uint16_t trunk) {
	uint32_t at = 0;

	while (at < model->count && !is_row(&model->rows[at], digits, trunk))
		at++;
	return at;
}

static void model_remove(struct model *model, uint32_t at) {
	model->count--;
	memmove(&model->rows[at], &model->rows[at + 1], (model->count - at) * sizeof(model->rows[0]));
}

static void model_append(struct model *model, const char *digits, uint16_t trunk, uint32_t cost) {
	struct model_row *row = &model->rows[model->count++];

	assert_true(model->count <= MODEL_MAX);
	*row = (struct model_row){.trunk = trunk, .cost = cost};
	snprintf(row->digits, sizeof(row->digits), "%s", digits);
}

static size_t model_longest(const struct model *model, const char *number) {
	size_t longest = 0;

	for (uint32_t i = 0; i < model->count; i++) {
		size_t len = strlen(model->rows[i].digits);

		if (len > longest && strncmp(model->rows[i].digits, number, len) == 0)
			longest = len;
	}
	return longest;
}

// What a look-up should give: cost by cost, in the order of the rows.
static void model_text(const struct model *model, const char *number, size_t len, char *text, size_t size) {
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t cost = 0; len > 0 && cost < 4; cost++)
		for (uint32_t i = 0; i < model->count; i++) {
			const struct model_row *row = &model->rows[i];

			if (row->cost != cost || strlen(row->digits) != len || strncmp(row->digits, number, len) != 0)
				continue;
			used += (size_t
			)snprintf(text + used, size - used, "%s%u:%u", used ? " " : "", row->trunk, row->cost);
		}
}

static void random_digits(struct random *random, uint64_t longest, char *text) {
	size_t len = 1 + random_below(random, longest);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('0' + random_below(random, 2));
	text[len] = '\0';
}

static void change_a_row(struct random *random, struct model *model, struct numbers *table) {
	uint16_t trunk = (uint16_t)random_below(random, 4);
	uint32_t cost = (uint32_t)random_below(random, 4), at;
	char digits[16];

	random_digits(random, 7, digits);
	at = model_at(model, digits, trunk);
	if (at == model->count) {
		assert_int_equal(add(table, digits, trunk, cost), 0);
		model_append(model, digits, trunk, cost);
	} else if (cost == 0) {
		assert_int_equal(numbers_remove(table, of(digits), trunk), 0);
		model_remove(model, at);
	} else {
		struct offer offer = {.trunk = trunk, .cost = cost};

		assert_int_equal(numbers_change(table, of(digits), offer), 0);
		model_remove(model, at);
		model_append(model, digits, trunk, cost);
	}
}

static void random_changes_agree_with_the_model(void **state) {
	static struct model model;
	struct numbers table = new_table(NUMBERS_OFFERS, 300), rebuilt; // there are 254 different prefixes
	struct random random = {.state = 11};
	char number[20], wanted[200];

	(void)state;
	model.count = 0;
	for (uint32_t step = 0; step < 8000; step++) {
		size_t len;

		change_a_row(&random, &model, &table);
		random_digits(&random, 12, number);
		len = model_longest(&model, number);
		model_text(&model, number, len, wanted, sizeof(wanted));
		assert_offers(&table, number, wanted, (uint8_t)len);
		if (step % 1000 != 999)
			continue;
		assert_int_equal(numbers_rebuild(&table, 300, MEM_HUGE_OFF, &rebuilt), 0);
		assert_true(numbers_set_count(&rebuilt) <= numbers_set_count(&table));
		numbers_fini(&table);
		table = rebuilt;
	}
	numbers_fini(&table);
}

// --- a reader beside the writer ---

struct shared {
	struct numbers table;
	int stop;
	bool good;
};

// Whatever the writer does at the moment: the set is whole, its costs are in order, its first trunk is always there.
static void *read_on(void *arg) {
	struct shared *shared = arg;

	while (!__atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE)) {
		struct offers offers = {0};
		uint8_t len;
		bool found = numbers_find(&shared->table, of("4930"), &offers, &len);

		shared->good = shared->good && found && len == 2 && offers.count >= 1 && offers.count <= 2;
		shared->good = shared->good && offers.ptr[0].trunk == 1 && offers.ptr[0].cost == 1;
		if (offers.count == 2)
			shared->good = shared->good && offers.ptr[1].trunk == 2 && offers.ptr[1].cost >= 10;
	}
	return NULL;
}

static void readers_need_no_lock(void **state) {
	struct shared shared = {.table = new_table(NUMBERS_OFFERS, 10), .good = true};
	struct offer offer = {.trunk = 2};
	pthread_t reader;

	(void)state;
	assert_int_equal(add(&shared.table, "49", 1, 1), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_on, &shared), 0);
	for (uint32_t i = 10; i < 60000; i++) {
		offer.cost = i;
		assert_int_equal(numbers_add(&shared.table, of("49"), offer), 0);
		offer.cost = i + 100000;
		assert_int_equal(numbers_change(&shared.table, of("49"), offer), 0);
		assert_int_equal(numbers_remove(&shared.table, of("49"), 2), 0);
	}
	__atomic_store_n(&shared.stop, 1, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_true(shared.good);
	numbers_fini(&shared.table);
}

static void ten_million_prefixes_fit_in_24_bytes_each(void **state) {
	struct numbers table = new_table(NUMBERS_OFFERS, 10000000);

	(void)state;
	assert_true(numbers_bytes(&table) <= 24ul * 10000000);
	numbers_fini(&table);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cheapest_comes_first_and_equals_in_the_order_of_adding),
		cmocka_unit_test(the_next_shorter_prefix_is_found_by_a_shorter_number),
		cmocka_unit_test(what_cannot_be_done_changes_nothing),
		cmocka_unit_test(a_prefix_has_at_most_64_offers),
		cmocka_unit_test(equal_sets_are_kept_once),
		cmocka_unit_test(all_sets_are_found_again_however_many),
		cmocka_unit_test(a_rebuilt_table_holds_the_same_without_the_sets_nobody_names),
		cmocka_unit_test(a_list_has_a_value_for_each_prefix),
		cmocka_unit_test(a_ported_number_gives_the_digits_to_route_by),
		cmocka_unit_test(random_changes_agree_with_the_model),
		cmocka_unit_test(readers_need_no_lock),
		cmocka_unit_test(ten_million_prefixes_fit_in_24_bytes_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
