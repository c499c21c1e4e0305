// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/expressions.h"

#include <errno.h>
#include <stdio.h>

#include "unit/test.h"

enum { URI, FROM, TO, AGENT };

#define MANY (EXPRESSIONS_HITS + 100)

struct rig {
	struct expressions set;
	struct expressions_scratch scratch;
	struct expressions_text text;
	struct expressions_captures captures;
	char buf[1024];
};

static void build(struct rig *rig, const struct expression *sources, uint32_t count) {
	struct expressions_problem problem = {0};

	// What PCRE2 compiles reads whole vectors, of which it then looks at the value's part only; valgrind cannot
	// tell.
	memset(rig->buf, 0, sizeof(rig->buf));
	if (expressions_init(&rig->set, sources, count, NULL, &problem) != 0)
		fail_msg("expression %u: %s", problem.id, problem.text);
	assert_int_equal(expressions_scratch_init(&rig->scratch, &rig->set), 0);
	expressions_text_begin(&rig->text, rig->buf, sizeof(rig->buf));
}

static void build_one(struct rig *rig, uint8_t field, const char *pattern) {
	build(rig, &(struct expression){.field = field, .pattern = pattern}, 1);
}

static void end(struct rig *rig) {
	expressions_scratch_fini(&rig->scratch);
	expressions_fini(&rig->set);
}

static void add(struct rig *rig, uint8_t field, const char *value) {
	expressions_text_add(&rig->text, field, str_from_c(value));
}

static bool scan(struct rig *rig) {
	return expressions_scan(&rig->set, &rig->scratch, &rig->text);
}

static enum expressions_verdict confirm(struct rig *rig, uint32_t id) {
	return expressions_confirm(&rig->set, &rig->scratch, &rig->text, id, &rig->captures);
}

enum outcome {
	NO,
	REFUSED, // found by the pass, refused by PCRE2
	YES,
	MISSED, // what must never be: PCRE2 has it, and the pass had not
};

// One expression and one request: the values of the fields in their order, NULL where there is none.
struct row {
	const char *pattern, *values[4];
	uint8_t field;
	bool caseless;
	enum outcome wanted;
};

static void run_row(const struct row *row) {
	const struct expression source = {.pattern = row->pattern, .field = row->field, .caseless = row->caseless};
	enum outcome is;
	struct rig rig;

	build(&rig, &source, 1);
	for (uint8_t i = 0; i < ARRAY_LEN(row->values); i++)
		if (row->values[i])
			add(&rig, i, row->values[i]);
	is = scan(&rig) ? REFUSED : NO;
	assert_int_equal(expressions_hit(&rig.scratch, 0), is != NO);
	if (confirm(&rig, 0) == EXPRESSIONS_CONFIRMED)
		is = is == REFUSED ? YES : MISSED;
	if (is != row->wanted)
		fail_msg("%s on %s, %s: %d", row->pattern, row->values[0], row->values[1], is);
	end(&rig);
}

#define RUN(...)                                                                                                       \
	do {                                                                                                           \
		static const struct row rows[] = {__VA_ARGS__};                                                        \
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)                                                           \
			run_row(&rows[i]);                                                                             \
	} while (0)

static void an_expression_is_about_its_own_field_alone(void **state) {
	(void)state;
	RUN({.pattern = "49301", .field = URI, .values = {"sip:49301@h", "x"}, .wanted = YES},
	    {.pattern = "49301", .field = URI, .values = {"sip:1@h", "49301", "49301", "49301"}, .wanted = NO},
	    {.pattern = "49301", .field = FROM, .values = {"49301", "x", "49301"}, .wanted = NO},
	    {.pattern = "49301", .field = AGENT, .values = {"49301", "x", "49301", "a49301"}, .wanted = YES},
	    {.pattern = "^49301", .field = TO, .values = {"49301", "49301", "x", "49301"}, .wanted = NO},
	    {.pattern = "^49301", .field = TO, .values = {"x", "x", "49301", "x"}, .wanted = YES},
	    {.pattern = "49301$", .field = FROM, .values = {"49301", "x", "49301"}, .wanted = NO},
	    {.pattern = "^a|b$", .field = FROM, .values = {"a", "c", "b"}, .wanted = NO},
	    {.pattern = "^a|b$", .field = FROM, .values = {"x", "ab", "x"}, .wanted = YES});
}

