// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The file that is being written ends in ".open"; a name without that is a whole file nobody touches any more.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "control/cdr.h"

#define OPEN_ENDING ".open"
#define US_PER_S 1000000u
#define MODE 0640

static const char *const endings[CDR_FORMAT_COUNT] = {
	[CDR_JSON] = "jsonl",
	[CDR_CSV] = "csv",
};

static const char *remedy(int err) {
	switch (err) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "make room there";
	case EACCES:
	case EPERM:
	case EROFS:
		return "let tandem write there";
	case ENOENT:
	case ENOTDIR:
	case ESTALE:
		return "the directory and the open file in it have to be there";
	case EEXIST:
		return "move that file away";
	case EWOULDBLOCK:
		return "another tandem writes there: stop it, or set another directory";
	default:
		return "look after the disk";
	}
}

static int fail(struct cdr_file *file, const char *what, const char *path, int err) {
	file->stats.failures++;
	if (!file->is_failing)
		log_error("call records: cannot %s %s: %s; %s", what, path, strerror(err), remedy(err));
	file->is_failing = true;
	return -err;
}

static int succeed(struct cdr_file *file) {
	if (file->is_sync_failing)
		return 0;
	if (file->is_failing)
		log_info("call records: %s is written again", file->options.directory);
	file->is_failing = false;
	return 0;
}

// --- the directory ---

static int lock_directory(struct cdr_file *file) {
	const char *path = file->options.directory;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return fail(file, "open", path, errno);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		file->directory_fd = fd;
		return 0;
	}
	err = errno;
	close(fd);
	return fail(file, "lock", path, err);
}

static void unlock_directory(struct cdr_file *file) {
	if (file->directory_fd >= 0)
		close(file->directory_fd);
	file->directory_fd = -1;
}

// So that a name lasts; of a failure there is nothing to try again.
static void sync_directory(struct cdr_file *file) {
	if (fsync(file->directory_fd) < 0)
		fail(file, "sync", file->options.directory, errno);
}

// The name without ".open". Never over a file that is there.
static int finish_name(struct cdr_file *file, const char *path) {
	char final[PATH_MAX];

	snprintf(final, sizeof(final), "%.*s", (int)(strlen(path) - strlen(OPEN_ENDING)), path);
	if (access(final, F_OK) == 0)
		return fail(file, "rename to", final, EEXIST);
	if (rename(path, final) < 0)
		return fail(file, "rename", path, errno);
	file->stats.files++;
	sync_directory(file);
	return 0;
}

// --- what a dead process left ---

// Bytes up to and with the last line end; -errno.
static int64_t whole_lines(int fd, int64_t size) {
	char block[4096];

	while (size > 0) {
		size_t len = size < (int64_t)sizeof(block) ? (size_t)size : sizeof(block);
		ssize_t got = pread(fd, block, len, size - (int64_t)len);

		if (got != (ssize_t)len)
			return got < 0 ? -errno : -EIO;
		for (size_t i = len; i > 0; i--) {
			if (block[i - 1] == '\n')
				return size - (int64_t)(len - i);
		}
		size -= (int64_t)len;
	}
	return 0;
}

static int cut_torn_line(int fd, const char *path, int64_t *ret_size) {
	struct stat status;
	int64_t whole;

	if (fstat(fd, &status) < 0)
		return -errno;
	whole = whole_lines(fd, status.st_size);
	if (whole < 0)
		return (int)whole;
	if (whole < status.st_size) {
		if (ftruncate(fd, whole) < 0)
			return -errno;
		log_warning(
			"call records: %s ended inside a record: %lld bytes cut off",
			path,
			(long long)(status.st_size - whole)
		);
	}
	if (fsync(fd) < 0)
		return -errno;
	*ret_size = whole;
	return 0;
}

static int recover_file(struct cdr_file *file, const char *path) {
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW), err;
	int64_t size = 0;

	if (fd < 0)
		return fail(file, "open", path, errno);
	err = cut_torn_line(fd, path, &size);
	close(fd);
	if (err)
		return fail(file, "mend", path, -err);
	if (size == 0)
		return unlink(path) < 0 ? fail(file, "remove the empty", path, errno) : 0;
	err = finish_name(file, path);
	if (!err)
		log_info("call records: finished %s, which was left open", path);
	return err;
}

static bool is_left(const struct cdr_file *file, const char *name) {
	size_t len = strlen(name), prefix_len = strlen(file->options.prefix);

	return len > prefix_len + strlen(OPEN_ENDING) && strncmp(name, file->options.prefix, prefix_len) == 0 &&
	       name[prefix_len] == '-' && strcmp(name + len - strlen(OPEN_ENDING), OPEN_ENDING) == 0;
}

static int recover(struct cdr_file *file) {
	DIR *directory = opendir(file->options.directory);
	const struct dirent *entry;
	char path[PATH_MAX];
	int err = 0;

	if (!directory)
		return fail(file, "read", file->options.directory, errno);
	while (!err && (entry = readdir(directory))) {
		if (!is_left(file, entry->d_name))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", file->options.directory, entry->d_name) >= (int)sizeof(path))
			err = fail(file, "open", entry->d_name, ENAMETOOLONG);
		else
			err = recover_file(file, path);
	}
	closedir(directory);
	return err;
}

int cdr_file_open(struct cdr_file *file, const struct cdr_file_options *options) {
	char header[CDR_LINE_MAX];
	int err;

	*file = (struct cdr_file){.options = *options, .directory_fd = -1, .fd = -1};
	file->header_len = (uint32_t)cdr_format_header(options->format, header);
	if (strlen(options->directory) + 1 + CDR_NAME_LEN >= sizeof(file->path))
		return fail(file, "use", options->directory, ENAMETOOLONG);
	err = lock_directory(file);
	if (!err && access(options->directory, W_OK | X_OK) < 0)
		err = fail(file, "write to", options->directory, errno);
	if (!err)
		err = recover(file);
	if (err)
		unlock_directory(file);
	return err;
}

