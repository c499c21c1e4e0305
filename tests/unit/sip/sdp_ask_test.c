// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/sip/sdp_parsed.h"

#include <stdio.h>

static void attributes_are_found_by_name_and_kind(void **state) {
	struct sdp sdp = sdp_of(sdp_offer);
	struct str rest = sdp.media[1].section.text, name, value;

	(void)state;
	assert_str(sdp_attribute(&sdp, 0, SDP_MID), "a");
	assert_str(sdp_attribute(&sdp, 0, SDP_SETUP), "actpass");
	assert_str(sdp_attribute(&sdp, 1, SDP_SETUP), "active");
	assert_str(sdp_attribute(&sdp, 1, SDP_CRYPTO), "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD");
	assert_null(sdp_attribute(&sdp, 0, SDP_GROUP).ptr);
	assert_null(sdp_attribute(&sdp, 0, SDP_RTCP_MUX).ptr);
	assert_non_null(sdp_attribute(&sdp, 1, SDP_RTCP_MUX).ptr);
	assert_str(sdp_find_attribute(&sdp, 0, STR("ptime")), "20");
	assert_null(sdp_find_attribute(&sdp, 0, STR("PTIME")).ptr);
	assert_str(sdp_find_attribute(&sdp, SDP_SESSION, STR("sendonly")), "");
	assert_true(sdp_attribute_next(&rest, STR("crypto"), &name, &value));
	assert_str(value, "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD");
	assert_true(sdp_attribute_next(&rest, STR("crypto"), &name, &value));
	assert_str(value, "2 AES_CM_128_HMAC_SHA1_32 inline:REVG");
	assert_true(sdp_attribute_next(&rest, (struct str){0}, &name, &value));
	assert_str(name, "recvonly");
	assert_false(sdp_attribute_next(&rest, (struct str){0}, &name, &value));
}

static void codecs_are_found_by_format(void **state) {
	struct sdp sdp = sdp_of(sdp_offer);
	struct sdp_rtpmap rtpmap;

	(void)state;
	assert_true(sdp_find_rtpmap(&sdp, 0, STR("101"), &rtpmap));
	assert_str(rtpmap.encoding, "telephone-event");
	assert_int_equal(rtpmap.rate, 8000);
	assert_int_equal(rtpmap.channels, 1);
	assert_true(sdp_find_rtpmap(&sdp, 1, STR("97"), &rtpmap));
	assert_int_equal(rtpmap.channels, 2);
	assert_false(sdp_find_rtpmap(&sdp, 0, STR("10"), &rtpmap));
	assert_str(sdp_find_fmtp(&sdp, 0, STR("101")), "0-16");
	assert_null(sdp_find_fmtp(&sdp, 0, STR("8")).ptr);
}

static void malformed_codecs_are_not_found(void **state) {
	static const char *const values[] = {
		"8",
		"8 ",
		"8 /8000",
		"8 PCMA",
		"8 PCMA/",
		"8 PCMA/4294967296",
		"8 A/8000/x",
		"8 A/8000/256",
		"8 A/8 000"};
	struct sdp_rtpmap rtpmap;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		char text[256];
		struct sdp sdp;

		snprintf(text, sizeof(text), SDP_HEAD SDP_AUDIO "a=rtpmap:%s\r\n", values[i]);
		sdp = sdp_of(text);
		if (sdp_find_rtpmap(&sdp, 0, STR("8"), &rtpmap))
			fail_msg("taken: %s", values[i]);
	}
}

