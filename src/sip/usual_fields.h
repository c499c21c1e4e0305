// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The code of usual.h, for the kind of marks usual_text.h is for.
#pragma once

#include "sip/usual_text.h"

INLINE bool request_line(struct sip_msg *msg) {
	static const char version[8] = "SIP/2.0\r";
	struct field f = {.msg = msg, .buf = msg->buf, .cursor = cursor_of(&msg->index, -1), .limit = msg->len};
	uint32_t method_end, uri_end, end = msg->index.first_line_end;

	if (end + SLACK > msg->len)
		return false;
	method_end = next_mark(&f, 0);
	if (method_end == 0 || f.buf[method_end] != ' ')
		return false;
	uri_end = take_uri(&f, method_end + 1, &msg->uri);
	if (uri_end == 0 || uri_end + sizeof(version) != end || f.buf[uri_end] != ' ' ||
	    memcmp(f.buf + uri_end + 1, version, sizeof(version)) != 0) {
		msg->uri = (struct sip_uri){0};
		return false;
	}
	msg->method_text = text(&f, 0, method_end);
	msg->method = sip_method_find(msg->method_text);
	msg->is_request = true;
	msg->request_uri = msg->uri.text;
	return true;
}

static inline bool status_line(struct sip_msg *msg) {
	static const char version[8] = "SIP/2.0 ";
	uint32_t end = msg->index.first_line_end;
	const char *p = msg->buf;
	uint32_t hundreds, tens, ones;

	if (end < 13 || memcmp(p, version, sizeof(version)) != 0)
		return false;
	hundreds = (uint32_t)(p[8] - '0');
	tens = (uint32_t)(p[9] - '0');
	ones = (uint32_t)(p[10] - '0');
	if (hundreds - 1 > 5 || tens > 9 || ones > 9 || p[11] != ' ')
		return false;
	msg->status = (uint16_t)(hundreds * 100 + tens * 10 + ones);
	msg->reason = str_of(p + 12, end - 12);
	return true;
}

TARGET static bool read_start_line(struct sip_msg *msg) {
	return status_line(msg) || request_line(msg);
}

INLINE bool via_param(const struct field *f, const struct usual_param *param, struct sip_via *via) {
	uint32_t len = param->name_end - param->name;
	struct str value = text(f, param->value, param->value_end);
	uint16_t port;

	switch (load_word(f, param->name, len < 8 ? len : 8)) {
	case WORD('b', 'r', 'a', 'n', 'c', 'h', 0, 0):
		if (via->branch.ptr || !param->value)
			return false;
		via->branch = value;
		return true;
	case WORD('r', 'p', 'o', 'r', 't', 0, 0, 0):
		if (via->has_rport)
			return false;
		via->has_rport = true;
		via->rport = param->value ? value : text(f, param->name_end, param->name_end);
		return !param->value || take_port(f, param->value, param->value_end, &port);
	case WORD('r', 'e', 'c', 'e', 'i', 'v', 'e', 'd'):
		if (len > 8)
			return true;
		if (via->received.ptr || !param->value)
			return false;
		via->received = value;
		return true;
	case WORD('m', 'a', 'd', 'd', 'r', 0, 0, 0):
	case WORD('t', 't', 'l', 0, 0, 0, 0, 0):
		return false;
	default:
		return true;
	}
}

INLINE bool read_via(struct field *f, struct sip_via *via) {
	static const char protocol[8] = "SIP/2.0/";
	struct usual_param param;
	uint32_t at = f->start + (uint32_t)sizeof(protocol), end, params;

	if (at >= f->end || memcmp(f->buf + f->start, protocol, sizeof(protocol)) != 0)
		return false;
	skip_marks(f, 2); // the slashes
	end = next_mark(f, at);
	if (end == at || f->buf[end] != ' ')
		return false;
	via->is_sip = true;
	via->transport = text(f, at, end);
	at = end + 1;
	at = params = take_host(f, at, next_mark(f, at), &via->host, &via->port);
	if (at == 0)
		return false;
	while (f->buf[at] == ';')
		if ((at = take_usual_param(f, at, &param)) == 0 || !via_param(f, &param, via))
			return false;
	if (at > params)
		via->params = text(f, params, at);
	via->text = text(f, f->start, at);
	return at == f->end;
}

