// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Random expressions on random values of few letters, against PCRE2 on each expression and its field's value: a pass
// may find more than PCRE2, never less, and what is confirmed is what PCRE2 has.
#include <stdio.h>

#include "sip/expressions.h"
#include "unit/random.h"
#include "unit/test.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define FIELDS 4
#define VALUE_MAX 14
#define PATTERN_SIZE 128
#define COUNT_MAX 10000

struct model {
	uint32_t count;
	struct expression sources[COUNT_MAX];
	pcre2_code *codes[COUNT_MAX];
	char patterns[COUNT_MAX][PATTERN_SIZE];
	pcre2_match_data *match;
	struct expressions set;
	struct expressions_scratch scratch;
	struct random random;
};

struct request {
	struct expressions_text text;
	struct str values[FIELDS]; // without ptr: not there
	char bytes[FIELDS][VALUE_MAX];
	char buf[FIELDS * (VALUE_MAX + EXPRESSIONS_LINE_HEAD)];
};

struct tally {
	uint64_t matches, refused;
};

static const char *pick(struct random *random, const char *const *from, size_t count) {
	return from[random_below(random, count)];
}

static pcre2_code *compile(const struct expression *source) {
	uint32_t options = PCRE2_DOLLAR_ENDONLY | (source->caseless ? PCRE2_CASELESS : 0);
	PCRE2_SIZE at;
	int error;

	return pcre2_compile((PCRE2_SPTR)source->pattern, PCRE2_ZERO_TERMINATED, options, &error, &at, NULL);
}

static struct model *model_new(void) {
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	model->random.state = 0x5eed;
	model->match = pcre2_match_data_create(1, NULL);
	return model;
}

static void model_free(struct model *model) {
	for (uint32_t i = 0; i < model->count; i++)
		pcre2_code_free(model->codes[i]);
	pcre2_match_data_free(model->match);
	expressions_scratch_fini(&model->scratch);
	expressions_fini(&model->set);
	free(model);
}

static void take(struct model *model, uint32_t id) {
	model->sources[id].pattern = model->patterns[id];
	model->sources[id].field = (uint8_t)random_below(&model->random, FIELDS);
	model->sources[id].caseless = random_below(&model->random, 4) == 0;
}

static void model_build(struct model *model) {
	struct expressions_problem problem;

	if (expressions_init(&model->set, model->sources, model->count, NULL, &problem) != 0)
		fail_msg("%u: %s", problem.id, problem.text);
	assert_int_equal(expressions_scratch_init(&model->scratch, &model->set), 0);
	for (uint32_t i = 0; i < model->count; i++) {
		model->codes[i] = compile(&model->sources[i]);
		assert_non_null(model->codes[i]);
	}
}

static void draw(struct random *random, const char *letters, struct request *request) {
	size_t count = strlen(letters);

	memset(request->buf, 0, sizeof(request->buf)); // as in expressions_test.c
	expressions_text_begin(&request->text, request->buf, sizeof(request->buf));
	for (uint8_t field = 0; field < FIELDS; field++) {
		uint32_t len = (uint32_t)random_below(random, VALUE_MAX + 1);

		for (uint32_t i = 0; i < len; i++)
			request->bytes[field][i] = letters[random_below(random, count)];
		request->values[field] = str_of(request->bytes[field], len);
		if (random_below(random, 8) == 0)
			request->values[field] = (struct str){0};
		else
			expressions_text_add(&request->text, field, request->values[field]);
	}
	assert_int_equal(request->text.cut, 0);
}

static bool matches(const struct model *model, const struct request *request, uint32_t id) {
	struct str value = request->values[model->sources[id].field];

	return value.ptr &&
	       pcre2_match(model->codes[id], (PCRE2_SPTR)value.ptr, value.len, 0, 0, model->match, NULL) >= 0;
}

static void compare(struct model *model, const struct request *request, struct tally *tally) {
	struct expressions_captures captures;
	uint32_t hits = 0;

	expressions_scan(&model->set, &model->scratch, &request->text);
	assert_false(model->scratch.overflowed);
	for (uint32_t i = 0; i < model->count; i++) {
		bool wanted = matches(model, request, i), hit = expressions_hit(&model->scratch, i);
		enum expressions_verdict verdict = wanted ? EXPRESSIONS_CONFIRMED : EXPRESSIONS_REFUSED;
		struct str value = request->values[model->sources[i].field];

		if (wanted && !hit)
			fail_msg("%s is not found in \"%.*s\"", model->patterns[i], STR_ARG(value));
		if (hit)
			assert_int_equal(
				expressions_confirm(&model->set, &model->scratch, &request->text, i, &captures), verdict
			);
		tally->matches += wanted;
		tally->refused += hit && !wanted;
		hits += hit;
	}
	assert_int_equal(model->scratch.hit_count, hits);
}

