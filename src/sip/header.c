// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/header.h"

#include "sip/header_words.h"

struct header_info {
	struct str name;
	char compact;
	bool list;
};

// clang-format off
static const struct header_info headers[HDR_COUNT] = {
#define X(id, text, letter, is_list)                                                                          \
	[HDR_##id] = {                                                                                                 \
		.name = {.ptr = (text), .len = sizeof(text) - 1}, .compact = (letter), .list = (is_list),              \
	},
#include "sip/header.def"
#undef X
};

// Byte i of a literal in lower case; 0 past its end.
#define BYTE(text, i) ((i) < sizeof(text) - 1 ? (uint64_t)(uint8_t)((text)[(i) < sizeof(text) - 1 ? (i) : 0] | 0x20) : 0)
#define EIGHT(text, i)                                                                                                 \
	(BYTE(text, i) | BYTE(text, (i) + 1) << 8 | BYTE(text, (i) + 2) << 16 | BYTE(text, (i) + 3) << 24 |            \
	 BYTE(text, (i) + 4) << 32 | BYTE(text, (i) + 5) << 40 | BYTE(text, (i) + 6) << 48 | BYTE(text, (i) + 7) << 56)

const struct header_words header_words[HDR_COUNT] = {
#define X(id, text, letter, is_list)                                                                          \
	[HDR_##id] = {                                                                                                 \
		.first = EIGHT(text, 0),                                                                               \
		.middle = EIGHT(text, 8),                                                                              \
		.last = EIGHT(text, sizeof(text) > 9 ? sizeof(text) - 9 : 0),                                          \
		.len = sizeof(text) - 1,                                                                               \
	},
#include "sip/header.def"
#undef X
};

const uint8_t header_by_letter[256] = {
#define COMPACT(lower, upper, id) [lower] = HDR_##id, [upper] = HDR_##id,
	COMPACT('a', 'A', ACCEPT_CONTACT)
	COMPACT('b', 'B', REFERRED_BY)
	COMPACT('c', 'C', CONTENT_TYPE)
	COMPACT('d', 'D', REQUEST_DISPOSITION)
	COMPACT('e', 'E', CONTENT_ENCODING)
	COMPACT('f', 'F', FROM)
	COMPACT('i', 'I', CALL_ID)
	COMPACT('j', 'J', REJECT_CONTACT)
	COMPACT('k', 'K', SUPPORTED)
	COMPACT('l', 'L', CONTENT_LENGTH)
	COMPACT('m', 'M', CONTACT)
	COMPACT('o', 'O', EVENT)
	COMPACT('r', 'R', REFER_TO)
	COMPACT('s', 'S', SUBJECT)
	COMPACT('t', 'T', TO)
	COMPACT('u', 'U', ALLOW_EVENTS)
	COMPACT('v', 'V', VIA)
	COMPACT('x', 'X', SESSION_EXPIRES)
	COMPACT('y', 'Y', IDENTITY)
#undef COMPACT
};

// A perfect table: length, first, middle and last character (lower case) of each name give a slot of its own. The
// multipliers were searched for; two names in one slot do not compile, a name without one fails header_test.
#define SLOT HEADER_SLOT

