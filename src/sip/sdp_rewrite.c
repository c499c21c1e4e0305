// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Goes through the lines in order and writes each as it is, changed, or not at all. Lines that are added wait until
// their place in the order of RFC 8866 section 5 comes.
#include "sip/sdp_rewrite.h"

#include "sip/build.h"
#include "sip/sdp_value.h"

struct rewriter {
	struct sip_writer w;
	const struct sdp *sdp;
	const struct sdp_changes *changes;
	const struct ip_addr *session_addr; // the session's c= line gets it; NULL: stays
	struct str line_end;
	const struct sdp_media *media;	 // whose lines come; NULL: the session's
	const struct sdp_target *target; // of it; NULL: nothing of it changes
	bool owes_connection, owes_rtcp, owes_mux;
};

static void write_between(struct sip_writer *w, const char *start, const char *end) {
	sip_write(w, str_of(start, (size_t)(end - start)));
}

static void write_u64(struct sip_writer *w, uint64_t value) {
	char digits[20], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	write_between(w, p, digits + sizeof(digits));
}

// "IN IP4 192.0.2.1"
static void write_place(struct sip_writer *w, const struct ip_addr *addr) {
	char text[IP_TEXT_MAX];
	uint32_t len = ip_format(addr, text);

	sip_write(w, addr->family == IP_V4 ? STR("IN IP4 ") : STR("IN IP6 "));
	sip_write(w, str_of(text, len));
}

// "53020" or "53020 IN IP4 192.0.2.1"
static void write_rtcp(struct sip_writer *w, const struct endpoint *rtcp) {
	sip_write_u32(w, rtcp->port);
	if (rtcp->addr.family == IP_NONE)
		return;
	sip_write(w, STR(" "));
	write_place(w, &rtcp->addr);
}

// The line with `part`, a slice of it, replaced by an address.
static void write_with_place(struct sip_writer *w, struct str line, struct str part, const struct ip_addr *addr) {
	write_between(w, line.ptr, part.ptr);
	write_place(w, addr);
	write_between(w, part.ptr + part.len, line.ptr + line.len);
}

static void begin_line(struct rewriter *r) {
	if (r->w.len > 0 && r->w.buf[r->w.len - 1] != '\n')
		sip_write(&r->w, r->line_end);
}

// What is due before a line of that letter.
static void write_owed(struct rewriter *r, char letter) {
	bool attributes = letter == 'a' || letter == 'm' || letter == '\0';

	if (r->owes_connection && letter != 'i') {
		begin_line(r);
		sip_write(&r->w, STR("c="));
		write_place(&r->w, &r->target->rtp.addr);
		sip_write(&r->w, r->line_end);
		r->owes_connection = false;
	}
	if (r->owes_rtcp && attributes) {
		begin_line(r);
		sip_write(&r->w, STR("a=rtcp:"));
		write_rtcp(&r->w, &r->target->rtcp);
		sip_write(&r->w, r->line_end);
		r->owes_rtcp = false;
	}
	if (r->owes_mux && attributes) {
		begin_line(r);
		sip_write(&r->w, STR("a=rtcp-mux"));
		sip_write(&r->w, r->line_end);
		r->owes_mux = false;
	}
}

static void write_media(struct rewriter *r, struct str line) {
	struct str port;

	r->media = r->media == NULL ? r->sdp->media : r->media + 1;
	r->target = &r->changes->media[r->media - r->sdp->media];
	if (r->target->rtp.addr.family == IP_NONE)
		r->target = NULL;
	if (r->target == NULL || r->media->port == 0) {
		sip_write(&r->w, line);
		return;
	}
	port = r->media->port_text;
	write_between(&r->w, line.ptr, port.ptr);
	sip_write_u32(&r->w, r->target->rtp.port);
	write_between(&r->w, port.ptr + port.len, line.ptr + line.len);
	r->owes_connection = r->session_addr == NULL && r->media->section.connection.place.len == 0;
	r->owes_rtcp = r->target->rtcp.port != 0 && r->media->section.attribute[SDP_RTCP].ptr == NULL;
	r->owes_mux = r->target->rtcp_mux && r->media->section.attribute[SDP_RTCP_MUX].ptr == NULL;
}

static void write_connection(struct rewriter *r, const struct sdp_line *line) {
	const struct ip_addr *addr = r->target != NULL ? &r->target->rtp.addr : NULL;
	struct sdp_connection connection;

	if (r->media == NULL)
		addr = r->session_addr;
	if (addr != NULL && sdp_read_connection(line->value, &connection))
		write_with_place(&r->w, line->text, connection.place, addr);
	else
		sip_write(&r->w, line->text);
}

