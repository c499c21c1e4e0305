// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What one worker keeps of calls; shared by the files of this folder and by nobody else.
#pragma once

#include "base/blob.h"
#include "dataplane/output.h"
#include "dataplane/worker.h"
#include "dialog/dialog.h"
#include "dialog/keep.h"
#include "dialog/txn.h"
#include "session/fork.h"
#include "sip/build.h"
#include "sip/edit.h"
#include "sip/msg.h"
#include "sip/screen.h"

// A listener's share of the headers we add, written once at start.
struct listener_text {
	char via[96]; // "Via: SIP/2.0/UDP 192.0.2.1:5060;branch="
	uint32_t via_len;
	char record_route[96]; // "Record-Route: <sip:192.0.2.1:5060;lr;d="
	uint32_t record_route_len;
};

// Datagrams in hand at once: a whole burst.
#define INBOUND 32

struct inbound {
	struct sip_msg msg;
	struct rte_mbuf *m;
	enum sip_verdict verdict;
	uint64_t call_hash;
	struct txn_key key;
	struct dialog_key dialog_key;
	uint32_t dialog_slot; // where its dialog seems to be, to fetch; SLOT_NONE: nowhere
	bool is_looked_up;    // there are transactions, and it can be one's
};

struct session {
	struct worker *w;
	uint64_t seed; // of all keyed hashes; the same in every worker
	uint64_t dice; // never 0
	struct sip_locator locator;
	struct sip_screen screen;     // of what strangers send
	struct sip_limits limits;     // of what comes from outside
	struct sip_limits own_limits; // of what we forwarded, and of its responses: with what we added
	struct blob_arena *text;
	struct txn_table txns;
	struct dialog_table dialogs;
	struct fork_table forks;
	struct listener_text listener[LISTENERS_MAX];
	uint64_t debug_second; // counted from 1, in which debug_events_left was filled up
	struct inbound inbound[INBOUND];
	const struct sip_msg *msg;    // the datagram in hand
	uint64_t call_hash;	      // of its Call-ID, keyed
	struct txn_key key;	      // of its server transaction, if it is a request
	struct dialog_key dialog_key; // of the dialog it is in or makes, likewise
	struct sip_msg mended;	      // the request in hand, after what a strict router did to it was undone
	char mended_id[MINT_LEN];     // the dialog it named in the Request-URI
	uint8_t mended_id_len;
	struct sip_msg forked;	     // a message of a response context
	struct sip_msg stored;	     // a message of ours looked at again (for ACK, CANCEL, 408)
	char again[SIP_MESSAGE_MAX]; // its text, where it is made again; and what is to be kept of a response
	char scratch[2048];	     // text of edits until they are applied
};

static inline bool has_transactions(const struct session *s) {
	return s->w->cfg->proxy_state != PROXY_STATELESS;
}

static inline bool has_dialogs(const struct session *s) {
	return s->w->cfg->proxy_state == PROXY_DIALOG;
}

// The other side of a transaction; NULL when it is gone, or there are several.
static inline struct txn *peer_of(const struct session *s, const struct txn *txn) {
	return txn->is_forked ? NULL : txn_get(&s->txns, txn->peer);
}

// The server transaction of a client's request, whether it has other branches or not.
static inline struct txn *server_of(const struct session *s, const struct txn *client) {
	const struct fork *fork = fork_of(s, client);

	return fork ? txn_get(&s->txns, fork->server) : peer_of(s, client);
}

// --- dispatch.c ---

bool dispatch_is_unwanted(const struct worker *w, const char *data, uint32_t len);
uint8_t dispatch_owner(const struct worker *w, const char *data, uint32_t len);
void dispatch_datagrams(struct worker *w, struct rte_mbuf **m, uint32_t count);

// --- request.c: requests; each consumes m, whose bytes are in s->msg ---

void request_handle(struct session *s, struct rte_mbuf *m);
void ack_handle(struct session *s, struct rte_mbuf *m);

// --- cancel.c ---

void cancel_handle(struct session *s, struct rte_mbuf *m);

