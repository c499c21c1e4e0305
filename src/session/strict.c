// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/forward.h"

// Strict routers (RFC 2543) put the next hop into the Request-URI and the Request-URI last into the Route. What one
// before us did is undone here; one after us gets what it wants in rewrite.c.

bool strict_is_uri_ours(const struct session *s) {
	const struct sip_uri *uri = &s->msg->uri;
	struct sip_param id;

	return uri->params.len > 0 && uri->user.len == 0 && s->msg->first[HDR_ROUTE] >= 0 &&
	       sip_param_find(uri->params, STR("d"), &id) > 0 && route_listener_named(s->w->cfg, uri) >= 0;
}

static void keep_mended_id(struct session *s) {
	struct sip_param id = {0};

	(void)sip_param_find(s->msg->uri.params, STR("d"), &id);
	s->mended_id_len = id.value.len <= MINT_LEN ? (uint8_t)id.value.len : 0;
	if (s->mended_id_len > 0)
		memcpy(s->mended_id, id.value.ptr, s->mended_id_len);
}

bool strict_mend(struct session *s, struct rte_mbuf *m) {
	struct sip_writer scratch = {.buf = s->scratch, .size = sizeof(s->scratch)};
	struct sip_walk walk = {.id = HDR_ROUTE};
	enum sip_verdict verdict = SIP_BAD_ROUTE;
	struct sip_name_addr last = {0};
	struct sip_edits edits;
	struct str entry;

	keep_mended_id(s);
	while (sip_walk_next(s->msg, &walk, &entry) > 0)
		if (!sip_name_addr_parse(entry, &last))
			last.uri.len = 0;
	sip_edits_init(&edits, s->msg);
	sip_edit_add(
		&edits,
		(uint32_t)(s->msg->request_uri.ptr - s->msg->buf),
		s->msg->request_uri.len,
		rewrite_copy(&scratch, last.uri)
	);
	if (last.uri.len > 0 && !scratch.overflow && sip_edit_remove_bottom(&edits, HDR_ROUTE) &&
	    rewrite_apply(&edits, m)) {
		verdict = sip_parse(
			&s->mended, rte_pktmbuf_mtod(m, char *), rte_pktmbuf_data_len(m), &s->limits, &s->locator
		);
		s->msg = &s->mended;
	}
	if (verdict == SIP_OK || verdict == SIP_BAD_URI_SCHEME)
		return true;
	local_refuse(s, m, 400, COUNT_SIP_BAD_ROUTE);
	return false;
}
