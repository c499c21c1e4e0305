// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What a run says: the progress line, the text at its end, and the same as JSON.
#pragma once

#include <semaphore.h>

#include <jansson.h>

#include "run.h"

// True when the run was good: no failure, nothing wrong; for a search: a rate was found.
bool report_is_good(const struct run *run);

void report_print(const struct run *run);

// Writes JSON to a file, or to stdout for "-". Returns 0 or -errno with the reason on stderr.
int report_json(const struct run *run, const char *path);

// Writes what stands in `root`, likewise, and gives it up.
int json_write(json_t *root, const char *path);

// The name of a time (a message or enum span).
const char *span_name(unsigned span);

// The progress line, once a second until `stop` is posted; a thread of its own, `ctx` is a struct progress.
struct progress {
	const struct run *run;
	sem_t stop;
};

void *progress_run(void *ctx);
