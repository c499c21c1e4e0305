// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The best of the responses a request with several targets got (RFC 3261 16.7 items 6 and 7).
#include "session/forward.h"

static bool is_challenge(uint16_t status) {
	return status == 401 || status == 407;
}

// Lower is better: 6xx, then by class; in a class what tells the caller how to try again first, what only says that a
// branch came to nothing last.
static unsigned worth(uint16_t status) {
	unsigned class = status / 100;

	if (class == 6)
		return 0;
	if (is_challenge(status) || status == 415 || status == 420 || status == 484)
		return class * 10;
	if (status == 440 || status == 487 || status == 503)
		return class * 10 + 2;
	if (status == 408) // who cancelled hears that it was
		return class * 10 + 3;
	return class * 10 + 1;
}

// NULL: there is none (each branch's 3xx was followed to nowhere).
static const struct fork_branch *best_of(const struct fork *fork) {
	const struct fork_branch *best = NULL;

	for (unsigned i = 0; i < fork->count; i++) {
		const struct fork_branch *branch = &fork->branch[i];

		if (branch->state == BRANCH_OVER && branch->status > 0 &&
		    (!best || worth(branch->status) < worth(best->status)))
			best = branch;
	}
	return best;
}

static void write_challenges_of(struct session *s, const struct fork_branch *branch, struct sip_writer *w) {
	static const enum sip_header_id ids[] = {HDR_WWW_AUTHENTICATE, HDR_PROXY_AUTHENTICATE};

	if (!local_parse(s, branch->final))
		return;
	for (unsigned i = 0; i < ARRAY_LEN(ids); i++) {
		for (int at = s->stored.first[ids[i]]; at >= 0; at = s->stored.next[at]) {
			sip_write(w, sip_header_name(ids[i]));
			sip_write_c(w, ": ");
			sip_write(w, sip_header_value(&s->stored, at));
			sip_write_c(w, "\r\n");
		}
	}
}

// What the other branches ask for: the caller can then answer all of them at once.
static struct str challenges(struct session *s, const struct fork *fork, const struct fork_branch *best) {
	struct sip_writer w = {.buf = s->again, .size = sizeof(s->again)};

	for (unsigned i = 0; i < fork->count && is_challenge(best->status); i++) {
		const struct fork_branch *branch = &fork->branch[i];

		if (branch != best && is_challenge(branch->status) && branch->final.len > 0)
			write_challenges_of(s, branch, &w);
	}
	return str_of(w.buf, w.overflow ? 0 : w.len);
}

// The best response as the caller gets it, with more header lines, parsed into s->forked; NULL when there is no text of
// it.
static struct rte_mbuf *best_response(struct session *s, const struct fork_branch *best, struct str more) {
	struct sip_edits edits;
	struct rte_mbuf *m;

	if (best->final.len == 0)
		return NULL;
	m = local_copy(s, best->final.ptr, best->final.len);
	if (!m)
		return NULL;
	if (sip_parse(&s->forked, rte_pktmbuf_mtod(m, char *), m->data_len, &s->own_limits, &s->locator) == SIP_OK) {
		sip_edits_init(&edits, &s->forked);
		sip_edit_insert_lines(&edits, -1, more);
		response_edit_unavailable(&edits, &s->forked);
		if (rewrite_apply(&edits, m) &&
		    sip_parse(&s->forked, rte_pktmbuf_mtod(m, char *), m->data_len, &s->own_limits, &s->locator) ==
			    SIP_OK)
			return m;
	}
	rte_pktmbuf_free(m);
	return NULL;
}

struct rte_mbuf *fork_request_again(struct session *s, const struct fork *fork) {
	struct rte_mbuf *m = local_copy(s, fork->request.ptr, fork->request.len);
	enum sip_verdict verdict;

	if (!m)
		return NULL;
	packet_of(m)->rx_tsc = 0;
	packet_of(m)->src = fork->from;
	packet_of(m)->listener = fork->listener;
	packet_of(m)->port = fork->port;
	verdict = sip_parse(&s->forked, rte_pktmbuf_mtod(m, char *), m->data_len, &s->limits, &s->locator);
	if (verdict == SIP_OK || verdict == SIP_BAD_URI_SCHEME) {
		s->msg = &s->forked;
		s->call_hash = fork->call_hash;
		return m;
	}
	rte_pktmbuf_free(m);
	return NULL;
}

// A final of our own, parsed into s->forked.
static struct rte_mbuf *own_response(struct session *s, const struct fork *fork, uint16_t status) {
	char tag[MINT_TAG_LEN];
	const struct sip_response how = {.status = status, .to_tag = str_of(tag, MINT_TAG_LEN)};
	struct rte_mbuf *request = fork_request_again(s, fork), *m;

	if (!request)
		return NULL;
	mint_tag(tag, s->msg->via.branch, s->seed, fork->call_hash);
	m = local_response(s, packet_of(request), &how);
	rte_pktmbuf_free(request);
	if (!m)
		return NULL;
	if (sip_parse(&s->forked, rte_pktmbuf_mtod(m, char *), m->data_len, &s->own_limits, &s->locator) != SIP_OK) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	count_one(&s->w->count, local_status_count(status));
	count_one(&s->w->count, COUNT_MSG_LOCAL_OUT);
	return m;
}

void fork_give_nothing(struct session *s, struct txn *server) {
	if (txn_step(&s->txns, server, TXN_TU_ABANDON, s->w->now_ms) & TXN_DO_FREE)
		txn_free(&s->txns, server);
}

bool fork_give_best(struct session *s, const struct fork *fork, struct txn *server) {
	const struct fork_branch *best = best_of(fork);
	struct response_kept kept = {.text = {.buf = s->again, .size = sizeof(s->again)}};
	uint16_t status = !best || best->status == 503 ? 500 : best->status;
	struct rte_mbuf *m;

	// Nobody is helped by a 408 (RFC 4320 section 4.2).
	if (best && best->status == 408 && best->final.len == 0 && fork->method != SIP_INVITE) {
		response_withhold(s, server);
		return true;
	}
	m = best ? best_response(s, best, challenges(s, fork, best)) : NULL;
	if (best && !m) // too much of it
		m = best_response(s, best, STR(""));
	if (m)
		count_one(&s->w->count, COUNT_MSG_RESPONSES_OUT);
	else
		m = own_response(s, fork, status);
	if (!m)
		return false;
	if (server->kind == TXN_SERVER)
		kept.is_common = keep_response(&s->forked, server->has_to_tag, STR(""), &kept.text);
	response_give(s, server, status, kept, m);
	return true;
}
