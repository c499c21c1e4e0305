// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The four transaction machines of RFC 3261 section 17 with RFC 6026's Accepted state, as constant tables. Pure: no
// clock, no memory, no messages. What depends on data (which class a status has, which timer fired) is resolved into
// an event before the step.
#pragma once

#include "base/base.h"

enum txn_kind {
	TXN_INVITE_CLIENT, // figure 5
	TXN_CLIENT,	   // figure 6
	TXN_INVITE_SERVER, // figure 7
	TXN_SERVER,	   // figure 8
	TXN_KIND_COUNT,
};

enum txn_state {
	TXN_NONE, // in a step: stay
	TXN_CALLING,
	TXN_TRYING,
	TXN_PROCEEDING,
	TXN_CANCELLING, // client INVITE: Proceeding with a CANCEL on its way (RFC 3261 9.1: 64*T1 for a final)
	TXN_COMPLETED,
	TXN_CONFIRMED,
	TXN_ACCEPTED,
	TXN_TERMINATED,
	TXN_STATE_COUNT,
};

enum txn_event {
	TXN_START,  // made: the request was sent (client) or received (server)
	TXN_RX_100, // client: responses
	TXN_RX_1XX, // 101 to 199
	TXN_RX_2XX,
	TXN_RX_FINAL,	// 300 to 699
	TXN_CANCEL,	// client INVITE: a CANCEL was sent for it
	TXN_RX_REQUEST, // server: the request again
	TXN_RX_ACK,
	TXN_TU_1XX, // server: the transaction user answers
	TXN_TU_2XX,
	TXN_TU_FINAL,
	TXN_TU_ABANDON, // server: it never will (RFC 4320: no 408 to a non-INVITE)
	TXN_TU_SILENCE, // nor will it, and who asks again is not passed on either
	TXN_RETRANSMIT, // Timer A, E or G
	TXN_TIMEOUT,	// Timer B, D, F, H, I, J, K, L or M, or that of the 100
	TXN_TIMER_C,
	TXN_SEND_FAILED,
	TXN_EVENT_COUNT,
};

// Names of section 17, table 4, and RFC 6026. One of the second group runs at a time.
enum txn_timer {
	TXN_TIMER_KEEP, // in a step: leave what runs
	TXN_TIMER_STOP,
	TXN_TIMER_A,	  // retransmission: T1, doubling
	TXN_TIMER_E,	  // T1, doubling up to T2
	TXN_TIMER_E_T2,	  // every T2
	TXN_TIMER_G,	  // T1, doubling up to T2
	TXN_TIMER_100,	  // the time Timer E takes to get to T2: then who waits is told (RFC 4320 section 4.1)
	TXN_TIMER_B,	  // end of the transaction
	TXN_TIMER_B_OR_C, // the shorter: without a provisional both mean 408 (RFC 3261 16.8)
	TXN_TIMER_C_WAIT,
	TXN_TIMER_D,
	TXN_TIMER_F,
	TXN_TIMER_H,
	TXN_TIMER_I,
	TXN_TIMER_J,
	TXN_TIMER_K,
	TXN_TIMER_L,
	TXN_TIMER_M,
	TXN_TIMER_COUNT,
};

// What the caller has to do, in this order.
enum txn_action {
	TXN_DO_SEND = 1 << 0,	      // server: put the response in hand on the wire
	TXN_DO_RESEND = 1 << 1,	      // put the stored message on the wire once more
	TXN_DO_ACK = 1 << 2,	      // client INVITE: build the ACK for a non-2xx final, send and store it
	TXN_DO_PASS = 1 << 3,	      // hand the message in hand to the transaction user
	TXN_DO_TIMED_OUT = 1 << 4,    // tell the user that no (final) answer came
	TXN_DO_CANCEL = 1 << 5,	      // Timer C: send a CANCEL (RFC 3261 16.8)
	TXN_DO_FAILED = 1 << 6,	      // tell the user that sending failed
	TXN_DO_DROP_MESSAGE = 1 << 7, // the stored message is needed no more
	TXN_DO_FREE = 1 << 8,	      // terminated: give the record back
	TXN_DO_TRYING = 1 << 9,	      // server: send a 100
};

struct txn_step {
	uint8_t next;	    // enum txn_state; TXN_NONE = stay
	uint8_t retransmit; // enum txn_timer
	uint8_t timeout;    // enum txn_timer
	uint16_t actions;   // bits of enum txn_action
};

const struct txn_step *txn_fsm_cell(enum txn_kind kind, enum txn_state state, enum txn_event event);

// Never fails: an event that means nothing in this state keeps the state and asks for nothing. `next` of the result
// is never TXN_NONE. Inline, so that the step stays in registers.
static inline struct txn_step txn_fsm_step(enum txn_kind kind, enum txn_state state, enum txn_event event) {
	const struct txn_step *cell = txn_fsm_cell(kind, state, event);
	uint8_t next = cell->next == TXN_NONE ? (uint8_t)state : cell->next;

	return (struct txn_step){
		.next = next,
		.retransmit = cell->retransmit,
		.timeout = cell->timeout,
		.actions = (uint16_t)(cell->actions | (next == TXN_TERMINATED ? TXN_DO_FREE : 0)),
	};
}

// In progress: neither completed nor gone.
bool txn_state_is_live(enum txn_state state);

const char *txn_kind_name(enum txn_kind kind);
const char *txn_state_name(enum txn_state state);
const char *txn_event_name(enum txn_event event);