TARGET static int read_vias(struct sip_msg *msg, uint32_t vias_max) {
	int header = msg->first[HDR_VIA];

	for (; header >= 0 && msg->via_count < vias_max; header = msg->next[header]) {
		struct sip_via other = {0};
		struct sip_via *via = sip_via_place(msg, &other);
		struct field f;

		if (!field_of(msg, header, &f) || !read_via(&f, via)) {
			*via = (struct sip_via){0};
			break;
		}
		msg->via_count++;
	}
	msg->via_alone = msg->via_count > 0;
	return header;
}

// A quoted string without escapes, or one token, and the space behind it; `at` becomes the '<' that must follow.
INLINE bool take_display(struct field *f, uint32_t *at, struct str *ret_display) {
	uint32_t start = *at, end = next_mark(f, start);

	if (f->buf[start] == '<')
		return true;
	if (f->buf[start] == '"') {
		do
			end = next_mark(f, end + 1);
		while (class_of(f->buf[end]) & CLASS_QUOTED);
		if (f->buf[end++] != '"')
			return false;
		skip_marks(f, f->buf[end] == ' ');
	} else if (f->buf[end] != ' ' || end == start) {
		return false;
	}
	*ret_display = text(f, start, end);
	*at = end + (f->buf[end] == ' ');
	skip_marks(f, 1); // the bracket
	return f->buf[*at] == '<';
}

INLINE bool addr_params(struct field *f, uint32_t *at, struct sip_name_addr *addr) {
	struct usual_param param;
	uint32_t start = *at;

	skip_marks(f, 1); // what stands at `at`
	while (f->buf[*at] == ';') {
		if ((*at = take_usual_param(f, *at, &param)) == 0)
			return false;
		if (param.name_end - param.name != 3 ||
		    load_word(f, param.name, 3) != WORD('t', 'a', 'g', 0, 0, 0, 0, 0))
			continue;
		if (addr->tag.ptr || !param.value)
			return false;
		addr->tag = text(f, param.value, param.value_end);
	}
	if (*at > start)
		addr->params = text(f, start, *at);
	return true;
}

INLINE bool read_addr(struct field *f, bool list, struct sip_name_addr *addr) {
	uint32_t at = f->start;
	struct sip_uri uri;

	if (!take_display(f, &at, &addr->display))
		return false;
	at = take_uri(f, at + 1, &uri);
	if (at == 0 || f->buf[at] != '>')
		return false;
	addr->uri = uri.text;
	addr->in_brackets = true;
	at++;
	if (!addr_params(f, &at, addr))
		return false;
	return at == f->end || (list && f->buf[at] == ',' && f->buf[at + 1 + (f->buf[at + 1] == ' ')] == '<');
}

TARGET static __attribute__((noinline)) bool
read_party(const struct sip_msg *msg, int header, struct sip_name_addr *addr) {
	struct field f;

	if (likely(field_of(msg, header, &f) && read_addr(&f, false, addr)))
		return true;
	*addr = (struct sip_name_addr){0};
	return false;
}

TARGET static __attribute__((noinline)) bool is_target(const struct sip_msg *msg, int header) {
	struct sip_name_addr addr = {0};
	struct field f;

	return header < 0 || (field_of(msg, header, &f) && read_addr(&f, true, &addr));
}

INLINE bool read_call_id(struct sip_msg *msg) {
	int header = msg->first[HDR_CALL_ID];
	struct field f;
	uint32_t at;

	if (header < 0 || !field_of(msg, header, &f))
		return false;
	at = next_mark(&f, f.start);
	if (f.buf[at] == '@' && at > f.start && at + 1 < f.end)
		at = next_mark(&f, at + 1);
	if (at != f.end)
		return false;
	msg->call_id = text(&f, f.start, f.end);
	return true;
}

