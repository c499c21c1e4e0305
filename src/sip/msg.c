// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/msg.h"

#include "sip/grammar.h"
#include "sip/usual.h"

#define MAX_FORWARDS_MAX 255

static void reset(struct sip_msg *msg, const char *buf, size_t len) {
	memset(msg, 0, offsetof(struct sip_msg, first));
	memset(msg->first, -1, sizeof(msg->first));
	msg->buf = buf;
	msg->len = (uint16_t)len;
	msg->max_forwards = SIP_MAX_FORWARDS_NONE;
	msg->index.first_line = msg->index.first_line_end = msg->index.body = msg->index.count = msg->index.mark_count =
		0;
	msg->index.marked = 0;
}

// Backwards, so that each header goes to the front of its chain.
static void chain_headers(struct sip_msg *msg) {
	for (int i = msg->index.count - 1; i >= 0; i--) {
		uint8_t id = msg->index.header[i].id;

		msg->next[i] = msg->first[id];
		msg->first[id] = (int16_t)i;
	}
}

static bool is_other_version(struct str text) {
	uint64_t number;
	const char *dot;

	if (!str_eq_nocase(str_of(text.ptr, text.len < 4 ? text.len : 4), STR("SIP/")))
		return false;
	text = str_of(text.ptr + 4, text.len - 4);
	dot = text.len ? memchr(text.ptr, '.', text.len) : NULL;
	return dot && str_to_u64(str_of(text.ptr, (size_t)(dot - text.ptr)), UINT64_MAX, &number) &&
	       str_to_u64(str_of(dot + 1, (size_t)(text.ptr + text.len - dot - 1)), UINT64_MAX, &number);
}

static bool is_our_version(struct str text) {
	return str_eq_nocase(text, STR("SIP/2.0"));
}

// Method SP Request-URI SP SIP-Version. White space too many ends up in the URI, which then does not parse.
static enum sip_verdict read_request_line(struct sip_msg *msg, struct str line) {
	const char *end = line.ptr + line.len;
	const char *first = memchr(line.ptr, ' ', line.len);
	const char *last = memrchr(line.ptr, ' ', line.len);
	struct str version;

	if (!first || first == last)
		return SIP_BAD_START_LINE;
	msg->method_text = str_of(line.ptr, (size_t)(first - line.ptr));
	msg->method = sip_method_find(msg->method_text);
	if (msg->method == SIP_METHOD_OTHER && !sip_is_token(msg->method_text))
		return SIP_BAD_START_LINE;
	msg->is_request = true;
	msg->request_uri = str_of(first + 1, (size_t)(last - first - 1));
	version = str_of(last + 1, (size_t)(end - last - 1));
	if (!is_our_version(version))
		return is_other_version(version) ? SIP_BAD_VERSION : SIP_BAD_START_LINE;
	return sip_uri_parse(msg->request_uri, &msg->uri) && msg->uri.headers.len == 0 ? SIP_OK : SIP_BAD_URI;
}

// SIP-Version SP 3DIGIT SP Reason-Phrase. The last SP may be missing where the phrase does.
static enum sip_verdict read_status_line(struct sip_msg *msg, struct str line) {
	const char *space = memchr(line.ptr, ' ', line.len);
	struct str version = str_of(line.ptr, space ? (size_t)(space - line.ptr) : line.len);
	uint64_t status;

	if (!is_our_version(version))
		return is_other_version(version) ? SIP_BAD_VERSION : SIP_BAD_START_LINE;
	line = str_of(line.ptr + version.len, line.len - version.len);
	if (line.len < 4 || !str_to_u64(str_of(line.ptr + 1, 3), 699, &status) || status < 100)
		return SIP_BAD_START_LINE;
	if (line.len > 4 && line.ptr[4] != ' ')
		return SIP_BAD_START_LINE;
	msg->status = (uint16_t)status;
	if (line.len > 5)
		msg->reason = str_of(line.ptr + 5, line.len - 5);
	return SIP_OK;
}

static enum sip_verdict read_start_line(struct sip_msg *msg, const struct sip_usual *usual) {
	const struct sip_index *index = &msg->index;
	struct str line = str_of(msg->buf + index->first_line, (size_t)(index->first_line_end - index->first_line));

