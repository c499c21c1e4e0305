// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/dialog.h"

#include <errno.h>

#include "base/hash.h"

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

	*table = (struct dialog_table){.text = text, .max_age_ms = max_age_ms};
	err = pool_init(&table->pool, sizeof(struct dialog), capacity, huge);
	if (err)
		return err;
	err = table_init(&table->heads, capacity, huge);
	if (err) {
		pool_fini(&table->pool);
		return err;
	}
	timer_wheel_init(&table->wheel, &table->pool, offsetof(struct dialog, timer), 0);
	return 0;
}

void dialog_table_fini(struct dialog_table *table) {
	table_fini(&table->heads);
	pool_fini(&table->pool);
}

static uint64_t hash_of(const struct dialog_table *table, struct str call_id, struct str caller_tag) {
	return hash_mix(hash_str(table->seed, call_id), hash_str(table->seed, caller_tag));
}

struct str dialog_text(const struct dialog *dialog, enum dialog_text which) {
	uint32_t at = 0;

	if (!dialog->text)
		return STR("");
	for (unsigned i = 0; i < which; i++)
		at += dialog->text_len[i];
	return str_of(dialog->text + at, dialog->text_len[which]);
}

static uint32_t text_size(const struct dialog *dialog) {
	uint32_t size = 1; // an allocation is never empty

	for (unsigned i = 0; i < DIALOG_TEXT_COUNT; i++)
		size += dialog->text_len[i];
	return size;
}

// Replaces the texts whose ptr is set; false, with nothing changed, when memory is out.
static bool set_text(struct dialog_table *table, struct dialog *dialog, const struct str text[DIALOG_TEXT_COUNT]) {
	struct str parts[DIALOG_TEXT_COUNT];
	uint32_t old_size = dialog->text ? text_size(dialog) : 0;
	uint32_t size = 1;
	char *to, *copy;

	for (unsigned i = 0; i < DIALOG_TEXT_COUNT; i++) {
		parts[i] = text[i].ptr ? text[i] : dialog_text(dialog, i);
		if (parts[i].len > UINT16_MAX)
			return false;
		size += parts[i].len;
	}
	copy = blob_take(table->text, size);
	if (!copy)
		return false;
	to = copy;
	for (unsigned i = 0; i < DIALOG_TEXT_COUNT; i++) {
		if (parts[i].len > 0)
			memcpy(to, parts[i].ptr, parts[i].len);
		to += parts[i].len;
	}
	for (unsigned i = 0; i < DIALOG_TEXT_COUNT; i++)
		dialog->text_len[i] = (uint16_t)parts[i].len;
	blob_give(table->text, dialog->text, old_size);
	dialog->text = copy;
	return true;
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
	timer_cancel(&table->wheel, dialog);
	table->count[dialog->state]--;
	if (dialog->text)
		blob_give(table->text, dialog->text, text_size(dialog));
	pool_give(&table->pool, dialog);
}

static bool has_caller(const struct dialog *dialog, struct str call_id, struct str caller_tag) {
	return str_eq(dialog_text(dialog, DIALOG_CALL_ID), call_id) &&
	       str_eq(dialog_text(dialog, DIALOG_CALLER_TAG), caller_tag);
}

struct alike {
	const struct dialog_table *table;
	const struct sip_msg *invite;
	uint32_t count;
};

// Matches, and so ends the walk, when there are enough.
static bool is_one_too_many(const void *key, uint32_t slot) {
	struct alike *alike = *(struct alike *const *)key;
	const struct dialog *dialog = pool_at(&alike->table->pool, slot);

	alike->count += has_caller(dialog, alike->invite->call_id, alike->invite->from.tag);
	return alike->count == DIALOG_ALIKE_MAX;
}

struct dialog *dialog_create(struct dialog_table *table, const struct sip_msg *invite, uint64_t now_ms) {
	const struct str text[DIALOG_TEXT_COUNT] = {
		[DIALOG_CALL_ID] = invite->call_id,
		[DIALOG_CALLER_TAG] = invite->from.tag,
		[DIALOG_FROM_URI] = invite->from.uri,
		[DIALOG_TO_URI] = invite->to.uri,
		[DIALOG_CALLER_TARGET] = sip_contact_uri(invite),
	};
	struct alike alike = {.table = table, .invite = invite}, *key = &alike;
	uint64_t hash = hash_of(table, invite->call_id, invite->from.tag);
	struct dialog *dialog;

