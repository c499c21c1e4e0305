// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "cdr_rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/test.h"

void rig_make(struct cdr_rig *rig) {
	*rig = (struct cdr_rig){.directory = "/tmp/tandem-cdr-XXXXXX"};
	assert_non_null(mkdtemp(rig->directory));
}

const char *rig_path(struct cdr_rig *rig, const char *name) {
	snprintf(rig->path, sizeof(rig->path), "%s/%s", rig->directory, name);
	return rig->path;
}

static int is_file(const struct dirent *entry) {
	return entry->d_name[0] != '.';
}

// Calls `see` for each file in the order of the names.
static void each_file(struct cdr_rig *rig, void (*see)(struct cdr_rig *rig, const char *name, void *ctx), void *ctx) {
	struct dirent **entries;
	int count = scandir(rig->directory, &entries, is_file, alphasort);

	assert_true(count >= 0);
	for (int i = 0; i < count; i++) {
		see(rig, entries[i]->d_name, ctx);
		free(entries[i]);
	}
	free(entries);
}

static void remove_file(struct cdr_rig *rig, const char *name, void *ctx) {
	(void)ctx;
	assert_int_equal(remove(rig_path(rig, name)), 0);
}

void rig_remove(struct cdr_rig *rig) {
	each_file(rig, remove_file, NULL);
	assert_int_equal(rmdir(rig->directory), 0);
}

void rig_put(struct cdr_rig *rig, const char *name, const char *text) {
	FILE *file = fopen(rig_path(rig, name), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

void rig_get(struct cdr_rig *rig, const char *name, char *text, size_t size) {
	FILE *file = fopen(rig_path(rig, name), "re");

	assert_non_null(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

static void look_at(struct cdr_rig *rig, const char *name, void *ctx) {
	struct cdr_found *found = ctx;
	size_t len = strlen(found->names);
	FILE *file = fopen(rig_path(rig, name), "re");
	uint64_t size = 0;
	int c;

	assert_non_null(file);
	if (strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".open") == 0)
		found->open++;
	else
		found->whole++;
	while ((c = getc_unlocked(file)) != EOF) {
		size++;
		found->torn = c == '\n' ? 0 : found->torn + 1;
		found->lines += c == '\n';
	}
	if (size > found->largest)
		found->largest = size;
	fclose(file);
	snprintf(found->names + len, sizeof(found->names) - len, "%s ", name);
}

struct cdr_found rig_look(struct cdr_rig *rig) {
	struct cdr_found found = {0};

	each_file(rig, look_at, &found);
	return found;
}

struct line_reader {
	void (*line)(void *ctx, const char *text);
	void *ctx;
};

static void read_lines(struct cdr_rig *rig, const char *name, void *ctx) {
	const struct line_reader *reader = ctx;
	FILE *file = fopen(rig_path(rig, name), "re");
	char *text = NULL;
	size_t size = 0;

	assert_non_null(file);
	while (getline(&text, &size, file) > 0)
		reader->line(reader->ctx, text);
	free(text);
	fclose(file);
}

void rig_lines(struct cdr_rig *rig, void (*line)(void *ctx, const char *text), void *ctx) {
	struct line_reader reader = {.line = line, .ctx = ctx};

	each_file(rig, read_lines, &reader);
}

void rig_log_begin(struct cdr_rig *rig) {
	int ends[2]; // a pipe: a file would share the limits some tests set

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	rig->log_fd = ends[0];
	rig->stderr_fd = dup(STDERR_FILENO);
	assert_true(rig->stderr_fd >= 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
}

void rig_log_end(struct cdr_rig *rig) {
	ssize_t len = read(rig->log_fd, rig->log, sizeof(rig->log) - 1);

	if (len < 0)
		len = 0; // nothing was logged
	rig->log[len] = '\0';
	assert_true(dup2(rig->stderr_fd, STDERR_FILENO) >= 0);
	close(rig->stderr_fd);
	close(rig->log_fd);
}

uint32_t rig_log_count(const struct cdr_rig *rig, const char *words) {
	uint32_t count = 0;

	for (const char *at = rig->log; (at = strstr(at, words)); at += strlen(words))
		count++;
	return count;
}
