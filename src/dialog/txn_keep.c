// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"
#include "dialog/txn_blob.h"

// A blob of its own for `size` bytes instead of what the record has, which is given back when the new one is filled.
struct change {
	void *to;
	void *old;
	size_t old_size;
};

static bool change_begin(struct txn_table *table, struct txn *txn, size_t size, struct change *change) {
	size_t units = (size + BLOB_UNIT - 1) / BLOB_UNIT;

	*change = (struct change){
		.to = units <= UINT16_MAX ? blob_take(table->text, units * BLOB_UNIT) : NULL,
		.old = txn->blob_units > 0 ? txn_blob_at(table, txn->blob) : NULL,
		.old_size = (size_t)txn->blob_units * BLOB_UNIT,
	};
	if (!change->to)
		return false;
	txn->blob = blob_name(table->text_base, change->to);
	txn->blob_units = (uint16_t)units;
	return true;
}

static void change_end(struct txn_table *table, const struct change *change) {
	blob_give(table->text, change->old, change->old_size);
}

static char *text_copy(char *to, struct str text) {
	if (text.len > 0)
		memcpy(to, text.ptr, text.len);
	return to + text.len;
}

bool txn_store(struct txn_table *table, struct txn *txn, struct str message, struct str compact) {
	const struct txn_live *old = txn_live_of(table, txn);
	struct txn_live live = old ? *old : (struct txn_live){.timeout_ms = txn->timer.due_ms};
	struct change change;
	struct txn_live *to;

	if (message.len > UINT16_MAX || compact.len > UINT16_MAX ||
	    !change_begin(table, txn, sizeof(live) + message.len + compact.len, &change))
		return false;
	live.message_len = (uint16_t)message.len;
	live.compact_len = (uint16_t)compact.len;
	to = change.to;
	*to = live;
	text_copy(text_copy((char *)(to + 1), compact), message);
	txn->shape = TXN_LIVE;
	change_end(table, &change);
	return true;
}

void txn_compact(struct txn_table *table, struct txn *txn) {
	struct str compact = txn_compact_of(table, txn);

	if (compact.len > 0 && txn_message(table, txn).len > 0)
		txn_store(table, txn, STR(""), compact); // out of memory: the message stays
}

struct txn_ref txn_cancel_of(const struct txn_table *table, const struct txn *txn) {
	struct txn_ref ref = {.slot = SLOT_NONE};

	if (txn->has_cancel)
		ref = txn->shape == TXN_LIVE ? txn_live_of(table, txn)->cancel
					     : *(const struct txn_ref *)txn_blob_at(table, txn->blob);
	return ref;
}

// TXN_REST: the name of the CANCEL where there is one, the length of the text in two bytes, the text.
static bool keep(struct txn_table *table, struct txn *txn, struct txn_ref cancel, struct str text) {
	bool has_cancel = cancel.slot != SLOT_NONE;
	uint16_t len = (uint16_t)text.len;
	struct change change;
	char *to;

	if (text.len > UINT16_MAX ||
	    !change_begin(table, txn, (has_cancel ? sizeof(cancel) : 0) + sizeof(len) + text.len, &change))
		return false;
	to = change.to;
	if (has_cancel)
		to = text_copy(to, str_of((const char *)&cancel, sizeof(cancel)));
	to = text_copy(to, str_of((const char *)&len, sizeof(len)));
	text_copy(to, text);
	txn->shape = TXN_REST;
	txn->has_cancel = has_cancel;
	change_end(table, &change);
	return true;
}

bool txn_keep(struct txn_table *table, struct txn *txn, struct str text) {
	if (text.len > 0 || txn->has_cancel)
		return keep(table, txn, txn_cancel_of(table, txn), text);
	txn_drop(table, txn);
	return true;
}

// The text's place among the common ones, which may be one that is free; NULL when it is not there and none may be
// added.
static struct txn_common *common_find(struct txn_table *table, struct str text, uint64_t hash) {
	for (uint32_t i = 0, at = (uint32_t)hash; i < TXN_COMMON_MAX; i++, at++) {
		struct txn_common *common = &table->common[at % TXN_COMMON_MAX];

		if (common->len == 0)
			return table->common_count < TXN_COMMON_MAX / 2 ? common : NULL;
		if (common->hash == hash && str_eq(str_of(common->text, common->len), text))
			return common;
	}
	return NULL;
}

bool txn_keep_common(struct txn_table *table, struct txn *txn, struct str text) {
	uint64_t hash = hash_str(table->seed, text);
	struct txn_common *common = NULL;

	if (text.len > 0 && text.len <= TXN_COMMON_SIZE && !txn->has_cancel)
		common = common_find(table, text, hash);
	if (!common)
		return txn_keep(table, txn, text);
	if (common->len == 0) {
		common->hash = hash;
		common->len = (uint16_t)text.len;
		memcpy(common->text, text.ptr, text.len);
		table->common_count++;
	}
	txn_drop(table, txn);
	txn->shape = TXN_REST;
	txn->blob = 1 + (uint32_t)(common - table->common);
	return true;
}

void txn_forget(struct txn_table *table, struct txn *txn) {
	txn_keep(table, txn, STR("")); // out of memory: more is kept than need be, until the end
}

void txn_lose(struct txn_table *table, struct txn *txn) {
	txn_drop(table, txn);
	txn->shape = TXN_LOST;
}

bool txn_set_cancel(struct txn_table *table, struct txn *invite, const struct txn *cancel) {
	struct txn_ref ref = txn_ref_of(table, cancel);
	struct txn_live *live = txn_live_of(table, invite);

	if (!live)
		return keep(table, invite, ref, txn_kept(table, invite));
	live->cancel = ref;
	invite->has_cancel = true;
	return true;
}

struct str txn_compact_of(const struct txn_table *table, const struct txn *txn) {
	const struct txn_live *live = txn_live_of(table, txn);

	return live ? str_of((const char *)(live + 1), live->compact_len) : STR("");
}

struct str txn_message(const struct txn_table *table, const struct txn *txn) {
	const struct txn_live *live = txn_live_of(table, txn);

	return live ? str_of((const char *)(live + 1) + live->compact_len, live->message_len) : STR("");
}

struct str txn_kept(const struct txn_table *table, const struct txn *txn) {
	const char *at;
	uint16_t len;

	if (txn->shape != TXN_REST)
		return STR("");
	if (txn->blob_units == 0) {
		const struct txn_common *common = &table->common[txn->blob - 1];

		return str_of(common->text, common->len);
	}
	at = (const char *)txn_blob_at(table, txn->blob) + (txn->has_cancel ? sizeof(struct txn_ref) : 0);
	memcpy(&len, at, sizeof(len));
	return str_of(at + sizeof(len), len);
}
