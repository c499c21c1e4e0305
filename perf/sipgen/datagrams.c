// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "datagrams.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define JUNK_COUNT 256
#define JUNK_LEAST 4
#define JUNK_MOST 400
#define FILE_MAX ((size_t)DATAGRAM_MAX * DATAGRAMS_MAX)

// --- one by one ---

// Room for one more, of no length; NULL when there is none.
static struct datagram *datagram_add(struct datagrams *all) {
	if (all->count == all->room) {
		uint32_t room = all->room ? 2 * all->room : 16;
		struct datagram *item = room > DATAGRAMS_MAX ? NULL : realloc(all->item, room * sizeof(*item));

		if (!item)
			return NULL;
		all->item = item;
		all->room = room;
	}
	all->item[all->count].len = 0;
	return &all->item[all->count++];
}

static bool bytes_add(struct datagram *one, struct str bytes) {
	if (bytes.len > DATAGRAM_MAX - one->len)
		return false;
	memcpy(one->bytes + one->len, bytes.ptr, bytes.len);
	one->len += bytes.len;
	return true;
}

void datagrams_free(struct datagrams *all) {
	free(all->item);
	*all = (struct datagrams){0};
}

// --- text ---

// Takes the next line, without its end, off the text.
static struct str line_take(struct str *text) {
	const char *end = memchr(text->ptr, '\n', text->len);
	struct str line = str_of(text->ptr, end ? (size_t)(end - text->ptr) : text->len);
	uint32_t taken = line.len + (end ? 1 : 0);

	*text = str_of(text->ptr + taken, text->len - taken);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

int datagrams_split(struct datagrams *all, struct str text) {
	struct datagram *one = NULL;

	while (text.len > 0) {
		struct str line = line_take(&text);

		if (str_eq(line, STR("---"))) {
			one = NULL;
			continue;
		}
		if (!one)
			one = datagram_add(all);
		if (!one || !bytes_add(one, line) || !bytes_add(one, STR("\r\n")))
			return -E2BIG;
	}
	return 0;
}

// --- files ---

// The whole file; *ret_bytes is to be freed.
static int file_read(const char *path, size_t most, char **ret_bytes, size_t *ret_len) {
	FILE *file = fopen(path, "re");
	char *bytes = file ? malloc(most + 1) : NULL;
	int rc = bytes ? 0 : -errno;

	if (bytes) {
		*ret_len = fread(bytes, 1, most + 1, file);
		if (ferror(file))
			rc = -EIO;
		else if (*ret_len > most)
			rc = -E2BIG;
	}
	if (file)
		fclose(file);
	if (rc == 0)
		*ret_bytes = bytes;
	else
		free(bytes);
	return rc;
}

static int text_read(struct datagrams *all, const char *path) {
	char *bytes;
	size_t len;
	int rc = file_read(path, FILE_MAX, &bytes, &len);

	if (rc < 0)
		return rc;
	rc = datagrams_split(all, str_of(bytes, len));
	free(bytes);
	return rc;
}

static int one_read(struct datagrams *all, const char *path) {
	struct datagram *one;
	struct stat info;
	char *bytes;
	size_t len;
	int rc;

	if (stat(path, &info) != 0)
		return -errno;
	if (!S_ISREG(info.st_mode))
		return 0;
	rc = file_read(path, DATAGRAM_MAX, &bytes, &len);
	if (rc < 0)
		return rc;
	one = len > 0 ? datagram_add(all) : NULL;
	if (len > 0 && (!one || !bytes_add(one, str_of(bytes, len))))
		rc = -E2BIG;
	free(bytes);
	return rc;
}

static int directory_read(struct datagrams *all, const char *path) {
	struct dirent **names;
	char file[PATH_MAX];
	int rc = 0, count = scandir(path, &names, NULL, alphasort);

	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		int len = snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);

		if (rc == 0)
			rc = len < (int)sizeof(file) ? one_read(all, file) : -ENAMETOOLONG;
		free(names[i]);
	}
	free(names);
	return rc;
}

// --- junk ---

// xorshift64*
static uint32_t random_next(uint64_t *state) {
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * 0x2545f4914f6cdd1dULL >> 32);
}

// The first byte is never a letter, so that no accident makes it SIP.
static int junk_make(struct datagrams *all, uint64_t seed) {
	uint64_t state = seed | 1;

	for (unsigned i = 0; i < JUNK_COUNT; i++) {
		struct datagram *one = datagram_add(all);

		if (!one)
			return -ENOMEM;
		one->len = JUNK_LEAST + random_next(&state) % (JUNK_MOST - JUNK_LEAST + 1);
		for (uint32_t at = 0; at < one->len; at++)
			one->bytes[at] = (char)random_next(&state);
		one->bytes[0] = (char)(one->bytes[0] | 0x80);
	}
	return 0;
}

int datagrams_read(struct datagrams *all, const char *path, uint64_t seed) {
	struct stat info;
	int rc;

	*all = (struct datagrams){0};
	if (strcmp(path, "junk") == 0)
		return junk_make(all, seed);
	if (stat(path, &info) != 0)
		rc = -errno;
	else
		rc = S_ISDIR(info.st_mode) ? directory_read(all, path) : text_read(all, path);
	if (rc == 0 && all->count > 0)
		return 0;
	if (rc == -E2BIG)
		fprintf(stderr,
			"sipgen: --blast %s: a datagram has more than %u bytes, or there are more than %u\n",
			path,
			DATAGRAM_MAX,
			DATAGRAMS_MAX);
	else
		fprintf(stderr, "sipgen: --blast %s: %s\n", path, rc ? strerror(-rc) : "there is no datagram in it");
	return rc ? rc : -ENODATA;
}

// --- answers ---

void answers_count(struct answers *answers, struct str text) {
	uint64_t status = 0;

	if (text.len >= 12 && str_starts(text, STR("SIP/2.0 ")) &&
	    str_to_u64(str_of(text.ptr + 8, 3), STATUS_MAX - 1, &status) && status >= 100)
		answers->status[status]++;
	else
		answers->other++;
}
