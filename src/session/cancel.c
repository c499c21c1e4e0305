// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"
#include "session/forward.h"

// CANCEL is hop by hop (RFC 3261 sections 9 and 16.10): answered here, and a CANCEL of our own goes the way the INVITE
// went, once a provisional response has come back that way.

void cancel_send(struct session *s, struct txn *invite) {
	struct endpoint to = txn_remote(&s->txns, invite);
	struct txn *client;
	struct rte_mbuf *m;
	uint32_t len;

	if (!local_stored(s, invite))
		return;
	m = output_alloc(s->w);
	if (!m)
		return;
	len = sip_build_cancel(&s->stored, STR(""), rte_pktmbuf_mtod(m, char *), rte_pktmbuf_tailroom(m));
	client = len > 0 ? txn_client_create(&s->txns, SIP_CANCEL, invite->call_hash, &to, s->w->now_ms) : NULL;
	if (!client || !txn_store(&s->txns, client, str_of(rte_pktmbuf_mtod(m, char *), len), STR("")) ||
	    !txn_set_cancel(&s->txns, invite, client)) {
		// Without a transaction it is sent once; the callee's own timers are the net below.
		if (client)
			txn_free(&s->txns, client);
		client = NULL;
	}
	txn_step(&s->txns, invite, TXN_CANCEL, s->w->now_ms);
	if (client) {
		client->listener = invite->listener;
		txn_step(&s->txns, client, TXN_START, s->w->now_ms);
		count_one(&s->w->count, COUNT_TXN_CLIENT);
	}
	if (len == 0) {
		rte_pktmbuf_free(m);
		return;
	}
	rte_pktmbuf_append(m, (uint16_t)len);
	count_one(&s->w->count, COUNT_MSG_LOCAL_OUT);
	output_datagram(s->w, m, invite->listener, &to);
}

void cancel_client(struct session *s, struct txn *client) {
	if (client->kind != TXN_INVITE_CLIENT)
		return;
	if (client->state == TXN_CALLING || client->state == TXN_PROCEEDING)
		client->cancel_wanted = true;
	if (client->state == TXN_PROCEEDING)
		cancel_send(s, client);
}

// 200 to the CANCEL, the same each time: nothing of it has to be kept.
static struct rte_mbuf *ok(struct session *s, const struct packet *from) {
	char tag[MINT_TAG_LEN];
	const struct sip_response how = {.status = 200, .to_tag = str_of(tag, MINT_TAG_LEN)};

	mint_tag(tag, s->msg->via.branch, s->seed, s->call_hash);
	return local_response(s, from, &how);
}

static void answer_again(struct session *s, const struct txn *server, const struct packet *from) {
	struct rte_mbuf *response = ok(s, from);

	if (!response)
		return;
	count_one(&s->w->count, COUNT_RETRANSMIT_RESPONSES_OUT);
	local_send(s, server, response);
}

static void answer(struct session *s, struct txn_key key, struct rte_mbuf *m) {
	struct endpoint to = local_response_target(s->msg, packet_of(m));
	struct txn *server = txn_server_create(&s->txns, s->msg, key, &to, s->w->now_ms);
	struct rte_mbuf *response = ok(s, packet_of(m));

	if (server) {
		server->listener = packet_of(m)->listener;
		count_one(&s->w->count, COUNT_TXN_SERVER);
	}
	if (response)
		count_one(&s->w->count, COUNT_MSG_LOCAL_OUT);
	if (response && server) {
		response_give(s, server, 200, (struct response_kept){0}, response);
	} else if (response) {
		output_datagram(s->w, response, packet_of(m)->listener, &to);
	} else if (server) {
		txn_free(&s->txns, server);
	}
}

// One we know nothing of follows its INVITE if that went without state (RFC 3261 16.10).
static void unmatched(struct session *s, struct rte_mbuf *m) {
	struct forward f = {.m = m};
	enum count reason;

	if (s->msg->max_forwards > 0 && txn_key_fits(s->msg) && route_find(s, packet_of(m), &f.target, &reason) == 0 &&
	    f.target.is_stateless)
		forward_stateless(s, &f);
	else
		local_refuse(s, m, 481, COUNT_SIP_CANCEL_STRAY);
}

void cancel_handle(struct session *s, struct rte_mbuf *m) {
	struct txn_key key = s->key;
	struct txn *server = txn_server_find(&s->txns, key), *invite, *client;
	struct fork *fork;

	if (server) {
		count_one(&s->w->count, COUNT_RETRANSMIT_REQUESTS_IN);
		if (txn_step(&s->txns, server, TXN_RX_REQUEST, s->w->now_ms) & TXN_DO_RESEND)
			answer_again(s, server, packet_of(m));
		rte_pktmbuf_free(m);
		return;
	}
	invite = txn_server_find(&s->txns, txn_key_of_cancelled(&s->txns, s->msg, s->call_hash));
	if (!invite) {
		unmatched(s, m);
		return;
	}
	answer(s, key, m);
	fork = fork_of(s, invite);
	client = peer_of(s, invite);
	if (fork)
		fork_cancel(s, fork);
	else if (client)
		cancel_client(s, client);
	rte_pktmbuf_free(m);
}
