// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"
#include "session/state.h"

// Calls are spread over the workers by their Call-ID, so that all messages of a call meet on one core.
static uint8_t owner_of(uint64_t seed, struct str call_id, uint8_t worker_count) {
	return (uint8_t)(((hash_str(seed, call_id) >> 32) * worker_count) >> 32);
}

uint8_t dispatch_owner(const struct worker *w, const char *data, uint32_t len) {
	return owner_of(w->session->seed, sip_peek_call_id(data, len), w->worker_count);
}

// Counted by what is wrong, and as a response when it looks like one.
static void drop_malformed(struct session *s, struct rte_mbuf *m, enum sip_verdict verdict) {
	if (str_starts(str_of(s->msg.buf, s->msg.len), STR("SIP/")))
		count_one(&s->w->count, COUNT_SIP_RESPONSE_BAD);
	local_drop(s, m, sip_verdict_count(verdict));
}

// Nothing of it can be trusted: answered when it is a request that says whom to answer, and counted by what is wrong.
static void refuse_malformed(struct session *s, struct rte_mbuf *m, enum sip_verdict verdict) {
	if (s->msg.is_request)
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
	if (s->msg.method == SIP_ACK)
		ack_handle(s, m);
	else if (s->msg.method == SIP_CANCEL && has_transactions(s))
		cancel_handle(s, m);
	else
		request_handle(s, m);
}

static void dispatch(struct session *s, struct rte_mbuf *m) {
	struct counters *count = &s->w->count;
	const char *data = rte_pktmbuf_mtod(m, char *);
	uint32_t len = rte_pktmbuf_data_len(m);
	bool is_response = str_starts(str_of(data, len), STR("SIP/"));
	const struct sip_limits *limits = is_response ? &s->own_limits : &s->limits;
	enum sip_verdict verdict;

	stage_enter(s->w, STAGE_PARSE);
	verdict = sip_parse(&s->msg, data, len, limits, &s->locator);

	stage_enter(s->w, STAGE_LOOKUP);
	if (verdict == SIP_KEEPALIVE) {
		count_one(count, COUNT_RX_KEEPALIVE);
		rte_pktmbuf_free(m);
		return;
	}
	if (s->msg.call_id.len > 0 && owner_of(s->seed, s->msg.call_id, s->w->worker_count) != s->w->id)
		count_one(count, COUNT_RX_SIP_MISPLACED);
	else
		count_one(count, COUNT_RX_SIP_OWNED);
	// What the URI is matters only when it has to lead somewhere: found wrong last, and judged by route_find.
	if (verdict != SIP_OK && verdict != SIP_BAD_URI_SCHEME) {
		refuse_malformed(s, m, verdict);
	} else if (s->msg.is_request) {
		dispatch_request(s, m);
	} else {
		count_one(count, COUNT_MSG_RESPONSES_IN);
		if (has_transactions(s))
			response_handle(s, m);
		else
			stateless_response(s, m);
	}
}

void dispatch_datagrams(struct worker *w, struct rte_mbuf **m, uint32_t count) {
	for (uint32_t i = 0; i < count; i++)
		dispatch(w->session, m[i]);
}
