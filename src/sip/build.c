// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/build.h"

#define BLOCK 8

void sip_write_u32(struct sip_writer *w, uint32_t value) {
	uint32_t digits = 1;
	char *p;

	for (uint32_t rest = value; rest > 9; rest /= 10)
		digits++;
	if (unlikely(digits > w->size - w->len)) {
		w->overflow = true;
		return;
	}
	w->len += digits;
	p = w->buf + w->len;
	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
}

static bool has_control(const char *block) {
	const uint64_t ones = 0x0101010101010101ULL;
	uint64_t x;

	memcpy(&x, block, BLOCK);
	return (x - ones * 0x20) & ~x & (ones * 0x80);
}

// True when no byte is a control character (below 0x20).
static bool is_plain(struct str text) {
	uint32_t at = 0;

	for (; text.len - at >= BLOCK; at += BLOCK)
		if (has_control(text.ptr + at))
			return false;
	if (text.len >= BLOCK)
		return !has_control(text.ptr + text.len - BLOCK);
	for (; at < text.len; at++)
		if ((unsigned char)text.ptr[at] < 0x20)
			return false;
	return true;
}

// The white space a line end and a folded line are made of as one SP; returns where it ends.
static uint32_t clean_fold(struct sip_writer *w, struct str text, uint32_t at) {
	while (at < text.len && char_is_lws(text.ptr[at]))
		at++;
	w->buf[w->len++] = ' ';
	return at;
}

// What somebody else wrote: on one line, and without control characters but those a quoted pair may hold, so that
// it can neither end a line nor a message.
static void write_clean(struct sip_writer *w, struct str text) {
	bool quoted = false, escaped = false;
	uint32_t at = 0;

	if (text.len > w->size - w->len || is_plain(text)) {
		sip_write(w, text);
		return;
	}
	while (at < text.len) {
		char c = text.ptr[at];

		if (c == '\r' || c == '\n') {
			at = clean_fold(w, text, at);
			escaped = false;
			continue;
		}
		w->buf[w->len++] = (unsigned char)c >= 0x20 || c == '\t' || escaped ? c : ' ';
		quoted ^= c == '"' && !escaped;
		escaped = c == '\\' && quoted && !escaped;
		at++;
	}
}

static void write_between(struct sip_writer *w, const char *start, const char *end) {
	write_clean(w, str_of(start, (size_t)(end - start)));
}

static void write_header(struct sip_writer *w, enum sip_header_id id, struct str value) {
	sip_write(w, sip_header_name(id));
	sip_write(w, STR(": "));
	write_clean(w, value);
	sip_write(w, STR("\r\n"));
}

static void write_number(struct sip_writer *w, enum sip_header_id id, uint32_t value) {
	sip_write(w, sip_header_name(id));
	sip_write(w, STR(": "));
	sip_write_u32(w, value);
	sip_write(w, STR("\r\n"));
}

static uint32_t finish(struct sip_writer *w) {
	sip_write(w, STR("Content-Length: 0\r\n\r\n"));
	return w->overflow || w->len > SIP_MESSAGE_MAX ? 0 : w->len;
}

// Writes the entry from `p` up to its empty rport, and the port. Returns how far the entry is written.
static const char *
patch_rport(struct sip_writer *w, const char *p, const struct sip_via *via, const struct sip_response *how) {
	if (how->rport == 0 || !via->has_rport || via->rport.len > 0)
		return p;
	write_between(w, p, via->rport.ptr);
	sip_write(w, STR("="));
	sip_write_u32(w, how->rport);
	return via->rport.ptr;
}

// The same for received; one the request came with is not believed.
static const char *
patch_received(struct sip_writer *w, const char *p, const struct sip_via *via, const struct sip_response *how) {
	struct str old = via->received;

	if (how->received.len == 0)
		return p;
	if (old.len == 0) {
		old = str_of(via->text.ptr + via->text.len, 0);
		write_between(w, p, old.ptr);
		sip_write(w, STR(";received="));
	} else {
		if (old.ptr[-1] == '[')
			old = str_of(old.ptr - 1, old.len + 2);
		write_between(w, p, old.ptr);
	}
	sip_write(w, how->received);
	return old.ptr + old.len;
}

// A Via header's value whose first entry is where the response goes (RFC 3261 18.2.1, RFC 3581 section 4).
static void
write_top_via(struct sip_writer *w, const struct sip_msg *request, struct str value, const struct sip_response *how) {
	const char *p = value.ptr;
	struct str rest = value;
	struct sip_via via = request->via;

	if ((request->is_good && via.text.ptr == p) || sip_via_next(&rest, &via) == 1) {
		if (via.received.len > 0 && via.has_rport && via.received.ptr < via.rport.ptr) {
			p = patch_received(w, p, &via, how);
			p = patch_rport(w, p, &via, how);
		} else {
			p = patch_rport(w, p, &via, how);
			p = patch_received(w, p, &via, how);
		}
	}
	write_between(w, p, value.ptr + value.len);
}

