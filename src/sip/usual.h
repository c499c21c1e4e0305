// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of src/sip: the forms header fields nearly always have, read by hopping from mark to mark (marks.h). What is
// read is what the full grammar would read; what is not of the usual form (white space in odd places, escapes, lists,
// IPv6, anything malformed) is left to it: the answer is then false, and what was to be filled in is zero. It must be
// zero before as well.
#pragma once

#include "sip/msg.h"

// METHOD SP sip:[user@]host[:port][;params] SP SIP/2.0; sets method, request_uri and uri.
bool sip_usual_request_line(struct sip_msg *msg);

// SIP/2.0 SP 3DIGIT SP reason; sets status and reason.
bool sip_usual_status_line(struct sip_msg *msg);

// SIP/2.0/transport SP host[:port][;params], and no other entry in that header line.
bool sip_usual_via(const struct sip_msg *msg, int header, struct sip_via *via);

// ["display" | token] <sip:...>[;params]; with `list`, others may follow behind a comma.
bool sip_usual_addr(const struct sip_msg *msg, int header, bool list, struct sip_name_addr *addr);

// One word, or two with an @ between.
bool sip_usual_call_id(const struct sip_msg *msg, int header, struct str *ret_call_id);

// Number SP method.
bool sip_usual_cseq(const struct sip_msg *msg, int header, uint32_t *ret_number, struct str *ret_method);

// One to nine digits.
bool sip_usual_number(const struct sip_msg *msg, int header, uint32_t *ret_number, struct str *ret_digits);
