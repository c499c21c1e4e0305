// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/expressions.h"

#include <hs/hs.h>

#include "sip/expressions_set.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static void replace(char *bytes, uint32_t len, char what) {
	char *at = memchr(bytes, what, len);

	for (; at; at = memchr(at, what, len - (size_t)(at - bytes)))
		*at = ' ';
}

void expressions_text_add(struct expressions_text *text, uint8_t field, struct str value) {
	uint32_t room = text->size - text->len;
	struct expressions_line *line = &text->lines[text->line_count];
	char *to = text->buf + text->len;

	assert(field < EXPRESSIONS_FIELDS);
	if (text->line_count == EXPRESSIONS_LINES || room < EXPRESSIONS_LINE_HEAD) {
		text->cut |= 1U << field;
		return;
	}
	room -= EXPRESSIONS_LINE_HEAD;
	if (value.len > room) {
		text->cut |= 1U << field;
		value.len = room;
	}
	to[0] = to[2] = '\n';
	to[1] = (char)(EXPRESSIONS_TAG + field);
	*line = (struct expressions_line){.field = field, .start = text->len + EXPRESSIONS_LINE_HEAD};
	line->end = text->len = line->start + value.len;
	text->line_count++;
	if (value.len == 0)
		return;
	memcpy(to + EXPRESSIONS_LINE_HEAD, value.ptr, value.len);
	replace(to + EXPRESSIONS_LINE_HEAD, value.len, '\n');
	replace(to + EXPRESSIONS_LINE_HEAD, value.len, '\r');
}

struct pass {
	const struct expressions *set;
	const struct expressions_text *text;
	struct expressions_scratch *scratch;
};

static bool ends_in(const struct expressions_text *text, uint8_t field, uint64_t end) {
	for (uint32_t i = 0; i < text->line_count; i++) {
		const struct expressions_line *line = &text->lines[i];

		if (line->field == field && end > line->start && end <= line->end)
			return true;
	}
	return false;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
	struct pass *pass = context;
	struct expressions_scratch *scratch = pass->scratch;
	uint64_t *word = &scratch->seen[id / 64], bit = UINT64_C(1) << id % 64;
	uint8_t field = pass->set->fields[id];

	(void)from, (void)flags;
	if ((*word & bit) || (!(field & EXPRESSIONS_OWN_LINE) && !ends_in(pass->text, field, to)))
		return 0;
	if (scratch->hit_count == EXPRESSIONS_HITS) {
		scratch->overflowed = true;
		return 1;
	}
	*word |= bit;
	scratch->hits[scratch->hit_count++] = id;
	return 0;
}

// Bits by the list of hits: the bitmap may be large, a request's hits are few.
static void forget(struct expressions_scratch *scratch) {
	for (uint32_t i = 0; i < scratch->hit_count; i++)
		scratch->seen[scratch->hits[i] / 64] = 0;
	scratch->hit_count = 0;
	scratch->overflowed = false;
}

bool expressions_scan(
	const struct expressions *set, struct expressions_scratch *scratch, const struct expressions_text *text
) {
	struct pass pass = {.set = set, .text = text, .scratch = scratch};
	hs_error_t error;

	forget(scratch);
	if (set->count == 0 || text->len == 0)
		return false;
	error = hs_scan(set->database, text->buf, text->len, 0, scratch->scratch, on_match, &pass);
	assert(error == HS_SUCCESS || error == HS_SCAN_TERMINATED);
	// Never seen, but a pass that failed must not pass for one that found nothing.
	if (unlikely(error != HS_SUCCESS))
		scratch->overflowed = true;
	return scratch->hit_count > 0 || scratch->overflowed;
}

static void
take_captures(const char *value, const size_t *offsets, uint32_t count, struct expressions_captures *ret_captures) {
	ret_captures->count = count;
	for (uint32_t i = 0; i < count; i++) {
		size_t start = offsets[2 * i], end = offsets[2 * i + 1];

		ret_captures->groups[i] =
			start <= end && end != PCRE2_UNSET ? str_of(value + start, end - start) : (struct str){0};
	}
}

enum expressions_verdict expressions_confirm(
	const struct expressions *set,
	struct expressions_scratch *scratch,
	const struct expressions_text *text,
	uint32_t id,
	struct expressions_captures *ret_captures
) {
	uint8_t field = set->fields[id] & (uint8_t)~EXPRESSIONS_OWN_LINE;
	enum expressions_verdict verdict = EXPRESSIONS_REFUSED;

	for (uint32_t i = 0; i < text->line_count; i++) {
		const struct expressions_line *line = &text->lines[i];
		PCRE2_SPTR value = (PCRE2_SPTR)text->buf + line->start;
		int groups;

		if (line->field != field)
			continue;
		groups = pcre2_match(
			set->codes[id], value, line->end - line->start, 0, 0, scratch->match, scratch->limits
		);
		if (groups >= 0) {
			// Nought: more groups than the match has room for.
			take_captures(
				(const char *)value,
				pcre2_get_ovector_pointer(scratch->match),
				groups ? (uint32_t)groups : EXPRESSIONS_GROUPS,
				ret_captures
			);
			return EXPRESSIONS_CONFIRMED;
		}
		if (groups != PCRE2_ERROR_NOMATCH)
			verdict = EXPRESSIONS_TOO_HARD;
	}
	return verdict;
}