static void anchors_are_the_ends_of_the_value(void **state) {
	(void)state;
	RUN({.pattern = "^sip:", .values = {"sip:a"}, .wanted = YES},
	    {.pattern = "^sip:", .values = {"xsip:a"}, .wanted = NO},
	    {.pattern = "^sip:", .values = {" sip:a"}, .wanted = NO},
	    {.pattern = "example$", .values = {"a@example", "x"}, .wanted = YES},
	    {.pattern = "example$", .values = {"a@example.net"}, .wanted = NO},
	    {.pattern = "^abc$", .values = {"abc", "x"}, .wanted = YES},
	    {.pattern = "^abc$", .field = AGENT, .values = {"x", NULL, NULL, "abc"}, .wanted = YES},
	    {.pattern = "^abc$", .values = {"abcabc"}, .wanted = NO},
	    {.pattern = "^abc$", .values = {"abc\nabc"}, .wanted = NO},
	    {.pattern = "(^|;)lr(;|$)", .values = {"lr"}, .wanted = YES},
	    {.pattern = "(^|;)lr(;|$)", .values = {"a;lr;b"}, .wanted = YES},
	    {.pattern = "(^|;)lr(;|$)", .values = {"a;xlr"}, .wanted = NO},
	    {.pattern = "^a|^b", .values = {"bc"}, .wanted = YES},
	    {.pattern = "^a|^b", .values = {"cb", "b"}, .wanted = NO},
	    {.pattern = "(?i)^a", .values = {"Ab"}, .wanted = YES},
	    {.pattern = "[$^]", .values = {"a^"}, .wanted = YES},
	    {.pattern = "\\^a", .values = {"^a"}, .wanted = YES},
	    {.pattern = "\\ba\\b", .values = {"a", "b"}, .wanted = YES});
}

static void case_counts_unless_the_expression_says_otherwise(void **state) {
	(void)state;
	RUN({.pattern = "^Sip:", .values = {"sip:"}, .wanted = NO},
	    {.pattern = "^Sip:", .values = {"sIP:"}, .caseless = true, .wanted = YES},
	    {.pattern = "zoiper", .values = {"Zoiper 5"}, .wanted = NO},
	    {.pattern = "zoiper", .values = {"Zoiper 5"}, .caseless = true, .wanted = YES},
	    {.pattern = "^a(?i)b", .values = {"aB"}, .wanted = YES},
	    {.pattern = "^a(?i)b", .values = {"AB"}, .wanted = NO});
}

static void empty_and_absent_fields_match_nothing(void **state) {
	(void)state;
	RUN({.pattern = ".", .field = FROM, .values = {"a", "", "b"}, .wanted = NO},
	    {.pattern = ".", .field = FROM, .values = {"a", NULL, "b"}, .wanted = NO},
	    {.pattern = "^.", .field = FROM, .values = {"a", NULL, "b"}, .wanted = NO},
	    {.pattern = "[^x]", .field = FROM, .values = {"a", "", "b"}, .wanted = NO},
	    {.pattern = "\\s", .field = FROM, .values = {"a", "", "b"}, .wanted = NO},
	    {.pattern = "a", .values = {NULL}, .wanted = NO});
}

static void what_reaches_into_another_line_is_refused_at_last(void **state) {
	(void)state;
	RUN({.pattern = "a[^x]*b", .field = FROM, .values = {"a", "b"}, .wanted = REFUSED},
	    {.pattern = "^a[^x]*b", .field = URI, .values = {"a", "b"}, .wanted = REFUSED},
	    {.pattern = "(?s)a.*b", .field = FROM, .values = {"a", "b"}, .wanted = REFUSED},
	    {.pattern = "a\\s.\\sb", .field = FROM, .values = {"a", "b"}, .wanted = REFUSED},
	    {.pattern = "a[^x]*b", .field = FROM, .values = {"a", "aab"}, .wanted = YES},
	    {.pattern = "a[^x]*b", .field = URI, .values = {"a", "b"}, .wanted = NO},
	    {.pattern = "a.*b", .field = FROM, .values = {"a", "b"}, .wanted = NO});
}