	if (likely(usual->read_start_line(msg)))
		return SIP_OK;
	// '/' is no token character, so no method looks like this.
	if (line.len >= 4 && str_eq_nocase(str_of(line.ptr, 4), STR("SIP/")))
		return read_status_line(msg, line);
	return read_request_line(msg, line);
}

static enum sip_verdict located_verdict(enum sip_located located) {
	switch (located) {
	case SIP_LOCATED:
		return SIP_OK;
	case SIP_LOCATED_NO_END:
		return SIP_BAD_END;
	case SIP_LOCATED_BAD_LINE:
		return SIP_BAD_LINE;
	case SIP_LOCATED_TOO_MANY:
		return SIP_BAD_TOO_MANY_HEADERS;
	}
	return SIP_BAD_LINE;
}

// What a response to a request with a malformed Via needs of it: the text up to its parameters, parsed if it can be.
static void salvage_via(struct sip_msg *msg) {
	struct str value = sip_header_first(msg, HDR_VIA);
	uint32_t len = 0;

	while (len < value.len && value.ptr[len] != ';' && value.ptr[len] != ',')
		len++;
	value = str_trim(str_of(value.ptr, len));
	if (!sip_via_parse(value, &msg->via))
		msg->via = (struct sip_via){.text = value};
	msg->via_alone = false;
}

// The entries of one header line, of which there must be one at least.
static enum sip_verdict read_via_line(struct sip_msg *msg, int header, const struct sip_limits *limits) {
	uint16_t before = msg->via_count;
	struct sip_via other;
	struct str rest;
	int got;

	rest = sip_header_value(msg, header);
	while ((got = sip_via_next(&rest, sip_via_place(msg, &other))) == 1) {
		if (msg->via_count >= limits->vias_max)
			return SIP_BAD_TOO_MANY_VIAS;
		msg->via_count++;
	}
	if (before == 0)
		msg->via_alone = got == 0 && msg->via_count == 1;
	return got == 0 && msg->via_count > before ? SIP_OK : SIP_BAD_VIA;
}

static enum sip_verdict read_vias(struct sip_msg *msg, const struct sip_usual *usual, const struct sip_limits *limits) {
	enum sip_verdict verdict = msg->first[HDR_VIA] >= 0 ? SIP_OK : SIP_BAD_MISSING_VIA;

	for (int i = usual->read_vias(msg, limits->vias_max); i >= 0; i = msg->next[i]) {
		verdict = read_via_line(msg, i, limits);
		if (verdict != SIP_OK)
			break;
	}
	if (verdict == SIP_BAD_VIA && msg->via_count == 0)
		salvage_via(msg);
	// Those below are somebody else's; the top one says how to answer.
	return verdict == SIP_OK && !msg->via.is_sip ? SIP_BAD_VIA : verdict;
}

// Only what a proxy itself lives by is refused when it occurs twice; what it merely passes on it does not judge (RFC
// 3261 16.3 item 1).
static enum sip_verdict check_repeated(const struct sip_msg *msg) {
	static const enum sip_header_id once[] = {
		HDR_FROM, HDR_TO, HDR_CALL_ID, HDR_CSEQ, HDR_MAX_FORWARDS, HDR_CONTENT_LENGTH};

	for (size_t i = 0; i < ARRAY_LEN(once); i++)
		if (sip_is_repeated(msg, once[i]))
			return SIP_BAD_REPEATED;
	return SIP_OK;
}

static bool is_star(const struct sip_name_addr *addr) {
	return str_eq(addr->uri, STR("*")) && !addr->in_brackets;
}

static bool read_party(const struct sip_msg *msg, enum sip_header_id id, struct sip_name_addr *ret_addr) {
	return sip_name_addr_parse(sip_header_first(msg, id), ret_addr) && !is_star(ret_addr);
}

