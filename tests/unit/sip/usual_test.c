// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What is read by marks and what is left to the full grammar; that both read the same is asserted by parse_bytes.
#include "sip/usual.h"

#include <stdio.h>

#include "sip/marks.h"
#include "unit/sip/parsed.h"

#define REQUEST(line, via, from, contact, rest)                                                                        \
	line "\r\nVia: " via "\r\nFrom: " from "\r\nTo: <sip:b@192.0.2.1>\r\nContact: " contact "\r\n" rest            \
	     "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
#define LINE "INVITE sip:+4930901820@192.0.2.1:5060;user=phone SIP/2.0"
#define VIA "SIP/2.0/UDP 203.0.113.20:5060;branch=z9hG4bK-5-1---8a6f;rport"
#define FROM "\"+358 40\" <sip:+358401234567@203.0.113.20;user=phone>;tag=5d2c9a1e"
#define CONTACT "<sip:+358401234567@203.0.113.20:5060;transport=udp>"
#define REST "Call-ID: 8f3b-41c2@203.0.113.20\r\nCSeq: 102 INVITE\r\n"

enum part { NONE, START, TOP_VIA, PARTY, TARGET, CALL, SEQUENCE };

// The steps that are left to the full grammar, as a set.
static unsigned steps_left(const struct sip_usual *usual, struct sip_msg *msg) {
	unsigned left = 0;

	for (enum sip_step step = SIP_STEP_FROM; (step = usual->read_fields(msg, step)) < SIP_STEP_COUNT; step++)
		left |= 1u << step;
	return left;
}

// Which parts of a message are read by marks, as a set.
static unsigned usual_parts(enum locator_kind kind, const char *text) {
	const struct sip_usual *usual;
	struct sip_msg msg, read;
	unsigned parts = 0, left;

	parse_with(kind, &msg, text, strlen(text));
	read = msg;
	read.len = (uint16_t)strlen(text);
	read.uri = (struct sip_uri){0};
	read.via = (struct sip_via){0};
	read.via_count = 0;
	read.from = read.to = (struct sip_name_addr){0};
	usual = sip_usual_of(&read.index);
	left = steps_left(usual, &read);
	parts |= (unsigned)usual->read_start_line(&read) << START;
	parts |= (unsigned)(usual->read_vias(&read, 70) < 0) << TOP_VIA;
	parts |= (unsigned)!(left & (1u << SIP_STEP_FROM | 1u << SIP_STEP_TO)) << PARTY;
	parts |= (unsigned)!(left & 1u << SIP_STEP_CONTACT) << TARGET;
	parts |= (unsigned)!(left & 1u << SIP_STEP_CALL_ID) << CALL;
	parts |= (unsigned)!(left & 1u << SIP_STEP_CSEQ) << SEQUENCE;
	return parts;
}

#define ALL (1u << START | 1u << TOP_VIA | 1u << PARTY | 1u << TARGET | 1u << CALL | 1u << SEQUENCE)