static void line_breaks_in_a_value_become_spaces(void **state) {
	(void)state;
	RUN({.pattern = "^a  b$", .values = {"a\r\nb"}, .wanted = YES},
	    {.pattern = "^   b$", .values = {"\n\r\nb"}, .wanted = YES},
	    {.pattern = "\\n", .values = {"a\nb", "x"}, .wanted = NO},
	    {.pattern = "\\r", .values = {"a\rb"}, .wanted = NO},
	    {.pattern = "b $", .values = {"ab\n"}, .wanted = YES});
}

static void what_hyperscan_does_not_know_is_left_to_pcre2(void **state) {
	(void)state;
	RUN({.pattern = "^(?!sip:\\+49)sip:", .values = {"sip:+44"}, .wanted = YES},
	    {.pattern = "^(?!sip:\\+49)sip:", .values = {"sip:+49"}, .wanted = REFUSED},
	    {.pattern = "^(?!sip:\\+49)sip:", .values = {"x", "sip:+44"}, .wanted = NO},
	    {.pattern = "([a-z])\\1x", .values = {"aax"}, .wanted = YES},
	    {.pattern = "([a-z])\\1x", .values = {"abx"}, .wanted = REFUSED},
	    {.pattern = "(?P<n>ab)-\\k<n>", .values = {"ab-ab"}, .wanted = YES},
	    {.pattern = "(?<=foo)bar", .values = {"foobar"}, .wanted = YES},
	    {.pattern = "(?<=foo)bar", .values = {"bar"}, .wanted = REFUSED},
	    {.pattern = "foo(?=bar)", .values = {"foobar", "x"}, .wanted = YES},
	    {.pattern = "^a++ab", .values = {"aaab"}, .wanted = REFUSED},
	    {.pattern = "^a++b", .values = {"aaab"}, .wanted = YES},
	    {.pattern = "(?>a|ab)c", .values = {"abc ac"}, .wanted = YES},
	    {.pattern = "^x(?(?=a)ab|c)", .values = {"xab"}, .wanted = YES});
}

static void what_looks_special_and_is_not_is_taken_as_it_is(void **state) {
	(void)state;
	RUN({.pattern = "\\\\A", .values = {"\\A"}, .wanted = YES},
	    {.pattern = "^\\Q\\A|b\\E$", .values = {"\\A|b"}, .wanted = YES},
	    {.pattern = "^\\Q\\A|b\\E$", .values = {"b"}, .wanted = NO},
	    {.pattern = "^[|]a", .values = {"|a"}, .wanted = YES},
	    {.pattern = "^[]|]a", .values = {"]a"}, .wanted = YES},
	    {.pattern = "^[[:alpha:]|]b", .values = {"|b"}, .wanted = YES},
	    {.pattern = "^a(?#|)b", .values = {"ab"}, .wanted = YES},
	    {.pattern = "^(a|b)c", .values = {"bc"}, .wanted = YES},
	    {.pattern = "\\(*a", .values = {"((a"}, .wanted = YES},
	    {.pattern = "[(*]a", .values = {"*a"}, .wanted = YES},
	    {.pattern = "^a\\.*$", .values = {"a.."}, .wanted = YES},
	    {.pattern = "a\\.*", .values = {"ba"}, .wanted = YES},
	    {.pattern = "^a.*", .values = {"abc", "d"}, .wanted = YES},
	    {.pattern = "^a.*", .values = {"xabc", "a"}, .wanted = NO});
}

