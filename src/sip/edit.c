// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/edit.h"

#include "sip/build.h"

#define MAX_FORWARDS_DIGITS 3

// A piece of the message between two edits, and how far it moves.
struct piece {
	uint32_t start, end;
	int32_t shift;
};

void sip_edits_init(struct sip_edits *edits, const struct sip_msg *msg) {
	edits->msg = msg;
	edits->count = 0;
	edits->overflow = false;
	edits->growth = 0;
}

void sip_edit_add(struct sip_edits *edits, uint32_t at, uint32_t removed, struct str text) {
	if (edits->count == SIP_EDITS_MAX || at > edits->msg->len || removed > edits->msg->len - at ||
	    text.len > SIP_MESSAGE_MAX) {
		edits->overflow = true;
		return;
	}
	edits->edit[edits->count++] = (struct sip_edit){
		.at = (uint16_t)at,
		.removed = (uint16_t)removed,
		.text = text,
	};
	edits->growth += (int32_t)text.len - (int32_t)removed;
}

// Where the line behind header `index` begins; behind the last one that is the empty line, CRLF or a lone LF.
static uint32_t next_line(const struct sip_msg *msg, int index) {
	if (index + 1 < msg->index.count)
		return msg->index.header[index + 1].start;
	return msg->index.body - (msg->index.body >= 2 && msg->buf[msg->index.body - 2] == '\r' ? 2U : 1U);
}

void sip_edit_insert_lines(struct sip_edits *edits, int header_index, struct str lines) {
	const struct sip_msg *msg = edits->msg;

	sip_edit_add(
		edits,
		header_index < 0 ? next_line(msg, msg->index.count - 1) : msg->index.header[header_index].start,
		0,
		lines
	);
}

static bool is_removed(const struct sip_edits *edits, uint32_t at) {
	for (uint32_t i = 0; i < edits->count; i++)
		if (edits->edit[i].at <= at && at < (uint32_t)edits->edit[i].at + edits->edit[i].removed)
			return true;
	return false;
}

static void remove_between(struct sip_edits *edits, uint32_t from, uint32_t to) {
	sip_edit_add(edits, from, to - from, (struct str){0});
}

void sip_edit_remove_line(struct sip_edits *edits, int header_index) {
	remove_between(edits, edits->msg->index.header[header_index].start, next_line(edits->msg, header_index));
}

// The first entry of one header line that is not removed yet: 1 removed it, 0 all were, -1 malformed.
static int remove_in_line(struct sip_edits *edits, int index) {
	const struct sip_msg *msg = edits->msg;
	const struct sip_header *header = &msg->index.header[index];
	struct str rest = sip_header_value(msg, index), entry;
	uint32_t first = UINT32_MAX, at;
	int got;

	// The parser saw that already.
	if (header->id == HDR_VIA && index == msg->first[HDR_VIA] && msg->via_alone &&
	    !is_removed(edits, header->start)) {
		sip_edit_remove_line(edits, index);
		return 1;
	}
	while ((got = sip_list_next(&rest, &entry)) == 1) {
		at = (uint32_t)(entry.ptr - msg->buf);
		if (first == UINT32_MAX)
			first = at;
		if (is_removed(edits, at))
			continue;
		if (rest.len > 0) {
			remove_between(edits, at, (uint32_t)(rest.ptr - msg->buf));
		} else if (at == first) {
			sip_edit_remove_line(edits, index);
		} else {
			// Those before it are gone: what is left of the line goes on both sides of them.
			remove_between(edits, header->start, first);
			remove_between(edits, at, next_line(msg, index));
		}
		return 1;
	}
	return got;
}

bool sip_edit_remove_top(struct sip_edits *edits, enum sip_header_id id) {
	int got = 0;

	for (int index = edits->msg->first[id]; index >= 0 && got == 0; index = edits->msg->next[index])
		got = remove_in_line(edits, index);
	return got == 1;
}

bool sip_edit_remove_bottom(struct sip_edits *edits, enum sip_header_id id) {
	const struct sip_msg *msg = edits->msg;
	struct sip_walk walk = {.id = id};
	struct str entry, last = {0}, before = {0};
	int index = -1, got;

	while ((got = sip_walk_next(msg, &walk, &entry)) == 1) {
		before = walk.at == index ? last : (struct str){0};
		last = entry;
		index = walk.at;
	}
	if (got < 0 || index < 0)
		return false;
	if (before.ptr)
		remove_between(
			edits,
			(uint32_t)(before.ptr + before.len - msg->buf),
			(uint32_t)(last.ptr + last.len - msg->buf)
		);
	else
		sip_edit_remove_line(edits, index);
	return true;
}

