// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/sip/sdp_parsed.h"

static void session_lines_are_read(void **state) {
	struct sdp sdp = sdp_of(sdp_offer);

	(void)state;
	assert_str(sdp.origin.user, "alice");
	assert_str(sdp.origin.id, "2890844526");
	assert_str(sdp.origin.version, "2890844527");
	assert_str(sdp.origin.at.net_type, "IN");
	assert_str(sdp.origin.at.place, "IN IP6 2001:db8::10");
	assert_addr(&sdp.origin.at.addr, "2001:db8::10");
	assert_str(sdp.name, "a call");
	assert_str(sdp.time, "0 0");
	assert_str(sdp.session.connection.place, "IN IP4 192.0.2.10");
	assert_addr(&sdp.session.connection.addr, "192.0.2.10");
	assert_str(sdp_attribute(&sdp, SDP_SESSION, SDP_GROUP), "BUNDLE a v");
	assert_int_equal(sdp.line_count, 25);
}

static void media_lines_are_read(void **state) {
	struct sdp sdp = sdp_of(sdp_offer);
	const struct sdp_media *audio = &sdp.media[0], *video = &sdp.media[1];

	(void)state;
	assert_int_equal(sdp.media_count, 2);
	assert_str(audio->kind, "audio");
	assert_int_equal(audio->port, 30000);
	assert_int_equal(audio->port_count, 1);
	assert_str(audio->proto, "RTP/AVP");
	assert_str(audio->formats, "8 101");
	assert_int_equal(audio->format_count, 2);
	assert_int_equal(audio->section.connection.place.len, 0);
	assert_str(video->port_text, "40000");
	assert_int_equal(video->port_count, 2);
	assert_str(video->section.connection.address, "233.252.0.1");
	assert_int_equal(video->section.connection.ttl, 127);
	assert_int_equal(video->section.connection.count, 3);
	assert_ptr_equal(video->section.text.ptr, strstr(sdp_offer, "m=video"));
	assert_ptr_equal(audio->section.text.ptr + audio->section.text.len, video->section.text.ptr);
}

static void formats_come_one_by_one(void **state) {
	struct sdp sdp = sdp_of(SDP_HEAD "m=audio 30000 RTP/AVP  0 8\t101 \r\n");
	struct str rest = sdp.media[0].formats, format;

	(void)state;
	assert_true(sdp_format_next(&rest, &format));
	assert_str(format, "0");
	assert_true(sdp_format_next(&rest, &format));
	assert_str(format, "8");
	assert_true(sdp_format_next(&rest, &format));
	assert_str(format, "101");
	assert_false(sdp_format_next(&rest, &format));
}

static const char *const tolerated[] = {
	"v=0",
	"v=0\n",
	"\r\n\nv=0\n \t\n",
	"v=0\nm=audio 1 RTP/AVP 0",
	"c=IN IP4 192.0.2.1\r\nv=0\r\n",
	"v=0\r\nQ=?\r\nz=\r\nt=\r\nt=1 2\r\n",
	"v= 0 \r\no= 1 2 IN IP4 192.0.2.1\r\n",
	"v=0\r\no=two words 1 2 IN IP4 pbx.example.net\r\n",
	"v=0\r\na=\r\na=:\r\na=:x\r\nb=\r\n",
	"v=0\r\nm=video 0\tRTP/AVP\r\n",
	"v=0\r\nm=audio 0/2 -\r\n",
	"v=0\r\nm=image 7 udptl t38\r\nv=1\r\no=\r\ns=\r\n",
	"v=0\r\nm=audio 65535/1 RTP/AVP 0\r\n",
	"v=0\r\nm=audio 1 RTP/AVP 0\r\na=rtcp-mux:x\r\n",
	"v=0\r\ns=\xff\x01 \xc3\xa9\r\n",
};

static void what_the_field_writes_is_taken(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tolerated); i++) {
		struct guarded text = guarded_end(tolerated[i], strlen(tolerated[i]));
		struct sdp sdp;

		if (sdp_parse(&sdp, str_of(text.ptr, text.len), &sdp_usual_limits) != SDP_OK)
			fail_msg("refused: %s", tolerated[i]);
		guarded_free(&text);
	}
}

