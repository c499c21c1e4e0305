// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/state.h"
#include "sip/stun.h"

// What keeps a NAT open (RFC 5626 sections 3.5, 4.4): no message, and no state.

static void answer(struct session *s, const struct packet *from, const char *bytes, uint32_t len) {
	struct rte_mbuf *reply = local_copy(s, bytes, len);

	if (!reply)
		return;
	count_one(&s->w->count, COUNT_KEEPALIVE_OUT);
	output_datagram(s->w, reply, from->listener, &from->src);
}

void keepalive_handle(struct session *s, struct rte_mbuf *m) {
	struct str text = str_of(rte_pktmbuf_mtod(m, char *), rte_pktmbuf_data_len(m));

	count_one(&s->w->count, COUNT_RX_KEEPALIVE);
	if (str_eq(text, STR("\r\n\r\n")))
		answer(s, packet_of(m), "\r\n", 2);
	rte_pktmbuf_free(m);
}

void keepalive_stun(struct session *s, struct rte_mbuf *m) {
	char reply[STUN_ANSWER_MAX];
	uint32_t len = stun_answer(rte_pktmbuf_mtod(m, char *), rte_pktmbuf_data_len(m), &packet_of(m)->src, reply);

	count_one(&s->w->count, len > 0 ? COUNT_RX_STUN : COUNT_RX_STUN_BAD);
	if (len > 0)
		answer(s, packet_of(m), reply, len);
	rte_pktmbuf_free(m);
}