	if (table_find(&table->heads, hash, is_one_too_many, &key) != SLOT_NONE)
		return NULL;
	dialog = take(table, now_ms);
	if (!dialog)
		return NULL;
	if (!set_text(table, dialog, text))
		goto full;
	dialog->hash = hash;
	dialog->first = pool_slot(&table->pool, dialog);
	dialog->caller_cseq = invite->cseq;
	if (!table_insert(&table->heads, dialog->hash, dialog->first))
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
		.generation = dialog->head.generation,
	};
}

void dialog_mint(const struct dialog_table *table, const struct dialog *head, char *out) {
	struct mint_id id = {
		.worker = table->worker,
		.slot = pool_slot(&table->pool, head),
		.generation = head->head.generation,
	};

	mint_write(out, MINT_DIALOG, id, table->seed, hash_str(table->seed, dialog_text(head, DIALOG_CALL_ID)));
}

static struct dialog *next_of(const struct dialog_table *table, const struct dialog *dialog) {
	return dialog->sibling == SLOT_NONE ? NULL : pool_at(&table->pool, dialog->sibling);
}

static bool has_ends(const struct dialog *dialog, struct str call_id, struct str caller_tag, struct str callee_tag) {
	return has_caller(dialog, call_id, caller_tag) && str_eq(dialog_text(dialog, DIALOG_CALLEE_TAG), callee_tag);
}

// The dialog of the set from `head` on with these tags, whichever side sent the request.
static struct dialog *
find_in_set(const struct dialog_table *table, struct dialog *head, const struct sip_msg *request, bool *ret_by_caller) {
	for (struct dialog *dialog = head; dialog; dialog = next_of(table, dialog)) {
		bool by_caller = has_ends(dialog, request->call_id, request->from.tag, request->to.tag);

		if (by_caller || has_ends(dialog, request->call_id, request->to.tag, request->from.tag)) {
			*ret_by_caller = by_caller;
			return dialog;
		}
	}
	return NULL;
}

struct wanted {
	const struct dialog_table *table;
	const struct sip_msg *request;
	struct dialog *found;
	bool by_caller;
};

static bool same_ends(const void *key, uint32_t slot) {
	struct wanted *wanted = *(struct wanted *const *)key;

	wanted->found =
		find_in_set(wanted->table, pool_at(&wanted->table->pool, slot), wanted->request, &wanted->by_caller);
	return wanted->found != NULL;
}

struct dialog *
dialog_find(const struct dialog_table *table, const struct sip_msg *request, struct str id, bool *ret_by_caller) {
	struct wanted wanted = {.table = table, .request = request}, *key = &wanted;
	struct mint_id name;

	if (id.len > 0 && mint_read(id, MINT_DIALOG, table->seed, hash_str(table->seed, request->call_id), &name) &&
	    name.worker == table->worker) {
		struct dialog *head = pool_get(&table->pool, name.slot, name.generation);

		if (head)
			wanted.found = find_in_set(table, head, request, &wanted.by_caller);
	}
	if (!wanted.found)
		table_find(&table->heads, hash_of(table, request->call_id, request->from.tag), same_ends, &key);
	if (!wanted.found)
		table_find(&table->heads, hash_of(table, request->call_id, request->to.tag), same_ends, &key);
	if (wanted.found)
		*ret_by_caller = wanted.by_caller;
	return wanted.found;
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
		text[i] = dialog_text(head, i);
	text[DIALOG_CALLEE_TAG] = text[DIALOG_CALLEE_TARGET] = text[DIALOG_ROUTE_SET] = STR("");
	if (!set_text(table, dialog, text)) {
		give(table, dialog);
		return NULL;
	}
	dialog->hash = head->hash;
	dialog->first = head->first;
	dialog->caller_cseq = head->caller_cseq;
	dialog->caller = head->caller;
	dialog->rule = head->rule;
	dialog->sibling = head->sibling;
	head->sibling = pool_slot(&table->pool, dialog);
	return dialog;
}

