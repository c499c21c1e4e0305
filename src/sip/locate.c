// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/locate.h"

#include <errno.h>

#include "sip/lines.h"
#include "sip/locate_simd.h"
#include "sip/scan.h"

// NULs may stand in quoted strings of header values; bare CRs nowhere.
static bool odd_bytes_are_quoted(const struct sip_index *index, const char *buf) {
	uint32_t from = index->first_line;

	for (uint32_t i = 0; i < index->count; i++) {
		const struct sip_header *header = &index->header[i];

		if (lex_has_odd_bytes(str_of(buf + from, header->value - from)) ||
		    !lex_is_value(str_of(buf + header->value, (size_t)(header->end - header->value))))
			return false;
		from = header->end;
	}
	return !lex_has_odd_bytes(str_of(buf + from, index->body - from));
}

enum sip_located lines_finish(const struct lines *lines, bool odd) {
	if (lines->fault != SIP_LOCATED)
		return lines->fault;
	if (!lines->ended)
		return SIP_LOCATED_NO_END;
	if (unlikely(odd) && !odd_bytes_are_quoted(lines->index, lines->buf))
		return SIP_LOCATED_BAD_LINE;
	return SIP_LOCATED;
}

enum sip_located sip_locate_scalar(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
) {
	struct lines lines = lines_begin(ret_index, buf, len, headers_max);
	bool odd = false;

	(void)self;
	while (!lines.ended && lines.start < len) {
		const char *start = buf + lines.start;
		const char *lf = memchr(start, '\n', len - lines.start);
		const char *colon = lf ? memchr(start, ':', (size_t)(lf - start)) : NULL;

		if (!lf)
			break;
		odd |= lex_has_odd_bytes(str_of(start, (size_t)(lf + 1 - start)));
		lines_take(&lines, (uint32_t)(lf - buf), colon ? (uint32_t)(colon - buf) : LINES_NO_COLON, HDR_OTHER);
	}
	return lines_finish(&lines, odd);
}

int sip_locator_init(struct sip_locator *locator, enum locator_kind kind) {
	if (kind == LOCATOR_AUTO)
		kind = lex_has_avx512() ? LOCATOR_AVX512 : lex_has_avx2() ? LOCATOR_AVX2 : LOCATOR_SCALAR;
	*locator = (struct sip_locator){.kind = kind};
	switch (kind) {
	case LOCATOR_AUTO:
	case LOCATOR_SCALAR:
		locator->locate = sip_locate_scalar;
		return 0;
	case LOCATOR_AVX512:
		locator->locate = sip_locate_avx512;
		return lex_has_avx512() ? 0 : -ENOTSUP;
	case LOCATOR_AVX2:
		locator->locate = sip_locate_avx2;
		return lex_has_avx2() ? 0 : -ENOTSUP;
	case LOCATOR_HYPERSCAN:
		locator->locate = sip_scan_locate;
		return sip_scan_init(locator);
	}
	return -ENOTSUP;
}

void sip_locator_fini(struct sip_locator *locator) {
	if (locator->kind == LOCATOR_HYPERSCAN)
		sip_scan_fini(locator);
	*locator = (struct sip_locator){0};
}

const char *sip_locator_name(enum locator_kind kind) {
	static const char *const names[] = {
		[LOCATOR_AUTO] = "auto",
		[LOCATOR_AVX512] = "avx512",
		[LOCATOR_AVX2] = "avx2",
		[LOCATOR_SCALAR] = "scalar",
		[LOCATOR_HYPERSCAN] = "hyperscan",
	};

	return names[kind];
}

// Past the colon of the line at `at` when it is a Call-ID header, else 0.
static uint32_t call_id_value(struct str text, uint32_t at) {
	uint32_t end = at, colon;

	while (end < text.len && text.ptr[end] != ':' && !char_is_lws(text.ptr[end]))
		end++;
	colon = end;
	while (colon < text.len && (text.ptr[colon] == ' ' || text.ptr[colon] == '\t'))
		colon++;
	if (colon == text.len || text.ptr[colon] != ':')
		return 0;
	return sip_header_find(str_of(text.ptr + at, end - at)) == HDR_CALL_ID ? colon + 1 : 0;
}

// The value from `from` to the end of its last folded line; empty when no line end comes.
static struct str folded_value(struct str text, uint32_t from) {
	uint32_t at = from;

	for (;;) {
		const char *lf = memchr(text.ptr + at, '\n', text.len - at);

		if (!lf)
			return (struct str){0};
		at = (uint32_t)(lf - text.ptr) + 1;
		if (at == text.len || (text.ptr[at] != ' ' && text.ptr[at] != '\t'))
			return str_trim(str_of(text.ptr + from, at - from));
	}
}

struct str sip_peek_call_id(const char *buf, size_t len) {
	struct str text = str_of(buf, len);
	uint32_t at = 0;

	while (at < len && (buf[at] == '\r' || buf[at] == '\n'))
		at++;
	while ((at = lex_find_line(text, at, 'c', 'i')) < len) {
		uint32_t value = call_id_value(text, at);

		if (value)
			return folded_value(text, value);
		if (buf[at] == '\n' || (buf[at] == '\r' && at + 1 < len && buf[at + 1] == '\n'))
			break;
		// On to the next line: what begins here is no line start any more.
		const char *lf = memchr(buf + at, '\n', len - at);

		if (!lf)
			break;
		at = (uint32_t)(lf - buf) + 1;
	}
	return (struct str){0};
}
