// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Files of call records on a virtual clock: what is whole, what is open, and what is in them when the disk fails.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdr_rig.h"
#include "unit/test.h"

#define NOON_US 1769860800000000 // 2026-01-31T12:00:00Z
#define S_US 1000000

static struct cdr_rig rig;
static struct cdr_file file;
static uint32_t syncs;	// of files
static int sync_errors; // what they fail with; 0 = they do not

// In place of the C library's.
int fsync(int fd) {
	struct stat status;

	if (fstat(fd, &status) < 0 || S_ISDIR(status.st_mode))
		return fdatasync(fd);
	syncs++;
	if (!sync_errors)
		return fdatasync(fd);
	errno = sync_errors;
	return -1;
}

static struct cdr_file_options options(void) {
	return (struct cdr_file_options){.directory = rig.directory, .prefix = "cdr", .format = CDR_JSON};
}

static void open_with(struct cdr_file_options chosen) {
	assert_int_equal(cdr_file_open(&file, &chosen), 0);
}

static int put(const char *text, uint64_t now_us) {
	return cdr_file_write(&file, text, strlen(text), now_us);
}

static void a_file_is_open_while_it_is_written_and_whole_when_it_is_done(void **state) {
	char text[64];

	(void)state;
	open_with(options());
	assert_int_equal(rig_look(&rig).whole + rig_look(&rig).open, 0);
	assert_int_equal(put("one\n", NOON_US), 0);
	assert_int_equal(put("two\n", NOON_US + S_US), 0);
	assert_string_equal(rig_look(&rig).names, "cdr-20260131T120000Z-000001.jsonl.open ");
	assert_int_equal(cdr_file_close(&file), 0);
	assert_string_equal(rig_look(&rig).names, "cdr-20260131T120000Z-000001.jsonl ");
	rig_get(&rig, "cdr-20260131T120000Z-000001.jsonl", text, sizeof(text));
	assert_string_equal(text, "one\ntwo\n");
	assert_int_equal(file.stats.files, 1);
	assert_int_equal(file.stats.bytes, 8);
}