// Sends a CANCEL for a client INVITE transaction in Proceeding, with a transaction of its own.
void cancel_send(struct session *s, struct txn *invite);

// The same for a client transaction in any state: nothing, now, or as soon as a provisional response has come.
void cancel_client(struct session *s, struct txn *client);

// --- response.c ---

void response_handle(struct session *s, struct rte_mbuf *m);

// Takes our Via off the response in s->msg and m, whose text moves, and puts `lines` (may be empty) behind its headers.
// False when that cannot be done.
bool response_strip(struct session *s, struct rte_mbuf *m, struct str lines);

// Answers a server transaction of another request than INVITE never: not even the next time it is asked.
void response_withhold(struct session *s, struct txn *server);

// The SIP-Version at that place is sent in upper case, however it came (RFC 3261 7.1).
void rewrite_version(struct sip_edits *edits, uint32_t at);

// A 503 from one next hop does not say that we cannot serve others: it is passed on as a 500 (RFC 3261 16.7 item 6).
void response_edit_unavailable(struct sip_edits *edits, const struct sip_msg *response);

// What keep_response left of a response, in s->again.
struct response_kept {
	struct sip_writer text;
	bool is_common;
};

// Gives a response, in m, to a server transaction: sent, and kept when it may be needed again: the whole of a refused
// INVITE's, which a timer repeats, and of others what is in `kept`. Consumes m.
void response_give(
	struct session *s, struct txn *server, uint16_t status, struct response_kept kept, struct rte_mbuf *m
);

// --- session_timer.c ---

// What the 2xx in s->msg to the client's INVITE or UPDATE in that dialog agrees on. Gives back header lines to add
// where the callee knows nothing of session timers and the caller does (RFC 4028 section 8.2); they are in s->scratch.
struct str session_timer_agreed(struct session *s, const struct txn *client, struct dialog *dialog);

// --- stateless.c: what a proxy that keeps nothing does (RFC 3261 16.11) ---

// MINT_RETURN_LEN characters: the branch for the request in s->msg, whose responses go to `reply_to` by `listener`.
void stateless_branch(const struct session *s, uint8_t listener, const struct endpoint *reply_to, char *out);

// Passes the response in s->msg on by its second Via, if it answers what we forwarded for that Via. Consumes m.
void stateless_response(struct session *s, struct rte_mbuf *m);

// --- local.c: messages of our own ---

// Answers the request in s->msg without keeping state, if it can be answered, and counts the reason. Consumes m.
void local_refuse(struct session *s, struct rte_mbuf *m, uint16_t status, enum count reason);

// The same with whole header lines to add, and a reason phrase (empty: the usual one).
void local_refuse_with(
	struct session *s, struct rte_mbuf *m, uint16_t status, enum count reason, struct str phrase, struct str extra
);

// Drops m and counts the reason.
void local_drop(struct session *s, struct rte_mbuf *m, enum count reason);

// A response to the request in s->msg, addressed by nothing yet; NULL when it cannot be built.
struct rte_mbuf *local_response(struct session *s, const struct packet *from, const struct sip_response *how);

// A response to the INVITE a client transaction stored, as its server side must see it (408, 487), or NULL.
struct rte_mbuf *local_response_stored(struct session *s, const struct txn *client, uint16_t status);

// False when there is no packet buffer left (counted).
bool local_has_buffer(struct session *s);

// A fresh mbuf with a copy of these bytes, or NULL (counted).
struct rte_mbuf *local_copy(struct session *s, const char *bytes, uint32_t len);

// Sends the message a transaction has stored once more; counted as `reason`.
void local_resend(struct session *s, const struct txn *txn, enum count reason);

// Answers the retransmission in s->msg of a server transaction's request with the response it had last, if that could
// be kept.
void local_answer_again(struct session *s, const struct txn *server, const struct packet *from);

// Parses a message we sent once more, into s->stored.
bool local_parse(struct session *s, struct str text);

// The INVITE a client transaction sent, or what of it is kept, parsed into s->stored. False when nothing is left of it.
bool local_stored(struct session *s, const struct txn *client);

