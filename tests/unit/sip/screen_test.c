// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/screen.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit/test.h"

static struct sip_screen screen;
static char problem[256];

static int set_up(void **state) {
	unsigned count = 0;

	(void)state;
	while (sip_screen_shipped[count])
		count++;
	return sip_screen_init(&screen, sip_screen_shipped, count, problem, sizeof(problem));
}

static int tear_down(void **state) {
	(void)state;
	sip_screen_fini(&screen);
	return 0;
}

static bool finds(const char *text) {
	return sip_screen_finds(&screen, text, (uint32_t)strlen(text));
}

static void scanners_are_found(void **state) {
	static const char *const texts[] = {
		"OPTIONS sip:100@h SIP/2.0\r\nUser-Agent: friendly-scanner\r\n\r\n",
		"OPTIONS sip:100@h SIP/2.0\r\nuser-agent :  Friendly-Request\r\n\r\n",
		"INVITE sip:9@h SIP/2.0\r\nVia: x\r\nUser-Agent: sipcli/v1.8\r\n\r\n",
		"REGISTER sip:h SIP/2.0\nUser-Agent: VaxSIPUserAgent/3.5\n\n",
		"OPTIONS sip:100@h SIP/2.0\r\nTo: \"sipvicious\"<sip:100@1.1.1.1>\r\n\r\n",
		"OPTIONS sip:100@h SIP/2.0\r\nt:<sip:100@1.1.1.1>\r\n\r\n",
		"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/UDP nm;branch=foo\r\n\r\n",
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
		if (!finds(texts[i]))
			fail_msg("not found: %s", texts[i]);
}

static void others_are_not(void **state) {
	static const char *const texts[] = {
		"",
		"OPTIONS sip:nm@example.net SIP/2.0\r\nUser-Agent: phone\r\n\r\n",
		"INVITE sip:100@1.1.1.1 SIP/2.0\r\nTo: <sip:100@11.1.1.1>\r\nUser-Agent: sipper\r\n\r\n",
		"MESSAGE sip:a@h SIP/2.0\r\nSubject: User-Agent: friendly-scanner\r\n\r\nwe saw a friendly-scanner",
		"INVITE sip:a@h SIP/2.0\r\nFrom: <sip:vicious@h>\r\n\r\n",
		"INVITE sip:a@h SIP/2.0\r\nTo: <sip:100@1.1.1.10>\r\nUser-Agent: Taiwares 1.0\r\n\r\n",
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
		if (finds(texts[i]))
			fail_msg("found: %s", texts[i]);
}

// At every length before the end of the last page there is.
static void nothing_past_the_end_is_read(void **state) {
	static const char text[] = "OPTIONS sip:100@h SIP/2.0\r\nTo: <sip:b@h>\r\nUser-Agent: friendly-scanneR";
	long page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(mprotect(memory + page, (size_t)page, PROT_NONE), 0);
	for (uint32_t len = 0; len < sizeof(text); len++) {
		char *at = memory + page - len;

		memcpy(at, text, len);
		assert_int_equal(sip_screen_finds(&screen, at, len), len == sizeof(text) - 1);
	}
	munmap(memory, (size_t)page * 2);
}

static void what_does_not_compile_is_named(void **state) {
	const char *const bad[] = {"fine", "a(b"}, *const empty = "(evil)*";
	struct sip_screen other;

	(void)state;
	assert_int_equal(sip_screen_init(&other, bad, 2, problem, sizeof(problem)), -EINVAL);
	assert_non_null(strstr(problem, "\"a(b\": "));
	assert_false(sip_screen_finds(&other, "fine", 4));
	assert_int_equal(sip_screen_init(&other, &empty, 1, problem, sizeof(problem)), -EINVAL);
	assert_int_equal(sip_screen_init(&other, bad, 0, problem, sizeof(problem)), 0);
	assert_false(sip_screen_finds(&other, "fine", 4));
	assert_int_equal(sip_screen_init(&other, bad, 1, problem, sizeof(problem)), 0);
	assert_true(sip_screen_finds(&other, "FINE", 4));
	sip_screen_fini(&other);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(scanners_are_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others_are_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_past_the_end_is_read, set_up, tear_down),
		cmocka_unit_test(what_does_not_compile_is_named),
	};

	return cmocka_run_group_tests_name("sip/screen", tests, NULL, NULL);
}
