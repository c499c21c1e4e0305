// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What all unit tests share: cmocka with its includes in order, and input that touches an unmapped page, so that one
// byte read too far, or too early, is a crash.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

// Bytes between two unmapped pages, at one end of what is mapped.
struct guarded {
	char *ptr;
	size_t len;
	void *map;
	size_t map_size;
};

// Maps room for `len` bytes with an unmapped page at both ends; the room is whole pages.
static inline struct guarded guarded_map(size_t len, size_t *ret_page) {
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = len ? (len + page - 1) / page * page : page;
	struct guarded guarded = {.len = len, .map_size = room + 2 * page};

	guarded.map = mmap(NULL, guarded.map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (guarded.map == MAP_FAILED || mprotect((char *)guarded.map + page, room, PROT_READ | PROT_WRITE) != 0)
		abort();
	*ret_page = page;
	return guarded;
}

// A copy whose last byte is the last before an unmapped page: reading past the end crashes.
static inline struct guarded guarded_end(const void *bytes, size_t len) {
	size_t page;
	struct guarded guarded = guarded_map(len, &page);

	guarded.ptr = (char *)guarded.map + guarded.map_size - page - len;
	if (len)
		memcpy(guarded.ptr, bytes, len);
	return guarded;
}

// A copy whose first byte is the first after an unmapped page: reading before the start crashes.
static inline struct guarded guarded_start(const void *bytes, size_t len) {
	size_t page;
	struct guarded guarded = guarded_map(len, &page);

	guarded.ptr = (char *)guarded.map + page;
	if (len)
		memcpy(guarded.ptr, bytes, len);
	return guarded;
}

static inline void guarded_free(struct guarded *guarded) {
	munmap(guarded->map, guarded->map_size);
	*guarded = (struct guarded){0};
}