// Leading zeros stay zeros, else what is left over becomes white space.
static uint32_t write_padded(char *out, uint16_t value, uint32_t width, char pad) {
	for (uint32_t i = width; i-- > 0; value /= 10)
		out[i] = value > 0 || i == width - 1 ? (char)('0' + value % 10) : pad;
	return width;
}

static uint32_t digits_of(uint16_t value) {
	return value > 99 ? 3 : value > 9 ? 2 : 1;
}

void sip_edit_max_forwards(struct sip_edits *edits, uint16_t value, char *scratch, size_t scratch_size) {
	const struct sip_msg *msg = edits->msg;
	struct str digits = msg->max_forwards_digits;
	struct sip_writer line = {.buf = scratch, .size = (uint32_t)scratch_size};
	uint32_t width = digits_of(value);

	if (value > 255 || scratch_size < SIP_MAX_FORWARDS_SCRATCH) {
		edits->overflow = true;
		return;
	}
	if (digits.len == 0) {
		sip_write(&line, STR("Max-Forwards: "));
		sip_write_u32(&line, value);
		sip_write(&line, STR("\r\n"));
		sip_edit_insert_lines(edits, msg->first[HDR_VIA], str_of(line.buf, line.len));
		return;
	}
	// The value is at most 255: digits before the last three are zeros and stay.
	if (digits.len > MAX_FORWARDS_DIGITS)
		digits = str_of(digits.ptr + digits.len - MAX_FORWARDS_DIGITS, MAX_FORWARDS_DIGITS);
	if (width < digits.len)
		width = digits.len;
	write_padded(scratch, value, width, msg->max_forwards_digits.ptr[0] == '0' ? '0' : ' ');
	sip_edit_add(edits, (uint32_t)(digits.ptr - msg->buf), digits.len, str_of(scratch, width));
}

// Stable; insertions before the replacement at the same place. False when two overlap.
static bool sort(struct sip_edits *edits) {
	for (uint32_t i = 1; i < edits->count; i++) {
		struct sip_edit edit = edits->edit[i];
		uint32_t j = i;

		for (; j > 0; j--) {
			const struct sip_edit *before = &edits->edit[j - 1];

			if (before->at < edit.at ||
			    (before->at == edit.at && (before->removed == 0 || edit.removed > 0)))
				break;
			edits->edit[j] = *before;
		}
		edits->edit[j] = edit;
	}
	for (uint32_t i = 1; i < edits->count; i++)
		if ((uint32_t)edits->edit[i - 1].at + edits->edit[i - 1].removed > edits->edit[i].at)
			return false;
	return true;
}

// The pieces before, between and behind the edits; the first one moves by `shift`.
static void cut(const struct sip_edits *edits, int32_t shift, struct piece *ret_pieces) {
	uint32_t start = 0;

	for (uint32_t i = 0; i < edits->count; i++) {
		const struct sip_edit *edit = &edits->edit[i];

		ret_pieces[i] = (struct piece){.start = start, .end = edit->at, .shift = shift};
		start = (uint32_t)edit->at + edit->removed;
		shift += (int32_t)edit->text.len - (int32_t)edit->removed;
	}
	ret_pieces[edits->count] = (struct piece){.start = start, .end = edits->msg->len, .shift = shift};
}

static void move(char *buf, const struct piece *piece) {
	memmove(buf + piece->start + piece->shift, buf + piece->start, piece->end - piece->start);
}

// Pieces keep their order, so one that moves towards the front can only run over those before it that do the same,
// and one that moves towards the back over those behind it: each direction from its own end, in any case in two walks.
static void move_all(char *buf, const struct piece *pieces, uint32_t count) {
	for (uint32_t i = 0; i < count; i++)
		if (pieces[i].shift < 0)
			move(buf, &pieces[i]);
	for (uint32_t i = count; i-- > 0;)
		if (pieces[i].shift > 0)
			move(buf, &pieces[i]);
}

bool sip_edits_apply(
	struct sip_edits *edits,
	char *buf,
	uint32_t front_room,
	uint32_t back_room,
	int32_t *ret_start,
	uint32_t *ret_len
) {
	struct piece pieces[SIP_EDITS_MAX + 1];
	int32_t growth = edits->growth;
	int32_t len = edits->msg->len + growth;
	bool to_front = growth <= 0 || (uint32_t)growth <= front_room;

	if (edits->overflow || len > SIP_MESSAGE_MAX || (!to_front && (uint32_t)growth > back_room) || !sort(edits))
		return false;
	cut(edits, to_front ? -growth : 0, pieces);
	move_all(buf, pieces, edits->count + 1U);
	for (uint32_t i = 0; i < edits->count; i++)
		if (edits->edit[i].text.len > 0)
			memcpy(buf + pieces[i].end + pieces[i].shift, edits->edit[i].text.ptr, edits->edit[i].text.len);
	*ret_start = to_front ? -growth : 0;
	*ret_len = (uint32_t)len;
	return true;
}
