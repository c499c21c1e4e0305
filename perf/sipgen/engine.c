// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define BIT(kind) (1u << MESSAGE_##kind)

// When a message may come again.
struct repeat {
	uint32_t resent; // one of these was sent again by us
	bool is_timed;	 // or a proxy's timer may have sent it again
};

static const struct repeat repeats[MESSAGE_COUNT] = {
	[MESSAGE_INVITE] = {.resent = BIT(INVITE), .is_timed = true},
	[MESSAGE_ACK] = {.resent = BIT(ACK) | BIT(OK_INVITE)},
	[MESSAGE_ACK_HOP] = {.resent = BIT(ACK_HOP) | BIT(BUSY) | BIT(TERMINATED)},
	[MESSAGE_BYE] = {.resent = BIT(BYE), .is_timed = true},
	[MESSAGE_CANCEL] = {.resent = BIT(CANCEL), .is_timed = true},
	[MESSAGE_REGISTER] = {.resent = BIT(REGISTER), .is_timed = true},
	[MESSAGE_OPTIONS] = {.resent = BIT(OPTIONS), .is_timed = true},
	[MESSAGE_TRYING] = {.resent = BIT(INVITE)},
	[MESSAGE_RINGING] = {.resent = BIT(INVITE) | BIT(RINGING)},
	[MESSAGE_OK_INVITE] = {.resent = BIT(INVITE) | BIT(OK_INVITE)},
	[MESSAGE_BUSY] = {.resent = BIT(INVITE) | BIT(BUSY), .is_timed = true},
	[MESSAGE_TERMINATED] = {.resent = BIT(INVITE) | BIT(TERMINATED), .is_timed = true},
	[MESSAGE_OK_BYE] = {.resent = BIT(BYE) | BIT(OK_BYE)},
	[MESSAGE_OK_CANCEL] = {.resent = BIT(CANCEL) | BIT(OK_CANCEL)},
	[MESSAGE_OK_REGISTER] = {.resent = BIT(REGISTER) | BIT(OK_REGISTER)},
	[MESSAGE_OK_OPTIONS] = {.resent = BIT(OPTIONS) | BIT(OK_OPTIONS)},
	[MESSAGE_OTHER] =
		{.resent = BIT(INVITE) | BIT(BYE) | BIT(CANCEL) | BIT(REGISTER) | BIT(OPTIONS), .is_timed = true},
};

// --- start and end ---

static void ports_write(struct engine *e) {
	for (uint32_t i = 0; i < e->o->sources; i++)
		e->ports[i].len =
			(uint8_t)snprintf(e->ports[i].digits, sizeof(e->ports[i].digits), "%u", e->o->local_a.port + i);
}

static void queues_open(struct engine *e) {
	struct fifo_set *timers = &e->calls.timers;
	uint32_t ms = TICKS_PER_S / 1000;

	for (unsigned i = 0; i < ARRAY_LEN(e->queue_retry); i++)
		e->queue_retry[i] = fifo_queue_of(timers, e->o->t1_ms * ms << (i < 6 ? i : 5));
	e->queue_hold = fifo_queue_of(timers, e->o->hold_ms * ms);
	e->queue_pause = fifo_queue_of(timers, e->o->pause_ms * ms);
	e->queue_timeout = fifo_queue_of(timers, (e->o->timeout_ms + e->o->pause_ms) * ms);
}

// Vias are kept from INVITE to ACK: for the pause, and what a good proxy takes for the rest.
static uint32_t vias_wanted(const struct options *o, uint32_t slots) {
	double wanted = 65536 + o->rate * (o->pause_ms / 1000.0);

	return wanted < slots ? (uint32_t)wanted : slots;
}

int engine_init(struct engine *e, const struct options *o, uint32_t slots, uint64_t hz, uint64_t now) {
	int rc;

	*e = (struct engine){.o = o, .hz = hz, .start = now, .now = now};
	rc = texts_init(&e->texts, o);
	if (rc < 0)
		return rc;
	checker_init(&e->checker, &e->texts, o);
	rc = calls_init(&e->calls, slots, vias_wanted(o, slots), !o->no_hugepages);
	e->ports = calloc(o->sources, sizeof(*e->ports));
	if (rc < 0 || !e->ports) {
		fprintf(stderr, "sipgen: no memory for %u calls\n", slots);
		engine_fini(e);
		return -ENOMEM;
	}
	ports_write(e);
	queues_open(e);
	e->gaps.limit = hz / 1000000 * GAP_US;
	e->repeat_tsc = hz / 1000 * o->t1_ms / 10 * 8;
	return 0;
}