static void write_attribute(struct rewriter *r, const struct sdp_line *line) {
	struct str value, name = sdp_split_attribute(line->value, &value);
	bool is_mux = str_eq(name, STR("rtcp-mux")), is_rtcp = str_eq(name, STR("rtcp"));

	if (r->target == NULL || r->media->port == 0 || !(is_mux || is_rtcp)) {
		sip_write(&r->w, line->text);
	} else if (is_mux && r->target->rtcp_mux) {
		sip_write(&r->w, line->text);
	} else if (is_rtcp && r->target->rtcp.port != 0) {
		write_between(&r->w, line->text.ptr, name.ptr + name.len);
		sip_write(&r->w, STR(":"));
		write_rtcp(&r->w, &r->target->rtcp);
		write_between(&r->w, value.ptr + value.len, line->text.ptr + line->text.len);
	}
}

static void write_origin(struct rewriter *r, struct str line) {
	const struct sdp_origin *origin = &r->sdp->origin;
	const char *rest = line.ptr;

	if (r->changes->origin_version != 0) {
		write_between(&r->w, rest, origin->version.ptr);
		write_u64(&r->w, r->changes->origin_version);
		rest = origin->version.ptr + origin->version.len;
	}
	line = str_of(rest, (size_t)(line.ptr + line.len - rest));
	if (r->changes->origin.family != IP_NONE)
		write_with_place(&r->w, line, origin->at.place, &r->changes->origin);
	else
		sip_write(&r->w, line);
}

static void write_line(struct rewriter *r, const struct sdp_line *line) {
	write_owed(r, line->letter);
	if (line->letter == 'm')
		write_media(r, line->text);
	else if (line->letter == 'c')
		write_connection(r, line);
	else if (line->letter == 'a')
		write_attribute(r, line);
	else if (line->letter == 'o' && r->media == NULL)
		write_origin(r, line->text);
	else
		sip_write(&r->w, line->text);
}

static bool inherits(const struct sdp_media *media) {
	return media->port != 0 && media->section.connection.place.len == 0;
}

// The address for the session's c= line: the one on which agree all media it speaks for, or all media when it speaks
// for none. NULL when they do not.
static const struct ip_addr *agreed_address(const struct sdp *sdp, const struct sdp_changes *changes) {
	const struct ip_addr *agreed = NULL;
	bool is_inherited = false;

	for (uint32_t i = 0; i < sdp->media_count; i++)
		is_inherited |= inherits(&sdp->media[i]);
	for (uint32_t i = 0; i < sdp->media_count; i++) {
		const struct ip_addr *addr = &changes->media[i].rtp.addr;

		if (sdp->media[i].port == 0 || (is_inherited && !inherits(&sdp->media[i])))
			continue;
		if (addr->family == IP_NONE || (agreed != NULL && !ip_eq(addr, agreed)))
			return NULL;
		agreed = addr;
	}
	return agreed;
}

static bool ports_fit(const struct sdp *sdp, const struct sdp_changes *changes) {
	for (uint32_t i = 0; i < sdp->media_count; i++) {
		const struct sdp_media *media = &sdp->media[i];

		if (media->port != 0 && changes->media[i].rtp.port + 2 * (media->port_count - 1) > UINT16_MAX)
			return false;
	}
	return true;
}

// As the first line has it.
static struct str line_end_of(struct str text) {
	const char *lf = text.len > 0 ? memchr(text.ptr, '\n', text.len) : NULL;

	return lf != NULL && (lf == text.ptr || lf[-1] != '\r') ? STR("\n") : STR("\r\n");
}

uint32_t sdp_rewrite(const struct sdp *sdp, const struct sdp_changes *changes, char *out, uint32_t size) {
	struct rewriter r = {.w = {.buf = out, .size = size}, .sdp = sdp, .changes = changes};
	struct str rest = sdp->text;
	struct sdp_line line;

	if (!ports_fit(sdp, changes))
		return 0;
	if (sdp->session.connection.place.len > 0)
		r.session_addr = agreed_address(sdp, changes);
	r.line_end = line_end_of(sdp->text);
	while (sdp_line_next(&rest, &line))
		write_line(&r, &line);
	write_owed(&r, 'm');
	return r.w.overflow ? 0 : r.w.len;
}
