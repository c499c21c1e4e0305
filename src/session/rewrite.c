// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dataplane/output.h"
#include "session/forward.h"

// What a proxy changes of a request on its way (RFC 3261 16.6 items 3, 4, 6 and 8, 18.2.1).

// Requests that make a dialog get a Record-Route; so do re-INVITEs, for elements that lost their state.
// A NOTIFY makes the route set of whoever subscribed (RFC 6665 section 4.3); one whose SUBSCRIBE did not pass us has no
// Route of ours.
static bool wants_record_route(const struct sip_msg *msg, const struct target *target) {
	return msg->method == SIP_INVITE || msg->method == SIP_SUBSCRIBE || msg->method == SIP_REFER ||
	       (msg->method == SIP_NOTIFY && target->own_routes > 0);
}

static void write_record_route(struct session *s, struct sip_writer *w, uint8_t listener, struct str id, bool doubled) {
	const struct listener_text *text = &s->listener[listener];

	sip_write(w, str_of(text->record_route, text->record_route_len));
	sip_write(w, id);
	if (doubled)
		sip_write_c(w, ";r2=on");
	sip_write_c(w, ">\r\n");
}

// Our Via, and above it Record-Route: first the side the request leaves by, then the side it came in by, so that each
// end sends to the address on its own side.
static void edit_top(struct session *s, struct forward *f, const char *branch, uint32_t branch_len) {
	struct sip_writer *w = &f->scratch;
	uint32_t from = w->len;
	uint8_t in = packet_of(f->m)->listener;
	const struct listener_text *text = &s->listener[f->target.listener];

	if (wants_record_route(s->msg, &f->target) && !f->target.is_stateless) {
		char id[MINT_LEN];
		bool doubled = in != f->target.listener;

		if (f->dialog)
			dialog_mint(&s->dialogs, f->dialog, s->call_hash, id);
		else
			route_mark(s, id);
		write_record_route(s, w, f->target.listener, str_of(id, MINT_LEN), doubled);
		if (doubled)
			write_record_route(s, w, in, str_of(id, MINT_LEN), doubled);
	}
	sip_write(w, str_of(text->via, text->via_len));
	sip_write(w, str_of(branch, branch_len));
	sip_write_c(w, "\r\n");
	sip_edit_insert_lines(&f->edits, 0, rewrite_since(w, from));
}

// The host of a Via names that address; `text` is how it is written.
static bool host_is(struct str host, const struct ip_addr *addr, struct str text) {
	struct ip_addr named;

	if (addr->family == IP_V4 || str_eq(host, text))
		return str_eq(host, text);
	return ip_parse(host, &named) && ip_eq(&named, addr);
}

// received and rport of the Via the request came with (RFC 3261 18.2.1, RFC 3581 section 4).
static void edit_received(struct session *s, struct forward *f) {
	const struct packet *from = packet_of(f->m);
	const struct sip_via *via = &s->msg->via;
	struct sip_writer *w = &f->scratch;
	char address[IP_TEXT_MAX];
	struct str source = str_of(address, ip_format(&from->src.addr, address));
	uint32_t at = w->len;

	if (via->has_rport && via->rport.len == 0) {
		if (via->rport.ptr[-1] != '=')
			sip_write_c(w, "=");
		sip_write_u32(w, from->src.port);
		sip_edit_add(&f->edits, (uint32_t)(via->rport.ptr - s->msg->buf), 0, rewrite_since(w, at));
		at = w->len;
	}
	if (via->received.len > 0) {
		bool in_brackets = via->received.ptr[-1] == '[';

		sip_write(w, source);
		sip_edit_add(
			&f->edits,
			(uint32_t)(via->received.ptr - s->msg->buf) - in_brackets,
			via->received.len + 2u * in_brackets,
			rewrite_since(w, at)
		);
	} else if (via->has_rport || !host_is(via->host, &from->src.addr, source)) {
		sip_write_c(w, ";received=");
		sip_write(w, source);
		sip_edit_add(
			&f->edits, (uint32_t)(via->text.ptr + via->text.len - s->msg->buf), 0, rewrite_since(w, at)
		);
	}
}

struct str rewrite_copy(struct sip_writer *w, struct str text) {
	uint32_t from = w->len;

	sip_write(w, text);
	return rewrite_since(w, from);
}

static void remove_routes(struct forward *f, const struct sip_msg *msg) {
	for (int i = msg->first[HDR_ROUTE]; i >= 0; i = msg->next[i])
		sip_edit_remove_line(&f->edits, i);
}