// Sends it from where the transaction's messages go.
void local_send(struct session *s, const struct txn *txn, struct rte_mbuf *m);

// Our Via header line for the client transaction up to the branch's value; the branch into MINT_BRANCH_LEN characters.
struct str local_via(const struct session *s, const struct txn *client, char *branch);

// What counts an answer of ours with that status.
enum count local_status_count(uint16_t status);

// True when the tag is the one local_refuse gave the request with this branch (see mint_tag).
bool local_tag_is_ours(const struct session *s, struct str tag, struct str branch, uint64_t call_hash);

// Where a response to the request in s->msg goes (RFC 3261 18.2.2, RFC 3581).
struct endpoint local_response_target(const struct sip_msg *request, const struct packet *from);

// --- route.c ---

// What forwarding a request needs to know.
struct target {
	struct endpoint to;
	uint8_t listener;      // leaves by
	uint8_t own_routes;    // Route entries at the top that name us
	bool only_own_routes;  // there are no others
	bool is_strict;	       // the first other Route entry is a strict router's (RFC 3261 16.6 item 6)
	bool is_stateless;     // the rule says so
	int8_t preferred;      // listener our Route entries name, by which it leaves if it can; -1 = none
	bool is_forked;	       // the rule has several targets, or the request is on its way to one of them:
	struct str uri;	       // its Request-URI there; empty = the one that came
	uint32_t breadth;      // its Max-Breadth
	int32_t rule;	       // index, or DIALOG_RULE_ROUTE
	bool by_caller;	       // in a dialog: who sent it
	struct dialog *dialog; // the request is in; NULL when it is in none we hold
};

// Decides where the request in s->msg goes: Route (RFC 3261 16.4, 16.12), in a dialog its Request-URI or, when that
// names no address, where the other side's messages come from, else the static rules. Returns 0, or the status to
// refuse it with and *ret_reason.
uint16_t
route_find(const struct session *s, const struct packet *from, struct target *ret_target, enum count *ret_reason);

// Sets the listener a message to target->to leaves by: `preferred` (-1: none) when it is on the way, else that of the
// request, else the first there. Returns COUNT_COUNT, or what is wrong.
enum count route_way_out(const struct session *s, const struct packet *from, int preferred, struct target *target);

// The address a SIP URI names, over UDP. False when it is a name, or asks for another transport.
bool route_uri_endpoint(const struct sip_uri *uri, struct endpoint *ret_to);

// MINT_LEN characters: what stands in our Record-Route where no dialog is kept. It names none, and proves that a
// request with its Call-ID passed us.
void route_mark(const struct session *s, char *out);

// The listener a URI names, or -1.
int route_listener_named(const struct config *cfg, const struct sip_uri *uri);

// The identifier of the dialog in a first Route entry that is ours to the letter, else empty; nothing is checked.
struct str route_dialog_id(const struct session *s, const struct sip_msg *msg);

// --- keepalive.c: each consumes m ---

// Empty datagrams and line ends: a double one is answered with a single one.
void keepalive_handle(struct session *s, struct rte_mbuf *m);

// What stun_starts says is STUN.
void keepalive_stun(struct session *s, struct rte_mbuf *m);

// --- unanswered.c ---

// A client transaction ended without a final response: the server transaction is answered with `status` where the RFC
// lets it be, and what the request meant for its dialog is undone. The client's record is still there. False when there
// is no packet buffer for the answer: nothing was done.
bool unanswered_invite(struct session *s, struct txn *client, uint16_t status);
void unanswered_request(struct session *s, struct txn *client, uint16_t status);

// A server transaction that still waits when its client is gone would wait for ever.
void unanswered_abandon(struct session *s, struct txn *client);

// --- lost.c: what did not arrive (RFC 3261 16.9, 18.4) ---

uint8_t lost_owner(const struct worker *w, const char *data, uint32_t len);
void lost_handle(struct worker *w, struct rte_mbuf *m);

// --- timers.c ---

bool timers_tick(struct worker *w);
