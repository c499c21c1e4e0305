// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/sip/sdp_parsed.h"

#include "sip/sdp_rewrite.h"

#define ORIGIN "v=0\r\no=- 7 1 IN IP4 192.0.2.10\r\ns=-\r\n"
#define SESSION "c=IN IP4 192.0.2.10\r\n"
#define RELAYED "c=IN IP4 198.51.100.1\r\n"
#define RELAYED6 "c=IN IP6 2001:db8::1\r\n"

// Endpoints as text, NULL: left.
struct media_change {
	const char *rtp, *rtcp;
	uint16_t rtcp_port; // without an address
	bool rtcp_mux;
};

struct rewrite_case {
	const char *before, *after;
	struct media_change media[4];
	const char *origin;
	uint64_t version;
};

static struct sdp_changes changes_of(const struct rewrite_case *row) {
	struct sdp_changes changes = {.origin_version = row->version};

	for (size_t i = 0; i < ARRAY_LEN(row->media); i++) {
		const struct media_change *media = &row->media[i];

		if (media->rtp != NULL)
			assert_true(endpoint_parse(str_from_c(media->rtp), 0, &changes.media[i].rtp));
		if (media->rtcp != NULL)
			assert_true(endpoint_parse(str_from_c(media->rtcp), 0, &changes.media[i].rtcp));
		else
			changes.media[i].rtcp.port = media->rtcp_port;
		changes.media[i].rtcp_mux = media->rtcp_mux;
	}
	if (row->origin != NULL)
		assert_true(ip_parse(str_from_c(row->origin), &changes.origin));
	return changes;
}

static void check(const struct rewrite_case *rows, size_t count) {
	for (size_t i = 0; i < count; i++) {
		struct sdp_changes changes = changes_of(&rows[i]);
		size_t len = strlen(rows[i].after);
		struct guarded out = guarded_end(rows[i].after, len);
		struct sdp sdp;

		memset(out.ptr, 0, len);
		assert_int_equal(sdp_parse(&sdp, str_from_c(rows[i].before), &sdp_usual_limits), SDP_OK);
		assert_int_equal(sdp_rewrite(&sdp, &changes, out.ptr, (uint32_t)len), len);
		if (memcmp(out.ptr, rows[i].after, len) != 0)
			fail_msg("row %zu gave\n%.*s\nand not\n%s", i, (int)len, out.ptr, rows[i].after);
		assert_int_equal(sdp_parse(&sdp, str_of(out.ptr, len), &sdp_usual_limits), SDP_OK);
		guarded_free(&out);
	}
}

