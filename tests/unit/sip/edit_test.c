// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/test.h"

#include "sip/edit.h"
#include "unit/sip/parsed.h"

#define REST "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 3\r\n\r\nabc"
#define VIA "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
#define LINE "INVITE sip:a@b SIP/2.0\r\n"

// A message with exactly that much room in front and behind, unmapped pages round both.
struct placed {
	struct guarded pages;
	char *buf;
	struct sip_msg msg;
};

// at_start: the room in front begins at an unmapped page; else the room behind ends at one.
static void place(struct placed *placed, struct str text, uint32_t front, uint32_t back, bool at_start) {
	size_t size = (size_t)front + text.len + back;
	char *room = test_calloc(size, 1);

	memcpy(room + front, text.ptr, text.len);
	placed->pages = at_start ? guarded_start(room, size) : guarded_end(room, size);
	placed->buf = placed->pages.ptr + front;
	test_free(room);
}

// Applies the edits with just enough room on the given side and gives what became of the message.
static void apply(struct placed *placed, struct sip_edits *edits, uint32_t front, uint32_t back, struct str *ret_text) {
	int32_t start;
	uint32_t len;

	assert_true(sip_edits_apply(edits, placed->buf, front, back, &start, &len));
	*ret_text = str_of(placed->buf + start, len);
}

enum op {
	REMOVE_VIA,
	REMOVE_ROUTE,
	REMOVE_TWO_ROUTES,
	REMOVE_THREE_ROUTES,
	REMOVE_LAST_ROUTE,
	HOPS_69,
	HOPS_9,
	HOPS_255,
	ADD_FIRST,
	ADD_LAST,
};

static bool add_op(struct sip_edits *edits, enum op op, char *scratch) {
	switch (op) {
	case REMOVE_VIA:
		return sip_edit_remove_top(edits, HDR_VIA);
	case REMOVE_ROUTE:
	case REMOVE_TWO_ROUTES:
	case REMOVE_THREE_ROUTES:
		for (int left = op - REMOVE_ROUTE; left > 0; left--)
			assert_true(sip_edit_remove_top(edits, HDR_ROUTE));
		return sip_edit_remove_top(edits, HDR_ROUTE);
	case REMOVE_LAST_ROUTE:
		return sip_edit_remove_bottom(edits, HDR_ROUTE);
	case HOPS_69:
		sip_edit_max_forwards(edits, 69, scratch, SIP_MAX_FORWARDS_SCRATCH);
		return true;
	case HOPS_9:
		sip_edit_max_forwards(edits, 9, scratch, SIP_MAX_FORWARDS_SCRATCH);
		return true;
	case HOPS_255:
		sip_edit_max_forwards(edits, 255, scratch, SIP_MAX_FORWARDS_SCRATCH);
		return true;
	case ADD_FIRST:
		sip_edit_insert_lines(edits, edits->msg->first[HDR_VIA], STR("X: 1\r\nY: 2\r\n"));
		return true;
	case ADD_LAST:
		sip_edit_insert_lines(edits, -1, STR("X: 1\r\n"));
		return true;
	}
	return false;
}

// want NULL: there is nothing to do it to.
struct edit_case {
	enum op op;
	const char *text, *want;
};

