// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of src/sip: the words of an SDP line's value. Blanks before, between and behind words are skipped, any number.
#pragma once

#include "sip/sdp.h"

static inline bool sdp_is_blank(char c) {
	return c == ' ' || c == '\t';
}

// The next word; empty at the end.
static inline struct str sdp_take_word(struct str *rest) {
	const char *p = rest->ptr, *end = p + rest->len, *start;

	while (p < end && sdp_is_blank(*p))
		p++;
	for (start = p; p < end && !sdp_is_blank(*p); p++)
		continue;
	*rest = str_of(p, (size_t)(end - p));
	return str_of(start, (size_t)(p - start));
}

// What stands before the first `c`, which is taken with it; all of it when there is none.
static inline struct str sdp_take_until(struct str *rest, char c) {
	const char *at = rest->len > 0 ? memchr(rest->ptr, c, rest->len) : NULL;
	struct str before = *rest;

	if (at != NULL)
		before.len = (uint32_t)(at - rest->ptr);
	*rest = str_of(rest->ptr + before.len + (at != NULL), rest->len - before.len - (at != NULL));
	return before;
}

// "name:value" or "name" of an a= line.
static inline struct str sdp_split_attribute(struct str line_value, struct str *ret_value) {
	struct str name;

	*ret_value = str_trim(line_value);
	name = sdp_take_until(ret_value, ':');
	return name;
}

// Value of a c= line, and what RFC 3605 makes of it. False when malformed.
bool sdp_read_connection(struct str value, struct sdp_connection *ret_connection);

// Value of an o= line.
bool sdp_read_origin(struct str value, struct sdp_origin *ret_origin);

// Value of an m= line, and of a=rtcp.
enum sdp_verdict sdp_read_media(struct str value, uint32_t formats_max, struct sdp_media *media);
bool sdp_read_rtcp(struct str value, struct sdp_media *media);
