// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Messages of the transaction and dialog tests, built from the parts that matter to them.
#pragma once

#include <stdio.h>

#include "sip/msg.h"
#include "test.h"

// One parsed message and its text.
struct text_msg {
	char text[2048];
	struct sip_msg msg;
};

struct parts {
	const char *start;	       // "INVITE sip:b@h SIP/2.0" or "SIP/2.0 200 OK"
	const char *branch;	       // of the only Via
	const char *from_tag, *to_tag; // NULL: none
	const char *call_id;	       // NULL: "call-1"
	const char *cseq;	       // "1 INVITE"
	const char *extra;	       // header lines
};

static inline const struct sip_msg *msg_of(struct text_msg *out, struct parts parts) {
	static const struct sip_limits limits = {.headers_max = 64, .vias_max = 16};
	struct sip_locator locator;
	int len;

	len = snprintf(
		out->text,
		sizeof(out->text),
		"%s\r\nVia: SIP/2.0/UDP 192.0.2.10:5060%s%s\r\nFrom: <sip:a@h>%s%s\r\nTo: <sip:b@h>%s%s\r\n"
		"Call-ID: %s\r\nCSeq: %s\r\n%sContent-Length: 0\r\n\r\n",
		parts.start,
		parts.branch ? ";branch=" : "",
		parts.branch ? parts.branch : "",
		parts.from_tag ? ";tag=" : "",
		parts.from_tag ? parts.from_tag : "",
		parts.to_tag ? ";tag=" : "",
		parts.to_tag ? parts.to_tag : "",
		parts.call_id ? parts.call_id : "call-1",
		parts.cseq,
		parts.extra ? parts.extra : ""
	);
	assert_true(len > 0 && (size_t)len < sizeof(out->text));
	assert_int_equal(sip_locator_init(&locator, LOCATOR_SCALAR), 0);
	assert_int_equal(sip_parse(&out->msg, out->text, (size_t)len, &limits, &locator), SIP_OK);
	sip_locator_fini(&locator);
	return &out->msg;
}

#define MSG(...) msg_of(&(struct text_msg){0}, (struct parts){__VA_ARGS__})