void engine_fini(struct engine *e) {
	calls_fini(&e->calls);
	free(e->ports);
}

// --- sending ---

void engine_fill(struct engine *e, const struct call *call) {
	const struct port_text *port = &e->ports[call->serial % e->o->sources];

	id_write(e->id, calls_id(&e->calls, call));
	number_write(e->number, call->serial);
	e->fill = (struct fill){
		.part[INSERT_ID] = str_of(e->id, ID_LEN),
		.part[INSERT_NUMBER] = str_of(e->number, NUMBER_LEN),
		.part[INSERT_PORT] = str_of(port->digits, port->len),
	};
}

void engine_send(struct engine *e, struct call *call, enum message_kind kind, bool again) {
	const struct message_info *info = &message_infos[kind];
	struct stats *stats = engine_stats(e, call);
	unsigned side = info->status ? SIDE_B : SIDE_A;
	uint32_t room, len = 0;
	char *text = e->outlet.room(e->outlet.ctx, side, &room);
	uint64_t now;

	if (text)
		len = template_write(&e->texts.message[kind], &e->fill, text, room);
	if (len == 0) {
		e->no_buffer++;
		return;
	}
	now = e->outlet.send(e->outlet.ctx, side, len, side == SIDE_A ? call->serial % e->o->sources : call->peer);
	gaps_look(&e->gaps, now);
	if (again) {
		stats->resent[kind]++;
		call->resent |= 1u << kind;
		return;
	}
	stats->sent[kind]++;
	call->sent |= 1u << kind;
	if (kind != MESSAGE_TRYING && kind != MESSAGE_OK_CANCEL &&
	    kind != MESSAGE_ACK_HOP) // these are measured otherwise
		call->stamp[info->stamp] = now;
}

// --- timers ---

void engine_arm(struct engine *e, struct call *call, unsigned side, uint32_t queue) {
	fifo_arm(&e->calls.timers, queue, calls_timer(&e->calls, call, side), engine_tick(e));
}

void engine_disarm(struct engine *e, struct call *call, unsigned side) {
	fifo_cancel(&e->calls.timers, calls_timer(&e->calls, call, side));
}

// Uncapped: at 1, 3, 7, 15, 31 and 63 T1 (Timer A); capped at T2 = 8 T1: at 1, 3, 7, 15, 23 ... 63 T1 (Timers E, G).
// Both end at 64 T1 (Timers B, F, H).
bool engine_retry(struct engine *e, struct call *call, unsigned side, bool capped) {
	uint8_t last = capped ? 10 : 6, widest = capped ? 3 : 5, done = ++call->tries[side];

	if (done > last)
		return false;
	engine_arm(e, call, side, e->queue_retry[done == last ? 0 : done < widest ? done : widest]);
	return true;
}

void engine_timers(struct engine *e, uint32_t budget) {
	uint32_t tick = engine_tick(e), node;

	while (budget-- > 0 && (node = fifo_expire(&e->calls.timers, tick)) != FIFO_NONE) {
		struct call *call = &e->calls.call[node / SIDES];

		engine_fill(e, call);
		if (node % SIDES == SIDE_A)
			caller_timer(e, call);
		else
			callee_timer(e, call);
	}
}

// --- counting ---

void engine_span(struct engine *e, const struct call *call, unsigned span, uint64_t since) {
	if (since != 0 && e->now >= since)
		span_add(&engine_stats(e, call)->span[span], e->now - since, e->gaps.end <= since);
}

static void trace(struct engine *e, enum wrong wrong, struct str text) {
	if (e->traced >= e->o->trace_errors)
		return;
	e->traced++;
	fprintf(stderr,
		"--- wrong message %u: %s: %s\n%.*s\n",
		e->traced,
		wrong_infos[wrong].key,
		wrong_infos[wrong].text,
		STR_ARG(text));
}

// What a network that repeats and reorders makes of what was right.
static bool is_forgiven(const struct engine *e, enum wrong wrong) {
	return e->o->rough && (wrong == WRONG_STRAY || wrong == WRONG_DUPLICATE || wrong == WRONG_UNEXPECTED);
}

