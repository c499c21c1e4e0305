// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/expressions_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/log.h"

#define FILE_BYTES_MAX ((off_t)1 << 32)
#define KEY_DIGITS (2 * sizeof(XXH128_canonical_t))
#define SUFFIX ".hsdb"

struct header {
	char magic[8];
	uint32_t version;
	uint32_t layout;
	uint64_t len;		// of the database behind it
	XXH128_canonical_t key; // what the file is named after
	XXH128_canonical_t sum; // of the database
};
static_assert(sizeof(struct header) == 56, "no padding, which would be compared and summed");

struct cache {
	const char *directory;
	XXH128_canonical_t key;
	char path[PATH_MAX];
};

static const char magic[8] = "tandemhs";

static void add_source(XXH3_state_t *state, const struct expression *source) {
	const uint64_t head[] = {source->field, source->caseless, strlen(source->pattern)};

	XXH3_128bits_update(state, head, sizeof(head));
	XXH3_128bits_update(state, source->pattern, head[2]);
}

// The platform databases are compiled for is always the same, so it is a part of the layout.
static int make_key(const struct expression *sources, uint32_t count, XXH128_canonical_t *ret_key) {
	XXH3_state_t *state = XXH3_createState();

	if (!state)
		return -ENOMEM;
	XXH3_128bits_reset(state);
	XXH3_128bits_update(state, hs_version(), strlen(hs_version()) + 1);
	XXH3_128bits_update(state, &(uint64_t){EXPRESSIONS_LAYOUT}, sizeof(uint64_t));
	for (uint32_t i = 0; i < count; i++)
		add_source(state, &sources[i]);
	XXH128_canonicalFromHash(ret_key, XXH3_128bits_digest(state));
	XXH3_freeState(state);
	return 0;
}

static int cache_open(struct cache *cache, const char *directory, const struct expression *sources, uint32_t count) {
	char name[KEY_DIGITS + 1];
	int err = make_key(sources, count, &cache->key);

	if (err < 0)
		return err;
	for (size_t i = 0; i < sizeof(cache->key.digest); i++)
		snprintf(name + 2 * i, 3, "%02x", cache->key.digest[i]);
	cache->directory = directory;
	if ((size_t)snprintf(cache->path, sizeof(cache->path), "%s/%s" SUFFIX, directory, name) >= sizeof(cache->path))
		return -ENAMETOOLONG;
	return 0;
}

static struct header header_of(const struct cache *cache, const char *bytes, size_t len) {
	struct header header = {.version = 1, .layout = EXPRESSIONS_LAYOUT, .len = len, .key = cache->key};

	memcpy(header.magic, magic, sizeof(magic));
	XXH128_canonicalFromHash(&header.sum, XXH3_128bits(bytes, len));
	return header;
}

