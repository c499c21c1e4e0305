// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"
#include "dataplane/output.h"
#include "session/forward.h"

// A proxy's work on a request, in the order of RFC 3261 sections 16.3 to 16.6.

#define RESERVED_SHARE 10 // a tenth of what there is

static bool is_outside_dialog(const struct sip_msg *msg) {
	return msg->to.tag.len == 0;
}

// --- forwarding ---

static void too_large(struct session *s, struct rte_mbuf *m) {
	local_refuse(s, m, 513, COUNT_SIP_TOO_LARGE);
}

void forward_stateless(struct session *s, struct forward *f) {
	char branch[MINT_RETURN_LEN > MINT_STATELESS_LEN ? MINT_RETURN_LEN : MINT_STATELESS_LEN];
	uint32_t len = MINT_RETURN_LEN;

	if (has_transactions(s) && !f->target.is_stateless) {
		len = MINT_STATELESS_LEN;
		mint_stateless_branch(branch, s->msg->via.branch, s->seed, s->call_hash);
	} else {
		f->reply_to = local_response_target(s->msg, packet_of(f->m));
		stateless_branch(s, packet_of(f->m)->listener, &f->reply_to, branch);
	}
	rewrite_prepare(s, f, branch, len);
	if (f->scratch.overflow || !rewrite_apply(&f->edits, f->m)) {
		too_large(s, f->m);
		return;
	}
	packet_of(f->m)->latency = s->msg->method == SIP_INVITE ? LATENCY_INVITE : LATENCY_REQUEST;
	count_one(&s->w->count, COUNT_MSG_REQUESTS_OUT);
	output_datagram(s->w, f->m, f->target.listener, &f->target.to);
}

// The 100 Trying of a proxy that keeps state (RFC 3261 16.2), made while the request is still as it came.
static struct rte_mbuf *trying(struct session *s, const struct forward *f) {
	const struct sip_response how = {.status = 100};

	stage_enter(s->w, STAGE_EDIT);
	return s->msg->method == SIP_INVITE ? local_response(s, packet_of(f->m), &how) : NULL;
}

static void undo(struct session *s, struct forward *f, struct txn *server, struct txn *client) {
	if (client)
		txn_free(&s->txns, client);
	if (server)
		txn_free(&s->txns, server);
	if (f->makes_dialog && f->dialog)
		dialog_free(&s->dialogs, f->dialog);
}

// The branch the request in s->stored, as we forwarded it, came with.
static struct str received_branch(const struct session *s) {
	struct sip_walk walk = {.id = HDR_VIA};
	struct sip_via via = {0};
	struct str entry;

	if (sip_walk_next(&s->stored, &walk, &entry) <= 0 || sip_walk_next(&s->stored, &walk, &entry) <= 0 ||
	    !sip_via_parse(entry, &via))
		return STR("");
	return via.branch;
}

// After the edit only the forwarded copy is left to answer from.
static void refuse_edited(struct session *s, struct forward *f, struct txn *server, struct txn *client) {
	const struct sip_response how = {
		.status = 503,
		.to_tag = str_of(s->scratch, MINT_TAG_LEN),
		.retry_after = s->w->cfg->retry_after_s,
		.skip_top_via = true,
	};
	struct rte_mbuf *answer = output_alloc(s->w);
	uint32_t len = 0;

	count_one(&s->w->count, COUNT_REFUSED_TEXT);
	if (answer &&
	    sip_parse(&s->stored, rte_pktmbuf_mtod(f->m, char *), f->m->data_len, &s->own_limits, &s->locator) ==
		    SIP_OK) {
		mint_tag(s->scratch, received_branch(s), s->seed, client->call_hash);
		len = sip_build_response(
			&s->stored, &how, rte_pktmbuf_mtod(answer, char *), rte_pktmbuf_tailroom(answer)
		);
	}
	if (len > 0) {
		rte_pktmbuf_append(answer, (uint16_t)len);
		count_one(&s->w->count, COUNT_LOCAL_5XX);
		count_one(&s->w->count, COUNT_MSG_LOCAL_OUT);
		local_send(s, server, answer);
	} else {
		rte_pktmbuf_free(answer);
	}
	undo(s, f, server, client);
	rte_pktmbuf_free(f->m);
}

static void count_sent(struct session *s) {
	count_one(&s->w->count, COUNT_TXN_CLIENT);
	count_one(&s->w->count, COUNT_MSG_REQUESTS_OUT);
}

static void count_received(struct session *s, const struct forward *f) {
	struct counters *count = &s->w->count;

	count_one(count, COUNT_TXN_SERVER);
	if (f->makes_dialog)
		count_one(count, COUNT_CALLS_STARTED);
	if (f->makes_dialog && f->dialog)
		count_one(count, COUNT_DLG_CREATED);
}

