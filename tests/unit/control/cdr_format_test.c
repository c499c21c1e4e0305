// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The record, and its two texts.
#include <jansson.h>
#include <stdio.h>

#include "control/cdr.h"
#include "unit/random.h"
#include "unit/test.h"

#define NOON_US 1769860800000000 // 2026-01-31T12:00:00Z

static struct endpoint endpoint(const char *text) {
	struct endpoint endpoint;

	assert_true(endpoint_parse(str_from_c(text), 5060, &endpoint));
	return endpoint;
}

static void add_attempt(struct cdr *cdr, const char *trunk, const char *to, struct cdr_attempt values) {
	struct cdr_attempt *attempt = cdr_attempt_add(cdr, str_from_c(trunk));

	assert_non_null(attempt);
	values.to = endpoint(to);
	values.trunk = attempt->trunk;
	*attempt = values;
}

// Every field of it is there and differs from the others.
static struct cdr full_record(void) {
	static const char *const texts[CDR_TEXT_COUNT] = {
		[CDR_CALL_ID] = "a84b4c76e66710",
		[CDR_FROM_TAG] = "1928301774",
		[CDR_TO_TAG] = "314159",
		[CDR_TRUNK_IN] = "alpha",
		[CDR_TRUNK_OUT] = "beta",
		[CDR_LISTENER] = "outside",
		[CDR_RULE] = "world",
		[CDR_LIMIT_NAME] = "gold",
		[CDR_CALLER_IN] = "0301234567",
		[CDR_CALLER_OUT] = "+49301234567",
		[CDR_CALLEE_IN] = "0041445556677",
		[CDR_CALLEE_OUT] = "+41445556677",
		[CDR_ASSERTED] = "+4930999",
		[CDR_REQUEST_URI] = "sip:0041445556677@192.0.2.1",
	};
	struct cdr cdr;

	cdr_init(&cdr);
	add_attempt(
		&cdr, "gamma", "[2001:db8::7]:5080", (struct cdr_attempt){2, 31, .status = 503, .result = CDR_REFUSED}
	);
	add_attempt(
		&cdr, "beta", "198.51.100.2:5060", (struct cdr_attempt){32, 5032, .status = 200, .result = CDR_ANSWERED}
	);
	for (uint32_t i = 0; i < CDR_TEXT_COUNT; i++)
		cdr_text_set(&cdr, (enum cdr_text)i, str_from_c(texts[i]));
	cdr.id = cdr_id(NOON_US, 3, 77);
	cdr.received_us = NOON_US + 1999;
	cdr.first_attempt_us = NOON_US + 4000;
	cdr.ringing_us = NOON_US + 2001999;
	cdr.answered_us = NOON_US + 5034000;
	cdr.ended_us = NOON_US + 65035999;
	cdr.source = endpoint("203.0.113.9:5070");
	cdr.destination = endpoint("198.51.100.2:5060");
	cdr.config_version = 12;
	cdr.status = 200;
	cdr.q850 = 16;
	cdr.kind = CDR_CALL;
	cdr.side = CDR_BY_CALLEE;
	cdr.limit = CDR_LIMIT_CALLS;
	cdr.cut = 1u << CDR_ASSERTED | CDR_CUT_ATTEMPTS;
	return cdr;
}

// A text of the full record as JSON has it; CSV has the same between its own quotation marks.
struct row {
	const char *name, *json;
};

static const struct row rows[] = {
	{"schema", "1"},
	{"id", "\"697deec00c00004d\""},
	{"kind", "\"call\""},
	{"call_id", "\"a84b4c76e66710\""},
	{"from_tag", "\"1928301774\""},
	{"to_tag", "\"314159\""},
	{"trunk_in", "\"alpha\""},
	{"listener", "\"outside\""},
	{"source", "\"203.0.113.9:5070\""},
	{"trunk_out", "\"beta\""},
	{"destination", "\"198.51.100.2:5060\""},
	{"caller_in", "\"0301234567\""},
	{"caller_out", "\"+49301234567\""},
	{"callee_in", "\"0041445556677\""},
	{"callee_out", "\"+41445556677\""},
	{"asserted", "\"+4930999\""},
	{"request_uri", "\"sip:0041445556677@192.0.2.1\""},
	{"received", "\"2026-01-31T12:00:00.001Z\""},
	{"first_attempt", "\"2026-01-31T12:00:00.004Z\""},
	{"ringing", "\"2026-01-31T12:00:02.001Z\""},
	{"answered", "\"2026-01-31T12:00:05.034Z\""},
	{"ended", "\"2026-01-31T12:01:05.035Z\""},
	{"pdd_ms", "2000"},
	{"setup_ms", "5032"},
	{"duration_ms", "60001"},
	{"total_ms", "65034"},
	{"ended_by", "\"callee\""},
	{"status", "200"},
	{"q850", "16"},
	{"limit", "\"calls\""},
	{"limit_name", "\"gold\""},
	{"rule", "\"world\""},
	{"config_version", "12"},
	{"attempts_total", "2"},
	{"attempts",
	 "[{\"trunk\":\"gamma\",\"address\":\"[2001:db8::7]:5080\",\"start_ms\":2,\"end_ms\":31,\"status\":503,"
	 "\"result\":\"refused\"},{\"trunk\":\"beta\",\"address\":\"198.51.100.2:5060\",\"start_ms\":32,\"end_ms\":"
	 "5032,"
	 "\"status\":200,\"result\":\"answered\"}]"},
	{"cut", "\"asserted attempts\""},
};