static void assert_group(const struct rig *rig, uint32_t group, const char *wanted) {
	struct str is = rig->captures.groups[group];

	assert_true(group < rig->captures.count);
	assert_true(str_eq(is, str_from_c(wanted)));
}

static void captures_are_given(void **state) {
	struct rig rig;

	(void)state;
	build_one(&rig, TO, "^<sip:(\\+?)(x)?([0-9]+)@([^>]*)>.*");
	add(&rig, URI, "sip:1@h");
	add(&rig, TO, "<sip:49301@example.net>;tag=1");
	assert_int_equal(confirm(&rig, 0), EXPRESSIONS_CONFIRMED);
	assert_int_equal(rig.captures.count, 5);
	assert_group(&rig, 0, "<sip:49301@example.net>;tag=1");
	assert_group(&rig, 1, "");
	assert_non_null(rig.captures.groups[1].ptr);
	assert_null(rig.captures.groups[2].ptr);
	assert_int_equal(rig.captures.groups[2].len, 0);
	assert_group(&rig, 3, "49301");
	assert_group(&rig, 4, "example.net");
	end(&rig);
}

static void groups_past_the_tenth_are_left_out(void **state) {
	struct rig rig;

	(void)state;
	build_one(&rig, URI, "(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)");
	add(&rig, URI, "abcdefghijkl");
	assert_int_equal(confirm(&rig, 0), EXPRESSIONS_CONFIRMED);
	assert_int_equal(rig.captures.count, EXPRESSIONS_GROUPS);
	assert_group(&rig, 0, "abcdefghijk");
	assert_group(&rig, 9, "i");
	end(&rig);
}

static void any_of_a_fields_values_may_match(void **state) {
	struct rig rig;

	(void)state;
	build_one(&rig, FROM, "^tel:(.*)");
	add(&rig, FROM, "sip:a@h");
	add(&rig, URI, "tel:1");
	assert_false(scan(&rig));
	add(&rig, FROM, "tel:2");
	add(&rig, FROM, "tel:3");
	assert_true(scan(&rig));
	assert_int_equal(confirm(&rig, 0), EXPRESSIONS_CONFIRMED);
	assert_group(&rig, 1, "2");
	end(&rig);
}

// At every size of the buffer, which ends at an unmapped page.
static void what_does_not_fit_is_cut_and_said(void **state) {
	static const char first[] = "0123", second[] = "4567";
	const uint32_t head = EXPRESSIONS_LINE_HEAD, whole = 2 * (head + 4);
	struct rig rig;

	(void)state;
	build(&rig, (struct expression[]){{.pattern = "^0123$", .field = 3}, {.pattern = "^4567", .field = 31}}, 2);
	for (uint32_t size = 0; size <= whole; size++) {
		struct guarded room = guarded_end("", 0);

		expressions_text_begin(&rig.text, room.ptr - size, size);
		add(&rig, 3, first);
		add(&rig, 31, second);
		assert_int_equal(rig.text.cut >> 3 & 1, size < head + 4);
		assert_int_equal(rig.text.cut >> 31, size < whole);
		assert_true(rig.text.len <= size);
		assert_int_equal(scan(&rig), size >= head + 4);
		assert_int_equal(expressions_hit(&rig.scratch, 0), size >= head + 4);
		assert_int_equal(expressions_hit(&rig.scratch, 1), size == whole);
		guarded_free(&room);
	}
	end(&rig);
}

static void more_values_than_there_are_lines_are_said(void **state) {
	struct rig rig;

	(void)state;
	build_one(&rig, TO, "^here$");
	for (unsigned i = 0; i < EXPRESSIONS_LINES; i++)
		add(&rig, URI, "x");
	assert_int_equal(rig.text.cut, 0);
	add(&rig, TO, "here");
	assert_int_equal(rig.text.cut, 1U << TO);
	assert_false(scan(&rig));
	end(&rig);
}

