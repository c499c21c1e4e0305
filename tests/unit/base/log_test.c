// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "unit/test.h"

// What standard error was given while it was a pipe. A pipe in packet mode keeps each write apart.
struct capture {
	int saved;
	int pipe[2];
};

static void capture_start(struct capture *capture) {
	fflush(stderr);
	capture->saved = dup(STDERR_FILENO);
	assert_int_equal(pipe2(capture->pipe, O_DIRECT | O_NONBLOCK), 0);
	dup2(capture->pipe[1], STDERR_FILENO);
}

// The next write as a string; "" when there was none.
static const char *capture_next(struct capture *capture, char *out, size_t size) {
	ssize_t len = read(capture->pipe[0], out, size - 1);

	out[len > 0 ? len : 0] = '\0';
	return out;
}

static void capture_end(struct capture *capture) {
	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	close(capture->pipe[0]);
	close(capture->pipe[1]);
}

static void a_line_is_one_write_with_time_and_level(void **state) {
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ warning port 7 is gone\n";
	struct capture capture;
	char line[256];

	(void)state;
	capture_start(&capture);
	log_warning("port %d is %s", 7, "gone");
	capture_next(&capture, line, sizeof(line));
	capture_end(&capture);
	assert_int_equal(strlen(line), strlen(form));
	for (size_t i = 0; i < 24; i++)
		assert_true(form[i] == 'd' ? line[i] >= '0' && line[i] <= '9' : line[i] == form[i]);
	assert_string_equal(line + 24, form + 24);
}

static void control_characters_cannot_make_a_second_line(void **state) {
	struct capture capture;
	char line[256];

	(void)state;
	capture_start(&capture);
	log_error("%s", "a\r\nb\x1b[31m\x7f\xc2\x9b caf\xc3\xa9 ~");
	capture_next(&capture, line, sizeof(line));
	capture_end(&capture);
	assert_string_equal(line + 24, " error a\\x0d\\x0ab\\x1b[31m\\x7f\\xc2\\x9b caf\\xc3\\xa9 ~\n");
}

static void levels_above_the_set_one_are_silent(void **state) {
	struct capture capture;
	char line[256];

	(void)state;
	capture_start(&capture);
	log_level_set(LOG_WARNING);
	log_info("no");
	log_debug("no");
	log_error("yes");
	capture_next(&capture, line, sizeof(line));
	assert_int_equal(log_level_get(), LOG_WARNING);
	log_level_set(LOG_DEBUG);
	log_debug("also");
	assert_string_equal(line + 24, " error yes\n");
	assert_string_equal(capture_next(&capture, line, sizeof(line)) + 24, " debug also\n");
	assert_string_equal(capture_next(&capture, line, sizeof(line)), "");
	capture_end(&capture);
}

static void a_long_text_is_cut_and_says_so(void **state) {
	static char text[5000], line[8192];
	struct capture capture;
	size_t len;

	(void)state;
	memset(text, '\x01', sizeof(text) - 1); // each written as four characters: the longest line there can be
	capture_start(&capture);
	log_error("%s", text);
	capture_next(&capture, line, sizeof(line));
	capture_end(&capture);
	len = strlen(line);
	assert_true(len > 3900 && len <= 4096);
	assert_string_equal(line + len - 8, "\\x01...\n");
}

static void errno_survives(void **state) {
	struct capture capture;

	(void)state;
	capture_start(&capture);
	close(STDERR_FILENO);
	errno = ENOENT;
	log_error("nobody hears");
	assert_int_equal(errno, ENOENT);
	capture_end(&capture);
}

static void names_of_levels_go_both_ways(void **state) {
	enum log_level level = LOG_ERROR;

	(void)state;
	for (unsigned i = 0; i < LOG_LEVEL_COUNT; i++) {
		assert_true(log_level_parse(log_level_name((enum log_level)i), &level));
		assert_int_equal(level, i);
	}
	assert_false(log_level_parse("notice", &level));
	assert_false(log_level_parse("", &level));
	assert_false(log_level_parse("ERROR", &level));
	assert_int_equal(level, LOG_LEVEL_COUNT - 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_one_write_with_time_and_level),
		cmocka_unit_test(control_characters_cannot_make_a_second_line),
		cmocka_unit_test(levels_above_the_set_one_are_silent),
		cmocka_unit_test(a_long_text_is_cut_and_says_so),
		cmocka_unit_test(errno_survives),
		cmocka_unit_test(names_of_levels_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