void engine_count_wrong(struct engine *e, enum wrong wrong, struct str text) {
	if (is_forgiven(e, wrong)) {
		e->leftovers++;
		return;
	}
	e->stats[e->mode.is_measured].wrong[wrong]++;
	e->errors++;
	trace(e, wrong, text);
}

void engine_wrong(struct engine *e, struct call *call, enum wrong wrong) {
	if (is_forgiven(e, wrong)) {
		e->leftovers++;
		return;
	}
	engine_stats(e, call)->wrong[wrong]++;
	e->errors++;
	engine_fail(e, call, FAILURE_WRONG);
	trace(e, wrong, e->text);
}

void engine_fail(struct engine *e, struct call *call, enum failure failure) {
	(void)e;
	if (call->failure == FAILURE_NONE)
		call->failure = (uint8_t)failure;
}

bool engine_is_first(struct engine *e, struct call *call, enum message_kind kind) {
	const struct repeat *repeat = &repeats[kind];
	struct stats *stats = engine_stats(e, call);
	uint64_t since = call->stamp[message_infos[kind].stamp];

	if (!(call->seen & 1u << kind)) {
		call->seen |= 1u << kind;
		stats->received[kind]++;
		engine_span(e, call, kind, since ? since : call->stamp[STAMP_REQUEST]);
		return true;
	}
	if ((call->resent & repeat->resent) || (repeat->is_timed && e->now - since >= e->repeat_tsc))
		stats->repeated[kind]++;
	else
		engine_wrong(e, call, WRONG_DUPLICATE);
	return false;
}

static void call_end(struct engine *e, struct call *call) {
	struct stats *stats = engine_stats(e, call);

	if (call->failure) {
		stats->failed++;
		stats->failure[call->failure]++;
		e->errors++;
	} else {
		stats->completed++;
	}
	if (e->o->expect_100 && (call->sent & BIT(INVITE)) && !(call->seen & BIT(TRYING))) {
		stats->missed_100++;
		e->errors++;
	}
	calls_give(&e->calls, call);
}

// A callee that never heard of the call has nothing to be done with; one that failed does not wait for the other.
void engine_end_if_done(struct engine *e, struct call *call) {
	bool callee_done = call->callee == CALLEE_DONE || call->callee == CALLEE_IDLE;

	if (call->caller != CALLER_DONE || (!callee_done && !call->failure))
		return;
	if (!e->o->rough && (call->sent & BIT(OK_INVITE)) && !(call->seen & BIT(ACK))) // BYE may end it before
		engine_fail(e, call, FAILURE_ACK_LOST);
	call_end(e, call);
}

// --- calls ---

bool engine_call(struct engine *e, uint64_t intended) {
	struct stats *stats = &e->stats[e->mode.is_measured];
	struct call *call = calls_take(&e->calls);

	stats->intended++;
	if (!call) {
		stats->skipped++;
		e->errors++;
		return false;
	}
	call->scenario = (uint8_t)e->mode.scenario;
	call->is_measured = e->mode.is_measured;
	call->stays = e->mode.stays;
	call->stamp[STAMP_INTENDED] = intended;
	stats->started++;
	engine_fill(e, call);
	caller_start(e, call);
	return true;
}

bool engine_hang_up_one(struct engine *e, bool also_held) {
	uint32_t node = also_held ? e->calls.timers.queues[e->queue_hold].head : FIFO_NONE;
	struct call *call = NULL;

	if (node != FIFO_NONE && e->calls.call[node / SIDES].caller == CALLER_UP) {
		call = &e->calls.call[node / SIDES];
	} else {
		for (; e->staying > 0 && e->teardown_slot < e->calls.fresh && !call; e->teardown_slot++) {
			struct call *next = &e->calls.call[e->teardown_slot];

			if (next->state == CALL_ACTIVE && next->stays && next->caller == CALLER_UP)
				call = next;
		}
	}
	if (!call)
		return false;
	engine_fill(e, call);
	caller_hang_up(e, call);
	return true;
}

void engine_abandon(struct engine *e) {
	for (uint32_t slot = 0; slot < e->calls.fresh; slot++) {
		struct call *call = &e->calls.call[slot];

		if (call->state != CALL_ACTIVE || (call->stays && call->caller == CALLER_UP))
			continue;
		engine_fail(e, call, FAILURE_ABANDONED);
		call_end(e, call);
	}
	e->serial_floor = e->calls.serial + 1;
}