const uint8_t header_by_slot[256] = {
	[SLOT(3, 'v', 'i', 'a')] = HDR_VIA,
	[SLOT(4, 'f', 'o', 'm')] = HDR_FROM,
	[SLOT(2, 't', 'o', 'o')] = HDR_TO,
	[SLOT(7, 'c', 'l', 'd')] = HDR_CALL_ID,
	[SLOT(4, 'c', 'e', 'q')] = HDR_CSEQ,
	[SLOT(12, 'm', 'r', 's')] = HDR_MAX_FORWARDS,
	[SLOT(14, 'c', '-', 'h')] = HDR_CONTENT_LENGTH,
	[SLOT(12, 'c', 't', 'e')] = HDR_CONTENT_TYPE,
	[SLOT(16, 'c', 'e', 'g')] = HDR_CONTENT_ENCODING,
	[SLOT(19, 'c', 'i', 'n')] = HDR_CONTENT_DISPOSITION,
	[SLOT(16, 'c', 'l', 'e')] = HDR_CONTENT_LANGUAGE,
	[SLOT(7, 'c', 't', 't')] = HDR_CONTACT,
	[SLOT(5, 'r', 'u', 'e')] = HDR_ROUTE,
	[SLOT(12, 'r', '-', 'e')] = HDR_RECORD_ROUTE,
	[SLOT(4, 'p', 't', 'h')] = HDR_PATH,
	[SLOT(13, 's', 'e', 'e')] = HDR_SERVICE_ROUTE,
	[SLOT(7, 'r', 'u', 'e')] = HDR_REQUIRE,
	[SLOT(13, 'p', 'r', 'e')] = HDR_PROXY_REQUIRE,
	[SLOT(9, 's', 'o', 'd')] = HDR_SUPPORTED,
	[SLOT(11, 'u', 'p', 'd')] = HDR_UNSUPPORTED,
	[SLOT(5, 'a', 'l', 'w')] = HDR_ALLOW,
	[SLOT(12, 'a', 'e', 's')] = HDR_ALLOW_EVENTS,
	[SLOT(6, 'a', 'e', 't')] = HDR_ACCEPT,
	[SLOT(15, 'a', 'e', 'g')] = HDR_ACCEPT_ENCODING,
	[SLOT(15, 'a', 'l', 'e')] = HDR_ACCEPT_LANGUAGE,
	[SLOT(10, 'a', '-', 'o')] = HDR_ALERT_INFO,
	[SLOT(9, 'c', '-', 'o')] = HDR_CALL_INFO,
	[SLOT(10, 'e', '-', 'o')] = HDR_ERROR_INFO,
	[SLOT(7, 'e', 'i', 's')] = HDR_EXPIRES,
	[SLOT(11, 'm', 'x', 's')] = HDR_MIN_EXPIRES,
	[SLOT(15, 's', '-', 's')] = HDR_SESSION_EXPIRES,
	[SLOT(6, 'm', '-', 'e')] = HDR_MIN_SE,
	[SLOT(11, 'r', '-', 'r')] = HDR_RETRY_AFTER,
	[SLOT(9, 't', 's', 'p')] = HDR_TIMESTAMP,
	[SLOT(4, 'd', 't', 'e')] = HDR_DATE,
	[SLOT(12, 'm', 'e', 'n')] = HDR_MIME_VERSION,
	[SLOT(7, 's', 'j', 't')] = HDR_SUBJECT,
	[SLOT(12, 'o', 'z', 'n')] = HDR_ORGANIZATION,
	[SLOT(8, 'p', 'r', 'y')] = HDR_PRIORITY,
	[SLOT(11, 'i', 'p', 'o')] = HDR_IN_REPLY_TO,
	[SLOT(8, 'r', 'y', 'o')] = HDR_REPLY_TO,
	[SLOT(6, 's', 'v', 'r')] = HDR_SERVER,
	[SLOT(10, 'u', 'a', 't')] = HDR_USER_AGENT,
	[SLOT(7, 'w', 'n', 'g')] = HDR_WARNING,
	[SLOT(13, 'a', 'i', 'n')] = HDR_AUTHORIZATION,
	[SLOT(19, 'p', 'h', 'n')] = HDR_PROXY_AUTHORIZATION,
	[SLOT(16, 'w', 'e', 'e')] = HDR_WWW_AUTHENTICATE,
	[SLOT(18, 'p', 'h', 'e')] = HDR_PROXY_AUTHENTICATE,
	[SLOT(19, 'a', 'a', 'o')] = HDR_AUTHENTICATION_INFO,
	[SLOT(5, 'e', 'e', 't')] = HDR_EVENT,
	[SLOT(18, 's', 'i', 'e')] = HDR_SUBSCRIPTION_STATE,
	[SLOT(8, 'r', 'r', 'o')] = HDR_REFER_TO,
	[SLOT(11, 'r', 'r', 'y')] = HDR_REFERRED_BY,
	[SLOT(8, 'r', 'a', 's')] = HDR_REPLACES,
	[SLOT(4, 'j', 'i', 'n')] = HDR_JOIN,
	[SLOT(4, 'r', 'c', 'k')] = HDR_RACK,
	[SLOT(4, 'r', 'e', 'q')] = HDR_RSEQ,
	[SLOT(6, 'r', 's', 'n')] = HDR_REASON,
	[SLOT(19, 'p', 'd', 'y')] = HDR_P_ASSERTED_IDENTITY,
	[SLOT(20, 'p', 'd', 'y')] = HDR_P_PREFERRED_IDENTITY,
	[SLOT(7, 'p', 'v', 'y')] = HDR_PRIVACY,
	[SLOT(9, 'd', 'r', 'n')] = HDR_DIVERSION,
	[SLOT(12, 'h', 'y', 'o')] = HDR_HISTORY_INFO,
	[SLOT(8, 'i', 't', 'y')] = HDR_IDENTITY,
	[SLOT(11, 'm', 'r', 'h')] = HDR_MAX_BREADTH,
	[SLOT(17, 'r', '-', 'y')] = HDR_RESOURCE_PRIORITY,
	[SLOT(15, 's', 'y', 't')] = HDR_SECURITY_CLIENT,
	[SLOT(15, 's', 'y', 'r')] = HDR_SECURITY_SERVER,
	[SLOT(15, 's', 'y', 'y')] = HDR_SECURITY_VERIFY,
	[SLOT(8, 's', 'e', 'g')] = HDR_SIP_ETAG,
	[SLOT(12, 's', '-', 'h')] = HDR_SIP_IF_MATCH,
	[SLOT(19, 'r', 'i', 'n')] = HDR_REQUEST_DISPOSITION,
	[SLOT(14, 'a', 'c', 't')] = HDR_ACCEPT_CONTACT,
	[SLOT(14, 'r', 'c', 't')] = HDR_REJECT_CONTACT,
};
// clang-format on

