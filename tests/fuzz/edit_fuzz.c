// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A message that parses is forwarded as the proxy does it and answered; what comes out must parse, and differ from
// what came in only where it should.
#include "fuzz/fuzz.h"

#include "sip/build.h"
#include "sip/edit.h"

#define OUT_MAX 70000
#define ROOM 512
#define OUR_VIA "SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKours"
#define OUR_ROUTE "<sip:198.51.100.1;lr>"

static enum sip_verdict parse(struct sip_msg *msg, const char *buf, size_t len) {
	static const struct sip_limits limits = {.headers_max = SIP_HEADERS_MAX, .vias_max = 100};
	struct sip_locator locator;
	enum sip_verdict verdict;

	FUZZ_CHECK(sip_locator_init(&locator, LOCATOR_SCALAR) == 0);
	verdict = sip_parse(msg, buf, len, &limits, &locator);
	sip_locator_fini(&locator);
	return verdict;
}

static bool is_edited(uint8_t id) {
	return id == HDR_VIA || id == HDR_ROUTE || id == HDR_RECORD_ROUTE || id == HDR_MAX_FORWARDS;
}

static int next_untouched(const struct sip_msg *msg, int index) {
	for (index++; index < msg->index.count; index++)
		if (!is_edited(msg->index.header[index].id))
			return index;
	return -1;
}

static struct str whole_header(const struct sip_msg *msg, int index) {
	const struct sip_header *header = &msg->index.header[index];

	return str_of(msg->buf + header->start, (size_t)(header->end - header->start));
}

static void check_untouched(const struct sip_msg *before, const struct sip_msg *after) {
	int a = next_untouched(before, -1), b = next_untouched(after, -1);

	while (a >= 0 && b >= 0) {
		FUZZ_CHECK(str_eq(whole_header(before, a), whole_header(after, b)));
		a = next_untouched(before, a);
		b = next_untouched(after, b);
	}
	FUZZ_CHECK(a == b);
	FUZZ_CHECK(str_eq(before->body, after->body));
	FUZZ_CHECK(str_eq(
		str_of(before->buf, before->index.first_line_end), str_of(after->buf, after->index.first_line_end)
	));
}

// The list before without its first `removed` entries is the list after without its first `added`; `edited`: the first
// one left is not compared.
static void check_list(
	const struct sip_msg *before,
	const struct sip_msg *after,
	enum sip_header_id id,
	int removed,
	int added,
	bool edited
) {
	struct sip_walk a = {.id = id}, b = {.id = id};
	struct str x, y;
	int got;

	while (removed-- > 0)
		FUZZ_CHECK(sip_walk_next(before, &a, &x) == 1);
	while (added-- > 0)
		FUZZ_CHECK(sip_walk_next(after, &b, &y) == 1);
	do {
		got = sip_walk_next(before, &a, &x);
		FUZZ_CHECK(sip_walk_next(after, &b, &y) == got);
		FUZZ_CHECK(got != 1 || edited || str_eq(x, y));
		edited = false;
	} while (got == 1);
}

static void mark_source(struct sip_edits *edits) {
	const struct sip_msg *msg = edits->msg;
	const struct sip_via *via = &msg->via;

	if (via->has_rport && via->rport.len == 0)
		sip_edit_add(edits, (uint32_t)(via->rport.ptr - msg->buf), 0, STR("=5070"));
	if (via->received.len > 0)
		sip_edit_add(edits, (uint32_t)(via->received.ptr - msg->buf), via->received.len, STR("192.0.2.9"));
	else
		sip_edit_add(
			edits, (uint32_t)(via->text.ptr + via->text.len - msg->buf), 0, STR(";received=192.0.2.9")
		);
}

