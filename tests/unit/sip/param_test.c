// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/test.h"

#include "sip/uri.h"

// Walks parameters into "name=value|name|", or "!" at what is malformed.
static void walk_params(struct str rest, char *out) {
	struct sip_param param;
	int got;

	while ((got = sip_param_next(&rest, &param)) == 1) {
		memcpy(out, param.name.ptr, param.name.len);
		out += param.name.len;
		if (param.value.ptr != NULL) {
			*out++ = '=';
			memcpy(out, param.value.ptr, param.value.len);
			out += param.value.len;
		}
		*out++ = '|';
	}
	if (got < 0)
		*out++ = '!';
	*out = '\0';
}

static void walk_list(struct str rest, char *out) {
	struct str entry;
	int got;

	while ((got = sip_list_next(&rest, &entry)) == 1) {
		memcpy(out, entry.ptr, entry.len);
		out += entry.len;
		*out++ = '|';
	}
	if (got < 0)
		*out++ = '!';
	*out = '\0';
}

struct walk_case {
	const char *text, *want;
};

static void check(const struct walk_case *cases, size_t count, void (*walk)(struct str, char *)) {
	for (size_t i = 0; i < count; i++) {
		struct guarded text = guarded_end(cases[i].text, strlen(cases[i].text));
		char out[512];

		walk(str_of(text.ptr, text.len), out);
		assert_string_equal(out, cases[i].want);
		guarded_free(&text);
	}
}

static void parameters_are_walked(void **state) {
	static const struct walk_case cases[] = {
		{.text = "", .want = ""},
		{.text = "  ", .want = ""},
		{.text = ";a", .want = "a|"},
		{.text = ";a=b;c", .want = "a=b|c|"},
		{.text = " ; a = b ; c ", .want = "a=b|c|"},
		{.text = "\r\n ;\r\n\ttag \r\n = 98asjd8", .want = "tag=98asjd8|"},
		{.text = ";a=\"x;y\\\"z\";b", .want = "a=\"x;y\\\"z\"|b|"},
		{.text = ";a=\"\"", .want = "a=\"\"|"},
		{.text = ";received=[2001:db8::1];x", .want = "received=[2001:db8::1]|x|"},
		{.text = ";transport=tcp;n%61me=v%61;[x]=/$&", .want = "transport=tcp|n%61me=v%61|[x]=/$&|"},
		{.text = ";;", .want = "!"},
		{.text = ";", .want = "!"},
		{.text = ";a;", .want = "a|!"},
		{.text = ";a=", .want = "!"},
		{.text = ";a==b", .want = "!"},
		{.text = ";=b", .want = "!"},
		{.text = ";a=\"x", .want = "!"},
		{.text = ";a=\"x\\", .want = "!"},
		{.text = ";a=\"x\\\"", .want = "!"},
		{.text = ";a=\"x\"y", .want = "!"},
		{.text = ";a b", .want = "!"},
		{.text = ";a,b", .want = "!"},
		{.text = "a", .want = "!"},
		{.text = ";a\r\n;b", .want = "!"},
		{.text = ";a\r;b", .want = "!"},
		{.text = ";a\n;b", .want = "!"},
		{.text = ";a=\"x\ry\"", .want = "!"},
		{.text = ";a=\"x\ny\"", .want = "!"},
		{.text = ";a=\"x\r\n y\"", .want = "a=\"x\r\n y\"|"},
	};

	(void)state;
	check(cases, ARRAY_LEN(cases), walk_params);
}

static void a_parameter_is_found_by_name_in_any_case(void **state) {
	struct str params = STR(";LR;Maddr=192.0.2.1;x=\"lr2\"");
	struct sip_param param;

	(void)state;
	assert_int_equal(sip_param_find(params, STR("lr"), &param), 1);
	assert_null(param.value.ptr);
	assert_int_equal(sip_param_find(params, STR("maddr"), &param), 1);
	assert_true(str_eq(param.value, STR("192.0.2.1")));
	assert_int_equal(sip_param_find(params, STR("lr2"), &param), 0);
	assert_int_equal(sip_param_find((struct str){0}, STR("lr"), &param), 0);
	assert_int_equal(sip_param_find(STR(";a;;lr"), STR("lr"), &param), -1);
	assert_int_equal(sip_param_find(STR(";lr;;"), STR("lr"), &param), 1);
}

