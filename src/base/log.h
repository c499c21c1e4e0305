// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Log lines of start-up and the control core: "2026-01-31T12:00:00.000Z warning text". Never called from a worker.
#pragma once

#include "base/base.h"

enum log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_INFO,
	LOG_DEBUG,
	LOG_LEVEL_COUNT,
};

const char *log_level_name(enum log_level level);

// False when the name is none of error, warning, info, debug.
bool log_level_parse(const char *name, enum log_level *ret_level);

void log_level_set(enum log_level level);
enum log_level log_level_get(void);

// One line to standard error. Whatever is not printable ASCII is written as \xNN.
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
