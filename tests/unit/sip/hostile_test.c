// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What broke other parsers: too many, too long, odd spellings, nothing closed. All locators, the message at the end of
// a page. That time is linear nothing here can count: each function walks its text once, and the largest datagram of
// each kind is read here, in sip/msg and in sip/locate.
#include "sip/msg.h"
#include "unit/sip/corpus.h"

#define START "INVITE sip:bob@192.0.2.9 SIP/2.0\r\n"
#define REST                                                                                                           \
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa\r\nFrom: <sip:alice@a.example>;tag=1\r\n"                     \
	"To: <sip:bob@b.example>\r\nCall-ID: c1@192.0.2.1\r\nCSeq: 7 INVITE\r\n"
#define LIMIT 96
#define VIAS 70

static struct sip_locator locators[LOCATORS];
static const struct sip_limits limits = {.headers_max = LIMIT, .vias_max = VIAS};
static char text[SIP_MESSAGE_MAX];
static size_t text_len;

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

static void add(struct str more) {
	assert_true(text_len + more.len <= sizeof(text));
	memcpy(text + text_len, more.ptr, more.len);
	text_len += more.len;
}

static void add_times(const char *more, uint32_t times) {
	for (uint32_t i = 0; i < times; i++)
		add(str_from_c(more));
}

static void begin(const char *more) {
	text_len = 0;
	add(str_from_c(more));
}

// Of the text as it stands; the message's slices are into it.
static enum sip_verdict parse(struct sip_msg *msg) {
	struct guarded copy = guarded_end(text, text_len);
	enum sip_verdict verdict = sip_parse(msg, text, text_len, &limits, &locators[0]);
	static struct sip_msg other;

	for (int i = 0; i < LOCATORS; i++)
		assert_int_equal(sip_parse(&other, copy.ptr, text_len, &limits, &locators[i]), verdict);
	guarded_free(&copy);
	return verdict;
}

static void assert_verdict(enum sip_verdict got, enum sip_verdict want, struct str what, uint32_t count) {
	if (got != want)
		fail_msg("%.*s %u: %.*s", STR_ARG(what), count, STR_ARG(sip_verdict_text(got)));
}

static bool may_stand_once(enum sip_header_id id) {
	return id == HDR_VIA || id == HDR_FROM || id == HDR_TO || id == HDR_CALL_ID || id == HDR_CSEQ ||
	       id == HDR_MAX_FORWARDS || id == HDR_CONTENT_LENGTH;
}

static const char *value_of(enum sip_header_id id) {
	return id == HDR_ROUTE || id == HDR_CONTACT ? "<sip:h>" : "1";
}

static void add_header(struct str name, const char *between, const char *value) {
	add(name);
	add(str_from_c(between));
	add(str_from_c(value));
	add(STR("\r\n"));
}

static void every_header_may_come_as_often_as_the_limit_says(void **state) {
	static const uint32_t counts[] = {1, 2, 31, 32, 33, 64, LIMIT - 5, LIMIT - 4, 255, 256, 257, 1000, 2500};
	static struct sip_msg msg;

	(void)state;
	for (enum sip_header_id id = HDR_OTHER; id < HDR_COUNT; id++)
		for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
			struct str name = id == HDR_OTHER ? STR("X-Any") : sip_header_name(id);
			enum sip_verdict want = counts[i] + 5 > LIMIT ? SIP_BAD_TOO_MANY_HEADERS : SIP_OK;

			if (may_stand_once(id))
				continue;
			begin(START REST);
			for (uint32_t k = 0; k < counts[i]; k++)
				add_header(name, ":", value_of(id));
			add(STR("\r\n"));
			assert_verdict(parse(&msg), want, name, counts[i]);
		}
}

static void what_may_stand_once_may_not_stand_ten_thousand_times(void **state) {
	static const char *const lines[] = {
		"f:<sip:a>\r\n", "t:<sip:a>\r\n", "i:1\r\n", "CSeq:7 INVITE\r\n", "l:0\r\n"};
	static const uint32_t counts[] = {1, 2, 50};
	static struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		for (size_t k = 0; k <= ARRAY_LEN(counts); k++) {
			uint32_t count = k < ARRAY_LEN(counts) ? counts[k] : 60000 / (uint32_t)strlen(lines[i]);

			begin(START REST "Content-Length: 0\r\n");
			add_times(lines[i], count);
			add(STR("\r\n"));
			assert_verdict(
				parse(&msg),
				k < ARRAY_LEN(counts) ? SIP_BAD_REPEATED : SIP_BAD_TOO_MANY_HEADERS,
				str_from_c(lines[i]),
				count
			);
		}
}

