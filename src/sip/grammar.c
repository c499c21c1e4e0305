// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/grammar.h"

#define TOKEN (CLASS_TOKEN | CLASS_WORD | CLASS_VALUE | CLASS_QUOTED)
#define UNRESERVED (CLASS_USER | CLASS_PASSWORD | CLASS_PARAM | CLASS_HEADER | CLASS_OPAQUE | CLASS_QUOTED)
#define ALNUM (TOKEN | UNRESERVED | CLASS_HOST | CLASS_SCHEME)

// clang-format off
const uint16_t sip_class[256] = {
	['0' ... '9'] = ALNUM | CLASS_DIGIT | CLASS_HEX,
	['a' ... 'f'] = ALNUM | CLASS_HEX,
	['g' ... 'z'] = ALNUM,
	['A' ... 'F'] = ALNUM | CLASS_HEX,
	['G' ... 'Z'] = ALNUM,
	['-'] = TOKEN | UNRESERVED | CLASS_HOST | CLASS_SCHEME,
	['.'] = TOKEN | UNRESERVED | CLASS_SCHEME,
	['_'] = TOKEN | UNRESERVED | CLASS_HOST,
	['!'] = TOKEN | UNRESERVED,
	['*'] = TOKEN | UNRESERVED,
	['\''] = TOKEN | UNRESERVED,
	['~'] = TOKEN | UNRESERVED,
	['%'] = TOKEN,
	['`'] = TOKEN,
	['+'] = TOKEN | UNRESERVED | CLASS_SCHEME,
	['('] = UNRESERVED | CLASS_WORD,
	[')'] = UNRESERVED | CLASS_WORD,
	['$'] = UNRESERVED,
	['&'] = CLASS_USER | CLASS_PASSWORD | CLASS_PARAM | CLASS_OPAQUE | CLASS_QUOTED,
	['='] = CLASS_USER | CLASS_PASSWORD | CLASS_OPAQUE | CLASS_QUOTED,
	[','] = CLASS_LIST | CLASS_USER | CLASS_PASSWORD | CLASS_OPAQUE | CLASS_QUOTED,
	[';'] = CLASS_USER | CLASS_OPAQUE | CLASS_QUOTED,
	['#'] = CLASS_USER | CLASS_OPAQUE | CLASS_QUOTED,
	['?'] = CLASS_USER | CLASS_HEADER | CLASS_OPAQUE | CLASS_QUOTED | CLASS_WORD,
	['/'] = CLASS_USER | CLASS_PARAM | CLASS_HEADER | CLASS_OPAQUE | CLASS_QUOTED | CLASS_WORD,
	[':'] = CLASS_PARAM | CLASS_HEADER | CLASS_OPAQUE | CLASS_QUOTED | CLASS_WORD | CLASS_VALUE,
	['['] = CLASS_PARAM | CLASS_HEADER | CLASS_OPAQUE | CLASS_QUOTED | CLASS_WORD | CLASS_VALUE,
	[']'] = CLASS_PARAM | CLASS_HEADER | CLASS_OPAQUE | CLASS_QUOTED | CLASS_WORD | CLASS_VALUE,
	['@'] = CLASS_OPAQUE | CLASS_QUOTED,
	['<'] = CLASS_LIST | CLASS_WORD | CLASS_QUOTED,
	['>'] = CLASS_WORD | CLASS_QUOTED,
	['{'] = CLASS_WORD | CLASS_QUOTED,
	['}'] = CLASS_WORD | CLASS_QUOTED,
	['^'] = CLASS_QUOTED,
	['|'] = CLASS_QUOTED,
	['"'] = CLASS_LIST | CLASS_WORD,
	['\\'] = CLASS_WORD,
	[' '] = CLASS_BLANK | CLASS_QUOTED,
	['\t'] = CLASS_BLANK | CLASS_QUOTED,
	['\r'] = CLASS_LIST | CLASS_LINE,
	['\n'] = CLASS_LIST | CLASS_LINE,
	[0x80 ... 0xff] = CLASS_QUOTED,
};
// clang-format on

const char *sip_skip_escaped(const char *p, const char *end, unsigned class) {
	for (;;) {
		p = skip_class(p, end, class);
		if (p == end || *p != '%')
			return p;
		if (end - p < 3 || !(class_of(p[1]) & class_of(p[2]) & CLASS_HEX))
			return NULL;
		p += 3;
	}
}

const char *sip_skip_fold(const char *p, const char *end) {
	for (;;) {
		const char *next = p;

		if (next < end && *next == '\r')
			next++;
		if (next == end || *next != '\n' || ++next == end || !(class_of(*next) & CLASS_BLANK))
			return p;
		p = skip_class(next, end, CLASS_BLANK);
	}
}

const char *sip_skip_quoted(const char *p, const char *end) {
	p++;
	for (;;) {
		p = skip_class(p, end, CLASS_QUOTED);
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			if (end - p < 2 || class_of(p[1]) & CLASS_LINE || (unsigned char)p[1] > 0x7f)
				return NULL;
			p += 2;
			continue;
		}
		const char *next = sip_skip_fold(p, end);

		if (next == p)
			return NULL;
		p = next;
	}
}

static const char *take_ipv6(const char *p, const char *end, struct str *ret_host) {
	const char *close = memchr(p, ']', (size_t)(end - p));
	struct ip_addr addr;

	if (close == NULL || !ip_parse(str_between(p + 1, close), &addr) || addr.family != IP_V6)
		return NULL;
	*ret_host = str_between(p, close + 1);
	return close + 1;
}

static bool is_octet(struct str digits) {
	unsigned value = 0;

	if (digits.len > 3)
		return false;
	for (uint32_t i = 0; i < digits.len; i++)
		value = value * 10 + (unsigned)(digits.ptr[i] - '0');
	return value <= 255;
}

// A name whose last label is a number is an IPv4 address or nothing.
const char *sip_take_host(const char *p, const char *end, struct str *ret_host) {
	const char *start = p;
	unsigned labels = 0, octets = 0;
	bool number = false;

	if (p < end && *p == '[')
		return take_ipv6(p, end, ret_host);
	for (;;) {
		const char *label = p;
		unsigned shared = UINT16_MAX;

		for (; p < end && class_of(*p) & CLASS_HOST; p++)
			shared &= class_of(*p);
		if (p == label) {
			if (labels == 0 || number)
				return NULL;
			break;
		}
		if (*label == '-' || p[-1] == '-')
			return NULL;
		number = shared & CLASS_DIGIT;
		labels++;
		octets += number && is_octet(str_between(label, p));
		if (p == end || *p != '.')
			break;
		p++;
	}
	if (number && (labels != 4 || octets != 4))
		return NULL;
	*ret_host = str_between(start, p);
	return p;
}

const char *sip_take_port(const char *p, const char *end, uint16_t *ret_port) {
	uint32_t port = 0;

	for (; p < end && class_of(*p) & CLASS_DIGIT; p++) {
		port = port * 10 + (uint32_t)(*p - '0');
		if (port > UINT16_MAX)
			return NULL;
	}
	if (port == 0)
		return NULL;
	*ret_port = (uint16_t)port;
	return p;
}
