// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"
#include "session/state.h"

bool local_has_buffer(struct session *s) {
	struct rte_mbuf *m = output_alloc(s->w);
	bool has = m != NULL;

	rte_pktmbuf_free(m);
	return has;
}

struct rte_mbuf *local_copy(struct session *s, const char *bytes, uint32_t len) {
	struct rte_mbuf *m = output_alloc(s->w);
	char *to;

	if (!m)
		return NULL;
	to = rte_pktmbuf_append(m, (uint16_t)len);
	if (!to) {
		count_one(&s->w->count, COUNT_DROP_TX_SIZE);
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(to, bytes, len);
	return m;
}

struct endpoint local_response_target(const struct sip_msg *request, const struct packet *from) {
	struct endpoint to = from->src;

	if (!request->via.has_rport)
		to.port = request->via.port ? request->via.port : 5060;
	return to;
}

struct rte_mbuf *local_response(struct session *s, const struct packet *from, const struct sip_response *how) {
	struct sip_response response = *how;
	struct rte_mbuf *m = output_alloc(s->w);
	char address[IP_TEXT_MAX];
	uint32_t len;

	if (!m)
		return NULL;
	response.received = str_of(address, ip_format(&from->src.addr, address));
	response.rport = from->src.port;
	response.server = str_from_c(s->w->cfg->server_name);
	len = sip_build_response(s->msg, &response, rte_pktmbuf_mtod(m, char *), rte_pktmbuf_tailroom(m));
	if (len == 0) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	rte_pktmbuf_append(m, (uint16_t)len);
	packet_of(m)->rx_tsc = from->rx_tsc;
	packet_of(m)->latency = LATENCY_LOCAL;
	return m;
}

struct rte_mbuf *local_response_stored(struct session *s, const struct txn *client, uint16_t status) {
	const struct sip_response how = {
		.status = status,
		.to_tag = str_of(s->scratch, status > 100 ? MINT_TAG_LEN : 0),
		.server = str_from_c(s->w->cfg->server_name),
		.skip_top_via = true,
	};
	struct rte_mbuf *m;
	uint32_t len;

	if (!local_stored(s, client))
		return NULL;
	m = output_alloc(s->w);
	if (!m)
		return NULL;
	mint_tag(s->scratch, s->stored.via.branch, s->seed, client->call_hash);
	len = sip_build_response(&s->stored, &how, rte_pktmbuf_mtod(m, char *), rte_pktmbuf_tailroom(m));
	if (len == 0) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	rte_pktmbuf_append(m, (uint16_t)len);
	return m;
}

void local_send(struct session *s, const struct txn *txn, struct rte_mbuf *m) {
	struct endpoint to = txn_remote(&s->txns, txn);

	output_datagram(s->w, m, txn->listener, &to);
}

void local_resend(struct session *s, const struct txn *txn, enum count reason) {
	struct str message = txn_message(&s->txns, txn);
	struct rte_mbuf *m;

	if (message.len == 0)
		return;
	m = local_copy(s, message.ptr, message.len);
	if (!m)
		return;
	count_one(&s->w->count, reason);
	local_send(s, txn, m);
}

// Made from the retransmission, unless it is the 100 of our own.
static struct rte_mbuf *answer_kept(struct session *s, const struct txn *server, const struct packet *from) {
	char address[IP_TEXT_MAX];
	const struct sip_response how = {
		.status = server->status,
		.received = str_of(address, ip_format(&from->src.addr, address)),
		.rport = from->src.port,
	};
	struct rte_mbuf *m;
	uint32_t len;

	if (server->status == 100)
		return local_response(s, from, &(struct sip_response){.status = 100});
	m = output_alloc(s->w);
	if (!m)
		return NULL;
	len = keep_response_again(
		s->msg, &how, txn_kept(&s->txns, server), rte_pktmbuf_mtod(m, char *), rte_pktmbuf_tailroom(m)
	);
	if (len == 0) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	rte_pktmbuf_append(m, (uint16_t)len);
	return m;
}

void local_answer_again(struct session *s, const struct txn *server, const struct packet *from) {
	struct rte_mbuf *m;

	if (server->kind == TXN_INVITE_SERVER && server->status >= 300) {
		local_resend(s, server, COUNT_RETRANSMIT_RESPONSES_OUT);
		return;
	}
	if (server->status == 0 || server->shape == TXN_LOST)
		return;
	m = answer_kept(s, server, from);
	if (!m)
		return;
	count_one(&s->w->count, COUNT_RETRANSMIT_RESPONSES_OUT);
	local_send(s, server, m);
}

struct str local_via(const struct session *s, const struct txn *client, char *branch) {
	const struct listener_text *text = &s->listener[client->listener];

