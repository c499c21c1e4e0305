// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/expressions_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "unit/test.h"

struct rig {
	char top[32];
	char directory[64]; // in it, made by the cache
	struct expressions set;
	struct expressions_problem problem;
	bool cached;
};

static const struct expression sources[] = {
	{.pattern = "^sip:\\+49", .field = 0},
	{.pattern = "example\\.net", .field = 1, .caseless = true},
	{.pattern = "(a)\\1x", .field = 1},
};

static int rig_up(void **state) {
	struct rig *rig = calloc(1, sizeof(*rig));

	snprintf(rig->top, sizeof(rig->top), "/tmp/tandem-test-XXXXXX");
	assert_non_null(mkdtemp(rig->top));
	snprintf(rig->directory, sizeof(rig->directory), "%s/cache", rig->top);
	log_level_set(LOG_ERROR);
	*state = rig;
	return 0;
}

static bool is_dot(const char *name) {
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

// The number of files, the last one's path in `path` where that is wanted.
static unsigned files(const struct rig *rig, char *path, size_t size) {
	DIR *dir = opendir(rig->directory);
	const struct dirent *entry;
	unsigned count = 0;

	while (dir && (entry = readdir(dir))) {
		if (is_dot(entry->d_name))
			continue;
		if (path)
			snprintf(path, size, "%s/%s", rig->directory, entry->d_name);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

static int rig_down(void **state) {
	struct rig *rig = *state;
	char path[400];

	while (files(rig, path, sizeof(path)) > 0)
		if (unlink(path) < 0 && rmdir(path) < 0)
			break;
	rmdir(rig->directory);
	assert_int_equal(rmdir(rig->top), 0);
	free(rig);
	return 0;
}

// Loads, and tries whether what is loaded finds what it should.
static void load(struct rig *rig, const struct expression *from, uint32_t count, const char *directory) {
	static const char uri[] = "sip:+49301@h", header[] = "aax@EXAMPLE.net";
	struct expressions_scratch scratch;
	struct expressions_text text;
	char buf[256];

	assert_int_equal(expressions_load(&rig->set, from, count, directory, &rig->cached, &rig->problem), 0);
	assert_int_equal(expressions_scratch_init(&scratch, &rig->set), 0);
	expressions_text_begin(&text, buf, sizeof(buf));
	expressions_text_add(&text, 0, str_from_c(uri));
	expressions_text_add(&text, 1, str_from_c(header));
	expressions_scan(&rig->set, &scratch, &text);
	assert_int_equal(scratch.hit_count, count);
	expressions_scratch_fini(&scratch);
	expressions_fini(&rig->set);
}

static bool load_cached(struct rig *rig) {
	load(rig, sources, ARRAY_LEN(sources), rig->directory);
	return rig->cached;
}

static void what_was_compiled_once_is_loaded(void **state) {
	struct rig *rig = *state;

	assert_false(load_cached(rig));
	assert_true(load_cached(rig));
	assert_true(load_cached(rig));
	assert_int_equal(files(rig, NULL, 0), 1);
}

static void without_a_directory_nothing_is_kept(void **state) {
	struct rig *rig = *state;

	for (unsigned i = 0; i < 2; i++) {
		load(rig, sources, ARRAY_LEN(sources), NULL);
		assert_false(rig->cached);
	}
	assert_int_equal(files(rig, NULL, 0), 0);
}

static void nobody_else_may_read_or_write_it(void **state) {
	struct rig *rig = *state;
	struct stat info;
	char path[400];

	load_cached(rig);
	files(rig, path, sizeof(path));
	assert_int_equal(stat(rig->directory, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void other_expressions_are_another_file(void **state) {
	static const struct expression others[][2] = {
		{{.pattern = "^sip:\\+49"}, {.pattern = "example", .field = 1, .caseless = true}},
		{{.pattern = "^sip:\\+49", .caseless = true}, {.pattern = "example", .field = 1, .caseless = true}},
		{{.pattern = "^sip:\\+493"}, {.pattern = "example", .field = 1, .caseless = true}},
		{{.pattern = "^sip:\\+49"}, {.pattern = "aax", .field = 1}},
		{{.pattern = "aax", .field = 1}, {.pattern = "^sip:\\+49"}},
		{{.pattern = "sip:\\+49"}, {.pattern = "aax", .field = 1}},
		{{.pattern = "sip:\\+49"}, {.pattern = "49301"}},
	};
	struct rig *rig = *state;

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < ARRAY_LEN(others); i++) {
			load(rig, others[i], 2, rig->directory);
			assert_int_equal(rig->cached, round == 1);
		}
	}
	assert_int_equal(files(rig, NULL, 0), ARRAY_LEN(others));
}

static char *read_file(const char *path, size_t *ret_len) {
	FILE *file = fopen(path, "r");
	char *bytes = malloc(1 << 20);

	assert_non_null(file);
	*ret_len = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

static void write_file(const char *path, const char *bytes, size_t len) {
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static void a_damaged_file_is_replaced(void **state) {
	struct rig *rig = *state;
	char path[400], *good;
	size_t len;

	load_cached(rig);
	files(rig, path, sizeof(path));
	good = read_file(path, &len);
	// Every byte of the header, and some of the rest.
	for (size_t at = 0; at < len; at += at < 64 ? 1 : 97) {
		good[at] ^= 0x20;
		write_file(path, good, len);
		good[at] ^= 0x20;
		assert_false(load_cached(rig));
		assert_true(load_cached(rig));
	}
	free(good);
}

static void a_file_of_another_length_is_replaced(void **state) {
	struct rig *rig = *state;
	char path[400], *good;
	size_t len;

	load_cached(rig);
	files(rig, path, sizeof(path));
	good = read_file(path, &len);
	for (size_t is = 0; is < len; is += is < 64 ? 7 : 500) {
		write_file(path, good, is);
		assert_false(load_cached(rig));
		assert_true(load_cached(rig));
	}
	good[len] = 0;
	write_file(path, good, len + 1);
	assert_false(load_cached(rig));
	assert_true(load_cached(rig));
	free(good);
}

static void a_file_others_may_write_is_replaced(void **state) {
	struct rig *rig = *state;
	struct stat info;
	char path[400];

	load_cached(rig);
	files(rig, path, sizeof(path));
	assert_int_equal(chmod(path, 0620), 0);
	assert_false(load_cached(rig));
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_true(load_cached(rig));
}

static void a_link_is_replaced_and_not_followed(void **state) {
	struct rig *rig = *state;
	char path[400], aside[64];
	struct stat info;

	load_cached(rig);
	files(rig, path, sizeof(path));
	snprintf(aside, sizeof(aside), "%s/aside", rig->top);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(symlink(aside, path), 0);
	assert_false(load_cached(rig));
	assert_int_equal(lstat(path, &info), 0);
	assert_true(S_ISREG(info.st_mode));
	assert_int_equal(unlink(aside), 0);
}

static void where_nothing_can_be_kept_the_expressions_still_work(void **state) {
	struct rig *rig = *state;
	char path[5000];

	load_cached(rig);
	files(rig, path, 400);
	// A directory of the file's name can be neither read nor replaced.
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(load_cached(rig));
	assert_false(load_cached(rig));
	assert_int_equal(files(rig, NULL, 0), 1);

	load(rig, sources, ARRAY_LEN(sources), "/dev/null/cache");
	assert_false(rig->cached);
	load(rig, sources, ARRAY_LEN(sources), "/proc/nowhere/cache");
	assert_false(rig->cached);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	load(rig, sources, ARRAY_LEN(sources), path);
	assert_false(rig->cached);
}

static void a_bad_expression_is_named_and_nothing_is_kept(void **state) {
	static const struct expression bad[] = {{.pattern = "fine"}, {.pattern = "a(b"}};
	struct rig *rig = *state;

	assert_int_equal(expressions_load(&rig->set, bad, 2, rig->directory, &rig->cached, &rig->problem), -EINVAL);
	assert_int_equal(rig->problem.id, 1);
	assert_int_equal(files(rig, NULL, 0), 0);
}

static void no_expressions_need_no_file(void **state) {
	struct rig *rig = *state;

	load(rig, NULL, 0, rig->directory);
	assert_int_equal(files(rig, NULL, 0), 0);
}

static void set_time(const char *path, time_t seconds) {
	const struct timespec times[] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void load_number(struct rig *rig, unsigned number) {
	char pattern[32];

	snprintf(pattern, sizeof(pattern), "^sip:(\\+49|%u)", number);
	load(rig, &(struct expression){.pattern = pattern}, 1, rig->directory);
}

// Times are set by hand, so that the order of use does not hang on the grain of the clock.
static void the_file_not_used_for_longest_goes(void **state) {
	struct rig *rig = *state;
	char path[400], aside[600];

	load_cached(rig);
	files(rig, path, sizeof(path));
	set_time(path, 1);
	for (unsigned i = 1; i < EXPRESSIONS_CACHE_FILES; i++) {
		snprintf(aside, sizeof(aside), "%s/%032x.hsdb", rig->directory, i);
		write_file(aside, "", 0);
		set_time(aside, 100 + (time_t)i);
	}
	assert_true(load_cached(rig)); // used, so that the second is now the oldest
	load_number(rig, 1);
	assert_int_equal(files(rig, NULL, 0), EXPRESSIONS_CACHE_FILES);
	snprintf(aside, sizeof(aside), "%s/%032x.hsdb", rig->directory, 1U);
	assert_int_equal(access(aside, F_OK), -1);
	assert_true(load_cached(rig));
	load_number(rig, 1);
	assert_true(rig->cached);
}

static void what_else_lies_there_stays(void **state) {
	struct rig *rig = *state;
	char path[400];

	assert_int_equal(mkdir(rig->directory, 0700), 0);
	for (unsigned i = 0; i < EXPRESSIONS_CACHE_FILES; i++) {
		snprintf(path, sizeof(path), "%s/other-%u.hsdb", rig->directory, i);
		write_file(path, "", 0);
		set_time(path, 1);
	}
	load_number(rig, 1);
	load_number(rig, 2);
	assert_int_equal(files(rig, NULL, 0), EXPRESSIONS_CACHE_FILES + 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_up, rig_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		T(what_was_compiled_once_is_loaded),
		T(without_a_directory_nothing_is_kept),
		T(nobody_else_may_read_or_write_it),
		T(other_expressions_are_another_file),
		T(a_damaged_file_is_replaced),
		T(a_file_of_another_length_is_replaced),
		T(a_file_others_may_write_is_replaced),
		T(a_link_is_replaced_and_not_followed),
		T(where_nothing_can_be_kept_the_expressions_still_work),
		T(a_bad_expression_is_named_and_nothing_is_kept),
		T(no_expressions_need_no_file),
		T(the_file_not_used_for_longest_goes),
		T(what_else_lies_there_stays),
	};

	return cmocka_run_group_tests_name("control/expressions_cache", tests, NULL, NULL);
}