static void bandwidth_and_ptime_are_numbers(void **state) {
	struct sdp sdp = sdp_of(sdp_offer);
	struct sdp bad = sdp_of(SDP_HEAD SDP_AUDIO "b=AS:4294967296\r\na=ptime:20.5\r\n");
	uint32_t value = 7;

	(void)state;
	assert_true(sdp_find_bandwidth(&sdp, SDP_SESSION, STR("AS"), &value));
	assert_int_equal(value, 1200);
	assert_true(sdp_find_bandwidth(&sdp, 0, STR("AS"), &value));
	assert_int_equal(value, 64);
	assert_false(sdp_find_bandwidth(&sdp, 1, STR("AS"), &value));
	assert_false(sdp_find_bandwidth(&sdp, 0, STR("TIAS"), &value));
	assert_false(sdp_find_bandwidth(&bad, 0, STR("AS"), &value));
	assert_int_equal(value, 64);
	assert_int_equal(sdp_media_ptime(&sdp, 0), 20);
	assert_int_equal(sdp_media_ptime(&sdp, 1), 0);
	assert_int_equal(sdp_media_ptime(&bad, 0), 0);
}

// `tail` is put behind v=; `address` is of the first media, empty when it is no IP address.
static const struct {
	const char *tail, *address;
} addresses[] = {
	{.tail = "c=IN IP4 192.0.2.1\r\n" SDP_AUDIO, .address = "192.0.2.1"},
	{.tail = "c=IN IP4 192.0.2.1\r\n" SDP_AUDIO "c=IN IP4 192.0.2.2\r\n", .address = "192.0.2.2"},
	{.tail = SDP_AUDIO "c=IN IP6 2001:db8::1\r\n", .address = "2001:db8::1"},
	{.tail = SDP_AUDIO "c=IN IP6 ff3e::1/3\r\n", .address = "ff3e::1"},
	{.tail = SDP_AUDIO "c=IN IP4 233.252.0.1/0\r\n", .address = "233.252.0.1"},
	{.tail = SDP_AUDIO "c=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\n", .address = "192.0.2.1"},
	{.tail = SDP_AUDIO "c=in  ip4\t192.0.2.1 \r\n", .address = "192.0.2.1"},
	{.tail = SDP_AUDIO "c=IN IP4 media.example.net\r\n", .address = ""},
	{.tail = SDP_AUDIO "c=IN IP4 192.0.2.256\r\n", .address = ""},
	{.tail = SDP_AUDIO "c=TN RFC2543 +12015550123\r\n", .address = ""},
	{.tail = SDP_AUDIO, .address = ""},
};

static void a_media_has_its_own_address_or_the_sessions(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct ip_addr addr;
		char text[256];
		struct sdp sdp;

		snprintf(text, sizeof(text), "v=0\r\n%s", addresses[i].tail);
		sdp = sdp_of(text);
		assert_int_equal(sdp_media_address(&sdp, 0, &addr), addresses[i].address[0] != '\0');
		if (addresses[i].address[0] != '\0')
			assert_addr(&addr, addresses[i].address);
	}
}

static const struct {
	const char *tail, *rtcp;
	bool muxed;
} rtcps[] = {
	{.tail = SDP_AUDIO, .rtcp = "192.0.2.10:30001"},
	{.tail = SDP_AUDIO, .rtcp = "192.0.2.10:30000", .muxed = true},
	{.tail = SDP_AUDIO "a=rtcp:30100\r\n", .rtcp = "192.0.2.10:30100"},
	{.tail = SDP_AUDIO "a=rtcp:30100 IN IP6 2001:db8::1\r\n", .rtcp = "[2001:db8::1]:30100"},
	{.tail = SDP_AUDIO "a=rtcp:30100\r\n", .rtcp = "192.0.2.10:30000", .muxed = true},
	{.tail = SDP_AUDIO "a=rtcp:0\r\n", .rtcp = NULL},
	{.tail = SDP_AUDIO "a=rtcp:30100 IN IP4 example.net\r\n", .rtcp = NULL},
	{.tail = "m=audio 65535 RTP/AVP 8\r\n", .rtcp = NULL},
	{.tail = "m=audio 0 RTP/AVP 8\r\n", .rtcp = NULL},
	{.tail = "m=audio 0 RTP/AVP 8\r\na=rtcp:30100\r\n", .rtcp = NULL},
};