static int read_whole(int fd, char *bytes, size_t len) {
	for (size_t done = 0; done < len;) {
		ssize_t got = read(fd, bytes + done, len - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		done += (size_t)got;
	}
	return 0;
}

static int write_whole(int fd, const void *from, size_t len) {
	const char *bytes = from;

	for (size_t done = 0; done < len;) {
		ssize_t put = write(fd, bytes + done, len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		done += (size_t)put;
	}
	return 0;
}

// Hyperscan believes what it is given, so nobody else may have written it.
static const char *check_file(const struct stat *info) {
	if (!S_ISREG(info->st_mode) || info->st_uid != geteuid() || (info->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "others may have written it";
	if (info->st_size <= (off_t)sizeof(struct header) || info->st_size > FILE_BYTES_MAX)
		return "it is damaged";
	return NULL;
}

// What is wrong with the file, or NULL with *ret_database.
static const char *read_database(const struct cache *cache, char *file, size_t size, hs_database_t **ret_database) {
	const char *bytes = file + sizeof(struct header);
	size_t len = size - sizeof(struct header);
	struct header is, wanted = header_of(cache, bytes, len);

	memcpy(&is, file, sizeof(is));
	if (memcmp(is.magic, magic, sizeof(magic)) != 0 || is.len != len ||
	    memcmp(&is.sum, &wanted.sum, sizeof(is.sum)) != 0)
		return "it is damaged";
	if (memcmp(&is, &wanted, sizeof(is)) != 0)
		return "it is of another version";
	return hs_deserialize_database(bytes, len, ret_database) == HS_SUCCESS ? NULL : "Hyperscan does not take it";
}

// As read_database.
static const char *read_file(const struct cache *cache, int fd, hs_database_t **ret_database) {
	struct stat info;
	const char *wrong;
	char *file;

	if (fstat(fd, &info) < 0)
		return "it cannot be read";
	wrong = check_file(&info);
	if (wrong)
		return wrong;
	file = malloc((size_t)info.st_size);
	if (!file)
		return "out of memory";
	if (read_whole(fd, file, (size_t)info.st_size) < 0)
		wrong = "it cannot be read";
	else
		wrong = read_database(cache, file, (size_t)info.st_size, ret_database);
	free(file);
	return wrong;
}

static hs_database_t *cache_read(const struct cache *cache) {
	int fd = open(cache->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	hs_database_t *database = NULL;
	const char *wrong;

	if (fd < 0) {
		if (errno != ENOENT)
			log_warning("compiled expressions %s: not used: %s", cache->path, strerror(errno));
		return NULL;
	}
	wrong = read_file(cache, fd, &database);
	if (wrong)
		log_warning("compiled expressions %s: not used: %s", cache->path, wrong);
	else
		futimens(fd, NULL); // used now, so it stays
	close(fd);
	return database;
}

static int write_file(const struct cache *cache, const char *bytes, size_t len) {
	struct header header = header_of(cache, bytes, len);
	char path[PATH_MAX];
	int fd, err;

	if (mkdir(cache->directory, 0700) < 0 && errno != EEXIST)
		return -errno;
	if ((size_t)snprintf(path, sizeof(path), "%s.XXXXXX", cache->path) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write_whole(fd, &header, sizeof(header));
	if (err == 0)
		err = write_whole(fd, bytes, len);
	if (err == 0 && fsync(fd) < 0)
		err = -errno;
	close(fd);
	if (err == 0 && rename(path, cache->path) < 0)
		err = -errno;
	if (err < 0)
		unlink(path);
	return err;
}

// Unfinished files of one that died count too.
static bool is_ours(const char *name) {
	return strspn(name, "0123456789abcdef") == KEY_DIGITS &&
	       strncmp(name + KEY_DIGITS, SUFFIX, sizeof(SUFFIX) - 1) == 0;
}

static bool is_before(struct timespec a, struct timespec b) {
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

// Takes out the one not used for longest where there are too many; each file that is written adds one.
static void remove_oldest(const char *directory) {
	char oldest[NAME_MAX + 1] = "";
	struct timespec its_time = {0};
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	unsigned count = 0;
	struct stat info;

	while (dir && (entry = readdir(dir))) {
		if (!is_ours(entry->d_name) || fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (count++ > 0 && !is_before(info.st_mtim, its_time))
			continue;
		its_time = info.st_mtim;
		snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
	}
	if (count > EXPRESSIONS_CACHE_FILES)
		unlinkat(dirfd(dir), oldest, 0);
	if (dir)
		closedir(dir);
}

static void cache_write(const struct cache *cache, const hs_database_t *database) {
	char *bytes = NULL;
	size_t len = 0;
	int err = hs_serialize_database(database, &bytes, &len) == HS_SUCCESS ? 0 : -ENOMEM;

	if (err == 0)
		err = write_file(cache, bytes, len);
	if (err == 0)
		remove_oldest(cache->directory);
	else
		log_warning("compiled expressions %s: cannot be kept: %s", cache->path, strerror(-err));
	free(bytes);
}

int expressions_load(
	struct expressions *set,
	const struct expression *sources,
	uint32_t count,
	const char *directory,
	bool *ret_cached,
	struct expressions_problem *problem
) {
	hs_database_t *database = NULL;
	struct cache cache;
	int err;

	if (count == 0)
		directory = NULL; // there is no database
	if (directory && (err = cache_open(&cache, directory, sources, count)) < 0) {
		log_warning("compiled expressions %s: %s", directory, strerror(-err));
		directory = NULL;
	}
	if (directory)
		database = cache_read(&cache);
	*ret_cached = database != NULL;
	err = expressions_init(set, sources, count, database, problem);
	if (err == 0 && directory && !*ret_cached)
		cache_write(&cache, set->database);
	return err;
}
