// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/test.h"

#include "sip/uri.h"

static bool parse(struct guarded *text, struct sip_uri *ret_uri) {
	return sip_uri_parse(str_of(text->ptr, text->len), ret_uri);
}

static void assert_str(struct str got, const char *want) {
	if (!str_eq(got, str_from_c(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

struct uri_case {
	const char *text, *user, *password, *host;
	uint16_t port;
	const char *params, *headers;
};

static const struct uri_case good[] = {
	{.text = "sip:example.com", .user = "", .password = "", .host = "example.com", .params = "", .headers = ""},
	{.text = "sip:a@example.com:5061;transport=tcp;lr?Subject=x&Route=%3Csip:b%3E",
	 .user = "a",
	 .password = "",
	 .host = "example.com",
	 .port = 5061,
	 .params = ";transport=tcp;lr",
	 .headers = "?Subject=x&Route=%3Csip:b%3E"},
	{.text = "sip:alice:secret@atlanta.com",
	 .user = "alice",
	 .password = "secret",
	 .host = "atlanta.com",
	 .params = "",
	 .headers = ""},
	{.text = "sip:user;par=u%40example.net@example.com",
	 .user = "user;par=u%40example.net",
	 .password = "",
	 .host = "example.com",
	 .params = "",
	 .headers = ""},
	{.text = "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/"
		 ";;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
	 .user = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
	 .password = "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
	 .host = "example.com",
	 .params = "",
	 .headers = ""},
	{.text = "sip:null-%00-null@example.com",
	 .user = "null-%00-null",
	 .password = "",
	 .host = "example.com",
	 .params = "",
	 .headers = ""},
	{.text = "SIP:+1-212-555-1212:1234@gateway.com;user=phone",
	 .user = "+1-212-555-1212",
	 .password = "1234",
	 .host = "gateway.com",
	 .params = ";user=phone",
	 .headers = ""},
	{.text = "sip:#31#123@192.0.2.1:1",
	 .user = "#31#123",
	 .password = "",
	 .host = "192.0.2.1",
	 .port = 1,
	 .params = "",
	 .headers = ""},
	{.text = "sip:[2001:db8::10:5070]",
	 .user = "",
	 .password = "",
	 .host = "[2001:db8::10:5070]",
	 .params = "",
	 .headers = ""},
	{.text = "sip:u@[2001:db8::192.0.2.1]:65535;lr",
	 .user = "u",
	 .password = "",
	 .host = "[2001:db8::192.0.2.1]",
	 .port = 65535,
	 .params = ";lr",
	 .headers = ""},
	{.text = "sip:u:@h", .user = "u", .password = "", .host = "h", .params = "", .headers = ""},
	{.text = "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31",
	 .user = "cal%6Cer",
	 .password = "",
	 .host = "host5.example.net",
	 .params = ";%6C%72;n%61me=v%61lue%25%34%31",
	 .headers = ""},
	{.text = "sip:h.?a=", .user = "", .password = "", .host = "h.", .params = "", .headers = "?a="},
	{.text = "sip:0a3f:05060",
	 .user = "",
	 .password = "",
	 .host = "0a3f",
	 .port = 5060,
	 .params = "",
	 .headers = ""},
};

static void parts_of_a_sip_uri_are_found(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct guarded text = guarded_end(good[i].text, strlen(good[i].text));
		struct sip_uri uri;

		if (!parse(&text, &uri))
			fail_msg("refused: %s", good[i].text);
		assert_true(uri.is_sip);
		assert_str(uri.text, good[i].text);
		assert_str(uri.user, good[i].user);
		assert_str(uri.password, good[i].password);
		assert_str(uri.host, good[i].host);
		assert_int_equal(uri.port, good[i].port);
		assert_str(uri.params, good[i].params);
		assert_str(uri.headers, good[i].headers);
		guarded_free(&text);
	}
}

static const char *const bad[] = {
	"",
	"sip",
	"sip:",
	":a",
	"1sip:a",
	"<sip:user@example.com>",
	" sip:a",
	"sip:a ",
	"sip: a",
	"sip:user@example.com; lr",
	"sip:@h",
	"sip:u@",
	"sip::p@h",
	"sip:u@:5060",
	"sip:u@h:",
	"sip:u@h:0",
	"sip:u@h:70000",
	"sip:u@h:65536",
	"sip:u@h:4294967297",
	"sip:u@h:18446744073709551617",
	"sip:u@h:5060x",
	"sip:u@h:-1",
	"sip:2001:db8::10",
	"sip:user@[2001:db8:::192.0.2.1]",
	"sip:user@[2001:db8::1",
	"sip:user@[]",
	"sip:user@[192.0.2.1]",
	"sip:user@[2001:db8::1]x",
	"sip:user@2001:db8::1]",
	"sip:u%4@h",
	"sip:u%@h",
	"sip:u%4g@h",
	"sip:u@h;a=%2",
	"sip:u@h;a%",
	"sip:u@h?a=%2",
	"sip:u@h%41",
	"sip:u@h;",
	"sip:u@h;;lr",
	"sip:u@h;=x",
	"sip:u@h;x=",
	"sip:u@h;x=y=z",
	"sip:u@h?",
	"sip:u@h?a",
	"sip:u@h?=a",
	"sip:u@h?a=b&",
	"sip:u@h?a=b;c",
	"sip:u@h@i",
	"sip:u\"@h",
	"sip:u<@h",
	"sip:u\\@h",
	"sip:\xc3\xa9@h",
	"sip:u@\xc3\xa9",
	"sip:u@a..b",
	"sip:u@.a",
	"sip:u@-a",
	"sip:u@a-.b",
	"sip:u@256.0.0.1",
	"sip:u@1.2.3",
	"sip:u@1.2.3.4.5",
	"sip:u@1.2.3.4.",
	"sip:u@1.2.3.0004",
	"sip:u@5060",
	"tel:",
	"tel:a b",
	"tel:%zz",
	"http:<",
	"u@h",
};

static void malformed_uris_are_refused(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct guarded text = guarded_end(bad[i], strlen(bad[i]));
		struct sip_uri uri = {.port = 7};

		if (parse(&text, &uri))
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(uri.port, 7);
		guarded_free(&text);
	}
}

static void control_characters_are_refused_everywhere(void **state) {
	const char text[] = "sip:u:p@h:5060;a=b?c=d";

	(void)state;
	for (size_t at = 0; at <= sizeof(text) - 1; at++)
		for (int c = 0; c < 0x21; c++) {
			char with[sizeof(text)];
			struct sip_uri uri;

			memcpy(with, text, at);
			with[at] = (char)c;
			memcpy(with + at + 1, text + at, sizeof(text) - 1 - at);
			assert_false(sip_uri_parse(str_of(with, sizeof(with)), &uri));
		}
}

static void every_prefix_ends_at_its_end(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		for (size_t len = 0; len < strlen(good[i].text); len++) {
			struct guarded text = guarded_end(good[i].text, len);
			struct sip_uri uri;

			parse(&text, &uri);
			guarded_free(&text);
		}
}

static void other_schemes_are_opaque(void **state) {
	static const char *const texts[] = {
		"isbn:2983792873",
		"http://www.example.com",
		"tel:+1-212;phone-context=x",
		"name:John_Smith",
		"soap.beep://192.0.2.103:3002",
		"sipx:a",
		"urn:service:sos",
		"nobodyKnowsThisScheme:totallyopaquecontent",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct sip_uri uri;

		assert_true(sip_uri_parse(str_from_c(texts[i]), &uri));
		assert_false(uri.is_sip);
		assert_int_equal(uri.host.len, 0);
		assert_ptr_equal(uri.scheme.ptr, texts[i]);
		assert_int_equal(texts[i][uri.scheme.len], ':');
	}
}

static void sips_is_told_from_sip(void **state) {
	struct sip_uri uri;

	(void)state;
	assert_true(sip_uri_parse(STR("sIpS:a@b"), &uri));
	assert_true(uri.is_sip && uri.is_sips);
	assert_true(sip_uri_parse(STR("sip:sips%3Auser%40example.com@example.net"), &uri));
	assert_true(uri.is_sip && !uri.is_sips);
	assert_str(uri.user, "sips%3Auser%40example.com");
}

static void an_endpoint_is_known_by_address_and_port(void **state) {
	static const struct {
		const char *uri, *endpoint;
		bool is;
	} cases[] = {
		{.uri = "sip:192.0.2.1", .endpoint = "192.0.2.1:5060", .is = true},
		{.uri = "sip:x@192.0.2.1:5060;lr", .endpoint = "192.0.2.1:5060", .is = true},
		{.uri = "sip:192.0.2.1:5061", .endpoint = "192.0.2.1:5060", .is = false},
		{.uri = "sip:192.0.2.2", .endpoint = "192.0.2.1:5060", .is = false},
		{.uri = "sip:192.0.2.1", .endpoint = "192.0.2.1:5061", .is = false},
		{.uri = "sip:host.example.com", .endpoint = "192.0.2.1:5060", .is = false},
		{.uri = "sip:[2001:DB8:0::1]:5062", .endpoint = "[2001:db8::1]:5062", .is = true},
		{.uri = "http:192.0.2.1", .endpoint = "192.0.2.1:5060", .is = false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct endpoint endpoint, named;
		struct sip_uri uri;

		assert_true(endpoint_parse(str_from_c(cases[i].endpoint), 0, &endpoint));
		assert_true(sip_uri_parse(str_from_c(cases[i].uri), &uri));
		assert_int_equal(sip_uri_endpoint(&uri, &named) && endpoint_eq(&named, &endpoint), cases[i].is);
	}
}

static void hosts_are_names_or_addresses(void **state) {
	(void)state;
	assert_true(sip_is_host(STR("a")));
	assert_true(sip_is_host(STR("my_host.example.com.")));
	assert_true(sip_is_host(STR("192.0.2.255")));
	assert_true(sip_is_host(STR("[::1]")));
	assert_true(sip_is_host(STR("1and1.example")));
	assert_false(sip_is_host((struct str){0}));
	assert_false(sip_is_host(STR("::1")));
	assert_false(sip_is_host(STR("[::1]:5060")));
	assert_false(sip_is_host(STR("a:5060")));
	assert_false(sip_is_host(STR("example.123")));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_a_sip_uri_are_found),
		cmocka_unit_test(malformed_uris_are_refused),
		cmocka_unit_test(control_characters_are_refused_everywhere),
		cmocka_unit_test(every_prefix_ends_at_its_end),
		cmocka_unit_test(other_schemes_are_opaque),
		cmocka_unit_test(sips_is_told_from_sip),
		cmocka_unit_test(an_endpoint_is_known_by_address_and_port),
		cmocka_unit_test(hosts_are_names_or_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