static void send_trying(struct session *s, struct txn *server, struct rte_mbuf *answer) {
	if (!answer)
		return;
	count_one(&s->w->count, COUNT_LOCAL_100);
	count_one(&s->w->count, COUNT_MSG_LOCAL_OUT);
	server->status = 100;
	local_send(s, server, answer);
}

// What of an INVITE is needed for longer than the whole of it, while it is still as it came; our 100 has most of that.
static struct str compact(struct session *s, const struct forward *f, const struct rte_mbuf *trying) {
	struct sip_writer w = {.buf = s->again, .size = sizeof(s->again)};

	if (!trying || f->target.is_strict) // a strict router's ACK and CANCEL are made from the whole of it
		return STR("");
	keep_invite(
		s->msg,
		f->target.uri.len > 0 ? f->target.uri : s->msg->request_uri,
		f->target.own_routes,
		str_of(rte_pktmbuf_mtod(trying, char *), trying->data_len),
		&w
	);
	return str_of(w.buf, w.overflow ? 0 : w.len);
}

static void link_client(struct session *s, const struct forward *f, struct txn *client) {
	client->listener = f->target.listener;
	client->makes_dialog = f->makes_dialog;
	client->by_caller = f->target.by_caller;
	if (f->dialog) {
		struct dialog_ref ref = dialog_ref_of(&s->dialogs, f->dialog);

		client->dialog = (struct txn_ref){.slot = ref.slot, .generation = ref.generation};
	}
}

// Edits the request in f->m for its target. False when it does not fit; it is as it was then.
static bool edit(struct session *s, struct forward *f, struct txn *client) {
	char branch[MINT_BRANCH_LEN];

	txn_branch(&s->txns, client, branch);
	rewrite_prepare(s, f, branch, sizeof(branch));
	client->asker_refreshes = f->asker_refreshes;
	return !f->scratch.overflow && rewrite_apply(&f->edits, f->m);
}

static void send_started(struct session *s, struct forward *f, const struct txn *client) {
	packet_of(f->m)->latency = client->kind == TXN_INVITE_CLIENT ? LATENCY_INVITE : LATENCY_REQUEST;
	output_datagram(s->w, f->m, f->target.listener, &f->target.to);
}

// Both transactions are there: edit, store, start, send.
static void forward_start(struct session *s, struct forward *f, struct txn *server, struct txn *client) {
	struct rte_mbuf *m = f->m, *answer = trying(s, f);
	struct str kept = compact(s, f, answer);

	stage_enter(s->w, STAGE_STATE);
	txn_pair(&s->txns, server, client);
	server->listener = packet_of(m)->listener;
	link_client(s, f, client);
	if (!edit(s, f, client)) {
		rte_pktmbuf_free(answer);
		undo(s, f, server, client);
		too_large(s, m);
		return;
	}
	stage_enter(s->w, STAGE_STATE);
	if (!txn_store(&s->txns, client, str_of(rte_pktmbuf_mtod(m, char *), m->data_len), kept)) {
		rte_pktmbuf_free(answer);
		refuse_edited(s, f, server, client);
		return;
	}
	count_received(s, f);
	count_sent(s);
	if (f->dialog && !f->makes_dialog)
		dialog_request(&s->dialogs, f->dialog, s->msg, f->target.by_caller, s->w->now_ms);
	txn_step(&s->txns, client, TXN_START, s->w->now_ms);
	send_trying(s, server, answer);
	send_started(s, f, client);
}

bool forward_branch(struct session *s, struct forward *f, struct txn *client) {
	struct rte_mbuf *answer = trying(s, f); // for what it has of the request
	struct str kept = compact(s, f, answer);

	rte_pktmbuf_free(answer);
	link_client(s, f, client);
	if (!edit(s, f, client) ||
	    !txn_store(&s->txns, client, str_of(rte_pktmbuf_mtod(f->m, char *), f->m->data_len), kept))
		return false;
	count_sent(s);
	txn_step(&s->txns, client, TXN_START, s->w->now_ms);
	send_started(s, f, client);
	return true;
}

// To several targets: their response context takes over.
static void forward_forked(struct session *s, struct forward *f, struct txn *server) {
	struct fork *fork = fork_create(s, f, server);

	if (!fork) {
		undo(s, f, server, NULL);
		local_refuse(s, f->m, 503, COUNT_REFUSED_FORKS);
		return;
	}
	server->listener = packet_of(f->m)->listener;
	count_received(s, f);
	send_trying(s, server, trying(s, f));
	rte_pktmbuf_free(f->m);
	fork_begin(s, fork);
}

