// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "whole.h"

#include <stdio.h>

// Sequences that broke others: what belongs to nothing, what is made up or changed, and too much of anything.

static void copy(char *out, const char *text) {
	assert_true((size_t)snprintf(out, TEXT_MAX, "%s", text) < TEXT_MAX);
}

static void rings(struct rig *rig, char *invite) {
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	copy(invite, whole_expect(rig, CALLEE, "INVITE "));
	whole_expect(rig, CALLER, "SIP/2.0 100 ");
}

static void ends_with_486(struct rig *rig, const char *invite) {
	rig_send(rig, CALLEE, call_response(invite, 486, "t1"));
	whole_expect(rig, CALLER, "SIP/2.0 486 ");
	whole_expect(rig, CALLEE, "ACK ");
	rig_expect_nothing(rig);
	rig_settle(rig);
}

static void our_branch_with_a_changed_character_names_nothing(void **state) {
	static const char others[] = "0f1FtrsgGzZ;-";
	struct rig *rig = *state;
	char invite[TEXT_MAX], good[TEXT_MAX], text[TEXT_MAX];
	uint64_t strays = 0;
	size_t branch;

	rings(rig, invite);
	copy(good, call_response(invite, 200, "t1"));
	branch = (size_t)(strstr(good, "branch=z9hG4bKt") - good) + 7;
	for (size_t i = 0; i < MINT_BRANCH_LEN; i++)
		for (const char *other = others; *other; other++) {
			copy(text, good);
			if (text[branch + i] == *other)
				continue;
			text[branch + i] = *other;
			rig_send(rig, CALLEE, text);
			rig_expect_nothing(rig);
			strays++;
		}
	for (size_t cut = 1; cut < MINT_BRANCH_LEN; cut++) {
		copy(text, good);
		memmove(text + branch + cut,
			text + branch + MINT_BRANCH_LEN,
			strlen(text + branch + MINT_BRANCH_LEN) + 1);
		rig_send(rig, CALLEE, text);
		rig_expect_nothing(rig);
		strays++;
	}
	assert_int_equal(rig_count(rig, COUNT_SIP_RESPONSE_STRAY) + rig_count(rig, COUNT_SIP_RESPONSE_BAD), strays);
	assert_int_equal(rig->s->txns.pool.used, 2);
	ends_with_486(rig, invite);
}

static uint64_t counted(const struct rig *rig) {
	return rig_count(rig, COUNT_SIP_RESPONSE_STRAY) + rig_count(rig, COUNT_SIP_RESPONSE_BAD) +
	       rig_count(rig, COUNT_SIP_BAD_START_LINE);
}

// Who makes a request of it is told what is wrong with that.
static void every_changed_byte_of_a_response_passes_or_is_counted(void **state) {
	static const char bytes[] = "\0\1\n\r \":;<>@%\\\xff";
	struct rig *rig = *state;
	char invite[TEXT_MAX], good[TEXT_MAX], text[TEXT_MAX];
	struct outcome got;

	rings(rig, invite);
	copy(good, call_response(invite, 183, "t1"));
	for (size_t at = 0; at < strlen(good); at++)
		for (size_t b = 0; b < sizeof(bytes) - 1; b++) {
			uint64_t before = counted(rig);

			copy(text, good);
			text[at] = bytes[b];
			rig_send_bytes(rig, CALLEE, text, (uint32_t)strlen(good));
			got = whole_outcome(rig);
			if (got.forwarded > 0 && strncmp(rig->sent.text, "SIP/2.0 400 ", 12) != 0)
				fail_msg("\"%s\" has \"%s\" sent", text, rig->sent.text);
			if (got.answers == 0 && counted(rig) == before)
				fail_msg("neither forwarded nor counted: \"%s\"", text);
		}
	assert_true(rig->s->dialogs.pool.used <= DIALOG_SIBLINGS_MAX);
	ends_with_486(rig, invite);
	assert_int_equal(rig->s->dialogs.pool.used, 0);
}

