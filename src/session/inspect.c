// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/inspect.h"

#include "session/state.h"

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
	return memmem(text.ptr, text.len, filter, strlen(filter)) != NULL;
}

// The value asked for by "key=value", or NULL when the filter is none of that key.
static const char *asked(const char *filter, const char *key) {
	size_t len = strlen(key);

	return strncmp(filter, key, len) == 0 && filter[len] == '=' ? filter + len + 1 : NULL;
}

static bool dialog_wanted(const struct dialog *dialog, const char *filter) {
	const char *state = asked(filter, "state");

	if (filter[0] == '\0')
		return true;
	if (state)
		return strcmp(state, dialog_state_name(dialog->state)) == 0;
	for (unsigned i = 0; i < DIALOG_TEXT_COUNT; i++)
		if (holds(dialog_text(dialog, i), filter))
			return true;
	return false;
}

static struct str rule_name(const struct config *cfg, const struct dialog *dialog) {
	if (dialog->rule < 0 || (uint32_t)dialog->rule >= cfg->route_count)
		return STR("Route");
	return str_from_c(cfg->routes[dialog->rule].name);
}

static void dialog_row(const struct session *s, const struct dialog *dialog, struct inspect_dialog *row) {
	const uint64_t now_ms = s->w->now_ms;

	show_id(row->id, s->w->id, pool_slot(&s->dialogs.pool, dialog), dialog->head.generation);
	SHOW(row->state, str_from_c(dialog_state_name(dialog->state)));
	SHOW(row->call_id, dialog_text(dialog, DIALOG_CALL_ID));
	SHOW(row->from_uri, dialog_text(dialog, DIALOG_FROM_URI));
	SHOW(row->to_uri, dialog_text(dialog, DIALOG_TO_URI));
	SHOW(row->from_tag, dialog_text(dialog, DIALOG_CALLER_TAG));
	SHOW(row->to_tag, dialog_text(dialog, DIALOG_CALLEE_TAG));
	SHOW(row->caller_target, dialog_text(dialog, DIALOG_CALLER_TARGET));
	SHOW(row->callee_target, dialog_text(dialog, DIALOG_CALLEE_TARGET));
	SHOW(row->route_set, dialog_text(dialog, DIALOG_ROUTE_SET));
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

		if (dialog && dialog_wanted(dialog, body->filter))
			dialog_row(s, dialog, &body->row[body->count++]);
	}
	body->cursor = slot < pool->untouched ? slot : SLOT_NONE;
}

static bool transaction_wanted(const struct txn *txn, const char *filter) {
	const char *state = asked(filter, "state"), *kind = asked(filter, "kind");

	if (filter[0] == '\0')
		return true;
	if (state)
		return strcmp(state, txn_state_name(txn->state)) == 0;
	if (kind)
		return strcmp(kind, txn_kind_name(txn->kind)) == 0;
	return holds(str_of(txn->text, (size_t)txn->key_len + txn->call_id_len), filter);
}

static void transaction_row(const struct session *s, const struct txn *txn, struct inspect_transaction *row) {
	uint64_t now_ms = s->w->now_ms;
	char branch[MINT_BRANCH_LEN];
	bool is_client = txn->kind == TXN_CLIENT || txn->kind == TXN_INVITE_CLIENT;

	show_id(row->id, s->w->id, pool_slot(&s->txns.pool, txn), txn->head.generation);
	SHOW(row->kind, str_from_c(txn_kind_name(txn->kind)));
	SHOW(row->state, str_from_c(txn_state_name(txn->state)));
	SHOW(row->method, sip_method_name(txn->method));
	SHOW(row->call_id, txn_call_id(txn));
	if (is_client)
		txn_branch(&s->txns, txn, branch);
	SHOW(row->branch, is_client ? str_of(branch, MINT_BRANCH_LEN) : txn_received_branch(txn));
	endpoint_format(&txn->remote, row->peer);
	row->status = txn->status;
	row->age_ms = now_ms - txn->created_ms;
	row->timer_ms =
		timer_is_armed(&s->txns.wheel, txn) && txn->timer.due_ms > now_ms ? txn->timer.due_ms - now_ms : 0;
}

static void answer_transactions(const struct session *s, struct inspect_transactions *body) {
	const struct pool *pool = &s->txns.pool;
	uint32_t slot = body->cursor, looked = 0;

	body->count = 0;
	for (; slot < pool->untouched && body->count < INSPECT_ROWS && looked < INSPECT_WALK; slot++, looked++) {
		const struct txn *txn = pool_live_at(pool, slot);

		if (txn && transaction_wanted(txn, body->filter))
			transaction_row(s, txn, &body->row[body->count++]);
	}
	body->cursor = slot < pool->untouched ? slot : SLOT_NONE;
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
	}
}
