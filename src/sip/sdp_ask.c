// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What callers ask a session description that parsed.
#include "sip/sdp.h"
#include "sip/sdp_value.h"

static const bool is_inherited[SDP_ATTRIBUTE_COUNT] = {
#define X(id, name, inherited) [SDP_##id] = (inherited),
#include "sip/sdp_attributes.def"
#undef X
};

static const struct sdp_media *media_at(const struct sdp *sdp, int media) {
	assert(media >= 0 && (uint32_t)media < sdp->media_count);
	return &sdp->media[media];
}

const struct sdp_section *sdp_section(const struct sdp *sdp, int media) {
	return media == SDP_SESSION ? &sdp->session : &media_at(sdp, media)->section;
}

bool sdp_attribute_next(struct str *rest, struct str name, struct str *ret_name, struct str *ret_value) {
	struct sdp_line line;

	while (sdp_line_next(rest, &line)) {
		if (line.letter != 'a')
			continue;
		*ret_name = sdp_split_attribute(line.value, ret_value);
		if (name.len == 0 || str_eq(*ret_name, name))
			return true;
	}
	return false;
}

struct str sdp_find_attribute(const struct sdp *sdp, int media, struct str name) {
	struct str rest = sdp_section(sdp, media)->text, found, value;

	return sdp_attribute_next(&rest, name, &found, &value) ? value : (struct str){0};
}

struct str sdp_attribute(const struct sdp *sdp, int media, enum sdp_attribute_id id) {
	struct str value = sdp_section(sdp, media)->attribute[id];

	return value.ptr == NULL && is_inherited[id] ? sdp->session.attribute[id] : value;
}

const struct sdp_connection *sdp_media_connection(const struct sdp *sdp, int media) {
	const struct sdp_connection *own = &media_at(sdp, media)->section.connection;

	if (own->place.len > 0)
		return own;
	return sdp->session.connection.place.len > 0 ? &sdp->session.connection : NULL;
}

bool sdp_media_address(const struct sdp *sdp, int media, struct ip_addr *ret_addr) {
	const struct sdp_connection *connection = sdp_media_connection(sdp, media);

	if (connection == NULL || connection->addr.family == IP_NONE)
		return false;
	*ret_addr = connection->addr;
	return true;
}

bool sdp_media_rtcp(const struct sdp *sdp, int media, bool muxed, struct endpoint *ret_endpoint) {
	const struct sdp_media *found = media_at(sdp, media);
	const struct sdp_connection *at = sdp_media_connection(sdp, media);
	uint32_t port = found->port;

	if (port == 0)
		return false;
	if (!muxed && found->section.attribute[SDP_RTCP].ptr != NULL) {
		port = found->rtcp_port;
		at = found->rtcp.place.len > 0 ? &found->rtcp : at;
	} else if (!muxed) {
		port++;
	}
	if (port == 0 || port > UINT16_MAX || at == NULL || at->addr.family == IP_NONE)
		return false;
	*ret_endpoint = (struct endpoint){.addr = at->addr, .port = (uint16_t)port};
	return true;
}

enum sdp_direction sdp_media_direction(const struct sdp *sdp, int media) {
	enum sdp_direction own = media_at(sdp, media)->section.direction;

	if (own != SDP_UNSAID)
		return own;
	return sdp->session.direction != SDP_UNSAID ? sdp->session.direction : SDP_SENDRECV;
}

static bool is_unspecified(const struct ip_addr *addr) {
	struct ip_halves halves = ip_halves(addr);

	return addr->family != IP_NONE && halves.first == 0 && halves.second == 0;
}

// With ICE that address says that the candidates are still to come (RFC 8840).
static bool is_old_hold(const struct sdp *sdp, int media) {
	struct ip_addr addr;

	return sdp_media_address(sdp, media, &addr) && is_unspecified(&addr) &&
	       sdp_attribute(sdp, media, SDP_ICE_UFRAG).ptr == NULL;
}

bool sdp_media_is_hold(const struct sdp *sdp, int media) {
	enum sdp_direction direction = sdp_media_direction(sdp, media);

	return direction == SDP_SENDONLY || direction == SDP_INACTIVE || is_old_hold(sdp, media);
}

bool sdp_is_hold(const struct sdp *sdp) {
	bool held = false;

	for (int i = 0; i < (int)sdp->media_count; i++) {
		if (sdp->media[i].port == 0)
			continue;
		if (!sdp_media_is_hold(sdp, i))
			return false;
		held = true;
	}
	return held;
}

// What follows "name:format " in the section; ptr NULL: there is no such line.
static struct str find_of_format(const struct sdp *sdp, int media, struct str name, struct str format) {
	struct str rest = media_at(sdp, media)->section.text, found, value;

	while (sdp_attribute_next(&rest, name, &found, &value))
		if (str_eq(sdp_take_word(&value), format))
			return str_trim(value);
	return (struct str){0};
}

bool sdp_find_rtpmap(const struct sdp *sdp, int media, struct str format, struct sdp_rtpmap *ret_rtpmap) {
	struct str value = find_of_format(sdp, media, STR("rtpmap"), format), encoding, rate;
	uint64_t hertz, channels = 1;

	if (value.ptr == NULL)
		return false;
	encoding = sdp_take_until(&value, '/');
	rate = sdp_take_until(&value, '/');
	if (encoding.len == 0 || !str_to_u64(rate, UINT32_MAX, &hertz))
		return false;
	if (value.len > 0 && !str_to_u64(value, UINT8_MAX, &channels))
		return false;
	*ret_rtpmap =
		(struct sdp_rtpmap){.encoding = encoding, .rate = (uint32_t)hertz, .channels = (uint32_t)channels};
	return true;
}

struct str sdp_find_fmtp(const struct sdp *sdp, int media, struct str format) {
	return find_of_format(sdp, media, STR("fmtp"), format);
}

uint32_t sdp_media_ptime(const struct sdp *sdp, int media) {
	struct str value = media_at(sdp, media)->section.attribute[SDP_PTIME];
	uint64_t ms;

	return str_to_u64(value, UINT16_MAX, &ms) ? (uint32_t)ms : 0;
}

bool sdp_find_bandwidth(const struct sdp *sdp, int media, struct str type, uint32_t *ret_value) {
	struct str rest = sdp_section(sdp, media)->text;
	struct sdp_line line;
	uint64_t number;

	while (sdp_line_next(&rest, &line)) {
		struct str value = str_trim(line.value);

		if (line.letter != 'b' || !str_eq(sdp_take_until(&value, ':'), type))
			continue;
		if (!str_to_u64(value, UINT32_MAX, &number))
			return false;
		*ret_value = (uint32_t)number;
		return true;
	}
	return false;
}
