// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "whole.h"

#include <stdio.h>

// Nobody smuggles a header past the proxy by spelling its name another way: what it does to the header it does to all
// its spellings, or refuses them. The proxy that keeps nothing shows it best, for what it sends is the same each time.

static int set_up(void **state) {
	return rig_set_up_as(state, PROXY_STATELESS);
}

struct header {
	const char *name, *compact;
};

// Those that are read, removed, changed or copied.
static const struct header headers[] = {
	{"Via", "v"},
	{"From", "f"},
	{"To", "t"},
	{"Call-ID", "i"},
	{"CSeq", NULL},
	{"Max-Forwards", NULL},
	{"Content-Length", "l"},
	{"Contact", "m"},
	{"Route", NULL},
	{"Record-Route", NULL},
	{"Supported", "k"},
};

// 'N' is the name, 'n' in lower case, 'U' in upper case, 'c' the compact form.
static const char *const good[] = {
	"N :", "N\t:", "N \t \t:", "n:", "U:", "U :", "c:", "c :", "c\t:", "N:\r\n ", "N :\r\n\t", "c:\r\n \t"};
static const char *const bad[] = {
	"N\x01:",
	"\x01N:",
	"N\r\n :",
	"N\n:",
	"N\r:",
	"N x:",
	"N\x7f:",
	"N\xa0:",
	"N\":",
	"N@:",
	"N;:",
	"\"N\":",
	"N,:"};

// False when the header has no such form.
static bool spell(const struct header *header, const char *form, char *out) {
	for (; *form; form++) {
		const char *name = *form == 'c' ? header->compact : header->name;

		if (!strchr("NnUc", *form)) {
			*out++ = *form;
			continue;
		}
		if (!name)
			return false;
		for (; *name; name++) {
			bool letter = (unsigned)((*name | 0x20) - 'a') < 26;

			*out++ =
				(char)(letter && *form == 'n'	? *name | 0x20
				       : letter && *form == 'U' ? *name & ~0x20
								: *name);
		}
	}
	*out = '\0';
	return true;
}

#define EXTRA                                                                                                          \
	"Route: <sip:192.0.2.1:5060;lr>,<sip:198.51.100.10;lr>\r\nRecord-Route: <sip:10.0.0.1;lr>\r\n"                 \
	"Supported: timer\r\n"

// The request with that header's name spelt so.
static void respell(char *out, const struct header *header, const char *spelt) {
	char plain[32], other[80];

	snprintf(plain, sizeof(plain), "\r\n%s:", header->name);
	snprintf(other, sizeof(other), "\r\n%s", spelt);
	whole_fill(out, call_request("INVITE", "z9hG4bK1", 1, NULL, EXTRA), plain, other, ' ', 0);
}

static void parse_sent(const struct rig *rig, struct sip_msg *msg) {
	assert_int_equal(sip_parse(msg, rig->sent.text, rig->sent.len, &rig->s->own_limits, &rig->s->locator), SIP_OK);
}

// The same start line, headers and body, whatever the names of the headers look like.
static void assert_same(const struct sip_msg *a, const struct sip_msg *b, const char *spelt) {
	assert_int_equal(a->index.count, b->index.count);
	assert_true(str_eq(a->request_uri, b->request_uri) && str_eq(a->body, b->body));
	for (int i = 0; i < a->index.count; i++)
		if (a->index.header[i].id != b->index.header[i].id ||
		    !str_eq(sip_header_value(a, i), sip_header_value(b, i)))
			fail_msg(
				"\"%s\": \"%.*s\" is not \"%.*s\"",
				spelt,
				STR_ARG(sip_header_value(a, i)),
				STR_ARG(sip_header_value(b, i))
			);
}

static void every_spelling_is_the_same_header(void **state) {
	static struct sip_msg usual, msg;
	static struct sent first;
	struct rig *rig = *state;
	char text[TEXT_MAX], spelt[64];

	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, EXTRA));
	whole_expect(rig, CALLEE, "INVITE ");
	parse_sent(rig, &usual);
	first = rig->sent;
	assert_int_equal(sip_parse(&usual, first.text, first.len, &rig->s->own_limits, &rig->s->locator), SIP_OK);
	assert_int_equal(usual.max_forwards, 69);
	assert_null(strstr(first.text, "192.0.2.1:5060;lr>"));
	for (unsigned i = 0; i < ARRAY_LEN(headers); i++)
		for (unsigned k = 0; k < ARRAY_LEN(good); k++) {
			if (!spell(&headers[i], good[k], spelt))
				continue;
			respell(text, &headers[i], spelt);
			rig_send(rig, CALLER, text);
			whole_expect(rig, CALLEE, "INVITE ");
			parse_sent(rig, &msg);
			assert_same(&msg, &usual, spelt);
			rig_expect_nothing(rig);
		}
}

static void what_is_no_name_is_refused(void **state) {
	struct rig *rig = *state;
	char text[TEXT_MAX], spelt[64];
	struct outcome got;

	for (unsigned i = 0; i < ARRAY_LEN(headers); i++)
		for (unsigned k = 0; k < ARRAY_LEN(bad); k++) {
			assert_true(spell(&headers[i], bad[k], spelt));
			respell(text, &headers[i], spelt);
			rig_send(rig, CALLER, text);
			got = whole_outcome(rig);
			if (got.forwarded > 0 || (got.answers > 0 && got.status != 400))
				fail_msg("\"%s\" is forwarded, or answered %d", spelt, got.status);
		}
	assert_int_equal(rig_count(rig, COUNT_SIP_BAD_LINE), ARRAY_LEN(headers) * ARRAY_LEN(bad));
}

// '%' belongs to a token, and nobody unescapes header names: another header for all.
static void a_name_with_an_escape_is_another_header(void **state) {
	static const struct header route = {.name = "Route"};
	struct rig *rig = *state;
	char text[TEXT_MAX];

	respell(text, &route, "Route%20:");
	rig_send(rig, CALLER, text);
	assert_non_null(strstr(
		whole_expect(rig, CALLEE, "INVITE "), "\r\nRoute%20: <sip:192.0.2.1:5060;lr>,<sip:198.51.100.10;lr>\r\n"
	));
	rig_expect_nothing(rig);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_spelling_is_the_same_header),
		TEST(what_is_no_name_is_refused),
		TEST(a_name_with_an_escape_is_another_header),
	};

	return cmocka_run_group_tests_name("session/spelling", tests, rig_eal, NULL);
}
