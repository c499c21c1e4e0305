// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"
#include "session/state.h"
#include "sip/stun.h"

// Calls are spread over the workers by their Call-ID, so that all messages of a call meet on one core.
static uint8_t owner_of(uint64_t call_hash, uint8_t worker_count) {
	return (uint8_t)(((call_hash >> 32) * worker_count) >> 32);
}

uint8_t dispatch_owner(const struct worker *w, const char *data, uint32_t len) {
	return owner_of(hash_str(w->session->seed, sip_peek_call_id(data, len)), w->worker_count);
}

bool dispatch_is_unwanted(const struct worker *w, const char *data, uint32_t len) {
	return sip_screen_finds(&w->session->screen, data, len);
}

// Counted by what is wrong, and as a response when it looks like one.
static void drop_malformed(struct session *s, struct rte_mbuf *m, enum sip_verdict verdict) {
	if (str_starts(str_of(s->msg->buf, s->msg->len), STR("SIP/")))
		count_one(&s->w->count, COUNT_SIP_RESPONSE_BAD);
	local_drop(s, m, sip_verdict_count(verdict));
}

// Nothing of it can be trusted: answered when it is a request that says whom to answer, and counted by what is wrong.
static void refuse_malformed(struct session *s, struct rte_mbuf *m, enum sip_verdict verdict) {
	if (stun_starts(s->msg->buf, s->msg->len))
		keepalive_stun(s, m);
	else if (s->msg->is_request)
		local_refuse_with(
			s,
			m,
			sip_verdict_status(verdict),
			sip_verdict_count(verdict),
			sip_verdict_text(verdict),
			STR("")
		);
	else
		drop_malformed(s, m, verdict);
}

static void dispatch_request(struct session *s, struct rte_mbuf *m) {
	count_one(&s->w->count, COUNT_MSG_REQUESTS_IN);
	if (s->msg->method == SIP_ACK)
		ack_handle(s, m);
	else if (s->msg->method == SIP_CANCEL && has_transactions(s))
		cancel_handle(s, m);
	else
		request_handle(s, m);
}

// What the URI is matters only when it has to lead somewhere: found wrong last, and judged by route_find.
static bool is_usable(enum sip_verdict verdict) {
	return verdict == SIP_OK || verdict == SIP_BAD_URI_SCHEME;
}

static void keys_of_request(const struct session *s, struct inbound *in) {
	in->key = txn_key_of(&s->txns, &in->msg, in->call_hash);
	if (!has_dialogs(s))
		return;
	in->dialog_key = dialog_key_of(&s->dialogs, &in->msg, in->call_hash);
	if (in->msg.to.tag.len > 0)
		in->dialog_slot = dialog_slot_of(route_dialog_id(s, &in->msg));
}

// First pass: parses, and works out by what the message will be found.
static void take_in(struct session *s, struct inbound *in, struct rte_mbuf *m) {
	const char *data = rte_pktmbuf_mtod(m, char *);
	uint32_t len = rte_pktmbuf_data_len(m);
	bool is_response = str_starts(str_of(data, len), STR("SIP/"));

	stage_enter(s->w, STAGE_PARSE);
	in->m = m;
	in->dialog_slot = SLOT_NONE;
	in->verdict = sip_parse(&in->msg, data, len, is_response ? &s->own_limits : &s->limits, &s->locator);
	stage_enter(s->w, STAGE_LOOKUP);
	in->call_hash = hash_str(s->seed, in->msg.call_id);
	in->is_looked_up = is_usable(in->verdict) && has_transactions(s);
	if (in->is_looked_up && in->msg.is_request)
		keys_of_request(s, in);
}

// Second pass: asks for the first lines of memory the message will need.
static void fetch(const struct session *s, const struct inbound *in) {
	if (!in->is_looked_up)
		return;
	if (!in->msg.is_request) {
		txn_prefetch_client(&s->txns, in->msg.via.branch);
		return;
	}
	txn_prefetch(&s->txns, in->key);
	if (in->dialog_slot != SLOT_NONE)
		dialog_prefetch_slot(&s->dialogs, in->dialog_slot);
	else if (in->msg.method == SIP_INVITE && has_dialogs(s))
		dialog_prefetch_create(&s->dialogs, in->dialog_key);
}

