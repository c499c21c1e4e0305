// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// One datagram, parsed: RFC 3261 section 7. All text is slices into the datagram, which the message does not own and
// which must outlive it unmoved. Plain C: no DPDK, no clock, no globals; a message is parsed in one pass and never
// looked at twice by those who use the fields here.
#pragma once

#include "base/count.h"
#include "sip/locate.h"
#include "sip/uri.h"

enum sip_method {
	SIP_METHOD_OTHER,
	SIP_INVITE,
	SIP_ACK,
	SIP_BYE,
	SIP_CANCEL,
	SIP_OPTIONS,
	SIP_REGISTER,
	SIP_PRACK,
	SIP_UPDATE,
	SIP_INFO,
	SIP_SUBSCRIBE,
	SIP_NOTIFY,
	SIP_REFER,
	SIP_MESSAGE,
	SIP_PUBLISH,
	SIP_METHOD_COUNT,
};

// Methods are case-sensitive.
enum sip_method sip_method_find(struct str text);
struct str sip_method_name(enum sip_method method); // "other" for SIP_METHOD_OTHER

enum sip_verdict {
	SIP_OK,
	SIP_KEEPALIVE, // nothing but CR, LF or NUL-free white space: not a message, not an error
#define X(id, status, count, text) SIP_BAD_##id,
#include "sip/verdict.def"
#undef X
	SIP_VERDICT_COUNT,
};

uint16_t sip_verdict_status(enum sip_verdict verdict);	// 0 for SIP_OK and SIP_KEEPALIVE
enum count sip_verdict_count(enum sip_verdict verdict); // not for SIP_OK, which nothing counts
struct str sip_verdict_text(enum sip_verdict verdict);	// reason phrase; empty for SIP_OK and SIP_KEEPALIVE

struct sip_limits {
	uint32_t headers_max; // at most SIP_HEADERS_MAX
	uint32_t vias_max;
	uint32_t routes_max; // entries of Route and of Record-Route, each, of a request; 0: any number
	uint32_t body_max;   // bytes of a request's body; 0: any number
};

#define SIP_MAX_FORWARDS_NONE 256

struct sip_msg {
	const char *buf;
	uint16_t len; // of the message: up to the end of the body; extra bytes of the datagram are cut off

	bool is_good; // sip_parse said SIP_OK
	bool is_request;
	enum sip_method method; // of a response: the CSeq's
	struct str method_text;
	struct str request_uri; // as written
	struct sip_uri uri;	// the same, parsed; requests only
	uint16_t status;	// responses: 100 to 699
	struct str reason;

	uint16_t via_count;	  // entries in all Via headers, the list commas counted
	struct sip_via via;	  // the top one; when it is malformed, what comes before its parameters, for an answer
	bool via_alone;		  // the top Via entry is the only one of its header line
	struct sip_via via_below; // the second entry: whom a response goes on to; zero when there is none
	struct sip_name_addr from, to;
	struct str call_id;
	uint32_t cseq;
	uint16_t max_forwards; // 0 to 255, or SIP_MAX_FORWARDS_NONE
	struct str max_forwards_digits;
	bool has_content_length;
	struct str body;

	// Index of the first header of each identifier, or -1.
	int16_t first[HDR_COUNT];
	// Index of the next header with the same identifier, or -1.
	int16_t next[SIP_HEADERS_MAX];
	struct sip_index index;
};

// Parses a datagram (len at most SIP_MESSAGE_MAX). Checks the start line, the header lines, that what may occur once
// does, and the grammar of Via (all entries), From, To, Call-ID, CSeq (and its method), Max-Forwards and
// Content-Length, and the limits; a missing Content-Length means the body is the rest of the datagram. When it returns
// an error, fields parsed before the fault are set and the rest is zero, so that a response can be built if Via, From,
// To, Call-ID and CSeq are there (see sip_can_answer).
enum sip_verdict sip_parse(
	struct sip_msg *msg,
	const char *buf,
	size_t len,
	const struct sip_limits *limits,
	const struct sip_locator *locator
);

// True when a message that did not parse, or did, is a request and has what a response must copy (RFC 3261 8.2.6.2),
// each of which can be copied without making a malformed message: top Via parsed, From, To, Call-ID, CSeq located.
bool sip_can_answer(const struct sip_msg *msg);

static inline struct str sip_header_value(const struct sip_msg *msg, int index) {
	const struct sip_header *header = &msg->index.header[index];

	return str_trim(str_of(msg->buf + header->value, (size_t)(header->end - header->value)));
}

static inline bool sip_is_repeated(const struct sip_msg *msg, enum sip_header_id id) {
	return msg->first[id] >= 0 && msg->next[msg->first[id]] >= 0;
}

// Value of the first header of that name, or empty (ptr NULL) when there is none.
static inline struct str sip_header_first(const struct sip_msg *msg, enum sip_header_id id) {
	return msg->first[id] < 0 ? (struct str){0} : sip_header_value(msg, msg->first[id]);
}

// Walks the entries of all headers of that name as one list (RFC 3261 7.3.1). Zero the walk first, set id.
// Returns 1 and the entry, 0 at the end, -1 when the list is malformed.
struct sip_walk {
	enum sip_header_id id;
	bool started;
	int16_t at;	 // header index of the entry last given
	struct str rest; // what is left of that header
};
int sip_walk_next(const struct sip_msg *msg, struct sip_walk *walk, struct str *ret_entry);

// The first Contact's URI, or empty.
struct str sip_contact_uri(const struct sip_msg *msg);

// True when tag is listed in a header of option tags (Require, Proxy-Require, Supported), case-insensitive.
bool sip_has_option(const struct sip_msg *msg, enum sip_header_id id, struct str tag);
