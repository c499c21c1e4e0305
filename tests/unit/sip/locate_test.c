// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "unit/random.h"
#include "unit/sip/corpus.h"

static struct sip_locator locators[LOCATORS];

static int setup(void **state) {
	(void)state;
	locators_init(locators);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	locators_fini(locators);
	return 0;
}

static void assert_same_index(const struct sip_index *a, const struct sip_index *b) {
	assert_int_equal(a->first_line, b->first_line);
	assert_int_equal(a->first_line_end, b->first_line_end);
	assert_int_equal(a->body, b->body);
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->header, b->header, a->count * sizeof(a->header[0]));
}

// All locators, which must agree; gives what the scalar one says.
static enum sip_located locate(const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index) {
	enum sip_located located = locators[0].locate(&locators[0], buf, len, headers_max, ret_index);

	for (int i = 1; i < LOCATORS; i++) {
		struct sip_index index;

		memset(&index, 0xa5, sizeof(index));
		assert_int_equal(locators[i].locate(&locators[i], buf, len, headers_max, &index), located);
		assert_same_index(&index, ret_index);
	}
	return located;
}

static void locators_agree_on_every_prefix_of_the_torture_messages(void **state) {
	struct corpus corpus = corpus_load();
	struct sip_index index;

	(void)state;
	for (size_t i = 0; i < corpus.count; i++) {
		const struct corpus_message *message = &corpus.message[i];
		struct guarded at_end = guarded_end(message->bytes, message->len);
		struct guarded at_start = guarded_start(message->bytes, message->len);
		char *end = at_end.ptr + at_end.len;

		for (size_t len = message->len + 1; len-- > 0;) {
			memmove(end - len, message->bytes, len);
			locate(end - len, len, SIP_HEADERS_MAX, &index);
			locate(at_start.ptr, len, SIP_HEADERS_MAX, &index);
			sip_peek_call_id(end - len, len);
		}
		guarded_free(&at_end);
		guarded_free(&at_start);
	}
	corpus_free(&corpus);
}

#define START "OPTIONS sip:a SIP/2.0\r\n"

static void each_line_is_judged_as_the_grammar_says(void **state) {
	static const struct {
		const char *text;
		size_t len;
		enum sip_located located;
		uint16_t count;
	} rows[] = {
#define ROW(text, located, count) {text, sizeof(text) - 1, located, count}
		ROW("", SIP_LOCATED_NO_END, 0),
		ROW("\r\n\r\n", SIP_LOCATED_NO_END, 0),
		ROW("OPTIONS sip:a SIP/2.0", SIP_LOCATED_NO_END, 0),
		ROW(START, SIP_LOCATED_NO_END, 0),
		ROW(START "\r\n", SIP_LOCATED, 0),
		ROW(START "\n", SIP_LOCATED, 0),
		ROW("\r\n\r\n" START "\r\n", SIP_LOCATED, 0),
		ROW(START "Via: x\r\n\r\n", SIP_LOCATED, 1),
		ROW(START "Via: x\nTo: y\n\n", SIP_LOCATED, 2),
		ROW(START "Via:\r\n\r\n", SIP_LOCATED, 1),
		ROW(START "Via \t : x\r\n\r\n", SIP_LOCATED, 1),
		ROW(START "Via: x\r\n y\r\n\tz\r\n\r\n", SIP_LOCATED, 1),
		ROW(START "Via: x\r\n \r\n\r\n", SIP_LOCATED, 1),
		ROW(START "Via: x\r\n To: y\r\nTo: z\r\n\r\n", SIP_LOCATED, 2),
		ROW(START "Via: x\r\n", SIP_LOCATED_NO_END, 1),
		ROW(START "Via: x\r\n\r", SIP_LOCATED_NO_END, 1),
		ROW(START "Via: x\r\nTo: y", SIP_LOCATED_NO_END, 1),
		ROW(START " Via: x\r\n\r\n", SIP_LOCATED_BAD_LINE, 0),
		ROW(START "To: y\r\nVia\r\n\r\n", SIP_LOCATED_BAD_LINE, 1),
		ROW(START ": x\r\n\r\n", SIP_LOCATED_BAD_LINE, 0),
		ROW(START "Vi a: x\r\n\r\n", SIP_LOCATED_BAD_LINE, 0),
		ROW(START "V\"ia\": x\r\n\r\n", SIP_LOCATED_BAD_LINE, 0),
		ROW(START "To: y\r\n\rVia: x\r\n\r\n", SIP_LOCATED_BAD_LINE, 1),
		ROW(START "To: y\r\r\n\r\n", SIP_LOCATED_BAD_LINE, 1),
		ROW(START "To: y\rVia: x\r\n\r\n", SIP_LOCATED_BAD_LINE, 1),
		ROW(START "To: \"y\rVia\": x\r\n\r\n", SIP_LOCATED_BAD_LINE, 1),
		ROW(START "To: y\0\r\n\r\n", SIP_LOCATED_BAD_LINE, 1),
		ROW(START "To: \"\\\0\"\r\n\r\n", SIP_LOCATED, 1),
		ROW(START "To: \"y\r\n \0z\"\r\n\r\n", SIP_LOCATED, 1),
		ROW(START "To: \"y\0\r\n\r\n", SIP_LOCATED_BAD_LINE, 1),
		ROW(START "To: \"y\\\"\0\" z\r\n\r\n", SIP_LOCATED, 1),
		ROW(START "To\0: y\r\n\r\n", SIP_LOCATED_BAD_LINE, 0),
		ROW("OPTIONS sip:a\0 SIP/2.0\r\nTo: y\r\n\r\n", SIP_LOCATED_BAD_LINE, 1),
		ROW(START "Via: x\r\n\r\nTo\r\n\0\r", SIP_LOCATED, 1),
		ROW(START "a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n", SIP_LOCATED, 4),
		ROW(START "a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n 5\r\ne: 5\r\n\r\n", SIP_LOCATED_TOO_MANY, 4),
#undef ROW
	};
	struct sip_index index;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct guarded text = guarded_end(rows[i].text, rows[i].len);

		assert_int_equal(locate(text.ptr, text.len, 4, &index), rows[i].located);
		assert_int_equal(index.count, rows[i].count);
		guarded_free(&text);
	}
}