// Third pass: those lines are there and say what else is needed.
static void look_ahead(const struct session *s, struct inbound *in) {
	if (!in->is_looked_up)
		return;
	if (in->msg.is_request) {
		txn_prefetch_record(&s->txns, in->key);
	} else {
		in->dialog_slot = txn_prefetch_around(&s->txns, in->msg.via.branch);
		dialog_prefetch_slot(&s->dialogs, in->dialog_slot);
	}
}

// Fourth pass: the dialog of a response is there. A BYE's takes it out of its table and its timer's queue.
static void look_around(const struct session *s, const struct inbound *in) {
	if (in->is_looked_up && !in->msg.is_request && in->dialog_slot != SLOT_NONE)
		dialog_prefetch_around(&s->dialogs, in->dialog_slot, in->msg.method == SIP_BYE);
}

static void dispatch_usable(struct session *s, struct rte_mbuf *m) {
	if (s->msg->is_request) {
		dispatch_request(s, m);
		return;
	}
	count_one(&s->w->count, COUNT_MSG_RESPONSES_IN);
	if (has_transactions(s))
		response_handle(s, m);
	else
		stateless_response(s, m);
}

// Fifth pass.
static void act(struct session *s, const struct inbound *in) {
	struct counters *count = &s->w->count;

	stage_enter(s->w, STAGE_LOOKUP);
	if (in->verdict == SIP_KEEPALIVE) {
		keepalive_handle(s, in->m);
		return;
	}
	s->msg = &in->msg;
	s->call_hash = in->call_hash;
	s->key = in->key;
	s->dialog_key = in->dialog_key;
	if (in->msg.call_id.len > 0 && owner_of(in->call_hash, s->w->worker_count) != s->w->id)
		count_one(count, COUNT_RX_SIP_MISPLACED);
	else
		count_one(count, COUNT_RX_SIP_OWNED);
	if (is_usable(in->verdict))
		dispatch_usable(s, in->m);
	else
		refuse_malformed(s, in->m, in->verdict);
}

// True when a header line says Route, as it does in what belongs to a call that passed us.
static bool has_route(struct str text) {
	const char *at = text.ptr, *end = text.ptr + text.len;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		if (at == end || *at == '\r' || *at == '\n')
			break;
		if (end - at > 5 && (*at | 0x20) == 'r' && str_eq_nocase(str_of(at, 5), STR("Route")) &&
		    (at[5] == ':' || char_is_lws(at[5])))
			return true;
	}
	return false;
}

// Far beyond what the worker can carry even refusing takes too long: some new calls are dropped all but unread, and
// their callers try again. What belongs to a call passes.
static bool is_shed(struct session *s, struct rte_mbuf *m) {
	const struct str text = str_of(rte_pktmbuf_mtod(m, char *), rte_pktmbuf_data_len(m));

	if (!str_starts(text, STR("INVITE ")))
		return false;
	s->dice ^= s->dice << 13;
	s->dice ^= s->dice >> 7;
	s->dice ^= s->dice << 17;
	if ((s->dice & 15) >= s->w->backlog.shed || has_route(text))
		return false;
	count_one(&s->w->count, COUNT_REFUSED_SHED);
	count_one(&s->w->count, COUNT_RX_SIP_OWNED);
	rte_pktmbuf_free(m);
	return true;
}

static uint32_t shed(struct session *s, struct rte_mbuf **m, uint32_t count) {
	uint32_t left = 0;

	for (uint32_t i = 0; i < count; i++)
		if (!is_shed(s, m[i]))
			m[left++] = m[i];
	return left;
}

// Each pass over all of the group: so memory that is far away is waited for once, and not by each datagram.
static void group(struct session *s, struct rte_mbuf **m, uint32_t count) {
	if (unlikely(s->w->backlog.shed > 0))
		count = shed(s, m, count);
	for (uint32_t i = 0; i < count; i++)
		take_in(s, &s->inbound[i], m[i]);
	stage_enter(s->w, STAGE_LOOKUP);
	for (uint32_t i = 0; i < count; i++)
		fetch(s, &s->inbound[i]);
	for (uint32_t i = 0; i < count; i++)
		look_ahead(s, &s->inbound[i]);
	for (uint32_t i = 0; i < count; i++)
		look_around(s, &s->inbound[i]);
	for (uint32_t i = 0; i < count; i++)
		act(s, &s->inbound[i]);
}

void dispatch_datagrams(struct worker *w, struct rte_mbuf **m, uint32_t count) {
	for (uint32_t done = 0; done < count; done += INBOUND)
		group(w->session, m + done, count - done < INBOUND ? count - done : INBOUND);
}