// The record of that To tag, made when there is none yet: the head's own while it has no tag, else a sibling. NULL when
// there are too many or a pool is full.
static struct dialog *of_tag(struct dialog_table *table, struct dialog *head, struct str tag, uint64_t now_ms) {
	uint32_t count = 0;

	for (struct dialog *dialog = head; dialog; dialog = next_of(table, dialog), count++)
		if (str_eq(dialog_text(dialog, DIALOG_CALLEE_TAG), tag))
			return dialog;
	if (head->text_len[DIALOG_CALLEE_TAG] == 0)
		return head;
	return count < DIALOG_SIBLINGS_MAX ? add_sibling(table, head, now_ms) : NULL;
}

// The Record-Route entries in order, joined with commas, into `out`; what does not fit is left out.
static struct str route_set_of(const struct sip_msg *response, char *out, uint32_t size) {
	struct sip_walk walk = {.id = HDR_RECORD_ROUTE};
	struct str entry;
	uint32_t len = 0;

	while (sip_walk_next(response, &walk, &entry) > 0 && len + entry.len + 1 <= size) {
		if (len > 0)
			out[len++] = ',';
		memcpy(out + len, entry.ptr, entry.len);
		len += entry.len;
	}
	return str_of(out, len);
}

struct dialog *
dialog_response(struct dialog_table *table, struct dialog *head, const struct sip_msg *response, uint64_t now_ms) {
	struct str text[DIALOG_TEXT_COUNT] = {0};
	char route_set[1024];
	struct dialog *dialog;

	if (response->to.tag.len == 0 || response->status <= 100 || response->status >= 300)
		return NULL;
	dialog = of_tag(table, head_of(table, head), response->to.tag, now_ms);
	if (!dialog || dialog->state >= DIALOG_CONFIRMED)
		return dialog;
	if (dialog->state == DIALOG_TRYING || response->status >= 200) {
		text[DIALOG_CALLEE_TAG] = response->to.tag;
		text[DIALOG_CALLEE_TARGET] = sip_contact_uri(response);
		text[DIALOG_ROUTE_SET] = route_set_of(response, route_set, sizeof(route_set));
		if (!set_text(table, dialog, text)) {
			if (dialog != head_of(table, head) && dialog->text_len[DIALOG_CALLEE_TAG] == 0)
				dialog_free(table, dialog);
			return NULL;
		}
	}
	if (response->status >= 200) {
		set_state(table, dialog, DIALOG_CONFIRMED);
		dialog->answered_ms = now_ms;
		timer_arm(&table->wheel, dialog, now_ms + table->max_age_ms);
	} else {
		set_state(table, dialog, DIALOG_EARLY);
	}
	return dialog;
}

// From its 2xx on a dialog's timer runs, whatever BYE is on its way.
static bool was_confirmed(const struct dialog_table *table, const struct dialog *dialog) {
	return timer_is_armed(&table->wheel, dialog);
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
	if (was_confirmed(table, dialog))
		timer_arm(&table->wheel, dialog, now_ms + table->max_age_ms);
}

void dialog_target(struct dialog_table *table, struct dialog *dialog, bool of_caller, struct str uri) {
	enum dialog_text which = of_caller ? DIALOG_CALLER_TARGET : DIALOG_CALLEE_TARGET;
	struct str text[DIALOG_TEXT_COUNT] = {0};

	if (uri.len == 0 || str_eq(dialog_text(dialog, which), uri))
		return;
	text[which] = uri;
	set_text(table, dialog, text); // out of memory: the old target stays, which is only for show
}

bool dialog_bye_answered(struct dialog_table *table, struct dialog *dialog, uint16_t status) {
	if (status == 0 || (status >= 200 && status < 300) || status == 408 || status == 481) {
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
	table_remove(&table->heads, head->hash, pool_slot(&table->pool, head));
	heir = next_of(table, head);
	for (struct dialog *each = heir; each; each = next_of(table, each))
		each->first = head->sibling;
	if (heir)
		table_insert(&table->heads, heir->hash, head->sibling);
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
};

static void fire(void *ctx, void *record) {
	struct expiry *expiry = ctx;

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
	struct expiry expiry = {.gone = gone, .ctx = ctx, .table = table};

	return timer_expire(&table->wheel, now_ms, budget, fire, &expiry);
}