static void offsets_are_those_of_the_text(void **state) {
	static const char text[] = "\r\nBYE sip:a SIP/2.0\r\nv: one\r\n two\nX-Long\t : three\r\nI:four\r\n\r\nbody";
	static const struct sip_header expected[] = {
		{.start = 21, .value = 23, .end = 33, .id = HDR_VIA, .name_len = 1},
		{.start = 34, .value = 43, .end = 49, .id = HDR_OTHER, .name_len = 6},
		{.start = 51, .value = 53, .end = 57, .id = HDR_CALL_ID, .name_len = 1},
	};
	struct sip_index index;

	(void)state;
	assert_int_equal(locate(text, sizeof(text) - 1, 10, &index), SIP_LOCATED);
	assert_int_equal(index.first_line, 2);
	assert_int_equal(index.first_line_end, 19);
	assert_int_equal(index.count, ARRAY_LEN(expected));
	assert_memory_equal(index.header, expected, sizeof(expected));
	assert_string_equal(text + index.body, "body");
}

static void long_names_are_kept_whole(void **state) {
	struct sip_index index;
	char text[1024];
	int len = snprintf(text, sizeof(text), START "%0300d: x\r\n%0254d : y\r\n\r\n", 1, 2);

	(void)state;
	assert_int_equal(locate(text, (size_t)len, 10, &index), SIP_LOCATED);
	assert_int_equal(index.header[0].name_len, 255);
	assert_int_equal(index.header[0].value, index.header[0].start + 301);
	assert_int_equal(index.header[1].name_len, 254);
}

static void locators_agree_on_random_lines(void **state) {
	static const char *const pieces[] = {
		"\r\n",
		"\r\n",
		"\n",
		"\r",
		"\n\n",
		":",
		"Via:",
		"v:",
		"\nCall-ID:",
		"\r\ni :",
		" ",
		"\t",
		"x",
		"\"",
		"\\",
		"Content-Length: 5",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"\nP-Preferred-Identity:",
		"\nTO:",
		"\xff",
	};
	struct guarded room = guarded_end((char[2048]){0}, 2048);
	struct random random = {.state = 1};
	struct sip_index index;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		char text[2048];
		size_t len = 0;
		uint32_t count = (uint32_t)random_below(&random, 40);

		for (uint32_t i = 0; i < count; i++) {
			uint32_t pick = (uint32_t)random_below(&random, ARRAY_LEN(pieces) + 1);
			size_t size = pick == ARRAY_LEN(pieces) ? 1 : strlen(pieces[pick]);

			memcpy(text + len, pick == ARRAY_LEN(pieces) ? "\0" : pieces[pick], size);
			len += size;
		}
		memcpy(room.ptr + room.len - len, text, len);
		locate(room.ptr + room.len - len, len, 1 + (uint32_t)random_below(&random, 16), &index);
	}
	guarded_free(&room);
}

