// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The scenarios: what callers and callees do when a message comes, a timer is due or a call is to be made. No device
// and no clock of its own: messages leave by the outlet, times are TSC counts given from outside. One core owns all of
// it.
#pragma once

#include "calls.h"
#include "check.h"
#include "stats.h"

#define TICKS_PER_S 10000u // of timers
#define MESSAGE_ROOM 4096  // of a message with all Vias and routes

// Where a message came from, and by which number an answer goes back there.
struct sender {
	struct endpoint from;
	uint8_t peer;
};

// How messages leave.
struct outlet {
	void *ctx;
	// Room for a message, *ret_room bytes; the same again until it is sent. NULL when there is none.
	char *(*room)(void *ctx, unsigned side, uint32_t *ret_room);
	// Sends the first `len` bytes of it: on side A to the target from the caller's port of that number, on side B
	// to the peer of that number. Returns the time.
	uint64_t (*send)(void *ctx, unsigned side, uint32_t len, uint32_t number);
};

// Gaps in our own work longer than this are the hypervisor's or the kernel's.
#define GAP_US 5

// Times when the core was taken away from us.
struct gaps {
	uint64_t last;	// when we last looked
	uint64_t limit; // cycles
	uint64_t end;	// of the last gap
	uint64_t count, cycles;
};

static inline void gaps_look(struct gaps *gaps, uint64_t now) {
	if (now - gaps->last > gaps->limit && gaps->last) {
		gaps->end = now;
		gaps->count++;
		gaps->cycles += now - gaps->last;
	}
	gaps->last = now;
}

// What the phases of a run change.
struct engine_mode {
	enum scenario scenario;
	bool is_measured; // else warm-up
	bool stays;	  // calls are not hung up
};

struct port_text {
	uint8_t len;
	char digits[7];
};

struct engine {
	const struct options *o;
	struct texts texts;
	struct checker checker;
	struct calls calls;
	struct outlet outlet;
	struct engine_mode mode;
	struct gaps gaps;
	uint64_t hz, start;
	uint64_t now;		// of the burst or tick at work
	uint64_t repeat_tsc;	// a message that comes again so long after the first may be a proxy's retransmission
	uint32_t serial_floor;	// calls before it were given up; their messages are nobody's fault
	uint64_t leftovers;	// messages of those, and of earlier runs
	uint64_t no_buffer;	// messages the outlet had no room for
	uint32_t staying;	// calls that stay up
	uint32_t teardown_slot; // those before were hung up
	uint32_t errors;	// failures and wrong messages, of the warm-up too
	uint32_t traced;
	struct stats stats[2]; // warm-up, measured

	// Of the message at work.
	struct str text;
	struct fill fill;
	char id[ID_LEN], number[NUMBER_LEN];
	char routes[2 * ROUTES_ROOM], echo[MESSAGE_ROOM / 2];

	// Queues of timers.
	uint32_t queue_retry[8]; // T1, doubled each time
	uint32_t queue_hold, queue_pause, queue_timeout;
	struct port_text *ports; // of the callers
};

// Memory for `slots` calls. Returns 0, or -errno with the reason on stderr. `hz` and `now` are of the TSC.
int engine_init(struct engine *e, const struct options *o, uint32_t slots, uint64_t hz, uint64_t now);
void engine_fini(struct engine *e);

// A call begins that should have begun at `intended`. False when there is no memory for it.
bool engine_call(struct engine *e, uint64_t intended);

// A datagram came to one side; `e->now` is when.
void engine_receive(struct engine *e, unsigned side, struct str text, const struct sender *sender);

// Runs the timers that are due at `e->now`, at most `budget`.
void engine_timers(struct engine *e, uint32_t budget);

// Hangs up one call that stays, or, if `also_held`, that waits for the end of its hold; false when there is none left.
bool engine_hang_up_one(struct engine *e, bool also_held);

// Ends what is in progress without a word, as failed. What the wire still brings of it is not counted.
void engine_abandon(struct engine *e);

// A wrong message of no call (checksums).
void engine_count_wrong(struct engine *e, enum wrong wrong, struct str text);

static inline struct stats *engine_stats(struct engine *e, const struct call *call) {
	return &e->stats[call->is_measured];
}

// --- for caller.c and callee.c ---

static inline uint32_t engine_tick(const struct engine *e) {
	return (uint32_t)((e->now - e->start) / (e->hz / TICKS_PER_S));
}

// Builds and sends a message of this call from what stands in e->fill; `again` for a retransmission.
void engine_send(struct engine *e, struct call *call, enum message_kind kind, bool again);

// Puts what is of this call into e->fill.
void engine_fill(struct engine *e, const struct call *call);

// The time since a stamp goes into the statistics.
void engine_span(struct engine *e, const struct call *call, unsigned span, uint64_t since);

// Counts a message that came for the first time (true) or again; one that came again without reason is wrong.
bool engine_is_first(struct engine *e, struct call *call, enum message_kind kind);

void engine_wrong(struct engine *e, struct call *call, enum wrong wrong);
void engine_fail(struct engine *e, struct call *call, enum failure failure);

// Arms the timer of one side.
void engine_arm(struct engine *e, struct call *call, unsigned side, uint32_t queue);
void engine_disarm(struct engine *e, struct call *call, unsigned side);

// Retransmission number tries[side]: the interval doubles up to T2 if `capped`. False when 64 T1 are over.
bool engine_retry(struct engine *e, struct call *call, unsigned side, bool capped);

// Ends the call when both sides are done with it.
void engine_end_if_done(struct engine *e, struct call *call);

void caller_start(struct engine *e, struct call *call);
void caller_response(struct engine *e, struct call *call, const struct message *m, enum message_kind kind);
void caller_timer(struct engine *e, struct call *call);
void caller_hang_up(struct engine *e, struct call *call);
void callee_request(struct engine *e, struct call *call, const struct message *m, enum message_kind kind);
void callee_timer(struct engine *e, struct call *call);