static const struct {
	const char *text;
	enum sdp_verdict verdict;
} refused[] = {
	{.text = "", .verdict = SDP_BAD_VERSION},
	{.text = "s=-\r\n", .verdict = SDP_BAD_VERSION},
	{.text = "v=1\r\n", .verdict = SDP_BAD_VERSION},
	{.text = "v=\r\n", .verdict = SDP_BAD_VERSION},
	{.text = "v=00\r\n", .verdict = SDP_BAD_VERSION},
	{.text = SDP_AUDIO "v=0\r\n", .verdict = SDP_BAD_VERSION},
	{.text = "v=0\r\nv=0\r\n", .verdict = SDP_BAD_REPEATED},
	{.text = SDP_HEAD "o=- 7 1 IN IP4 192.0.2.10\r\n", .verdict = SDP_BAD_REPEATED},
	{.text = SDP_HEAD "c=IN IP4 192.0.2.10\r\n", .verdict = SDP_BAD_REPEATED},
	{.text = "v=0\ra=x\r\n", .verdict = SDP_BAD_BYTES},
	{.text = "v=0\r\na=x\r", .verdict = SDP_BAD_BYTES},
	{.text = "v=0\r\nhello\r\n", .verdict = SDP_BAD_LINE},
	{.text = "v=0\r\n" SDP_AUDIO " a=x\r\n", .verdict = SDP_BAD_LINE},
	{.text = "v=0\r\na\r\n", .verdict = SDP_BAD_LINE},
	{.text = "v=0\r\n=x\r\n", .verdict = SDP_BAD_LINE},
	{.text = "v=0\r\n7=x\r\n", .verdict = SDP_BAD_LINE},
	{.text = "v=0\r\no=\r\n", .verdict = SDP_BAD_ORIGIN},
	{.text = "v=0\r\no=1 IN IP4 192.0.2.1\r\n", .verdict = SDP_BAD_ORIGIN},
	{.text = "v=0\r\no=- 1 2 IN IP4 192.0.2.1/\r\n", .verdict = SDP_BAD_ORIGIN},
	{.text = "v=0\r\nc=\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP4 \r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP4 192.0.2.1 x\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP4 /127\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP4 233.252.0.1/\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP4 233.252.0.1/127/\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP4 233.252.0.1/256\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP4 233.252.0.1/1/0\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP4 233.252.0.1/1/65536\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP4 233.252.0.1/1/1/1\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP6 ff3e::1/127/3\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = "v=0\r\nc=IN IP6 ff3e::1/-1\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = SDP_HEAD SDP_AUDIO "c=IN\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = SDP_HEAD SDP_AUDIO "c=IN IP4 192.0.2.1\r\nc=x\r\n", .verdict = SDP_BAD_CONNECTION},
	{.text = SDP_HEAD "m=\r\n", .verdict = SDP_BAD_MEDIA},
	{.text = SDP_HEAD "m=audio\r\n", .verdict = SDP_BAD_MEDIA},
	{.text = SDP_HEAD "m=audio 30000\r\n", .verdict = SDP_BAD_MEDIA},
	{.text = SDP_HEAD "m=audio RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio 65536 RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio 4294967297 RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio 18446744073709551617 RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio -1 RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio +5 RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio 30000/ RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio 30000/0 RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio /2 RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio 65534/2 RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio 30000/2/2 RTP/AVP 8\r\n", .verdict = SDP_BAD_PORT},
	{.text = SDP_HEAD "m=audio 30000 RTP/AVP\r\n", .verdict = SDP_BAD_FORMATS},
	{.text = SDP_HEAD SDP_AUDIO "a=rtcp\r\n", .verdict = SDP_BAD_RTCP},
	{.text = SDP_HEAD SDP_AUDIO "a=rtcp:65536\r\n", .verdict = SDP_BAD_RTCP},
	{.text = SDP_HEAD SDP_AUDIO "a=rtcp:30001 IN\r\n", .verdict = SDP_BAD_RTCP},
};

static void each_refusal_has_its_name(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct guarded text = guarded_end(refused[i].text, strlen(refused[i].text));
		struct sdp sdp;
		enum sdp_verdict verdict = sdp_parse(&sdp, str_of(text.ptr, text.len), &sdp_usual_limits);

		if (verdict != refused[i].verdict)
			fail_msg("%.*s: %s", STR_ARG(sdp_verdict_text(verdict)), refused[i].text);
		assert_true(sdp_verdict_text(verdict).len > 0);
		guarded_free(&text);
	}
}