static const struct edit_case cases[] = {
	{.op = REMOVE_ROUTE, .text = LINE "Route: <sip:h1>\r\n" VIA REST, .want = LINE VIA REST},
	{.op = REMOVE_ROUTE, .text = LINE "Route: <sip:h1>\n" VIA REST, .want = LINE VIA REST},
	{.op = REMOVE_ROUTE, .text = LINE "Route:\r\n  <sip:h1;x>\r\n\t;y=\",\"\r\n" VIA REST, .want = LINE VIA REST},
	{.op = REMOVE_ROUTE,
	 .text = LINE "Route: <sip:h1>, <sip:h2>\r\n" VIA REST,
	 .want = LINE "Route: <sip:h2>\r\n" VIA REST},
	{.op = REMOVE_ROUTE,
	 .text = LINE "Route: <sip:h1,x@y>\r\n ,\r\n <sip:h2>\r\n" VIA REST,
	 .want = LINE "Route: <sip:h2>\r\n" VIA REST},
	{.op = REMOVE_ROUTE,
	 .text = LINE "Route:\r\n <sip:h1>,<sip:h2>\r\n" VIA REST,
	 .want = LINE "Route:\r\n <sip:h2>\r\n" VIA REST},
	{.op = REMOVE_ROUTE,
	 .text = LINE VIA "Route: \"a,b\" <sip:h1>\r\nroute: <sip:h2>,<sip:h3>\r\n" REST,
	 .want = LINE VIA "route: <sip:h2>,<sip:h3>\r\n" REST},
	{.op = REMOVE_ROUTE, .text = LINE VIA REST, .want = NULL},
	{.op = REMOVE_LAST_ROUTE, .text = LINE "Route: <sip:h1>\r\n" VIA REST, .want = LINE VIA REST},
	{.op = REMOVE_LAST_ROUTE,
	 .text = LINE "Route: <sip:h1>, <sip:h2>\r\n" VIA "Route: <sip:h3>\r\n" REST,
	 .want = LINE "Route: <sip:h1>, <sip:h2>\r\n" VIA REST},
	{.op = REMOVE_LAST_ROUTE,
	 .text = LINE "Route: <sip:h1>\r\n" VIA "Route: <sip:h2> ,\r\n \"a,b\" <sip:h3>\r\n" REST,
	 .want = LINE "Route: <sip:h1>\r\n" VIA "Route: <sip:h2>\r\n" REST},
	{.op = REMOVE_LAST_ROUTE, .text = LINE VIA REST, .want = NULL},
	{.op = REMOVE_TWO_ROUTES,
	 .text = LINE "Route: <sip:h1>\r\nRoute: <sip:h2>\r\n" VIA REST,
	 .want = LINE VIA REST},
	{.op = REMOVE_TWO_ROUTES, .text = LINE "Route: <sip:h1>, <sip:h2>\r\n" VIA REST, .want = LINE VIA REST},
	{.op = REMOVE_TWO_ROUTES,
	 .text = LINE "Route: <sip:h1> ,\r\n <sip:h2> , <sip:h3>\r\n" VIA REST,
	 .want = LINE "Route: <sip:h3>\r\n" VIA REST},
	{.op = REMOVE_TWO_ROUTES, .text = LINE "Route: <sip:h1>\r\n" VIA REST, .want = NULL},
	{.op = REMOVE_THREE_ROUTES,
	 .text = LINE "Route: <sip:h1>\r\nRoute: <sip:h2>, <sip:h3>\r\n" VIA REST,
	 .want = LINE VIA REST},
	{.op = REMOVE_THREE_ROUTES,
	 .text = LINE "Route: <sip:h1>, <sip:h2>\r\n" VIA "Route: <sip:h3>\r\n" REST,
	 .want = LINE VIA REST},
	{.op = REMOVE_THREE_ROUTES,
	 .text = LINE "Route: <sip:h1>, <sip:h2>,<sip:h3>\r\n" VIA REST,
	 .want = LINE VIA REST},
	{.op = REMOVE_VIA,
	 .text = LINE "v: SIP/2.0/UDP a, SIP/2.0/UDP b\r\n" REST,
	 .want = LINE "v: SIP/2.0/UDP b\r\n" REST},
	{.op = REMOVE_VIA, .text = LINE "Via: SIP/2.0/UDP a\r\n" VIA REST, .want = LINE VIA REST},
	{.op = HOPS_69, .text = LINE VIA "Max-Forwards: 70\r\n" REST, .want = LINE VIA "Max-Forwards: 69\r\n" REST},
	{.op = HOPS_69, .text = LINE VIA "Max-Forwards: 0070\r\n" REST, .want = LINE VIA "Max-Forwards: 0069\r\n" REST},
	{.op = HOPS_69,
	 .text = LINE VIA "Max-Forwards: 0000000070\r\n" REST,
	 .want = LINE VIA "Max-Forwards: 0000000069\r\n" REST},
	{.op = HOPS_69, .text = LINE VIA "Max-Forwards: 255\r\n" REST, .want = LINE VIA "Max-Forwards:  69\r\n" REST},
	{.op = HOPS_69, .text = LINE VIA "Max-Forwards: 1\r\n" REST, .want = LINE VIA "Max-Forwards: 69\r\n" REST},
	{.op = HOPS_69, .text = LINE VIA REST, .want = LINE "Max-Forwards: 69\r\n" VIA REST},
	{.op = HOPS_9, .text = LINE VIA "Max-Forwards:10\r\n" REST, .want = LINE VIA "Max-Forwards: 9\r\n" REST},
	{.op = HOPS_9,
	 .text = LINE VIA "MAX-FORWARDS:\r\n 010\r\n" REST,
	 .want = LINE VIA "MAX-FORWARDS:\r\n 009\r\n" REST},
	{.op = HOPS_255, .text = LINE VIA "Max-Forwards: 0\r\n" REST, .want = LINE VIA "Max-Forwards: 255\r\n" REST},
	{.op = HOPS_255, .text = LINE VIA REST, .want = LINE "Max-Forwards: 255\r\n" VIA REST},
	{.op = ADD_FIRST, .text = LINE VIA REST, .want = LINE "X: 1\r\nY: 2\r\n" VIA REST},
	{.op = ADD_LAST,
	 .text = LINE VIA "From: <sip:a>;tag=1\r\nTo: <sip:c>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n",
	 .want = LINE VIA "From: <sip:a>;tag=1\r\nTo: <sip:c>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nX: 1\r\n\r\n"},
	{.op = ADD_LAST,
	 .text = LINE VIA "From: <sip:a>;tag=1\nTo: <sip:c>\nCall-ID: x\nCSeq: 1 INVITE\n\nb\r\n",
	 .want = LINE VIA "From: <sip:a>;tag=1\nTo: <sip:c>\nCall-ID: x\nCSeq: 1 INVITE\nX: 1\r\n\nb\r\n"},
};