static const struct {
	const char *text;
	enum part left; // to the full grammar
} cases[] = {
	{REQUEST(LINE, VIA, FROM, CONTACT, REST), NONE},
	{REQUEST("SIP/2.0 200 OK", VIA, FROM, CONTACT, REST), NONE},
	{REQUEST("OPTIONS sip:gw1.example.net SIP/2.0", VIA, FROM, CONTACT, "i:a\r\nCSeq: 102 OPTIONS\r\n"), NONE},
	{REQUEST("INVITE sip:a%20b@192.0.2.1 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a:secret@192.0.2.1 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@192.0.2.256 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@192.0.2 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@192.0..2 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@1234.0.0.2 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@192.0.2.1: SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@192.0.2.1:65536 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@192.0.2.1:0 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@-b.example.net SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@b-.example.net SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@example.net- SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@.example.net SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@example.net. SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@exa~mple.net SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@b;x@c SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@b;=c SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@b;c= SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:@192.0.2.1 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE tel:+4930901820 SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST("INVITE sip:a@[2001:db8::1] SIP/2.0", VIA, FROM, CONTACT, REST), START},
	{REQUEST(LINE, VIA ", SIP/2.0/UDP 192.0.2.9", FROM, CONTACT, REST), TOP_VIA},
	{REQUEST(LINE, "SIP / 2.0 / UDP 192.0.2.9", FROM, CONTACT, REST), TOP_VIA},
	{REQUEST(LINE, "SIP/2.0/UDP  192.0.2.9;branch=z9hG4bK1", FROM, CONTACT, REST), TOP_VIA},
	{REQUEST(LINE, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;branch=2", FROM, CONTACT, REST), TOP_VIA},
	{REQUEST(LINE, "SIP/2.0/UDP 192.0.2.9;branch", FROM, CONTACT, REST), TOP_VIA},
	{REQUEST(LINE, "SIP/2.0/UDP 192.0.2.9;rport;rport", FROM, CONTACT, REST), TOP_VIA},
	{REQUEST(LINE, "SIP/2.0/UDP 192.0.2.9;rport=99999", FROM, CONTACT, REST), TOP_VIA},
	{REQUEST(LINE, "SIP/2.0/UDP 192.0.2.9;received=[2001:db8::1]", FROM, CONTACT, REST), TOP_VIA},
	{REQUEST(LINE, "SIP/2.0/UDP 192.0.2.9;maddr=192.0.2.8", FROM, CONTACT, REST), TOP_VIA},
	{REQUEST(LINE,
		 "SIP/2.0/UDP 192.0.2.9;BRANCH=z9hG4bK1;Rport=5;receivedby=x;received=192.0.2.7",
		 FROM,
		 CONTACT,
		 REST),
	 NONE},
	{REQUEST(LINE, VIA, "sip:a@192.0.2.1;tag=1", CONTACT, REST), PARTY},
	{REQUEST(LINE, VIA, "<sip:a@192.0.2.1>", CONTACT, REST), NONE},
	{REQUEST(LINE, VIA, "Alice <sip:a@192.0.2.1>;tag=1", CONTACT, REST), NONE},
	{REQUEST(LINE, VIA, "Alice B <sip:a@192.0.2.1>;tag=1", CONTACT, REST), PARTY},
	{REQUEST(LINE, VIA, "\"A\\\"B\" <sip:a@192.0.2.1>;tag=1", CONTACT, REST), PARTY},
	{REQUEST(LINE, VIA, "\"J\xc3\xb6rg, <x>\"<sip:a@192.0.2.1>;tag=1", CONTACT, REST), NONE},
	{REQUEST(LINE, VIA, "\"A <sip:a@192.0.2.1>;tag=1", CONTACT, REST), PARTY},
	{REQUEST(LINE, VIA, "<sip:a@192.0.2.1>;tag=1;tag=2", CONTACT, REST), PARTY},
	{REQUEST(LINE, VIA, "<sip:a@192.0.2.1>;tag", CONTACT, REST), PARTY},
	{REQUEST(LINE, VIA, "<sip:a@192.0.2.1>;tag=1 ", CONTACT, REST), PARTY},
	{REQUEST(LINE, VIA, "<sip:a@192.0.2.1>\r\n ;tag=1", CONTACT, REST), PARTY},
	{REQUEST(LINE, VIA, FROM, "<sip:a@192.0.2.1>, <sip:b@192.0.2.1>", REST), NONE},
	{REQUEST(LINE, VIA, FROM, "<sip:a@192.0.2.1>,", REST), TARGET},
	{REQUEST(LINE, VIA, FROM, "<sip:a@192.0.2.1>;+sip.instance=\"<urn:uuid:1>\"", REST), TARGET},
	{REQUEST(LINE, VIA, FROM, "*", REST), TARGET},
	{REQUEST(LINE, VIA, FROM, CONTACT, "Call-ID: a@b@c\r\nCSeq: 102 INVITE\r\n"), CALL},
	{REQUEST(LINE, VIA, FROM, CONTACT, "Call-ID: a@\r\nCSeq: 102 INVITE\r\n"), CALL},
	{REQUEST(LINE, VIA, FROM, CONTACT, "Call-ID: a b\r\nCSeq: 102 INVITE\r\n"), CALL},
	{REQUEST(LINE, VIA, FROM, CONTACT, "Call-ID: (a)\r\nCSeq: 102 INVITE\r\n"), CALL},
	{REQUEST(LINE, VIA, FROM, CONTACT, "i:a\r\nCSeq: 102 INVITE\r\n"), NONE},
	{REQUEST(LINE, VIA, FROM, CONTACT, "i:a\r\nCSeq: 2147483647 INVITE\r\n"), SEQUENCE},
	{REQUEST(LINE, VIA, FROM, CONTACT, "i:a\r\nCSeq: 102  INVITE\r\n"), SEQUENCE},
	{REQUEST(LINE, VIA, FROM, CONTACT, "i:a\r\nCSeq: 102 \r\n"), SEQUENCE},
	{REQUEST(LINE, VIA, FROM, CONTACT, "i:a\r\nCSeq: INVITE\r\n"), SEQUENCE},
};

static void assert_usual_parts(enum locator_kind kind) {
	struct sip_locator locator;

	if (sip_locator_init(&locator, kind) != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned expected = cases[i].left == NONE ? ALL : ALL & ~(1u << cases[i].left);
		unsigned parts = usual_parts(kind, cases[i].text);

		if (parts != expected)
			fail_msg("%#x, not %#x: %s", parts, expected, cases[i].text);
	}
}

static void usual_forms_are_read_by_bits_and_others_are_not(void **state) {
	(void)state;
	assert_usual_parts(LOCATOR_AVX2);
}

static void usual_forms_are_read_by_lists_and_others_are_not(void **state) {
	(void)state;
	assert_usual_parts(LOCATOR_AVX512);
}

static void both_ways_read_the_same(void **state) {
	struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		parse_bytes(&msg, cases[i].text, strlen(cases[i].text));
}

#define MARKED "A x SIP/2.0\r\nX: ?\r\n\r\n"

// Each byte in the place of the '?', and whether it is marked.
static void assert_marks(enum locator_kind kind, bool (*is_mark)(const struct sip_index *index, uint32_t at)) {
	char text[] = MARKED;
	char *byte = strchr(text, '?');
	struct sip_locator locator;
	struct sip_index index;

	if (sip_locator_init(&locator, kind) != 0)
		skip();
	for (int c = 0; c < 256; c++) {
		if (c == '\n')
			continue; // a line more
		*byte = (char)c;
		locator.locate(&locator, text, strlen(MARKED), 10, &index);
		assert_true(index.marked == strlen(MARKED) || index.mark_count > 0);
		assert_int_equal(is_mark(&index, (uint32_t)(byte - text)), c == 0 || !strchr(MARKS_PLAIN, c));
	}
	sip_locator_fini(&locator);
}

static bool has_bit(const struct sip_index *index, uint32_t at) {
	return mark_next(index->marks, at) == at;
}

static bool is_listed(const struct sip_index *index, uint32_t at) {
	for (uint32_t i = 0; i < index->mark_count; i++)
		if (index->mark[i] == at)
			return true;
	return false;
}

static void bits_are_the_bytes_that_are_not_plain(void **state) {
	(void)state;
	assert_marks(LOCATOR_AVX2, has_bit);
}

static void lists_are_the_bytes_that_are_not_plain(void **state) {
	(void)state;
	assert_marks(LOCATOR_AVX512, is_listed);
}

static void headers_with_too_many_marks_are_read_all_the_same(void **state) {
	static char text[SIP_MARKS_MAX + 1024];
	struct sip_msg msg;

	(void)state;
	for (int count = SIP_MARKS_MAX - 200; count < SIP_MARKS_MAX + 100; count++) {
		char filler[sizeof(text)];

		memset(filler, ',', sizeof(filler));
		snprintf(text, sizeof(text), REQUEST(LINE, VIA, FROM, CONTACT, REST "X: %.*s\r\n"), count, filler);
		assert_int_equal(parse_bytes(&msg, text, strlen(text)), SIP_OK);
	}
}

static void headers_too_long_to_be_marked_are_read_all_the_same(void **state) {
	static char text[SIP_MARKED_MAX + 1024];
	struct sip_msg msg;

	(void)state;
	for (int len = SIP_MARKED_MAX - 200; len < SIP_MARKED_MAX + 200; len += 7) {
		char filler[sizeof(text)];

		memset(filler, 'x', sizeof(filler));
		snprintf(text, sizeof(text), REQUEST(LINE, VIA, FROM, CONTACT, REST "X: %.*s\r\n"), len - 400, filler);
		assert_int_equal(parse_bytes(&msg, text, strlen(text)), SIP_OK);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_forms_are_read_by_bits_and_others_are_not),
		cmocka_unit_test(usual_forms_are_read_by_lists_and_others_are_not),
		cmocka_unit_test(both_ways_read_the_same),
		cmocka_unit_test(bits_are_the_bytes_that_are_not_plain),
		cmocka_unit_test(lists_are_the_bytes_that_are_not_plain),
		cmocka_unit_test(headers_with_too_many_marks_are_read_all_the_same),
		cmocka_unit_test(headers_too_long_to_be_marked_are_read_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
