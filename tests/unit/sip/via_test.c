// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/test.h"

#include "sip/uri.h"

static void assert_str(struct str got, const char *want) {
	if (!str_eq(got, str_from_c(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static bool parse(const char *bytes, size_t len, struct sip_via *ret_via) {
	struct guarded text = guarded_end(bytes, len);
	bool ok = sip_via_parse(str_of(text.ptr, text.len), ret_via);

	guarded_free(&text);
	return ok && sip_via_parse(str_of(bytes, len), ret_via);
}

struct via_case {
	const char *text, *transport, *host;
	uint16_t port;
	const char *branch, *received, *maddr;
	bool has_rport;
	const char *rport;
};

static const struct via_case good[] = {
	{.text = "SIP/2.0/UDP 192.0.2.1", .transport = "UDP", .host = "192.0.2.1"},
	{.text = "SIP/2.0/UDP h:5061;branch=z9hG4bKa;rport",
	 .transport = "UDP",
	 .host = "h",
	 .port = 5061,
	 .branch = "z9hG4bKa",
	 .has_rport = true},
	{.text = "SIP/2.0/TLS h;RPORT=1;Branch=b;maddr=224.0.0.1;ttl=255;received=192.0.2.7;x;y=\"z\"",
	 .transport = "TLS",
	 .host = "h",
	 .branch = "b",
	 .received = "192.0.2.7",
	 .maddr = "224.0.0.1",
	 .has_rport = true,
	 .rport = "1"},
	{.text = "SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw",
	 .transport = "UDP",
	 .host = "192.0.2.2",
	 .branch = "390skdjuw"},
	{.text = "SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8",
	 .transport = "TCP",
	 .host = "spindle.example.com",
	 .branch = "z9hG4bK9ikj8"},
	{.text = "sip/2.0/UNKNOWN t4.example.com : 5060 ; branch = z9hG4bKasd0f3en",
	 .transport = "UNKNOWN",
	 .host = "t4.example.com",
	 .port = 5060,
	 .branch = "z9hG4bKasd0f3en"},
	{.text = "SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~",
	 .transport = "TCP",
	 .host = "host1.example.com",
	 .branch = "z9hG4bK-.!%66*_+`'~"},
	{.text = "SIP/2.0/UDP [2001:db8::9:1]:6050;received=2001:db8::9:255;branch=z9hG4bKas3",
	 .transport = "UDP",
	 .host = "[2001:db8::9:1]",
	 .port = 6050,
	 .branch = "z9hG4bKas3",
	 .received = "2001:db8::9:255"},
	{.text = "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111",
	 .transport = "UDP",
	 .host = "[2001:db8::9:1]",
	 .branch = "z9hG4bKas3-111",
	 .received = "2001:db8::9:255"},
};

static void parts_of_a_via_are_found(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		const struct via_case *want = &good[i];
		struct sip_via via;

		if (!parse(want->text, strlen(want->text), &via))
			fail_msg("refused: %s", want->text);
		assert_str(via.text, want->text);
		assert_str(via.transport, want->transport);
		assert_str(via.host, want->host);
		assert_int_equal(via.port, want->port);
		assert_str(via.branch, want->branch ? want->branch : "");
		assert_str(via.received, want->received ? want->received : "");
		assert_str(via.maddr, want->maddr ? want->maddr : "");
		assert_int_equal(via.has_rport, want->has_rport);
		assert_str(via.rport, want->rport ? want->rport : "");
	}
}

static const char *const bad[] = {
	"",
	"SIP/2.0/UDP",
	"SIP/2.0/UDP ",
	"SIP/2.0/ h",
	"SIP/2.0 UDP h",
	"SIP/2.0/UDPh",
	"SIP//UDP h",
	"X@P/2.0/UDP h",
	"SIP/2.0/UDP ;branch=b",
	"SIP/2.0/UDP :5060",
	"SIP/2.0/UDP h:",
	"SIP/2.0/UDP h:0",
	"SIP/2.0/UDP h:70000",
	"SIP/2.0/UDP h:99999999999999999999",
	"SIP/2.0/UDP 2001:db8::9:1",
	"SIP/2.0/UDP [2001:db8:::1]",
	"SIP/2.0/UDP [2001:db8::1",
	"SIP/2.0/UDP 192.0.2.15;;,;,,",
	"SIP/2.0/UDP h;",
	"SIP/2.0/UDP h;;branch=b",
	"SIP/2.0/UDP h;branch",
	"SIP/2.0/UDP h;branch=",
	"SIP/2.0/UDP h;branch=\"b\"",
	"SIP/2.0/UDP h;branch=a@b",
	"SIP/2.0/UDP h;branch=a;branch=b",
	"SIP/2.0/UDP h;rport=",
	"SIP/2.0/UDP h;rport=0",
	"SIP/2.0/UDP h;rport=65536",
	"SIP/2.0/UDP h;rport=x",
	"SIP/2.0/UDP h;rport=\"1\"",
	"SIP/2.0/UDP h;rport;rport",
	"SIP/2.0/UDP h;received",
	"SIP/2.0/UDP h;received=[]",
	"SIP/2.0/UDP h;received=[::1",
	"SIP/2.0/UDP h;received=\"h\"",
	"SIP/2.0/UDP h;received=a;received=b",
	"SIP/2.0/UDP h;maddr=::1",
	"SIP/2.0/UDP h;ttl=256",
	"SIP/2.0/UDP h;ttl",
	"SIP/2.0/UDP h;x=\"",
	"SIP/2.0/UDP h;x=\"\\",
	"SIP/2.0/UDP h, SIP/2.0/UDP i",
	"SIP/2.0/UDP h x",
	"SIP/2.0/UDP h\r\n;x",
	"SIP/2.0/UDP\rh",
	"SIP/2.0/UDP h,",
};

static void malformed_vias_are_refused(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct sip_via via;

		if (parse(bad[i], strlen(bad[i]), &via))
			fail_msg("taken: %s", bad[i]);
	}
}

static void every_prefix_ends_at_its_end(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		for (size_t len = 0; len < strlen(good[i].text); len++) {
			struct sip_via via;

			parse(good[i].text, len, &via);
		}
}

static void an_empty_rport_says_where_its_value_goes(void **state) {
	const char *text = "SIP/2.0/UDP h; rport ;x";
	struct sip_via via;

	(void)state;
	assert_true(sip_via_parse(str_from_c(text), &via));
	assert_ptr_equal(via.rport.ptr, strstr(text, "rport") + 5);
	assert_str(via.params, "; rport ;x");
}

static void a_list_is_walked_in_one_pass(void **state) {
	static const struct {
		const char *text;
		int entries;
		int end;
	} cases[] = {
		{.text = "", .entries = 0, .end = 0},
		{.text = "  ", .entries = 0, .end = 0},
		{.text = "SIP/2.0/UDP a;x=\"1,2\" ,\r\n SIP/2.0/TCP b , SIP / 2.0 / UDP c:1 ", .entries = 3, .end = 0},
		{.text = "SIP/2.0/UDP a,", .entries = 0, .end = -1},
		{.text = "SIP/2.0/UDP a,,SIP/2.0/UDP b", .entries = 0, .end = -1},
		{.text = "SIP/2.0/UDP a, b", .entries = 1, .end = -1},
		{.text = ",SIP/2.0/UDP a", .entries = 0, .end = -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded text = guarded_end(cases[i].text, strlen(cases[i].text));
		struct str rest = str_of(text.ptr, text.len), list = rest;
		struct str entry;
		struct sip_via via;
		int entries = 0, got;

		while ((got = sip_via_next(&rest, &via)) == 1) {
			entries++;
			assert_int_equal(sip_list_next(&list, &entry), 1);
			assert_true(str_eq(entry, via.text));
			assert_ptr_equal(rest.ptr, list.ptr);
		}
		assert_int_equal(entries, cases[i].entries);
		assert_int_equal(got, cases[i].end);
		guarded_free(&text);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_a_via_are_found),
		cmocka_unit_test(malformed_vias_are_refused),
		cmocka_unit_test(every_prefix_ends_at_its_end),
		cmocka_unit_test(an_empty_rport_says_where_its_value_goes),
		cmocka_unit_test(a_list_is_walked_in_one_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
