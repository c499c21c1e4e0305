// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Call detail records on their way to the disk: a text of each (cdr_format.c), the files (cdr_file.c), and the writer
// (cdr.c), a thread of its own behind a bounded queue, so that the control core never waits for a disk. What is
// written, when and with what guarantees is in docs/cdr.md.
#pragma once

#include <limits.h>

#include "session/cdr.h"

// --- cdr_format.c: one record is one line ---

#define CDR_SCHEMA 1	    // grows when a field changes its meaning or goes; new fields do not count
#define CDR_LINE_MAX 24576u // longest line of either format, '\n' included

enum cdr_format {
	CDR_JSON, // one object a line
	CDR_CSV,  // RFC 4180; line ends inside a value are escaped, so that one record is one line here as well
	CDR_FORMAT_COUNT,
};

// Write at most CDR_LINE_MAX bytes into `out` and return the length; nothing is terminated. The header is empty for
// JSON.
size_t cdr_format(enum cdr_format format, const struct cdr *cdr, char *out);
size_t cdr_format_header(enum cdr_format format, char *out);

// --- cdr_file.c: one open file at a time; any one thread ---

#define CDR_NAME_LEN 64 // of a file without its directory: prefix, date, number, endings

struct cdr_file_options {
	const char *directory; // has to be there; borrowed
	const char *prefix;    // 1 to 16 characters, no slash, the first part of each name; borrowed
	enum cdr_format format;
	uint64_t rotate_bytes; // a file grows no longer, but for a single record; 0 = no limit
	uint32_t rotate_s;     // files end at multiples of this since the epoch; 0 = never
	uint32_t sync_s;       // fsync at least this often while there is something new; 0 = at the end of a file only
};

struct cdr_file_stats {
	uint64_t files;	   // finished: synced and renamed
	uint64_t bytes;	   // written
	uint64_t failures; // of open, write, fsync and rename, repeated ones included
};

struct cdr_file {
	struct cdr_file_options options;
	int directory_fd; // holds the lock on it; -1 = has to be opened again
	int fd;		  // -1 = none
	uint64_t size;
	uint32_t header_len;
	uint32_t number; // of the file in this run
	uint64_t opened_us, synced_us;
	bool is_dirty;	      // written and not synced
	bool is_ended;	      // closed, but not renamed yet
	bool is_failing;      // and that was logged
	bool is_sync_failing; // the last fsync failed
	struct cdr_file_stats stats;
	char path[PATH_MAX]; // of the open file
};

// Locks the directory against a second tandem and finishes what a dead one left: a torn last line is cut off, the file
// renamed. Returns 0 or -errno, logged; then there is nothing to close.
int cdr_file_open(struct cdr_file *file, const struct cdr_file_options *options);

// Bytes the next cdr_file_write may have, whose first line has `first`, so that no file grows too long.
uint64_t cdr_file_room(const struct cdr_file *file, size_t first);

// Whole lines, in one write(2); begins the next file where one is due. 0 or -errno: then nothing of it is in a file,
// and the caller tries again later. The first failure of a row is logged, the others counted.
int cdr_file_write(struct cdr_file *file, const char *text, size_t len, uint64_t now_us);

// Ends a file whose time has come and syncs: at least once a second. 0 or -errno.
int cdr_file_tick(struct cdr_file *file, uint64_t now_us);

// Syncs, renames, gives the directory back. 0 or -errno: the file keeps its ".open", its records are in it.
int cdr_file_close(struct cdr_file *file);

// --- cdr.c: the control core's ---

struct cdr_options {
	struct cdr_file_options file;
	uint32_t queue; // records that may wait for the disk, at least 1; 1 KiB each
};

struct cdr_stats {
	uint64_t taken, written;
	uint64_t dropped;     // the queue was full
	uint64_t waiting;     // now
	uint64_t waiting_max; // so far
	uint64_t stalls;      // how often writing began to fail
	struct cdr_file_stats file;
};

struct cdr_writer;

// Starts the writer. Returns 0 or -errno, logged.
int cdr_open(const struct cdr_options *options, struct cdr_writer **ret_writer);

// Takes copies; never waits for the disk. Returns how many had room; the others are dropped and counted.
uint32_t cdr_take(struct cdr_writer *writer, const struct cdr *records, uint32_t count);

struct cdr_stats cdr_stats(struct cdr_writer *writer);

// Writes, syncs and renames all that was taken and ends; waits for the disk. What a failing disk does not take is
// logged. Returns how many records that is. NULL is fine.
uint64_t cdr_close(struct cdr_writer *writer);
