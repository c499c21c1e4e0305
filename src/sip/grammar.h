// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of src/sip: the character classes of RFC 3261 section 25.1 and the steps its parsers share. A step takes a
// position and the end of the text and gives back where it stopped, or NULL when the text is malformed.
#pragma once

#include "base/str.h"
#include "sip/uri.h"

enum sip_class {
	CLASS_TOKEN = 1 << 0,
	CLASS_WORD = 1 << 1,
	CLASS_USER = 1 << 2,	 // user, escapes apart; '#' as well, which dial strings bring unescaped
	CLASS_PASSWORD = 1 << 3, // escapes apart
	CLASS_PARAM = 1 << 4,	 // of a URI parameter, escapes apart
	CLASS_HEADER = 1 << 5,	 // of a URI header, escapes apart
	CLASS_OPAQUE = 1 << 6,	 // of a URI of another scheme, escapes apart
	CLASS_HOST = 1 << 7,	 // of a label; '_' as well, which host names in the field have
	CLASS_SCHEME = 1 << 8,
	CLASS_LIST = 1 << 9, // means something to whoever splits a comma list
	CLASS_DIGIT = 1 << 10,
	CLASS_HEX = 1 << 11,
	CLASS_QUOTED = 1 << 12, // qdtext without line ends
	CLASS_VALUE = 1 << 13,	// of an unquoted header parameter: token or host, IPv6 with or without brackets
	CLASS_BLANK = 1 << 14,	// SP, HTAB
	CLASS_LINE = 1 << 15,	// CR, LF
};

extern const uint16_t sip_class[256];

static inline unsigned class_of(char c) {
	return sip_class[(unsigned char)c];
}

static inline const char *skip_class(const char *p, const char *end, unsigned class) {
	while (p < end && class_of(*p) & class)
		p++;
	return p;
}

// Bytes of the class and "%" HEX HEX. The class must not hold '%'.
const char *sip_skip_escaped(const char *p, const char *end, unsigned class);

// p is at a CR or LF: past it and the white space behind it when that is a folded line, else p itself.
const char *sip_skip_fold(const char *p, const char *end);

// The word in any case; `lower` is letters, in lower case.
static inline bool is_word(struct str s, struct str lower) {
	if (s.len != lower.len)
		return false;
	for (uint32_t i = 0; i < lower.len; i++)
		if ((s.ptr[i] | 0x20) != lower.ptr[i])
			return false;
	return true;
}

// SWS. A line end that is no fold stops it, so that no grammar takes one.
static inline const char *skip_lws(const char *p, const char *end) {
	p = skip_class(p, end, CLASS_BLANK);
	return likely(p == end || !(class_of(*p) & CLASS_LINE)) ? p : sip_skip_fold(p, end);
}

// p is where a list entry ended: at the end, or past the comma and at the next entry; NULL when neither, or p is NULL.
static inline const char *skip_comma(const char *p, const char *end) {
	if (p == NULL || p == end)
		return p;
	if (*p != ',')
		return NULL;
	p = skip_lws(p + 1, end);
	return p < end && *p != ',' ? p : NULL;
}

// quoted-string; p is at its opening quote.
const char *sip_skip_quoted(const char *p, const char *end);

// hostname, IPv4address or IPv6reference.
const char *sip_take_host(const char *p, const char *end, struct str *ret_host);

// 1 to 65535.
const char *sip_take_port(const char *p, const char *end, uint16_t *ret_port);

static inline struct str str_between(const char *start, const char *end) {
	return str_of(start, (size_t)(end - start));
}

// The same without the white space before `end`.
static inline struct str str_between_trimmed(const char *start, const char *end) {
	while (end > start && class_of(end[-1]) & (CLASS_BLANK | CLASS_LINE))
		end--;
	return str_between(start, end);
}

// The classes all bytes of an unquoted value share; 0 for a quoted one or none.
struct param_scan {
	struct sip_param param;
	unsigned value_class;
};

// One parameter and the white space behind it; p is at its ';'.
static inline const char *
take_param(const char *p, const char *end, unsigned name_class, unsigned value_class, struct param_scan *ret_scan) {
	const char *start = skip_lws(p + 1, end);
	unsigned shared = UINT16_MAX;

	p = skip_class(start, end, name_class);
	if (p == start)
		return NULL;
	*ret_scan = (struct param_scan){.param.name = str_between(start, p)};
	p = skip_lws(p, end);
	if (p == end || *p != '=')
		return p;
	start = p = skip_lws(p + 1, end);
	if (p < end && *p == '"') {
		p = sip_skip_quoted(p, end);
		shared = 0;
	} else {
		for (; p < end && class_of(*p) & value_class; p++)
			shared &= class_of(*p);
	}
	if (p == NULL || p == start)
		return NULL;
	ret_scan->param.value = str_between(start, p);
	ret_scan->value_class = shared;
	return skip_lws(p, end);
}

// generic-param of a header.
static inline const char *take_header_param(const char *p, const char *end, struct param_scan *ret_scan) {
	return take_param(p, end, CLASS_TOKEN, CLASS_VALUE, ret_scan);
}