// Returns how many Route entries it takes out, at most `routes`.
static int edit_request(struct sip_edits *edits, int routes, char *scratch) {
	const struct sip_msg *msg = edits->msg;
	uint16_t hops =
		msg->max_forwards == SIP_MAX_FORWARDS_NONE || msg->max_forwards == 0 ? 70 : msg->max_forwards - 1;
	int removed = 0;

	while (removed < routes && sip_edit_remove_top(edits, HDR_ROUTE))
		removed++;
	sip_edit_max_forwards(edits, hops, scratch, SIP_MAX_FORWARDS_SCRATCH);
	sip_edit_insert_lines(edits, msg->first[HDR_VIA], STR("Via: " OUR_VIA "\r\n"));
	sip_edit_insert_lines(
		edits,
		msg->first[HDR_RECORD_ROUTE] >= 0 ? msg->first[HDR_RECORD_ROUTE] : msg->first[HDR_VIA],
		STR("Record-Route: " OUR_ROUTE "\r\n")
	);
	mark_source(edits);
	return removed;
}

static void check_request(const struct sip_msg *before, const struct sip_msg *after, int routes) {
	check_untouched(before, after);
	FUZZ_CHECK(str_eq(after->via.text, STR(OUR_VIA)) && after->via_alone);
	FUZZ_CHECK(after->via_count == before->via_count + 1);
	FUZZ_CHECK(after->max_forwards != SIP_MAX_FORWARDS_NONE);
	FUZZ_CHECK(
		before->max_forwards == SIP_MAX_FORWARDS_NONE || before->max_forwards == 0 ||
		after->max_forwards == before->max_forwards - 1
	);
	check_list(before, after, HDR_VIA, 0, 1, true);
	check_list(before, after, HDR_RECORD_ROUTE, 0, 1, false);
	check_list(before, after, HDR_ROUTE, routes, 0, false);
}

// Below the top one a Via may be of any protocol; whom a message then reaches finds it on top.
static bool next_via_is_sip(const struct sip_msg *msg) {
	struct sip_walk walk = {.id = HDR_VIA};
	struct sip_via via;
	struct str entry;

	for (int i = 0; i < 2; i++)
		if (sip_walk_next(msg, &walk, &entry) != 1)
			return true;
	return sip_via_parse(entry, &via) && via.is_sip;
}

static void try_answer(const struct sip_msg *msg, bool parsed, const struct sip_response *how, char *out) {
	uint32_t len = sip_build_response(msg, how, out, OUT_MAX);
	enum sip_verdict verdict;
	struct sip_msg answer;

	if (len == 0) {
		FUZZ_CHECK(!parsed || !msg->is_request || how->skip_top_via || msg->len > SIP_MESSAGE_MAX / 2);
		return;
	}
	verdict = parse(&answer, out, len);
	// Copied from a request that was refused for them, these may be as wrong as they were.
	FUZZ_CHECK(
		verdict == SIP_OK || (verdict == SIP_BAD_VIA && how->skip_top_via && !next_via_is_sip(msg)) ||
		(!parsed && (verdict == SIP_BAD_VIA || verdict == SIP_BAD_FROM || verdict == SIP_BAD_TO ||
			     verdict == SIP_BAD_CALL_ID || verdict == SIP_BAD_CSEQ || verdict == SIP_BAD_TOO_MANY_VIAS))
	);
	FUZZ_CHECK(!answer.is_request && answer.status == how->status && answer.len == len && answer.index.body == len);
	if (!parsed || verdict != SIP_OK)
		return;
	FUZZ_CHECK(answer.via_count == msg->via_count - (how->skip_top_via ? 1 : 0) && answer.cseq == msg->cseq);
	FUZZ_CHECK(str_eq(answer.call_id, msg->call_id) && str_eq(answer.from.tag, msg->from.tag));
	FUZZ_CHECK(str_eq(answer.to.tag, msg->to.tag.len > 0 ? msg->to.tag : how->to_tag));
}

static void try_answers(const struct sip_msg *msg, bool parsed, char *out) {
	const struct sip_response bad = {
		.status = 400,
		.to_tag = STR("t"),
		.received = STR("2001:db8::1"),
		.rport = 65535,
	};
	const struct sip_response missing = {.status = 404, .skip_top_via = true, .server = STR("tandem")};
	const struct sip_response trying = {.status = 100};

	try_answer(msg, parsed, &bad, out);
	try_answer(msg, parsed, &missing, out);
	try_answer(msg, parsed, &trying, out);
}

