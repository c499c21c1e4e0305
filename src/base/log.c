// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX 1000
#define LINE_MAX_LEN (64 + 4 * TEXT_MAX) // a byte that is escaped grows to four
static_assert(LINE_MAX_LEN <= PIPE_BUF, "so that lines of several writers to one pipe do not mix");

static enum log_level level_now = LOG_INFO;

static const char *const names[LOG_LEVEL_COUNT] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

const char *log_level_name(enum log_level level) {
	return names[level];
}

bool log_level_parse(const char *name, enum log_level *ret_level) {
	for (unsigned i = 0; i < LOG_LEVEL_COUNT; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_level_set(enum log_level level) {
	__atomic_store_n(&level_now, level, __ATOMIC_RELAXED);
}

enum log_level log_level_get(void) {
	return __atomic_load_n(&level_now, __ATOMIC_RELAXED);
}

// "2026-01-31T12:00:00.000Z warning "; returns its length.
static size_t write_prefix(char *line, size_t size, enum log_level level) {
	struct timespec now;
	struct tm utc;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
	len += (size_t)snprintf(line + len, size - len, ".%03dZ %s ", (int)(now.tv_nsec / 1000000), names[level]);
	return len;
}

// Copies the text so that it stays one line and cannot steer a terminal, which some do with bytes above 0x7f as well;
// returns the length.
static size_t write_escaped(char *out, const char *text) {
	static const char hex[] = "0123456789abcdef";
	size_t len = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c <= '~') {
			out[len++] = *text;
			continue;
		}
		out[len++] = '\\';
		out[len++] = 'x';
		out[len++] = hex[c >> 4];
		out[len++] = hex[c & 15];
	}
	return len;
}

void log_write(enum log_level level, const char *format, ...) {
	char text[TEXT_MAX], line[LINE_MAX_LEN];
	int saved_errno = errno;
	va_list args;
	size_t len;
	int wanted;

	if (level > log_level_get())
		return;
	va_start(args, format);
	wanted = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (wanted < 0)
		text[0] = '\0';
	else if ((size_t)wanted >= sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	len = write_prefix(line, sizeof(line) - 4 * TEXT_MAX, level);
	len += write_escaped(line + len, text);
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		len = 0; // nobody to tell
	errno = saved_errno;
}
