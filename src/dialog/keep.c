// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/keep.h"

#define LENGTH_LONG 255 // a length of two bytes follows

static void write_len(struct sip_writer *w, uint32_t len) {
	const char bytes[3] = {(char)LENGTH_LONG, (char)(len >> 8), (char)len};

	if (len > UINT16_MAX)
		w->overflow = true;
	else if (len < LENGTH_LONG)
		sip_write(w, str_of(&bytes[2], 1));
	else
		sip_write(w, str_of(bytes, 3));
}

static void write_part(struct sip_writer *w, struct str part) {
	write_len(w, part.len);
	sip_write(w, part);
}

static uint32_t read_len(struct str *rest) {
	const unsigned char *p = (const unsigned char *)rest->ptr;
	uint32_t size = rest->len > 0 && p[0] == LENGTH_LONG ? 3 : 1;
	uint32_t len;

	if (rest->len < size)
		return 0;
	len = size == 1 ? p[0] : (uint32_t)p[1] << 8 | p[2];
	*rest = str_of(rest->ptr + size, rest->len - size);
	return len;
}

static struct str read_part(struct str *rest) {
	uint32_t len = read_len(rest);
	struct str part;

	if (len > rest->len)
		len = rest->len;
	part = str_of(rest->ptr, len);
	*rest = str_of(rest->ptr + len, rest->len - len);
	return part;
}

// --- responses ---

static bool is_copied(uint8_t id) {
	return id == HDR_VIA || id == HDR_FROM || id == HDR_TO || id == HDR_CALL_ID || id == HDR_CSEQ;
}

// The same in each such response of an element.
static bool is_of_its_maker(uint8_t id) {
	return id == HDR_CONTENT_LENGTH || id == HDR_SERVER || id == HDR_USER_AGENT || id == HDR_ALLOW ||
	       id == HDR_SUPPORTED;
}

static bool is_common(const struct sip_msg *response) {
	if (response->status < 200 || response->method == SIP_INVITE || response->body.len > 0)
		return false;
	for (uint32_t i = 0; i < response->index.count; i++) {
		uint8_t id = response->index.header[i].id;

		if (!is_copied(id) && !is_of_its_maker(id))
			return false;
	}
	return true;
}

// The header lines that are no copies, the empty line, the body.
static void write_tail(struct sip_writer *w, const struct sip_msg *response, struct str extra) {
	const struct sip_index *index = &response->index;

	for (uint32_t i = 0; i < index->count; i++) {
		const struct sip_header *header = &index->header[i];
		uint32_t end = i + 1 < index->count ? index->header[i + 1].start : header->end;

		if (is_copied(header->id))
			continue;
		sip_write(w, str_of(response->buf + header->start, end - header->start));
		if (i + 1 == index->count)
			sip_write(w, STR("\r\n"));
	}
	sip_write(w, extra);
	sip_write(w, STR("\r\n"));
	sip_write(w, response->body);
}

bool keep_response(const struct sip_msg *response, bool has_to_tag, struct str extra, struct sip_writer *w) {
	struct str tag = has_to_tag ? STR("") : response->to.tag;
	bool is_usual = response->reason.len == 0 || str_eq(response->reason, sip_reason_phrase(response->status));

	write_part(w, tag);
	write_part(w, is_usual ? STR("") : response->reason);
	write_tail(w, response, extra);
	return tag.len == 0 && extra.len == 0 && is_common(response);
}

uint32_t keep_response_again(
	const struct sip_msg *request, const struct sip_response *how, struct str kept, char *out, uint32_t size
) {
	static const struct str end = {.ptr = "Content-Length: 0\r\n\r\n", .len = 21};
	struct sip_response response = *how;
	struct sip_writer w = {.buf = out, .size = size};

	response.to_tag = read_part(&kept);
	response.reason = read_part(&kept);
	w.len = sip_build_response(request, &response, out, size);
	if (kept.len == 0 || w.len < end.len)
		return w.len;
	w.len -= end.len;
	sip_write(&w, kept);
	return w.overflow || w.len > SIP_MESSAGE_MAX ? 0 : w.len;
}

// --- requests ---

static void write_start(struct sip_writer *w, struct str uri) {
	sip_write(w, STR("INVITE "));
	sip_write(w, uri);
	sip_write(w, STR(" SIP/2.0\r\n"));
}

static void write_line(struct sip_writer *w, struct str name, struct str value) {
	sip_write(w, name);
	sip_write(w, value);
	sip_write(w, STR("\r\n"));
}

