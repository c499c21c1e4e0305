// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/dialog.h"

#include <errno.h>

#include "base/hash.h"
#include "dialog/dialog_text.h"

static const char *const state_names[DIALOG_STATE_COUNT] = {
	[DIALOG_TRYING] = "trying",
	[DIALOG_EARLY] = "early",
	[DIALOG_CONFIRMED] = "confirmed",
	[DIALOG_TERMINATED] = "terminated",
};

const char *dialog_state_name(enum dialog_state state) {
	return state_names[state];
}

int dialog_table_init(
	struct dialog_table *table, uint32_t capacity, enum mem_huge huge, struct blob_arena *text, uint32_t max_age_ms
) {
	int err;

	*table = (struct dialog_table){.text = text, .text_base = blob_base(text), .max_age_ms = max_age_ms};
	if (blob_limit(text) > BLOB_LIMIT_NAMED)
		return -E2BIG;
	err = pool_init(&table->pool, sizeof(struct dialog), capacity, huge);
	if (err)
		return err;
	err = table_init(&table->heads, capacity, huge);
	if (err) {
		pool_fini(&table->pool);
		return err;
	}
	timer_queues_init(&table->queues, &table->pool, offsetof(struct dialog, timer), &max_age_ms, 1, 0);
	return 0;
}

void dialog_table_fini(struct dialog_table *table) {
	table_fini(&table->heads);
	pool_fini(&table->pool);
}

struct dialog_key dialog_key_of(const struct dialog_table *table, const struct sip_msg *msg, uint64_t call_hash) {
	return (struct dialog_key){
		.call = call_hash,
		.from = hash_mix(call_hash, hash_str(table->seed, msg->from.tag)),
		.to = hash_mix(call_hash, hash_str(table->seed, msg->to.tag)),
	};
}

static void set_state(struct dialog_table *table, struct dialog *dialog, enum dialog_state state) {
	table->count[dialog->state]--;
	dialog->state = (uint8_t)state;
	table->count[state]++;
}

// A record in state Trying without text.
static struct dialog *take(struct dialog_table *table, uint64_t now_ms) {
	struct dialog *dialog = pool_take(&table->pool);

	if (!dialog)
		return NULL;
	dialog->created_ms = now_ms;
	dialog->sibling = SLOT_NONE;
	dialog->state = DIALOG_TRYING;
	table->count[DIALOG_TRYING]++;
	return dialog;
}

static void give(struct dialog_table *table, struct dialog *dialog) {
	timer_cancel(&table->queues, dialog);
	table->count[dialog->state]--;
	dialog_texts_give(table, dialog);
	pool_give(&table->pool, dialog);
}

struct alike {
	const struct dialog_table *table;
	uint64_t hash;
	uint32_t count;
};

// Matches, and so ends the walk, when there are enough.
static bool is_one_too_many(const void *key, uint32_t slot) {
	struct alike *alike = *(struct alike *const *)key;
	const struct dialog *dialog = pool_at(&alike->table->pool, slot);

	alike->count += dialog->caller_hash == alike->hash;
	return alike->count == DIALOG_ALIKE_MAX;
}

struct dialog *
dialog_create(struct dialog_table *table, const struct sip_msg *invite, struct dialog_key key, uint64_t now_ms) {
	const struct str text[DIALOG_TEXT_COUNT] = {
		[DIALOG_CALL_ID] = invite->call_id,
		[DIALOG_CALLER_TAG] = invite->from.tag,
		[DIALOG_FROM_URI] = invite->from.uri,
		[DIALOG_TO_URI] = invite->to.uri,
		[DIALOG_CALLER_TARGET] = sip_contact_uri(invite),
	};
	struct alike alike = {.table = table, .hash = key.from}, *ctx = &alike;
	struct dialog *dialog;

	if (table_find(&table->heads, key.from, is_one_too_many, &ctx) != SLOT_NONE)
		return NULL;
	dialog = take(table, now_ms);
	if (!dialog)
		return NULL;
	if (!dialog_texts_set(table, dialog, text))
		goto full;
	dialog->caller_hash = key.from;
	dialog->minted = dialog_ref_of(table, dialog);
	dialog->first = dialog->minted.slot;
	dialog->caller_cseq = invite->cseq;
	if (!table_insert(&table->heads, key.from, dialog->first))
		goto full;
	return dialog;
full:
	give(table, dialog);
	return NULL;
}

struct dialog *dialog_get(const struct dialog_table *table, struct dialog_ref ref) {
	return pool_get(&table->pool, ref.slot, ref.generation);
}

struct dialog_ref dialog_ref_of(const struct dialog_table *table, const struct dialog *dialog) {
	return (struct dialog_ref){
		.slot = pool_slot(&table->pool, dialog),
		.generation = dialog->generation,
	};
}

