// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "whole.h"

#include <stdio.h>

// Single messages that broke others: each is forwarded, answered or counted, and what leaves is one message.

// Of all that can be wrong with a message, and of what is not passed on although nothing is.
static uint64_t counted(const struct rig *rig) {
	uint64_t sum = 0;

	for (enum count count = COUNT_SIP_BAD_START_LINE; count <= COUNT_SIP_BAD_NEXT_HOP; count++)
		sum += rig_count(rig, count);
	return sum + rig_count(rig, COUNT_RX_KEEPALIVE) + rig_count(rig, COUNT_RX_STUN_BAD);
}

struct tally {
	unsigned forwarded, answered, counted;
};

static void try_bytes(struct rig *rig, const char *bytes, uint32_t len, struct tally *tally) {
	uint64_t before = counted(rig);
	struct outcome got;

	rig_send_bytes(rig, CALLER, bytes, len);
	got = whole_outcome(rig);
	assert_true(got.forwarded + got.answers <= 1);
	if (got.answers > 0 && got.status != 400 && got.status != 505 && got.status != 416 && got.status != 483)
		fail_msg("%d to \"%.*s\"", got.status, (int)len, bytes);
	if (got.forwarded == 0 && counted(rig) == before)
		fail_msg("neither forwarded nor counted: \"%.*s\"", (int)len, bytes);
	tally->forwarded += got.forwarded;
	tally->answered += got.answers;
	tally->counted += got.forwarded + got.answers == 0;
	if (rig->s->txns.pool.used > 200)
		whole_pass(rig, 100000);
}

// Each time another call, so that nothing is a repetition.
static void next_request(char *out, const char *method) {
	static unsigned number;
	char id[16];

	snprintf(id, sizeof(id), "%08u", ++number);
	whole_fill(out, call_request(method, "z9hG4bK1", 1, NULL, ""), "00000001", id, ' ', 0);
}

static void every_changed_byte_is_forwarded_refused_or_counted(void **state) {
	static const char bytes[] = "\0\1\t\n\r \"%(,/:;<=>?@[\\]\x7f\x80\xff";
	static const char *const methods[] = {"INVITE", "OPTIONS"};
	struct tally tally = {0};
	char text[TEXT_MAX];

	for (unsigned m = 0; m < ARRAY_LEN(methods); m++) {
		uint32_t len;

		next_request(text, methods[m]);
		len = (uint32_t)strlen(text);
		for (uint32_t at = 0; at < len; at++)
			for (unsigned b = 0; b < sizeof(bytes) - 1; b++) {
				next_request(text, methods[m]);
				text[at] = bytes[b];
				try_bytes(*state, text, len, &tally);
			}
	}
	assert_true(tally.forwarded > 1000 && tally.answered > 1000 && tally.counted > 100);
	whole_pass(*state, 200000);
}

static void every_cut_is_refused_or_counted(void **state) {
	static const char *const methods[] = {"INVITE", "OPTIONS", "ACK", "CANCEL"};
	struct tally tally = {0};
	char text[TEXT_MAX];

	for (unsigned m = 0; m < ARRAY_LEN(methods); m++) {
		next_request(text, methods[m]);
		for (uint32_t len = (uint32_t)strlen(text) - 1; len > 0; len--)
			try_bytes(*state, text, len, &tally);
	}
	assert_int_equal(tally.forwarded, 0);
	assert_true(tally.answered > 10);
	assert_int_equal(((struct rig *)*state)->s->txns.pool.used, 0);
}

struct fault {
	const char *from, *to;
	enum count count;
	bool unanswered; // there is nothing to answer with
};

