// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The call detail record, as it goes by value over a ring from the worker that owned the call to the control core. One
// record is one call, with its attempts inside: what is written, lost or counted is always a whole call, and nobody has
// to join records. Names are text and not indices: the record may be read after the configuration was swapped.
#pragma once

#include "base/ip.h"

#define CDR_BYTES 1024
#define CDR_ATTEMPTS_MAX TARGETS_MAX
#define CDR_NAME_MAX 64 // bytes kept of the name of a trunk in an attempt

enum cdr_kind {
	CDR_CALL,   // was answered
	CDR_FAILED, // was not
	CDR_KIND_COUNT,
};

// Who ended it.
enum cdr_side {
	CDR_BY_CALLER,
	CDR_BY_CALLEE,
	CDR_BY_TANDEM, // refused, rejected by a rule, drained, ended by command
	CDR_BY_TIMER,  // nobody answered or nothing was heard any more
	CDR_SIDE_COUNT,
};

enum cdr_limit {
	CDR_LIMIT_NONE,
	CDR_LIMIT_CALLS,    // in progress
	CDR_LIMIT_ATTEMPTS, // a second
	CDR_LIMIT_CAPACITY, // of tandem itself: memory or time
	CDR_LIMIT_COUNT,
};

enum cdr_result {
	CDR_PENDING,	 // no end is known
	CDR_ANSWERED,	 // 2xx
	CDR_REFUSED,	 // another final answer
	CDR_TIMEOUT,	 // no final answer in time
	CDR_UNREACHABLE, // could not be sent, or ICMP said so
	CDR_CANCELLED,	 // by the caller, or another attempt was answered
	CDR_LIMITED,	 // not tried, a limit of the trunk was reached
	CDR_RESULT_COUNT,
};

enum cdr_text {
	CDR_CALL_ID,
	CDR_FROM_TAG,
	CDR_TO_TAG,
	CDR_TRUNK_IN,
	CDR_TRUNK_OUT,
	CDR_LISTENER,
	CDR_RULE,
	CDR_LIMIT_NAME, // the trunk or class whose limit was hit
	CDR_CALLER_IN,	// numbers as received and as sent
	CDR_CALLER_OUT,
	CDR_CALLEE_IN,
	CDR_CALLEE_OUT,
	CDR_ASSERTED, // user part of P-Asserted-Identity
	CDR_REQUEST_URI,
	CDR_TEXT_COUNT,
};
#define CDR_CUT_ATTEMPTS (1u << CDR_TEXT_COUNT) // of cdr.cut: an attempt or the name of its trunk had no room

// Bytes of cdr.room.
struct cdr_slice {
	uint16_t at, len;
};

// Times are milliseconds after cdr.received_us: 32 bits hold seven weeks.
struct cdr_attempt {
	uint32_t start_ms, end_ms;
	struct endpoint to;
	struct cdr_slice trunk;
	uint16_t status; // final answer; 0 = none
	uint8_t result;	 // enum cdr_result
};

// Filled by one worker, read by the control core; by value only. Times are microseconds since the epoch, 0 = was not.
struct cdr {
	uint64_t id; // cdr_id
	uint64_t received_us, first_attempt_us, ringing_us, answered_us, ended_us;
	struct endpoint source, destination;
	uint32_t config_version;
	uint32_t cut; // bit of each enum cdr_text that was cut, and CDR_CUT_ATTEMPTS
	struct cdr_slice text[CDR_TEXT_COUNT];
	uint16_t status; // final answer to the caller's INVITE
	uint16_t attempts_total;
	uint16_t text_len; // used at the front of `room`
	uint8_t attempt_count;
	uint8_t kind;		    // enum cdr_kind
	uint8_t side;		    // enum cdr_side
	uint8_t limit;		    // enum cdr_limit
	uint8_t q850;		    // cause of a Reason header (RFC 3326); 0 = none
	uint8_t media_reserved[53]; // for codec, packets, loss and jitter of both directions; zero until there is media
	alignas(8) char room[808];  // text from the front, attempts from the end
};
static_assert(sizeof(struct cdr) == CDR_BYTES && CDR_BYTES % 4 == 0, "ring element");
static_assert(offsetof(struct cdr, room) % alignof(struct cdr_attempt) == 0, "attempts are aligned");
static_assert(sizeof(((struct cdr *)0)->room) % alignof(struct cdr_attempt) == 0, "from the end as well");
static_assert(CDR_TEXT_COUNT < 32, "bits of `cut`");

