// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/test.h"

#include "sip/uri.h"

static void assert_str(struct str got, const char *want) {
	if (!str_eq(got, str_from_c(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static bool parse(const char *bytes, size_t len, struct sip_name_addr *ret_addr) {
	struct guarded text = guarded_end(bytes, len);
	bool ok = sip_name_addr_parse(str_of(text.ptr, text.len), ret_addr);

	guarded_free(&text);
	return ok && sip_name_addr_parse(str_of(bytes, len), ret_addr);
}

// Some hold NULs.
#define TEXT(literal)                                                                                                  \
	{ .ptr = (literal), .len = sizeof(literal) - 1 }

struct addr_case {
	struct str text;
	const char *display, *uri;
	bool in_brackets;
	const char *params, *tag;
};

static const struct addr_case good[] = {
	{.text = TEXT("sip:a@b"), .display = "", .uri = "sip:a@b", .params = "", .tag = ""},
	{.text = TEXT("<sip:a@b>"), .display = "", .uri = "sip:a@b", .in_brackets = true, .params = "", .tag = ""},
	{.text = TEXT(" \"A. G. Bell\" <sip:a@b;x?y=z> ; tag = a48s "),
	 .display = "\"A. G. Bell\"",
	 .uri = "sip:a@b;x?y=z",
	 .in_brackets = true,
	 .params = "; tag = a48s",
	 .tag = "a48s"},
	{.text = TEXT("sip:a@b;tag=hyh8;x"), .display = "", .uri = "sip:a@b", .params = ";tag=hyh8;x", .tag = "hyh8"},
	{.text = TEXT("caller<sip:c@d>;TAG=323"),
	 .display = "caller",
	 .uri = "sip:c@d",
	 .in_brackets = true,
	 .params = ";TAG=323",
	 .tag = "323"},
	{.text = TEXT("\"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8"),
	 .display = "\"J Rosenberg \\\\\\\"\"",
	 .uri = "sip:jdrosen@example.com",
	 .in_brackets = true,
	 .params = ";\r\n  tag = 98asjd8",
	 .tag = "98asjd8"},
	{.text = TEXT("sip:v@c.example.com ;   tag    = 1918181833n"),
	 .display = "",
	 .uri = "sip:v@c.example.com",
	 .params = ";   tag    = 1918181833n",
	 .tag = "1918181833n"},
	{.text = TEXT("\"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\" <sip:a@b>"),
	 .display = NULL,
	 .uri = "sip:a@b",
	 .in_brackets = true,
	 .params = "",
	 .tag = ""},
	{.text = TEXT("t1~` t2'+_ t3*%!.- <sip:m@e>;p''~+*_!.-%=\"\xd1\x80\";tag=_token~1'+`*%!-."),
	 .display = "t1~` t2'+_ t3*%!.-",
	 .uri = "sip:m@e",
	 .in_brackets = true,
	 .params = ";p''~+*_!.-%=\"\xd1\x80\";tag=_token~1'+`*%!-.",
	 .tag = "_token~1'+`*%!-."},
	{.text = TEXT("isbn:2983792873"), .display = "", .uri = "isbn:2983792873", .params = "", .tag = ""},
	{.text = TEXT("<http://www.example.com>;tag=3"),
	 .display = "",
	 .uri = "http://www.example.com",
	 .in_brackets = true,
	 .params = ";tag=3",
	 .tag = "3"},
	{.text = TEXT("J\xc3\xb6rg (Office) <sip:a>"),
	 .display = "J\xc3\xb6rg (Office)",
	 .uri = "sip:a",
	 .in_brackets = true,
	 .params = "",
	 .tag = ""},
	{.text = TEXT("\"\"<sip:a>"), .display = "\"\"", .uri = "sip:a", .in_brackets = true, .params = "", .tag = ""},
	{.text = TEXT("*"), .display = "", .uri = "*", .params = "", .tag = ""},
	{.text = TEXT("sip:+19725552222@gw1.example.net;unknownparam"),
	 .display = "",
	 .uri = "sip:+19725552222@gw1.example.net",
	 .params = ";unknownparam",
	 .tag = ""},
	{.text = TEXT("<sip:a;tag=x@b;tag=y>;+sip.instance=\"<urn:uuid:1>\""),
	 .display = "",
	 .uri = "sip:a;tag=x@b;tag=y",
	 .in_brackets = true,
	 .params = ";+sip.instance=\"<urn:uuid:1>\"",
	 .tag = ""},
};

static void parts_of_a_name_addr_are_found(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct sip_name_addr addr;

		if (!parse(good[i].text.ptr, good[i].text.len, &addr))
			fail_msg("refused: %s", good[i].text.ptr);
		if (good[i].display != NULL)
			assert_str(addr.display, good[i].display);
		assert_str(addr.uri, good[i].uri);
		assert_int_equal(addr.in_brackets, good[i].in_brackets);
		assert_str(addr.params, good[i].params);
		assert_str(addr.tag, good[i].tag);
	}
}

static const struct str bad[] = {
	TEXT(""),
	TEXT(" "),
	TEXT("a"),
	TEXT("<>"),
	TEXT("<sip:a"),
	TEXT("<sip:a>b"),
	TEXT("<<sip:a>>"),
	TEXT("Bell, Alexander <sip:a.g.bell@example.com>;tag=43"),
	TEXT("a@b <sip:a>"),
	TEXT("< sip:t.watson@example.org >"),
	TEXT("\"Mr. J. User <sip:j.user@example.com>"),
	TEXT("\"a\\\" <sip:a>"),
	TEXT("\"a\0b\" <sip:a>"),
	TEXT("\"a\x7f\" <sip:a>"),
	TEXT("\"a\r\nb\" <sip:a>"),
	TEXT("\"a\" sip:a"),
	TEXT("\"a\""),
	TEXT("a b sip:c"),
	TEXT("a sip:c"),
	TEXT("sip:user@example.com?Route=%3Csip:sip.example.com%3E"),
	TEXT("sip:a;b@c"),
	TEXT("sip:a,b@c"),
	TEXT("sip:a b"),
	TEXT("<sip:a>;;;;"),
	TEXT("<sip:a>;"),
	TEXT("<sip:a>;tag"),
	TEXT("<sip:a>;tag="),
	TEXT("<sip:a>;tag=\"x\""),
	TEXT("<sip:a>;tag=[x]"),
	TEXT("<sip:a>;tag=a;tag=b"),
	TEXT("<sip:a>;tag=a;x;TAG=a"),
	TEXT("<sip:a>,<sip:b>"),
	TEXT("<sip:a@b:0>"),
	TEXT("<sip:@b>"),
	TEXT("<sip:%4@b>"),
	TEXT("<sip:user@[2001:db8:::192.0.2.1]>"),
	TEXT("*;q=1"),
	TEXT("* *"),
	TEXT("<sip:a>\r\n;x"),
	TEXT("<sip:a>\r"),
};

static void malformed_name_addrs_are_refused(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct sip_name_addr addr;

		if (parse(bad[i].ptr, bad[i].len, &addr))
			fail_msg("taken: %s", bad[i].ptr);
	}
}

static void every_prefix_ends_at_its_end(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		for (size_t len = 0; len < good[i].text.len; len++) {
			struct sip_name_addr addr;

			parse(good[i].text.ptr, len, &addr);
		}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_a_name_addr_are_found),
		cmocka_unit_test(malformed_name_addrs_are_refused),
		cmocka_unit_test(every_prefix_ends_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
