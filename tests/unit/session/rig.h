// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A whole worker on ring ports, without hugepages, kernel or network: a caller side (192.0.2.10 behind 192.0.2.1) and a
// callee side (198.51.100.10 behind 198.51.100.1). Frames go in and out by rings, and the clock is the test's.
#pragma once

#include <rte_mbuf.h>

#include "session/session.h"
#include "session/state.h"
#include "unit/test.h"

enum side {
	CALLER,
	CALLEE,
	SIDES,
};

// What came out of a port: a UDP payload, terminated, and where it went.
struct sent {
	char text[8192];
	uint32_t len;
	struct endpoint from, to;
};

struct rig {
	struct config cfg;
	struct worker *w;
	struct session *s;
	struct rte_ring *in[SIDES], *out[SIDES];
	struct rte_mempool *packets;
	uint32_t starve_at; // the nth datagram sent from now on (1 = the next) finds no packet buffer left; 0 = none
	uint16_t dst_port;  // of what is sent from now on; 0 = 5060
	struct sent sent;
};

// The EAL, once a process.
int rig_eal(void **state);

// A fresh worker with the lab's rules (each side's requests go to the other) in *state. Timers are RFC 3261's.
int rig_set_up(void **state);

// The same with that `proxy.state`.
int rig_set_up_as(void **state, enum proxy_state proxy_state);

// The same with room for as many transactions and as much text; a quarter as many dialogs.
int rig_set_up_sized(void **state, enum proxy_state proxy_state, uint32_t transactions, size_t text_bytes);

// Of both ports, for the process; 1500 at first.
void rig_mtu(uint16_t mtu);

// Fails when a record, text, timer or packet buffer is left.
int rig_tear_down(void **state);

// Puts a datagram on the wire of a side, from that side's host (port 5060).
void rig_put(struct rig *rig, enum side from, const char *bytes, uint32_t len);

// The same, and lets the worker take a turn.
void rig_send(struct rig *rig, enum side from, const char *text);
void rig_send_bytes(struct rig *rig, enum side from, const char *bytes, uint32_t len);

// Says that a datagram tandem sent to that side's host did not arrive, and quotes it (`len` bytes of it).
void rig_lost(struct rig *rig, enum side side, const char *text, uint32_t len);

// The next datagram that left by a side, NULL when there is none. Overwritten by the next call.
const char *rig_next(struct rig *rig, enum side side);

// Fails unless the next datagram of the side begins with that text; returns it.
const char *rig_expect(struct rig *rig, enum side side, const char *start);

// Fails when anything is left to be read on either side.
void rig_expect_nothing(struct rig *rig);

// Lets time pass, with a look at the timers in each millisecond where one may be due.
void rig_pass(struct rig *rig, uint64_t ms);

// The same at once, up to a turn in which no packet buffer can be had.
void rig_pass_starved(struct rig *rig, uint64_t ms);

// Ends every transaction that still lingers.
void rig_settle(struct rig *rig);

uint64_t rig_count(const struct rig *rig, enum count count);

// The value of the first header with this name in a message, into a static buffer; "" when there is none.
const char *rig_header(const char *message, const char *name);