	txn_branch(&s->txns, client, branch);
	return str_of(text->via, text->via_len);
}

// What the Request-URI is does not matter any more (tel: past our Route).
bool local_parse(struct session *s, struct str text) {
	enum sip_verdict verdict = sip_parse(&s->stored, text.ptr, text.len, &s->own_limits, &s->locator);

	return verdict == SIP_OK || verdict == SIP_BAD_URI_SCHEME;
}

bool local_stored(struct session *s, const struct txn *client) {
	struct str compact = txn_compact_of(&s->txns, client), text = txn_message(&s->txns, client);
	struct sip_writer w = {.buf = s->again, .size = sizeof(s->again)};
	char branch[MINT_BRANCH_LEN];

	if (compact.len > 0) {
		keep_invite_again(compact, local_via(s, client, branch), str_of(branch, MINT_BRANCH_LEN), &w);
		text = str_of(w.buf, w.len);
	}
	return text.len > 0 && !w.overflow && local_parse(s, text);
}

bool local_tag_is_ours(const struct session *s, struct str tag, struct str branch, uint64_t call_hash) {
	char ours[MINT_TAG_LEN];

	mint_tag(ours, branch, s->seed, call_hash);
	return str_eq(tag, str_of(ours, MINT_TAG_LEN));
}

enum count local_status_count(uint16_t status) {
	if (status == 408)
		return COUNT_LOCAL_408;
	return status < 500 ? COUNT_LOCAL_4XX : COUNT_LOCAL_5XX;
}

// For the log at debug level, a bounded number a second.
static void tell_refused(struct session *s, const struct packet *from, uint16_t status, enum count reason) {
	struct worker *w = s->w;
	struct event event = {
		.kind = EVENT_REFUSED,
		.worker = w->id,
		.listener = from->listener,
		.status = status,
		.reason = (uint16_t)reason,
		.peer = from->src,
	};
	struct str text = s->msg->call_id.len > 0 ? s->msg->call_id : str_of(s->msg->buf, s->msg->index.first_line_end);

	if (!worker_flag(&w->debug_events))
		return;
	if (s->debug_second != w->now_ms / 1000 + 1) {
		s->debug_second = w->now_ms / 1000 + 1;
		w->debug_events_left = 100;
	}
	if (w->debug_events_left == 0)
		return;
	w->debug_events_left--;
	if (text.len >= sizeof(event.text))
		text.len = sizeof(event.text) - 1;
	memcpy(event.text, text.ptr, text.len);
	mailbox_event(w, &event);
}

void local_drop(struct session *s, struct rte_mbuf *m, enum count reason) {
	count_one(&s->w->count, reason);
	tell_refused(s, packet_of(m), 0, reason);
	rte_pktmbuf_free(m);
}

void local_refuse_with(
	struct session *s, struct rte_mbuf *m, uint16_t status, enum count reason, struct str phrase, struct str extra
) {
	const struct packet *from = packet_of(m);
	char tag[MINT_TAG_LEN];
	struct sip_response how = {
		.status = status,
		.reason = phrase,
		.to_tag = str_of(tag, MINT_TAG_LEN),
		.retry_after = status == 503 ? s->w->cfg->retry_after_s : 0,
		.extra = extra,
	};
	struct rte_mbuf *answer = NULL;

	count_one(&s->w->count, reason);
	if (s->msg->method != SIP_ACK && sip_can_answer(s->msg)) {
		mint_tag(tag, s->msg->via.branch, s->seed, s->call_hash);
		answer = local_response(s, from, &how);
	}
	tell_refused(s, from, answer ? status : 0, reason);
	if (answer) {
		struct endpoint to = local_response_target(s->msg, from);

		count_one(&s->w->count, local_status_count(status));
		count_one(&s->w->count, COUNT_MSG_LOCAL_OUT);
		output_datagram(s->w, answer, from->listener, &to);
	}
	rte_pktmbuf_free(m);
}

void local_refuse(struct session *s, struct rte_mbuf *m, uint16_t status, enum count reason) {
	local_refuse_with(s, m, status, reason, STR(""), STR(""));
}
