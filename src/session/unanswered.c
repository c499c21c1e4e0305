// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/state.h"

static struct dialog *dialog_of(const struct session *s, const struct txn *client) {
	struct dialog_ref ref = {.slot = client->dialog.slot, .generation = client->dialog.generation};

	return dialog_get(&s->dialogs, ref);
}

static enum count counter_of(uint16_t status) {
	if (status == 408)
		return COUNT_LOCAL_408;
	return status < 500 ? COUNT_LOCAL_4XX : COUNT_LOCAL_5XX;
}

// What of an answer of ours a repeated request needs, other than an INVITE.
static struct response_kept kept_of(struct session *s, const struct txn *server, const struct rte_mbuf *m) {
	struct response_kept kept = {.text = {.buf = s->again, .size = sizeof(s->again)}};

	if (server->kind == TXN_SERVER && local_parse(s, str_of(rte_pktmbuf_mtod(m, char *), rte_pktmbuf_data_len(m))))
		kept.is_common = keep_response(&s->stored, server->has_to_tag, &kept.text);
	return kept;
}

static void answer(struct session *s, struct txn *client, uint16_t status) {
	struct txn *server = txn_get(&s->txns, client->peer);
	struct rte_mbuf *m;

	if (!server)
		return;
	m = local_response_stored(s, client, status);
	if (!m) {
		txn_free(&s->txns, server);
		return;
	}
	count_one(&s->w->count, counter_of(status));
	count_one(&s->w->count, COUNT_MSG_LOCAL_OUT);
	response_give(s, server, status, kept_of(s, server, m), m);
}

void unanswered_invite(struct session *s, struct txn *client, uint16_t status) {
	struct dialog *dialog = client->makes_dialog ? dialog_of(s, client) : NULL;

	if (client->makes_dialog)
		count_one(&s->w->count, COUNT_CALLS_FAILED);
	if (dialog) {
		count_one(&s->w->count, COUNT_DLG_FAILED);
		dialog_invite_over(&s->dialogs, dialog);
	}
	answer(s, client, status);
}

// Status 0: nobody answered. The sender has given up by now, and a 408 would only make it worse (RFC 4320 section 4.2).
void unanswered_request(struct session *s, struct txn *client, uint16_t status) {
	struct dialog *dialog = client->method == SIP_BYE ? dialog_of(s, client) : NULL;

	if (dialog) {
		dialog_bye_answered(&s->dialogs, dialog, 0);
		count_one(&s->w->count, COUNT_DLG_ENDED);
	}
	if (status)
		answer(s, client, status);
}

void unanswered_abandon(struct session *s, struct txn *client) {
	struct txn *server = txn_get(&s->txns, client->peer);

	if (server && (txn_step(&s->txns, server, TXN_TU_ABANDON, s->w->now_ms) & TXN_DO_FREE))
		txn_free(&s->txns, server);
}