void dialog_mint(const struct dialog_table *table, const struct dialog *head, uint64_t call_hash, char *out) {
	struct mint_id id = {
		.worker = table->worker,
		.slot = pool_slot(&table->pool, head),
		.generation = head->generation,
	};

	mint_write(out, MINT_DIALOG, id, table->seed, call_hash);
}

static struct dialog *next_of(const struct dialog_table *table, const struct dialog *dialog) {
	return dialog->sibling == SLOT_NONE ? NULL : pool_at(&table->pool, dialog->sibling);
}

// The dialog of the set from `head` on with these ends, whichever side sent the request.
static struct dialog *
find_in_set(const struct dialog_table *table, struct dialog *head, struct dialog_key key, bool *ret_by_caller) {
	for (struct dialog *dialog = head; dialog; dialog = next_of(table, dialog)) {
		bool by_caller = dialog->caller_hash == key.from && dialog->callee_hash == key.to;

		if (by_caller || (dialog->caller_hash == key.to && dialog->callee_hash == key.from)) {
			*ret_by_caller = by_caller;
			return dialog;
		}
	}
	return NULL;
}

struct wanted {
	const struct dialog_table *table;
	struct dialog_key key;
	struct dialog *found;
	bool by_caller;
};

static bool same_ends(const void *key, uint32_t slot) {
	struct wanted *wanted = *(struct wanted *const *)key;

	wanted->found =
		find_in_set(wanted->table, pool_at(&wanted->table->pool, slot), wanted->key, &wanted->by_caller);
	return wanted->found != NULL;
}

struct dialog *
dialog_find(const struct dialog_table *table, struct dialog_key key, struct str id, bool *ret_by_caller) {
	struct wanted wanted = {.table = table, .key = key}, *ctx = &wanted;
	struct mint_id name;

	if (id.len > 0 && mint_read(id, MINT_DIALOG, table->seed, key.call, &name) && name.worker == table->worker) {
		struct dialog *head = pool_get(&table->pool, name.slot, name.generation);

		if (head)
			wanted.found = find_in_set(table, head, key, &wanted.by_caller);
	}
	if (!wanted.found)
		table_find(&table->heads, key.from, same_ends, &ctx);
	if (!wanted.found)
		table_find(&table->heads, key.to, same_ends, &ctx);
	if (wanted.found)
		*ret_by_caller = wanted.by_caller;
	return wanted.found;
}

uint32_t dialog_slot_of(struct str id) {
	uint32_t slot;

	return mint_peek(id, &slot) ? slot : SLOT_NONE;
}

void dialog_prefetch_slot(const struct dialog_table *table, uint32_t slot) {
	const char *record;

	if (slot >= table->pool.untouched)
		return;
	record = pool_at(&table->pool, slot);
	__builtin_prefetch(record, 1);
	__builtin_prefetch(record + CACHE_LINE, 1);
}

void dialog_prefetch_around(const struct dialog_table *table, uint32_t slot, bool ends) {
	const struct dialog *dialog;

	if (slot >= table->pool.untouched)
		return;
	dialog = pool_at(&table->pool, slot);
	if (dialog->text)
		__builtin_prefetch(blob_named(table->text_base, dialog->text), 1);
	if (!ends)
		return;
	table_prefetch(&table->heads, dialog->caller_hash);
	timer_prefetch_around(&table->queues, dialog);
}

static struct dialog *head_of(const struct dialog_table *table, const struct dialog *dialog) {
	return pool_at(&table->pool, dialog->first);
}

// A further early dialog of the set: same caller, other To tag. NULL when a pool is full.
static struct dialog *add_sibling(struct dialog_table *table, struct dialog *head, uint64_t now_ms) {
	struct dialog *dialog = take(table, now_ms);
	struct str text[DIALOG_TEXT_COUNT];

	if (!dialog)
		return NULL;
	for (unsigned i = 0; i < DIALOG_TEXT_COUNT; i++)
		text[i] = dialog_text(table, head, i);
	text[DIALOG_CALLEE_TAG] = text[DIALOG_CALLEE_TARGET] = text[DIALOG_ROUTE_SET] = STR("");
	if (!dialog_texts_set(table, dialog, text)) {
		give(table, dialog);
		return NULL;
	}
	dialog->caller_hash = head->caller_hash;
	dialog->minted = head->minted;
	dialog->first = head->first;
	dialog->caller_cseq = head->caller_cseq;
	dialog->caller = head->caller;
	dialog->rule = head->rule;
	dialog->proposed_s = head->proposed_s;
	dialog->sibling = head->sibling;
	head->sibling = pool_slot(&table->pool, dialog);
	return dialog;
}

