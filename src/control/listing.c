// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A listing asks one worker after the other, one slice after the other, and answers its request when it has enough; a
// dialog's id names its worker and slot, so that one is asked once. While a command is with a worker its memory is the
// worker's, so a listing whose client has gone waits for it.
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/pool.h"
#include "control/core.h"
#include "session/inspect.h"

struct listing {
	struct listing *next, **self;
	struct request *request;
	enum method method;
	uint32_t limit;
	uint8_t worker;	 // asked now
	bool must_retry; // its ring was full
	uint32_t done;	 // workers that could do what was asked
	json_t *rows;
	struct command command;
	union {
		struct inspect_dialogs dialogs;
		struct inspect_transactions transactions;
		struct inspect_bans bans;
		struct inspect_ban ban;
	} body;
};

// What a worker is asked for each.
static const uint16_t kinds[METHOD_COUNT] = {
	[METHOD_TRANSACTIONS] = INSPECT_TRANSACTIONS,
	[METHOD_DIALOGS] = INSPECT_DIALOGS,
	[METHOD_DIALOG] = INSPECT_DIALOGS,
	[METHOD_BANS] = INSPECT_BANS,
	[METHOD_BAN] = INSPECT_BAN,
	[METHOD_UNBAN] = INSPECT_BAN,
};

static void listing_free(struct listing *l) {
	*l->self = l->next;
	if (l->next)
		l->next->self = l->self;
	json_decref(l->rows);
	free(l);
}

static void listing_ask(struct control *c, struct listing *l) {
	l->command.worker = l->worker;
	l->must_retry = !mailbox_ask(c->worker[l->worker], &l->command);
}

void listing_start(struct control *c, struct request *request, const struct listing_options *options) {
	struct listing *l = calloc(1, sizeof(*l));

	if (!l) {
		request_error(request, RPC_INTERNAL_ERROR, "out of memory");
		return;
	}
	l->request = request;
	l->method = options->method;
	l->limit = options->limit;
	l->worker = options->worker;
	l->rows = json_array();
	l->command = (struct command){.kind = kinds[l->method], .body = &l->body, .waiter = l};
	if (options->filter && l->method == METHOD_TRANSACTIONS)
		snprintf(l->body.transactions.filter, sizeof(l->body.transactions.filter), "%s", options->filter);
	else if (options->filter && l->method == METHOD_DIALOG)
		snprintf(l->body.dialogs.id, sizeof(l->body.dialogs.id), "%s", options->filter);
	else if (options->filter)
		snprintf(l->body.dialogs.filter, sizeof(l->body.dialogs.filter), "%s", options->filter);
	if (l->method == METHOD_DIALOG)
		l->body.dialogs.cursor = options->slot;
	if (l->command.kind == INSPECT_BAN)
		l->body.ban = (struct inspect_ban){.addr = options->addr, .seconds = options->seconds};
	l->next = c->listings;
	l->self = &c->listings;
	if (l->next)
		l->next->self = &l->next;
	c->listings = l;
	listing_ask(c, l);
}

