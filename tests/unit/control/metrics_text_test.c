// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/metrics_text.h"

#include <math.h>

#include "unit/test.h"

#define HZ 1000000000ull // so a cycle is a nanosecond

// What was written, to be freed; the test fails if that is nothing.
static char *written(struct metrics_text *t) {
	const char *problem;
	size_t len;
	char *text = metrics_text_end(t, &len, &problem);

	assert_null(problem);
	assert_non_null(text);
	assert_int_equal(len, strlen(text));
	return text;
}

static void assert_problem(struct metrics_text *t, const char *expected) {
	const char *problem;
	size_t len;

	assert_null(metrics_text_end(t, &len, &problem));
	assert_non_null(problem);
	assert_non_null(strstr(problem, expected));
}

static void a_family_has_help_type_and_samples(void **state) {
	struct metrics_text *t = metrics_text_new();
	char *text;

	(void)state;
	metrics_family(t, "calls_total", METRICS_COUNTER, "calls");
	metrics_label_number(t, "worker", 3);
	metrics_label(t, "trunk", "north");
	metrics_number(t, 7);
	metrics_family(t, "up", METRICS_GAUGE, "is it?");
	metrics_number(t, 1);
	text = written(t);
	assert_string_equal(
		text,
		"# HELP calls_total calls\n"
		"# TYPE calls_total counter\n"
		"calls_total{worker=\"3\",trunk=\"north\"} 7\n"
		"# HELP up is it?\n"
		"# TYPE up gauge\n"
		"up 1\n"
	);
	free(text);
}

static void what_would_end_a_text_is_escaped(void **state) {
	struct metrics_text *t = metrics_text_new();
	char *text;

	(void)state;
	metrics_family(t, "x", METRICS_GAUGE, "a \"b\" \\ c\nd");
	metrics_label(t, "l", "a \"b\" \\ c\nd\xc3\xa4");
	metrics_label(t, "empty", "");
	metrics_number(t, 0);
	text = written(t);
	assert_string_equal(
		text,
		"# HELP x a \"b\" \\\\ c\\nd\n"
		"# TYPE x gauge\n"
		"x{l=\"a \\\"b\\\" \\\\ c\\nd\xc3\xa4\",empty=\"\"} 0\n"
	);
	free(text);
}

static void a_family_begins_once(void **state) {
	struct metrics_text *t = metrics_text_new();

	(void)state;
	metrics_family(t, "x", METRICS_GAUGE, "");
	metrics_family(t, "y", METRICS_GAUGE, "");
	metrics_family(t, "x", METRICS_COUNTER, "");
	assert_problem(t, "twice");
}

static void names_are_checked(void **state) {
	static const char *const bad[] = {
		"",
		"9x",
		"a-b",
		"a.b",
		"a b",
		"a{",
		"\xc3\xa4",
		"a_name_that_is_longer_than_any_name_of_a_family_that_has_to_be_kept_",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct metrics_text *t = metrics_text_new();

		metrics_family(t, bad[i], METRICS_GAUGE, "");
		assert_problem(t, "family's name");
		t = metrics_text_new();
		metrics_family(t, "x", METRICS_GAUGE, "");
		metrics_label(t, bad[i], "");
		assert_problem(t, "label's name");
	}
}

static void there_may_be_too_much(void **state) {
	struct metrics_text *t = metrics_text_new();

	(void)state;
	metrics_family(t, "x", METRICS_GAUGE, "");
	for (int i = 0; i <= METRICS_LABELS_MAX; i++)
		metrics_label(t, "l", "");
	assert_problem(t, "too many");
	t = metrics_text_new();
	for (int i = 0; i <= METRICS_FAMILIES_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "x%d", i);
		metrics_family(t, name, METRICS_GAUGE, "");
	}
	assert_problem(t, "too many");
}

static void a_sample_needs_a_family(void **state) {
	struct metrics_text *t = metrics_text_new();

	(void)state;
	metrics_number(t, 1);
	assert_problem(t, "before any family");
}

static void numbers_are_written_as_prometheus_reads_them(void **state) {
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{0, "x 0\n"},
		{-1.5, "x -1.5\n"},
		{0.1, "x 0.1\n"},
		{0.000025, "x 2.5e-05\n"},
		{1795314752.523, "x 1795314752.523\n"},
		{9007199254740991.0, "x 9.00719925474099e+15\n"},
		{INFINITY, "x +Inf\n"},
		{-INFINITY, "x -Inf\n"},
		{NAN, "x NaN\n"},
	};
	struct metrics_text *t;
	char *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		t = metrics_text_new();
		metrics_family(t, "x", METRICS_GAUGE, "");
		metrics_real(t, rows[i].value);
		text = written(t);
		assert_string_equal(strchr(strchr(text, '\n') + 1, '\n') + 1, rows[i].text);
		free(text);
	}
	t = metrics_text_new();
	metrics_family(t, "x", METRICS_COUNTER, "");
	metrics_number(t, UINT64_MAX);
	text = written(t);
	assert_non_null(strstr(text, "\nx 18446744073709551615\n"));
	free(text);
}

