// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The writer behind its queue. What fails here is the directory, which is taken away; the disk itself is in
// cdr_file_test.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cdr_rig.h"
#include "unit/test.h"

#define QUEUE 64

static struct cdr_rig rig;

static struct cdr_options options(uint32_t queue) {
	return (struct cdr_options){
		.file = {.directory = rig.directory, .prefix = "cdr", .format = CDR_JSON, .rotate_bytes = 1 << 20},
		.queue = queue,
	};
}

static struct cdr_writer *writer(uint32_t queue) {
	const struct cdr_options chosen = options(queue);
	struct cdr_writer *w;

	assert_int_equal(cdr_open(&chosen, &w), 0);
	return w;
}

static struct cdr record(uint64_t id) {
	struct cdr cdr;

	cdr_init(&cdr);
	cdr.id = id;
	cdr_text_set(&cdr, CDR_CALL_ID, STR("a84b4c76e66710@pc33.atlanta.example.com"));
	return cdr;
}

static uint32_t take(struct cdr_writer *w, uint64_t first_id, uint32_t count) {
	uint32_t taken = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct cdr cdr = record(first_id + i);

		taken += cdr_take(w, &cdr, 1);
	}
	return taken;
}

static void close_writes_all_that_was_taken(void **state) {
	struct cdr_writer *w = writer(QUEUE);
	struct cdr burst[3] = {record(1), record(2), record(3)};
	struct cdr_found found;

	(void)state;
	assert_int_equal(cdr_take(w, burst, ARRAY_LEN(burst)), ARRAY_LEN(burst));
	assert_int_equal(take(w, 4, 7), 7);
	assert_int_equal(cdr_stats(w).taken, 10);
	assert_int_equal(cdr_close(w), 0);
	found = rig_look(&rig);
	assert_int_equal(found.lines, 10);
	assert_int_equal(found.torn, 0);
	assert_int_equal(found.whole, 1);
	assert_int_equal(found.open, 0);
}

static void nothing_taken_leaves_no_file(void **state) {
	(void)state;
	assert_int_equal(cdr_close(writer(QUEUE)), 0);
	assert_int_equal(rig_look(&rig).whole, 0);
	assert_int_equal(cdr_close(NULL), 0);
}

#define MANY 100000

struct seen {
	uint8_t times[MANY];
	uint32_t others;
};

static void see_line(void *ctx, const char *text) {
	struct seen *seen = ctx;
	const char *id = strstr(text, "\"id\":\"");
	unsigned long at = id ? strtoul(id + 6, NULL, 16) : MANY;

	if (at < MANY)
		seen->times[at]++;
	else
		seen->others++;
}

static void a_hundred_thousand_records_are_in_the_files_once_each(void **state) {
	struct seen *seen = calloc(1, sizeof(*seen));
	struct cdr_writer *w = writer(1024);
	struct cdr_found found;

	(void)state;
	assert_non_null(seen);
	for (uint64_t id = 0; id < MANY; id++) {
		while (cdr_stats(w).waiting == 1024)
			sched_yield();
		assert_int_equal(take(w, id, 1), 1);
	}
	assert_int_equal(cdr_stats(w).dropped, 0);
	assert_int_equal(cdr_close(w), 0);
	found = rig_look(&rig);
	assert_int_equal(found.lines, MANY);
	assert_true(found.whole > 5 && found.largest <= 1 << 20);
	rig_lines(&rig, see_line, seen);
	assert_int_equal(seen->others, 0);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(seen->times[i], 1);
	free(seen);
}

static void records_wait_for_the_directory_and_what_passes_the_queue_is_counted(void **state) {
	struct cdr_writer *w = writer(QUEUE);
	struct cdr_stats stats;

	(void)state;
	rig_log_begin(&rig);
	assert_int_equal(rmdir(rig.directory), 0);
	assert_int_equal(take(w, 0, QUEUE + 36), QUEUE);
	while (cdr_stats(w).stalls == 0)
		sched_yield();
	stats = cdr_stats(w);
	assert_int_equal(stats.taken, QUEUE);
	assert_int_equal(stats.dropped, 36);
	assert_int_equal(stats.waiting, QUEUE);
	assert_int_equal(stats.waiting_max, QUEUE);
	assert_int_equal(stats.written, 0);
	assert_true(stats.file.failures > 0);
	assert_int_equal(mkdir(rig.directory, 0755), 0);
	assert_int_equal(cdr_close(w), 0);
	rig_log_end(&rig);
	assert_int_equal(rig_look(&rig).lines, QUEUE);
	assert_int_equal(rig_log_count(&rig, " error "), 1);
	assert_int_equal(rig_log_count(&rig, "is written again"), 1);
}