static enum sip_verdict read_from(struct sip_msg *msg) {
	if (msg->first[HDR_FROM] < 0)
		return SIP_BAD_MISSING_FROM;
	if (msg->first[HDR_TO] < 0)
		return SIP_BAD_MISSING_TO;
	return read_party(msg, HDR_FROM, &msg->from) ? SIP_OK : SIP_BAD_FROM;
}

static enum sip_verdict read_to(struct sip_msg *msg) {
	return read_party(msg, HDR_TO, &msg->to) ? SIP_OK : SIP_BAD_TO;
}

static enum sip_verdict read_call_id(struct sip_msg *msg) {
	if (msg->first[HDR_CALL_ID] < 0)
		return SIP_BAD_MISSING_CALL_ID;
	msg->call_id = sip_header_first(msg, HDR_CALL_ID);
	return sip_is_call_id(msg->call_id) ? SIP_OK : SIP_BAD_CALL_ID;
}

static enum sip_verdict read_cseq(struct sip_msg *msg) {
	struct str method;

	if (msg->first[HDR_CSEQ] < 0)
		return SIP_BAD_MISSING_CSEQ;
	if (!sip_cseq_parse(sip_header_first(msg, HDR_CSEQ), &msg->cseq, &method))
		return SIP_BAD_CSEQ;
	if (msg->is_request)
		return str_eq(method, msg->method_text) ? SIP_OK : SIP_BAD_CSEQ;
	msg->method_text = method;
	msg->method = sip_method_find(method);
	return SIP_OK;
}

static enum sip_verdict read_max_forwards(struct sip_msg *msg) {
	struct str digits = sip_header_first(msg, HDR_MAX_FORWARDS);
	uint64_t number;

	if (!msg->is_request || msg->first[HDR_MAX_FORWARDS] < 0)
		return SIP_OK;
	if (!str_to_u64(digits, MAX_FORWARDS_MAX, &number))
		return SIP_BAD_MAX_FORWARDS;
	msg->max_forwards = (uint16_t)number;
	msg->max_forwards_digits = digits;
	return SIP_OK;
}

// A datagram may hold more than the message, never less (RFC 3261 section 18.3).
static enum sip_verdict read_body(struct sip_msg *msg) {
	const char *body = msg->buf + msg->index.body;
	uint32_t rest = (uint32_t)msg->len - msg->index.body;
	uint64_t length = rest;

	if (msg->first[HDR_CONTENT_LENGTH] >= 0) {
		if (!str_to_u64(sip_header_first(msg, HDR_CONTENT_LENGTH), rest, &length))
			return SIP_BAD_CONTENT_LENGTH;
		msg->has_content_length = true;
	}
	msg->body = str_of(body, length);
	msg->len = (uint16_t)(msg->index.body + length);
	return SIP_OK;
}

static bool read_first_entry(const struct sip_msg *msg, enum sip_header_id id, struct sip_name_addr *ret_addr) {
	struct sip_walk walk = {.id = id};
	struct str entry;

	return sip_walk_next(msg, &walk, &entry) == 1 && sip_name_addr_parse(entry, ret_addr);
}

// Of Contact and Route what a dialog or a proxy will use first; the rest of these lists is checked by whoever walks
// them.
static enum sip_verdict check_contact(struct sip_msg *msg) {
	struct sip_name_addr addr = {0};

	if (!msg->is_request || msg->method != SIP_INVITE || msg->first[HDR_CONTACT] < 0)
		return SIP_OK;
	return read_first_entry(msg, HDR_CONTACT, &addr) && !is_star(&addr) ? SIP_OK : SIP_BAD_CONTACT;
}

// The grammar of a Route asks for the brackets, without which ";lr" would not be the URI's.
static enum sip_verdict check_route(struct sip_msg *msg) {
	struct sip_name_addr addr = {0};

	if (!msg->is_request || msg->first[HDR_ROUTE] < 0)
		return SIP_OK;
	return read_first_entry(msg, HDR_ROUTE, &addr) && addr.in_brackets ? SIP_OK : SIP_BAD_ROUTE;
}

