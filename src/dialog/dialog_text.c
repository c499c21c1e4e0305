// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/dialog_text.h"

#include "base/hash.h"

// An entry of our own is kept as OWN_ROUTE and a byte that says which listener it names and whether it is doubled; all
// else of it can be written again.
#define OWN_ROUTE '\1'
#define OWN_DOUBLED 0x40
#define OWN_DOUBLED_TEXT ";r2=on>"
static_assert(LISTENERS_MAX < OWN_DOUBLED, "1 + listener and the flag are a byte that is not 0");

static uint16_t *lengths_of(const struct dialog_table *table, const struct dialog *dialog) {
	return blob_named(table->text_base, dialog->text);
}

struct str dialog_text(const struct dialog_table *table, const struct dialog *dialog, enum dialog_text which) {
	const uint16_t *len;
	const char *at;

	if (!dialog->text)
		return STR("");
	len = lengths_of(table, dialog);
	at = (const char *)(len + DIALOG_TEXT_COUNT);
	for (unsigned i = 0; i < which; i++)
		at += len[i];
	return str_of(at, len[which]);
}

void dialog_texts_give(struct dialog_table *table, struct dialog *dialog) {
	if (dialog->text)
		blob_give(table->text, lengths_of(table, dialog), (size_t)dialog->text_units * BLOB_UNIT);
	dialog->text = 0;
}

// A 200 nearly always says what the 180 before it said.
static bool is_said(const struct dialog_table *table, const struct dialog *dialog, const struct str *text) {
	for (unsigned i = 0; i < DIALOG_TEXT_COUNT; i++)
		if (text[i].ptr && !str_eq(text[i], dialog_text(table, dialog, i)))
			return false;
	return dialog->text != 0;
}

bool dialog_texts_set(struct dialog_table *table, struct dialog *dialog, const struct str text[DIALOG_TEXT_COUNT]) {
	struct str parts[DIALOG_TEXT_COUNT];
	size_t size = DIALOG_TEXT_COUNT * sizeof(uint16_t), units;
	uint16_t *len;
	char *to;

	if (is_said(table, dialog, text))
		return true;
	for (unsigned i = 0; i < DIALOG_TEXT_COUNT; i++) {
		parts[i] = text[i].ptr ? text[i] : dialog_text(table, dialog, i);
		if (parts[i].len > UINT16_MAX)
			return false;
		size += parts[i].len;
	}
	units = (size + BLOB_UNIT - 1) / BLOB_UNIT;
	len = units <= UINT16_MAX ? blob_take(table->text, units * BLOB_UNIT) : NULL;
	if (!len)
		return false;
	to = (char *)(len + DIALOG_TEXT_COUNT);
	for (unsigned i = 0; i < DIALOG_TEXT_COUNT; i++) {
		len[i] = (uint16_t)parts[i].len;
		if (parts[i].len > 0)
			memcpy(to, parts[i].ptr, parts[i].len);
		to += parts[i].len;
	}
	dialog_texts_give(table, dialog);
	dialog->text = blob_name(table->text_base, len);
	dialog->text_units = (uint16_t)units;
	return true;
}

static struct mint_id minted_id(const struct dialog_table *table, const struct dialog *dialog) {
	return (struct mint_id){
		.worker = table->worker,
		.slot = dialog->minted.slot,
		.generation = dialog->minted.generation,
	};
}

// True when the entry is as we write it, for the set of that name.
static bool is_own(const struct dialog_table *table, struct str name, struct str entry, char mark[2]) {
	for (unsigned i = 0; i < LISTENERS_MAX && table->own_route[i].len > 0; i++) {
		struct str own = table->own_route[i], rest;
		bool doubled;

		if (!str_starts(entry, own) || entry.len - own.len < MINT_LEN)
			continue;
		rest = str_of(entry.ptr + own.len, entry.len - own.len);
		if (!str_starts(rest, name))
			continue;
		rest = str_of(rest.ptr + MINT_LEN, rest.len - MINT_LEN);
		doubled = str_eq(rest, STR(OWN_DOUBLED_TEXT));
		if (!doubled && !str_eq(rest, STR(">")))
			continue;
		mark[0] = OWN_ROUTE;
		mark[1] = (char)((i + 1) | (doubled ? OWN_DOUBLED : 0));
		return true;
	}
	return false;
}

struct str dialog_routes_of(
	const struct dialog_table *table,
	const struct dialog *dialog,
	const struct sip_msg *response,
	uint64_t call_hash,
	struct str room
) {
	struct sip_walk walk = {.id = HDR_RECORD_ROUTE};
	char *out = (char *)room.ptr, mark[2], name[MINT_LEN];
	struct str entry;
	uint32_t len = 0;

	mint_write(name, MINT_DIALOG, minted_id(table, dialog), table->seed, call_hash);
	while (sip_walk_next(response, &walk, &entry) > 0) {
		if (is_own(table, str_of(name, sizeof(name)), entry, mark))
			entry = str_of(mark, sizeof(mark));
		else if (memchr(entry.ptr, OWN_ROUTE, entry.len))
			continue; // nobody writes such
		if (len + entry.len + 1 > room.len)
			break;
		if (len > 0)
			out[len++] = ',';
		memcpy(out + len, entry.ptr, entry.len);
		len += entry.len;
	}
	return str_of(out, len);
}

static void add(char *out, uint32_t size, uint32_t *len, struct str text) {
	if (text.len > size - *len)
		text.len = size - *len;
	if (text.len > 0)
		memcpy(out + *len, text.ptr, text.len);
	*len += text.len;
}

struct str dialog_route_set(const struct dialog_table *table, const struct dialog *dialog, char *out, uint32_t size) {
	struct str kept = dialog_text(table, dialog, DIALOG_ROUTE_SET);
	struct mint_id name = minted_id(table, dialog);
	uint32_t len = 0;
	char id[MINT_LEN];

	mint_write(
		id, MINT_DIALOG, name, table->seed, hash_str(table->seed, dialog_text(table, dialog, DIALOG_CALL_ID))
	);
	for (uint32_t i = 0; i < kept.len; i++) {
		unsigned mark = (unsigned char)kept.ptr[i];

		if (mark != OWN_ROUTE || i + 1 == kept.len) {
			add(out, size, &len, str_of(&kept.ptr[i], 1));
			continue;
		}
		mark = (unsigned char)kept.ptr[++i];
		add(out, size, &len, table->own_route[((mark & ~(unsigned)OWN_DOUBLED) - 1) % LISTENERS_MAX]);
		add(out, size, &len, str_of(id, MINT_LEN));
		add(out, size, &len, mark & OWN_DOUBLED ? STR(OWN_DOUBLED_TEXT) : STR(">"));
	}
	return str_of(out, len);
}