// Lower case for letters; no other byte becomes a letter or '-'.
static inline uint64_t fold(uint64_t bytes) {
	return bytes | (bytes & 0x4040404040404040) >> 1;
}

static inline uint64_t load(const char *p, size_t size) {
	uint64_t bytes = 0;

	memcpy(&bytes, p, size);
	return fold(bytes);
}

// Two names of the same length of at least two. Words that overlap cover every length without a loop over bytes.
static inline bool same(const char *a, const char *b, uint32_t len) {
	if (len >= 8) {
		bool ends = load(a, 8) == load(b, 8) && load(a + len - 8, 8) == load(b + len - 8, 8);

		return ends && (len <= 16 || load(a + 8, 8) == load(b + 8, 8));
	}
	if (len >= 4)
		return load(a, 4) == load(b, 4) && load(a + len - 4, 4) == load(b + len - 4, 4);
	return load(a, 2) == load(b, 2) && load(a + len - 2, 2) == load(b + len - 2, 2);
}

enum sip_header_id sip_header_find(struct str name) {
	const char *p = name.ptr;
	enum sip_header_id id;

	if (name.len < 2)
		return name.len == 1 ? header_by_letter[(uint8_t)p[0]] : HDR_OTHER;
	id = header_by_slot[SLOT(name.len, p[0] | 0x20, p[name.len / 2] | 0x20, p[name.len - 1] | 0x20)];
	return headers[id].name.len == name.len && same(headers[id].name.ptr, p, name.len) ? id : HDR_OTHER;
}

struct str sip_header_name(enum sip_header_id id) {
	return headers[id].name;
}

char sip_header_compact(enum sip_header_id id) {
	return headers[id].compact;
}

bool sip_header_is_list(enum sip_header_id id) {
	return headers[id].list;
}
