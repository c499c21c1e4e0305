// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The caller: what it does when it starts, when an answer comes, and when its timer is due. One timer: in CALLING
// Timers A and B (INVITE) or E and F; in PROCEEDING the wait for the final answer, or the pause before CANCEL; in UP
// the hold; in ENDING and CANCELLING Timers E and F (RFC 3261 section 17.1).
#include "engine.h"

#define RECORD_ROUTE_NAME_LEN (sizeof("Record-Route: ") - 1)
#define SEEN(call, kind) (((call)->seen & 1u << MESSAGE_##kind) != 0)

static enum message_kind first_request(const struct call *call) {
	static const uint8_t kinds[SCENARIO_COUNT] = {
		[SCENARIO_BASIC] = MESSAGE_INVITE,
		[SCENARIO_ANSWER_PAUSE] = MESSAGE_INVITE,
		[SCENARIO_CANCEL] = MESSAGE_INVITE,
		[SCENARIO_REJECT] = MESSAGE_INVITE,
		[SCENARIO_REGISTER] = MESSAGE_REGISTER,
		[SCENARIO_OPTIONS] = MESSAGE_OPTIONS,
		[SCENARIO_HOLD] = MESSAGE_INVITE,
	};

	return (enum message_kind)kinds[call->scenario];
}

void caller_start(struct engine *e, struct call *call) {
	call->caller = CALLER_CALLING;
	engine_send(e, call, first_request(call), false);
	engine_arm(e, call, SIDE_A, e->queue_retry[0]);
}

// The Record-Routes kept of the call, last first, as Route lines (RFC 3261 12.1.2).
static struct str routes_write(struct engine *e, const struct call *call) {
	static const struct str name = STR("Route: ");
	const char *lines = e->calls.routes[calls_slot(&e->calls, call)], *end = lines + call->routes_len;
	uint32_t len = 0;

	while (end > lines) {
		const char *before = memrchr(lines, '\n', (size_t)(end - 1 - lines));
		const char *line = before ? before + 1 : lines, *value = line + RECORD_ROUTE_NAME_LEN;

		memcpy(e->routes + len, name.ptr, name.len);
		len += name.len;
		memcpy(e->routes + len, value, (size_t)(end - value));
		len += (uint32_t)(end - value);
		end = line;
	}
	return str_of(e->routes, len);
}

static void send_in_dialog(struct engine *e, struct call *call, enum message_kind kind, bool again) {
	e->fill.part[INSERT_ROUTES] = routes_write(e, call);
	engine_send(e, call, kind, again);
	e->fill.part[INSERT_ROUTES] = STR("");
}

void caller_hang_up(struct engine *e, struct call *call) {
	if (call->stays)
		e->staying--;
	call->caller = CALLER_ENDING;
	call->tries[SIDE_A] = 0;
	send_in_dialog(e, call, MESSAGE_BYE, false);
	engine_arm(e, call, SIDE_A, e->queue_retry[0]);
}

static void cancel(struct engine *e, struct call *call) {
	call->caller = CALLER_CANCELLING;
	call->tries[SIDE_A] = 0;
	engine_send(e, call, MESSAGE_CANCEL, false);
	engine_arm(e, call, SIDE_A, e->queue_retry[0]);
}

static void done(struct engine *e, struct call *call) {
	call->caller = CALLER_DONE;
	engine_disarm(e, call, SIDE_A);
	engine_end_if_done(e, call);
}

static void give_up(struct engine *e, struct call *call, enum failure failure) {
	engine_fail(e, call, failure);
	done(e, call);
}

// --- answers ---

static void provisional(struct engine *e, struct call *call, enum message_kind kind) {
	if (!engine_is_first(e, call, kind) || call->caller > CALLER_PROCEEDING)
		return;
	if (call->caller == CALLER_CALLING && first_request(call) == MESSAGE_INVITE) {
		call->caller = CALLER_PROCEEDING;
		engine_arm(e, call, SIDE_A, e->queue_timeout);
	}
	if (kind != MESSAGE_RINGING || call->scenario != SCENARIO_CANCEL)
		return;
	if (e->o->pause_ms > 0)
		engine_arm(e, call, SIDE_A, e->queue_pause);
	else
		cancel(e, call);
}

static void up(struct engine *e, struct call *call) {
	call->caller = CALLER_UP;
	engine_stats(e, call)->answered++;
	engine_span(e, call, SPAN_SETUP, call->stamp[STAMP_REQUEST]);
	engine_span(e, call, SPAN_SETUP_INTENDED, call->stamp[STAMP_INTENDED]);
	engine_disarm(e, call, SIDE_A);
	if (call->stays)
		e->staying++;
	else if (e->o->hold_ms > 0)
		engine_arm(e, call, SIDE_A, e->queue_hold);
	else
		caller_hang_up(e, call);
}

// Each 200 is acknowledged, whether it came again or not (RFC 3261 13.2.2.4).
static void answered(struct engine *e, struct call *call) {
	bool is_first = engine_is_first(e, call, MESSAGE_OK_INVITE);

	send_in_dialog(e, call, MESSAGE_ACK, !is_first);
	if (!is_first)
		return;
	if (call->caller < CALLER_UP || call->caller == CALLER_CANCELLING)
		up(e, call);
	else
		engine_wrong(e, call, WRONG_UNEXPECTED);
}

