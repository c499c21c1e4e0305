// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of src/sip: the forms header fields nearly always have, read by hopping from mark to mark (marks.h). What is
// read is what the full grammar would read; what is not of the usual form (white space in odd places, escapes, lists,
// IPv6, anything malformed) is left to it, and what was to be filled in is zero then. It must be zero before as well.
#pragma once

#include "sip/msg.h"

// Where the next Via entry is read into; all but two are only looked at.
static inline struct sip_via *sip_via_place(struct sip_msg *msg, struct sip_via *other) {
	return msg->via_count == 0 ? &msg->via : msg->via_count == 1 ? &msg->via_below : other;
}

// What sip_parse reads behind the start line and the Vias, in this order.
enum sip_step {
	SIP_STEP_FROM,
	SIP_STEP_TO,
	SIP_STEP_CALL_ID,
	SIP_STEP_CSEQ,
	SIP_STEP_MAX_FORWARDS,
	SIP_STEP_BODY,
	SIP_STEP_CONTACT,
	SIP_STEP_ROUTE,
	SIP_STEP_COUNT,
};

// One for each kind of marks; the one for none reads nothing.
struct sip_usual {
	// METHOD SP sip:[user@]host[:port][;params] SP SIP/2.0, or SIP/2.0 SP 3DIGIT SP reason.
	bool (*read_start_line)(struct sip_msg *msg);
	// Header lines of one SIP/2.0/transport SP host[:port][;params] each. The first that is not, or that is one
	// too many; -1 when there is none.
	int (*read_vias)(struct sip_msg *msg, uint32_t vias_max);
	// From that step on; the first whose field is not of the usual form, or is missing.
	enum sip_step (*read_fields)(struct sip_msg *msg, enum sip_step from);
	// The first entry of a list: ["display" | token] <sip:...>[;params].
	bool (*read_entry)(const struct sip_msg *msg, int header, struct sip_name_addr *ret_addr);
};

const struct sip_usual *sip_usual_of(const struct sip_index *index);