// Unique while one worker starts fewer than 2^26 records a second: 32 bits of its second, 6 of the worker, 26 of a
// count that runs on from second to second, so that a clock set back does no harm.
static inline uint64_t cdr_id(uint64_t received_us, uint8_t worker, uint32_t count) {
	return (uint64_t)(uint32_t)(received_us / 1000000) << 32 | (uint64_t)(worker & 63) << 26 | (count & 0x3ffffff);
}

static inline void cdr_init(struct cdr *cdr) {
	memset(cdr, 0, offsetof(struct cdr, room));
}

static inline struct cdr_attempt *cdr_attempt(struct cdr *cdr, uint32_t i) {
	return (struct cdr_attempt *)(void *)(cdr->room + sizeof(cdr->room)) - 1 - i;
}

static inline const struct cdr_attempt *cdr_attempt_read(const struct cdr *cdr, uint32_t i) {
	return (const struct cdr_attempt *)(const void *)(cdr->room + sizeof(cdr->room)) - 1 - i;
}

static inline uint32_t cdr_room_left(const struct cdr *cdr) {
	return (uint32_t)(sizeof(cdr->room) - cdr->text_len - cdr->attempt_count * sizeof(struct cdr_attempt));
}

// Copies what has room, no more than `max` bytes and no half UTF-8 character; sets `bit` of `cut` when it is not all.
static inline struct cdr_slice cdr_pack(struct cdr *cdr, struct str text, uint32_t max, uint32_t bit) {
	uint32_t room = cdr_room_left(cdr), len = text.len;
	struct cdr_slice slice = {.at = cdr->text_len};

	if (len > max)
		len = max;
	if (len > room)
		len = room;
	if (len < text.len) {
		cdr->cut |= bit;
		while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
			len--;
	}
	if (len)
		memcpy(cdr->room + cdr->text_len, text.ptr, len);
	slice.len = (uint16_t)len;
	cdr->text_len = (uint16_t)(cdr->text_len + len);
	return slice;
}

// Once for each text; after the attempts, in the order of importance: what comes last is cut first.
static inline void cdr_text_set(struct cdr *cdr, enum cdr_text which, struct str text) {
	cdr->text[which] = cdr_pack(cdr, text, sizeof(cdr->room), 1u << which);
}

static inline struct str cdr_slice_read(const struct cdr *cdr, struct cdr_slice slice) {
	return str_of(cdr->room + slice.at, slice.len);
}

static inline struct str cdr_text_read(const struct cdr *cdr, enum cdr_text which) {
	return cdr_slice_read(cdr, cdr->text[which]);
}

// The next attempt, cleared, with the name of its trunk; NULL when CDR_ATTEMPTS_MAX are there or there is no room. It
// is counted either way.
static inline struct cdr_attempt *cdr_attempt_add(struct cdr *cdr, struct str trunk) {
	struct cdr_attempt *attempt, *last = cdr->attempt_count ? cdr_attempt(cdr, cdr->attempt_count - 1u) : NULL;

	if (cdr->attempts_total < UINT16_MAX)
		cdr->attempts_total++;
	if (cdr->attempt_count == CDR_ATTEMPTS_MAX || cdr_room_left(cdr) < sizeof(*attempt)) {
		cdr->cut |= CDR_CUT_ATTEMPTS;
		return NULL;
	}
	attempt = cdr_attempt(cdr, cdr->attempt_count++);
	*attempt = (struct cdr_attempt){0};
	if (last && str_eq(cdr_slice_read(cdr, last->trunk), trunk))
		attempt->trunk = last->trunk;
	else
		attempt->trunk = cdr_pack(cdr, trunk, CDR_NAME_MAX, CDR_CUT_ATTEMPTS);
	return attempt;
}