static void nothing_asked_is_nothing_changed(void **state) {
	static const struct rewrite_case rows[] = {
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\na=rtcp:1\r\na=rtcp-mux\r\n",
		 .after = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\na=rtcp:1\r\na=rtcp-mux\r\n"},
		{.before = "v=0", .after = "v=0"},
		{.before = "\nv=0\n\nm=x 1 y z", .after = "\nv=0\n\nm=x 1 y z"},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void the_sessions_address_changes_once_when_all_agree(void **state) {
	static const struct rewrite_case rows[] = {
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\na=ptime:20\r\n",
		 .after = ORIGIN RELAYED "m=audio 9 RTP/AVP 8\r\na=ptime:20\r\n",
		 .media = {{.rtp = "198.51.100.1:9"}}},
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\nm=video 30002 RTP/AVP 31\r\n",
		 .after = ORIGIN RELAYED6 "m=audio 40000 RTP/AVP 8\r\nm=video 65535 RTP/AVP 31\r\n",
		 .media = {{.rtp = "[2001:db8::1]:40000"}, {.rtp = "[2001:db8::1]:65535"}}},
		// who has an own address is not asked
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\nm=video 30002 RTP/AVP 31\r\n" SESSION,
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\nm=video 40002 RTP/AVP 31\r\n" RELAYED6,
		 .media = {{.rtp = "198.51.100.1:40000"}, {.rtp = "[2001:db8::1]:40002"}}},
		// unless the session's address is nobody's
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\n" SESSION,
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\n" RELAYED,
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		// a refused media has no say
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\nm=video 0 RTP/AVP 31\r\n",
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\nm=video 0 RTP/AVP 31\r\n",
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\n" SESSION "m=video 0 RTP/AVP 31\r\n",
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\n" RELAYED "m=video 0 RTP/AVP 31\r\n",
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		{.before = ORIGIN "c=TN RFC2543 +12015550123\r\nm=audio 30000 RTP/AVP 8\r\n",
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\n",
		 .media = {{.rtp = "198.51.100.1:40000"}}},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void media_that_differ_get_their_own_address(void **state) {
	static const struct rewrite_case rows[] = {
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\na=x\r\nm=video 30002 RTP/AVP 31\r\n",
		 .after = ORIGIN SESSION "m=audio 40000 RTP/AVP 8\r\n" RELAYED
					 "a=x\r\nm=video 40002 RTP/AVP 31\r\n" RELAYED6,
		 .media = {{.rtp = "198.51.100.1:40000"}, {.rtp = "[2001:db8::1]:40002"}}},
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\ni=one\r\nb=AS:64\r\nm=video 30002 RTP/AVP 31\r\n",
		 .after = ORIGIN SESSION "m=audio 40000 RTP/AVP 8\r\ni=one\r\n" RELAYED
					 "b=AS:64\r\nm=video 30002 RTP/AVP 31\r\n",
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		{.before = ORIGIN "m=audio 30000 RTP/AVP 8\r\n",
		 .after = ORIGIN "m=audio 40000 RTP/AVP 8\r\n" RELAYED,
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		// no line end at the end
		{.before = ORIGIN "m=audio 30000 RTP/AVP 8",
		 .after = ORIGIN "m=audio 40000 RTP/AVP 8\r\n" RELAYED,
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		{.before = ORIGIN "m=audio 30000 RTP/AVP 8\r\ni=one",
		 .after = ORIGIN "m=audio 40000 RTP/AVP 8\r\ni=one\r\n" RELAYED,
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		// line ends as they are there, and before what looks like the end
		{.before = "v=0\nm=audio 30000 RTP/AVP 8\n\n",
		 .after = "v=0\nm=audio 40000 RTP/AVP 8\nc=IN IP4 198.51.100.1\na=rtcp:5\n\n",
		 .media = {{.rtp = "198.51.100.1:40000", .rtcp_port = 5}}},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void every_address_of_a_media_changes(void **state) {
	static const struct rewrite_case rows[] = {
		{.before = ORIGIN "m=audio 30000 RTP/AVP 8\r\nc=IN IP4 233.252.0.1/127/3\r\n",
		 .after = ORIGIN "m=audio 40000 RTP/AVP 8\r\n" RELAYED,
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		{.before = ORIGIN
		 "m=audio 30000/2 RTP/AVP 8\r\nc=IN IP4 233.252.0.1/127\r\nc=IN IP4 233.252.0.2/127 \r\n",
		 .after = ORIGIN "m=audio 40000/2 RTP/AVP 8\r\n" RELAYED "c=IN IP4 198.51.100.1 \r\n",
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		{.before = ORIGIN "m=audio  30000  RTP/AVP 8 \r\nc=IN IP6 2001:db8::5\r\n",
		 .after = ORIGIN "m=audio  40000  RTP/AVP 8 \r\n" RELAYED,
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		{.before = ORIGIN "m=audio 30000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n",
		 .after = ORIGIN "m=audio 40000 RTP/AVP 8\r\nc=IN IP6 ::\r\n",
		 .media = {{.rtp = "[::]:40000"}}},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void a_refused_media_stays_refused(void **state) {
	static const struct rewrite_case rows[] = {
		{.before = ORIGIN SESSION "m=audio 0 RTP/AVP 8\r\na=rtcp:5\r\n",
		 .after = ORIGIN SESSION "m=audio 0 RTP/AVP 8\r\na=rtcp:5\r\n",
		 .media = {{.rtp = "198.51.100.1:40000", .rtcp_mux = true}}},
		{.before = ORIGIN "m=audio 0 RTP/AVP 8\r\n" SESSION,
		 .after = ORIGIN "m=audio 0 RTP/AVP 8\r\n" RELAYED,
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		{.before = ORIGIN "m=audio 0/9 RTP/AVP 8\r\n",
		 .after = ORIGIN "m=audio 0/9 RTP/AVP 8\r\n",
		 .media = {{.rtp = "198.51.100.1:65535"}}},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void rtcp_lines_follow_the_relay(void **state) {
	static const struct rewrite_case rows[] = {
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\na=rtcp:30100 IN IP4 192.0.2.12\r\na=x\r\n",
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\na=rtcp:40001\r\na=x\r\n",
		 .media = {{.rtp = "198.51.100.1:40000", .rtcp_port = 40001}}},
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\na=rtcp:30100\r\na=rtcp: 1 \r\na=rtcp-xr:x\r\n",
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\na=rtcp:5 IN IP6 2001:db8::1\r\n"
					 "a=rtcp:5 IN IP6 2001:db8::1 \r\na=rtcp-xr:x\r\n",
		 .media = {{.rtp = "198.51.100.1:40000", .rtcp = "[2001:db8::1]:5"}}},
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\na=rtcp:30100\r\na=rtcp-mux\r\na=x\r\n",
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\na=x\r\n",
		 .media = {{.rtp = "198.51.100.1:40000"}}},
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\na=rtcp-mux",
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\na=rtcp:40000\r\na=rtcp-mux",
		 .media = {{.rtp = "198.51.100.1:40000", .rtcp_port = 40000, .rtcp_mux = true}}},
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\nb=RS:0\r\na=x\r\n",
		 .after = ORIGIN RELAYED "m=audio 40000 RTP/AVP 8\r\nb=RS:0\r\na=rtcp-mux\r\na=x\r\n",
		 .media = {{.rtp = "198.51.100.1:40000", .rtcp_mux = true}}},
		{.before = ORIGIN SESSION "m=audio 30000 RTP/AVP 8\r\nm=audio 30002 RTP/AVP 8\r\n",
		 .after = ORIGIN RELAYED
		 "m=audio 40000 RTP/AVP 8\r\na=rtcp:7\r\na=rtcp-mux\r\nm=audio 40002 RTP/AVP 8\r\n",
		 .media =
			 {{.rtp = "198.51.100.1:40000", .rtcp_port = 7, .rtcp_mux = true},
			  {.rtp = "198.51.100.1:40002"}}},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void the_origin_changes_only_where_asked(void **state) {
	static const struct rewrite_case rows[] = {
		{.before = ORIGIN, .after = "v=0\r\no=- 7 1 IN IP6 2001:db8::1\r\ns=-\r\n", .origin = "2001:db8::1"},
		{.before = ORIGIN, .after = "v=0\r\no=- 7 2 IN IP4 192.0.2.10\r\ns=-\r\n", .version = 2},
		{.before = "v=0\no=a b  7  1  IN IP4 h.example \nm=x 0 y z\no=\n",
		 .after = "v=0\no=a b  7  18446744073709551615  IN IP4 198.51.100.1 \nm=x 0 y z\no=\n",
		 .origin = "198.51.100.1",
		 .version = UINT64_MAX},
		{.before = "v=0\r\n", .after = "v=0\r\n", .origin = "198.51.100.1", .version = 5},
	};

	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void what_does_not_fit_gives_nothing(void **state) {
	static const struct rewrite_case row = {
		.before = ORIGIN "m=audio 1 RTP/AVP 8\r\na=x\r\nm=audio 3 RTP/AVP 8",
		.media =
			{{.rtp = "198.51.100.1:40000", .rtcp = "198.51.100.1:40009"},
			 {.rtp = "[2001:db8::1]:40002", .rtcp_mux = true}},
		.origin = "2001:db8::1",
		.version = 99,
	};
	struct sdp_changes changes = changes_of(&row);
	char whole[512];
	struct sdp sdp;
	uint32_t len;

	(void)state;
	assert_int_equal(sdp_parse(&sdp, str_from_c(row.before), &sdp_usual_limits), SDP_OK);
	len = sdp_rewrite(&sdp, &changes, whole, sizeof(whole));
	assert_in_range(len, strlen(row.before) + 100, sizeof(whole) - 1);
	for (uint32_t size = 0; size < len; size++) {
		struct guarded out = guarded_end(whole, size);

		assert_int_equal(sdp_rewrite(&sdp, &changes, out.ptr, size), 0);
		guarded_free(&out);
	}
}

static void ports_past_the_last_are_not_given(void **state) {
	struct sdp_changes changes = {.media[0].rtp = {.addr = ip_from_v4(0x0100007f), .port = 65532}};
	char out[256];
	struct sdp sdp;

	(void)state;
	assert_int_equal(sdp_parse(&sdp, STR(ORIGIN "m=audio 30000/2 RTP/AVP 8\r\n"), &sdp_usual_limits), SDP_OK);
	assert_true(sdp_rewrite(&sdp, &changes, out, sizeof(out)) > 0);
	changes.media[0].rtp.port = 65534;
	assert_int_equal(sdp_rewrite(&sdp, &changes, out, sizeof(out)), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked_is_nothing_changed),
		cmocka_unit_test(the_sessions_address_changes_once_when_all_agree),
		cmocka_unit_test(media_that_differ_get_their_own_address),
		cmocka_unit_test(every_address_of_a_media_changes),
		cmocka_unit_test(a_refused_media_stays_refused),
		cmocka_unit_test(rtcp_lines_follow_the_relay),
		cmocka_unit_test(the_origin_changes_only_where_asked),
		cmocka_unit_test(what_does_not_fit_gives_nothing),
		cmocka_unit_test(ports_past_the_last_are_not_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