// A request in the call comes through whatever the identifier in our Route says, for its tags name the dialog.
static void a_changed_identifier_in_our_route_finds_the_dialog_by_its_tags(void **state) {
	static const char *const values[] = {
		"", "0", "00", "zz", "%00", "ffffffffffffffffffffffffffffffffff", "00ffffffff"};
	struct rig *rig = *state;
	char routes[TEXT_MAX], changed[TEXT_MAX], branch[32];
	unsigned number = 0;
	size_t id;

	copy(routes, call_establish(rig, "z9hG4bK1"));
	id = (size_t)(strstr(routes, ";d=") - routes) + 3;
	for (size_t i = 0; i <= 2 * MINT_LEN + ARRAY_LEN(values); i++) {
		copy(changed, routes);
		if (i < MINT_LEN)
			changed[id + i] = changed[id + i] == '0' ? 'f' : '0';
		else if (i < 2 * MINT_LEN)
			memmove(changed + id + i - MINT_LEN + 1,
				changed + id + MINT_LEN,
				strlen(changed + id + MINT_LEN) + 1);
		else if (i < 2 * MINT_LEN + ARRAY_LEN(values))
			snprintf(
				changed + id,
				sizeof(changed) - id,
				"%s%s%s",
				i == 2 * MINT_LEN ? "0" : "", // a parameter is never empty
				values[i - 2 * MINT_LEN],
				routes + id + MINT_LEN
			);
		else
			whole_fill(changed, routes, ";d=", ";d=#", '0', 700);
		snprintf(branch, sizeof(branch), "z9hG4bKi%u", number++);
		rig_send(rig, CALLER, call_request("INFO", branch, 2 + (int)i, "t1", changed));
		rig_send(
			rig, CALLEE, call_response(whole_expect(rig, CALLEE, "INFO sip:bob@198.51.100.10 "), 200, NULL)
		);
		whole_expect(rig, CALLER, "SIP/2.0 200 ");
		rig_expect_nothing(rig);
	}
	assert_int_equal(rig_count(rig, COUNT_DLG_UNKNOWN), 0);
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 200, "t1", routes));
	rig_send(rig, CALLEE, call_response(whole_expect(rig, CALLEE, "BYE "), 200, NULL));
	assert_int_equal(rig->s->dialogs.pool.used, 0);
	rig_settle(rig);
}

// Whatever becomes of that part of the request: one answer, or forwarded once; no dialog more, none less.
static void change_every_byte(struct rig *rig, const char *good, const char *part) {
	static const char bytes[] = "\0\1\n\r 09;=<>,@:%a\xff";
	size_t from = (size_t)(strstr(good, part) - good), branch = (size_t)(strstr(good, "z9hG4bK") - good) + 7;
	char text[TEXT_MAX], digits[16];
	unsigned number = 1;

	rig_send(rig, CALLER, good);
	assert_int_equal(whole_outcome(rig).forwarded, 1);
	for (size_t at = from; at < from + strlen(part); at++)
		for (size_t b = 0; b < sizeof(bytes); b++) {
			uint32_t len = (uint32_t)strlen(good);
			struct outcome got;

			copy(text, good);
			snprintf(digits, sizeof(digits), "%08u", number++);
			memcpy(text + branch, digits, 8);
			if (b < sizeof(bytes) - 1)
				text[at] = bytes[b];
			else
				memmove(text + at, text + at + 1, len-- - at);
			rig_send_bytes(rig, CALLER, text, len);
			got = whole_outcome(rig);
			if (got.forwarded + got.answers > 1 || (got.answers && (got.status < 400 || got.status > 599)))
				fail_msg("%u forwarded, %u answers: \"%s\"", got.forwarded, got.answers, text);
			assert_int_equal(rig->s->dialogs.pool.used, 1);
			if (rig->s->txns.pool.used > 200)
				whole_pass(rig, 40000);
		}
}

static void every_changed_byte_of_our_route_is_answered(void **state) {
	struct rig *rig = *state;
	char routes[TEXT_MAX], text[TEXT_MAX], first[256];
	const char *uri;

	copy(routes, call_establish(rig, "z9hG4bK1"));
	copy(text, call_request("REFER", "z9hG4bK00000000", 2, "t1", routes));
	change_every_byte(rig, text, routes);
	// The same from behind a strict router, which has the first of it in the Request-URI.
	uri = strchr(routes, '<') + 1;
	snprintf(first, sizeof(first), "%.*s SIP/2.0", (int)strcspn(uri, ">"), uri);
	copy(text,
	     call_replaced(
		     call_request("REFER", "z9hG4bK00000000", 2, "t1", strstr(uri, "\r\n") + 2),
		     "Max-Forwards",
		     "Route: <sip:bob@198.51.100.10>\r\nMax-Forwards"
	     ));
	copy(text, call_replaced(text, "sip:bob@198.51.100.10 SIP/2.0", first));
	change_every_byte(rig, text, first);
	whole_pass(rig, 100000);
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	dialog_free(&rig->s->dialogs, pool_at(&rig->s->dialogs.pool, 0));
}

