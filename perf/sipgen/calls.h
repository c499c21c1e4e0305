// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The calls: a fixed array of small records with two timers each, room beside it for the Record-Routes of each call,
// and a small pool for the Vias of INVITEs in progress. All memory is taken at start.
#pragma once

#include "base/mem.h"
#include "fifo.h"
#include "kinds.h"
#include "template.h"

#define ROUTES_ROOM 256 // bytes of Record-Route lines kept of a call
#define VIAS_ROOM 640	// bytes of Via lines kept of an INVITE
#define CALL_NONE UINT32_MAX

enum call_state {
	CALL_FREE, // never used
	CALL_ACTIVE,
	CALL_OVER, // and not used again for a while, so that late messages are known
};

enum caller_state {
	CALLER_CALLING,	   // first request sent, no answer yet
	CALLER_PROCEEDING, // a provisional answer came
	CALLER_UP,	   // ACK sent
	CALLER_ENDING,	   // BYE sent
	CALLER_CANCELLING, // CANCEL sent
	CALLER_DONE,
};

enum callee_state {
	CALLEE_IDLE,
	CALLEE_RINGING,
	CALLEE_ANSWERED, // 200 sent
	CALLEE_UP,	 // ACK came
	CALLEE_REFUSED,	 // 486 or 487 sent
	CALLEE_DONE,
};

enum { SIDE_A, SIDE_B, SIDES }; // callers, callees

struct call {
	uint32_t serial;      // of the calls of this run, from 1
	uint8_t state;	      // enum call_state
	uint8_t caller;	      // enum caller_state
	uint8_t callee;	      // enum callee_state
	uint8_t scenario;     // enum scenario
	uint32_t seen;	      // bit of enum message_kind: it came
	uint32_t sent;	      // it was sent
	uint32_t resent;      // it was sent again
	uint8_t tries[SIDES]; // retransmissions of what is on its way
	uint8_t failure;      // enum failure
	bool is_measured;     // not of the warm-up
	bool stays;	      // until all are hung up
	uint8_t peer;	      // whom the callee answers
	uint16_t routes_len, vias_len;
	uint32_t vias; // number in the pool of texts, or CALL_NONE
	struct fifo_node timer[SIDES];
	uint64_t stamp[STAMP_COUNT]; // TSC; 0: never
};
static_assert(sizeof(struct call) == 2 * CACHE_LINE, "two lines a call");

struct calls {
	struct call *call;
	char (*routes)[ROUTES_ROOM];
	char (*vias)[VIAS_ROOM];
	uint32_t *free_vias; // a stack
	uint32_t free_vias_count;
	uint32_t capacity;
	uint32_t fresh; // slots from here on were never used
	uint32_t active;
	uint32_t rest_head, rest_tail, rest_count; // slots of calls that are over, oldest first
	uint32_t serial;			   // of the last
	struct mem mem[4];
	struct fifo_set timers;
};

// Returns 0 or -ENOMEM. `vias` calls may have an INVITE in progress.
int calls_init(struct calls *calls, uint32_t capacity, uint32_t vias, bool huge);
void calls_fini(struct calls *calls);

// A record with its serial, its timers ready and the rest zero; NULL when all are in use.
struct call *calls_take(struct calls *calls);

// The call is over: its timers are cancelled and its Vias given back.
void calls_give(struct calls *calls, struct call *call);

// The record of an identifier, of a call active or over; NULL when it has been used again or never was.
struct call *calls_find(struct calls *calls, uint64_t id);

// The pool slot for the Vias of this call's INVITE; NULL when there is none left.
char *calls_vias_take(struct calls *calls, struct call *call);
void calls_vias_give(struct calls *calls, struct call *call);

static inline uint32_t calls_slot(const struct calls *calls, const struct call *call) {
	return (uint32_t)(call - calls->call);
}

static inline uint64_t calls_id(const struct calls *calls, const struct call *call) {
	return (uint64_t)call->serial << 32 | calls_slot(calls, call);
}

static inline uint32_t calls_timer(const struct calls *calls, const struct call *call, unsigned side) {
	return calls_slot(calls, call) * SIDES + side;
}
