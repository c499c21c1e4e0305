// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/forward.h"

// A proxy's work on a response (RFC 3261 section 16.7): client transaction, dialog, server transaction, send.

static struct dialog *dialog_of(const struct session *s, const struct txn *client) {
	return dialog_get(
		&s->dialogs, (struct dialog_ref){.slot = client->dialog.slot, .generation = client->dialog.generation}
	);
}

static struct str
call_progresses(struct session *s, struct txn *client, struct dialog *head, const struct packet *from) {
	uint64_t confirmed = s->dialogs.confirmed;
	struct dialog *dialog = dialog_response(&s->dialogs, head, s->msg, s->w->now_ms);

	if (dialog)
		dialog->callee = from->src;
	client->is_settled = s->msg->status >= 200 && dialog_is_settled(&s->dialogs, head);
	if (s->dialogs.confirmed > confirmed)
		count_one(&s->w->count, COUNT_DLG_CONFIRMED);
	return dialog && s->msg->status >= 200 ? session_timer_agreed(s, client, dialog) : STR("");
}

// The dialog may be gone already, ended by a BYE before the final.
static void call_failed(struct session *s, struct dialog *head) {
	count_one(&s->w->count, COUNT_CALLS_FAILED);
	if (!head)
		return;
	count_one(&s->w->count, COUNT_DLG_FAILED);
	dialog_invite_over(&s->dialogs, head);
}

// What the response means for the dialog its request made or was in. Gives back header lines to add to it.
static struct str dialog_update(struct session *s, struct txn *client, const struct packet *from) {
	struct dialog *dialog = dialog_of(s, client);
	uint16_t status = s->msg->status;

	if (client->makes_dialog && status >= 300 && !client->is_forked)
		call_failed(s, dialog);
	if (!dialog || (client->makes_dialog && status >= 300))
		return STR("");
	if (client->makes_dialog)
		return call_progresses(s, client, dialog, from);
	if (client->method == SIP_BYE && status >= 200) {
		if (dialog_bye_answered(&s->dialogs, dialog, status))
			count_one(&s->w->count, COUNT_DLG_ENDED);
	} else if (status >= 200 && status < 300 && (client->method == SIP_INVITE || client->method == SIP_UPDATE)) {
		dialog_target(&s->dialogs, dialog, !client->by_caller, sip_contact_uri(s->msg));
		return session_timer_agreed(s, client, dialog);
	}
	return STR("");
}

// What of a server transaction's response may have to be sent again. When memory is out it goes out once; a
// retransmitted request then gets none, and Timer G sends none.
static void store(struct session *s, struct txn *server, struct response_kept kept, const struct rte_mbuf *m) {
	struct str text = str_of(kept.text.buf, kept.text.len);

	if (server->kind == TXN_INVITE_SERVER && server->status >= 300) {
		if (!txn_store(&s->txns, server, str_of(rte_pktmbuf_mtod(m, char *), m->data_len), STR("")))
			txn_forget(&s->txns, server);
	} else if (kept.text.overflow || !(kept.is_common ? txn_keep_common : txn_keep)(&s->txns, server, text)) {
		txn_lose(&s->txns, server);
	}
}

void response_give(
	struct session *s, struct txn *server, uint16_t status, struct response_kept kept, struct rte_mbuf *m
) {
	unsigned actions = txn_step(&s->txns, server, txn_event_given(status), s->w->now_ms);

	if (!(actions & TXN_DO_SEND)) {
		count_one(&s->w->count, COUNT_RETRANSMIT_RESPONSES_IN);
		rte_pktmbuf_free(m);
		return;
	}
	server->status = status;
	store(s, server, kept, m);
	local_send(s, server, m);
}

void response_withhold(struct session *s, struct txn *server) {
	(void)txn_step(&s->txns, server, TXN_TU_SILENCE, s->w->now_ms);
	if (server->state == TXN_COMPLETED)
		txn_lose(&s->txns, server);
}

void response_edit_unavailable(struct sip_edits *edits, const struct sip_msg *response) {
	static const struct str code = {.ptr = "500", .len = 3};
	struct str reason = response->reason;

	if (response->status != 503)
		return;
	sip_edit_add(edits, response->index.first_line + (uint32_t)sizeof("SIP/2.0 ") - 1, code.len, code);
	if (reason.len > 0)
		sip_edit_add(edits, (uint32_t)(reason.ptr - response->buf), reason.len, sip_reason_phrase(500));
}

