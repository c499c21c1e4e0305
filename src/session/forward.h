// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A request on its way through the files that forward it.
#pragma once

#include "session/state.h"

// What forwarding one request needs while it lasts.
struct forward {
	struct rte_mbuf *m;
	struct target target;
	struct endpoint reply_to;
	struct txn_key key;    // of the server transaction
	struct dialog *dialog; // made by this INVITE, or the one it is in
	bool makes_dialog;
	bool asker_refreshes; // see struct txn
	struct sip_edits edits;
	struct sip_writer scratch; // s->scratch
};

// --- request.c ---

// True when what is left of records and text is kept for calls in progress: their BYE must pass when new calls do not.
bool request_is_nearly_full(const struct session *s, enum count *ret_reason);

// Passes the request in s->msg and f->m on without a transaction: the ACK for a 2xx, and what is to keep no state (RFC
// 3261 16.11). Consumes f->m.
void forward_stateless(struct session *s, struct forward *f);

// Sends the request in s->msg and f->m, which is one of several branches, by the client transaction made for it. False
// when that is not possible; f->m is still there.
bool forward_branch(struct session *s, struct forward *f, struct txn *client);

// --- rewrite.c ---

// Gathers the edits of the request in s->msg for f->target: our Via with that branch, Record-Route, received and rport,
// Route, Max-Forwards. Their text is in f->scratch, whose `overflow` says that it had no room.
void rewrite_prepare(struct session *s, struct forward *f, const char *branch, uint32_t branch_len);

// Applies edits to the mbuf. False, with the mbuf as it was, when the result has no room.
bool rewrite_apply(struct sip_edits *edits, struct rte_mbuf *m);

// What was written from that length on.
static inline struct str rewrite_since(const struct sip_writer *w, uint32_t from) {
	return str_of(w->buf + from, w->len - from);
}

// A copy of the text behind what is written already.
struct str rewrite_copy(struct sip_writer *w, struct str text);

// --- session_timer.c (RFC 4028 section 8) ---

// True where INVITE and UPDATE are to have a session interval and this is one of them.
static inline bool session_timer_concerns(const struct session *s) {
	return s->w->cfg->session_expires_s > 0 && (s->msg->method == SIP_INVITE || s->msg->method == SIP_UPDATE);
}

// False when the interval asked for is too short and the caller can ask again (422), or stands there twice (400); it is
// answered and m consumed then.
bool session_timer_check(struct session *s, struct rte_mbuf *m);

// The edits that give the request in s->msg its interval, which f->dialog keeps.
void session_timer_edit(struct session *s, struct forward *f);

// --- strict.c ---

// True when the Request-URI of the request in s->msg is one we wrote into a Record-Route: a strict router before us put
// it there (RFC 3261 16.4).
bool strict_is_uri_ours(const struct session *s);

// Puts the last Route where it belongs, into the Request-URI: from here on the request, in s->msg and m, is as it would
// have come without that router. False when that makes no request; it is answered and m consumed then.
bool strict_mend(struct session *s, struct rte_mbuf *m);