// The dialog the request makes or is in. False when it would make one and there is no room.
static bool dialog_prepare(struct session *s, struct forward *f) {
	const struct sip_msg *msg = s->msg;

	f->dialog = f->target.dialog;
	if (!is_outside_dialog(msg)) {
		if (!f->dialog && has_dialogs(s))
			count_one(&s->w->count, COUNT_DLG_UNKNOWN);
		return true;
	}
	f->makes_dialog = msg->method == SIP_INVITE;
	if (!f->makes_dialog || !has_dialogs(s))
		return true;
	f->dialog = dialog_create(&s->dialogs, msg, s->dialog_key, s->w->now_ms);
	if (!f->dialog)
		return false;
	f->target.by_caller = true;
	f->dialog->caller = f->reply_to;
	f->dialog->callee = f->target.to;
	f->dialog->rule = (int16_t)f->target.rule;
	return true;
}

static void forward_stateful(struct session *s, struct forward *f) {
	struct txn *server, *client = NULL;

	stage_enter(s->w, STAGE_STATE);
	if (!dialog_prepare(s, f)) {
		local_refuse(s, f->m, 503, COUNT_REFUSED_DIALOGS);
		return;
	}
	server = txn_server_create(&s->txns, s->msg, f->key, &f->reply_to, s->w->now_ms);
	if (server && f->target.is_forked) {
		forward_forked(s, f, server);
		return;
	}
	if (server)
		client = txn_client_create(&s->txns, s->msg->method, s->call_hash, &f->target.to, s->w->now_ms);
	if (!client) {
		undo(s, f, server, NULL);
		local_refuse(s, f->m, 503, COUNT_REFUSED_TRANSACTIONS);
		return;
	}
	forward_start(s, f, server, client);
}

// --- validation (RFC 3261 16.3) ---

// Unsupported lines for what Proxy-Require asks for, of which we do nothing, as far as it can be named; false when it
// asks for nothing.
static bool unsupported(struct session *s, struct sip_writer *w) {
	struct sip_walk walk = {.id = HDR_PROXY_REQUIRE};
	struct str option;
	bool asks = false;
	int more;

	*w = (struct sip_writer){.buf = s->scratch, .size = sizeof(s->scratch)};
	while ((more = sip_walk_next(s->msg, &walk, &option)) > 0) {
		asks = true;
		if (!sip_is_token(option))
			continue;
		sip_write_c(w, w->len == 0 ? "Unsupported: " : ", ");
		sip_write(w, option);
	}
	if (w->len > 0)
		sip_write_c(w, "\r\n");
	return asks || more < 0;
}

bool request_is_nearly_full(const struct session *s, enum count *ret_reason) {
	const struct pool *pool = &s->txns.pool;

	if (pool->used >= pool->capacity - pool->capacity / RESERVED_SHARE) {
		*ret_reason = COUNT_REFUSED_TRANSACTIONS;
		return true;
	}
	*ret_reason = COUNT_REFUSED_TEXT;
	return blob_used(s->text) >= blob_limit(s->text) - blob_limit(s->text) / RESERVED_SHARE;
}

static bool takes_nothing_new(const struct session *s, enum count *ret_reason) {
	*ret_reason = worker_flag(&s->w->draining) ? COUNT_REFUSED_DRAIN : COUNT_REFUSED_OVERLOAD;
	return worker_flag(&s->w->draining) || s->w->backlog.behind || request_is_nearly_full(s, ret_reason);
}

// 16.3 has an order: a scheme that is none of ours before the hops, that and a loop before extensions. Looked for only
// where what comes later refuses. True when the request was answered for it.
static bool is_refused_before(struct session *s, struct rte_mbuf *m, bool loops_too) {
	const struct packet *from = packet_of(m);
	enum count reason = COUNT_SIP_LOOP;
	struct target target = {0};
	uint16_t status = route_find(s, from, &target, &reason);

	if (status == 0 && has_transactions(s) && target.is_forked &&
	    fork_is_loop(s, fork_loop(s, target.rule, from->listener)))
		status = 482;
	if (status != 416 && !(loops_too && status == 482))
		return false;
	local_refuse(s, m, status, reason);
	return true;
}

