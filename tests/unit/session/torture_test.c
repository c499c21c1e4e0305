// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <dirent.h>
#include <stdio.h>

#include "call.h"

// The torture messages of RFC 4475 and RFC 5118, each sent to a whole worker while a call is up, which must not notice:
// answered, forwarded or dropped, and counted, as its row of docs/compliance.md says, and the manifest allows.

#define COLUMNS 9
#define ROW_CELLS 7 // "| file | section | as it came | counted | with a Route | ": and what is before and behind

struct expected {
	char file[64];
	char came[64];	  // "forwarded", "dropped", a status
	char counted[64]; // counters that grow, comma-separated
	char routed[64];  // with a Route to a next hop we can reach; empty: it needs none
};

static void cell_copy(char *out, size_t size, const char *cell) {
	struct str text = str_trim(str_from_c(cell));

	if (text.len >= 2 && text.ptr[0] == '`')
		text = str_of(text.ptr + 1, text.len - 2);
	snprintf(out, size, "%.*s", STR_ARG(text));
}

// The next row of the table that names a file of that RFC.
static bool read_row(FILE *document, const char *rfc, struct expected *row) {
	char line[1024];

	while (fgets(line, sizeof(line), document)) {
		char *cell[ROW_CELLS] = {0}, *rest = line;

		for (int i = 0; i < ROW_CELLS && rest; i++)
			cell[i] = strsep(&rest, "|");
		if (!cell[ROW_CELLS - 1] || strncmp(cell[2], rfc, strlen(rfc)) != 0)
			continue;
		cell_copy(row->file, sizeof(row->file), cell[1]);
		cell_copy(row->came, sizeof(row->came), cell[3]);
		cell_copy(row->counted, sizeof(row->counted), cell[4]);
		cell_copy(row->routed, sizeof(row->routed), cell[5]);
		return true;
	}
	return false;
}

// What the manifest allows for a file: "FWD", "R400", "DROP", comma-separated.
static void read_allowed(const char *folder, const char *name, char *out, size_t size) {
	char path[512], line[1024];
	FILE *manifest;

	snprintf(path, sizeof(path), "%s/%s/MANIFEST.tsv", TEST_DATA, folder);
	manifest = fopen(path, "r");
	assert_non_null(manifest);
	out[0] = '\0';
	while (out[0] == '\0' && fgets(line, sizeof(line), manifest)) {
		char *column[COLUMNS] = {0}, *rest = line;

		for (int i = 0; i < COLUMNS; i++)
			column[i] = strsep(&rest, "\t");
		if (column[COLUMNS - 1] && strcmp(column[0], name) == 0)
			snprintf(out, size, "%s", column[4]);
	}
	fclose(manifest);
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

// What the worker did with it. A 100 goes before a forwarded INVITE and does not count.
static void outcome(struct rig *rig, char *out, size_t size) {
	const char *text;

	snprintf(out, size, "dropped");
	while ((text = rig_next(rig, CALLER)))
		if (strncmp(text, "SIP/2.0 100 ", 12) != 0)
			snprintf(out, size, "%.3s", text + 8);
	if (rig_next(rig, CALLEE))
		snprintf(out, size, "forwarded");
}

static bool is_allowed(const char *answers, const char *got) {
	char list[64], *rest = list, *each;

	snprintf(list, sizeof(list), "%s", answers);
	while ((each = strsep(&rest, ",")))
		if ((strncmp(each, "FWD", 3) == 0 && strcmp(got, "forwarded") == 0) ||
		    (strcmp(each, "DROP") == 0 && strcmp(got, "dropped") == 0) ||
		    (each[0] == 'R' && strcmp(each + 1, got) == 0))
			return true;
	return false;
}

static void counters_copy(const struct rig *rig, uint64_t *out) {
	for (unsigned i = 0; i < COUNT_COUNT; i++)
		out[i] = rig_count(rig, i);
}

// The names of those that say what was wrong with a message, and have grown.
static void grown(const struct rig *rig, const uint64_t *before, char *out, size_t size) {
	size_t len = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < COUNT_COUNT; i++)
		if (strncmp(count_name(i), "sip.", 4) == 0 && rig_count(rig, i) > before[i])
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? "," : "", count_name(i));
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

static bool is_as_expected(struct rig *rig, const char *folder, const struct expected *row) {
	uint64_t before[COUNT_COUNT];
	char bytes[8192], came[16], routed[16] = "", counted[64], allowed[64];
	uint32_t len = load(folder, row->file, bytes, sizeof(bytes));

	counters_copy(rig, before);
	rig_send_bytes(rig, CALLER, bytes, len);
	outcome(rig, came, sizeof(came));
	grown(rig, before, counted, sizeof(counted));
	if (row->routed[0]) {
		len = with_route(bytes, len, sizeof(bytes));
		rig_send_bytes(rig, CALLER, bytes, len);
		outcome(rig, routed, sizeof(routed));
	}
	rig_settle(rig);
	read_allowed(folder, row->file, allowed, sizeof(allowed));
	if (strcmp(came, row->came) == 0 && strcmp(counted, row->counted) == 0 && strcmp(routed, row->routed) == 0 &&
	    is_allowed(allowed, routed[0] ? routed : came))
		return true;
	print_error("%s: %s | %s | %s; allowed %s\n", row->file, came, counted, routed, allowed);
	return false;
}

static unsigned send_all(struct rig *rig, const char *folder, const char *rfc) {
	FILE *document = fopen(TEST_COMPLIANCE, "r");
	struct expected row;
	unsigned wrong = 0, seen = 0;

	assert_non_null(document);
	for (; read_row(document, rfc, &row); seen++)
		wrong += !is_as_expected(rig, folder, &row);
	fclose(document);
	assert_int_equal(wrong, 0);
	return seen;
}

static unsigned
every_message_gets_its_answer_and_no_call_notices(struct rig *rig, const char *folder, const char *rfc) {
	char routes[1024];
	unsigned seen;

	rig_mtu(4500);
	snprintf(routes, sizeof(routes), "%s", call_establish(rig, "z9hG4bK1"));
	rig_settle(rig);
	seen = send_all(rig, folder, rfc);
	assert_int_equal(rig->s->dialogs.count[DIALOG_CONFIRMED], 1);
	rig_send(rig, CALLER, call_request("BYE", "z9hG4bKbye", 2, "t1", routes));
	rig_send(rig, CALLEE, call_response(rig_expect(rig, CALLEE, "BYE "), 200, NULL));
	rig_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_settle(rig);
	return seen;
}

static void the_messages_of_rfc_4475(void **state) {
	assert_int_equal(every_message_gets_its_answer_and_no_call_notices(*state, "rfc4475", " 4475 "), 50);
}

static void the_messages_of_rfc_5118(void **state) {
	assert_int_equal(every_message_gets_its_answer_and_no_call_notices(*state, "rfc5118", " 5118 "), 12);
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