static void a_nul_is_refused_anywhere(void **state) {
	(void)state;
	for (size_t at = 0; at < sizeof(sdp_offer) - 1; at++) {
		char text[sizeof(sdp_offer)];
		struct sdp sdp;

		memcpy(text, sdp_offer, sizeof(sdp_offer));
		text[at] = '\0';
		assert_int_equal(
			sdp_parse(&sdp, str_of(text, sizeof(sdp_offer) - 1), &sdp_usual_limits), SDP_BAD_BYTES
		);
	}
}

// The description with `count` times `part` behind it.
static enum sdp_verdict
parse_repeated(const char *text, const char *part, uint32_t count, const struct sdp_limits *how) {
	static char buf[8192];
	size_t len = strlen(text);
	struct sdp sdp;

	memcpy(buf, text, len);
	for (uint32_t i = 0; i < count; i++, len += strlen(part)) {
		assert_true(len + strlen(part) < sizeof(buf));
		memcpy(buf + len, part, strlen(part));
	}
	return sdp_parse(&sdp, str_of(buf, len), how);
}

static void limits_hold_to_the_line(void **state) {
	const struct sdp_limits few = {.lines_max = 8, .media_max = 2, .formats_max = 3};

	(void)state;
	assert_int_equal(parse_repeated(SDP_HEAD, "a=x\r\n", SDP_LINES_MAX - 5, &sdp_usual_limits), SDP_OK);
	assert_int_equal(
		parse_repeated(SDP_HEAD, "a=x\r\n", SDP_LINES_MAX - 4, &sdp_usual_limits), SDP_BAD_TOO_MANY_LINES
	);
	assert_int_equal(parse_repeated(SDP_HEAD, "\n", SDP_LINES_MAX - 4, &sdp_usual_limits), SDP_BAD_TOO_MANY_LINES);
	assert_int_equal(parse_repeated(SDP_HEAD, SDP_AUDIO, SDP_MEDIA_MAX, &sdp_usual_limits), SDP_OK);
	assert_int_equal(
		parse_repeated(SDP_HEAD, SDP_AUDIO, SDP_MEDIA_MAX + 1, &sdp_usual_limits), SDP_BAD_TOO_MANY_MEDIA
	);
	assert_int_equal(parse_repeated("v=0\nm=audio 1 RTP/AVP", " 8", SDP_FORMATS_MAX, &sdp_usual_limits), SDP_OK);
	assert_int_equal(
		parse_repeated("v=0\nm=audio 1 RTP/AVP", " 8", SDP_FORMATS_MAX + 1, &sdp_usual_limits),
		SDP_BAD_TOO_MANY_FORMATS
	);
	assert_int_equal(parse_repeated(SDP_HEAD, SDP_AUDIO, 2, &few), SDP_OK);
	assert_int_equal(parse_repeated(SDP_HEAD, SDP_AUDIO, 3, &few), SDP_BAD_TOO_MANY_MEDIA);
	assert_int_equal(parse_repeated(SDP_HEAD, "a=x\r\n", 4, &few), SDP_BAD_TOO_MANY_LINES);
	assert_int_equal(parse_repeated("v=0\nm=audio 1 RTP/AVP", " 8", 4, &few), SDP_BAD_TOO_MANY_FORMATS);
}

static void every_prefix_ends_at_its_end(void **state) {
	(void)state;
	for (size_t len = 0; len < sizeof(sdp_offer); len++) {
		struct guarded text = guarded_end(sdp_offer, len);
		struct sdp sdp;

		if (sdp_parse(&sdp, str_of(text.ptr, len), &sdp_usual_limits) == SDP_OK) {
			int last = (int)sdp.media_count - 1; // or SDP_SESSION
			struct str tail = sdp_section(&sdp, last)->text;

			assert_ptr_equal(tail.ptr + tail.len, text.ptr + len);
			sdp_is_hold(&sdp);
		}
		guarded_free(&text);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_lines_are_read),
		cmocka_unit_test(media_lines_are_read),
		cmocka_unit_test(formats_come_one_by_one),
		cmocka_unit_test(what_the_field_writes_is_taken),
		cmocka_unit_test(each_refusal_has_its_name),
		cmocka_unit_test(a_nul_is_refused_anywhere),
		cmocka_unit_test(limits_hold_to_the_line),
		cmocka_unit_test(every_prefix_ends_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
