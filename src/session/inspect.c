// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/inspect.h"

#include "base/hash.h"
#include "dataplane/guard.h"
#include "session/state.h"

#define INSPECT_BAN_WALK 2048 // places looked at per slice, at most

// Text as it is shown: cut to fit, terminated, nothing unprintable.
static void show(char *out, size_t size, struct str text) {
	size_t len = text.len < size - 1 ? text.len : size - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = text.ptr[i] >= ' ' && text.ptr[i] <= '~' ? text.ptr[i] : '?';
	out[len] = '\0';
}

#define SHOW(out, text) show((out), sizeof(out), (text))

// Worker, slot and generation: two, eight and eight digits.
static void show_id(char *out, uint8_t worker, uint32_t slot, uint32_t generation) {
	mint_hex(out, worker, 2);
	mint_hex(out + 2, slot, 8);
	mint_hex(out + 10, generation, 8);
	out[18] = '\0';
}

static bool holds(struct str text, const char *filter) {
	return text.len > 0 && memmem(text.ptr, text.len, filter, strlen(filter)) != NULL;
}

// The value asked for by "key=value", or NULL when the filter is none of that key.
static const char *asked(const char *filter, const char *key) {
	size_t len = strlen(key);

	return strncmp(filter, key, len) == 0 && filter[len] == '=' ? filter + len + 1 : NULL;
}

static bool dialog_wanted(const struct session *s, const struct dialog *dialog, const char *filter) {
	char routes[sizeof(((struct inspect_dialog *)0)->route_set)];
	const char *state = asked(filter, "state");

	if (filter[0] == '\0')
		return true;
	if (state)
		return strcmp(state, dialog_state_name(dialog->state)) == 0;
	for (unsigned i = 0; i < DIALOG_ROUTE_SET; i++)
		if (holds(dialog_text(&s->dialogs, dialog, i), filter))
			return true;
	return holds(dialog_route_set(&s->dialogs, dialog, routes, sizeof(routes)), filter);
}

static struct str rule_name(const struct config *cfg, const struct dialog *dialog) {
	if (dialog->rule < 0 || (uint32_t)dialog->rule >= cfg->route_count)
		return STR("Route");
	return str_from_c(cfg->routes[dialog->rule].name);
}

static void dialog_row(const struct session *s, const struct dialog *dialog, struct inspect_dialog *row) {
	const uint64_t now_ms = s->w->now_ms;
	char routes[sizeof(row->route_set)];

	show_id(row->id, s->w->id, pool_slot(&s->dialogs.pool, dialog), dialog->head.generation);
	SHOW(row->state, str_from_c(dialog_state_name(dialog->state)));
	SHOW(row->call_id, dialog_text(&s->dialogs, dialog, DIALOG_CALL_ID));
	SHOW(row->from_uri, dialog_text(&s->dialogs, dialog, DIALOG_FROM_URI));
	SHOW(row->to_uri, dialog_text(&s->dialogs, dialog, DIALOG_TO_URI));
	SHOW(row->from_tag, dialog_text(&s->dialogs, dialog, DIALOG_CALLER_TAG));
	SHOW(row->to_tag, dialog_text(&s->dialogs, dialog, DIALOG_CALLEE_TAG));
	SHOW(row->caller_target, dialog_text(&s->dialogs, dialog, DIALOG_CALLER_TARGET));
	SHOW(row->callee_target, dialog_text(&s->dialogs, dialog, DIALOG_CALLEE_TARGET));
	SHOW(row->route_set, dialog_route_set(&s->dialogs, dialog, routes, sizeof(routes)));
	SHOW(row->rule, rule_name(s->w->cfg, dialog));
	endpoint_format(&dialog->caller, row->caller);
	endpoint_format(&dialog->callee, row->callee);
	row->caller_cseq = dialog->caller_cseq;
	row->callee_cseq = dialog->callee_cseq;
	row->age_ms = now_ms - dialog->created_ms;
	row->answered_ms = dialog->answered_ms ? now_ms - dialog->answered_ms : 0;
}

// The one dialog of that name, whose slot is the cursor.
static void answer_dialog(const struct session *s, struct inspect_dialogs *body) {
	const struct dialog *dialog = pool_live_at(&s->dialogs.pool, body->cursor);

	body->count = 0;
	body->cursor = SLOT_NONE;
	if (!dialog)
		return;
	dialog_row(s, dialog, &body->row[0]);
	body->count = strcmp(body->id, body->row[0].id) == 0;
}

static void answer_dialogs(const struct session *s, struct inspect_dialogs *body) {
	const struct pool *pool = &s->dialogs.pool;
	uint32_t slot = body->cursor, looked = 0;

	body->count = 0;
	for (; slot < pool->untouched && body->count < INSPECT_ROWS && looked < INSPECT_WALK; slot++, looked++) {
		const struct dialog *dialog = pool_live_at(pool, slot);

		if (dialog && dialog_wanted(s, dialog, body->filter))
			dialog_row(s, dialog, &body->row[body->count++]);
	}
	body->cursor = slot < pool->untouched ? slot : SLOT_NONE;
}

