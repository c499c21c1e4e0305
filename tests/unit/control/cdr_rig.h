// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A directory for call records, what is in it, and what was logged.
#pragma once

#include "control/cdr.h"

struct cdr_rig {
	char directory[64];
	char path[384]; // of rig_path
	int stderr_fd;	// while it is captured
	int log_fd;
	char log[8192]; // of rig_log_end
};

// What a directory holds.
struct cdr_found {
	uint32_t whole, open; // files
	uint32_t lines, torn; // lines of both, and bytes behind the last of them
	uint64_t largest;     // file, in bytes
	char names[1024];     // of all, in order, a space after each
};

void rig_make(struct cdr_rig *rig);
void rig_remove(struct cdr_rig *rig);

// Of a file in the directory; good until the next call.
const char *rig_path(struct cdr_rig *rig, const char *name);
void rig_put(struct cdr_rig *rig, const char *name, const char *text);
// The text of a file, at most `size` - 1 bytes, terminated.
void rig_get(struct cdr_rig *rig, const char *name, char *text, size_t size);
struct cdr_found rig_look(struct cdr_rig *rig);
// Calls `line` for each line of all files, in the order of their names.
void rig_lines(struct cdr_rig *rig, void (*line)(void *ctx, const char *text), void *ctx);

// What is logged between the two goes to rig->log.
void rig_log_begin(struct cdr_rig *rig);
void rig_log_end(struct cdr_rig *rig);
uint32_t rig_log_count(const struct cdr_rig *rig, const char *words);