static const char *line_of(enum cdr_format format, const struct cdr *cdr) {
	static char line[CDR_LINE_MAX + 1];
	size_t len = cdr_format(format, cdr, line);

	assert_true(len > 0 && len <= CDR_LINE_MAX);
	line[len] = '\0';
	assert_ptr_equal(strchr(line, '\n'), line + len - 1);
	return line;
}

static void json_has_each_field_once_and_in_order(void **state) {
	const struct cdr cdr = full_record();
	char expected[4096] = "{";
	size_t len = 1;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++)
		len += (size_t)snprintf(
			expected + len, sizeof(expected) - len, "%s\"%s\":%s", i ? "," : "", rows[i].name, rows[i].json
		);
	snprintf(expected + len, sizeof(expected) - len, "}\n");
	assert_string_equal(line_of(CDR_JSON, &cdr), expected);
}

static size_t put_csv(char *out, const char *json) {
	size_t len = 0;

	if (json[0] != '[')
		return (size_t)snprintf(out, 2048, "%s", json);
	out[len++] = '"';
	for (; *json; json++) {
		if (*json == '"')
			out[len++] = '"';
		out[len++] = *json;
	}
	out[len++] = '"';
	return len;
}

static void csv_has_each_field_once_and_in_order(void **state) {
	const struct cdr cdr = full_record();
	char header[CDR_LINE_MAX + 1], expected_header[4096] = "", expected[4096] = "";
	size_t len = 0, header_len = 0;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *before = i ? "," : "";

		header_len += (size_t)snprintf(
			expected_header + header_len, sizeof(expected_header) - header_len, "%s%s", before, rows[i].name
		);
		len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%s", before);
		len += put_csv(expected + len, rows[i].json);
	}
	snprintf(expected + len, sizeof(expected) - len, "\r\n");
	snprintf(expected_header + header_len, sizeof(expected_header) - header_len, "\r\n");
	assert_string_equal(line_of(CDR_CSV, &cdr), expected);
	header[cdr_format_header(CDR_CSV, header)] = '\0';
	assert_string_equal(header, expected_header);
	assert_int_equal(cdr_format_header(CDR_JSON, header), 0);
}

static void what_is_not_known_is_left_out(void **state) {
	struct cdr cdr;

	(void)state;
	cdr_init(&cdr);
	cdr.kind = CDR_FAILED;
	cdr.side = CDR_BY_TIMER;
	assert_string_equal(
		line_of(CDR_JSON, &cdr),
		"{\"schema\":1,\"id\":\"0000000000000000\",\"kind\":\"failed\",\"ended_by\":\"timer\"}\n"
	);
	assert_string_equal(
		line_of(CDR_CSV, &cdr),
		"1,\"0000000000000000\",\"failed\",,,,,,,,,,,,,,,,,,,,,,,,\"timer\",,,,,,,,,\r\n"
	);
}

static void an_attempt_says_what_is_known_of_it(void **state) {
	struct cdr_attempt *second;
	struct cdr cdr;

	(void)state;
	cdr_init(&cdr);
	assert_non_null(cdr_attempt_add(&cdr, STR("")));
	second = cdr_attempt_add(&cdr, STR("beta"));
	assert_non_null(second);
	second->result = CDR_UNREACHABLE;
	assert_non_null(
		strstr(line_of(CDR_JSON, &cdr),
		       "\"attempts\":[{\"start_ms\":0,\"result\":\"pending\"},"
		       "{\"trunk\":\"beta\",\"start_ms\":0,\"end_ms\":0,\"result\":\"unreachable\"}]")
	);
}

static void a_clock_set_back_makes_no_negative_time(void **state) {
	struct cdr cdr;

	(void)state;
	cdr_init(&cdr);
	cdr.received_us = cdr.answered_us = NOON_US;
	cdr.ended_us = NOON_US - 5000000;
	assert_non_null(strstr(line_of(CDR_JSON, &cdr), "\"duration_ms\":0,\"total_ms\":0,"));
}

