// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Messages of our own: responses to a request, and the ACK and CANCEL a client transaction owes (RFC 3261 8.2.6,
// 9.1, 17.1.1.3). Written into the caller's buffer; what does not fit gives 0, never half a message.
#pragma once

#include "sip/msg.h"

struct sip_writer {
	char *buf;
	uint32_t size;
	uint32_t len;
	bool overflow;
};

// Inline, so that a literal is a store or two.
static inline void sip_write(struct sip_writer *w, struct str text) {
	if (unlikely(text.len > w->size - w->len)) {
		w->overflow = true;
		return;
	}
	if (text.len > 0)
		memcpy(w->buf + w->len, text.ptr, text.len);
	w->len += text.len;
}

static inline void sip_write_c(struct sip_writer *w, const char *text) {
	sip_write(w, str_from_c(text));
}

void sip_write_u32(struct sip_writer *w, uint32_t value);

struct sip_response {
	uint16_t status;
	struct str reason;    // empty: the usual phrase of the status
	struct str to_tag;    // added to To when it has none; empty: none is added (100)
	struct str server;    // value of the Server header; empty: none
	uint32_t retry_after; // seconds; 0 = no such header
	struct str extra;     // whole header lines with CRLF, or empty
	bool skip_top_via;    // the request is our forwarded copy, whose top Via is ours
	struct str received;  // value for the top Via's received parameter; empty: not added
	uint16_t rport;	      // value for the top Via's empty rport; 0 = leave it
};

// A response to the request: Via, From, To, Call-ID, CSeq (and Timestamp for 100, Record-Route never) copied. The
// request may be one sip_parse refused, if sip_can_answer. Returns its length, 0 when it does not fit or cannot be
// built.
uint32_t sip_build_response(const struct sip_msg *request, const struct sip_response *how, char *out, uint32_t size);

// ACK for a non-2xx final of the INVITE we sent: its top Via, Route, Request-URI, From, Call-ID; To of the response.
uint32_t sip_build_ack(const struct sip_msg *invite, const struct sip_msg *response, char *out, uint32_t size);

// CANCEL for the INVITE we sent: its top Via, Route, Request-URI, From, To, Call-ID, CSeq number. `reason`: whole
// Reason header lines to pass on (RFC 3326), or empty.
uint32_t sip_build_cancel(const struct sip_msg *invite, struct str reason, char *out, uint32_t size);

// The usual phrase of a status, "Unknown" when there is none.
struct str sip_reason_phrase(uint16_t status);