// One that nobody answered yet, or NULL.
static struct dialog *early_of(const struct dialog_table *table, struct dialog *head) {
	struct dialog *dialog = head;

	while (dialog && dialog->state >= DIALOG_CONFIRMED)
		dialog = next_of(table, dialog);
	return dialog;
}

// The record of that callee, made when there is none yet: the head's own while it has no tag, else a sibling. Who
// answers takes the place of one that did not when there are too many or a pool is full; else NULL.
static struct dialog *
of_callee(struct dialog_table *table, struct dialog *head, uint64_t callee, bool answers, uint64_t now_ms) {
	struct dialog *added;
	uint32_t count = 0;

	for (struct dialog *dialog = head; dialog; dialog = next_of(table, dialog), count++)
		if (dialog->callee_hash == callee)
			return dialog;
	if (head->callee_hash == 0)
		return head;
	added = count < DIALOG_SIBLINGS_MAX ? add_sibling(table, head, now_ms) : NULL;
	return added || !answers ? added : early_of(table, head);
}

// What the response tells of the callee. False when memory is out.
static bool
learn(struct dialog_table *table, struct dialog *dialog, const struct sip_msg *response, struct dialog_key key) {
	char route_set[1024];
	const struct str text[DIALOG_TEXT_COUNT] = {
		[DIALOG_CALLEE_TAG] = response->to.tag,
		[DIALOG_CALLEE_TARGET] = sip_contact_uri(response),
		[DIALOG_ROUTE_SET] =
			dialog_routes_of(table, dialog, response, key.call, str_of(route_set, sizeof(route_set))),
	};

	if (!dialog_texts_set(table, dialog, text))
		return false;
	dialog->callee_hash = key.to;
	return true;
}

// From its 2xx on a dialog's timer runs, whatever BYE is on its way.
static bool was_confirmed(const struct dialog_table *table, const struct dialog *dialog) {
	return timer_is_armed(&table->queues, dialog);
}

// A BYE on its way from before goes on.
static void confirm(struct dialog_table *table, struct dialog *dialog, uint64_t now_ms) {
	if (dialog->state != DIALOG_TERMINATED)
		set_state(table, dialog, DIALOG_CONFIRMED);
	dialog->answered_ms = now_ms;
	dialog->heard_ms = (uint32_t)now_ms;
	timer_arm(&table->queues, dialog, now_ms, now_ms + table->max_age_ms);
	table->confirmed++;
}

// What the wire says of a dialog that is over, or on its way there, makes it no other.
static bool is_decided(const struct dialog_table *table, const struct dialog *dialog, uint16_t status) {
	return was_confirmed(table, dialog) || dialog->is_over || (dialog->state == DIALOG_TERMINATED && status < 200);
}

struct dialog *
dialog_response(struct dialog_table *table, struct dialog *head, const struct sip_msg *response, uint64_t now_ms) {
	struct dialog *dialog;
	struct dialog_key key;

	if (response->to.tag.len == 0 || response->status <= 100 || response->status >= 300)
		return NULL;
	key = dialog_key_of(table, response, hash_str(table->seed, response->call_id));
	dialog = of_callee(table, head_of(table, head), key.to, response->status >= 200, now_ms);
	if (!dialog || is_decided(table, dialog, response->status))
		return dialog;
	if ((dialog->state == DIALOG_TRYING || response->status >= 200) && !learn(table, dialog, response, key)) {
		if (dialog != head_of(table, head) && dialog->callee_hash == 0)
			dialog_free(table, dialog);
		return NULL;
	}
	if (response->status >= 200)
		confirm(table, dialog, now_ms);
	else
		set_state(table, dialog, DIALOG_EARLY);
	return dialog;
}

// The siblings of the head that never were confirmed.
static void free_unconfirmed_siblings(struct dialog_table *table, struct dialog *head) {
	struct dialog *dialog = next_of(table, head);

	while (dialog) {
		struct dialog *next = next_of(table, dialog);

		if (!was_confirmed(table, dialog))
			dialog_free(table, dialog);
		dialog = next;
	}
}

bool dialog_is_settled(const struct dialog_table *table, const struct dialog *dialog) {
	const struct dialog *head = head_of(table, dialog);

	return head->sibling == SLOT_NONE && head->state == DIALOG_CONFIRMED;
}

void dialog_invite_over(struct dialog_table *table, struct dialog *dialog) {
	struct dialog *head = head_of(table, dialog);

	free_unconfirmed_siblings(table, head);
	if (!was_confirmed(table, head))
		dialog_free(table, head);
}