static void check_case(const struct edit_case *edit_case, bool front, bool at_start) {
	struct str text = str_from_c(edit_case->text), got;
	char scratch[SIP_MAX_FORWARDS_SCRATCH];
	struct sip_edits edits;
	struct placed placed;
	struct sip_msg again;
	uint32_t room = edit_case->want ? (uint32_t)strlen(edit_case->want) : 0;

	room = room > text.len ? room - text.len : 0;
	place(&placed, text, front ? room : 0, front ? 0 : room, at_start);
	parse_good(&placed.msg, placed.buf, text.len);
	sip_edits_init(&edits, &placed.msg);
	assert_int_equal(add_op(&edits, edit_case->op, scratch), edit_case->want != NULL);
	if (edit_case->want != NULL) {
		apply(&placed, &edits, front ? room : 0, front ? 0 : room, &got);
		if (!str_eq(got, str_from_c(edit_case->want)))
			fail_msg("got %.*s, want %s", STR_ARG(got), edit_case->want);
		parse_good(&again, got.ptr, got.len);
	}
	guarded_free(&placed.pages);
}

static void headers_are_edited_and_nothing_else(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (int way = 0; way < 4; way++)
			check_case(&cases[i], way & 1, way & 2);
}

static uint32_t next_random(uint64_t *seed) {
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32);
}

#define MODEL_MAX 400

