// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Whether two parses of one datagram read the same, whatever way they took.
#pragma once

#include "sip/msg.h"

struct same_slice {
	const char *name;
	struct str a, b;
};

static inline const char *same_first(const struct same_slice *slices, size_t count) {
	for (size_t i = 0; i < count; i++) {
		struct str a = slices[i].a, b = slices[i].b;

		if (a.len != b.len || (a.len > 0 && a.ptr != b.ptr))
			return slices[i].name;
	}
	return NULL;
}

#define SAME(field)                                                                                                    \
	{ #field, x->field, y->field }

static inline const char *same_uri(const struct sip_uri *x, const struct sip_uri *y) {
	const struct same_slice slices[] = {
		SAME(text), SAME(scheme), SAME(user), SAME(password), SAME(host), SAME(params), SAME(headers)};

	if (x->is_sip != y->is_sip || x->is_sips != y->is_sips || x->port != y->port)
		return "uri";
	return same_first(slices, ARRAY_LEN(slices));
}

static inline const char *same_via(const struct sip_via *x, const struct sip_via *y) {
	const struct same_slice slices[] = {
		SAME(text),
		SAME(transport),
		SAME(host),
		SAME(params),
		SAME(branch),
		SAME(received),
		SAME(maddr),
		SAME(rport),
	};

	if (x->is_sip != y->is_sip || x->port != y->port || x->has_rport != y->has_rport ||
	    (x->has_rport && x->rport.ptr != y->rport.ptr))
		return "via";
	return same_first(slices, ARRAY_LEN(slices));
}

static inline const char *same_addr(const struct sip_name_addr *x, const struct sip_name_addr *y) {
	const struct same_slice slices[] = {SAME(display), SAME(uri), SAME(params), SAME(tag)};

	return x->in_brackets != y->in_brackets ? "in_brackets" : same_first(slices, ARRAY_LEN(slices));
}

// The name of the first field that differs, or NULL.
static inline const char *same_message(const struct sip_msg *x, const struct sip_msg *y) {
	const struct same_slice slices[] = {
		SAME(method_text),
		SAME(request_uri),
		SAME(reason),
		SAME(call_id),
		SAME(body),
		SAME(max_forwards_digits),
	};
	const char *differs = same_first(slices, ARRAY_LEN(slices));

	differs = differs ? differs : same_uri(&x->uri, &y->uri);
	differs = differs ? differs : same_via(&x->via, &y->via);
	differs = differs ? differs : same_via(&x->via_below, &y->via_below);
	differs = differs ? differs : same_addr(&x->from, &y->from);
	differs = differs ? differs : same_addr(&x->to, &y->to);
	if (differs)
		return differs;
	if (x->len != y->len || x->is_request != y->is_request || x->method != y->method || x->status != y->status)
		return "start line";
	if (x->via_count != y->via_count || x->via_alone != y->via_alone)
		return "via_count";
	if (x->cseq != y->cseq || x->max_forwards != y->max_forwards)
		return "numbers";
	return x->has_content_length != y->has_content_length ? "has_content_length" : NULL;
}