// Requests that belong to nothing we know, and what comes of them: forwarded, or the status.
static void what_belongs_to_nothing_leaves_nothing(void **state) {
#define OURS "Route: <sip:192.0.2.1:5060;lr;d=00ffffffff>\r\n"
	static const struct {
		const char *method, *to_tag, *extra;
		int status;
		unsigned dialogs; // for as long as its transaction lasts
	} rows[] = {
		{"CANCEL", NULL, "", 481, 0},
		{"CANCEL", "nobody", OURS, 481, 0},
		{"ACK", NULL, "", 0, 0},
		{"ACK", "nobody", OURS, 0, 0},
		{"BYE", NULL, "", 0, 0},
		{"BYE", "nobody", "", 0, 0},
		{"BYE", "nobody", OURS, 0, 0},
		{"INVITE", "nobody", OURS, 481, 0},
		{"REFER", "nobody", OURS, 481, 0},
		{"INVITE", NULL, "Replaces: no-such-call;to-tag=a;from-tag=b\r\n", 0, 1},
		{"INVITE", NULL, "Join: no-such-call;to-tag=a;from-tag=b\r\n", 0, 1},
		{"REFER", NULL, "Refer-To: <sip:192.0.2.1?Replaces=x%3Bto-tag%3Da>\r\n", 0, 0},
		{"REFER", NULL, "Refer-To: <sip:bob@example.net;method=REFER>\r\n", 0, 0},
		{"PRACK", "nobody", "RAck: 4294967295 4294967295 INVITE\r\n", 0, 0},
		{"PRACK", NULL, "RAck: 99999999999999999999 x\r\n", 0, 0},
		{"UPDATE", "nobody", OURS, 0, 0},
		{"NOTIFY", NULL, "Event: nothing\r\nSubscription-State: x;expires=99999999999999999999\r\n", 0, 0},
		{"SUBSCRIBE", NULL, "Expires: 99999999999999999999\r\n", 0, 0},
		{"REGISTER", NULL, "Contact: *\r\nExpires: -1\r\n", 0, 0},
	};
	struct rig *rig = *state;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct outcome got;

		rig_send(rig, CALLER, call_request(rows[i].method, "z9hG4bK1", 1, rows[i].to_tag, rows[i].extra));
		got = whole_outcome(rig);
		if (got.forwarded != (rows[i].status == 0) || got.status != rows[i].status)
			fail_msg("row %u: %u forwarded, %d", i, got.forwarded, got.status);
		assert_int_equal(rig->s->dialogs.pool.used, rows[i].dialogs);
		if (rows[i].status || strcmp(rows[i].method, "ACK") == 0)
			assert_int_equal(rig->s->txns.pool.used, 0);
		rig_settle(rig);
		assert_int_equal(rig->s->txns.pool.used + rig->s->dialogs.pool.used, 0);
	}
}

static void one_policy_holds_for_all_methods(void **state) {
	static const char *const methods[] = {
		"INVITE",
		"OPTIONS",
		"REGISTER",
		"SUBSCRIBE",
		"NOTIFY",
		"MESSAGE",
		"REFER",
		"PUBLISH",
		"INFO",
		"UPDATE",
		"PRACK",
		"BYE",
		"FOO"};
	struct rig *rig = *state;
	struct outcome got;

	for (unsigned i = 0; i < ARRAY_LEN(methods); i++) {
		rig->cfg.route_count = 0;
		rig_send(rig, CALLER, call_request(methods[i], "z9hG4bK1", 1, NULL, ""));
		got = whole_outcome(rig);
		assert_int_equal(got.status, 404);
		rig->cfg.route_count = SIDES;
		worker_flag_set(&rig->w->draining, true);
		rig_send(rig, CALLER, call_request(methods[i], "z9hG4bK1", 1, NULL, ""));
		got = whole_outcome(rig);
		assert_int_equal(got.status, 503);
		worker_flag_set(&rig->w->draining, false);
		rig->w->backlog.behind = true;
		rig_send(rig, CALLER, call_request(methods[i], "z9hG4bK1", 1, NULL, ""));
		got = whole_outcome(rig);
		assert_int_equal(got.status, 503);
		assert_int_equal(got.forwarded, 0);
		assert_int_equal(rig->s->txns.pool.used, 0);
	}
}

static int set_up_small(void **state) {
	return rig_set_up_sized(state, PROXY_DIALOG, 64, 8 << 20);
}

