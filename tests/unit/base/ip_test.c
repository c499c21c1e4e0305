// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/ip.h"

#include "unit/test.h"

// Parses from the end of a page; the formatted result, or "bad" with the target proved untouched.
static const char *parsed(const char *text, char *out) {
	struct guarded input = guarded_end(text, strlen(text));
	struct ip_addr addr, before;

	memset(&addr, 0xa5, sizeof(addr));
	before = addr;
	if (ip_parse(str_of(input.ptr, input.len), &addr)) {
		ip_format(&addr, out);
	} else {
		assert_true(ip_eq(&addr, &before));
		memcpy(out, "bad", sizeof("bad"));
	}
	guarded_free(&input);
	return out;
}

static void addresses_are_read_in_both_families(void **state) {
	static const struct {
		const char *text, *result;
	} rows[] = {
		{.text = "192.0.2.1", .result = "192.0.2.1"},
		{.text = "0.0.0.0", .result = "0.0.0.0"},
		{.text = "255.255.255.255", .result = "255.255.255.255"},
		{.text = "2001:db8::1", .result = "2001:db8::1"},
		{.text = "[2001:db8::1]", .result = "2001:db8::1"},
		{.text = "2001:DB8:0:0:0:0:0:1", .result = "2001:db8::1"},
		{.text = "::", .result = "::"},
		{.text = "::ffff:192.0.2.1", .result = "::ffff:192.0.2.1"},
		{.text = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		 .result = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{.text = "", .result = "bad"},
		{.text = "192.0.2", .result = "bad"},
		{.text = "192.0.2.1.1", .result = "bad"},
		{.text = "192.0.2.256", .result = "bad"},
		{.text = "192.0.2.01", .result = "bad"},
		{.text = "192.0.2.1 ", .result = "bad"},
		{.text = " 192.0.2.1", .result = "bad"},
		{.text = "0xc0.0.2.1", .result = "bad"},
		{.text = "3221225985", .result = "bad"},
		{.text = "[192.0.2.1]", .result = "bad"},
		{.text = "[2001:db8::1", .result = "bad"},
		{.text = "2001:db8::1]", .result = "bad"},
		{.text = "[[2001:db8::1]]", .result = "bad"},
		{.text = "[]", .result = "bad"},
		{.text = "[", .result = "bad"},
		{.text = "2001:db8:::1", .result = "bad"},
		{.text = "1:2:3:4:5:6:7", .result = "bad"},
		{.text = "1:2:3:4:5:6:7:8:9", .result = "bad"},
		{.text = "fe80::1%eth0", .result = "bad"},
		{.text = "12345::", .result = "bad"},
		{.text = "example.net", .result = "bad"},
		{.text = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", .result = "bad"},
	};
	char out[IP_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(parsed(rows[i].text, out), rows[i].result);
}

static void a_nul_in_the_text_is_no_end(void **state) {
	struct ip_addr addr;

	(void)state;
	assert_false(ip_parse(str_of("192.0.2.1\0", 10), &addr));
	assert_false(ip_parse((struct str){0}, &addr));
}

static void ipv4_converts_from_and_to_its_header_form(void **state) {
	struct ip_addr addr, same;

	(void)state;
	assert_true(ip_parse(STR("192.0.2.1"), &addr));
	same = ip_from_v4(ip_to_v4(&addr));
	assert_true(ip_eq(&addr, &same));
	assert_int_equal(ip_size(IP_V4), 4);
	assert_int_equal(ip_size(IP_V6), 16);
}

static void prefixes_have_no_bits_past_their_length(void **state) {
	static const struct {
		const char *text;
		int len;      // -1 = bad
		int host_len; // where host bits are allowed
	} rows[] = {
		{.text = "192.0.2.0/24", .len = 24, .host_len = 24},
		{.text = "192.0.2.1/24", .len = -1, .host_len = 24},
		{.text = "192.0.2.1", .len = 32, .host_len = 32},
		{.text = "192.0.2.1/32", .len = 32, .host_len = 32},
		{.text = "192.0.2.1/33", .len = -1, .host_len = -1},
		{.text = "192.0.2.1/31", .len = -1, .host_len = 31},
		{.text = "192.0.2.128/25", .len = 25, .host_len = 25},
		{.text = "0.0.0.0/0", .len = 0, .host_len = 0},
		{.text = "0.0.0.1/0", .len = -1, .host_len = 0},
		{.text = "2001:db8::/32", .len = 32, .host_len = 32},
		{.text = "2001:db8::/29", .len = 29, .host_len = 29},
		{.text = "2001:db8::/28", .len = -1, .host_len = 28},
		{.text = "2001:db8::1/128", .len = 128, .host_len = 128},
		{.text = "2001:db8::1/127", .len = -1, .host_len = 127},
		{.text = "2001:db8::1/129", .len = -1, .host_len = -1},
		{.text = "::/0", .len = 0, .host_len = 0},
		{.text = "2001:db8::1", .len = 128, .host_len = 128},
		{.text = "192.0.2.0/", .len = -1, .host_len = -1},
		{.text = "192.0.2.0/-1", .len = -1, .host_len = -1},
		{.text = "192.0.2.0/24/24", .len = -1, .host_len = -1},
		{.text = "/24", .len = -1, .host_len = -1},
		{.text = "", .len = -1, .host_len = -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct guarded text = guarded_end(rows[i].text, strlen(rows[i].text));
		struct ip_prefix strict = {.len = 200}, host = {.len = 200};

		assert_int_equal(ip_prefix_parse(str_of(text.ptr, text.len), &strict), rows[i].len >= 0);
		assert_int_equal(strict.len, rows[i].len >= 0 ? rows[i].len : 200);
		assert_int_equal(ip_prefix_parse_host(str_of(text.ptr, text.len), &host), rows[i].host_len >= 0);
		assert_int_equal(host.len, rows[i].host_len >= 0 ? rows[i].host_len : 200);
		guarded_free(&text);
	}
}

static void a_prefix_holds_its_addresses_only(void **state) {
	static const struct {
		const char *prefix, *addr;
		bool holds;
	} rows[] = {
		{.prefix = "192.0.2.0/24", .addr = "192.0.2.255", .holds = true},
		{.prefix = "192.0.2.0/24", .addr = "192.0.3.0"},
		{.prefix = "192.0.2.128/25", .addr = "192.0.2.127"},
		{.prefix = "192.0.2.128/25", .addr = "192.0.2.128", .holds = true},
		{.prefix = "192.0.2.7/32", .addr = "192.0.2.7", .holds = true},
		{.prefix = "192.0.2.7/32", .addr = "192.0.2.6"},
		{.prefix = "0.0.0.0/0", .addr = "203.0.113.9", .holds = true},
		{.prefix = "0.0.0.0/0", .addr = "::"},
		{.prefix = "::/0", .addr = "0.0.0.0"},
		{.prefix = "::/0", .addr = "2001:db8::1", .holds = true},
		{.prefix = "2001:db8::/29", .addr = "2001:dbf:ffff::", .holds = true},
		{.prefix = "2001:db8::/29", .addr = "2001:dc0::"},
		{.prefix = "2001:db8::1/128", .addr = "2001:db8::1", .holds = true},
		{.prefix = "2001:db8::1/128", .addr = "2001:db8::"},
		{.prefix = "192.0.2.55/24", .addr = "192.0.2.1", .holds = true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_prefix prefix;
		struct ip_addr addr;

		assert_true(ip_prefix_parse_host(str_from_c(rows[i].prefix), &prefix));
		assert_true(ip_parse(str_from_c(rows[i].addr), &addr));
		assert_int_equal(ip_prefix_holds(&prefix, &addr), rows[i].holds);
	}
}

static void no_family_is_in_no_prefix(void **state) {
	struct ip_prefix prefix = {0};
	struct ip_addr none = {0};
	char out[IP_TEXT_MAX];

	(void)state;
	assert_false(ip_prefix_holds(&prefix, &none));
	assert_int_equal(ip_format(&none, out), 4);
	assert_string_equal(out, "none");
}

static void endpoints_are_read_with_and_without_port(void **state) {
	static const struct {
		const char *text;
		uint16_t default_port;
		const char *result; // NULL = bad
	} rows[] = {
		{.text = "192.0.2.1:5060", .default_port = 1, .result = "192.0.2.1:5060"},
		{.text = "192.0.2.1:65535", .default_port = 1, .result = "192.0.2.1:65535"},
		{.text = "192.0.2.1", .default_port = 5060, .result = "192.0.2.1:5060"},
		{.text = "[2001:db8::1]:5061", .default_port = 1, .result = "[2001:db8::1]:5061"},
		{.text = "[2001:db8::1]", .default_port = 5060, .result = "[2001:db8::1]:5060"},
		{.text = "2001:db8::1", .default_port = 5060, .result = "[2001:db8::1]:5060"},
		{.text = "2001:db8::1:5061", .default_port = 5060, .result = "[2001:db8::1:5061]:5060"},
		{.text = "192.0.2.1", .default_port = 0},
		{.text = "192.0.2.1:0", .default_port = 5060},
		{.text = "192.0.2.1:65536", .default_port = 5060},
		{.text = "192.0.2.1:", .default_port = 5060},
		{.text = "192.0.2.1:5060x", .default_port = 5060},
		{.text = "192.0.2.1:5060:1", .default_port = 5060},
		{.text = ":5060", .default_port = 5060},
		{.text = "[2001:db8::1]:", .default_port = 5060},
		{.text = "[2001:db8::1]5060", .default_port = 5060},
		{.text = "[2001:db8::1:5060", .default_port = 5060},
		{.text = "[192.0.2.1]:5060", .default_port = 5060},
		{.text = "[", .default_port = 5060},
		{.text = ":", .default_port = 5060},
		{.text = "", .default_port = 5060},
	};
	char out[ENDPOINT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct guarded text = guarded_end(rows[i].text, strlen(rows[i].text));
		struct endpoint endpoint = {.port = 4711};
		bool good = endpoint_parse(str_of(text.ptr, text.len), rows[i].default_port, &endpoint);

		assert_int_equal(good, rows[i].result != NULL);
		if (good) {
			assert_int_equal(endpoint_format(&endpoint, out), strlen(rows[i].result));
			assert_string_equal(out, rows[i].result);
		} else {
			assert_int_equal(endpoint.port, 4711);
		}
		guarded_free(&text);
	}
}

static void endpoints_differ_by_address_and_port(void **state) {
	struct endpoint a, b;

	(void)state;
	assert_true(endpoint_parse(STR("192.0.2.1:5060"), 0, &a));
	assert_true(endpoint_parse(STR("192.0.2.1:5061"), 0, &b));
	assert_false(endpoint_eq(&a, &b));
	assert_true(endpoint_parse(STR("192.0.2.1"), 5060, &b));
	assert_true(endpoint_eq(&a, &b));
}

static void the_longest_texts_fit(void **state) {
	char text[] = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", out[ENDPOINT_TEXT_MAX];
	struct endpoint endpoint;

	(void)state;
	assert_true(endpoint_parse(STR(text), 0, &endpoint));
	assert_int_equal(endpoint_format(&endpoint, out), strlen(text));
	assert_string_equal(out, text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_in_both_families),
		cmocka_unit_test(a_nul_in_the_text_is_no_end),
		cmocka_unit_test(ipv4_converts_from_and_to_its_header_form),
		cmocka_unit_test(prefixes_have_no_bits_past_their_length),
		cmocka_unit_test(a_prefix_holds_its_addresses_only),
		cmocka_unit_test(no_family_is_in_no_prefix),
		cmocka_unit_test(endpoints_are_read_with_and_without_port),
		cmocka_unit_test(endpoints_differ_by_address_and_port),
		cmocka_unit_test(the_longest_texts_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
