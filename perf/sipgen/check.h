// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Is a message that came what a correct proxy makes of what was sent? Rules of RFC 3261 sections 16.6, 16.7, 16.11 and
// 16.12, held against the bytes that were sent. Stateless; what was kept of the call is given.
#pragma once

#include "texts.h"

struct checker {
	const struct texts *texts;
	struct endpoint target;
	uint32_t target_len, local_a_len;
	char target_text[IP_TEXT_MAX], local_a_text[IP_TEXT_MAX];
	uint8_t hops;
	bool uri_may_change, any_record_route;
};

// One message with all it is held against.
struct checked {
	const struct message *m;
	enum message_kind kind;
	const struct fill *fill;     // of its call, the caller's port included
	const struct endpoint *from; // its source
	bool tail_is_ours;	     // all from From on is as it was sent
	struct str routes, vias;     // Record-Route and Via lines kept of the call's INVITE, as the callee got it
};

void checker_init(struct checker *checker, const struct texts *texts, const struct options *o);

// A request that reached the callee.
enum wrong check_request(const struct checker *checker, const struct checked *c);

// A response that reached the caller. MESSAGE_OTHER is some proxy's own answer: its Vias, From, To and CSeq are
// checked.
enum wrong check_response(const struct checker *checker, const struct checked *c);
