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

// Byte i of a literal in lower case; a space past its end.
#define BYTE(text, i)                                                                                                  \
	((i) < sizeof(text) - 1 ? (uint64_t)(uint8_t)((text)[(i) < sizeof(text) - 1 ? (i) : 0] | 0x20) : 0x20)
#define EIGHT(text, i)                                                                                                 \
	(BYTE(text, i) | BYTE(text, (i) + 1) << 8 | BYTE(text, (i) + 2) << 16 | BYTE(text, (i) + 3) << 24 |            \
	 BYTE(text, (i) + 4) << 32 | BYTE(text, (i) + 5) << 40 | BYTE(text, (i) + 6) << 48 | BYTE(text, (i) + 7) << 56)

const struct header_words header_words[HDR_COUNT] = {
#define X(id, text, letter, is_list) [HDR_##id] = {{EIGHT(text, 0), EIGHT(text, 8), EIGHT(text, 16), EIGHT(text, 24)}},
#include "sip/header.def"
#undef X
};

// Two names in one slot do not compile.
const uint8_t header_by_slot[256] = {
#define X(id, text, letter, is_list) [HEADER_SLOT(EIGHT(text, 0), EIGHT(text, 8))] = HDR_##id,
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

// Eight bytes of a name from `at` on, as in header_words.
static inline uint64_t eight(struct str name, uint32_t at) {
	const char *p = name.ptr + at;
	uint32_t len = name.len > at ? name.len - at : 0;
	uint64_t word = 0;

	if (likely(len >= 8)) {
		memcpy(&word, p, 8);
	} else if (len >= 4) {
		uint32_t low, high;

		memcpy(&low, p, 4);
		memcpy(&high, p + len - 4, 4);
		word = low | (uint64_t)high << 8 * (len - 4);
	} else if (len > 0) {
		word = (uint8_t)p[0] | (uint64_t)(uint8_t)p[len / 2] << 8 * (len / 2) |
		       (uint64_t)(uint8_t)p[len - 1] << 8 * (len - 1);
	}
	return word | HEADER_SPACES;
}

enum sip_header_id sip_header_find(struct str name) {
	enum sip_header_id id;

	if (name.len < 2)
		return name.len == 1 ? (enum sip_header_id)header_by_letter[(uint8_t)name.ptr[0]] : HDR_OTHER;
	id = (enum sip_header_id)header_by_slot[HEADER_SLOT(eight(name, 0), eight(name, 8))];
	return headers[id].name.len == name.len && same(headers[id].name.ptr, name.ptr, name.len) ? id : HDR_OTHER;
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