static const char fill[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ";

// Edits in the order of their place, not overlapping: insertions, removals, replacements, touching one another or not.
static uint32_t random_edits(uint64_t *seed, uint32_t len, struct sip_edit *edits, uint32_t max) {
	uint32_t count = next_random(seed) % (max + 1), at = 0, used = 0;

	while (used < count && at <= len) {
		uint32_t removed = next_random(seed) % 3 ? next_random(seed) % 40 : 0;
		uint32_t put = next_random(seed) % 3 ? next_random(seed) % (sizeof(fill) - 1) : 0;

		if (removed > len - at)
			removed = len - at;
		edits[used++] = (struct sip_edit){
			.at = (uint16_t)at,
			.removed = (uint16_t)removed,
			.text = str_of(fill, put),
		};
		at += removed + (next_random(seed) % 2 ? next_random(seed) % 40 : 0);
		// Behind an insertion only: an insertion at a replacement's place would stand before it.
		if (removed == 0 && edits[used - 1].removed == 0 && next_random(seed) % 4 == 0)
			at++;
	}
	return used;
}

// The plain way: copy piece by piece into a new buffer.
static uint32_t rebuild(const char *text, uint32_t len, const struct sip_edit *edits, uint32_t count, char *out) {
	uint32_t from = 0, to = 0;

	for (uint32_t i = 0; i < count; i++) {
		memcpy(out + to, text + from, edits[i].at - from);
		to += edits[i].at - from;
		if (edits[i].text.len)
			memcpy(out + to, edits[i].text.ptr, edits[i].text.len);
		to += edits[i].text.len;
		from = (uint32_t)edits[i].at + edits[i].removed;
	}
	memcpy(out + to, text + from, len - from);
	return to + len - from;
}

// Hands the edits over in another order, insertions at one place among themselves apart.
static void add_shuffled(struct sip_edits *to, const struct sip_edit *edits, uint32_t count, uint64_t *seed) {
	bool added[SIP_EDITS_MAX] = {false};

	for (uint32_t left = count; left > 0; left--) {
		uint32_t i = next_random(seed) % count;

		while (added[i])
			i = (i + 1) % count;
		while (i > 0 && !added[i - 1] && edits[i - 1].at == edits[i].at)
			i--;
		added[i] = true;
		sip_edit_add(to, edits[i].at, edits[i].removed, edits[i].text);
	}
}

static void check_model(uint64_t *seed, bool front, bool at_start) {
	char text[MODEL_MAX], want[MODEL_MAX + SIP_EDITS_MAX * sizeof(fill)];
	uint32_t len = next_random(seed) % (MODEL_MAX + 1), count, want_len, room, new_len;
	struct sip_edit model[SIP_EDITS_MAX];
	struct sip_edits edits;
	struct placed placed;
	int32_t start;

	for (uint32_t i = 0; i < len; i++)
		text[i] = (char)('a' + next_random(seed) % 26);
	count = random_edits(seed, len, model, SIP_EDITS_MAX);
	want_len = rebuild(text, len, model, count, want);
	room = want_len > len ? want_len - len : 0;
	place(&placed, str_of(text, len), front ? room : 0, front ? 0 : room, at_start);
	placed.msg.buf = placed.buf;
	placed.msg.len = (uint16_t)len;
	sip_edits_init(&edits, &placed.msg);
	add_shuffled(&edits, model, count, seed);
	if (room > 0) {
		assert_false(sip_edits_apply(&edits, placed.buf, room - 1, room - 1, &start, &new_len));
		assert_memory_equal(placed.buf, text, len);
	}
	assert_true(sip_edits_apply(&edits, placed.buf, front ? room : 0, front ? 0 : room, &start, &new_len));
	assert_int_equal(new_len, want_len);
	assert_memory_equal(placed.buf + start, want, want_len);
	assert_int_equal(start, front || room == 0 ? (int32_t)len - (int32_t)want_len : 0);
	guarded_free(&placed.pages);
}

static void any_edits_give_what_a_rebuild_gives(void **state) {
	uint64_t seed = 0x9e3779b97f4a7c15ULL;

	(void)state;
	for (int i = 0; i < 20000; i++)
		check_model(&seed, i & 1, i & 2);
}

static void impossible_edits_change_nothing(void **state) {
	static const struct {
		uint32_t at, removed, at2, removed2;
	} wrong[] = {
		{.at = 0, .removed = 5, .at2 = 4, .removed2 = 1},
		{.at = 4, .removed = 1, .at2 = 0, .removed2 = 5},
		{.at = 0, .removed = 5, .at2 = 4, .removed2 = 0},
		{.at = 2, .removed = 5, .at2 = 2, .removed2 = 5},
		{.at = 17, .removed = 0, .at2 = 0, .removed2 = 0},
		{.at = 10, .removed = 7, .at2 = 0, .removed2 = 0},
		{.at = UINT32_MAX, .removed = 1, .at2 = 0, .removed2 = 0},
		{.at = 1, .removed = UINT32_MAX, .at2 = 0, .removed2 = 0},
	};
	struct sip_edits edits;
	struct placed placed;
	int32_t start;
	uint32_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		place(&placed, STR("0123456789abcdef"), 64, 64, false);
		placed.msg.buf = placed.buf;
		placed.msg.len = 16;
		sip_edits_init(&edits, &placed.msg);
		sip_edit_add(&edits, wrong[i].at, wrong[i].removed, STR("x"));
		sip_edit_add(&edits, wrong[i].at2, wrong[i].removed2, STR("y"));
		assert_false(sip_edits_apply(&edits, placed.buf, 64, 64, &start, &len));
		assert_memory_equal(placed.buf, "0123456789abcdef", 16);
		guarded_free(&placed.pages);
	}
}

static void too_many_edits_or_too_long_a_message_fail(void **state) {
	static char big[SIP_MESSAGE_MAX - 15];
	struct sip_edits edits;
	struct placed placed;
	int32_t start;
	uint32_t len;

	(void)state;
	place(&placed, STR("0123456789abcdef"), 0, sizeof(big), false);
	placed.msg.buf = placed.buf;
	placed.msg.len = 16;
	sip_edits_init(&edits, &placed.msg);
	sip_edit_add(&edits, 3, 0, str_of(big, sizeof(big)));
	assert_false(sip_edits_apply(&edits, placed.buf, 0, sizeof(big), &start, &len));
	sip_edits_init(&edits, &placed.msg);
	sip_edit_add(&edits, 3, 0, str_of(big, sizeof(big) - 1));
	assert_true(sip_edits_apply(&edits, placed.buf, 0, sizeof(big), &start, &len));
	assert_int_equal(len, SIP_MESSAGE_MAX);
	sip_edits_init(&edits, &placed.msg);
	for (int i = 0; i < SIP_EDITS_MAX; i++)
		sip_edit_add(&edits, 0, 0, STR(""));
	assert_false(edits.overflow);
	sip_edit_add(&edits, 0, 0, STR(""));
	assert_true(edits.overflow);
	assert_false(sip_edits_apply(&edits, placed.buf, 0, 0, &start, &len));
	guarded_free(&placed.pages);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_edited_and_nothing_else),
		cmocka_unit_test(any_edits_give_what_a_rebuild_gives),
		cmocka_unit_test(impossible_edits_change_nothing),
		cmocka_unit_test(too_many_edits_or_too_long_a_message_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