static void a_pass_forgets_the_one_before(void **state) {
	struct rig rig;

	(void)state;
	build(&rig, (struct expression[]){{.pattern = "^a"}, {.pattern = "b"}, {.pattern = "c", .field = FROM}}, 3);
	add(&rig, URI, "ab");
	assert_true(scan(&rig));
	assert_int_equal(rig.scratch.hit_count, 2);
	expressions_text_begin(&rig.text, rig.buf, sizeof(rig.buf));
	add(&rig, FROM, "cc");
	assert_true(scan(&rig));
	assert_int_equal(rig.scratch.hit_count, 1);
	assert_int_equal(rig.scratch.hits[0], 2);
	assert_false(expressions_hit(&rig.scratch, 0));
	assert_false(expressions_hit(&rig.scratch, 1));
	assert_true(expressions_hit(&rig.scratch, 2));
	end(&rig);
}

static void too_many_hits_make_every_expression_a_candidate(void **state) {
	static struct expression sources[MANY + 1];
	struct rig rig;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		sources[i] = (struct expression){.pattern = "ab"};
	sources[MANY] = (struct expression){.pattern = "^cd"};
	build(&rig, sources, MANY + 1);
	add(&rig, URI, "xab");
	assert_true(scan(&rig));
	assert_true(rig.scratch.overflowed);
	assert_true(expressions_hit(&rig.scratch, MANY));
	assert_int_equal(confirm(&rig, MANY), EXPRESSIONS_REFUSED);
	expressions_text_begin(&rig.text, rig.buf, sizeof(rig.buf));
	add(&rig, URI, "cd");
	assert_true(scan(&rig));
	assert_false(rig.scratch.overflowed);
	assert_int_equal(rig.scratch.hit_count, 1);
	for (uint32_t i = 0; i <= MANY; i++)
		assert_int_equal(expressions_hit(&rig.scratch, i), i == MANY);
	end(&rig);
}

static void a_confirmation_that_takes_too_long_is_given_up(void **state) {
	struct rig rig;

	(void)state;
	build_one(&rig, URI, "^(?:a|ab?|[a-c])+$");
	add(&rig, URI, "aaaaaaaaaaaaa!"); // 3 to the power of 13 ways
	assert_int_equal(confirm(&rig, 0), EXPRESSIONS_TOO_HARD);
	expressions_text_begin(&rig.text, rig.buf, sizeof(rig.buf));
	add(&rig, URI, "aaaaaaaaaaaaab");
	assert_int_equal(confirm(&rig, 0), EXPRESSIONS_CONFIRMED);
	end(&rig);
}

static void a_set_without_expressions_finds_nothing(void **state) {
	struct rig rig;

	(void)state;
	build(&rig, NULL, 0);
	add(&rig, URI, "sip:a@h");
	assert_false(scan(&rig));
	assert_int_equal(rig.scratch.hit_count, 0);
	end(&rig);
}

static void one_set_serves_several_cores(void **state) {
	struct expressions_scratch other;
	struct rig rig;

	(void)state;
	build_one(&rig, URI, "^a(b)");
	assert_int_equal(expressions_scratch_init(&other, &rig.set), 0);
	add(&rig, URI, "ab");
	assert_true(scan(&rig));
	assert_false(expressions_hit(&other, 0));
	assert_true(expressions_scan(&rig.set, &other, &rig.text));
	expressions_scratch_fini(&rig.scratch);
	assert_int_equal(expressions_confirm(&rig.set, &other, &rig.text, 0, &rig.captures), EXPRESSIONS_CONFIRMED);
	assert_group(&rig, 1, "b");
	expressions_scratch_fini(&other);
	expressions_fini(&rig.set);
}

