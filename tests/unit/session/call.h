// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The messages of calls as both sides send them, made from what tandem sent before.
#pragma once

#include "rig.h"

// "INVITE", "BYE" … from the caller, outside a dialog unless to_tag is given, with which the Request-URI is the
// callee's Contact. `extra`: header lines.
const char *call_request(const char *method, const char *branch, int cseq, const char *to_tag, const char *extra);

// A response to a request as tandem forwarded it: Via, Record-Route, From, To, Call-ID, CSeq copied.
const char *call_response(const char *request, int status, const char *to_tag);

// The same into a buffer of the caller's; false when it does not fit.
bool call_response_into(char *text, size_t size, const char *request, int status, const char *to_tag);

// The whole of a basic call up to the ACK, everything read and checked. Gives back the Route lines of the caller.
const char *call_establish(struct rig *rig, const char *branch);

// The Record-Route lines of a message as Route lines: in order (for the callee) or reversed (for the caller).
const char *call_routes(const char *message, bool reversed);

// A copy of the text with the first `from` in it replaced by `to`.
const char *call_replaced(const char *text, const char *from, const char *to);

#define INVITE(branch) call_request("INVITE", branch, 1, NULL, "")
