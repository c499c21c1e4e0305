// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/state.h"

// Work per turn is bounded, so that what is due in one millisecond, hundreds of transactions at full load, never holds
// up the messages that wait; where turns are so long that this is too little, less so.
#define TIMERS_PER_TURN 64
#define TIMERS_BEHIND 256

// The end of an answered INVITE's transaction: early dialogs of other branches will not be confirmed any more. Mostly
// there are none, and the dialog is not touched: after all this time it lies in slow memory.
static void invite_over(struct session *s, struct txn *client) {
	struct dialog_ref ref = {.slot = client->dialog.slot, .generation = client->dialog.generation};
	struct dialog *dialog =
		client->is_settled || client->is_forked || !client->makes_dialog ? NULL : dialog_get(&s->dialogs, ref);

	if (dialog)
		dialog_invite_over(&s->dialogs, dialog);
}

// What a 100 can be made from: the request as a client transaction that still asks has it.
static const struct txn *asking(const struct session *s, const struct txn *server) {
	const struct fork *fork = fork_of(s, server);
	const struct txn *client = NULL;

	if (!fork)
		return peer_of(s, server);
	for (uint8_t i = 0; i < fork->count && !client; i++)
		client = fork->branch[i].state == BRANCH_PENDING ? txn_get(&s->txns, fork->branch[i].client) : NULL;
	return client;
}

// Who sent another request than an INVITE and heard nothing hears of us now, or would take us for dead (RFC 4320
// section 4.1). False when there is no packet buffer for it.
static bool tell_trying(struct session *s, struct txn *server) {
	const struct txn *client = asking(s, server);
	struct rte_mbuf *m = client ? local_response_stored(s, client, 100) : NULL;

	if (!m)
		return local_has_buffer(s);
	(void)txn_step(&s->txns, server, TXN_TU_1XX, s->w->now_ms);
	server->status = 100;
	count_one(&s->w->count, COUNT_LOCAL_100);
	count_one(&s->w->count, COUNT_MSG_LOCAL_OUT);
	local_send(s, server, m);
	return true;
}

static bool act(void *ctx, struct txn *txn, enum txn_event event, unsigned actions) {
	struct session *s = ctx;
	bool is_client = txn_is_client(txn);

	if (actions & TXN_DO_TRYING)
		return tell_trying(s, txn);
	if ((actions & TXN_DO_TIMED_OUT) && txn->kind == TXN_INVITE_CLIENT &&
	    !unanswered_invite(s, txn, txn->cancel_wanted ? 487 : 408))
		return false;
	if (event != TXN_RETRANSMIT && (actions & (TXN_DO_TIMED_OUT | TXN_DO_CANCEL)))
		count_one(&s->w->count, COUNT_TXN_TIMEOUT);
	if (actions & TXN_DO_RESEND)
		local_resend(s, txn, is_client ? COUNT_RETRANSMIT_REQUESTS_OUT : COUNT_RETRANSMIT_RESPONSES_OUT);
	if (actions & TXN_DO_CANCEL)
		cancel_send(s, txn);
	if ((actions & TXN_DO_TIMED_OUT) && txn->kind == TXN_CLIENT)
		unanswered_request(s, txn, 0);
	else if ((actions & TXN_DO_FREE) && !(actions & TXN_DO_TIMED_OUT) && txn->kind == TXN_INVITE_CLIENT)
		invite_over(s, txn);
	if ((actions & TXN_DO_FREE) && is_client)
		unanswered_abandon(s, txn);
	return true;
}

static void dialog_gone(void *ctx, struct dialog *dialog) {
	struct session *s = ctx;

	(void)dialog;
	count_one(&s->w->count, COUNT_DLG_EXPIRED);
}

static void gauges_update(struct session *s) {
	struct worker_gauges *gauges = &s->w->gauges;

	gauges->transactions_live = s->txns.live;
	gauges->transactions_lingering = s->txns.lingering;
	gauges->transactions_max = s->txns.pool.used_max;
	gauges->transactions_capacity = s->txns.pool.capacity;
	gauges->dialogs_early = s->dialogs.count[DIALOG_TRYING] + s->dialogs.count[DIALOG_EARLY];
	gauges->dialogs_confirmed = s->dialogs.count[DIALOG_CONFIRMED] + s->dialogs.count[DIALOG_TERMINATED];
	gauges->dialogs_max = s->dialogs.pool.used_max;
	gauges->dialogs_capacity = s->dialogs.pool.capacity;
	gauges->forks = s->forks.pool.used;
	gauges->forks_max = s->forks.pool.used_max;
	gauges->forks_capacity = s->forks.pool.capacity;
	gauges->text_used = blob_used(s->text);
	gauges->text_capacity = blob_limit(s->text);
	gauges->timers = s->txns.queues.armed + s->dialogs.queues.armed;
}

bool timers_tick(struct worker *w) {
	struct session *s = w->session;
	uint32_t budget = timer_is_behind(&s->txns.queues, w->now_ms) ? TIMERS_BEHIND : TIMERS_PER_TURN;
	uint32_t fired = txn_expire(&s->txns, w->now_ms, budget, act, s);

	fired += dialog_expire(&s->dialogs, w->now_ms, TIMERS_PER_TURN, dialog_gone, s);
	fired += fork_expire(s, TIMERS_PER_TURN);
	gauges_update(s);
	return fired > 0;
}