static void what_is_wrong_with_an_expression_is_said(void **state) {
	static const struct {
		const char *pattern, *words;
		uint8_t field;
	} rows[] = {
		{.pattern = "a(b", .words = "at character 4: missing closing parenthesis"},
		{.pattern = "[a", .words = "missing terminating ]"},
		{.pattern = "a{3,2}", .words = "numbers out of order"},
		{.pattern = "(a)\\2", .words = "non-existent"},
		{.pattern = "*a", .words = "at character 1: quantifier"},
		{.pattern = "", .words = "also matches where there is nothing"},
		{.pattern = "a*", .words = "also matches where there is nothing"},
		{.pattern = "^$", .words = "also matches where there is nothing"},
		{.pattern = "^.*$", .words = "also matches where there is nothing"},
		{.pattern = "^(?!a)", .words = "also matches where there is nothing"},
		{.pattern = "ab\\Z", .words = "at character 3: use ^ and $"},
		{.pattern = "\\Aab", .words = "at character 1: use ^ and $"},
		{.pattern = "a|\\zb", .words = "at character 3: use ^ and $"},
		{.pattern = "\\Ga", .words = "at character 1: use ^ and $"},
		{.pattern = "(?i-m)^a", .words = "at character 1: (?-m)"},
		{.pattern = "a(?x: b)", .words = "at character 2: (?-m) and (?x)"},
		{.pattern = "(*UTF)a", .words = "at character 1: (*...)"},
		{.pattern = "a(*ACCEPT)b", .words = "at character 2: (*...)"},
		{.pattern = "sip:^a", .words = "a ^ behind other characters"},
		{.pattern = "^a$b", .words = "a $ before other characters"},
		{.pattern = "(a)(?1)", .words = "Subpattern reference"},
		{.pattern = "^foo\\Kbar", .words = "\\K at index 4"},
		{.pattern = "a", .field = EXPRESSIONS_FIELDS, .words = "no field 32"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct expression sources[] = {
			{.pattern = "fine"},
			{.pattern = rows[i].pattern, .field = rows[i].field},
			{.pattern = "^fine"},
		};
		struct expressions_problem problem = {0};
		struct expressions set;

		assert_int_equal(expressions_init(&set, sources, 3, NULL, &problem), -EINVAL);
		if (problem.id != 1 || !strstr(problem.text, rows[i].words))
			fail_msg("%s: of %u: %s", rows[i].pattern, problem.id, problem.text);
		expressions_fini(&set); // of one that failed does nothing
	}
}

static void too_much_is_refused(void **state) {
	static char pattern[EXPRESSIONS_PATTERN_MAX + 2];
	struct expression source = {.pattern = pattern};
	struct expressions_problem problem;
	struct expressions set;

	(void)state;
	memset(pattern, '.', EXPRESSIONS_PATTERN_MAX + 1);
	assert_int_equal(expressions_init(&set, &source, 1, NULL, &problem), -E2BIG);
	assert_int_equal(problem.id, 0);
	assert_int_equal(expressions_init(&set, &source, EXPRESSIONS_MAX + 1, NULL, &problem), -E2BIG);
	assert_int_equal(problem.id, EXPRESSIONS_NO_ID);
}

#define T(name) cmocka_unit_test(name)

int main(void) {
	const struct CMUnitTest tests[] = {
		T(an_expression_is_about_its_own_field_alone),
		T(anchors_are_the_ends_of_the_value),
		T(case_counts_unless_the_expression_says_otherwise),
		T(empty_and_absent_fields_match_nothing),
		T(what_reaches_into_another_line_is_refused_at_last),
		T(line_breaks_in_a_value_become_spaces),
		T(what_hyperscan_does_not_know_is_left_to_pcre2),
		T(what_looks_special_and_is_not_is_taken_as_it_is),
		T(captures_are_given),
		T(groups_past_the_tenth_are_left_out),
		T(any_of_a_fields_values_may_match),
		T(what_does_not_fit_is_cut_and_said),
		T(more_values_than_there_are_lines_are_said),
		T(a_pass_forgets_the_one_before),
		T(too_many_hits_make_every_expression_a_candidate),
		T(a_confirmation_that_takes_too_long_is_given_up),
		T(a_set_without_expressions_finds_nothing),
		T(one_set_serves_several_cores),
		T(what_is_wrong_with_an_expression_is_said),
		T(too_much_is_refused),
	};

	return cmocka_run_group_tests_name("sip/expressions", tests, NULL, NULL);
}
