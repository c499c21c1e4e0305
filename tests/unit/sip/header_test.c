// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <ctype.h>

#include "sip/header_words.h"
#include "sip/lex.h"
#include "sip/marks.h"
#include "unit/test.h"

static bool is_plain(const char *name, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (name[i] == 0 || !strchr(MARKS_PLAIN, name[i]))
			return false;
	return true;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static enum sip_header_id find_plain(const char *name, size_t len) {
	char bytes[HEADER_NAME_MAX] = {0};

	memcpy(bytes, name, len < sizeof(bytes) ? len : sizeof(bytes));
	return header_find_plain(_mm256_loadu_si256((const __m256i *)bytes));
}
#else
static enum sip_header_id find_plain(const char *name, size_t len) {
	return sip_header_find(str_of(name, len));
}
#endif

// A copy with unmapped pages round it, so that a look-up that reads past the name crashes.
static enum sip_header_id find(const char *name, size_t len) {
	struct guarded at_end = guarded_end(name, len), at_start = guarded_start(name, len);
	enum sip_header_id id = sip_header_find(str_of(at_end.ptr, len));

	assert_int_equal(id, sip_header_find(str_of(at_start.ptr, len)));
	if (lex_has_avx2() && len > 1 && is_plain(name, len))
		assert_int_equal(id, find_plain(name, len));
	guarded_free(&at_end);
	guarded_free(&at_start);
	return id;
}

static void long_form_is_found_in_any_case(void **state) {
	(void)state;
	for (int id = HDR_OTHER + 1; id < HDR_COUNT; id++) {
		struct str name = sip_header_name(id);
		char text[32];

		assert_int_equal(find(name.ptr, name.len), id);
		for (uint32_t i = 0; i < name.len; i++)
			text[i] = (char)toupper(name.ptr[i]);
		assert_int_equal(find(text, name.len), id);
		for (uint32_t i = 0; i < name.len; i++)
			text[i] = (char)tolower(name.ptr[i]);
		assert_int_equal(find(text, name.len), id);
		for (uint32_t i = 0; i < name.len; i += 2)
			text[i] = (char)toupper(text[i]);
		assert_int_equal(find(text, name.len), id);
	}
}

static void compact_form_is_found_and_no_other_letter(void **state) {
	enum sip_header_id expected[256] = {HDR_OTHER};

	(void)state;
	for (int id = HDR_OTHER + 1; id < HDR_COUNT; id++) {
		char compact = sip_header_compact(id);

		if (compact)
			expected[(uint8_t)compact] = expected[toupper(compact)] = id;
	}
	for (int c = 0; c < 256; c++) {
		char name = (char)c;

		assert_int_equal(find(&name, 1), expected[c]);
	}
}

static void one_byte_changed_is_another_name(void **state) {
	(void)state;
	for (int id = HDR_OTHER + 1; id < HDR_COUNT; id++) {
		struct str name = sip_header_name(id);
		char text[32];

		for (uint32_t at = 0; at < name.len; at++) {
			for (int c = 0; c < 256; c++) {
				enum sip_header_id got;

				memcpy(text, name.ptr, name.len);
				text[at] = (char)c;
				got = sip_header_find(str_of(text, name.len));
				assert_int_equal(got == (enum sip_header_id)id, tolower(c) == tolower(name.ptr[at]));
			}
		}
	}
}

static void shorter_and_longer_are_other_names(void **state) {
	(void)state;
	for (int id = HDR_OTHER + 1; id < HDR_COUNT; id++) {
		struct str name = sip_header_name(id);
		char text[32];

		memcpy(text, name.ptr, name.len);
		text[name.len] = 's';
		assert_int_not_equal(find(text, name.len + 1), id);
		if (name.len > 2)
			assert_int_not_equal(find(text, name.len - 1), id);
	}
	assert_int_equal(find("", 0), HDR_OTHER);
	assert_int_equal(find("X-Asterisk-HangupCause-Code-Of-This-Call", 40), HDR_OTHER);
}

static void properties_are_those_of_the_rfc(void **state) {
	(void)state;
	assert_true(sip_header_is_list(HDR_VIA));
	assert_false(sip_header_is_list(HDR_CALL_ID));
	assert_int_equal(sip_header_compact(HDR_CALL_ID), 'i');
	assert_int_equal(sip_header_compact(HDR_CSEQ), 0);
	assert_int_equal(sip_header_name(HDR_OTHER).len, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_form_is_found_in_any_case),
		cmocka_unit_test(compact_form_is_found_and_no_other_letter),
		cmocka_unit_test(one_byte_changed_is_another_name),
		cmocka_unit_test(shorter_and_longer_are_other_names),
		cmocka_unit_test(properties_are_those_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