struct escape {
	const char *text;
	uint32_t len;
	const char *json, *csv;
};
#define ESCAPE(in, json_out, csv_out)                                                                                  \
	{ .text = in, .len = sizeof(in) - 1, .json = json_out, .csv = csv_out }

static const struct escape escapes[] = {
	ESCAPE("plain", "plain", "plain"),
	ESCAPE("a \"b\" c", "a \\\"b\\\" c", "a \"\"b\"\" c"),
	ESCAPE("one,two;three", "one,two;three", "one,two;three"),
	ESCAPE("back\\slash", "back\\\\slash", "back\\\\slash"),
	ESCAPE("a\0b", "a\\u0000b", "a\\u0000b"),
	ESCAPE("line\r\nend\ttab", "line\\u000d\\u000aend\\u0009tab", "line\\u000d\\u000aend\\u0009tab"),
	ESCAPE("\x1b[31m\x7f", "\\u001b[31m\\u007f", "\\u001b[31m\\u007f"),
	ESCAPE("M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x93\x9e",
	       "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x93\x9e",
	       "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x93\x9e"),
	ESCAPE("M\xfcller", "M\\u00fcller", "M\\u00fcller"),
	ESCAPE("\xc0\xaf", "\\u00c0\\u00af", "\\u00c0\\u00af"),					    // too long
	ESCAPE("\xe0\x80\xaf", "\\u00e0\\u0080\\u00af", "\\u00e0\\u0080\\u00af"),		    // too long
	ESCAPE("\xf0\x80\x80\xaf", "\\u00f0\\u0080\\u0080\\u00af", "\\u00f0\\u0080\\u0080\\u00af"), // too long
	ESCAPE("\xed\xa0\x80", "\\u00ed\\u00a0\\u0080", "\\u00ed\\u00a0\\u0080"),		    // a surrogate
	ESCAPE("\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080", "\\u00f4\\u0090\\u0080\\u0080"), // past U+10FFFF
	ESCAPE("\xe2\x82", "\\u00e2\\u0082", "\\u00e2\\u0082"),					    // cut
	ESCAPE("\x80\xff", "\\u0080\\u00ff", "\\u0080\\u00ff"),
};

static void what_could_end_a_value_or_a_line_is_escaped(void **state) {
	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(escapes); i++) {
		char expected[256];
		struct cdr cdr;

		cdr_init(&cdr);
		cdr_text_set(&cdr, CDR_CALLER_IN, str_of(escapes[i].text, escapes[i].len));
		snprintf(expected, sizeof(expected), ",\"caller_in\":\"%s\",", escapes[i].json);
		assert_non_null(strstr(line_of(CDR_JSON, &cdr), expected));
		snprintf(expected, sizeof(expected), ",,\"%s\",,", escapes[i].csv);
		assert_non_null(strstr(line_of(CDR_CSV, &cdr), expected));
	}
}

// Bytes of any kind in all text and in the names of twelve trunks.
static struct cdr crowded_record(struct random *random, bool is_worst) {
	char bytes[sizeof(((struct cdr *)0)->room)];
	struct cdr cdr;

	cdr_init(&cdr);
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = is_worst ? '\x01' : (char)random_next(random);
	for (uint32_t i = 0; i < CDR_ATTEMPTS_MAX; i++)
		add_attempt(
			&cdr,
			"",
			"[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
			(struct cdr_attempt){
				.start_ms = UINT32_MAX,
				.end_ms = UINT32_MAX,
				.status = 699,
				.result = CDR_UNREACHABLE,
			}
		);
	for (uint32_t i = 0; i < CDR_ATTEMPTS_MAX; i++)
		cdr_attempt(&cdr, i)->trunk = (struct cdr_slice){.len = CDR_NAME_MAX};
	for (uint32_t i = 0; i < CDR_TEXT_COUNT; i++)
		cdr_text_set(
			&cdr, (enum cdr_text)i, str_of(bytes, is_worst ? sizeof(bytes) : random_below(random, 60))
		);
	cdr.received_us = cdr.answered_us = cdr.ended_us = UINT64_MAX;
	return cdr;
}

static void the_longest_record_is_a_whole_line(void **state) {
	struct random random = {.state = 1};
	const struct cdr cdr = crowded_record(&random, true);
	const char *line = line_of(CDR_JSON, &cdr);
	json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

	(void)state;
	assert_non_null(json);
	assert_int_equal(json_array_size(json_object_get(json, "attempts")), CDR_ATTEMPTS_MAX);
	assert_non_null(json_object_get(json, "cut"));
	json_decref(json);
	assert_true(strlen(line) < CDR_LINE_MAX * 3 / 4);
	line = line_of(CDR_CSV, &cdr);
	assert_true(strlen(line) < CDR_LINE_MAX * 3 / 4);
	assert_string_equal(line + strlen(line) - 2, "\r\n");
}