// Five thousand in one line.
static void lists_may_be_as_long_as_the_message(void **state) {
	static struct sip_msg msg;

	(void)state;
	for (enum sip_header_id id = HDR_OTHER + 1; id < HDR_COUNT; id++) {
		struct sip_walk walk = {.id = id};
		uint32_t entries = 0;
		struct str entry;

		if (id == HDR_VIA || !sip_header_is_list(id))
			continue;
		begin(START REST);
		add(sip_header_name(id));
		add(STR(": <sip:h>"));
		add_times(",<sip:h>", 4999);
		add(STR("\r\n\r\n"));
		assert_verdict(parse(&msg), SIP_OK, sip_header_name(id), 5000);
		while (sip_walk_next(&msg, &walk, &entry) > 0)
			entries++;
		assert_int_equal(entries, 5000);
	}
}

static void vias_have_a_limit_of_their_own(void **state) {
	static const uint32_t counts[] = {1, VIAS - 2, VIAS - 1, VIAS, 255, 256, 257, 5000};
	static struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		begin(START REST "v: SIP/2.0/UDP a");
		add_times(",SIP/2.0/U a", counts[i] - 1);
		add(STR("\r\n\r\n"));
		assert_verdict(
			parse(&msg), counts[i] + 1 > VIAS ? SIP_BAD_TOO_MANY_VIAS : SIP_OK, STR("Via"), counts[i]
		);
	}
}

struct filled {
	const char *before, *filling, *after;
	enum sip_verdict verdict;
};

// Each filled up to nearly the largest datagram.
static void fillings_are_read_once(void **state) {
	static const struct filled rows[] = {
		{"Via: SIP/2.0/UDP a;branch=z", ";p", "", SIP_OK},
		{"Via: SIP/2.0/UDP a", ";p=\"\"", "", SIP_OK},
		{"Via: SIP/2.0/UDP a", ";branch=z9", "", SIP_BAD_VIA},
		{"Via: SIP/2.0/UDP a", ";p=", "", SIP_BAD_VIA},
		{"Contact: <sip:a>", ";p=1", "", SIP_OK},
		{"Contact: <sip:a", ";p=1", ">", SIP_OK},
		{"Contact: <sip:a?b=c", "&c=%41", ">", SIP_OK},
		{"Contact: ", "<", "", SIP_BAD_CONTACT},
		{"Contact: ", "<sip:", ">", SIP_BAD_CONTACT},
		{"Contact: \"", "\\\"", "\" <sip:a>", SIP_OK},
		{"Contact: \"", "\\\"", "", SIP_BAD_CONTACT},
		{"Contact: \"", "\\\\", "", SIP_BAD_CONTACT},
		{"Contact: ", "\"\"", "<sip:a>", SIP_BAD_CONTACT},
		{"Contact: ", "a ", "<sip:a>", SIP_OK},
		{"Contact: a", "\r\n ", "<sip:a>", SIP_OK},
		{"Contact: <sip:a>", ",\"\"<sip:a>", "", SIP_OK},
		{"Route: <sip:a;lr>", ",<sip:a;lr>", "", SIP_OK},
		{"Route: <sip:", "[", "]>", SIP_BAD_ROUTE},
		{"X: ", "\r\n\t", "", SIP_OK},
		{"X", "\t", ": y", SIP_OK},
		{"X", "x", ": y", SIP_OK},
		{"X: ", "\xff", "", SIP_OK},
	};
	static struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		begin(START REST);
		add(str_from_c(rows[i].before));
		add_times(rows[i].filling, (uint32_t)(65000 - text_len) / (uint32_t)strlen(rows[i].filling));
		add(str_from_c(rows[i].after));
		add(STR("\r\n\r\n"));
		assert_verdict(parse(&msg), rows[i].verdict, str_from_c(rows[i].before), (uint32_t)i);
	}
}

