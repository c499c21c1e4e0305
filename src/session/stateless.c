// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A proxy that keeps nothing (RFC 3261 section 16.11). What it has to know of a request when a response comes is in the
// response: the next Via says where it goes, and our branch, a keyed hash, proves that we forwarded a request for just
// that Via, so that nobody can have us send responses to others.
#include "base/hash.h"
#include "session/state.h"

#define MAGIC_COOKIE "z9hG4bK"

// What a request and its responses, its CANCEL and the ACK of its final error share: Call-ID, the branch of the element
// before us (for an old one From tag and CSeq number besides), and where responses go.
static uint64_t way_back(const struct session *s, struct str branch, const struct endpoint *to) {
	const struct sip_msg *msg = s->msg;
	uint64_t way = hash_mix(hash_str(s->seed, branch), hash_str(s->seed, msg->call_id));
	uint64_t address[2];

	if (!str_starts(branch, STR(MAGIC_COOKIE)))
		way = hash_mix(way, hash_mix(hash_str(s->seed, msg->from.tag), msg->cseq));
	memcpy(address, to->addr.bytes, sizeof(address));
	way = hash_mix(way, hash_mix(address[0], address[1]));
	return hash_mix(way, (uint64_t)to->addr.family << 16 | to->port);
}

void stateless_branch(const struct session *s, uint8_t listener, const struct endpoint *reply_to, char *out) {
	mint_return_branch(out, listener, s->seed, way_back(s, s->msg->via.branch, reply_to));
}

// Where the response goes, by the Via below ours (RFC 3261 18.2.2, RFC 3581 section 4).
static bool via_target(const struct sip_via *via, struct endpoint *ret_to) {
	uint64_t rport = 0;

	if (!ip_parse(via->received.len > 0 ? via->received : via->host, &ret_to->addr))
		return false;
	if (via->rport.len > 0 && (!str_to_u64(via->rport, UINT16_MAX, &rport) || rport == 0))
		return false;
	ret_to->port = via->port ? via->port : 5060;
	if (rport)
		ret_to->port = (uint16_t)rport;
	return true;
}

// False when the response is none to a request we forwarded for the Via below ours.
static bool way_find(const struct session *s, struct endpoint *ret_to, uint8_t *ret_listener) {
	const struct sip_via *via = &s->msg->via_below;

	return s->msg->via_count > 1 && via_target(via, ret_to) &&
	       mint_return_read(s->msg->via.branch, s->seed, way_back(s, via->branch, ret_to), ret_listener);
}

void stateless_response(struct session *s, struct rte_mbuf *m) {
	struct endpoint to;
	uint8_t listener;

	if (!way_find(s, &to, &listener)) {
		local_drop(s, m, COUNT_SIP_RESPONSE_STRAY);
		return;
	}
	if (!response_strip(s, m, STR(""))) {
		local_drop(s, m, COUNT_SIP_TOO_LARGE);
		return;
	}
	count_one(&s->w->count, COUNT_MSG_RESPONSES_OUT);
	output_datagram(s->w, m, listener, &to);
}