// What routing rules are made of: mostly letters, sometimes a choice. A few hundred of them are in each request.
static void ten_thousand_plain_expressions_find_what_pcre2_finds(void **state) {
	static const char *const atoms[] = {"a", "b", "c", "d", "a", "b", "c", "d", "[ab]", ".", "c+", "d?"};
	struct model *model = model_new();
	struct tally tally = {0};
	struct request request;

	(void)state;
	for (model->count = 0; model->count < COUNT_MAX; model->count++) {
		char *pattern = model->patterns[model->count];
		uint64_t count = 5 + random_below(&model->random, 4);
		int len = snprintf(pattern, PATTERN_SIZE, "%s", random_below(&model->random, 4) == 0 ? "" : "^");

		for (uint64_t i = 0; i < count; i++) {
			const char *atom = pick(&model->random, atoms, i == 0 ? 4 : ARRAY_LEN(atoms));

			len += snprintf(pattern + len, PATTERN_SIZE - (size_t)len, "%s", atom);
		}
		if (random_below(&model->random, 8) == 0)
			snprintf(pattern + len, PATTERN_SIZE - (size_t)len, "$");
		take(model, model->count);
	}
	model_build(model);
	for (unsigned i = 0; i < 50; i++) {
		draw(&model->random, "abcdabcdA", &request);
		compare(model, &request, &tally);
	}
	assert_in_range(tally.matches, 1000, UINT32_MAX);
	assert_int_equal(tally.refused, 0); // none of them can cross a line
	model_free(model);
}

static void write_odd(struct random *random, char *pattern) {
	static const char *const atoms[] = {
		"a",   "b",    "c",	".",	 "[^a]",   "\\s",    "\\b",  "$",      "(a|b)",	 "(?:^|b)c",
		"a+",  "b?",   "\\w",	"(?=a)", "(?!b)",  "(c)\\1", "a++",  "(?<=a)", "[^b]*",	 ".*",
		"\\B", "\\n?", "(?s).", "(?i)B", "(?<!^)", " ",	     "[^|]", "\\S+",   "b{2,3}", "(?>ab?)",
	};
	uint64_t count = 1 + random_below(random, 4);
	int len = snprintf(pattern, PATTERN_SIZE, "%s", random_below(random, 2) ? "^" : "");

	for (uint64_t i = 0; i < count; i++)
		len += snprintf(
			pattern + len,
			PATTERN_SIZE - (size_t)len,
			"%s%s",
			i > 0 && random_below(random, 12) == 0 ? "|" : "",
			pick(random, atoms, ARRAY_LEN(atoms))
		);
}

// Most of what PCRE2 has, put together at random; what is refused is drawn again.
static void odd_expressions_find_at_least_what_pcre2_finds(void **state) {
	struct model *model = model_new();
	struct tally tally = {0};
	struct request request;
	uint32_t refused = 0;

	(void)state;
	while (model->count < 300) {
		struct expressions_problem problem;
		struct expressions alone;

		write_odd(&model->random, model->patterns[model->count]);
		take(model, model->count);
		if (expressions_init(&alone, &model->sources[model->count], 1, NULL, &problem) == 0)
			model->count++;
		else
			refused++;
		expressions_fini(&alone);
	}
	assert_in_range(refused, 1, 4 * model->count);
	model_build(model);
	for (unsigned i = 0; i < 300; i++) {
		draw(&model->random, "abcABC ;\x80", &request);
		compare(model, &request, &tally);
	}
	assert_in_range(tally.matches, 1000, UINT32_MAX);
	assert_in_range(tally.refused, 100, UINT32_MAX);
	model_free(model);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_plain_expressions_find_what_pcre2_finds),
		cmocka_unit_test(odd_expressions_find_at_least_what_pcre2_finds),
	};

	return cmocka_run_group_tests_name("sip/expressions_model", tests, NULL, NULL);
}