// The value after `name` in the text.
static uint64_t value_of(const char *text, const char *name) {
	const char *at = strstr(text, name);

	if (!at)
		fail_msg("no %s in %s", name, text);
	return strtoull(at + strlen(name), NULL, 10);
}

static char *histogram_of(const struct hist *hist, uint64_t hz) {
	struct metrics_text *t = metrics_text_new();

	metrics_family(t, "h", METRICS_HISTOGRAM, "");
	metrics_label(t, "kind", "k");
	metrics_histogram(t, hist, hz);
	return written(t);
}

static void an_empty_histogram_has_all_its_lines(void **state) {
	static const struct hist none;
	char *text = histogram_of(&none, HZ);

	(void)state;
	assert_non_null(strstr(text, "\nh_bucket{kind=\"k\",le=\"0.000025\"} 0\n"));
	assert_non_null(strstr(text, "\nh_bucket{kind=\"k\",le=\"10\"} 0\n"));
	assert_non_null(strstr(text, "\nh_bucket{kind=\"k\",le=\"+Inf\"} 0\n"));
	assert_non_null(strstr(text, "\nh_sum{kind=\"k\"} 0\n"));
	assert_non_null(strstr(text, "\nh_count{kind=\"k\"} 0\n"));
	free(text);
}

// A value is never counted below a bound it is above, and at a bound it is well below always.
static void values_are_counted_where_they_belong(void **state) {
	static const struct {
		uint64_t ns;
		const char *out_of, *in;
	} rows[] = {
		{0, NULL, "0.000025"},
		{23000, NULL, "0.000025"},
		{25001, "0.000025", "0.00005"},
		{93000, "0.00005", "0.0001"},
		{1000001, "0.001", "0.0025"},
		{999 * 1000000ull, "0.5", "2.5"},
		{9000000000, "5", "10"},
		{10000000001, "10", "+Inf"},
		{UINT64_MAX / 2, "10", "+Inf"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hist hist = {0};
		char *text, name[64];

		hist_add(&hist, rows[i].ns);
		text = histogram_of(&hist, HZ);
		snprintf(name, sizeof(name), "le=\"%s\"} ", rows[i].in);
		assert_int_equal(value_of(text, name), 1);
		if (rows[i].out_of) {
			snprintf(name, sizeof(name), "le=\"%s\"} ", rows[i].out_of);
			assert_int_equal(value_of(text, name), 0);
		}
		assert_int_equal(value_of(text, "h_count{kind=\"k\"} "), 1);
		free(text);
	}
}

static void no_value_is_lost_and_buckets_only_grow(void **state) {
	static const uint64_t hz[] = {HZ, 2600000000, 24000000, 1};
	struct hist hist = {0};
	uint64_t value = 1;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		value = value * 6364136223846793005u + 1442695040888963407u;
		hist_add(&hist, value >> (value % 64));
	}
	for (size_t i = 0; i < ARRAY_LEN(hz); i++) {
		char *text = histogram_of(&hist, hz[i]);
		uint64_t before = 0;
		uint32_t buckets = 0;

		for (const char *at = strstr(text, "le=\""); at; at = strstr(at + 1, "le=\"")) {
			uint64_t seen = strtoull(strchr(at, ' '), NULL, 10);

			assert_true(seen >= before);
			before = seen;
			buckets++;
		}
		assert_int_equal(buckets, 19);
		assert_int_equal(before, 10000);
		assert_int_equal(value_of(text, "le=\"+Inf\"} "), 10000);
		assert_int_equal(value_of(text, "h_count{kind=\"k\"} "), 10000);
		free(text);
	}
}

static void the_sum_is_in_seconds(void **state) {
	struct hist hist = {0};
	char *text;

	(void)state;
	hist_add(&hist, HZ);
	hist_add(&hist, HZ / 2);
	text = histogram_of(&hist, HZ);
	assert_non_null(strstr(text, "\nh_sum{kind=\"k\"} 1.5\n"));
	free(text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_family_has_help_type_and_samples),
		cmocka_unit_test(what_would_end_a_text_is_escaped),
		cmocka_unit_test(a_family_begins_once),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(there_may_be_too_much),
		cmocka_unit_test(a_sample_needs_a_family),
		cmocka_unit_test(numbers_are_written_as_prometheus_reads_them),
		cmocka_unit_test(an_empty_histogram_has_all_its_lines),
		cmocka_unit_test(values_are_counted_where_they_belong),
		cmocka_unit_test(no_value_is_lost_and_buckets_only_grow),
		cmocka_unit_test(the_sum_is_in_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