static const struct fault faults[] = {
	// what may stand once
	{"\r\nFrom:", "\r\nf: <sip:x@y>;tag=2\r\nFrom:", COUNT_SIP_REPEATED, false},
	{"\r\nTo:", "\r\nt: <sip:x@y>;tag=2\r\nTo:", COUNT_SIP_REPEATED, false},
	{"\r\nCall-ID:", "\r\ni: other\r\nCall-ID:", COUNT_SIP_REPEATED, false},
	{"\r\nCSeq:", "\r\nCSEQ : 2 INVITE\r\nCSeq:", COUNT_SIP_REPEATED, false},
	{"\r\nMax-Forwards:", "\r\nmax-forwards: 9\r\nMax-Forwards:", COUNT_SIP_REPEATED, false},
	{"\r\nContent-Length:", "\r\nl: 5\r\nContent-Length:", COUNT_SIP_REPEATED, false},
	{"\r\nContent-Length: 5", "\r\nContent-Length: 4\r\nContent-Length: 5", COUNT_SIP_REPEATED, false},
	{";tag=f1", ";tag=f1;tag=f2", COUNT_SIP_BAD_FROM, false},
	{";tag=f1", ";tag=f1;x;TAG=f1", COUNT_SIP_BAD_FROM, false},
	{"bob@example.net>\r", "bob@example.net>;tag=a;tag=b\r", COUNT_SIP_BAD_TO, false},
	{";rport", ";rport;branch=z9hG4bK2", COUNT_SIP_BAD_VIA, false},
	{";rport", ";rport;received=1.2.3.4;received=1.2.3.5", COUNT_SIP_BAD_VIA, false},
	// what needs a value
	{";branch=z9hG4bK1", ";branch=", COUNT_SIP_BAD_VIA, false},
	{";rport", ";rport=", COUNT_SIP_BAD_VIA, false},
	{";rport", ";received=", COUNT_SIP_BAD_VIA, false},
	{";rport", ";maddr=", COUNT_SIP_BAD_VIA, false},
	{";rport", ";ttl=", COUNT_SIP_BAD_VIA, false},
	{";rport", ";x=", COUNT_SIP_BAD_VIA, false},
	{";rport", ";", COUNT_SIP_BAD_VIA, false},
	{";tag=f1", ";tag=", COUNT_SIP_BAD_FROM, false},
	{";tag=f1", ";tag", COUNT_SIP_BAD_FROM, false},
	{"bob@example.net SIP", "bob@example.net;user= SIP", COUNT_SIP_BAD_URI, false},
	{"192.0.2.10>\r", "192.0.2.10>;q=\r", COUNT_SIP_BAD_CONTACT, false},
	{"\r\nTo:", "\r\nRoute: <sip:192.0.2.1;lr=>\r\nTo:", COUNT_SIP_BAD_ROUTE, false},
	// lengths
	{"Length: 5", "Length: -1", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 6", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 2147483648", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 4294967296", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 4294967328", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 4294967301", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 18446744073709551616", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 18446744073709551621", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 99999999999999999999", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 5 5", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 5, 5", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: +5", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: 0x5", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length: five", COUNT_SIP_BAD_LENGTH, false},
	{"Length: 5", "Length:", COUNT_SIP_BAD_LENGTH, false},
	// numbers
	{"CSeq: 1 ", "CSeq: -1 ", COUNT_SIP_BAD_CSEQ, false},
	{"CSeq: 1 ", "CSeq: 2147483648 ", COUNT_SIP_BAD_CSEQ, false},
	{"CSeq: 1 ", "CSeq: 4294967297 ", COUNT_SIP_BAD_CSEQ, false},
	{"CSeq: 1 ", "CSeq: 18446744073709551617 ", COUNT_SIP_BAD_CSEQ, false},
	{"CSeq: 1 ", "CSeq: 1", COUNT_SIP_BAD_CSEQ, false},
	{"Forwards: 70", "Forwards: 256", COUNT_SIP_BAD_MAX_FORWARDS, false},
	{"Forwards: 70", "Forwards: -1", COUNT_SIP_BAD_MAX_FORWARDS, false},
	{"Forwards: 70", "Forwards: 4294967366", COUNT_SIP_BAD_MAX_FORWARDS, false},
	{"Forwards: 70", "Forwards: 18446744073709551686", COUNT_SIP_BAD_MAX_FORWARDS, false},
	{"192.0.2.10:5060;", "192.0.2.10:0;", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", "192.0.2.10:65536;", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", "192.0.2.10:70000;", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", "192.0.2.10:4294972356;", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", "192.0.2.10:18446744073709556676;", COUNT_SIP_BAD_VIA, false},
	{";rport", ";rport=0", COUNT_SIP_BAD_VIA, false},
	{";rport", ";rport=65536", COUNT_SIP_BAD_VIA, false},
	{";rport", ";ttl=256", COUNT_SIP_BAD_VIA, false},
	{";rport", ";ttl=4294967297", COUNT_SIP_BAD_VIA, false},
	{"bob@example.net SIP", "bob@example.net:0 SIP", COUNT_SIP_BAD_URI, false},
	{"bob@example.net SIP", "bob@example.net:70000 SIP", COUNT_SIP_BAD_URI, false},
	// whom to answer
	{"192.0.2.10:5060;", ";", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", ":5060;", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", "[]:5060;", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", "2001:db8::1;", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", "[2001:db8:::1];", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", "[2001:db8::1;", COUNT_SIP_BAD_VIA, false},
	{"192.0.2.10:5060;", "192.0.2.10.1;", COUNT_SIP_BAD_VIA, false},
	{"Via:", "Via: ,\r\nVia:", COUNT_SIP_BAD_VIA, true},
	{"Via:", "X-V:", COUNT_SIP_MISSING_VIA, true},
	{"From: <sip:alice@example.net>;tag=f1\r\n", "", COUNT_SIP_MISSING_FROM, true},
	{"To: <sip:bob@example.net>\r\n", "", COUNT_SIP_MISSING_TO, true},
	{"To: <sip:bob@example.net>\r\n", "To:\r\n", COUNT_SIP_BAD_TO, true},
	{"Call-ID:", "X-C:", COUNT_SIP_MISSING_CALL_ID, true},
	{"CSeq:", "X-C:", COUNT_SIP_MISSING_CSEQ, true},
	// lines
	{"\r\nContact", "\r\nContact\r\nContact", COUNT_SIP_BAD_LINE, false},
	{"\r\nContact", "\r\n: x\r\nContact", COUNT_SIP_BAD_LINE, false},
	{"\r\nContact", "\r\nX: y\rContact", COUNT_SIP_BAD_LINE, false},
	{"\r\nContact", "\r\n\x01: x\r\nContact", COUNT_SIP_BAD_LINE, false},
	{"INVITE sip", "INVITE  sip", COUNT_SIP_BAD_URI, false},
	{"SIP/2.0\r\nVia", "SIP/2.0 \r\nVia", COUNT_SIP_BAD_START_LINE, false},
	// what is not closed
	{"From: <", "From: \"a <", COUNT_SIP_BAD_FROM, false},
	{"From: <", "From: \"a\\\" <", COUNT_SIP_BAD_FROM, false},
	{"From: <", "From: \"a\\", COUNT_SIP_BAD_FROM, false},
	{"From: <sip:alice@example.net>", "From: <<sip:alice@example.net>>", COUNT_SIP_BAD_FROM, false},
	{"alice@example.net>", "alice@example.net", COUNT_SIP_BAD_FROM, false},
	{"\r\nTo:", "\r\nRoute: <sip:192.0.2.1;lr\r\nTo:", COUNT_SIP_BAD_ROUTE, false},
};

static void every_fault_has_its_answer_and_counter(void **state) {
	struct rig *rig = *state;
	char text[TEXT_MAX];

	for (unsigned i = 0; i < ARRAY_LEN(faults); i++) {
		const struct fault *fault = &faults[i];
		struct outcome got;

		whole_fill(text, INVITE("z9hG4bK1"), fault->from, fault->to, ' ', 0);
		rig_send(rig, CALLER, text);
		got = whole_outcome(rig);
		if (got.forwarded > 0 || got.answers != !fault->unanswered || (got.answers && got.status != 400) ||
		    rig_count(rig, fault->count) != 1)
			fail_msg(
				"row %u (%s): %u forwarded, %u answers, %d",
				i,
				fault->to,
				got.forwarded,
				got.answers,
				got.status
			);
		rig->w->count.value[fault->count] = 0;
		assert_int_equal(rig->s->txns.pool.used, 0);
	}
}

struct range {
	uint32_t from, to;
};

// All lengths round those that mean something inside: names we mint, a length in one byte, what identifies a
// transaction, the text of edits; and one far beyond.
static const struct range lengths[] = {{1, 64}, {240, 270}, {900, 1030}, {1960, 2060}, {3000, 3000}};

static void
try_lengths(void (*try)(struct rig *rig, const void *row, uint32_t length), struct rig *rig, const void *row) {
	for (unsigned i = 0; i < ARRAY_LEN(lengths); i++)
		for (uint32_t length = lengths[i].from; length <= lengths[i].to; length++)
			try(rig, row, length);
	whole_pass(rig, 100000);
	assert_int_equal(rig->s->txns.pool.used, 0);
}

struct place {
	const char *from, *to;
	char character;
};

static const struct place request_places[] = {
	{"INVITE sip:bob", "INVITE sip:#", 'x'},
	{"@example.net SIP", "@# SIP", 'x'},
	{"@example.net SIP", "@example.net:#5060 SIP", '0'},
	{"@example.net SIP", "@example.net;#=1 SIP", 'x'},
	{"branch=z9hG4bK", "branch=z9hG4bK#", 'x'},
	{";rport", ";rport;p=#", 'x'},
	{";rport", ";rport;received=#", 'x'},
	{"192.0.2.10:5060;", "#;", 'x'},
	{";tag=f1", ";tag=#", 'x'},
	{"From: <sip:alice@example.net>", "From: \"#\" <sip:alice@example.net>", 'x'},
	{"From: <sip:alice", "From: <sip:#", 'x'},
	{"To: <sip:bob@example.net", "To: <sip:bob@#", 'x'},
	{"To: <sip:bob@example.net>", "To: <sip:bob@example.net>;#", 'x'},
	{"Call-ID: call", "Call-ID: #", 'x'},
	{"CSeq: 1", "CSeq: #1", '0'},
	{"Forwards: 70", "Forwards: #70", '0'},
	{"Contact: <sip:alice", "Contact: <sip:#", 'x'},
	{"Contact:", "X-#: y\r\nContact:", 'x'},
	{"Contact:", "X: #\r\nContact:", ' '},
	{"Contact:", "X: y;p=#\r\nContact:", 'x'},
	{"Contact:", "Timestamp: #\r\nContact:", '1'},
	{"Contact:", "Proxy-Require: #\r\nContact:", 'x'},
	{"Contact:", "Record-Route: <sip:#;lr>\r\nContact:", 'x'},
	{"Contact:", "Route: <sip:198.51.100.10;lr;p=#>\r\nContact:", 'x'},
	{"Contact:", "Route: <sip:198.51.100.10;p=#>\r\nContact:", 'x'},
	{"Contact:", "Route: <sip:192.0.2.1:5060;lr;d=#>\r\nContact:", '0'},
	{"Contact:", "Via: SIP/2.0/UDP #;branch=z9hG4bK2\r\nContact:", 'x'},
};

static void try_request(struct rig *rig, const void *row, uint32_t length) {
	const struct place *place = row;
	char base[TEXT_MAX], text[TEXT_MAX];

	next_request(base, "INVITE");
	whole_fill(text, base, place->from, place->to, place->character, length);
	(void)whole_call(rig, text);
}

static void a_request_may_have_any_length_everywhere(void **state) {
	rig_mtu(9000);
	for (unsigned i = 0; i < ARRAY_LEN(request_places); i++)
		try_lengths(try_request, *state, &request_places[i]);
	rig_mtu(1500);
}

static void try_method(struct rig *rig, const void *row, uint32_t length) {
	char method[TEXT_MAX], base[TEXT_MAX];
	struct outcome got;
	const char *text;

	(void)row;
	if (length > 1500)
		return; // it stands there twice
	whole_fill(method, "#", "#", "#", 'x', length);
	next_request(base, method);
	rig_send(rig, CALLER, base);
	text = whole_next(rig, CALLEE);
	if (text)
		rig_send(rig, CALLEE, call_response(text, 501, "t1"));
	got = whole_outcome(rig);
	assert_int_equal(got.answers, 1);
	assert_int_equal(got.status, text ? 501 : 400);
}

static void a_method_may_have_any_length(void **state) {
	rig_mtu(9000);
	try_lengths(try_method, *state, NULL);
	rig_mtu(1500);
}

static const struct place response_places[] = {
	{"Phrase", "#", 'x'},
	{";tag=t1", ";tag=#", 'x'},
	{"\r\nTo: <sip:bob", "\r\nTo: \"#\" <sip:bob", 'x'},
	{"\r\nTo: <sip:bob", "\r\nTo: <sip:#", 'x'},
	{"Contact: <sip:bob", "Contact: <sip:#", 'x'},
	{"Contact:", "Server: #\r\nContact:", 'x'},
	{"Contact:", "X-#: y\r\nContact:", 'x'},
	{"Contact:", "Record-Route: <sip:#;lr>\r\nContact:", 'x'},
};

// A provisional and a refusal, each once more.
static void try_response(struct rig *rig, const void *row, uint32_t length) {
	const struct place *place = row;
	char request[TEXT_MAX], out[TEXT_MAX], text[TEXT_MAX];

	next_request(request, "INVITE");
	rig_send(rig, CALLER, request);
	snprintf(out, sizeof(out), "%s", whole_expect(rig, CALLEE, "INVITE "));
	whole_expect(rig, CALLER, "SIP/2.0 100 ");
	whole_fill(text, call_response(out, 183, "t1"), place->from, place->to, place->character, length);
	rig_send(rig, CALLEE, text);
	whole_expect(rig, CALLER, "SIP/2.0 183 ");
	rig_send(rig, CALLER, request);
	whole_expect(rig, CALLER, "SIP/2.0 183 ");
	whole_fill(text, call_response(out, 486, "t1"), place->from, place->to, place->character, length);
	rig_send(rig, CALLEE, text);
	whole_expect(rig, CALLER, "SIP/2.0 486 ");
	whole_expect(rig, CALLEE, "ACK ");
	rig_send(rig, CALLEE, text);
	whole_expect(rig, CALLEE, "ACK ");
	rig_expect_nothing(rig);
}

static void a_response_may_have_any_length_everywhere(void **state) {
	rig_mtu(9000);
	for (unsigned i = 0; i < ARRAY_LEN(response_places); i++)
		try_lengths(try_response, *state, &response_places[i]);
	rig_mtu(1500);
}

// Round what a packet buffer holds with our headers: forwarded, or 513.
static void a_packet_nearly_full_is_forwarded_or_refused(void **state) {
	struct rig *rig = *state;
	uint32_t room = rte_pktmbuf_data_room_size(rig->packets) - RTE_PKTMBUF_HEADROOM - 14 - 20 - 8;
	char base[TEXT_MAX], text[TEXT_MAX];
	unsigned refused = 0, forwarded = 0;

	rig_mtu(9000);
	for (uint32_t len = room - 500; len <= room; len += 3) {
		struct outcome got;

		next_request(base, "OPTIONS");
		whole_fill(text, base, "Contact:", "X: #\r\nContact:", 'x', len - (uint32_t)strlen(base) - 5);
		assert_int_equal(strlen(text), len);
		rig_send(rig, CALLER, text);
		got = whole_outcome(rig);
		assert_int_equal(got.forwarded + got.answers, 1);
		assert_true(got.answers == 0 || got.status == 513);
		forwarded += got.forwarded;
		refused += got.answers;
	}
	assert_true(forwarded > 0 && refused > 0);
	whole_pass(rig, 100000);
	rig_mtu(1500);
}

// As they would come to a callee; '#' is 1,500 times that character.
static const struct {
	const char *type, *text;
	char character;
} bodies[] = {
	{"application/sdp", "v=#", '0'},
	{"application/sdp", "#", '\n'},
	{"application/sdp", "#", '='},
	{"application/sdp",
	 "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nm=\r\nm=audio\r\nm=audio 1\r\nm=audio 1 RTP/AVP\r\n",
	 0},
	{"application/sdp",
	 "m=audio 65536 RTP/AVP 0\r\nm=audio -1 RTP/AVP 0\r\nm=audio 0/99999999999 RTP/AVP #\r\n",
	 '8'},
	{"application/sdp", "a=\r\na=:\r\na=rtpmap\r\na=rtpmap:\r\na=fmtp:x#\r\nc=IN IP4\r\nb=\r\nt=\r\n", ';'},
	{"multipart/mixed", "--b\r\n\r\n#", '-'},
	{"multipart/mixed;boundary=", "--\r\n\r\n----\r\n", 0},
	{"multipart/mixed;boundary=\"b", "--b\r\n\r\nx\r\n--b-", 0},
	{"multipart/mixed;boundary=b", "--b\n\nx\n--b\nContent-Length: -1\n\n--b--b--b--b", 0},
	{"multipart/mixed;boundary=a", "--a\r\nContent-Type: multipart/mixed;boundary=a\r\n\r\n--a\r\n#", '-'},
	{"text/plain", "INVITE sip:evil@example.net SIP/2.0\r\nVia: SIP/2.0/UDP evil\r\n\r\n", 0},
	{"text/plain", "\r\n\r\n\r\n\r\nSIP/2.0 200 OK\r\n\r\n#", '\x80'},
};

// The message with that body instead of its own.
static void give_body(char *out, const char *message, unsigned number) {
	static char body[TEXT_MAX];
	const char *end = strstr(message, "Content-Length:");

	whole_fill(body, "B", "B", bodies[number].text, bodies[number].character, 1500);
	assert_true(
		snprintf(
			out,
			TEXT_MAX,
			"%.*sContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
			(int)(end - message),
			message,
			bodies[number].type,
			strlen(body),
			body
		) < TEXT_MAX
	);
}

static void assert_same_body(const char *a, const char *b) {
	assert_string_equal(strstr(a, "Content-Type:"), strstr(b, "Content-Type:"));
}

static void a_body_passes_as_it_is(void **state) {
	struct rig *rig = *state;
	char base[TEXT_MAX], text[TEXT_MAX], out[TEXT_MAX];

	rig_mtu(9000);
	for (unsigned i = 0; i < ARRAY_LEN(bodies); i++) {
		next_request(base, "INVITE");
		give_body(text, base, i);
		rig_send(rig, CALLER, text);
		snprintf(out, sizeof(out), "%s", whole_expect(rig, CALLEE, "INVITE "));
		assert_same_body(out, text);
		whole_expect(rig, CALLER, "SIP/2.0 100 ");
		give_body(text, call_response(out, 488, "t1"), i);
		rig_send(rig, CALLEE, text);
		assert_same_body(whole_expect(rig, CALLER, "SIP/2.0 488 "), text);
		whole_expect(rig, CALLEE, "ACK ");
		rig_expect_nothing(rig);
	}
	whole_pass(rig, 100000);
	rig_mtu(1500);
}

// What is copied into messages of ours ends no line of them.
static void names_and_phrases_end_no_line(void **state) {
	static const char *const names[] = {
		"\"a\r\n b\"",
		"\"a\n\tb\"",
		"a\r\n b\r\n\t",
		"\"\\\\\\\"\"",
		"\"\\\x01\\\x0b\\\x1f\"",
		"\"%0d%0aVia: SIP/2.0/UDP evil\"",
		"\"<sip:evil@h>;tag=x\"",
		"\"\xe2\x80\xa8\xc2\x85\"",
		"\"\"",
	};
	static const char *const headers[] = {"From: ", "To: ", "Contact: "};
	static const char *const phrases[] = {"", "\t \t", "\\r\\n", "%0d%0aX: y", "\"\\\x01", "\xe2\x80\xa8"};
	struct rig *rig = *state;
	char base[TEXT_MAX], text[TEXT_MAX], out[TEXT_MAX];

	for (unsigned i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(headers); i++) {
		next_request(base, "INVITE");
		snprintf(out, sizeof(out), "%s%s ", headers[i / ARRAY_LEN(names)], names[i % ARRAY_LEN(names)]);
		whole_fill(text, base, headers[i / ARRAY_LEN(names)], out, ' ', 0);
		assert_true(whole_call(rig, text));
	}
	for (unsigned i = 0; i < ARRAY_LEN(phrases); i++)
		try_response(rig, &(struct place){"Phrase", phrases[i], ' '}, 0);
	whole_pass(rig, 100000);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_changed_byte_is_forwarded_refused_or_counted),
		TEST(every_cut_is_refused_or_counted),
		TEST(every_fault_has_its_answer_and_counter),
		TEST(a_request_may_have_any_length_everywhere),
		TEST(a_method_may_have_any_length),
		TEST(a_response_may_have_any_length_everywhere),
		TEST(a_packet_nearly_full_is_forwarded_or_refused),
		TEST(a_body_passes_as_it_is),
		TEST(names_and_phrases_end_no_line),
	};

	return cmocka_run_group_tests_name("session/security", tests, rig_eal, NULL);
}