void dialog_request(
	struct dialog_table *table,
	struct dialog *dialog,
	const struct sip_msg *request,
	bool by_caller,
	uint64_t now_ms
) {
	uint32_t *cseq = by_caller ? &dialog->caller_cseq : &dialog->callee_cseq;

	if (request->cseq > *cseq)
		*cseq = request->cseq;
	if (request->method == SIP_BYE && dialog->state != DIALOG_TERMINATED)
		set_state(table, dialog, DIALOG_TERMINATED);
	dialog->heard_ms = (uint32_t)now_ms; // its timer sees that when it fires
}

void dialog_target(struct dialog_table *table, struct dialog *dialog, bool of_caller, struct str uri) {
	enum dialog_text which = of_caller ? DIALOG_CALLER_TARGET : DIALOG_CALLEE_TARGET;
	struct str text[DIALOG_TEXT_COUNT] = {0};

	if (uri.len == 0 || str_eq(dialog_text(table, dialog, which), uri))
		return;
	text[which] = uri;
	dialog_texts_set(table, dialog, text); // out of memory: the old target stays, which is only for show
}

static uint32_t silence_max_ms(const struct dialog_table *table, const struct dialog *dialog) {
	uint32_t session_ms = dialog->session_s * 1000u + DIALOG_SESSION_GRACE_MS;

	return dialog->session_s > 0 && session_ms < table->max_age_ms ? session_ms : table->max_age_ms;
}

void dialog_session(struct dialog_table *table, struct dialog *dialog, uint32_t seconds, uint64_t now_ms) {
	dialog->session_s = seconds <= UINT16_MAX ? (uint16_t)seconds : 0;
	if (was_confirmed(table, dialog))
		timer_arm(&table->queues, dialog, now_ms, now_ms + silence_max_ms(table, dialog));
}

bool dialog_bye_answered(struct dialog_table *table, struct dialog *dialog, uint16_t status) {
	bool is_early_head = !was_confirmed(table, dialog) && dialog == head_of(table, dialog);
	bool ends = status == 0 || (status >= 200 && status < 300) || status == 408;

	// The end of the INVITE finds the set by its head, and takes it along. A callee that does not know it yet may
	// still answer.
	if (is_early_head && ends) {
		dialog->is_over = true;
		return false;
	}
	if (ends || (status == 481 && !is_early_head)) {
		dialog_free(table, dialog);
		return true;
	}
	if (status >= 300 && dialog->state == DIALOG_TERMINATED)
		set_state(table, dialog, was_confirmed(table, dialog) ? DIALOG_CONFIRMED : DIALOG_EARLY);
	return false;
}

static void unlink_sibling(struct dialog_table *table, struct dialog *dialog) {
	struct dialog *before = head_of(table, dialog);

	while (next_of(table, before) != dialog)
		before = next_of(table, before);
	before->sibling = dialog->sibling;
}

// The next sibling becomes the head; the wire still names the old slot, so from now on the text finds it. Siblings not
// confirmed go too: whoever ends the INVITE transaction knows the set by its old head.
static void unlink_head(struct dialog_table *table, struct dialog *head) {
	struct dialog *heir;

	free_unconfirmed_siblings(table, head);
	table_remove(&table->heads, head->caller_hash, pool_slot(&table->pool, head));
	heir = next_of(table, head);
	for (struct dialog *each = heir; each; each = next_of(table, each))
		each->first = head->sibling;
	if (heir)
		table_insert(&table->heads, heir->caller_hash, head->sibling);
}

void dialog_free(struct dialog_table *table, struct dialog *dialog) {
	if (dialog->first == pool_slot(&table->pool, dialog))
		unlink_head(table, dialog);
	else
		unlink_sibling(table, dialog);
	give(table, dialog);
}

struct expiry {
	void (*gone)(void *ctx, struct dialog *dialog);
	void *ctx;
	struct dialog_table *table;
	uint64_t now_ms;
};

static void fire(void *ctx, void *record) {
	struct expiry *expiry = ctx;
	const struct dialog *dialog = record;
	uint32_t silent_ms = (uint32_t)expiry->now_ms - dialog->heard_ms,
		 max_ms = silence_max_ms(expiry->table, dialog);

	if (silent_ms < max_ms) {
		timer_arm(&expiry->table->queues, record, expiry->now_ms, expiry->now_ms + (max_ms - silent_ms));
		return;
	}
	expiry->gone(expiry->ctx, record);
	dialog_free(expiry->table, record);
}

uint32_t dialog_expire(
	struct dialog_table *table,
	uint64_t now_ms,
	uint32_t budget,
	void (*gone)(void *ctx, struct dialog *dialog),
	void *ctx
) {
	struct expiry expiry = {.gone = gone, .ctx = ctx, .table = table, .now_ms = now_ms};

	return timer_expire(&table->queues, now_ms, budget, fire, &expiry);
}