// All Via headers in their order; false when none is left to send the response to.
static bool write_vias(struct sip_writer *w, const struct sip_msg *request, const struct sip_response *how) {
	bool skip = how->skip_top_via, top = true;

	for (int index = request->first[HDR_VIA]; index >= 0; index = request->next[index]) {
		struct str value = sip_header_value(request, index), entry;

		if (skip && value.len > 0) {
			if (sip_list_next(&value, &entry) != 1)
				return false;
			skip = false;
		}
		if (value.len == 0)
			continue;
		sip_write(w, STR("Via: "));
		if (top)
			write_top_via(w, request, value, how);
		else
			write_clean(w, value);
		sip_write(w, STR("\r\n"));
		top = false;
	}
	return !top;
}

// RFC 3261 section 20.38; one that is not that is nothing to send back.
static void write_timestamp(struct sip_writer *w, struct str value) {
	for (uint32_t i = 0; i < value.len; i++)
		if (value.ptr[i] != '.' && !char_is_lws(value.ptr[i]) && (unsigned)(value.ptr[i] - '0') > 9)
			return;
	if (value.len > 0)
		write_header(w, HDR_TIMESTAMP, value);
}

static void write_to(struct sip_writer *w, const struct sip_msg *request, struct str tag) {
	struct str value = sip_header_first(request, HDR_TO);
	struct sip_name_addr to = request->to;

	sip_write(w, STR("To: "));
	write_clean(w, value);
	if (tag.len > 0 && to.uri.len == 0 && !sip_name_addr_parse(value, &to))
		to.tag.len = 0;
	if (tag.len > 0 && to.tag.len == 0) {
		sip_write(w, STR(";tag="));
		sip_write(w, tag);
	}
	sip_write(w, STR("\r\n"));
}

uint32_t sip_build_response(const struct sip_msg *request, const struct sip_response *how, char *out, uint32_t size) {
	struct sip_writer w = {.buf = out, .size = size};

	if (!sip_can_answer(request))
		return 0;
	sip_write(&w, STR("SIP/2.0 "));
	sip_write_u32(&w, how->status);
	sip_write(&w, STR(" "));
	write_clean(&w, how->reason.len > 0 ? how->reason : sip_reason_phrase(how->status));
	sip_write(&w, STR("\r\n"));
	if (!write_vias(&w, request, how))
		return 0;
	write_header(&w, HDR_FROM, sip_header_first(request, HDR_FROM));
	write_to(&w, request, how->to_tag);
	write_header(&w, HDR_CALL_ID, sip_header_first(request, HDR_CALL_ID));
	write_header(&w, HDR_CSEQ, sip_header_first(request, HDR_CSEQ));
	if (how->status == 100)
		write_timestamp(&w, sip_header_first(request, HDR_TIMESTAMP));
	if (how->server.len > 0)
		write_header(&w, HDR_SERVER, how->server);
	if (how->retry_after > 0)
		write_number(&w, HDR_RETRY_AFTER, how->retry_after);
	sip_write(&w, how->extra);
	return finish(&w);
}

// The request that belongs to an INVITE of ours: the same hop, so its top Via and its Route, and nobody further.
static uint32_t build_companion(
	const struct sip_msg *invite, struct str method, struct str to, struct str extra, struct sip_writer *w
) {
	if (!invite->is_request || invite->method != SIP_INVITE || invite->via.text.len == 0 || to.len == 0)
		return 0;
	sip_write(w, method);
	sip_write(w, STR(" "));
	sip_write(w, invite->request_uri);
	sip_write(w, STR(" SIP/2.0\r\n"));
	write_header(w, HDR_VIA, invite->via.text);
	for (int index = invite->first[HDR_ROUTE]; index >= 0; index = invite->next[index])
		write_header(w, HDR_ROUTE, sip_header_value(invite, index));
	write_number(w, HDR_MAX_FORWARDS, 70);
	write_header(w, HDR_FROM, sip_header_first(invite, HDR_FROM));
	write_header(w, HDR_TO, to);
	write_header(w, HDR_CALL_ID, sip_header_first(invite, HDR_CALL_ID));
	sip_write(w, STR("CSeq: "));
	sip_write_u32(w, invite->cseq);
	sip_write(w, STR(" "));
	sip_write(w, method);
	sip_write(w, STR("\r\n"));
	sip_write(w, extra);
	return finish(w);
}

uint32_t sip_build_ack(const struct sip_msg *invite, const struct sip_msg *response, char *out, uint32_t size) {
	struct sip_writer w = {.buf = out, .size = size};

	return build_companion(invite, STR("ACK"), sip_header_first(response, HDR_TO), (struct str){0}, &w);
}

uint32_t sip_build_cancel(const struct sip_msg *invite, struct str reason, char *out, uint32_t size) {
	struct sip_writer w = {.buf = out, .size = size};

	return build_companion(invite, STR("CANCEL"), sip_header_first(invite, HDR_TO), reason, &w);
}