// A request of a call of its own.
static const char *of_a_call(const char *method, unsigned number, const char *to_tag) {
	char id[32];

	snprintf(id, sizeof(id), "flood-%u@", number);
	return call_replaced(call_request(method, "z9hG4bK1", 1, to_tag, ""), "call-00000001@", id);
}

static void a_flood_of_any_method_is_bounded_and_passes(void **state) {
	static const char *const methods[] = {
		"INVITE",
		"OPTIONS",
		"REGISTER",
		"SUBSCRIBE",
		"MESSAGE",
		"NOTIFY",
		"BYE",
		"PRACK",
		"CANCEL",
		"ACK",
		"FOO"};
	static const char *const tags[] = {NULL, "made-up"};
	struct rig *rig = *state;
	char routes[TEXT_MAX];
	unsigned number = 0;

	for (unsigned i = 0; i < ARRAY_LEN(methods) * ARRAY_LEN(tags); i++) {
		const char *method = methods[i / 2];
		bool keeps = strcmp(method, "ACK") != 0 && strcmp(method, "CANCEL") != 0;
		unsigned forwarded = 0, refused = 0;

		for (unsigned k = 0; k < 1000; k++) {
			struct outcome got;

			rig_send(rig, CALLER, of_a_call(method, number++, tags[i % 2]));
			got = whole_outcome(rig);
			forwarded += got.forwarded;
			refused += got.answers;
			assert_true(rig->s->txns.pool.used <= 64 && rig->s->dialogs.pool.used <= 16);
		}
		assert_true(!keeps || (forwarded <= 32 && refused == 1000 - forwarded));
		whole_pass(rig, 35000);
		copy(routes, call_establish(rig, "z9hG4bKcall")); // half a minute later there is room again
		rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
		rig_send(rig, CALLEE, call_response(whole_expect(rig, CALLEE, "BYE "), 200, NULL));
		assert_int_equal(rig->s->dialogs.pool.used, 0);
		whole_pass(rig, 100000);
		assert_int_equal(rig->s->txns.pool.used, 0);
	}
}

// Our Route leads past the rules: with a To tag made up only what can begin nothing, the first five, goes that way.
static void a_made_up_tag_begins_nothing(void **state) {
	static const char *const methods[] = {
		"BYE",
		"PRACK",
		"UPDATE",
		"INFO",
		"NOTIFY",
		"INVITE",
		"REFER",
		"SUBSCRIBE",
		"MESSAGE",
		"OPTIONS",
		"REGISTER",
		"PUBLISH",
		"FOO"};
	static const char route[] = "Route: <sip:192.0.2.1:5060;lr>\r\n";
	struct rig *rig = *state;

	for (unsigned i = 0; i < ARRAY_LEN(methods); i++) {
		struct outcome got;

		rig_send(rig, CALLER, call_request(methods[i], "z9hG4bK1", 1, "made-up", route));
		got = whole_outcome(rig);
		assert_int_equal(got.forwarded, i < 5);
		assert_int_equal(got.status, i < 5 ? 0 : 481);
	}
	rig_settle(rig);
}

static void tags_made_up_do_not_take_what_is_kept_for_calls(void **state) {
	struct rig *rig = *state;
	char routes[TEXT_MAX];

	copy(routes, call_establish(rig, "z9hG4bK1"));
	rig_settle(rig);
	for (unsigned k = 0; k < 200; k++) {
		rig_send(rig, CALLER, of_a_call("INFO", k, "made-up"));
		(void)whole_outcome(rig);
	}
	assert_true(rig_count(rig, COUNT_REFUSED_TRANSACTIONS) > 0);
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	rig_send(rig, CALLEE, call_response(whole_expect(rig, CALLEE, "BYE "), 200, NULL));
	whole_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
}

// What leaves one side comes in again by the other, as it is: the hops run out.
static void a_spiral_ends(void **state) {
	static const char *const methods[] = {"OPTIONS", "INVITE", "SUBSCRIBE", "ACK"};
	struct rig *rig = *state;
	char text[TEXT_MAX];

	rig_mtu(9000);
	for (unsigned i = 0; i < ARRAY_LEN(methods); i++) {
		unsigned copies = 0;
		enum side side = CALLER;
		const char *next;

		copy(text,
		     call_replaced(call_request(methods[i], "z9hG4bK1", 1, NULL, ""), "Forwards: 70", "Forwards: 12"));
		do {
			rig_send(rig, side, text);
			side = side == CALLER ? CALLEE : CALLER;
			while ((next = whole_next(rig, side)) && strncmp(next, "SIP/2.0 ", 8) == 0)
				;
			if (next) {
				copies++;
				copy(text, next);
			}
		} while (next);
		assert_in_range(copies, 1, 12);
		rig_settle(rig);
	}
	rig_mtu(1500);
}

