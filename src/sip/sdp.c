// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/sdp.h"

#include "sip/lex.h"
#include "sip/sdp_value.h"

static const struct str attribute_names[SDP_ATTRIBUTE_COUNT] = {
#define X(id, text, inherited) [SDP_##id] = {.ptr = (text), .len = sizeof(text) - 1},
#include "sip/sdp_attributes.def"
#undef X
};

static const struct str direction_names[] = {
	[SDP_SENDRECV] = {.ptr = "sendrecv", .len = 8},
	[SDP_SENDONLY] = {.ptr = "sendonly", .len = 8},
	[SDP_RECVONLY] = {.ptr = "recvonly", .len = 8},
	[SDP_INACTIVE] = {.ptr = "inactive", .len = 8},
};

static const struct str verdict_texts[SDP_VERDICT_COUNT] = {
	[SDP_OK] = {.ptr = "OK", .len = 2},
#define X(id, text) [SDP_BAD_##id] = {.ptr = (text), .len = sizeof(text) - 1},
#include "sip/sdp.def"
#undef X
};

struct str sdp_verdict_text(enum sdp_verdict verdict) {
	return verdict_texts[verdict];
}

static bool is_letter(char c) {
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

bool sdp_line_next(struct str *rest, struct sdp_line *ret_line) {
	const char *start = rest->ptr, *lf = rest->len > 0 ? memchr(start, '\n', rest->len) : NULL;
	uint32_t len = lf != NULL ? (uint32_t)(lf - start) : rest->len, taken = lf != NULL ? len + 1 : len;

	if (rest->len == 0)
		return false;
	if (lf != NULL && len > 0 && start[len - 1] == '\r')
		len--;
	*ret_line = (struct sdp_line){.text = str_of(start, taken), .value = str_trim(str_of(start, len))};
	if (len >= 2 && is_letter(start[0]) && start[1] == '=') {
		ret_line->letter = start[0];
		ret_line->value = str_of(start + 2, len - 2);
	}
	*rest = str_of(start + taken, rest->len - taken);
	return true;
}

static void keep_attribute(struct sdp_section *section, struct str name, struct str value) {
	for (int i = 0; i < SDP_ATTRIBUTE_COUNT; i++)
		if (str_eq(name, attribute_names[i])) {
			if (section->attribute[i].ptr == NULL)
				section->attribute[i] = value;
			return;
		}
	if (section->direction != SDP_UNSAID)
		return;
	for (enum sdp_direction i = SDP_SENDRECV; i <= SDP_INACTIVE; i++)
		if (str_eq(name, direction_names[i]))
			section->direction = i;
}

static enum sdp_verdict take_connection(struct sdp_section *section, struct str value, bool repeats) {
	struct sdp_connection connection;

	if (!sdp_read_connection(value, &connection))
		return SDP_BAD_CONNECTION;
	if (section->connection.place.len == 0)
		section->connection = connection;
	else if (!repeats)
		return SDP_BAD_REPEATED;
	return SDP_OK;
}

// Lines that mean the same in both kinds of section.
static enum sdp_verdict take_shared(struct sdp_section *section, const struct sdp_line *line, bool in_media) {
	struct str name, value;

	if (line->letter == 'c')
		return take_connection(section, line->value, in_media);
	if (line->letter == 'a') {
		name = sdp_split_attribute(line->value, &value);
		keep_attribute(section, name, value);
	}
	return SDP_OK;
}

static enum sdp_verdict take_session_line(struct sdp *sdp, const struct sdp_line *line) {
	switch (line->letter) {
	case 'v':
		if (sdp->has_version)
			return SDP_BAD_REPEATED;
		sdp->has_version = str_eq(str_trim(line->value), STR("0"));
		return sdp->has_version ? SDP_OK : SDP_BAD_VERSION;
	case 'o':
		if (sdp->origin.at.place.len > 0)
			return SDP_BAD_REPEATED;
		return sdp_read_origin(line->value, &sdp->origin) ? SDP_OK : SDP_BAD_ORIGIN;
	case 's':
		if (sdp->name.ptr == NULL)
			sdp->name = line->value;
		return SDP_OK;
	case 't':
		if (sdp->time.ptr == NULL)
			sdp->time = line->value;
		return SDP_OK;
	default:
		return take_shared(&sdp->session, line, false);
	}
}

static enum sdp_verdict take_media_line(struct sdp_media *media, const struct sdp_line *line) {
	bool had_rtcp = media->section.attribute[SDP_RTCP].ptr != NULL;
	enum sdp_verdict verdict = take_shared(&media->section, line, true);
	struct str rtcp = media->section.attribute[SDP_RTCP];

	if (verdict == SDP_OK && !had_rtcp && rtcp.ptr != NULL && !sdp_read_rtcp(rtcp, media))
		return SDP_BAD_RTCP;
	return verdict;
}

static enum sdp_verdict begin_media(struct sdp *sdp, const struct sdp_line *line, const struct sdp_limits *limits) {
	struct sdp_media *media;

	assert(limits->media_max <= SDP_MEDIA_MAX);
	if (sdp->media_count >= limits->media_max)
		return SDP_BAD_TOO_MANY_MEDIA;
	media = &sdp->media[sdp->media_count++];
	*media = (struct sdp_media){.section.text = str_of(line->text.ptr, 0)};
	return sdp_read_media(line->value, limits->formats_max, media);
}

static enum sdp_verdict take_line(struct sdp *sdp, const struct sdp_line *line, const struct sdp_limits *limits) {
	struct sdp_media *media;
	enum sdp_verdict verdict;

	if (++sdp->line_count > limits->lines_max)
		return SDP_BAD_TOO_MANY_LINES;
	if (line->letter == '\0' && line->value.len > 0)
		return SDP_BAD_LINE;
	if (line->letter == 'm') {
		verdict = begin_media(sdp, line, limits);
		if (verdict != SDP_OK)
			return verdict;
	}
	if (sdp->media_count == 0) {
		sdp->session.text.len += line->text.len;
		return take_session_line(sdp, line);
	}
	media = &sdp->media[sdp->media_count - 1];
	media->section.text.len += line->text.len;
	return take_media_line(media, line);
}

enum sdp_verdict sdp_parse(struct sdp *sdp, struct str text, const struct sdp_limits *limits) {
	struct str rest = text;
	struct sdp_line line;
	enum sdp_verdict verdict;

	// The media, most of the struct, are cleared as they come.
	memset(sdp, 0, offsetof(struct sdp, media));
	sdp->text = text;
	sdp->session.text = str_of(text.ptr, 0);
	if (text.len > 0 && lex_has_odd_bytes(text))
		return SDP_BAD_BYTES;
	while (sdp_line_next(&rest, &line)) {
		verdict = take_line(sdp, &line, limits);
		if (verdict != SDP_OK)
			return verdict;
	}
	return sdp->has_version ? SDP_OK : SDP_BAD_VERSION;
}
