// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What a transaction keeps of its messages, and the messages made from it again. A response that answers a
// retransmitted request is made from that request, which has most of it (RFC 3261 8.2.6.2); an ACK that answers a
// retransmitted final from that final. Plain text functions: what does not fit its writer sets `overflow`, and nothing
// of it is used.
#pragma once

#include "sip/build.h"

// What of a response cannot be taken from a retransmission of its request: To tag (unless the request had one), reason
// phrase when it is not the usual one, all other headers and the body, as they are. The headers a response copies (Via,
// From, To, Call-ID, CSeq) are then the retransmission's own; they come first. `extra`: header lines we add to it. True
// when it is common: what others of the same make say to other requests as well, word for word.
bool keep_response(const struct sip_msg *response, bool has_to_tag, struct str extra, struct sip_writer *w);

// The response from what keep_response wrote. `how` has status, received and rport set. Returns its length, or 0.
uint32_t keep_response_again(
	const struct sip_msg *request, const struct sip_response *how, struct str kept, char *out, uint32_t size
);

// What of an INVITE as it came is needed after the first provisional response, for CANCEL, ACK and our own final: the
// Request-URI it goes out with, Routes past the first `own_routes` entries, and what our 100 (`trying`) copied of it.
void keep_invite(
	const struct sip_msg *invite, struct str uri, uint32_t own_routes, struct str trying, struct sip_writer *w
);

// The INVITE we sent, but for the headers nobody needs any more, from what keep_invite wrote. `via`: our header line
// up to the value of its branch.
void keep_invite_again(struct str kept, struct str via, struct str branch, struct sip_writer *w);

// What of an INVITE we sent is not in its final response: the Request-URI, as far as it is not the To URI, and Routes.
void keep_ack(const struct sip_msg *invite, const struct sip_msg *final, struct sip_writer *w);

// An INVITE sip_build_ack can be given with the same final again. False when `kept` does not fit the final.
bool keep_ack_again(
	struct str kept, const struct sip_msg *final, struct str via, struct str branch, struct sip_writer *w
);