static void writing_is_tried_again_without_being_asked(void **state) {
	struct cdr_writer *w = writer(QUEUE);

	(void)state;
	rig_log_begin(&rig);
	assert_int_equal(rmdir(rig.directory), 0);
	assert_int_equal(take(w, 0, 5), 5);
	while (cdr_stats(w).stalls == 0)
		sched_yield();
	assert_int_equal(mkdir(rig.directory, 0755), 0);
	while (cdr_stats(w).written < 5)
		sched_yield();
	assert_int_equal(cdr_stats(w).waiting, 0);
	assert_int_equal(cdr_stats(w).stalls, 1);
	assert_int_equal(cdr_close(w), 0);
	rig_log_end(&rig);
	assert_int_equal(rig_look(&rig).lines, 5);
}

static void close_says_how_many_no_disk_took(void **state) {
	struct cdr_writer *w = writer(QUEUE);

	(void)state;
	rig_log_begin(&rig);
	assert_int_equal(rmdir(rig.directory), 0);
	assert_int_equal(take(w, 0, 9), 9);
	assert_int_equal(cdr_close(w), 9);
	rig_log_end(&rig);
	assert_int_equal(rig_log_count(&rig, "9 lost"), 1);
	assert_int_equal(mkdir(rig.directory, 0755), 0);
}

// Never returns.
static void write_and_die(void) {
	const struct cdr_options chosen = options(QUEUE);
	struct cdr_writer *w;

	if (cdr_open(&chosen, &w) < 0 || take(w, 0, 10) < 10)
		_exit(1);
	while (cdr_stats(w).written < 10)
		sched_yield();
	raise(SIGKILL);
	_exit(1);
}

static void what_was_written_before_a_crash_is_found_at_the_next_start(void **state) {
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		write_and_die();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(rig_look(&rig).open, 1);
	rig_log_begin(&rig);
	assert_int_equal(cdr_close(writer(QUEUE)), 0);
	rig_log_end(&rig);
	assert_int_equal(rig_log_count(&rig, "was left open"), 1);
	assert_int_equal(rig_look(&rig).open, 0);
	assert_int_equal(rig_look(&rig).lines, 10);
}

static void a_directory_that_cannot_be_used_stops_the_start(void **state) {
	struct cdr_options chosen = options(QUEUE);
	struct cdr_writer *first = writer(QUEUE), *second = NULL;

	(void)state;
	rig_log_begin(&rig);
	assert_int_equal(cdr_open(&chosen, &second), -EWOULDBLOCK);
	chosen.file.directory = "/nowhere/at/all";
	assert_int_equal(cdr_open(&chosen, &second), -ENOENT);
	chosen.file.directory = "/dev/null";
	assert_int_equal(cdr_open(&chosen, &second), -ENOTDIR);
	rig_log_end(&rig);
	assert_null(second);
	assert_int_equal(rig_log_count(&rig, "another tandem"), 1);
	assert_int_equal(rig_log_count(&rig, "/nowhere/at/all"), 1);
	assert_int_equal(cdr_close(first), 0);
}

static int set_up(void **state) {
	(void)state;
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
		WITH_DIRECTORY(close_writes_all_that_was_taken),
		WITH_DIRECTORY(nothing_taken_leaves_no_file),
		WITH_DIRECTORY(a_hundred_thousand_records_are_in_the_files_once_each),
		WITH_DIRECTORY(records_wait_for_the_directory_and_what_passes_the_queue_is_counted),
		WITH_DIRECTORY(writing_is_tried_again_without_being_asked),
		WITH_DIRECTORY(close_says_how_many_no_disk_took),
		WITH_DIRECTORY(what_was_written_before_a_crash_is_found_at_the_next_start),
		WITH_DIRECTORY(a_directory_that_cannot_be_used_stops_the_start),
	};

	return cmocka_run_group_tests_name("control/cdr", tests, NULL, NULL);
}
