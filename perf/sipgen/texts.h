// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// All that is sent, compiled for the addresses and headers of this run, and the pieces what comes back is compared
// with.
#pragma once

#include "kinds.h"
#include "options.h"
#include "template.h"

#define RUN_LEN 8
#define TAIL_ID_NAME "\nCall-ID: "

// Header values and the like, as they were sent.
enum pattern {
	PATTERN_FROM,
	PATTERN_FROM_BEFORE_TAG,
	PATTERN_TO,
	PATTERN_TO_TAGGED,
	PATTERN_TO_REGISTER,
	PATTERN_CALL_ID_REST, // after the identifier
	PATTERN_CONTACT_A,
	PATTERN_CONTACT_B,
	PATTERN_VIA_INVITE, // our Via up to its branch; of CANCEL and of the ACK of a refusal too
	PATTERN_VIA_ACK,
	PATTERN_VIA_BYE,
	PATTERN_VIA_OTHER,
	PATTERN_URI,	    // of the first request
	PATTERN_URI_DIALOG, // the callee's Contact
	PATTERN_URI_REGISTER,
	PATTERN_SDP_A,
	PATTERN_SDP_B,
	PATTERN_COUNT,
};

// The second part of a message, from From on, which no proxy has reason to touch.
struct tail {
	struct template text;
	uint16_t len;	// 0: of no fixed length
	uint16_t id_at; // where Call-ID has its identifier
};

struct texts {
	struct template message[MESSAGE_COUNT]; // none for MESSAGE_OTHER
	struct tail tail[MESSAGE_COUNT];
	struct template pattern[PATTERN_COUNT];
	uint8_t others[MESSAGE_COUNT]; // headers with names message_walk does not know
	uint32_t invite_len;
	char run[RUN_LEN + 1]; // of this run's Call-IDs
};

// Compiles. Returns 0, or -errno with the reason on stderr.
int texts_init(struct texts *texts, const struct options *o);

// The body that kind of message has.
struct str texts_body(const struct texts *texts, enum message_kind kind);
