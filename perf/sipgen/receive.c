// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A datagram came: what message of which call it is, whether it is as it should be, and on to the caller or the callee.
#include "engine.h"

#define BIT(kind) (1u << MESSAGE_##kind)

// Answers that nobody but the callee can give.
#define CALLEE_ONLY (BIT(RINGING) | BIT(OK_INVITE) | BIT(OK_BYE))

// The call a message belongs to; NULL when it is nobody's, which is counted.
static struct call *call_of(struct engine *e, const struct message *m) {
	struct str text = m->call_id;
	struct call *call;
	uint64_t id;

	if (text.len < ID_LEN + 1 + RUN_LEN || !id_read(text.ptr, &id) || text.ptr[ID_LEN] != '-') {
		engine_count_wrong(e, WRONG_STRANGER, e->text);
		return NULL;
	}
	if (memcmp(text.ptr + ID_LEN + 1, e->texts.run, RUN_LEN) != 0) { // of an earlier run
		e->leftovers++;
		return NULL;
	}
	call = calls_find(&e->calls, id);
	if (call)
		return call;
	if (id >> 32 < e->serial_floor)
		e->leftovers++;
	else
		engine_count_wrong(e, WRONG_STRAY, e->text);
	return NULL;
}

// A message that came, with what is known of it.
struct received {
	struct message m;
	enum message_kind kind;
	bool tail_is_ours; // all from From on is as it was sent; of m only what stands before is set, and the method
};

// Kinds a message that begins so may be of.
static uint32_t kinds_beginning(struct str text) {
	if (text.len < 12)
		return 0;
	switch (text.ptr[0]) {
	case 'I':
		return BIT(INVITE);
	case 'A':
		return BIT(ACK);
	case 'B':
		return BIT(BYE);
	case 'C':
		return BIT(CANCEL);
	case 'R':
		return BIT(REGISTER);
	case 'O':
		return BIT(OPTIONS);
	case 'S':
		if (memcmp(text.ptr + 8, "100", 3) == 0)
			return BIT(TRYING);
		if (memcmp(text.ptr + 8, "180", 3) == 0)
			return BIT(RINGING);
		if (memcmp(text.ptr + 8, "200", 3) == 0)
			return BIT(OK_INVITE) | BIT(OK_BYE) | BIT(OK_CANCEL) | BIT(OK_REGISTER) | BIT(OK_OPTIONS);
		return 0;
	default:
		return 0;
	}
}

// The identifier in a message that may be of this kind.
static bool tail_id(const struct tail *tail, struct str text, uint64_t *ret_id) {
	const uint32_t name_len = sizeof(TAIL_ID_NAME) - 1;
	const char *id_at;

	if (tail->len == 0 || text.len <= tail->len)
		return false;
	id_at = text.ptr + text.len - tail->len + tail->id_at;
	return memcmp(id_at - name_len, TAIL_ID_NAME, name_len) == 0 && id_read(id_at, ret_id);
}

// The call whose message of this kind ends as `text` does; it stands in e->fill then.
static struct call *tail_match(struct engine *e, const struct tail *tail, struct str text) {
	struct call *call;
	uint64_t id;

	if (!tail_id(tail, text, &id))
		return NULL;
	call = calls_find(&e->calls, id);
	if (!call)
		return NULL;
	engine_fill(e, call);
	text = str_of(text.ptr + text.len - tail->len, tail->len);
	return template_is(&tail->text, &e->fill, text) ? call : NULL;
}

// The usual message, whose second part is compared as a whole and not looked at line by line. NULL for all others: what
// is wrong with them, if anything, shows when they are walked.
static struct call *usual_read(struct engine *e, struct received *r) {
	uint32_t kinds = kinds_beginning(e->text);
	struct str text = e->text;

	for (; kinds != 0; kinds &= kinds - 1) {
		unsigned kind = (unsigned)__builtin_ctz(kinds);
		const struct message_info *info = &message_infos[kind];
		struct call *call = tail_match(e, &e->texts.tail[kind], text);

		if (!call)
			continue;
		if (!message_walk_head(&r->m, text.ptr, text.len - e->texts.tail[kind].len) ||
		    r->m.status != info->status || (info->status == 0 && r->m.start_method != info->method))
			return NULL;
		r->m.method = info->method;
		r->kind = (enum message_kind)kind;
		r->tail_is_ours = true;
		return call;
	}
	return NULL;
}

// Any message; NULL when it is none, or nobody's, which is counted.
static struct call *any_read(struct engine *e, struct received *r) {
	struct call *call;

	r->tail_is_ours = false;
	if (!message_walk(&r->m, e->text.ptr, e->text.len)) {
		engine_count_wrong(e, WRONG_UNREADABLE, e->text);
		return NULL;
	}
	call = call_of(e, &r->m);
	if (!call)
		return NULL;
	r->kind = message_kind_of(&r->m);
	engine_fill(e, call);
	return call;
}

static enum wrong
check(struct engine *e, const struct call *call, const struct received *r, const struct sender *sender) {
	uint32_t slot = calls_slot(&e->calls, call);
	struct checked c = {
		.m = &r->m,
		.kind = r->kind,
		.fill = &e->fill,
		.from = &sender->from,
		.tail_is_ours = r->tail_is_ours,
		.routes = str_of(e->calls.routes[slot], call->routes_len),
	};

	if (call->vias != CALL_NONE)
		c.vias = str_of(e->calls.vias[call->vias], call->vias_len);
	if (r->m.status)
		return check_response(&e->checker, &c);
	return check_request(&e->checker, &c);
}

// A message of a call that is over.
static void late(struct engine *e, struct call *call, enum message_kind kind) {
	if (call->failure)
		e->leftovers++;
	else if (call->seen & 1u << kind)
		engine_is_first(e, call, kind);
	else
		engine_wrong(e, call, WRONG_STRAY);
}

void engine_receive(struct engine *e, unsigned side, struct str text, const struct sender *sender) {
	struct received r;
	struct call *call;
	enum wrong wrong = WRONG_NOTHING;

	e->text = text;
	call = usual_read(e, &r);
	if (!call)
		call = any_read(e, &r);
	if (!call)
		return;
	if (r.kind == MESSAGE_ACK && (call->sent & (BIT(BUSY) | BIT(TERMINATED))))
		r.kind = MESSAGE_ACK_HOP;
	if (r.m.status)
		engine_stats(e, call)->status[r.m.status]++;
	if (call->state == CALL_OVER) {
		late(e, call, r.kind);
		return;
	}
	if ((r.m.status != 0) != (side == SIDE_A)) {
		engine_wrong(e, call, WRONG_UNEXPECTED);
		return;
	}
	if (call->serial % e->o->verify == 0)
		wrong = check(e, call, &r, sender);
	if (!wrong && ((1u << r.kind) & CALLEE_ONLY & ~call->sent))
		wrong = WRONG_STATUS;
	if (wrong)
		engine_wrong(e, call, wrong);
	call->peer = side == SIDE_B ? sender->peer : call->peer;
	if (side == SIDE_A)
		caller_response(e, call, &r.m, r.kind);
	else
		callee_request(e, call, &r.m, r.kind);
}
