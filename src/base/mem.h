// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Large zeroed memory for tables and pools: huge pages when the machine has them free, else normal pages (with a
// request for transparent huge pages). Start-up only.
#pragma once

#include "base/base.h"

#define MEM_HUGE_PAGE ((size_t)2 << 20)

enum mem_huge {
	MEM_HUGE_AUTO, // try huge pages for what fills one, fall back to normal ones
	MEM_HUGE_OFF,
	MEM_HUGE_ON, // only huge pages
};

struct mem {
	void *ptr;
	size_t size; // as mapped: rounded up to whole pages
	bool huge;
};

// Maps at least `size` zeroed bytes, page-aligned; from MEM_HUGE_PAGE bytes on aligned to that. Huge pages are touched
// here, normal ones when they are used. Returns 0, or -errno with *ret_mem untouched.
int mem_map(size_t size, enum mem_huge huge, struct mem *ret_mem);

// Unmaps; a zeroed struct mem is fine.
void mem_unmap(struct mem *mem);
