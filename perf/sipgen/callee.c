// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The callee: what it does when a request comes and when its timer is due. One timer: in RINGING the pause before the
// answer; in ANSWERED the retransmission of 200 until ACK (RFC 3261 13.3.1.4); in REFUSED Timers G and H.
#include "engine.h"

static bool line_add(char *out, uint32_t room, uint32_t *len, struct str name, struct str value) {
	uint32_t at = *len;

	if (name.len + value.len + 2 > room - at)
		return false;
	memcpy(out + at, name.ptr, name.len);
	memcpy(out + at + name.len, value.ptr, value.len);
	memcpy(out + at + name.len + value.len, "\r\n", 2);
	*len = at + name.len + value.len + 2;
	return true;
}

static bool vias_write(char *out, uint32_t room, uint32_t *ret_len, const struct message *m) {
	bool fits = true;

	*ret_len = 0;
	for (unsigned i = 0; fits && i < m->via_count; i++)
		fits = line_add(out, room, ret_len, STR("Via: "), m->via[i]);
	return fits;
}

// Keeps what answers to the INVITE have to repeat (RFC 3261 8.2.6.2, 12.1.1).
static bool invite_keep(struct engine *e, struct call *call, const struct message *m) {
	char *routes = e->calls.routes[calls_slot(&e->calls, call)], *vias = calls_vias_take(&e->calls, call);
	uint32_t len = 0;
	bool fits = vias && vias_write(vias, VIAS_ROOM, &len, m);

	call->vias_len = (uint16_t)len;
	len = 0;
	for (unsigned i = 0; fits && i < m->record_route_count; i++)
		fits = line_add(routes, ROUTES_ROOM, &len, STR("Record-Route: "), m->record_route[i]);
	call->routes_len = (uint16_t)len;
	return fits;
}

// An answer to the INVITE.
static void answer_send(struct engine *e, struct call *call, enum message_kind kind, bool again) {
	if (call->vias == CALL_NONE)
		return;
	e->fill.part[INSERT_VIAS] = str_of(e->calls.vias[call->vias], call->vias_len);
	e->fill.part[INSERT_RECORD_ROUTES] = str_of(e->calls.routes[calls_slot(&e->calls, call)], call->routes_len);
	engine_send(e, call, kind, again);
}

// An answer to the request at hand.
static void
echo_send(struct engine *e, struct call *call, const struct message *m, enum message_kind kind, bool again) {
	uint32_t len;

	if (!vias_write(e->echo, sizeof(e->echo), &len, m)) {
		engine_fail(e, call, FAILURE_NO_ROOM);
		return;
	}
	e->fill.part[INSERT_VIAS] = str_of(e->echo, len);
	engine_send(e, call, kind, again);
}

static void final(struct engine *e, struct call *call, enum message_kind kind) {
	call->callee = kind == MESSAGE_OK_INVITE ? CALLEE_ANSWERED : CALLEE_REFUSED;
	call->tries[SIDE_B] = 0;
	answer_send(e, call, kind, false);
	engine_arm(e, call, SIDE_B, e->queue_retry[0]);
}

static void done(struct engine *e, struct call *call) {
	call->callee = CALLEE_DONE;
	engine_disarm(e, call, SIDE_B);
	calls_vias_give(&e->calls, call);
	engine_end_if_done(e, call);
}

static enum message_kind last_answer(const struct call *call) {
	if (call->callee == CALLEE_RINGING)
		return MESSAGE_RINGING;
	if (call->callee == CALLEE_ANSWERED)
		return MESSAGE_OK_INVITE;
	return call->sent & 1u << MESSAGE_BUSY ? MESSAGE_BUSY : MESSAGE_TERMINATED;
}

static void invite(struct engine *e, struct call *call, const struct message *m) {
	if (!engine_is_first(e, call, MESSAGE_INVITE)) {
		answer_send(e, call, last_answer(call), true);
		return;
	}
	engine_span(e, call, SPAN_INVITE_INTENDED, call->stamp[STAMP_INTENDED]);
	if (!invite_keep(e, call, m)) {
		engine_fail(e, call, FAILURE_NO_ROOM);
		call->caller = CALLER_DONE;
		done(e, call);
		return;
	}
	if (call->scenario == SCENARIO_REJECT) {
		final(e, call, MESSAGE_BUSY);
		return;
	}
	call->callee = CALLEE_RINGING;
	if (e->o->send_100)
		answer_send(e, call, MESSAGE_TRYING, false);
	answer_send(e, call, MESSAGE_RINGING, false);
	if (call->scenario == SCENARIO_CANCEL)
		return;
	if (e->o->pause_ms > 0)
		engine_arm(e, call, SIDE_B, e->queue_pause);
	else
		final(e, call, MESSAGE_OK_INVITE);
}