// True when the request may go on; otherwise it was answered and m is consumed.
static bool validate(struct session *s, struct rte_mbuf *m) {
	struct sip_writer extra;
	enum count reason;

	if (!txn_key_fits(s->msg)) {
		local_refuse(s, m, 400, COUNT_SIP_TOO_LONG);
		return false;
	}
	if (s->msg->max_forwards == 0) {
		if (!is_refused_before(s, m, false))
			local_refuse(s, m, 483, COUNT_SIP_TOO_HOPS);
		return false;
	}
	// A CANCEL asks for nothing (RFC 3261 8.2.2.3) and begins nothing.
	if (s->msg->method == SIP_CANCEL)
		return true;
	if (s->msg->first[HDR_PROXY_REQUIRE] >= 0 && unsupported(s, &extra)) {
		struct str lines = extra.overflow ? STR("") : str_of(extra.buf, extra.len);

		if (!is_refused_before(s, m, true))
			local_refuse_with(s, m, 420, COUNT_SIP_BAD_EXTENSION, STR(""), lines);
		return false;
	}
	if (is_outside_dialog(s->msg) && takes_nothing_new(s, &reason)) {
		local_refuse(s, m, 503, reason);
		return false;
	}
	return true;
}

// A To tag made up does not open what is kept for calls in progress.
static bool is_of_no_call_while_full(const struct session *s, const struct target *target, enum count *ret_reason) {
	return !is_outside_dialog(s->msg) && !target->dialog && has_dialogs(s) && request_is_nearly_full(s, ret_reason);
}

// The request again: absorbed, or answered with what was answered last (RFC 3261 17.2).
static void retransmission(struct session *s, struct rte_mbuf *m, struct txn *server) {
	unsigned actions = txn_step(&s->txns, server, TXN_RX_REQUEST, s->w->now_ms);

	count_one(&s->w->count, COUNT_RETRANSMIT_REQUESTS_IN);
	if (actions & TXN_DO_RESEND)
		local_answer_again(s, server, packet_of(m));
	rte_pktmbuf_free(m);
}

void request_handle(struct session *s, struct rte_mbuf *m) {
	const struct packet *from = packet_of(m);
	struct forward f = {.m = m};
	struct txn *server = NULL;
	enum count reason;
	uint16_t status;

	if (has_transactions(s)) {
		f.key = s->key;
		server = txn_server_find(&s->txns, f.key);
	}
	if (server) {
		retransmission(s, m, server);
		return;
	}
	if (unlikely(strict_is_uri_ours(s)) && !strict_mend(s, m))
		return;
	if (!validate(s, m))
		return;
	status = route_find(s, from, &f.target, &reason);
	if (status) {
		local_refuse(s, m, status, reason);
		return;
	}
	if (!has_transactions(s) || f.target.is_stateless) {
		forward_stateless(s, &f);
		return;
	}
	if (unlikely(is_of_no_call_while_full(s, &f.target, &reason))) {
		local_refuse(s, m, 503, reason);
		return;
	}
	if (unlikely(session_timer_concerns(s)) && !session_timer_check(s, m))
		return;
	if (unlikely(f.target.is_forked) && sip_is_repeated(s->msg, HDR_MAX_BREADTH)) {
		local_refuse(s, m, 400, COUNT_SIP_REPEATED); // the branches would share one and have another each
		return;
	}
	if (unlikely(f.target.is_forked) && fork_is_loop(s, fork_loop(s, f.target.rule, from->listener))) {
		local_refuse(s, m, 482, COUNT_SIP_LOOP);
		return;
	}
	f.reply_to = local_response_target(s->msg, from);
	forward_stateful(s, &f);
}

// An ACK for a non-2xx ends at the INVITE's server transaction; one for a 2xx goes end to end (RFC 3261 16.11, 17.2.1).
void ack_handle(struct session *s, struct rte_mbuf *m) {
	struct txn *server = has_transactions(s) ? txn_server_find(&s->txns, s->key) : NULL;
	struct forward f = {.m = m};
	enum count reason;

	if (server && !(txn_step(&s->txns, server, TXN_RX_ACK, s->w->now_ms) & TXN_DO_PASS)) {
		rte_pktmbuf_free(m);
		return;
	}
	if (local_tag_is_ours(s, s->msg->to.tag, s->msg->via.branch, s->call_hash)) {
		rte_pktmbuf_free(m); // for an answer of ours that kept no state
		return;
	}
	if (s->msg->max_forwards == 0) {
		local_drop(s, m, COUNT_SIP_TOO_HOPS);
		return;
	}
	if (unlikely(strict_is_uri_ours(s)) && !strict_mend(s, m))
		return;
	if (route_find(s, packet_of(m), &f.target, &reason)) {
		count_one(&s->w->count, COUNT_SIP_ACK_STRAY);
		local_drop(s, m, reason);
		return;
	}
	f.dialog = f.target.dialog;
	if (f.dialog)
		dialog_request(&s->dialogs, f.dialog, s->msg, f.target.by_caller, s->w->now_ms);
	forward_stateless(s, &f);
}