static void rtcp_goes_where_the_media_says(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rtcps); i++) {
		char text[256], got[ENDPOINT_TEXT_MAX];
		struct endpoint endpoint;
		struct sdp sdp;

		snprintf(text, sizeof(text), SDP_HEAD "%s", rtcps[i].tail);
		sdp = sdp_of(text);
		assert_int_equal(sdp_media_rtcp(&sdp, 0, rtcps[i].muxed, &endpoint), rtcps[i].rtcp != NULL);
		if (rtcps[i].rtcp == NULL)
			continue;
		endpoint_format(&endpoint, got);
		assert_string_equal(got, rtcps[i].rtcp);
	}
}

static const struct {
	const char *text;
	enum sdp_direction first;
	bool is_hold;
} holds[] = {
	{.text = SDP_HEAD SDP_AUDIO, .first = SDP_SENDRECV, .is_hold = false},
	{.text = SDP_HEAD SDP_AUDIO "a=sendonly\r\n", .first = SDP_SENDONLY, .is_hold = true},
	{.text = SDP_HEAD SDP_AUDIO "a=inactive \r\n", .first = SDP_INACTIVE, .is_hold = true},
	{.text = SDP_HEAD SDP_AUDIO "a=recvonly\r\n", .first = SDP_RECVONLY, .is_hold = false},
	{.text = SDP_HEAD "a=inactive\r\n" SDP_AUDIO, .first = SDP_INACTIVE, .is_hold = true},
	{.text = SDP_HEAD "a=inactive\r\n" SDP_AUDIO "a=sendrecv\r\n", .first = SDP_SENDRECV, .is_hold = false},
	{.text = SDP_HEAD SDP_AUDIO "a=sendonly\r\n" SDP_AUDIO, .first = SDP_SENDONLY, .is_hold = false},
	{.text = SDP_HEAD SDP_AUDIO "a=sendonly\r\nm=video 0 RTP/AVP 31\r\n", .first = SDP_SENDONLY, .is_hold = true},
	{.text = SDP_HEAD SDP_AUDIO "a=recvonly\r\na=inactive\r\n", .first = SDP_RECVONLY, .is_hold = false},
	{.text = SDP_HEAD SDP_AUDIO "a=sendonlyx\r\n", .first = SDP_SENDRECV, .is_hold = false},
	{.text = SDP_HEAD SDP_AUDIO "c=IN IP4 0.0.0.0\r\n", .first = SDP_SENDRECV, .is_hold = true},
	{.text = SDP_HEAD SDP_AUDIO "c=IN IP6 ::\r\n", .first = SDP_SENDRECV, .is_hold = true},
	{.text = SDP_HEAD SDP_AUDIO "c=IN IP4 0.0.0.0\r\na=ice-ufrag:x\r\n", .first = SDP_SENDRECV, .is_hold = false},
	{.text = "v=0\r\nc=IN IP4 0.0.0.0\r\n" SDP_AUDIO, .first = SDP_SENDRECV, .is_hold = true},
	{.text = SDP_HEAD "a=inactive\r\nm=audio 0 RTP/AVP 8\r\n", .first = SDP_INACTIVE, .is_hold = false},
};

static void hold_is_told_from_media_that_flow(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
		struct sdp sdp = sdp_of(holds[i].text);

		assert_int_equal(sdp_media_direction(&sdp, 0), holds[i].first);
		if (sdp_is_hold(&sdp) != holds[i].is_hold)
			fail_msg("%s", holds[i].text);
	}
}

static void a_description_without_media_is_no_hold(void **state) {
	struct sdp sdp = sdp_of(SDP_HEAD "a=inactive\r\n");

	(void)state;
	assert_int_equal(sdp.media_count, 0);
	assert_false(sdp_is_hold(&sdp));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_are_found_by_name_and_kind),
		cmocka_unit_test(codecs_are_found_by_format),
		cmocka_unit_test(malformed_codecs_are_not_found),
		cmocka_unit_test(bandwidth_and_ptime_are_numbers),
		cmocka_unit_test(a_media_has_its_own_address_or_the_sessions),
		cmocka_unit_test(rtcp_goes_where_the_media_says),
		cmocka_unit_test(hold_is_told_from_media_that_flow),
		cmocka_unit_test(a_description_without_media_is_no_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