// --- the open file ---

static void name_file(struct cdr_file *file, uint64_t now_us) {
	const struct cdr_file_options *options = &file->options;
	time_t seconds = (time_t)(now_us / US_PER_S);
	struct tm utc = {0};
	char date[32] = "";

	gmtime_r(&seconds, &utc);
	strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(
		file->path,
		sizeof(file->path),
		"%s/%.16s-%s-%06u.%s" OPEN_ENDING,
		options->directory,
		options->prefix,
		date,
		++file->number,
		endings[options->format]
	);
}

static bool is_taken(const char *path) {
	char final[PATH_MAX];

	snprintf(final, sizeof(final), "%.*s", (int)(strlen(path) - strlen(OPEN_ENDING)), path);
	return access(final, F_OK) == 0 || access(path, F_OK) == 0;
}

// All or nothing. A file that cannot be cut any more stays as it is for the next start, which cuts it.
static int append(struct cdr_file *file, const char *text, size_t len) {
	size_t done = 0;

	while (done < len) {
		ssize_t wrote = write(file->fd, text + done, len - done);
		int err = wrote < 0 ? errno : 0;

		if (wrote >= 0) {
			done += (size_t)wrote;
			continue;
		}
		if (err == EINTR)
			continue;
		if (done > 0 && ftruncate(file->fd, (off_t)file->size) < 0) {
			close(file->fd);
			file->fd = -1;
		}
		return fail(file, "write", file->path, err);
	}
	file->size += len;
	file->is_dirty = true;
	return 0;
}

static int begin(struct cdr_file *file, uint64_t now_us) {
	char header[CDR_LINE_MAX];
	int err;

	unlock_directory(file); // it may be another one by now
	err = lock_directory(file);
	if (err)
		return err;
	do {
		name_file(file, now_us);
	} while (is_taken(file->path));
	file->fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, MODE);
	if (file->fd < 0)
		return fail(file, "make", file->path, errno);
	file->size = 0;
	file->opened_us = file->synced_us = now_us;
	err = append(file, header, cdr_format_header(file->options.format, header));
	if (err) {
		unlink(file->path);
		if (file->fd >= 0)
			close(file->fd);
		file->fd = -1;
		return err;
	}
	sync_directory(file);
	return 0;
}

static int sync_file(struct cdr_file *file, uint64_t now_us) {
	if (!file->is_dirty)
		return 0;
	file->is_sync_failing = fsync(file->fd) < 0;
	if (file->is_sync_failing)
		return fail(file, "sync", file->path, errno);
	file->is_dirty = false;
	file->synced_us = now_us;
	return 0;
}

// May be called again after a failure: goes on with what is left to do.
static int end(struct cdr_file *file) {
	int err;

	if (file->fd >= 0) {
		err = sync_file(file, file->synced_us);
		if (err)
			return err;
		close(file->fd);
		file->fd = -1;
		file->is_ended = true;
	}
	if (!file->is_ended)
		return 0;
	err = finish_name(file, file->path);
	file->is_ended = err && err != -ENOENT; // what is gone, the next start finds if it comes back
	return err;
}

// Somebody removed or moved the file, or mounted something over it: what is written to it now nobody would find.
static void check_place(struct cdr_file *file) {
	struct stat ours, theirs;

	if (file->fd < 0 || (fstat(file->fd, &ours) == 0 && stat(file->path, &theirs) == 0 &&
			     ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev))
		return;
	fail(file, "find", file->path, ENOENT);
	close(file->fd);
	file->fd = -1;
	unlock_directory(file);
}

static bool is_due(const struct cdr_file *file, uint64_t now_us) {
	uint64_t period_us = (uint64_t)file->options.rotate_s * US_PER_S;

	return file->fd >= 0 && period_us > 0 && now_us / period_us != file->opened_us / period_us;
}

static bool is_full(const struct cdr_file *file, size_t len) {
	uint64_t limit = file->options.rotate_bytes;

	return file->fd >= 0 && limit > 0 && file->size > file->header_len && file->size + len > limit;
}

uint64_t cdr_file_room(const struct cdr_file *file, size_t first) {
	uint64_t limit = file->options.rotate_bytes, fresh;

	if (limit == 0)
		return UINT64_MAX;
	if (file->fd >= 0 && file->size + first <= limit)
		return limit - file->size;
	fresh = limit > file->header_len ? limit - file->header_len : 0;
	return fresh > first ? fresh : first;
}

int cdr_file_write(struct cdr_file *file, const char *text, size_t len, uint64_t now_us) {
	int err = 0;

	check_place(file);
	if (file->is_ended || is_due(file, now_us) || is_full(file, len))
		err = end(file);
	if (!err && file->fd < 0)
		err = begin(file, now_us);
	if (!err)
		err = append(file, text, len);
	if (err)
		return err;
	file->stats.bytes += len;
	return succeed(file);
}

int cdr_file_tick(struct cdr_file *file, uint64_t now_us) {
	const uint64_t interval_us = (uint64_t)file->options.sync_s * US_PER_S;
	int err;

	check_place(file);
	if (file->is_ended || is_due(file, now_us))
		err = end(file);
	else if (file->fd >= 0 && interval_us > 0 && now_us - file->synced_us >= interval_us)
		err = sync_file(file, now_us);
	else
		return 0;
	return err ? err : succeed(file);
}

int cdr_file_close(struct cdr_file *file) {
	int err;

	check_place(file);
	err = end(file);
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	unlock_directory(file);
	return err;
}