static void put(json_t *object, const char *key, uint64_t value) {
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

// The texts are printable ASCII (inspect.h).
static void put_text(json_t *object, const char *key, const char *text) {
	json_object_set_new(object, key, json_string(text));
}

static json_t *dialog_json(const struct inspect_dialog *row) {
	json_t *object = json_object();

	put_text(object, "id", row->id);
	put_text(object, "state", row->state);
	put_text(object, "call_id", row->call_id);
	put_text(object, "from_uri", row->from_uri);
	put_text(object, "from_tag", row->from_tag);
	put_text(object, "to_uri", row->to_uri);
	put_text(object, "to_tag", row->to_tag);
	put_text(object, "caller", row->caller);
	put_text(object, "callee", row->callee);
	put_text(object, "caller_target", row->caller_target);
	put_text(object, "callee_target", row->callee_target);
	put_text(object, "route_set", row->route_set);
	put_text(object, "rule", row->rule);
	put(object, "caller_cseq", row->caller_cseq);
	put(object, "callee_cseq", row->callee_cseq);
	put(object, "age_ms", row->age_ms);
	put(object, "answered_ms", row->answered_ms);
	return object;
}

static json_t *transaction_json(const struct inspect_transaction *row) {
	json_t *object = json_object();

	put_text(object, "id", row->id);
	put_text(object, "kind", row->kind);
	put_text(object, "state", row->state);
	put_text(object, "method", row->method);
	put_text(object, "branch", row->branch);
	put_text(object, "call_id", row->call_id);
	put_text(object, "peer", row->peer);
	put(object, "status", row->status);
	put(object, "age_ms", row->age_ms);
	put(object, "timer_ms", row->timer_ms);
	return object;
}

static json_t *ban_json(const struct listing *l, const struct inspect_ban_row *row) {
	json_t *object = json_object();

	put_text(object, "address", row->address);
	put(object, "worker", l->worker);
	put(object, "left_s", row->left_s);
	put_text(object, "by", row->by_operator ? "operator" : "limit");
	return object;
}

// Takes over the rows of a slice, up to the limit, and returns where the worker's walk goes on.
static uint32_t slice_take(struct listing *l) {
	if (l->method == METHOD_TRANSACTIONS) {
		for (uint32_t i = 0; i < l->body.transactions.count && json_array_size(l->rows) < l->limit; i++)
			json_array_append_new(l->rows, transaction_json(&l->body.transactions.row[i]));
		return l->body.transactions.cursor;
	}
	if (l->method == METHOD_BANS) {
		for (uint32_t i = 0; i < l->body.bans.count && json_array_size(l->rows) < l->limit; i++)
			json_array_append_new(l->rows, ban_json(l, &l->body.bans.row[i]));
		return l->body.bans.cursor;
	}
	for (uint32_t i = 0; i < l->body.dialogs.count && json_array_size(l->rows) < l->limit; i++)
		json_array_append_new(l->rows, dialog_json(&l->body.dialogs.row[i]));
	return l->body.dialogs.cursor;
}

static void cursor_reset(struct listing *l) {
	if (l->method == METHOD_TRANSACTIONS)
		l->body.transactions.cursor = 0;
	else if (l->method == METHOD_BANS)
		l->body.bans.cursor = 0;
	else
		l->body.dialogs.cursor = 0;
}

static void listing_answer(struct listing *l, bool complete) {
	const char *name = method_specs[l->method].name;

	if (l->method != METHOD_DIALOG)
		request_result(l->request, json_pack("{s:O, s:b}", name, l->rows, "complete", (int)complete));
	else if (json_array_size(l->rows) > 0)
		request_result(l->request, json_incref(json_array_get(l->rows, 0)));
	else
		request_error(l->request, RPC_NOT_FOUND, "no dialog \"%s\"; it may have ended", l->body.dialogs.id);
	listing_free(l);
}

static uint32_t slice_count(const struct listing *l) {
	if (l->method == METHOD_TRANSACTIONS)
		return l->body.transactions.count;
	return l->method == METHOD_BANS ? l->body.bans.count : l->body.dialogs.count;
}

static void ban_answer(const struct control *c, struct listing *l) {
	char address[IP_TEXT_MAX];

	ip_format(&l->body.ban.addr, address);
	if (l->method == METHOD_UNBAN && l->done == 0) {
		request_error(l->request, RPC_NOT_FOUND, "%s is not banned", address);
	} else if (l->method == METHOD_BAN && l->done < c->cfg->worker_count) {
		log_warning("banned %s on %u of %u workers", address, l->done, c->cfg->worker_count);
		request_error(
			l->request,
			RPC_INTERNAL_ERROR,
			"%s is banned on %u of %u workers only, for want of a place beside other bans; end some of "
			"those",
			address,
			l->done,
			c->cfg->worker_count
		);
	} else {
		log_info(
			"%s %s, over the control socket",
			l->method == METHOD_BAN ? "banned" : "ended the ban of",
			address
		);
		request_result(
			l->request, json_pack("{s:s, s:i}", "address", address, "seconds", (int)l->body.ban.seconds)
		);
	}
	listing_free(l);
}

static void ban_reply(struct control *c, struct listing *l) {
	l->done += l->body.ban.done;
	l->worker++;
	if (l->worker < c->cfg->worker_count)
		listing_ask(c, l);
	else
		ban_answer(c, l);
}

void listing_reply(struct control *c, struct command *command) {
	struct listing *l = command->waiter;
	uint32_t shown, cursor;

	if (request_is_void(l->request)) {
		request_result(l->request, NULL);
		listing_free(l);
		return;
	}
	if (command->kind == INSPECT_BAN) {
		ban_reply(c, l);
		return;
	}
	shown = slice_count(l) + (uint32_t)json_array_size(l->rows);
	cursor = slice_take(l);
	if (l->method == METHOD_DIALOG) {
		listing_answer(l, true);
		return;
	}
	if (cursor == SLOT_NONE) {
		l->worker++;
		cursor_reset(l);
	}
	if (l->worker == c->cfg->worker_count)
		listing_answer(l, shown <= l->limit);
	else if (json_array_size(l->rows) >= l->limit)
		listing_answer(l, false);
	else
		listing_ask(c, l);
}

void listing_retry(struct control *c) {
	for (struct listing *l = c->listings, *next; l; l = next) {
		next = l->next;
		if (l->must_retry)
			listing_ask(c, l);
	}
}