// A strict router wants itself in the Request-URI, and what stood there last in the Route (RFC 3261 16.6 item 6).
static void edit_for_strict(struct forward *f, const struct sip_msg *msg) {
	struct sip_walk walk = {.id = HDR_ROUTE};
	struct sip_writer *w = &f->scratch;
	struct sip_name_addr router = {0};
	uint32_t from = w->len;
	struct str entry;

	sip_write_c(w, "Route: ");
	for (uint32_t i = 0; sip_walk_next(msg, &walk, &entry) > 0; i++) {
		if (i == f->target.own_routes)
			(void)sip_name_addr_parse(entry, &router);
		if (i <= f->target.own_routes)
			continue;
		sip_write(w, entry);
		sip_write_c(w, ", ");
	}
	sip_write_c(w, "<");
	sip_write(w, msg->request_uri);
	sip_write_c(w, ">\r\n");
	sip_edit_insert_lines(&f->edits, msg->first[HDR_ROUTE], rewrite_since(w, from));
	remove_routes(f, msg);
	sip_edit_add(
		&f->edits,
		(uint32_t)(msg->request_uri.ptr - msg->buf),
		msg->request_uri.len,
		rewrite_copy(w, router.uri)
	);
}

static void edit_routes(struct forward *f, const struct sip_msg *msg) {
	if (f->target.is_strict)
		edit_for_strict(f, msg);
	else if (f->target.only_own_routes)
		remove_routes(f, msg);
	else
		for (unsigned i = 0; i < f->target.own_routes; i++)
			sip_edit_remove_top(&f->edits, HDR_ROUTE);
}

// On its way to one of several targets: Request-URI, and what that branch may fork itself (RFC 5393 section 5.3.3).
static void edit_for_branch(struct forward *f, const struct sip_msg *msg) {
	struct str breadth = sip_header_first(msg, HDR_MAX_BREADTH);
	struct sip_writer *w = &f->scratch;
	uint32_t from = w->len;

	if (f->target.uri.len > 0)
		sip_edit_add(
			&f->edits, (uint32_t)(msg->request_uri.ptr - msg->buf), msg->request_uri.len, f->target.uri
		);
	if (!breadth.ptr)
		sip_write_c(w, "Max-Breadth: ");
	sip_write_u32(w, f->target.breadth);
	if (breadth.ptr) {
		sip_edit_add(&f->edits, (uint32_t)(breadth.ptr - msg->buf), breadth.len, rewrite_since(w, from));
	} else {
		sip_write_c(w, "\r\n");
		sip_edit_insert_lines(&f->edits, 0, rewrite_since(w, from));
	}
}

void rewrite_version(struct sip_edits *edits, uint32_t at) {
	if (unlikely(memcmp(edits->msg->buf + at, "SIP", 3) != 0))
		sip_edit_add(edits, at, 3, STR("SIP"));
}

void rewrite_prepare(struct session *s, struct forward *f, const char *branch, uint32_t branch_len) {
	static const uint16_t max_forwards_default = 70;
	const struct sip_msg *msg = s->msg;
	uint16_t max_forwards =
		msg->max_forwards == SIP_MAX_FORWARDS_NONE ? max_forwards_default : (uint16_t)(msg->max_forwards - 1);

	stage_enter(s->w, STAGE_EDIT);
	f->scratch = (struct sip_writer){.buf = s->scratch, .size = sizeof(s->scratch) - SIP_MAX_FORWARDS_SCRATCH};
	sip_edits_init(&f->edits, msg);
	rewrite_version(&f->edits, (uint32_t)(msg->request_uri.ptr + msg->request_uri.len + 1 - msg->buf));
	edit_top(s, f, branch, branch_len);
	edit_received(s, f);
	edit_routes(f, msg);
	if (unlikely(f->target.is_forked))
		edit_for_branch(f, msg);
	if (unlikely(session_timer_concerns(s)) && f->dialog)
		session_timer_edit(s, f);
	sip_edit_max_forwards(
		&f->edits,
		max_forwards,
		s->scratch + sizeof(s->scratch) - SIP_MAX_FORWARDS_SCRATCH,
		SIP_MAX_FORWARDS_SCRATCH
	);
}

bool rewrite_apply(struct sip_edits *edits, struct rte_mbuf *m) {
	uint32_t headroom = rte_pktmbuf_headroom(m);
	int32_t start;
	uint32_t len;

	if (!sip_edits_apply(
		    edits,
		    rte_pktmbuf_mtod(m, char *),
		    headroom > OUTPUT_HEADROOM ? headroom - OUTPUT_HEADROOM : 0,
		    (uint32_t)(m->buf_len - m->data_off - edits->msg->len),
		    &start,
		    &len
	    ))
		return false;
	m->data_off = (uint16_t)(m->data_off + start);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return true;
}