// '#' is where the token stands.
static void every_token_is_as_long_as_it_is(void **state) {
	static const char *const messages[] = {
		"INVITE sip:#@h SIP/2.0\r\n" REST,
		"INVITE sip:u:#@h SIP/2.0\r\n" REST,
		"INVITE sip:u@# SIP/2.0\r\n" REST,
		"INVITE sip:u@h;#=1 SIP/2.0\r\n" REST,
		START "Via: SIP/2.0/# h;branch=b\r\n" REST,
		START "Via: SIP/2.0/UDP #;branch=b\r\n" REST,
		START "Via: SIP/2.0/UDP h;branch=#\r\n" REST,
		START "Via: SIP/2.0/UDP h;received=#\r\n" REST,
		START "Via: SIP/2.0/UDP h;#=\"x\"\r\n" REST,
		START REST "Contact: # <sip:h>\r\n",
		START REST "Contact: \"#\" <sip:h>\r\n",
		START REST "Contact: <#:x>\r\n",
		START REST "Route: <sip:h;lr;d=#>\r\n",
		START REST "#: y\r\n",
		START REST "X: #\r\n",
	};
	static const uint32_t lengths[] = {1, 63, 64, 65, 253, 254, 255, 256, 257, 4095, 4096, 4097, 64000};
	static struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(messages); i++)
		for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
			const char *at = strchr(messages[i], '#');

			text_len = 0;
			add(str_of(messages[i], (size_t)(at - messages[i])));
			add_times("x", lengths[k]);
			add(str_from_c(at + 1));
			add(STR("\r\n"));
			assert_verdict(parse(&msg), SIP_OK, str_from_c(messages[i]), lengths[k]);
		}
}

static void what_names_a_call_is_as_long_as_it_is(void **state) {
	static const uint32_t lengths[] = {1, 255, 256, 4096, 30000};
	static struct sip_msg msg;

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
		begin("");
		add_times("M", lengths[k]);
		add(STR(" sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:h>;tag=1\r\nTo: <sip:h>\r\ni: 1\r\nCSeq: 1 "
		));
		add_times("M", lengths[k]);
		add(STR("\r\n\r\n"));
		assert_verdict(parse(&msg), SIP_OK, STR("method"), lengths[k]);
		assert_int_equal(msg.method_text.len, lengths[k]);
		begin(START "Via: SIP/2.0/UDP h\r\nFrom: <sip:h>;tag=");
		add_times("f", lengths[k]);
		add(STR("\r\nTo: <sip:h>\r\nCSeq: 1 INVITE\r\nCall-ID: "));
		add_times("i", lengths[k]);
		add(STR("\r\n\r\n"));
		assert_verdict(parse(&msg), SIP_OK, STR("tag"), lengths[k]);
		assert_int_equal(msg.from.tag.len, lengths[k]);
		assert_int_equal(msg.call_id.len, lengths[k]);
		assert_int_equal(sip_peek_call_id(text, text_len).len, lengths[k]);
	}
}

// White space before the colon hides no header, in whatever letters its name is written.
static void every_name_is_known_in_every_spelling(void **state) {
	static const char *const between[] = {":", " :", "\t:", " \t \t:", ":\r\n ", " :\r\n\t"};
	static struct sip_msg msg;

	(void)state;
	for (enum sip_header_id id = HDR_OTHER + 1; id < HDR_COUNT; id++)
		for (size_t i = 0; i < ARRAY_LEN(between); i++)
			for (int letters = 0; letters < 3; letters++) {
				char name[64], compact = sip_header_compact(id);
				struct str full = sip_header_name(id);

				for (uint32_t k = 0; k < full.len; k++) {
					bool letter = (unsigned)((full.ptr[k] | 0x20) - 'a') < 26;

					name[k] =
						(char)(!letter	 ? full.ptr[k]
						       : letters ? full.ptr[k] | 0x20
								 : full.ptr[k] & ~0x20);
				}
				full = letters == 2 ? str_of(&compact, compact ? 1 : 0) : str_of(name, full.len);
				if (full.len == 0)
					continue;
				begin(START);
				add_header(full, between[i], "1");
				add(STR("\r\n"));
				parse(&msg);
				assert_int_equal(msg.index.count, 1);
				assert_int_equal(msg.index.header[0].id, id);
			}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header_may_come_as_often_as_the_limit_says),
		cmocka_unit_test(what_may_stand_once_may_not_stand_ten_thousand_times),
		cmocka_unit_test(lists_may_be_as_long_as_the_message),
		cmocka_unit_test(vias_have_a_limit_of_their_own),
		cmocka_unit_test(fillings_are_read_once),
		cmocka_unit_test(every_token_is_as_long_as_it_is),
		cmocka_unit_test(what_names_a_call_is_as_long_as_it_is),
		cmocka_unit_test(every_name_is_known_in_every_spelling),
	};

	return cmocka_run_group_tests_name("sip/hostile", tests, setup, teardown);
}