static void ack(struct engine *e, struct call *call) {
	if (!engine_is_first(e, call, MESSAGE_ACK))
		return;
	if (call->callee != CALLEE_ANSWERED) {
		if (!call->resent) // else that of a repeated 200 may come after BYE
			engine_wrong(e, call, WRONG_UNEXPECTED);
		return;
	}
	call->callee = CALLEE_UP;
	engine_disarm(e, call, SIDE_B);
	calls_vias_give(&e->calls, call);
}

static void ack_hop(struct engine *e, struct call *call) {
	if (engine_is_first(e, call, MESSAGE_ACK_HOP) && call->callee == CALLEE_REFUSED)
		done(e, call);
}

static void bye(struct engine *e, struct call *call, const struct message *m) {
	bool is_first = engine_is_first(e, call, MESSAGE_BYE);

	echo_send(e, call, m, MESSAGE_OK_BYE, !is_first);
	if (!is_first)
		return;
	if (call->callee != CALLEE_UP && call->callee != CALLEE_ANSWERED)
		engine_wrong(e, call, WRONG_UNEXPECTED);
	done(e, call);
}

static void cancel(struct engine *e, struct call *call, const struct message *m) {
	bool is_first = engine_is_first(e, call, MESSAGE_CANCEL);

	echo_send(e, call, m, MESSAGE_OK_CANCEL, !is_first);
	if (!is_first)
		return;
	if (call->callee == CALLEE_RINGING)
		final(e, call, MESSAGE_TERMINATED);
	else
		engine_wrong(e, call, WRONG_UNEXPECTED);
}

static void single(struct engine *e, struct call *call, const struct message *m, enum message_kind kind) {
	bool is_first = engine_is_first(e, call, kind);

	echo_send(e, call, m, kind == MESSAGE_REGISTER ? MESSAGE_OK_REGISTER : MESSAGE_OK_OPTIONS, !is_first);
	if (is_first)
		done(e, call);
}

void callee_request(struct engine *e, struct call *call, const struct message *m, enum message_kind kind) {
	switch (kind) {
	case MESSAGE_INVITE:
		invite(e, call, m);
		break;
	case MESSAGE_ACK:
		ack(e, call);
		break;
	case MESSAGE_ACK_HOP:
		ack_hop(e, call);
		break;
	case MESSAGE_BYE:
		bye(e, call, m);
		break;
	case MESSAGE_CANCEL:
		cancel(e, call, m);
		break;
	case MESSAGE_REGISTER:
	case MESSAGE_OPTIONS:
		single(e, call, m, kind);
		break;
	case MESSAGE_TRYING: // answers never get here
	case MESSAGE_RINGING:
	case MESSAGE_OK_INVITE:
	case MESSAGE_BUSY:
	case MESSAGE_TERMINATED:
	case MESSAGE_OK_BYE:
	case MESSAGE_OK_CANCEL:
	case MESSAGE_OK_REGISTER:
	case MESSAGE_OK_OPTIONS:
	case MESSAGE_OTHER:
	case MESSAGE_COUNT:
		engine_wrong(e, call, WRONG_UNEXPECTED);
		break;
	}
}

void callee_timer(struct engine *e, struct call *call) {
	switch ((enum callee_state)call->callee) {
	case CALLEE_RINGING:
		final(e, call, MESSAGE_OK_INVITE);
		break;
	case CALLEE_ANSWERED:
	case CALLEE_REFUSED:
		if (engine_retry(e, call, SIDE_B, true)) {
			answer_send(e, call, last_answer(call), true);
			break;
		}
		engine_fail(e, call, FAILURE_ACK_LOST);
		call->caller = CALLER_DONE;
		done(e, call);
		break;
	case CALLEE_IDLE:
	case CALLEE_UP:
	case CALLEE_DONE:
		break;
	}
}