static void any_bytes_make_json(void **state) {
	struct random random = {.state = 7};

	(void)state;
	for (int turn = 0; turn < 2000; turn++) {
		const struct cdr cdr = crowded_record(&random, false);
		json_t *json = json_loads(line_of(CDR_JSON, &cdr), JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

		assert_non_null(json);
		json_decref(json);
		line_of(CDR_CSV, &cdr);
	}
}

static void text_that_does_not_fit_is_cut_between_characters_and_named(void **state) {
	char euros[3 * 400];
	struct cdr cdr;
	struct str text;

	(void)state;
	for (uint32_t i = 0; i < sizeof(euros); i++)
		euros[i] = "\xe2\x82\xac"[i % 3];
	cdr_init(&cdr);
	cdr_text_set(&cdr, CDR_CALL_ID, STR("short"));
	cdr_text_set(&cdr, CDR_REQUEST_URI, str_of(euros, sizeof(euros)));
	cdr_text_set(&cdr, CDR_RULE, STR("late"));
	text = cdr_text_read(&cdr, CDR_REQUEST_URI);
	assert_true(text.len > 700 && text.len % 3 == 0);
	assert_int_equal(cdr.cut & (1u << CDR_CALL_ID), 0);
	assert_int_equal(cdr.cut & (1u << CDR_REQUEST_URI), 1u << CDR_REQUEST_URI);
	assert_true(str_eq(cdr_text_read(&cdr, CDR_CALL_ID), STR("short")));
	assert_non_null(strstr(line_of(CDR_JSON, &cdr), "\"cut\":\""));
}

static void attempts_past_the_room_are_counted(void **state) {
	struct cdr cdr;

	(void)state;
	cdr_init(&cdr);
	for (uint32_t i = 0; i < CDR_ATTEMPTS_MAX; i++)
		assert_non_null(cdr_attempt_add(&cdr, STR("same")));
	assert_int_equal(cdr.cut, 0);
	assert_int_equal(cdr.text_len, 4); // a name repeated takes no room
	assert_null(cdr_attempt_add(&cdr, STR("same")));
	assert_int_equal(cdr.attempts_total, CDR_ATTEMPTS_MAX + 1);
	assert_int_equal(cdr.cut, CDR_CUT_ATTEMPTS);
}

static void attempts_and_text_share_the_room_and_do_not_meet(void **state) {
	static const char filling[2000];
	struct cdr cdr;

	(void)state;
	for (uint32_t len = 0; len < sizeof(cdr.room) + 50; len++) {
		uint32_t there = 0;

		cdr_init(&cdr);
		cdr_text_set(&cdr, CDR_CALL_ID, str_of(filling, len));
		while (cdr_attempt_add(&cdr, STR("")))
			there++;
		assert_true(cdr.text_len + there * sizeof(struct cdr_attempt) <= sizeof(cdr.room));
		assert_true(there == CDR_ATTEMPTS_MAX || cdr_room_left(&cdr) < sizeof(struct cdr_attempt));
	}
}

static void ids_differ_by_second_worker_and_count(void **state) {
	(void)state;
	assert_int_equal(cdr_id(NOON_US + 999999, 0, 0), cdr_id(NOON_US, 0, 0));
	assert_int_not_equal(cdr_id(NOON_US + 1000000, 0, 0), cdr_id(NOON_US, 0, 0));
	assert_int_not_equal(cdr_id(NOON_US, 1, 0), cdr_id(NOON_US, 0, 0x3ffffff));
	assert_int_equal(cdr_id(NOON_US, WORKERS_MAX - 1, 5) >> 32, NOON_US / 1000000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_each_field_once_and_in_order),
		cmocka_unit_test(csv_has_each_field_once_and_in_order),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(an_attempt_says_what_is_known_of_it),
		cmocka_unit_test(a_clock_set_back_makes_no_negative_time),
		cmocka_unit_test(what_could_end_a_value_or_a_line_is_escaped),
		cmocka_unit_test(the_longest_record_is_a_whole_line),
		cmocka_unit_test(any_bytes_make_json),
		cmocka_unit_test(text_that_does_not_fit_is_cut_between_characters_and_named),
		cmocka_unit_test(attempts_past_the_room_are_counted),
		cmocka_unit_test(attempts_and_text_share_the_room_and_do_not_meet),
		cmocka_unit_test(ids_differ_by_second_worker_and_count),
	};

	return cmocka_run_group_tests_name("control/cdr_format", tests, NULL, NULL);
}
