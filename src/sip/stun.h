// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// STUN on a SIP port (RFC 5626 section 3.5.2): a client behind a NAT asks where its packets come from, which keeps the
// NAT open (RFC 8489, Binding without authentication).
#pragma once

#include "base/ip.h"

#define STUN_ANSWER_MAX 128

// True when these bytes begin as a STUN message and as no SIP message can.
static inline bool stun_starts(const char *bytes, size_t len) {
	return len >= 20 && (bytes[0] & 0xc0) == 0 && memcmp(bytes + 4, "\x21\x12\xa4\x42", 4) == 0;
}

// Writes the answer to a Binding request that came from `from` into `out` (STUN_ANSWER_MAX bytes): the address, or 420
// when it asks for what we do not understand. Returns its length, 0 when none is owed: to a malformed message, an
// indication, another method.
uint32_t stun_answer(const char *bytes, size_t len, const struct endpoint *from, char *out);