// What the usual forms do not cover is read by the full grammar, one field at a time.
static enum sip_verdict read_fields(struct sip_msg *msg, const struct sip_usual *usual) {
	static enum sip_verdict (*const read[SIP_STEP_COUNT])(struct sip_msg * msg) = {
		[SIP_STEP_FROM] = read_from,
		[SIP_STEP_TO] = read_to,
		[SIP_STEP_CALL_ID] = read_call_id,
		[SIP_STEP_CSEQ] = read_cseq,
		[SIP_STEP_MAX_FORWARDS] = read_max_forwards,
		[SIP_STEP_BODY] = read_body,
		[SIP_STEP_CONTACT] = check_contact,
		[SIP_STEP_ROUTE] = check_route,
	};
	enum sip_verdict verdict = SIP_OK;

	for (enum sip_step step = SIP_STEP_FROM; verdict == SIP_OK; step++) {
		step = usual->read_fields(msg, step);
		if (step == SIP_STEP_COUNT)
			break;
		verdict = read[step](msg);
	}
	return verdict;
}

// Entries are counted only where there is room for too many.
static bool has_more_entries(const struct sip_msg *msg, enum sip_header_id id, uint32_t max) {
	struct sip_walk walk = {.id = id};
	uint32_t bytes = 0, count = 0;
	struct str entry;

	for (int i = msg->first[id]; i >= 0; i = msg->next[i])
		bytes += (uint32_t)(msg->index.header[i].end - msg->index.header[i].value) + 1;
	if (bytes / sizeof("<sip:a>") <= max)
		return false;
	while (count <= max && sip_walk_next(msg, &walk, &entry) > 0)
		count++;
	return count > max;
}

static enum sip_verdict check_request(const struct sip_msg *msg, const struct sip_limits *limits) {
	if (!msg->is_request)
		return SIP_OK;
	if (limits->routes_max > 0 && (has_more_entries(msg, HDR_ROUTE, limits->routes_max) ||
				       has_more_entries(msg, HDR_RECORD_ROUTE, limits->routes_max)))
		return SIP_BAD_TOO_MANY_ROUTES;
	if (limits->body_max > 0 && msg->body.len > limits->body_max)
		return SIP_BAD_BODY_TOO_LARGE;
	return msg->uri.is_sip ? SIP_OK : SIP_BAD_URI_SCHEME;
}

// No method, nor "SIP/", begins like this. Four bytes give away all but one of a hundred datagrams of noise, at a small
// part of what looking through them costs.
static bool cannot_start(const char *buf, size_t len) {
	const uint32_t looked_at = 4;

	for (uint32_t i = 0; i < looked_at && i < len; i++)
		if (!(class_of(buf[i]) & CLASS_TOKEN))
			return i == 0 ? !char_is_lws(buf[0]) : buf[i] != ' ' && buf[i] != '/';
	return false;
}

enum sip_verdict sip_parse(
	struct sip_msg *msg,
	const char *buf,
	size_t len,
	const struct sip_limits *limits,
	const struct sip_locator *locator
) {
	enum sip_verdict start_line, vias, verdict;
	const struct sip_usual *usual;
	enum sip_located located;

	assert(len <= SIP_MESSAGE_MAX);
	reset(msg, buf, len);
	if (len == 0 || (char_is_lws(buf[0]) && str_trim(str_of(buf, len)).len == 0))
		return SIP_KEEPALIVE;
	if (unlikely(cannot_start(buf, len)))
		return SIP_BAD_START_LINE;
	located = locator->locate(locator, buf, len, limits->headers_max, &msg->index);
	if (msg->index.first_line_end == 0)
		return SIP_BAD_END;
	chain_headers(msg);
	// Both are read whatever is wrong, for an answer needs them.
	usual = sip_usual_of(&msg->index);
	start_line = read_start_line(msg, usual);
	vias = read_vias(msg, usual, limits);
	if (start_line != SIP_OK)
		return start_line;
	if (located != SIP_LOCATED)
		return located_verdict(located);
	if ((verdict = check_repeated(msg)) != SIP_OK || (verdict = vias) != SIP_OK ||
	    (verdict = read_fields(msg, usual)) != SIP_OK)
		return verdict;
	verdict = check_request(msg, limits);
	msg->is_good = verdict == SIP_OK;
	return verdict;
}
