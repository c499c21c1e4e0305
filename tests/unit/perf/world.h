// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The generator's engine with a wire of memory, a virtual clock and, in the middle, a proxy that works on text alone.
// The proxy can be told to do one thing wrong, the wire to lose messages.
#pragma once

#include "../test.h"
#include "engine.h"

#define WORLD_HZ 1000000000u
#define WORLD_QUEUE 256
#define WORLD_TEXT 4096

// What the proxy does wrong.
enum fault {
	FAULT_NONE,
	FAULT_RECORD_ROUTE_SWAPPED,
	FAULT_RECORD_ROUTE_MISSING,
	FAULT_RECORD_ROUTE_STRICT,
	FAULT_ROUTE_SWAPPED, // consumes from the wrong end, so that one is left
	FAULT_ANSWER_ROUTES_SWAPPED,
	FAULT_TO_TAG_LOST,
	FAULT_TO_TAG_OTHER,
	FAULT_FROM_TAG_LOST,
	FAULT_FROM_OTHER,
	FAULT_RINGING_TWICE,
	FAULT_ANSWER_TWICE,
	FAULT_BYE_ANSWER_TWICE,
	FAULT_TRYING_TWICE,
	FAULT_INVITE_TWICE,
	FAULT_ACK_TWICE,
	FAULT_BYE_TWICE,
	FAULT_VIA_NOT_ADDED,
	FAULT_VIA_NOT_REMOVED,
	FAULT_BRANCH_OTHER,    // of our Via, in the answer
	FAULT_VIA_BELOW_OTHER, // of our Via, in the request
	FAULT_BRANCH_WITHOUT_COOKIE,
	FAULT_VIA_OF_ANOTHER,
	FAULT_RECEIVED_OTHER,
	FAULT_MAX_FORWARDS_KEPT,
	FAULT_BODY_CUT,
	FAULT_BODY_ALTERED,
	FAULT_CALL_ID_OTHER,
	FAULT_CSEQ_OTHER,
	FAULT_CONTACT_LOST,
	FAULT_HEADER_LOST,
	FAULT_URI_OTHER,
	FAULT_CANCEL_BRANCH_OTHER,
	FAULT_SOURCE_OTHER,
	FAULT_NO_END_OF_HEADERS,
	FAULT_SESSION_PROGRESS, // 180 becomes 183
	FAULT_ANSWERS_ITSELF,	// with a 200 nobody sent
	FAULT_REFUSES,		// 503
	FAULT_NO_TRYING,
};

struct packet {
	uint8_t to; // side
	uint32_t len;
	char text[WORLD_TEXT];
};

struct world {
	struct options o;
	struct engine e;
	char building[SIDES][WORLD_TEXT];
	struct packet queue[WORLD_QUEUE];
	uint32_t head, tail;
	enum fault fault;
	bool trying_to_all;  // the proxy sends a 100 for every request, as it may when answers take their time
	bool received_first; // the proxy writes received and rport before the branch, as Kamailio does
	// Messages that begin so, and hold that, are lost so often; counted down.
	const char *lose_start, *lose_part;
	uint32_t lose;
	uint64_t noise; // if not 0: state of the random numbers by which every message is damaged
};

// A world with these options (--port-a is added); without a proxy where hops is 0. Freed with world_close.
struct world *world_open(int argc, const char *const *argv);

// Ends with all calls over and their memory given back.
void world_close(struct world *world);

// Starts so many calls at once.
void world_calls(struct world *world, uint32_t count);

// Delivers what is on the wire, and lets time pass in steps of a millisecond.
void world_run(struct world *world, uint32_t ms);

// Runs until no call is left, at most a minute.
void world_finish(struct world *world);

static inline const struct stats *world_stats(const struct world *world) {
	return &world->e.stats[1];
}
