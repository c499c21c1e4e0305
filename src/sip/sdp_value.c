// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/sdp_value.h"

static bool read_u16(struct str text, uint64_t min, uint16_t *ret_value) {
	uint64_t value;

	if (!str_to_u64(text, UINT16_MAX, &value) || value < min)
		return false;
	*ret_value = (uint16_t)value;
	return true;
}

// TTL of an IPv4 address only, then the number of addresses (RFC 8866 section 5.7).
static bool read_slashes(struct str rest, bool has_ttl, struct sdp_connection *ret_connection) {
	uint32_t len = rest.len;
	struct str first;
	uint64_t ttl;

	if (!has_ttl)
		return read_u16(rest, 1, &ret_connection->count);
	first = sdp_take_until(&rest, '/');
	if (!str_to_u64(first, UINT8_MAX, &ttl))
		return false;
	ret_connection->ttl = (uint8_t)ttl;
	return first.len == len || read_u16(rest, 1, &ret_connection->count);
}

bool sdp_read_connection(struct str value, struct sdp_connection *ret_connection) {
	struct sdp_connection connection = {.net_type = sdp_take_word(&value), .count = 1};
	struct str type = sdp_take_word(&value), word = sdp_take_word(&value), rest = word;

	connection.address = word;
	if (word.len == 0 || sdp_take_word(&value).len > 0)
		return false;
	connection.place = str_of(connection.net_type.ptr, (size_t)(word.ptr + word.len - connection.net_type.ptr));
	if (str_eq_nocase(connection.net_type, STR("IN"))) {
		connection.address = sdp_take_until(&rest, '/');
		ip_parse(connection.address, &connection.addr);
		if (connection.address.len == 0)
			return false;
		if (connection.address.len < word.len &&
		    !read_slashes(rest, !str_eq_nocase(type, STR("IP6")), &connection))
			return false;
	}
	*ret_connection = connection;
	return true;
}

static struct str take_last_word(struct str *rest) {
	const char *start = rest->ptr, *end = start + rest->len, *p;

	while (end > start && sdp_is_blank(end[-1]))
		end--;
	for (p = end; p > start && !sdp_is_blank(p[-1]); p--)
		continue;
	*rest = str_of(start, (size_t)(p - start));
	return str_of(p, (size_t)(end - p));
}

// From its end, for there are user names with blanks and none at all.
bool sdp_read_origin(struct str value, struct sdp_origin *ret_origin) {
	const char *end = value.ptr + value.len, *net_type;
	struct sdp_origin origin = {0};

	take_last_word(&value);
	take_last_word(&value);
	net_type = take_last_word(&value).ptr;
	origin.version = take_last_word(&value);
	origin.id = take_last_word(&value);
	origin.user = str_trim(value);
	if (origin.id.len == 0 || !sdp_read_connection(str_of(net_type, (size_t)(end - net_type)), &origin.at))
		return false;
	*ret_origin = origin;
	return true;
}

// "49170" or "49170/2": that many RTP and RTCP pairs in a row.
static bool read_port(struct str text, struct sdp_media *media) {
	struct str rest = text;

	media->port_count = 1;
	media->port_text = sdp_take_until(&rest, '/');
	if (!read_u16(media->port_text, 0, &media->port))
		return false;
	if (media->port_text.len < text.len && !read_u16(rest, 1, &media->port_count))
		return false;
	return media->port + 2 * (media->port_count - 1) <= UINT16_MAX;
}

enum sdp_verdict sdp_read_media(struct str value, uint32_t formats_max, struct sdp_media *media) {
	struct str port, format, rest;

	media->kind = sdp_take_word(&value);
	port = sdp_take_word(&value);
	media->proto = sdp_take_word(&value);
	if (port.len == 0)
		return SDP_BAD_MEDIA;
	if (!read_port(port, media))
		return SDP_BAD_PORT;
	if (media->proto.len == 0)
		return SDP_BAD_MEDIA;
	media->formats = rest = str_trim(value);
	while (sdp_format_next(&rest, &format))
		if (++media->format_count > formats_max)
			return SDP_BAD_TOO_MANY_FORMATS;
	return media->format_count > 0 || media->port == 0 ? SDP_OK : SDP_BAD_FORMATS;
}

bool sdp_format_next(struct str *rest, struct str *ret_format) {
	*ret_format = sdp_take_word(rest);
	return ret_format->len > 0;
}

bool sdp_read_rtcp(struct str value, struct sdp_media *media) {
	struct str port = sdp_take_word(&value);

	return read_u16(port, 0, &media->rtcp_port) &&
	       (str_trim(value).len == 0 || sdp_read_connection(value, &media->rtcp));
}