static bool is_refusal_wanted(const struct call *call, enum message_kind kind) {
	return (call->scenario == SCENARIO_REJECT && kind == MESSAGE_BUSY) ||
	       (call->scenario == SCENARIO_CANCEL && kind == MESSAGE_TERMINATED);
}

static void refused(struct engine *e, struct call *call, const struct message *m, enum message_kind kind) {
	bool is_first = engine_is_first(e, call, kind);

	e->fill.part[INSERT_TO] = m->to;
	engine_send(e, call, MESSAGE_ACK_HOP, !is_first);
	if (!is_first || call->caller == CALLER_DONE)
		return;
	if (!is_refusal_wanted(call, kind))
		give_up(e, call, FAILURE_REFUSED);
	else if (call->scenario != SCENARIO_CANCEL || SEEN(call, OK_CANCEL))
		done(e, call);
}

static void cancel_answered(struct engine *e, struct call *call) {
	if (!engine_is_first(e, call, MESSAGE_OK_CANCEL) || call->caller != CALLER_CANCELLING)
		return;
	if (SEEN(call, TERMINATED))
		done(e, call);
	else
		engine_arm(e, call, SIDE_A, e->queue_timeout);
}

static void finished(struct engine *e, struct call *call, enum message_kind kind, enum caller_state in) {
	if (!engine_is_first(e, call, kind))
		return;
	if (call->caller == in || call->caller == CALLER_PROCEEDING)
		done(e, call);
	else
		engine_wrong(e, call, WRONG_UNEXPECTED);
}

static void other(struct engine *e, struct call *call, const struct message *m) {
	// A proxy that keeps state says so when the answer to another request takes its time (RFC 4320 section 4.1).
	if (m->status == 100 && m->method != METHOD_INVITE)
		return;
	if (m->status < 200) {
		engine_wrong(e, call, WRONG_STATUS);
		provisional(e, call, MESSAGE_OTHER);
	} else if (m->method == METHOD_INVITE && m->status >= 300) {
		refused(e, call, m, MESSAGE_OTHER);
	} else if (m->method == METHOD_INVITE || m->method == METHOD_OTHER) {
		engine_wrong(e, call, WRONG_STATUS);
	} else if (engine_is_first(e, call, MESSAGE_OTHER)) {
		give_up(e, call, FAILURE_REFUSED);
	}
}

void caller_response(struct engine *e, struct call *call, const struct message *m, enum message_kind kind) {
	switch (kind) {
	case MESSAGE_TRYING:
	case MESSAGE_RINGING:
		provisional(e, call, kind);
		break;
	case MESSAGE_OK_INVITE:
		answered(e, call);
		break;
	case MESSAGE_BUSY:
	case MESSAGE_TERMINATED:
		refused(e, call, m, kind);
		break;
	case MESSAGE_OK_BYE:
		finished(e, call, kind, CALLER_ENDING);
		break;
	case MESSAGE_OK_CANCEL:
		cancel_answered(e, call);
		break;
	case MESSAGE_OK_REGISTER:
	case MESSAGE_OK_OPTIONS:
		finished(e, call, kind, CALLER_CALLING);
		break;
	case MESSAGE_INVITE: // requests never get here
	case MESSAGE_ACK:
	case MESSAGE_ACK_HOP:
	case MESSAGE_BYE:
	case MESSAGE_CANCEL:
	case MESSAGE_REGISTER:
	case MESSAGE_OPTIONS:
	case MESSAGE_OTHER:
	case MESSAGE_COUNT:
		other(e, call, m);
		break;
	}
}

// --- the timer ---

static void call_again(struct engine *e, struct call *call) {
	enum message_kind kind = first_request(call);

	if (engine_retry(e, call, SIDE_A, kind != MESSAGE_INVITE))
		engine_send(e, call, kind, true);
	else
		give_up(e, call, FAILURE_UNANSWERED);
}

static void end_again(struct engine *e, struct call *call) {
	if (call->caller == CALLER_CANCELLING && SEEN(call, OK_CANCEL))
		give_up(e, call, FAILURE_NO_FINAL);
	else if (!engine_retry(e, call, SIDE_A, true))
		give_up(e, call, FAILURE_BYE_UNANSWERED);
	else if (call->caller == CALLER_ENDING)
		send_in_dialog(e, call, MESSAGE_BYE, true);
	else
		engine_send(e, call, MESSAGE_CANCEL, true);
}

void caller_timer(struct engine *e, struct call *call) {
	switch ((enum caller_state)call->caller) {
	case CALLER_CALLING:
		call_again(e, call);
		break;
	case CALLER_PROCEEDING:
		if (call->scenario == SCENARIO_CANCEL && SEEN(call, RINGING))
			cancel(e, call);
		else
			give_up(e, call, FAILURE_NO_FINAL);
		break;
	case CALLER_UP:
		caller_hang_up(e, call);
		break;
	case CALLER_ENDING:
	case CALLER_CANCELLING:
		end_again(e, call);
		break;
	case CALLER_DONE:
		break;
	}
}
