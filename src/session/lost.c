// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/state.h"

// A request of ours that did not arrive, as ICMP says or because its next hop is not there, ends its transaction at
// once. Whoever makes up an ICMP error would have to know our branch, which has a keyed check.

#define BRANCH "branch=" MINT_BRANCH_PREFIX

// Our branch in what there is of a request we sent, or empty. It stands in the first Via, and no Via of others comes
// before that; what a Request-URI may have to look like one names no transaction.
static struct str branch_of(struct str text) {
	const char *at = text.len > 0 ? memmem(text.ptr, text.len, BRANCH, sizeof(BRANCH) - 1) : NULL;
	uint32_t skip = sizeof("branch=") - 1;

	if (!at || str_starts(text, STR("SIP/")) || (size_t)(text.ptr + text.len - at) < skip + MINT_BRANCH_LEN)
		return STR("");
	return str_of(at + skip, MINT_BRANCH_LEN);
}

uint8_t lost_owner(const struct worker *w, const char *data, uint32_t len) {
	struct mint_id id;

	return mint_branch_peek_id(branch_of(str_of(data, len)), &id) && id.worker < w->worker_count ? id.worker
												     : w->id;
}

// The transaction that sent it and has had no answer yet. One that has is fine: this is late news of an earlier try.
static struct txn *waiting_for(const struct session *s, struct str text) {
	struct txn *client = txn_client_named(&s->txns, branch_of(text));

	if (client && str_starts(text, STR("CANCEL ")))
		client = txn_get(&s->txns, txn_cancel_of(&s->txns, client));
	if (!client || (client->state != TXN_CALLING && client->state != TXN_TRYING))
		return NULL;
	return client;
}

// Without a packet buffer for the answer the news is of no use: the transaction's timer will say it.
static void fail(struct session *s, struct txn *client) {
	unsigned actions;

	if (!client->is_forked && !local_has_buffer(s))
		return;
	actions = txn_step(&s->txns, client, TXN_SEND_FAILED, s->w->now_ms);

	count_one(&s->w->count, COUNT_TXN_FAILED);
	if (client->kind == TXN_INVITE_CLIENT)
		(void)unanswered_invite(s, client, client->cancel_wanted ? 487 : 500);
	else
		unanswered_request(s, client, 500);
	unanswered_abandon(s, client);
	if (actions & TXN_DO_FREE)
		txn_free(&s->txns, client);
}

void lost_handle(struct worker *w, struct rte_mbuf *m) {
	struct session *s = w->session;
	struct txn *client = waiting_for(s, str_of(rte_pktmbuf_mtod(m, char *), rte_pktmbuf_data_len(m)));
	struct endpoint to;

	if (client) {
		to = txn_remote(&s->txns, client);
		if (endpoint_eq(&to, &packet_of(m)->src))
			fail(s, client);
	}
	rte_pktmbuf_free(m);
}