bool response_strip(struct session *s, struct rte_mbuf *m, struct str lines) {
	struct sip_edits edits;
	int32_t start;
	uint32_t len;

	stage_enter(s->w, STAGE_EDIT);
	sip_edits_init(&edits, s->msg);
	rewrite_version(&edits, s->msg->index.first_line);
	sip_edit_remove_top(&edits, HDR_VIA);
	if (unlikely(lines.len > 0))
		sip_edit_insert_lines(&edits, -1, lines);
	if (!sip_edits_apply(&edits, rte_pktmbuf_mtod(m, char *), 0, 0, &start, &len))
		return false;
	m->data_off = (uint16_t)(m->data_off + start);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	packet_of(m)->latency = s->msg->status < 200 ? LATENCY_PROVISIONAL : LATENCY_FINAL;
	return true;
}

// A 503 in s->msg and m becomes a 500, in s->stored. False when that cannot be done.
static bool make_internal_error(struct session *s, struct rte_mbuf *m) {
	struct sip_edits edits;

	sip_edits_init(&edits, s->msg);
	response_edit_unavailable(&edits, s->msg);
	if (!rewrite_apply(&edits, m) || !local_parse(s, str_of(rte_pktmbuf_mtod(m, char *), m->data_len)))
		return false;
	s->msg = &s->stored;
	return true;
}

// A final of one of several branches waits for the others.
static void branch_failed(struct session *s, struct rte_mbuf *m, const struct txn *client) {
	struct fork *fork = fork_of(s, client);
	uint16_t status = s->msg->status;

	if (response_strip(s, m, STR("")))
		fork_failed(s, fork, client, status, str_of(rte_pktmbuf_mtod(m, char *), m->data_len));
	else
		fork_failed(s, fork, client, status, STR(""));
	rte_pktmbuf_free(m);
}

// A 2xx goes on even behind a refusal, which its caller has acknowledged to us (RFC 3261 16.7 step 5). The server
// transaction has nothing to do with it any more, and may be gone.
static void pass_late(struct session *s, struct rte_mbuf *m, const struct fork *fork) {
	if (!response_strip(s, m, STR(""))) {
		local_drop(s, m, COUNT_SIP_TOO_LARGE);
		return;
	}
	count_one(&s->w->count, COUNT_MSG_RESPONSES_OUT);
	output_datagram(s->w, m, fork->listener, &fork->reply_to);
}

static bool is_late(const struct session *s, const struct fork *fork, const struct txn *server) {
	return fork->is_final && fork->method == SIP_INVITE && s->msg->status / 100 == 2 &&
	       (!server || server->status >= 300);
}

// Upstream, without our Via.
static void pass_on(struct session *s, struct rte_mbuf *m, struct txn *client, struct str lines) {
	struct txn *server = server_of(s, client);
	struct response_kept kept = {.text = {.buf = s->again, .size = sizeof(s->again)}};
	struct fork *fork = fork_of(s, client);
	uint16_t status;

	if (fork && s->msg->status >= 300) {
		branch_failed(s, m, client);
		return;
	}
	if (fork && is_late(s, fork, server)) {
		pass_late(s, m, fork);
		return;
	}
	if (!server || (s->msg->status == 503 && !make_internal_error(s, m))) {
		local_drop(s, m, COUNT_SIP_RESPONSE_STRAY);
		return;
	}
	status = s->msg->status;
	if (server->kind == TXN_SERVER || status < 200)
		kept.is_common = keep_response(
			s->msg, server->has_to_tag, lines, &kept.text
		); // the edit moves what s->msg points to
	if (!response_strip(s, m, lines)) {
		local_drop(s, m, COUNT_SIP_TOO_LARGE);
		return;
	}
	stage_enter(s->w, STAGE_STATE);
	count_one(&s->w->count, server->status >= 200 ? COUNT_RETRANSMIT_RESPONSES_OUT : COUNT_MSG_RESPONSES_OUT);
	if (client->makes_dialog && server->status < 200 && status / 100 == 2)
		count_one(&s->w->count, COUNT_CALLS_ANSWERED);
	response_give(s, server, status, kept, m);
	if (fork && status >= 200)
		fork_answered(s, fork, client);
}

