// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/state.h"

static struct dialog *dialog_of(const struct session *s, const struct txn *client) {
	struct dialog_ref ref = {.slot = client->dialog.slot, .generation = client->dialog.generation};

	return dialog_get(&s->dialogs, ref);
}

// What of an answer of ours a repeated request needs, other than an INVITE.
static struct response_kept kept_of(struct session *s, const struct txn *server, const struct rte_mbuf *m) {
	struct response_kept kept = {.text = {.buf = s->again, .size = sizeof(s->again)}};

	if (server->kind == TXN_SERVER && local_parse(s, str_of(rte_pktmbuf_mtod(m, char *), rte_pktmbuf_data_len(m))))
		kept.is_common = keep_response(&s->stored, server->has_to_tag, STR(""), &kept.text);
	return kept;
}

// False when there is no packet buffer for it.
static bool answer(struct session *s, struct txn *client, uint16_t status) {
	struct txn *server = peer_of(s, client);
	struct rte_mbuf *m;

	if (!server)
		return true;
	m = local_response_stored(s, client, status);
	if (!m && !local_has_buffer(s))
		return false;
	if (!m) {
		txn_free(&s->txns, server);
		return true;
	}
	count_one(&s->w->count, local_status_count(status));
	count_one(&s->w->count, COUNT_MSG_LOCAL_OUT);
	response_give(s, server, status, kept_of(s, server, m), m);
	return true;
}

// What could not be sent counts as a 503 from there (RFC 3261 16.9).
static void branch_failed(struct session *s, const struct txn *client, uint16_t status) {
	struct fork *fork = fork_of(s, client);

	if (fork)
		fork_failed(s, fork, client, status == 500 ? 503 : status, STR(""));
}

bool unanswered_invite(struct session *s, struct txn *client, uint16_t status) {
	struct dialog *dialog = client->makes_dialog ? dialog_of(s, client) : NULL;

	if (client->is_forked) {
		branch_failed(s, client, status);
		return true;
	}
	if (!answer(s, client, status))
		return false;
	if (client->makes_dialog)
		count_one(&s->w->count, COUNT_CALLS_FAILED);
	if (dialog) {
		count_one(&s->w->count, COUNT_DLG_FAILED);
		dialog_invite_over(&s->dialogs, dialog);
	}
	return true;
}

// Status 0: nobody answered. The sender has given up by now, and a 408 would only make it worse (RFC 4320 section 4.2).
void unanswered_request(struct session *s, struct txn *client, uint16_t status) {
	struct dialog *dialog = client->method == SIP_BYE ? dialog_of(s, client) : NULL;

	if (client->is_forked) {
		branch_failed(s, client, status ? status : 408);
		return;
	}
	if (dialog && dialog_bye_answered(&s->dialogs, dialog, 0))
		count_one(&s->w->count, COUNT_DLG_ENDED);
	if (status)
		(void)answer(s, client, status); // who asked asks again, and is not known then
}

void unanswered_abandon(struct session *s, struct txn *client) {
	struct fork *fork = fork_of(s, client);
	struct txn *server = peer_of(s, client);

	if (fork)
		fork_gone(s, fork);
	if (server && (txn_step(&s->txns, server, TXN_TU_ABANDON, s->w->now_ms) & TXN_DO_FREE))
		txn_free(&s->txns, server);
}