static void a_file_ends_before_it_is_too_long(void **state) {
	struct cdr_file_options chosen = options();
	struct cdr_found found;

	(void)state;
	chosen.rotate_bytes = 10;
	open_with(chosen);
	assert_int_equal(cdr_file_room(&file, 5), 10);
	assert_int_equal(put("1234\n", NOON_US), 0);
	assert_int_equal(cdr_file_room(&file, 5), 5);
	assert_int_equal(cdr_file_room(&file, 6), 10);
	assert_int_equal(cdr_file_room(&file, 30), 30);
	assert_int_equal(put("5678\n", NOON_US), 0);
	assert_int_equal(rig_look(&rig).whole, 0);
	assert_int_equal(put("9\n", NOON_US), 0);
	assert_int_equal(put("a line longer than that\n", NOON_US), 0);
	assert_int_equal(put("b\n", NOON_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	found = rig_look(&rig);
	assert_int_equal(found.whole, 4);
	assert_int_equal(found.lines, 5);
}

static void a_file_ends_at_the_turn_of_the_hour(void **state) {
	struct cdr_file_options chosen = options();

	(void)state;
	chosen.rotate_s = 3600;
	open_with(chosen);
	assert_int_equal(put("one\n", NOON_US + 1800ull * S_US), 0);
	assert_int_equal(cdr_file_tick(&file, NOON_US + 3599ull * S_US), 0);
	assert_int_equal(rig_look(&rig).open, 1);
	assert_int_equal(cdr_file_tick(&file, NOON_US + 3600ull * S_US), 0);
	assert_string_equal(rig_look(&rig).names, "cdr-20260131T123000Z-000001.jsonl ");
	assert_int_equal(put("two\n", NOON_US + 3601ull * S_US), 0);
	assert_int_equal(put("three\n", NOON_US + 7200ull * S_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	assert_string_equal(
		rig_look(&rig).names,
		"cdr-20260131T123000Z-000001.jsonl cdr-20260131T130001Z-000002.jsonl cdr-20260131T140000Z-000003.jsonl "
	);
}

static void a_name_that_is_there_is_not_taken_again(void **state) {
	char text[64];

	(void)state;
	rig_put(&rig, "cdr-20260131T120000Z-000001.jsonl", "old\n");
	open_with(options());
	assert_int_equal(put("new\n", NOON_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	assert_string_equal(
		rig_look(&rig).names, "cdr-20260131T120000Z-000001.jsonl cdr-20260131T120000Z-000002.jsonl "
	);
	rig_get(&rig, "cdr-20260131T120000Z-000001.jsonl", text, sizeof(text));
	assert_string_equal(text, "old\n");
}

static void each_csv_file_has_its_header(void **state) {
	struct cdr_file_options chosen = options();
	struct cdr_found found;
	char header[CDR_LINE_MAX];

	(void)state;
	chosen.format = CDR_CSV;
	chosen.rotate_bytes = cdr_format_header(CDR_CSV, header) + 8;
	open_with(chosen);
	assert_int_equal(cdr_file_room(&file, 3), 8);
	for (int i = 0; i < 5; i++)
		assert_int_equal(put("1\r\n", NOON_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	found = rig_look(&rig);
	assert_int_equal(found.whole, 3);
	assert_int_equal(found.lines, 3 + 5);
	assert_int_equal(found.largest, chosen.rotate_bytes - 2);
	assert_non_null(strstr(found.names, "-000003.csv "));
}

static void what_a_dead_process_left_is_finished(void **state) {
	struct cdr_found found;
	char text[64];

	(void)state;
	rig_put(&rig, "cdr-20260131T110000Z-000001.jsonl.open", "one\ntwo\nthr");
	rig_put(&rig, "cdr-20260131T110000Z-000002.csv.open", "whole\r\n");
	rig_put(&rig, "cdr-20260131T110000Z-000003.jsonl.open", "");
	rig_put(&rig, "cdr-20260131T110000Z-000004.jsonl.open", "never a whole line");
	rig_put(&rig, "other-20260131T110000Z-000001.jsonl.open", "not ours");
	rig_put(&rig, "cdr.open", "nor this");
	rig_log_begin(&rig);
	open_with(options());
	rig_log_end(&rig);
	found = rig_look(&rig);
	assert_string_equal(
		found.names,
		"cdr-20260131T110000Z-000001.jsonl cdr-20260131T110000Z-000002.csv cdr.open "
		"other-20260131T110000Z-000001.jsonl.open "
	);
	rig_get(&rig, "cdr-20260131T110000Z-000001.jsonl", text, sizeof(text));
	assert_string_equal(text, "one\ntwo\n");
	assert_int_equal(rig_log_count(&rig, "3 bytes cut off"), 1);
	assert_int_equal(cdr_file_close(&file), 0);
}

static void a_torn_line_may_be_long(void **state) {
	static char text[20000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[9] = '\n';
	rig_put(&rig, "cdr-20260131T110000Z-000001.jsonl.open", text);
	rig_log_begin(&rig);
	open_with(options());
	rig_log_end(&rig);
	assert_int_equal(rig_look(&rig).largest, 10);
	assert_int_equal(rig_look(&rig).lines, 1);
	assert_int_equal(cdr_file_close(&file), 0);
}

static void what_cannot_be_finished_stops_the_start(void **state) {
	const struct cdr_file_options chosen = options();

	(void)state;
	rig_put(&rig, "cdr-20260131T110000Z-000001.jsonl.open", "one\n");
	rig_put(&rig, "cdr-20260131T110000Z-000001.jsonl", "another\n");
	rig_log_begin(&rig);
	assert_int_equal(cdr_file_open(&file, &chosen), -EEXIST);
	rig_log_end(&rig);
	assert_int_equal(rig_log_count(&rig, "move that file away"), 1);
	assert_int_equal(rig_look(&rig).lines, 2);
}

// Files of this process may have so many bytes.
static void limit_files(rlim_t bytes) {
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_tears_no_line_and_doubles_none(void **state) {
	char text[64];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	rig_log_begin(&rig);
	open_with(options());
	assert_int_equal(put("one\n", NOON_US), 0);
	limit_files(6); // "two\n" would fit by half
	for (int i = 0; i < 5; i++)
		assert_int_equal(put("two\n", NOON_US + i * S_US), -EFBIG);
	limit_files(RLIM_INFINITY);
	assert_int_equal(rig_look(&rig).lines, 1);
	assert_int_equal(rig_look(&rig).torn, 0);
	assert_int_equal(put("two\n", NOON_US + 5 * S_US), 0);
	assert_int_equal(put("three\n", NOON_US + 6 * S_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	rig_log_end(&rig);
	rig_get(&rig, "cdr-20260131T120000Z-000001.jsonl", text, sizeof(text));
	assert_string_equal(text, "one\ntwo\nthree\n");
	assert_int_equal(file.stats.failures, 5);
	assert_int_equal(rig_log_count(&rig, " error "), 1);
	assert_int_equal(rig_log_count(&rig, "make room there"), 1);
	assert_int_equal(rig_log_count(&rig, rig.directory), 2);
}

static void a_header_that_has_no_room_leaves_no_file(void **state) {
	struct cdr_file_options chosen = options();

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	chosen.format = CDR_CSV;
	rig_log_begin(&rig);
	open_with(chosen);
	limit_files(6);
	assert_int_equal(put("1\r\n", NOON_US), -EFBIG);
	limit_files(RLIM_INFINITY);
	rig_log_end(&rig);
	assert_string_equal(rig_look(&rig).names, "");
	assert_int_equal(cdr_file_close(&file), 0);
}

static void a_directory_may_go_and_come_back(void **state) {
	char moved[80];

	(void)state;
	snprintf(moved, sizeof(moved), "%s-moved", rig.directory);
	rig_log_begin(&rig);
	open_with(options());
	assert_int_equal(put("one\n", NOON_US), 0);
	assert_int_equal(rename(rig.directory, moved), 0);
	assert_int_equal(put("two\n", NOON_US), -ENOENT);
	assert_int_equal(cdr_file_tick(&file, NOON_US + S_US), 0);
	assert_int_equal(put("two\n", NOON_US + S_US), -ENOENT);
	assert_int_equal(rename(moved, rig.directory), 0);
	assert_int_equal(put("two\n", NOON_US + 2 * S_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	assert_string_equal(
		rig_look(&rig).names, "cdr-20260131T120000Z-000001.jsonl.open cdr-20260131T120002Z-000002.jsonl "
	);
	open_with(options()); // the next start finds what had to be left
	rig_log_end(&rig);
	assert_string_equal(
		rig_look(&rig).names, "cdr-20260131T120000Z-000001.jsonl cdr-20260131T120002Z-000002.jsonl "
	);
	assert_int_equal(rig_look(&rig).lines, 2);
	assert_int_equal(cdr_file_close(&file), 0);
}

static void an_open_file_that_is_taken_away_is_not_written_to(void **state) {
	(void)state;
	rig_log_begin(&rig);
	open_with(options());
	assert_int_equal(put("one\n", NOON_US), 0);
	assert_int_equal(unlink(rig_path(&rig, "cdr-20260131T120000Z-000001.jsonl.open")), 0);
	assert_int_equal(put("two\n", NOON_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	rig_log_end(&rig);
	assert_string_equal(rig_look(&rig).names, "cdr-20260131T120000Z-000002.jsonl ");
	assert_int_equal(rig_log_count(&rig, "000001.jsonl.open"), 1);
}

static void a_rename_that_fails_is_tried_until_it_succeeds(void **state) {
	struct cdr_file_options chosen = options();

	(void)state;
	chosen.rotate_s = 60;
	rig_log_begin(&rig);
	open_with(chosen);
	assert_int_equal(put("one\n", NOON_US), 0);
	rig_put(&rig, "cdr-20260131T120000Z-000001.jsonl", "in the way\n");
	assert_int_equal(cdr_file_tick(&file, NOON_US + 60ull * S_US), -EEXIST);
	assert_int_equal(put("two\n", NOON_US + 61ull * S_US), -EEXIST);
	assert_int_equal(rig_look(&rig).open, 1);
	assert_int_equal(remove(rig_path(&rig, "cdr-20260131T120000Z-000001.jsonl")), 0);
	assert_int_equal(put("two\n", NOON_US + 62ull * S_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	rig_log_end(&rig);
	assert_int_equal(rig_look(&rig).whole, 2);
	assert_int_equal(rig_look(&rig).lines, 2);
	assert_int_equal(file.stats.failures, 2);
	assert_int_equal(rig_log_count(&rig, " error "), 1);
	assert_int_equal(rig_log_count(&rig, "is written again"), 1);
}

static void what_is_new_is_synced_as_often_as_said_and_at_the_end(void **state) {
	struct cdr_file_options chosen = options();

	(void)state;
	chosen.sync_s = 5;
	open_with(chosen);
	assert_int_equal(put("one\n", NOON_US), 0);
	assert_int_equal(cdr_file_tick(&file, NOON_US + 5ull * S_US - 1), 0);
	assert_int_equal(syncs, 0);
	assert_int_equal(cdr_file_tick(&file, NOON_US + 5ull * S_US), 0);
	assert_int_equal(syncs, 1);
	assert_int_equal(cdr_file_tick(&file, NOON_US + 10ull * S_US), 0);
	assert_int_equal(syncs, 1);
	assert_int_equal(put("two\n", NOON_US + 11ull * S_US), 0);
	assert_int_equal(cdr_file_tick(&file, NOON_US + 11ull * S_US), 0);
	assert_int_equal(syncs, 2);
	assert_int_equal(put("three\n", NOON_US + 12ull * S_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	assert_int_equal(syncs, 3);
}

static void without_an_interval_only_the_end_of_a_file_is_synced(void **state) {
	struct cdr_file_options chosen = options();

	(void)state;
	chosen.rotate_s = 3600;
	open_with(chosen);
	assert_int_equal(put("one\n", NOON_US), 0);
	assert_int_equal(cdr_file_tick(&file, NOON_US + 3599ull * S_US), 0);
	assert_int_equal(syncs, 0);
	assert_int_equal(cdr_file_tick(&file, NOON_US + 3600ull * S_US), 0);
	assert_int_equal(syncs, 1);
	assert_int_equal(cdr_file_close(&file), 0);
	assert_int_equal(syncs, 1);
}

static void a_sync_that_fails_is_logged_once_and_tried_again(void **state) {
	struct cdr_file_options chosen = options();

	(void)state;
	chosen.sync_s = 1;
	rig_log_begin(&rig);
	open_with(chosen);
	assert_int_equal(put("one\n", NOON_US), 0);
	sync_errors = EIO;
	assert_int_equal(cdr_file_tick(&file, NOON_US + 1ull * S_US), -EIO);
	assert_int_equal(put("two\n", NOON_US + 2ull * S_US), 0); // which does not mean that all is well
	assert_int_equal(cdr_file_tick(&file, NOON_US + 2ull * S_US), -EIO);
	sync_errors = 0;
	assert_int_equal(cdr_file_tick(&file, NOON_US + 3ull * S_US), 0);
	assert_int_equal(cdr_file_close(&file), 0);
	rig_log_end(&rig);
	assert_int_equal(file.stats.failures, 2);
	assert_int_equal(rig_log_count(&rig, " error "), 1);
	assert_int_equal(rig_log_count(&rig, "cannot sync"), 1);
	assert_int_equal(rig_log_count(&rig, "is written again"), 1);
	assert_int_equal(rig_look(&rig).lines, 2);
}

static void a_file_that_was_never_synced_is_not_called_whole(void **state) {
	(void)state;
	rig_log_begin(&rig);
	open_with(options());
	assert_int_equal(put("one\n", NOON_US), 0);
	sync_errors = EIO;
	assert_int_equal(cdr_file_close(&file), -EIO);
	rig_log_end(&rig);
	assert_int_equal(rig_look(&rig).open, 1);
	assert_int_equal(rig_look(&rig).whole, 0);
}

static int set_up(void **state) {
	(void)state;
	syncs = 0;
	sync_errors = 0;
	rig_make(&rig);
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	rig_remove(&rig);
	return 0;
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		WITH_DIRECTORY(a_file_is_open_while_it_is_written_and_whole_when_it_is_done),
		WITH_DIRECTORY(a_file_ends_before_it_is_too_long),
		WITH_DIRECTORY(a_file_ends_at_the_turn_of_the_hour),
		WITH_DIRECTORY(a_name_that_is_there_is_not_taken_again),
		WITH_DIRECTORY(each_csv_file_has_its_header),
		WITH_DIRECTORY(what_a_dead_process_left_is_finished),
		WITH_DIRECTORY(a_torn_line_may_be_long),
		WITH_DIRECTORY(what_cannot_be_finished_stops_the_start),
		WITH_DIRECTORY(a_full_disk_tears_no_line_and_doubles_none),
		WITH_DIRECTORY(a_header_that_has_no_room_leaves_no_file),
		WITH_DIRECTORY(a_directory_may_go_and_come_back),
		WITH_DIRECTORY(an_open_file_that_is_taken_away_is_not_written_to),
		WITH_DIRECTORY(a_rename_that_fails_is_tried_until_it_succeeds),
		WITH_DIRECTORY(what_is_new_is_synced_as_often_as_said_and_at_the_end),
		WITH_DIRECTORY(without_an_interval_only_the_end_of_a_file_is_synced),
		WITH_DIRECTORY(a_sync_that_fails_is_logged_once_and_tried_again),
		WITH_DIRECTORY(a_file_that_was_never_synced_is_not_called_whole),
	};

	return cmocka_run_group_tests_name("control/cdr_file", tests, NULL, NULL);
}
