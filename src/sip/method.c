// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/msg.h"

static const struct str names[SIP_METHOD_COUNT] = {
	[SIP_METHOD_OTHER] = {.ptr = "other", .len = 5},
#define NAME(method, text) [method] = {.ptr = (text), .len = sizeof(text) - 1}
	NAME(SIP_INVITE, "INVITE"),
	NAME(SIP_ACK, "ACK"),
	NAME(SIP_BYE, "BYE"),
	NAME(SIP_CANCEL, "CANCEL"),
	NAME(SIP_OPTIONS, "OPTIONS"),
	NAME(SIP_REGISTER, "REGISTER"),
	NAME(SIP_PRACK, "PRACK"),
	NAME(SIP_UPDATE, "UPDATE"),
	NAME(SIP_INFO, "INFO"),
	NAME(SIP_SUBSCRIBE, "SUBSCRIBE"),
	NAME(SIP_NOTIFY, "NOTIFY"),
	NAME(SIP_REFER, "REFER"),
	NAME(SIP_MESSAGE, "MESSAGE"),
	NAME(SIP_PUBLISH, "PUBLISH"),
#undef NAME
};

// A perfect table over the length and the first two letters.
#define SLOT(len, first, second) (((len) + (first) + (second)) & 63)

static const uint8_t by_slot[64] = {
	[SLOT(6, 'I', 'N')] = SIP_INVITE,
	[SLOT(3, 'A', 'C')] = SIP_ACK,
	[SLOT(3, 'B', 'Y')] = SIP_BYE,
	[SLOT(6, 'C', 'A')] = SIP_CANCEL,
	[SLOT(7, 'O', 'P')] = SIP_OPTIONS,
	[SLOT(8, 'R', 'E')] = SIP_REGISTER,
	[SLOT(5, 'P', 'R')] = SIP_PRACK,
	[SLOT(6, 'U', 'P')] = SIP_UPDATE,
	[SLOT(4, 'I', 'N')] = SIP_INFO,
	[SLOT(9, 'S', 'U')] = SIP_SUBSCRIBE,
	[SLOT(6, 'N', 'O')] = SIP_NOTIFY,
	[SLOT(5, 'R', 'E')] = SIP_REFER,
	[SLOT(7, 'M', 'E')] = SIP_MESSAGE,
	[SLOT(7, 'P', 'U')] = SIP_PUBLISH,
};

static inline uint32_t load(const char *p) {
	uint32_t bytes;

	memcpy(&bytes, p, sizeof(bytes));
	return bytes;
}

// Of 4 to 9 bytes: the first four, the last four, and the one that may lie between.
static inline bool same(const char *a, const char *b, uint32_t len) {
	return load(a) == load(b) && load(a + len - 4) == load(b + len - 4) && a[len / 2] == b[len / 2];
}

enum sip_method sip_method_find(struct str text) {
	enum sip_method method;

	if (text.len < 3)
		return SIP_METHOD_OTHER;
	method = by_slot[SLOT(text.len, text.ptr[0], text.ptr[1])];
	if (names[method].len != text.len || method == SIP_METHOD_OTHER)
		return SIP_METHOD_OTHER;
	if (text.len == 3)
		return memcmp(names[method].ptr, text.ptr, 3) == 0 ? method : SIP_METHOD_OTHER;
	return same(names[method].ptr, text.ptr, text.len) ? method : SIP_METHOD_OTHER;
}

struct str sip_method_name(enum sip_method method) {
	return names[method];
}