// Of the INVITE the first final leaves what no final has: without memory for that it stays as it is stored.
static bool invite_again(struct session *s, struct txn *client) {
	struct sip_writer w = {.buf = s->again, .size = sizeof(s->again)};
	char branch[MINT_BRANCH_LEN];
	struct str via;

	if (client->shape != TXN_REST)
		return local_stored(s, client);
	via = local_via(s, client, branch);
	return keep_ack_again(txn_kept(&s->txns, client), s->msg, via, str_of(branch, MINT_BRANCH_LEN), &w) &&
	       local_parse(s, str_of(w.buf, w.len));
}

static void invite_reduce(struct session *s, struct txn *client) {
	struct sip_writer w = {.buf = s->scratch, .size = sizeof(s->scratch)};

	keep_ack(&s->stored, s->msg, &w);
	if (!w.overflow)
		txn_keep(&s->txns, client, str_of(w.buf, w.len));
}

// The ACK a non-2xx final is owed, hop by hop, each time it comes (RFC 3261 17.1.1.3).
static void ack_send(struct session *s, struct txn *client) {
	struct rte_mbuf *m;
	uint32_t len = 0;

	if (!invite_again(s, client))
		return;
	m = output_alloc(s->w);
	if (!m)
		return;
	stage_enter(s->w, STAGE_EDIT);
	len = sip_build_ack(&s->stored, s->msg, rte_pktmbuf_mtod(m, char *), rte_pktmbuf_tailroom(m));
	if (len == 0) {
		rte_pktmbuf_free(m);
		return;
	}
	rte_pktmbuf_append(m, (uint16_t)len);
	count_one(&s->w->count, client->shape == TXN_LIVE ? COUNT_MSG_LOCAL_OUT : COUNT_RETRANSMIT_REQUESTS_OUT);
	if (client->shape == TXN_LIVE)
		invite_reduce(s, client);
	local_send(s, client, m);
}

// To other requests than INVITE no provisional but our own 100 and no 408 is passed on: neither would help whoever
// asked (RFC 4320 sections 4.1, 4.2).
static void hold_back(struct session *s, struct rte_mbuf *m, const struct txn *client) {
	struct fork *fork = fork_of(s, client);
	struct txn *server = server_of(s, client);

	if (s->msg->status == 408 && fork)
		fork_failed(s, fork, client, 408, STR(""));
	else if (s->msg->status == 408 && server)
		response_withhold(s, server);
	count_one(&s->w->count, COUNT_SIP_RESPONSE_HELD);
	rte_pktmbuf_free(m);
}

void response_handle(struct session *s, struct rte_mbuf *m) {
	struct txn *client = txn_client_find(&s->txns, s->msg, s->call_hash);
	uint16_t status = s->msg->status;
	struct str lines;
	unsigned actions;

	// With our Via alone it is for us, and only a CANCEL of ours has such an answer.
	if (!client && str_starts(s->msg->via.branch, STR(MINT_RETURN_PREFIX))) {
		stateless_response(s, m);
		return;
	}
	if (!client || (s->msg->via_count > 1) == (client->method == SIP_CANCEL)) {
		local_drop(s, m, COUNT_SIP_RESPONSE_STRAY);
		return;
	}
	stage_enter(s->w, STAGE_STATE);
	actions = txn_step(&s->txns, client, txn_event_received(status), s->w->now_ms);
	client->status = status;
	if (client->state == TXN_PROCEEDING)
		txn_compact(&s->txns, client); // Timer A sends no more
	if (actions & (TXN_DO_ACK | TXN_DO_RESEND))
		ack_send(s, client);
	if (!(actions & TXN_DO_PASS)) {
		count_one(&s->w->count, COUNT_RETRANSMIT_RESPONSES_IN);
		rte_pktmbuf_free(m);
		return;
	}
	if (client->cancel_wanted && client->state == TXN_PROCEEDING)
		cancel_send(s, client);
	lines = dialog_update(s, client, packet_of(m));
	// 100 is for us alone (RFC 3261 16.7 step 5); the answer to our own CANCEL likewise.
	if (status == 100 || client->method == SIP_CANCEL)
		rte_pktmbuf_free(m);
	else if (unlikely(client->method != SIP_INVITE && (status < 200 || status == 408)))
		hold_back(s, m, client);
	else
		pass_on(s, m, client, lines);
}
