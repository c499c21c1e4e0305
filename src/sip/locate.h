// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Header location: where each header line of a message starts, its value, its end, and which header it is. Four
// implementations behind one function type, identical on all inputs: AVX-512, AVX2, their scalar twin, and Hyperscan.
// None judges by a byte past the empty line that ends the headers.
#pragma once

#include "base/config.h"
#include "sip/header.h"

#define SIP_HEADERS_MAX 264 // more than the 256 a configuration may allow by what a proxy adds
#define SIP_MESSAGE_MAX 65535
#define SIP_MARKED_MAX 4096 // headers longer than that are parsed without marks
#define SIP_MARKS_MAX 1024  // the same of headers with more marks than that
#define SIP_MARKS_SLACK 64  // what may be written past the last one

// Offsets from the start of the message.
struct sip_header {
	uint16_t start;	  // of the name
	uint16_t value;	  // just past the colon
	uint16_t end;	  // of the value, line end excluded, folded lines included
	uint8_t id;	  // enum sip_header_id
	uint8_t name_len; // without white space before the colon; 255 = that long or longer
};

enum sip_located {
	SIP_LOCATED,
	SIP_LOCATED_NO_END,   // no empty line in the datagram
	SIP_LOCATED_BAD_LINE, // a line with no colon, or a name that is no token; a bare CR; a NUL outside of quotes
	SIP_LOCATED_TOO_MANY,
};

struct sip_index {
	uint16_t mark_count;	 // of mark[]; 0 = none
	uint16_t marked;	 // bytes from the start of the message that marks[] tells of; 0 = none
	uint16_t first_line;	 // of the start line: CR and LF in front of it are skipped (RFC 3261 7.5)
	uint16_t first_line_end; // of the start line, line end excluded; 0 when it does not end
	uint16_t body;		 // where the body begins (just past the empty line)
	uint16_t count;
	struct sip_header header[SIP_HEADERS_MAX];
	// Which bytes are not plain (sip/marks.h), for the parser to hop along. By-product of the AVX2 locator: bit i
	// is set when byte i is such. By-product of the AVX-512 locator: the positions of such bytes, and which of them
	// is the colon of each header.
	uint64_t marks[SIP_MARKED_MAX / 64];
	uint16_t colon[SIP_HEADERS_MAX];
	uint16_t mark[SIP_MARKS_MAX + SIP_MARKS_SLACK];
};

// A line ends with CRLF or a lone LF; one that begins with SP or HTAB continues the one before (RFC 3261 7.3.1), but
// nothing continues the start line. The first line at fault, in their order, decides; bare CRs and NULs are judged
// last, once the end of the headers is found. Anything but SIP_LOCATED leaves the index filled as far as it came,
// `count` right. Headers past `count` are not written.
struct sip_locator {
	enum sip_located (*locate
	)(const struct sip_locator *self,
	  const char *buf,
	  size_t len, // at most SIP_MESSAGE_MAX
	  uint32_t headers_max,
	  struct sip_index *ret_index);
	enum locator_kind kind;
	void *database; // Hyperscan: both of this locator alone
	void *scratch;
};

// A locator for one core. LOCATOR_AUTO gives the fastest this machine has. -ENOTSUP when the machine cannot run that
// kind (no AVX-512, no AVX2, no SSSE3 for Hyperscan), -ENOMEM.
int sip_locator_init(struct sip_locator *locator, enum locator_kind kind);
void sip_locator_fini(struct sip_locator *locator);

const char *sip_locator_name(enum locator_kind kind);

// The Call-ID of a datagram without looking further than needed, for the choice of the owner shard; empty when it has
// none. The same bytes sip_parse finds in any message it accepts.
struct str sip_peek_call_id(const char *buf, size_t len);
