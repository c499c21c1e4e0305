// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Any session description: slices lie in it, sections make up the whole, and rewritten for endpoints made of the same
// bytes it parses again, names these endpoints, and is else what it was.
#include "fuzz/fuzz.h"

#include "sip/sdp_rewrite.h"

#define SPARE_LINES (4 * SDP_MEDIA_MAX)

static const struct sdp_limits limits = {
	.lines_max = SDP_LINES_MAX, .media_max = SDP_MEDIA_MAX, .formats_max = SDP_FORMATS_MAX};

static void check_inside(struct str part, struct str whole) {
	FUZZ_CHECK(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void check_connection(const struct sdp_connection *connection, struct str text) {
	struct ip_addr addr;

	check_inside(connection->place, text);
	if (connection->place.len == 0)
		return;
	check_inside(connection->net_type, text);
	check_inside(connection->address, connection->place);
	FUZZ_CHECK(connection->address.len > 0 && connection->count > 0);
	FUZZ_CHECK(connection->addr.family == IP_NONE || ip_parse(connection->address, &addr));
}

static void check_section(const struct sdp *sdp, int index) {
	const struct sdp_section *section = sdp_section(sdp, index);
	struct str rest = section->text, name, value, first;

	check_inside(section->text, sdp->text);
	check_connection(&section->connection, section->text);
	for (int i = 0; i < SDP_ATTRIBUTE_COUNT; i++) {
		check_inside(section->attribute[i], section->text);
		check_inside(sdp_attribute(sdp, index, (enum sdp_attribute_id)i), sdp->text);
	}
	while (sdp_attribute_next(&rest, (struct str){0}, &name, &value)) {
		check_inside(name, section->text);
		check_inside(value, section->text);
		first = sdp_find_attribute(sdp, index, name);
		FUZZ_CHECK(name.len == 0 || (first.ptr != NULL && first.ptr <= value.ptr));
	}
}

static void check_formats(const struct sdp *sdp, int index) {
	const struct sdp_media *media = &sdp->media[index];
	struct str rest = media->formats, format;
	struct sdp_rtpmap rtpmap;
	uint32_t count = 0;

	for (; sdp_format_next(&rest, &format); count++) {
		check_inside(format, media->section.text);
		check_inside(sdp_find_fmtp(sdp, index, format), media->section.text);
		if (sdp_find_rtpmap(sdp, index, format, &rtpmap))
			check_inside(rtpmap.encoding, media->section.text);
	}
	FUZZ_CHECK(count == media->format_count && count <= SDP_FORMATS_MAX);
	FUZZ_CHECK(count > 0 || media->port == 0);
}

static void check_media(const struct sdp *sdp, int index) {
	const struct sdp_media *media = &sdp->media[index];
	struct endpoint rtcp;
	struct ip_addr addr;
	uint64_t port;

	check_section(sdp, index);
	check_formats(sdp, index);
	check_inside(media->kind, media->section.text);
	check_inside(media->proto, media->section.text);
	check_inside(media->port_text, media->section.text);
	check_connection(&media->rtcp, media->section.text);
	FUZZ_CHECK(str_to_u64(media->port_text, UINT16_MAX, &port) && port == media->port);
	FUZZ_CHECK(media->port + 2 * (media->port_count - 1) <= UINT16_MAX);
	FUZZ_CHECK(sdp_media_direction(sdp, index) != SDP_UNSAID);
	FUZZ_CHECK(!sdp_media_rtcp(sdp, index, true, &rtcp) || rtcp.port == media->port);
	FUZZ_CHECK(!sdp_media_address(sdp, index, &addr) || addr.family != IP_NONE);
	FUZZ_CHECK(!sdp_is_hold(sdp) || media->port == 0 || sdp_media_is_hold(sdp, index));
	sdp_media_ptime(sdp, index);
}

static void check_parsed(const struct sdp *sdp) {
	const char *at = sdp->text.ptr + sdp->session.text.len;
	uint32_t kbits;

	FUZZ_CHECK(sdp->media_count <= SDP_MEDIA_MAX && sdp->line_count <= SDP_LINES_MAX + SPARE_LINES);
	check_inside(sdp->origin.user, sdp->text);
	check_inside(sdp->origin.id, sdp->text);
	check_inside(sdp->origin.version, sdp->text);
	check_connection(&sdp->origin.at, sdp->text);
	check_inside(sdp->name, sdp->text);
	check_inside(sdp->time, sdp->text);
	check_section(sdp, SDP_SESSION);
	sdp_find_bandwidth(sdp, SDP_SESSION, STR("AS"), &kbits);
	for (uint32_t i = 0; i < sdp->media_count; i++) {
		FUZZ_CHECK(sdp->media[i].section.text.ptr == at);
		at += sdp->media[i].section.text.len;
		check_media(sdp, (int)i);
	}
	FUZZ_CHECK(at == sdp->text.ptr + sdp->text.len);
}

// --- changes, drawn from the bytes of the input ---

static struct ip_addr addr_of(uint8_t seed) {
	struct ip_addr addr = {.family = seed & 1 ? IP_V4 : IP_V6};

	for (unsigned i = 0; i < ip_size(addr.family); i++)
		addr.bytes[i] = (uint8_t)(seed >> 1 & 3 ? seed >> 1 & 3 : i);
	return addr;
}

// Few addresses, so that media agree often.
static void draw(struct sdp_changes *ret_changes, struct str text) {
	uint32_t state = text.len * 2654435761u;

	memset(ret_changes, 0, sizeof(*ret_changes));
	for (uint32_t i = 0; i < text.len; i++)
		state = (state ^ (uint8_t)text.ptr[i]) * 16777619u;
	for (int i = 0; i < SDP_MEDIA_MAX; i++, state = state * 1664525u + 1013904223u) {
		struct sdp_target *target = &ret_changes->media[i];

		if (state >> 31)
			target->rtp =
				(struct endpoint){.addr = addr_of(state >> 28 & 3), .port = (uint16_t)(state >> 8)};
		if (state >> 30 & 1)
			target->rtcp.port = (uint16_t)(state >> 9 | 1);
		if (state >> 29 & 1)
			target->rtcp.addr = addr_of(state >> 24 & 7);
		target->rtcp_mux = state >> 23 & 1;
	}
	if (state >> 31)
		ret_changes->origin = addr_of(state >> 24 & 7);
	if (state >> 30 & 1)
		ret_changes->origin_version = state + 1ull;
}

static bool is_changed(const struct sdp_target *target) {
	return target->rtp.addr.family != IP_NONE;
}

static void check_rtcp(const struct sdp *sdp, int i, const struct sdp_target *target) {
	const struct sdp_media *media = &sdp->media[i];

	FUZZ_CHECK((media->section.attribute[SDP_RTCP].ptr != NULL) == (target->rtcp.port != 0));
	FUZZ_CHECK((media->section.attribute[SDP_RTCP_MUX].ptr != NULL) == target->rtcp_mux);
	FUZZ_CHECK(media->rtcp_port == target->rtcp.port);
	if (target->rtcp.port != 0)
		FUZZ_CHECK(ip_eq(&media->rtcp.addr, &target->rtcp.addr));
}

static void check_target(const struct sdp *before, const struct sdp *after, int i, const struct sdp_target *target) {
	bool had = sdp_media_connection(before, i) != NULL, own = before->media[i].section.connection.place.len > 0;
	struct ip_addr old = {0}, new = {0};

	FUZZ_CHECK(before->media[i].port_count == after->media[i].port_count);
	FUZZ_CHECK(str_eq(before->media[i].kind, after->media[i].kind));
	FUZZ_CHECK(str_eq(before->media[i].proto, after->media[i].proto));
	FUZZ_CHECK(str_eq(before->media[i].formats, after->media[i].formats));
	if (before->media[i].port == 0) {
		FUZZ_CHECK(after->media[i].port == 0);
		FUZZ_CHECK((after->media[i].section.connection.place.len > 0) == own);
		return;
	}
	sdp_media_address(before, i, &old);
	sdp_media_address(after, i, &new);
	FUZZ_CHECK(after->media[i].port == (is_changed(target) ? target->rtp.port : before->media[i].port));
	FUZZ_CHECK(ip_eq(&new, is_changed(target) ? &target->rtp.addr : &old));
	FUZZ_CHECK(is_changed(target) || (sdp_media_connection(after, i) != NULL) == had);
	if (is_changed(target))
		check_rtcp(after, i, target);
}

// Lines a change may touch are left out of the comparison; `at` is the section they are in.
static bool may_change(const struct sdp_changes *changes, int at, const struct sdp_line *line) {
	struct str rest = line->text, name, value;

	if (line->letter == 'c' || line->letter == 'm')
		return true;
	if (at == SDP_SESSION)
		return line->letter == 'o';
	return is_changed(&changes->media[at]) && sdp_attribute_next(&rest, (struct str){0}, &name, &value) &&
	       (str_eq(name, STR("rtcp")) || str_eq(name, STR("rtcp-mux")));
}

static bool next_kept(const struct sdp_changes *changes, int at, struct str *rest, struct str *ret_text) {
	struct sdp_line line;

	while (sdp_line_next(rest, &line))
		if (!may_change(changes, at, &line)) {
			*ret_text = str_trim(line.text);
			return true;
		}
	return false;
}

static uint32_t count_connections(struct str text) {
	struct sdp_line line;
	uint32_t count = 0;

	while (sdp_line_next(&text, &line))
		count += line.letter == 'c';
	return count;
}

static void check_kept(const struct sdp *before, const struct sdp *after, const struct sdp_changes *changes, int at) {
	struct str a = sdp_section(before, at)->text, b = sdp_section(after, at)->text, x, y;
	uint32_t count = count_connections(a), added = count_connections(b) - count;
	bool more;

	FUZZ_CHECK(added == 0 || (added == 1 && at != SDP_SESSION && count == 0 && is_changed(&changes->media[at])));
	do {
		more = next_kept(changes, at, &a, &x);
		FUZZ_CHECK(next_kept(changes, at, &b, &y) == more);
		FUZZ_CHECK(!more || str_eq(x, y));
	} while (more);
}

static void check_origin(const struct sdp *before, const struct sdp *after, const struct sdp_changes *changes) {
	const struct ip_addr *want = &before->origin.at.addr;
	uint64_t version;

	FUZZ_CHECK(str_eq(before->origin.user, after->origin.user) && str_eq(before->origin.id, after->origin.id));
	if (before->origin.at.place.len == 0)
		return;
	if (changes->origin.family != IP_NONE)
		want = &changes->origin;
	FUZZ_CHECK(ip_eq(want, &after->origin.at.addr));
	if (changes->origin_version != 0)
		FUZZ_CHECK(
			str_to_u64(after->origin.version, UINT64_MAX, &version) && version == changes->origin_version
		);
	else
		FUZZ_CHECK(str_eq(before->origin.version, after->origin.version));
}

static void try_rewrite(const struct sdp *before) {
	static const struct sdp_limits more = {
		.lines_max = SDP_LINES_MAX + SPARE_LINES, .media_max = SDP_MEDIA_MAX, .formats_max = SDP_FORMATS_MAX};
	uint32_t size = before->text.len + 256 * (1 + before->line_count), len;
	char *out = malloc(size), *exact;
	struct sdp_changes changes;
	struct sdp after;

	draw(&changes, before->text);
	len = sdp_rewrite(before, &changes, out, size);
	if (len > 0) {
		exact = malloc(len);
		memcpy(exact, out, len);
		FUZZ_CHECK(sdp_rewrite(before, &changes, out, len) == len && memcmp(out, exact, len) == 0);
		FUZZ_CHECK(sdp_rewrite(before, &changes, out, len - 1) == 0);
		FUZZ_CHECK(sdp_parse(&after, str_of(exact, len), &more) == SDP_OK);
		check_parsed(&after);
		FUZZ_CHECK(before->media_count == after.media_count);
		check_origin(before, &after, &changes);
		check_kept(before, &after, &changes, SDP_SESSION);
		for (int i = 0; i < (int)after.media_count; i++) {
			check_target(before, &after, i, &changes.media[i]);
			check_kept(before, &after, &changes, i);
		}
		free(exact);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char *copy;
	struct sdp sdp;
	struct str text;

	if (size > SIP_MESSAGE_MAX)
		return 0;
	copy = malloc(size ? size : 1); // of its exact size, for the address sanitizer
	text = str_of(copy, size);
	if (size > 0)
		memcpy(copy, data, size);
	if (sdp_parse(&sdp, text, &limits) == SDP_OK) {
		check_parsed(&sdp);
		try_rewrite(&sdp);
	}
	free(copy);
	return 0;
}