static void largest_datagrams_take_linear_time(void **state) {
	static const char *const fillings[] = {
		" ", "\n ", "\r\n ", "a:\n", ":", "\"", "\r", "\\", "c", "\nc", "\na \t"};
	char *text = malloc(SIP_MESSAGE_MAX);
	struct sip_index index;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fillings); i++) {
		size_t size = strlen(fillings[i]), len = sizeof(START) - 1;

		memcpy(text, START, len);
		while (len + size <= SIP_MESSAGE_MAX) {
			memcpy(text + len, fillings[i], size);
			len += size;
		}
		for (int round = 0; round < 10; round++) {
			locate(text, len, SIP_HEADERS_MAX, &index);
			sip_peek_call_id(text, len);
		}
	}
	free(text);
}

static void more_headers_than_the_array_holds_are_too_many(void **state) {
	struct sip_index index;
	char text[8192] = START;
	size_t len = sizeof(START) - 1;

	(void)state;
	for (int i = 0; i < SIP_HEADERS_MAX + 1; i++, len += 4)
		memcpy(text + len, "a:\r\n", 4);
	memcpy(text + len, "\r\n", 2);
	assert_int_equal(locate(text, len + 2, UINT32_MAX, &index), SIP_LOCATED_TOO_MANY);
	assert_int_equal(index.count, SIP_HEADERS_MAX);
	assert_int_equal(locate(text, len + 2, 0, &index), SIP_LOCATED_TOO_MANY);
	assert_int_equal(index.count, 0);
}

static void call_id_is_peeked_without_parsing(void **state) {
	static const struct {
		const char *text, *call_id;
	} rows[] = {
		{START "Call-ID: abc@d\r\n\r\n", "abc@d"},
		{START "Contact: <sip:a>\r\nCSeq: 1 X\r\nCALL-id \t: abc@d \r\n\r\n", "abc@d"},
		{START "Via: x\r\n call-id: no\r\ni:\r\n  abc\r\n\r\n", "abc"},
		{START "Via: x\ni: abc\nTo: y\n\n", "abc"},
		{"\r\n\r\nci: x\r\nCall-ID: abc\r\n", "abc"},
		{START "To: x\r\nCall-IDs: abc\r\n\r\n", ""},
		{START "To: x\r\n\r\nCall-ID: in-the-body\r\n\r\n", ""},
		{START "To: x\n\nCall-ID: in-the-body\r\n\r\n", ""},
		{START "Call-ID: no line end", ""},
		{START "Call-ID", ""},
		{"i: abc", ""},
		{"", ""},
		{"\r\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct guarded text = guarded_end(rows[i].text, strlen(rows[i].text));
		struct str call_id = sip_peek_call_id(text.ptr, text.len);

		assert_int_equal(call_id.len, strlen(rows[i].call_id));
		assert_memory_equal(call_id.ptr ? call_id.ptr : "", rows[i].call_id, call_id.len);
		guarded_free(&text);
	}
}

static void auto_gives_a_locator_that_names_itself(void **state) {
	struct sip_locator locator;

	(void)state;
	assert_int_equal(sip_locator_init(&locator, LOCATOR_AUTO), 0);
	assert_int_not_equal(locator.kind, LOCATOR_AUTO);
	assert_string_equal(sip_locator_name(LOCATOR_HYPERSCAN), "hyperscan");
	assert_string_equal(sip_locator_name(LOCATOR_AVX512), "avx512");
	assert_string_equal(sip_locator_name(LOCATOR_AVX2), "avx2");
	assert_string_equal(sip_locator_name(LOCATOR_SCALAR), "scalar");
	sip_locator_fini(&locator);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locators_agree_on_every_prefix_of_the_torture_messages),
		cmocka_unit_test(each_line_is_judged_as_the_grammar_says),
		cmocka_unit_test(offsets_are_those_of_the_text),
		cmocka_unit_test(long_names_are_kept_whole),
		cmocka_unit_test(locators_agree_on_random_lines),
		cmocka_unit_test(largest_datagrams_take_linear_time),
		cmocka_unit_test(more_headers_than_the_array_holds_are_too_many),
		cmocka_unit_test(call_id_is_peeked_without_parsing),
		cmocka_unit_test(auto_gives_a_locator_that_names_itself),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