static bool transaction_wanted(const struct txn *txn, const char *filter, struct str call_id, struct str branch) {
	const char *state = asked(filter, "state"), *kind = asked(filter, "kind");

	if (filter[0] == '\0')
		return true;
	if (state)
		return strcmp(state, txn_state_name(txn->state)) == 0;
	if (kind)
		return strcmp(kind, txn_kind_name(txn->kind)) == 0;
	return holds(call_id, filter) || holds(branch, filter);
}

// The client transaction that has the text of a request, stored for both sides while it is in progress.
static const struct txn *client_of(const struct session *s, const struct txn *txn) {
	return txn_is_client(txn) ? txn : peer_of(s, txn);
}

// What identifies a transaction, as far as it is still known: of one that lingers its own branch, and the Call-ID where
// the filter is that.
static void transaction_names(
	struct session *s, const struct txn *txn, const char *filter, struct str *ret_call_id, struct str *ret_branch
) {
	const struct txn *client = client_of(s, txn);
	struct sip_walk walk = {.id = HDR_VIA};
	struct str entry, call_id = str_from_c(filter);
	struct sip_via via;

	*ret_call_id = *ret_branch = STR("");
	if (txn_is_client(txn)) {
		txn_branch(&s->txns, txn, s->scratch);
		*ret_branch = str_of(s->scratch, MINT_BRANCH_LEN);
	}
	if (client && call_id.len > 0 && client->call_hash == hash_str(s->seed, call_id))
		*ret_call_id = call_id;
	if (!client || !local_stored(s, client))
		return;
	*ret_call_id = s->stored.call_id;
	if (!txn_is_client(txn) && sip_walk_next(&s->stored, &walk, &entry) > 0 &&
	    sip_walk_next(&s->stored, &walk, &entry) > 0 && sip_via_parse(entry, &via))
		*ret_branch = via.branch;
}

static void transaction_row(
	const struct session *s,
	const struct txn *txn,
	struct str call_id,
	struct str branch,
	struct inspect_transaction *row
) {
	uint64_t now_ms = s->w->now_ms;
	struct endpoint remote = txn_remote(&s->txns, txn);
	int32_t timer_ms = (int32_t)(txn->timer.due_ms - (uint32_t)now_ms);

	show_id(row->id, s->w->id, pool_slot(&s->txns.pool, txn), txn->head.generation);
	SHOW(row->kind, str_from_c(txn_kind_name(txn->kind)));
	SHOW(row->state, str_from_c(txn_state_name(txn->state)));
	SHOW(row->method, sip_method_name(txn->method));
	SHOW(row->call_id, call_id);
	SHOW(row->branch, branch);
	endpoint_format(&remote, row->peer);
	row->status = txn->status;
	row->age_ms = (uint32_t)now_ms - txn->created_ms;
	row->timer_ms = timer_is_armed(&s->txns.queues, txn) && timer_ms > 0 ? (uint64_t)timer_ms : 0;
}

static void answer_transactions(struct session *s, struct inspect_transactions *body) {
	const struct pool *pool = &s->txns.pool;
	uint32_t slot = body->cursor, looked = 0;

	body->count = 0;
	for (; slot < pool->untouched && body->count < INSPECT_ROWS && looked < INSPECT_WALK; slot++, looked++) {
		const struct txn *txn = pool_live_at(pool, slot);
		struct str call_id, branch;

		if (!txn)
			continue;
		transaction_names(s, txn, body->filter, &call_id, &branch);
		if (transaction_wanted(txn, body->filter, call_id, branch))
			transaction_row(s, txn, call_id, branch, &body->row[body->count++]);
	}
	body->cursor = slot < pool->untouched ? slot : SLOT_NONE;
}

static void answer_bans(const struct worker *w, struct inspect_bans *body) {
	uint32_t at = body->cursor, end = at + INSPECT_BAN_WALK < GUARD_PLACES ? at + INSPECT_BAN_WALK : GUARD_PLACES;
	struct guard_ban ban;

	body->count = 0;
	while (body->count < INSPECT_ROWS && guard_ban_next(w->guard, &at, end - at, w->now_ms, &ban)) {
		struct inspect_ban_row *row = &body->row[body->count++];

		ip_format(&ban.addr, row->address);
		row->left_s = ban.left_s;
		row->by_operator = ban.is_held;
	}
	body->cursor = at < GUARD_PLACES ? at : SLOT_NONE;
}

static void answer_ban(const struct worker *w, struct inspect_ban *body) {
	body->done = body->seconds > 0 ? guard_ban(w->guard, &body->addr, body->seconds, w->now_ms)
				       : guard_unban(w->guard, &body->addr, w->now_ms);
}

void inspect_answer(struct worker *w, struct command *command) {
	switch ((enum inspect_kind)command->kind) {
	case INSPECT_DIALOGS:
		if (((struct inspect_dialogs *)command->body)->id[0] == '\0')
			answer_dialogs(w->session, command->body);
		else
			answer_dialog(w->session, command->body);
		break;
	case INSPECT_TRANSACTIONS:
		answer_transactions(w->session, command->body);
		break;
	case INSPECT_BANS:
		answer_bans(w, command->body);
		break;
	case INSPECT_BAN:
		answer_ban(w, command->body);
		break;
	}
}
