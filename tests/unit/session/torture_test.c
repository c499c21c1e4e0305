// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <dirent.h>
#include <stdio.h>

#include "call.h"

// The torture messages of RFC 4475 and RFC 5118, each sent to a whole worker: answered, forwarded or dropped as its row
// of the manifest allows, while a call is up, which must not notice.

#define COLUMNS 9

struct expected {
	char file[64];
	char answers[64]; // "FWD", "R400", "DROP", comma-separated
};

static bool read_row(FILE *manifest, struct expected *row) {
	char line[1024], *column[COLUMNS] = {0}, *rest = line;

	if (!fgets(line, sizeof(line), manifest))
		return false;
	for (int i = 0; i < COLUMNS; i++)
		column[i] = strsep(&rest, "\t");
	assert_non_null(column[COLUMNS - 1]);
	snprintf(row->file, sizeof(row->file), "%s", column[0]);
	snprintf(row->answers, sizeof(row->answers), "%s", column[4]);
	return true;
}

static uint32_t load(const char *folder, const char *name, char *out, size_t size) {
	char path[512];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s/%s", TEST_DATA, folder, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(out, 1, size, file);
	fclose(file);
	return (uint32_t)len;
}

// What the worker did with it, in the words of the manifest. A 100 goes before a forwarded INVITE and does not count.
static void outcome(struct rig *rig, char *out, size_t size) {
	const char *text;

	snprintf(out, size, "DROP");
	while ((text = rig_next(rig, CALLER)))
		if (strncmp(text, "SIP/2.0 100 ", 12) != 0)
			snprintf(out, size, "R%.3s", text + 8);
	if (rig_next(rig, CALLEE))
		snprintf(out, size, "FWD");
}

static bool is_allowed(const char *answers, const char *got) {
	char list[64], *rest = list, *each;

	snprintf(list, sizeof(list), "%s", answers);
	while ((each = strsep(&rest, ",")))
		if (strcmp(each, got) == 0 || (strcmp(each, "FWD*") == 0 && strcmp(got, "FWD") == 0) ||
		    (strcmp(each, "R4xx") == 0 && strncmp(got, "R4", 2) == 0))
			return true;
	return false;
}

// With a Route to our callee on top, for the messages that name hosts of their own.
static uint32_t with_route(char *bytes, uint32_t len, size_t size) {
	static const char route[] = "Route: <sip:198.51.100.10;lr>\r\n";
	char *at = memmem(bytes, len, "\r\n", 2);

	assert_true(at && len + sizeof(route) <= size);
	at += 2;
	memmove(at + sizeof(route) - 1, at, len - (size_t)(at - bytes));
	memcpy(at, route, sizeof(route) - 1);
	return len + (uint32_t)sizeof(route) - 1;
}

static void send_all(struct rig *rig, const char *folder) {
	char path[512], bytes[8192], got[16], line[1024];
	struct expected row;
	FILE *manifest;
	unsigned wrong = 0, seen = 0;

	snprintf(path, sizeof(path), "%s/%s/MANIFEST.tsv", TEST_DATA, folder);
	manifest = fopen(path, "r");
	assert_non_null(manifest);
	assert_non_null(fgets(line, sizeof(line), manifest));
	for (; read_row(manifest, &row); seen++) {
		uint32_t len = load(folder, row.file, bytes, sizeof(bytes));

		rig_send_bytes(rig, CALLER, bytes, len);
		outcome(rig, got, sizeof(got));
		if (strcmp(got, "R500") == 0) {
			len = with_route(bytes, len, sizeof(bytes));
			rig_send_bytes(rig, CALLER, bytes, len);
			outcome(rig, got, sizeof(got));
		}
		if (!is_allowed(row.answers, got)) {
			print_error("%s: %s, allowed are %s\n", row.file, got, row.answers);
			wrong++;
		}
		rig_settle(rig);
	}
	fclose(manifest);
	assert_true(seen >= 12);
	assert_int_equal(wrong, 0);
}

static void every_message_gets_its_answer_and_no_call_notices(struct rig *rig, const char *folder) {
	char routes[1024];

	rig_mtu(4500);
	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	rig_settle(rig);
	send_all(rig, folder);
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
}

static void the_messages_of_rfc_4475(void **state) {
	every_message_gets_its_answer_and_no_call_notices(*state, "rfc4475");
}

static void the_messages_of_rfc_5118(void **state) {
	every_message_gets_its_answer_and_no_call_notices(*state, "rfc5118");
}

// NULs, bare CRs and all (mpart01).
static void a_binary_body_passes_byte_for_byte(void **state) {
	struct rig *rig = *state;
	char bytes[8192];
	uint32_t len = load("rfc4475", "mpart01.dat", bytes, sizeof(bytes)), body_len;
	const char *body;

	len = with_route(bytes, len, sizeof(bytes));
	body = (const char *)memmem(bytes, len, "\r\n\r\n", 4) + 4;
	body_len = len - (uint32_t)(body - bytes);
	assert_int_equal(body_len, 553);
	rig_mtu(4500);
	rig_send_bytes(rig, CALLER, bytes, len);
	rig_expect(rig, CALLEE, "MESSAGE sip:");
	assert_true(rig->sent.len > body_len);
	assert_memory_equal(rig->sent.text + rig->sent.len - body_len, body, body_len);
	rig_mtu(1500);
	rig_settle(rig);
}

// More entries in a Route than a message may have lines: still CANCEL and ACK are made from what is kept of it.
static void a_call_with_a_long_route_is_cancelled(void **state) {
	struct rig *rig = *state;
	char routes[2048] = "Route: <sip:198.51.100.10;lr>", invite[4096];

	for (int i = 0; i < 130; i++)
		snprintf(routes + strlen(routes), sizeof(routes) - strlen(routes), ",<sip:h;lr>");
	snprintf(routes + strlen(routes), sizeof(routes) - strlen(routes), "\r\n");
	rig_mtu(4500);
	rig->s->limits.routes_max = 0;
	rig_send(rig, CALLER, call_request("INVITE", "z9hG4bK1", 1, NULL, routes));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	snprintf(invite, sizeof(invite), "%s", rig_expect(rig, CALLEE, "INVITE "));
	rig_send(rig, CALLEE, call_response(invite, 180, "t1"));
	rig_expect(rig, CALLER, "SIP/2.0 180 ");
	rig_send(rig, CALLER, call_request("CANCEL", "z9hG4bK1", 1, NULL, routes));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_expect(rig, CALLEE, "CANCEL ");
	for (int i = 0; i < 2; i++) {
		rig_send(rig, CALLEE, call_response(invite, 487, "t1"));
		rig_expect(rig, CALLEE, "ACK ");
	}
	rig_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_mtu(1500);
	rig_settle(rig);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_messages_of_rfc_4475),
		TEST(the_messages_of_rfc_5118),
		TEST(a_binary_body_passes_byte_for_byte),
		TEST(a_call_with_a_long_route_is_cancelled),
	};

	return cmocka_run_group_tests_name("session/torture", tests, rig_eal, NULL);
}
