// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the tests of session descriptions share: limits, the lines most begin with, one parsed from text, one with a bit
// of everything.
#pragma once

#include "unit/test.h"

#include "sip/sdp.h"

#define SDP_HEAD "v=0\r\no=- 7 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
#define SDP_AUDIO "m=audio 30000 RTP/AVP 8\r\n"

static const struct sdp_limits sdp_usual_limits = {
	.lines_max = SDP_LINES_MAX,
	.media_max = SDP_MEDIA_MAX,
	.formats_max = SDP_FORMATS_MAX,
};

static inline void assert_str(struct str got, const char *want) {
	if (!str_eq(got, str_from_c(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static inline void assert_addr(const struct ip_addr *addr, const char *want) {
	char text[IP_TEXT_MAX];

	ip_format(addr, text);
	assert_string_equal(text, want);
}

static inline struct sdp sdp_of(const char *text) {
	struct sdp sdp;
	enum sdp_verdict verdict = sdp_parse(&sdp, str_from_c(text), &sdp_usual_limits);

	if (verdict != SDP_OK)
		fail_msg("%.*s: %s", STR_ARG(sdp_verdict_text(verdict)), text);
	return sdp;
}

static const char sdp_offer[] = "v=0\r\n"
				"o=alice 2890844526 2890844527 IN IP6 2001:db8::10\r\n"
				"s=a call\r\n"
				"c=IN IP4 192.0.2.10\r\n"
				"b=AS:1200\r\n"
				"t=0 0\r\n"
				"a=group:BUNDLE a v\r\n"
				"a=setup:actpass\r\n"
				"a=sendonly\r\n"
				"m=audio 30000 RTP/AVP 8 101\r\n"
				"b=AS:64\r\n"
				"a=rtpmap:8 PCMA/8000\r\n"
				"a=rtpmap:101 telephone-event/8000\r\n"
				"a=fmtp:101 0-16\r\n"
				"a=ptime:20\r\n"
				"a=rtcp:30100 IN IP4 192.0.2.12\r\n"
				"a=mid:a\r\n"
				"m=video 40000/2 RTP/SAVPF 97\r\n"
				"c=IN IP4 233.252.0.1/127/3\r\n"
				"a=rtpmap:97 opus/48000/2\r\n"
				"a=rtcp-mux\r\n"
				"a=setup:active\r\n"
				"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJD\r\n"
				"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:REVG\r\n"
				"a=recvonly\r\n";
