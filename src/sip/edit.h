// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Editing a message where it lies: a list of replacements in its header section, applied at once. What stands before
// an edit moves into the room in front of the message, so the rest of the headers and the body stay where they are;
// only when the room in front is too small does the tail move towards the room behind.
#pragma once

#include "sip/msg.h"

#define SIP_EDITS_MAX 24
#define SIP_MAX_FORWARDS_SCRATCH 24

struct sip_edit {
	uint16_t at;	  // offset in the message
	uint16_t removed; // bytes taken out there
	struct str text;  // bytes put in there; must stay valid until applied, and lie outside the message
};

struct sip_edits {
	const struct sip_msg *msg;
	uint16_t count;
	bool overflow; // more than SIP_EDITS_MAX: apply fails
	int32_t growth;
	struct sip_edit edit[SIP_EDITS_MAX];
};

void sip_edits_init(struct sip_edits *edits, const struct sip_msg *msg);

// Replaces `removed` bytes at `at` by `text`. Edits may come in any order but must not overlap (apply fails); several
// insertions at one place stand in the order given, and before what a replacement puts there.
void sip_edit_add(struct sip_edits *edits, uint32_t at, uint32_t removed, struct str text);

// Whole lines before the header with that index (text ends with CRLF), or before the empty line when index is -1.
void sip_edit_insert_lines(struct sip_edits *edits, int header_index, struct str lines);

// The first entry of the header list `id` (Via, Route) that these edits do not remove yet: the whole line when nothing
// else is left there, else the entry and its comma. False when there is none, or the list is malformed.
bool sip_edit_remove_top(struct sip_edits *edits, enum sip_header_id id);

// The last entry of that list, none of which any edit touches yet: the whole line when it stands there alone. False
// when there is none, or the list is malformed.
bool sip_edit_remove_bottom(struct sip_edits *edits, enum sip_header_id id);

// The whole line of that header, which no edit touches yet.
void sip_edit_remove_line(struct sip_edits *edits, int header_index);

// Sets Max-Forwards to value (at most 255). Same width where it fits, so that usually no byte moves. Adds the header
// before the first Via's line when there is none. scratch (SIP_MAX_FORWARDS_SCRATCH bytes) must stay valid until
// applied.
void sip_edit_max_forwards(struct sip_edits *edits, uint16_t value, char *scratch, size_t scratch_size);

// Writes all edits into buf, the bytes of the message (writable). front_room and back_room are the free bytes before
// and behind it. Returns the new start as an offset from buf (negative: into the front room) and the new length; the
// msg is stale afterwards. False, with nothing changed, when neither room is enough or the result would pass
// SIP_MESSAGE_MAX.
bool sip_edits_apply(
	struct sip_edits *edits,
	char *buf,
	uint32_t front_room,
	uint32_t back_room,
	int32_t *ret_start,
	uint32_t *ret_len
);
