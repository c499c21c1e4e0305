// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Session descriptions (RFC 8866, and what RFC 4566 and the field leave out): who wants which media where. Slices into
// the body, which must outlive the result; one pass, linear in its length.
#pragma once

#include "base/ip.h"

#define SDP_MEDIA_MAX 16
#define SDP_LINES_MAX 256
#define SDP_FORMATS_MAX 32
#define SDP_SESSION (-1) // in place of a media's index: the lines before the first m=

enum sdp_verdict {
	SDP_OK,
#define X(id, text) SDP_BAD_##id,
#include "sip/sdp.def"
#undef X
	SDP_VERDICT_COUNT,
};

enum sdp_attribute_id {
#define X(id, name, inherited) SDP_##id,
#include "sip/sdp_attributes.def"
#undef X
	SDP_ATTRIBUTE_COUNT,
};

enum sdp_direction {
	SDP_UNSAID,
	SDP_SENDRECV,
	SDP_SENDONLY,
	SDP_RECVONLY,
	SDP_INACTIVE,
};

struct sdp_limits {
	uint32_t lines_max;
	uint32_t media_max; // at most SDP_MEDIA_MAX
	uint32_t formats_max;
};

// One "x=value". Of an empty line letter is 0 and value empty.
struct sdp_line {
	struct str text; // with its line end, which the last may lack
	struct str value;
	char letter;
};

// "IN IP4 224.2.1.1/127/3"
struct sdp_connection {
	struct str net_type;
	struct str place;    // from net type to address and what follows its slash: what an edit replaces; empty: none
	struct str address;  // as written, without what follows its slash
	struct ip_addr addr; // of no family: a name, or of another kind of network
	uint16_t count;	     // of addresses in a row, 1 when not said
	uint8_t ttl;	     // 0: not said
};

struct sdp_origin {
	struct str user; // may be empty, or hold blanks
	struct str id;
	struct str version;
	struct sdp_connection at;
};

struct sdp_section {
	struct str text;			   // its lines
	struct sdp_connection connection;	   // of its first c= line
	struct str attribute[SDP_ATTRIBUTE_COUNT]; // first value of each; ptr NULL: not there
	enum sdp_direction direction;		   // the first said
};

struct sdp_media {
	struct sdp_section section;
	struct str kind;      // "audio"
	struct str port_text; // without its count: what an edit replaces
	uint16_t port;	      // 0: refused, or not wanted
	uint16_t port_count;  // 1 when not said
	struct str proto;     // "RTP/AVP"
	struct str formats;   // see sdp_format_next
	uint32_t format_count;
	uint16_t rtcp_port;	    // of a=rtcp
	struct sdp_connection rtcp; // the same; without place when it names a port alone
};

struct sdp {
	struct str text;
	bool has_version;
	struct sdp_origin origin; // without place: there is no o= line
	struct str name;	  // s=
	struct str time;	  // the first t=
	struct sdp_section session;
	uint32_t line_count;
	uint32_t media_count;
	struct sdp_media media[SDP_MEDIA_MAX]; // those past media_count are not set
};

// Tolerated: LF alone, no line end at the end, empty lines, unknown letters, lines in any order within a section,
// blanks between words, missing lines other than v=. The result may be asked and rewritten only after SDP_OK.
enum sdp_verdict sdp_parse(struct sdp *sdp, struct str text, const struct sdp_limits *limits);

// For the log.
struct str sdp_verdict_text(enum sdp_verdict verdict);

// Takes the next line off the front of *rest; false at the end.
bool sdp_line_next(struct str *rest, struct sdp_line *ret_line);

// Takes the next format off the front of *rest, first a media's formats; false at the end.
bool sdp_format_next(struct str *rest, struct str *ret_format);

// Lines of a media, or of SDP_SESSION.
const struct sdp_section *sdp_section(const struct sdp *sdp, int media);

// Takes the next attribute off the front of *rest, first a section's text. `name`: only this one; empty: any. The value
// of a bare "a=name" is empty. False at the end.
bool sdp_attribute_next(struct str *rest, struct str name, struct str *ret_name, struct str *ret_value);

// The first value of that name in the section itself; ptr NULL: not there.
struct str sdp_find_attribute(const struct sdp *sdp, int media, struct str name);

// The same of a known one; a media takes the session's where such an attribute may stand there for all.
struct str sdp_attribute(const struct sdp *sdp, int media, enum sdp_attribute_id id);

// The media's own c= line or the session's; NULL: neither is there.
const struct sdp_connection *sdp_media_connection(const struct sdp *sdp, int media);

// Where the media is to be sent. False, and nothing written, when that is no IP address.
bool sdp_media_address(const struct sdp *sdp, int media, struct ip_addr *ret_addr);

// Where its RTCP is to be sent (RFC 3605, RFC 5761, RFC 3550 section 11): the RTP port itself when `muxed`, which both
// sides have to say. False, and nothing written, when that is no address or port.
bool sdp_media_rtcp(const struct sdp *sdp, int media, bool muxed, struct endpoint *ret_endpoint);

// The media's, else the session's, else SDP_SENDRECV.
enum sdp_direction sdp_media_direction(const struct sdp *sdp, int media);

// True when who wrote this does not want to hear the media: sendonly, inactive, or, without ICE, the address 0.0.0.0 or
// :: of old.
bool sdp_media_is_hold(const struct sdp *sdp, int media);

// True when that is so of every media in use, and there is one.
bool sdp_is_hold(const struct sdp *sdp);

struct sdp_rtpmap {
	struct str encoding;
	uint32_t rate;	   // Hz
	uint32_t channels; // 1 when not said
};

// The a=rtpmap line of that format of the media. False when there is none, or it is malformed.
bool sdp_find_rtpmap(const struct sdp *sdp, int media, struct str format, struct sdp_rtpmap *ret_rtpmap);

// Parameters of the a=fmtp line of that format; ptr NULL: there is none.
struct str sdp_find_fmtp(const struct sdp *sdp, int media, struct str format);

// Milliseconds of a=ptime; 0: none, or malformed.
uint32_t sdp_media_ptime(const struct sdp *sdp, int media);

// The value of the section's first b= line of that type ("AS": kbit/s, "TIAS": bit/s). False when there is none, or it
// is malformed.
bool sdp_find_bandwidth(const struct sdp *sdp, int media, struct str type, uint32_t *ret_value);