// On one line: what came on one may be more entries than a message may have lines.
static void write_routes(struct sip_writer *w, const struct sip_msg *invite, uint32_t skip) {
	struct sip_walk walk = {.id = HDR_ROUTE};
	struct str entry;
	bool any = false;

	for (uint32_t i = 0; sip_walk_next(invite, &walk, &entry) > 0; i++) {
		if (i < skip)
			continue;
		sip_write_c(w, any ? "," : "Route:");
		sip_write(w, entry);
		any = true;
	}
	if (any)
		write_line(w, STR(""), STR(""));
}

// Of text we wrote, whose lines end with CRLF.
static struct str next_line(struct str *rest) {
	const char *end = memchr(rest->ptr, '\n', rest->len);
	uint32_t taken = end ? (uint32_t)(end - rest->ptr) + 1 : rest->len;
	struct str line = str_of(rest->ptr, end && taken > 1 ? taken - 2 : taken);

	*rest = str_of(rest->ptr + taken, rest->len - taken);
	return line;
}

void keep_invite(
	const struct sip_msg *invite, struct str uri, uint32_t own_routes, struct str trying, struct sip_writer *w
) {
	static const struct {
		struct str name, as;
	} lines[] = {
		{.name = {.ptr = "Via: ", .len = 5}, .as = {.ptr = "v:", .len = 2}},
		{.name = {.ptr = "From: ", .len = 6}, .as = {.ptr = "f:", .len = 2}},
		{.name = {.ptr = "To: ", .len = 4}, .as = {.ptr = "t:", .len = 2}},
		{.name = {.ptr = "Call-ID: ", .len = 9}, .as = {.ptr = "i:", .len = 2}},
		{.name = {.ptr = "CSeq: ", .len = 6}, .as = {.ptr = "CSeq:", .len = 5}},
	};

	write_start(w, uri);
	write_routes(w, invite, own_routes);
	next_line(&trying); // the status line
	while (trying.len > 0) {
		struct str line = next_line(&trying);

		for (unsigned i = 0; i < ARRAY_LEN(lines); i++)
			if (str_starts(line, lines[i].name))
				write_line(
					w,
					lines[i].as,
					str_of(line.ptr + lines[i].name.len, line.len - lines[i].name.len)
				);
	}
}

static void write_via(struct sip_writer *w, struct str via, struct str branch) {
	sip_write(w, via);
	write_line(w, branch, STR(""));
}

void keep_invite_again(struct str kept, struct str via, struct str branch, struct sip_writer *w) {
	write_line(w, next_line(&kept), STR(""));
	write_via(w, via, branch);
	sip_write(w, kept);
	sip_write(w, STR("\r\n"));
}

static uint32_t min_u32(uint32_t a, uint32_t b) {
	return a < b ? a : b;
}

void keep_ack(const struct sip_msg *invite, const struct sip_msg *final, struct sip_writer *w) {
	struct str uri = invite->request_uri, to = final->to.uri;
	uint32_t most = min_u32(uri.len, to.len), front = 0, back = 0;

	while (front < most && uri.ptr[front] == to.ptr[front])
		front++;
	while (back < most - front && uri.ptr[uri.len - 1 - back] == to.ptr[to.len - 1 - back])
		back++;
	write_len(w, front);
	write_len(w, back);
	write_part(w, str_of(uri.ptr + front, uri.len - front - back));
	write_routes(w, invite, 0);
}

bool keep_ack_again(
	struct str kept, const struct sip_msg *final, struct str via, struct str branch, struct sip_writer *w
) {
	struct str to = final->to.uri;
	uint32_t front = read_len(&kept), back = read_len(&kept);

	if (front + back > to.len)
		return false;
	sip_write(w, STR("INVITE "));
	sip_write(w, str_of(to.ptr, front));
	sip_write(w, read_part(&kept));
	sip_write(w, str_of(to.ptr + to.len - back, back));
	sip_write(w, STR(" SIP/2.0\r\n"));
	write_via(w, via, branch);
	sip_write(w, kept);
	write_line(w, STR("From: "), sip_header_first(final, HDR_FROM));
	write_line(w, STR("To: "), sip_header_first(final, HDR_TO));
	write_line(w, STR("Call-ID: "), final->call_id);
	sip_write(w, STR("CSeq: "));
	sip_write_u32(w, final->cseq);
	sip_write(w, STR(" INVITE\r\n\r\n"));
	return !w->overflow;
}