static void lists_are_split_at_their_commas(void **state) {
	static const struct walk_case cases[] = {
		{.text = "", .want = ""},
		{.text = " \t", .want = ""},
		{.text = "a", .want = "a|"},
		{.text = " a , b,c\r\n , d ", .want = "a|b|c|d|"},
		{.text = "<sip:a,b@c>, \"x, \\\", y\" <sip:d>;e=\"f,g\"",
		 .want = "<sip:a,b@c>|\"x, \\\", y\" <sip:d>;e=\"f,g\"|"},
		{.text = "\"a\"<b>", .want = "\"a\"<b>|"},
		{.text = "\"a\">,c", .want = "\"a\">|c|"},
		{.text = "\"a\",c", .want = "\"a\"|c|"},
		{.text = "<a>,c", .want = "<a>|c|"},
		{.text = "\n\n", .want = "!"},
		{.text = "a\r,b", .want = "!"},
		{.text = "a\n,b", .want = "!"},
		{.text = ",", .want = "!"},
		{.text = ",a", .want = "!"},
		{.text = "a,", .want = "!"},
		{.text = "a, ", .want = "!"},
		{.text = "a,,b", .want = "!"},
		{.text = "a, ,b", .want = "!"},
		{.text = "\"a", .want = "!"},
		{.text = "\"a\\\"", .want = "!"},
		{.text = "<a", .want = "!"},
		{.text = "x, <a", .want = "x|!"},
	};

	(void)state;
	check(cases, ARRAY_LEN(cases), walk_list);
}

static void cseq_is_a_number_and_a_method(void **state) {
	static const struct {
		const char *text;
		int64_t number; // -1: malformed
		const char *method;
	} cases[] = {
		{.text = "314159 INVITE", .number = 314159, .method = "INVITE"},
		{.text = " 0009\r\n  INVITE ", .number = 9, .method = "INVITE"},
		{.text = "0 a", .number = 0, .method = "a"},
		{.text = "2147483647 INVITE", .number = 2147483647, .method = "INVITE"},
		{.text = "139122385 !interesting-Method0123456789_*+`.%indeed'~",
		 .number = 139122385,
		 .method = "!interesting-Method0123456789_*+`.%indeed'~"},
		{.text = "2147483648 INVITE", .number = -1},
		{.text = "36893488147419103232 INVITE", .number = -1},
		{.text = "", .number = -1},
		{.text = "1", .number = -1},
		{.text = "1 ", .number = -1},
		{.text = "INVITE", .number = -1},
		{.text = "1INVITE", .number = -1},
		{.text = "-1 INVITE", .number = -1},
		{.text = "+1 INVITE", .number = -1},
		{.text = "1 INVITE x", .number = -1},
		{.text = "1 INV@ITE", .number = -1},
		{.text = "1\rINVITE", .number = -1},
		{.text = "1\r\nINVITE", .number = -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded text = guarded_end(cases[i].text, strlen(cases[i].text));
		uint32_t number = 0;
		struct str method;
		bool ok = sip_cseq_parse(str_of(text.ptr, text.len), &number, &method);

		assert_int_equal(ok, cases[i].number >= 0);
		if (ok) {
			assert_int_equal(number, cases[i].number);
			assert_true(str_eq(method, str_from_c(cases[i].method)));
		}
		guarded_free(&text);
	}
}

static void tokens_and_call_ids_have_their_characters(void **state) {
	(void)state;
	assert_true(sip_is_token(STR("RE%47IST%45R")));
	assert_true(sip_is_token(STR("-.!%*_+`'~")));
	assert_false(sip_is_token((struct str){0}));
	assert_false(sip_is_token(STR("a b")));
	assert_false(sip_is_token(STR("a@b")));
	assert_false(sip_is_token(STR("a\0b")));
	assert_false(sip_is_token(STR("\xc3\xa9")));
	assert_true(sip_is_call_id(STR("a")));
	assert_true(sip_is_call_id(STR("wsinv.ndaksdj@192.0.2.1")));
	assert_true(sip_is_call_id(STR("intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{")));
	assert_false(sip_is_call_id((struct str){0}));
	assert_false(sip_is_call_id(STR("@a")));
	assert_false(sip_is_call_id(STR("a@")));
	assert_false(sip_is_call_id(STR("a@b@c")));
	assert_false(sip_is_call_id(STR("a b")));
	assert_false(sip_is_call_id(STR("a;b")));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_walked),
		cmocka_unit_test(a_parameter_is_found_by_name_in_any_case),
		cmocka_unit_test(lists_are_split_at_their_commas),
		cmocka_unit_test(cseq_is_a_number_and_a_method),
		cmocka_unit_test(tokens_and_call_ids_have_their_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