static void our_name_in_the_route_again_and_again_is_no_loop(void **state) {
	static const char entry[] = "Route: <sip:192.0.2.1:5060;lr>\r\n";
	struct rig *rig = *state;
	char routes[TEXT_MAX] = "", branch[32];

	for (unsigned count = 1; count <= 80; count++) {
		struct outcome got;

		snprintf(routes + strlen(routes), sizeof(routes) - strlen(routes), "%s", entry);
		snprintf(branch, sizeof(branch), "z9hG4bK%u", count);
		rig_send(rig, CALLER, call_request("OPTIONS", branch, 1, NULL, routes));
		got = whole_outcome(rig);
		assert_int_equal(got.forwarded, count <= 8);
		assert_int_equal(got.status, count <= 8 ? 0 : count <= rig->cfg.capacity.routes ? 482 : 400);
	}
	whole_pass(rig, 40000);
}

static void a_session_interval_may_stand_once(void **state) {
	static const char *const lines[] = {
		"Session-Expires: 1800\r\nx: 100\r\n", "Min-SE: 90\r\nMIN-SE : 90\r\n", "x: 1800\r\nx: 1800\r\n"};
	struct rig *rig = *state;

	rig->cfg.session_expires_s = 1800;
	rig->cfg.session_min_s = 90;
	for (unsigned i = 0; i < ARRAY_LEN(lines); i++) {
		rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, lines[i]));
		whole_expect(rig, CALLER, "SIP/2.0 400 ");
		rig_expect_nothing(rig);
	}
	assert_int_equal(rig_count(rig, COUNT_SIP_REPEATED), ARRAY_LEN(lines));
}

static void what_a_proxy_must_do_is_refused_however_it_is_written(void **state) {
	static const struct {
		const char *line, *unsupported;
	} rows[] = {
		{"Proxy-Require: a, b\r\n", "a, b"},
		{"proxy-require :a\r\nPROXY-REQUIRE: b\r\n", "a, b"},
		{"Proxy-Require: a, \"b\"\r\n", "a"},
		{"Proxy-Require: a, b,,c\r\n", "a"},
		{"Proxy-Require: ,a\r\n", ""},
		{"Proxy-Require: a;b\r\n", ""},
		{"Proxy-Require: <a\r\n", ""},
	};
	struct rig *rig = *state;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		rig_send(rig, CALLER, call_request("OPTIONS", "z9hG4bK1", 1, NULL, rows[i].line));
		assert_string_equal(
			rig_header(whole_expect(rig, CALLER, "SIP/2.0 420 "), "Unsupported"), rows[i].unsupported
		);
		rig_expect_nothing(rig);
	}
}

// RFC 3261 section 7.5: line ends before the start line are not there.
static void a_503_behind_empty_lines_is_a_500_too(void **state) {
	struct rig *rig = *state;
	char invite[TEXT_MAX], text[TEXT_MAX];

	rings(rig, invite);
	snprintf(text, sizeof(text), "\r\n\r\n%s", call_response(invite, 503, "t1"));
	rig_send(rig, CALLEE, text);
	whole_expect(rig, CALLEE, "ACK ");
	whole_expect(rig, CALLER, "\r\n\r\nSIP/2.0 500 ");
	rig_expect_nothing(rig);
	rig_settle(rig);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
#define SMALL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_small, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(our_branch_with_a_changed_character_names_nothing),
		TEST(every_changed_byte_of_a_response_passes_or_is_counted),
		TEST(a_changed_identifier_in_our_route_finds_the_dialog_by_its_tags),
		TEST(every_changed_byte_of_our_route_is_answered),
		TEST(what_belongs_to_nothing_leaves_nothing),
		TEST(one_policy_holds_for_all_methods),
		SMALL_TEST(a_flood_of_any_method_is_bounded_and_passes),
		SMALL_TEST(tags_made_up_do_not_take_what_is_kept_for_calls),
		TEST(a_made_up_tag_begins_nothing),
		TEST(a_spiral_ends),
		TEST(our_name_in_the_route_again_and_again_is_no_loop),
		TEST(a_session_interval_may_stand_once),
		TEST(what_a_proxy_must_do_is_refused_however_it_is_written),
		TEST(a_503_behind_empty_lines_is_a_500_too),
	};

	return cmocka_run_group_tests_name("session/intruder", tests, rig_eal, NULL);
}
