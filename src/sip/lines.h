// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the four locators share: line by line, from the line ends they find, the index grows here and only here, so
// that they cannot disagree on what a line is. Internal to src/sip.
#pragma once

#include "sip/lex.h"
#include "sip/locate.h"
#include "sip/uri.h"

#define LINES_NO_COLON UINT32_MAX

struct lines {
	struct sip_index *index;
	const char *buf;
	uint32_t len;
	uint32_t headers_max;
	uint32_t start;		// of the line that comes next
	bool ended;		// the empty line was found, or a fault
	enum sip_located fault; // of the first line at fault
};

static inline struct lines lines_begin(struct sip_index *index, const char *buf, size_t len, uint32_t headers_max) {
	struct lines lines = {.index = index, .buf = buf, .len = (uint32_t)len};

	assert(len <= SIP_MESSAGE_MAX);
	lines.headers_max = headers_max < SIP_HEADERS_MAX ? headers_max : SIP_HEADERS_MAX;
	while (lines.start < len && (buf[lines.start] == '\r' || buf[lines.start] == '\n'))
		lines.start++;
	index->first_line = (uint16_t)lines.start;
	index->first_line_end = index->body = index->count = index->mark_count = index->marked = 0;
	return lines;
}

static inline void lines_fail(struct lines *lines, enum sip_located fault) {
	lines->fault = fault;
	lines->ended = true;
}

static inline void lines_add_header(struct lines *lines, uint32_t end, uint32_t colon, enum sip_header_id id) {
	struct sip_index *index = lines->index;
	const char *name = lines->buf + lines->start;
	uint32_t name_len = colon - lines->start;

	if (unlikely(colon >= end))
		return lines_fail(lines, SIP_LOCATED_BAD_LINE);
	while (name_len > 0 && (name[name_len - 1] == ' ' || name[name_len - 1] == '\t'))
		name_len--;
	if (id == HDR_OTHER)
		id = sip_header_find(str_of(name, name_len));
	if (unlikely(id == HDR_OTHER && !sip_is_token(str_of(name, name_len))))
		return lines_fail(lines, SIP_LOCATED_BAD_LINE);
	if (unlikely(index->count == lines->headers_max))
		return lines_fail(lines, SIP_LOCATED_TOO_MANY);
	index->header[index->count++] = (struct sip_header){
		.start = (uint16_t)lines->start,
		.value = (uint16_t)(colon + 1),
		.end = (uint16_t)end,
		.id = (uint8_t)id,
		.name_len = name_len < UINT8_MAX ? (uint8_t)name_len : UINT8_MAX,
	};
}

// The next line, which ends at the LF `lf`. `colon` is the first in the line, or anything past it when it has none;
// of no meaning in the start line, a folded line and the empty line. `id`: of the name before the colon where the
// caller knows it, else HDR_OTHER.
static inline void lines_take(struct lines *lines, uint32_t lf, uint32_t colon, enum sip_header_id id) {
	struct sip_index *index = lines->index;
	uint32_t end = lf > lines->start && lines->buf[lf - 1] == '\r' ? lf - 1 : lf;
	char first = lines->buf[lines->start];

	if (unlikely(index->first_line_end == 0)) {
		index->first_line_end = (uint16_t)end;
	} else if (unlikely(end == lines->start)) {
		index->body = (uint16_t)(lf + 1);
		lines->ended = true;
	} else if (unlikely(first == ' ' || first == '\t')) {
		if (index->count == 0)
			return lines_fail(lines, SIP_LOCATED_BAD_LINE);
		index->header[index->count - 1].end = (uint16_t)end;
	} else {
		lines_add_header(lines, end, colon, id);
	}
	lines->start = lf + 1;
}

// The outcome once no line is left or lines.ended is set. `odd`: the header section holds a NUL or a bare CR.
enum sip_located lines_finish(const struct lines *lines, bool odd);
