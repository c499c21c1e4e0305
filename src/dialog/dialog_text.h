// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of dialog*.c: the text of a dialog record. One blob: the lengths of all parts in two bytes each, then the
// parts.
#pragma once

#include "dialog/dialog.h"

// Replaces the texts whose ptr is set; false, with nothing changed, when memory is out.
bool dialog_texts_set(struct dialog_table *table, struct dialog *dialog, const struct str text[DIALOG_TEXT_COUNT]);
void dialog_texts_give(struct dialog_table *table, struct dialog *dialog);

// The Record-Route entries of a response in order, joined with commas, in the form that is kept; what does not fit
// into `room` is left out.
struct str dialog_routes_of(
	const struct dialog_table *table,
	const struct dialog *dialog,
	const struct sip_msg *response,
	uint64_t call_hash,
	struct str room
);
