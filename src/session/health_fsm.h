// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The three machines a trunk's health is made of, as constant tables. Pure: no clock, no counts. What depends on data
// (whether a threshold is reached) is resolved into an event before the step. In the figures "*" marks where a machine
// begins; what is not in them changes nothing.
#pragma once

#include "base/base.h"

// OPTIONS. `out` is the failure that reaches the threshold of failures, `enough` the success that reaches that of
// successes. An address that was never asked counts as up: after a start calls flow at once.
//
//   *UP --failed--> FAILING --out--> DOWN --alive--> RECOVERING --enough--> UP
//
//   and     UP --out--> DOWN                   (a threshold of one)
//           FAILING --alive, enough--> UP
//           DOWN --enough--> UP                (a threshold of one)
//           RECOVERING --failed, out--> DOWN
//           any --off--> UP
enum probe_state {
	PROBE_UP,
	PROBE_FAILING,
	PROBE_DOWN,
	PROBE_RECOVERING,
	PROBE_STATE_COUNT,
};

enum probe_event {
	PROBE_ALIVE,
	PROBE_ENOUGH, // alive, as often as is wanted
	PROBE_FAILED,
	PROBE_OUT, // failed, as often as is borne
	PROBE_OFF, // probing was switched off
	PROBE_EVENT_COUNT,
};

// The circuit breaker. `trip` is any of the events BREAKER_SILENT to BREAKER_ASR.
//
//   *CLOSED --trip--> OPEN --due--> HALF_OPEN --passed--> CLOSED
//
//   and     OPEN --unavailable--> OPEN                               (for longer)
//           HALF_OPEN --failed, unavailable, unreachable--> OPEN
//           HALF_OPEN --due, spent--> HALF_OPEN                      (with a new budget)
//           any --reset--> CLOSED
enum breaker_state {
	BREAKER_CLOSED,
	BREAKER_OPEN,
	BREAKER_HALF_OPEN,
	BREAKER_STATE_COUNT,
};

enum breaker_event {
	BREAKER_SILENT,	     // so many requests in a row had no response at all
	BREAKER_UNREACHABLE, // ICMP said so
	BREAKER_UNAVAILABLE, // 503
	BREAKER_RATIO,	     // too many of the calls of a window failed
	BREAKER_ASR,	     // too few of them were answered
	BREAKER_DUE,	     // time to resume, or trials that never came back
	BREAKER_PASSED,	     // as many trials went well as are wanted
	BREAKER_SPENT,	     // all trials of this budget went well, more are wanted
	BREAKER_FAILED,	     // a trial did not
	BREAKER_RESET,	     // by the operator, or switched off
	BREAKER_EVENT_COUNT,
};

// What the caller has to do.
enum breaker_action {
	BREAKER_DO_PAUSE = 1 << 0,  // the time to resume begins
	BREAKER_DO_EXTEND = 1 << 1, // it is longer now
	BREAKER_DO_TRY = 1 << 2,    // a budget of trials goes out
	BREAKER_DO_CLEAR = 1 << 3,  // what was counted is forgotten
};

// What the operator wants.
//
//   *UP --drain--> DRAINING --empty--> DRAINED --up--> UP
//
//   and     DRAINING --up--> UP
//           any --down--> DOWN
//           DOWN --up--> UP
//           DOWN --drain--> DRAINING
enum admin_state {
	ADMIN_UP,
	ADMIN_DRAINING, // no new calls, those in progress go on
	ADMIN_DRAINED,	// the last of them is over
	ADMIN_DOWN,	// nothing, OPTIONS neither
	ADMIN_STATE_COUNT,
};

enum admin_event {
	ADMIN_SET_UP,
	ADMIN_SET_DRAIN,
	ADMIN_SET_DOWN,
	ADMIN_EMPTY, // no call in progress
	ADMIN_EVENT_COUNT,
};

// The three together, as workers get it.
enum health_state {
	HEALTH_USABLE,
	HEALTH_TRIAL, // within the budget
	HEALTH_UNUSABLE,
	HEALTH_STATE_COUNT,
};

struct breaker_step {
	uint8_t next;	 // enum breaker_state
	uint8_t actions; // bits of enum breaker_action; 0 = the event means nothing in this state
};

// None fails: an event that means nothing in a state keeps it.
enum probe_state probe_step(enum probe_state state, enum probe_event event);
struct breaker_step breaker_step(enum breaker_state state, enum breaker_event event);
enum admin_state admin_step(enum admin_state state, enum admin_event event);

const char *probe_state_name(enum probe_state state);
const char *breaker_state_name(enum breaker_state state);
const char *admin_state_name(enum admin_state state);
const char *health_state_name(enum health_state state);