// Methods of more than eight letters are compared by who asks next.
INLINE bool is_method(const struct field *f, struct str a, struct str b) {
	uint64_t x, y;

	if (a.len != b.len || a.len > SLACK || (uint32_t)(b.ptr - f->buf) + SLACK > f->limit)
		return false;
	memcpy(&x, a.ptr, sizeof(x));
	memcpy(&y, b.ptr, sizeof(y));
	return _bzhi_u64(x ^ y, 8 * a.len) == 0;
}

INLINE bool read_cseq(struct sip_msg *msg) {
	int header = msg->first[HDR_CSEQ];
	uint32_t at, number;
	struct field f;
	struct str method;

	if (header < 0 || !field_of(msg, header, &f))
		return false;
	at = next_mark(&f, f.start);
	if (f.buf[at] != ' ' || !take_digits(&f, f.start, at, &number))
		return false;
	if (at + 1 >= f.end || next_mark(&f, at + 1) != f.end)
		return false;
	method = text(&f, at + 1, f.end);
	if (msg->is_request && !is_method(&f, method, msg->method_text))
		return false;
	msg->cseq = number;
	if (!msg->is_request) {
		msg->method_text = method;
		msg->method = sip_method_find(method);
	}
	return true;
}

INLINE bool read_max_forwards(struct sip_msg *msg) {
	int header = msg->first[HDR_MAX_FORWARDS];
	uint32_t number;
	struct field f;

	if (header < 0 || !msg->is_request)
		return true;
	if (!field_of(msg, header, &f) || !take_digits(&f, f.start, f.end, &number) || number > UINT8_MAX)
		return false;
	msg->max_forwards = (uint16_t)number;
	msg->max_forwards_digits = text(&f, f.start, f.end);
	return true;
}

INLINE bool read_body(struct sip_msg *msg) {
	uint32_t body = msg->index.body, number;
	int header = msg->first[HDR_CONTENT_LENGTH];
	struct field f;

	if (header < 0 || !field_of(msg, header, &f) || !take_digits(&f, f.start, f.end, &number) ||
	    number > msg->len - body)
		return false;
	msg->has_content_length = true;
	msg->body = str_of(msg->buf + body, number);
	msg->len = (uint16_t)(body + number);
	return true;
}

// The targets last: their slack is that of the message, which may have been cut off just before.
TARGET static enum sip_step read_fields(struct sip_msg *msg, enum sip_step from) {
	switch (from) {
	case SIP_STEP_FROM:
		if (msg->first[HDR_FROM] < 0 || msg->first[HDR_TO] < 0 ||
		    !read_party(msg, msg->first[HDR_FROM], &msg->from))
			return SIP_STEP_FROM;
		// fall through
	case SIP_STEP_TO:
		if (!read_party(msg, msg->first[HDR_TO], &msg->to))
			return SIP_STEP_TO;
		// fall through
	case SIP_STEP_CALL_ID:
		if (!read_call_id(msg))
			return SIP_STEP_CALL_ID;
		// fall through
	case SIP_STEP_CSEQ:
		if (!read_cseq(msg))
			return SIP_STEP_CSEQ;
		// fall through
	case SIP_STEP_MAX_FORWARDS:
		if (!read_max_forwards(msg))
			return SIP_STEP_MAX_FORWARDS;
		// fall through
	case SIP_STEP_BODY:
		if (!read_body(msg))
			return SIP_STEP_BODY;
		// fall through
	case SIP_STEP_CONTACT:
		if (msg->is_request && msg->method == SIP_INVITE && !is_target(msg, msg->first[HDR_CONTACT]))
			return SIP_STEP_CONTACT;
		// fall through
	case SIP_STEP_ROUTE:
		if (msg->is_request && !is_target(msg, msg->first[HDR_ROUTE]))
			return SIP_STEP_ROUTE;
		// fall through
	case SIP_STEP_COUNT:
		return SIP_STEP_COUNT;
	}
	return from;
}

// The first entry of a list, for who asks later.
TARGET static bool read_entry(const struct sip_msg *msg, int header, struct sip_name_addr *addr) {
	struct field f;

	if (field_of(msg, header, &f) && read_addr(&f, true, addr))
		return true;
	*addr = (struct sip_name_addr){0};
	return false;
}