static void check_companion(const struct sip_msg *invite, const char *out, uint32_t len, enum sip_method method) {
	struct sip_msg msg;

	if (len == 0) {
		FUZZ_CHECK(invite->len > SIP_MESSAGE_MAX / 2);
		return;
	}
	FUZZ_CHECK(parse(&msg, out, len) == SIP_OK);
	FUZZ_CHECK(msg.method == method && msg.cseq == invite->cseq && msg.via_count == 1 && msg.index.body == len);
	FUZZ_CHECK(str_eq(msg.via.text, invite->via.text) && str_eq(msg.request_uri, invite->request_uri));
	FUZZ_CHECK(str_eq(msg.call_id, invite->call_id) && str_eq(msg.from.tag, invite->from.tag));
}

static void try_companions(const struct sip_msg *invite, char *out) {
	const struct sip_response busy = {.status = 486, .to_tag = STR("t")};
	char *response = malloc(OUT_MAX);
	struct sip_msg msg;
	uint32_t len = sip_build_response(invite, &busy, response, OUT_MAX);

	if (len > 0) {
		FUZZ_CHECK(parse(&msg, response, len) == SIP_OK);
		check_companion(invite, out, sip_build_ack(invite, &msg, out, OUT_MAX), SIP_ACK);
	}
	check_companion(invite, out, sip_build_cancel(invite, STR("Reason: x\r\n"), out, OUT_MAX), SIP_CANCEL);
	free(response);
}

// `copy` is the message once more, to be edited; its rooms are there or not as `front` and `back` say.
static void try_forward(const struct sip_msg *msg, char *copy, uint32_t front, uint32_t back, char *out) {
	char scratch[SIP_MAX_FORWARDS_SCRATCH];
	struct sip_edits edits;
	struct sip_msg after;
	int routes = 0;
	int32_t start;
	uint32_t len;

	sip_edits_init(&edits, msg);
	if (msg->is_request)
		routes = edit_request(&edits, msg->len % 4, scratch);
	else
		FUZZ_CHECK(sip_edit_remove_top(&edits, HDR_VIA));
	if (!sip_edits_apply(&edits, copy, front, back, &start, &len)) {
		FUZZ_CHECK(msg->len + edits.growth > SIP_MESSAGE_MAX);
		return;
	}
	enum sip_verdict verdict = parse(&after, copy + start, len);

	if (!msg->is_request) {
		if (next_via_is_sip(msg))
			FUZZ_CHECK(verdict == (msg->via_count > 1 ? SIP_OK : SIP_BAD_MISSING_VIA));
		else
			FUZZ_CHECK(verdict == SIP_BAD_VIA);
		if (verdict == SIP_OK) {
			check_untouched(msg, &after);
			check_list(msg, &after, HDR_VIA, 1, 0, false);
		}
		return;
	}
	// The limits and the next Route, which nobody has looked at yet, are the reasons left.
	if (verdict == SIP_BAD_TOO_MANY_HEADERS || verdict == SIP_BAD_TOO_MANY_VIAS ||
	    (routes > 0 && verdict == SIP_BAD_ROUTE))
		return;
	FUZZ_CHECK(verdict == SIP_OK);
	check_request(msg, &after, routes);
	try_answers(&after, true, out);
	if (after.method == SIP_INVITE)
		try_companions(&after, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	uint32_t front = size % 2 ? ROOM : 0, back = ROOM - front;
	char *text, *room, *out;
	enum sip_verdict verdict;
	struct sip_msg msg;

	if (size == 0 || size > SIP_MESSAGE_MAX)
		return 0;
	text = malloc(size);
	room = malloc(front + size + back);
	out = malloc(OUT_MAX);
	memcpy(text, data, size);
	memcpy(room + front, data, size);
	verdict = parse(&msg, text, size);
	if (verdict != SIP_KEEPALIVE)
		try_answers(&msg, verdict == SIP_OK, out);
	if (verdict == SIP_OK)
		try_forward(&msg, room + front, front, back + (uint32_t)size - msg.len, out);
	free(text);
	free(room);
	free(out);
	return 0;
}
