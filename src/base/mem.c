// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/mem.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB (21 << 26)
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static size_t round_up(size_t size, size_t unit) {
	return (size + unit - 1) / unit * unit;
}

// Huge pages are ours from the moment of the mapping, so they are touched now: no page fault of 2 MiB later on, and
// no SIGBUS where a cgroup allows less than was reserved. Kernels before 5.14 do not know the advice.
static int map_huge(size_t size, struct mem *ret_mem) {
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB;
	void *ptr;

	size = round_up(size, MEM_HUGE_PAGE);
	ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (ptr == MAP_FAILED)
		return -errno;
	if (madvise(ptr, size, MADV_POPULATE_WRITE) != 0 && errno != EINVAL) {
		int error = errno;

		munmap(ptr, size);
		return -error;
	}
	*ret_mem = (struct mem){.ptr = ptr, .size = size, .huge = true};
	return 0;
}

// Maps a huge page too much and gives back both ends, so that transparent huge pages can be used from the first byte.
static int map_aligned(size_t size, struct mem *ret_mem) {
	uint8_t *map = mmap(NULL, size + MEM_HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (map == MAP_FAILED)
		return -errno;
	before = round_up((uintptr_t)map, MEM_HUGE_PAGE) - (uintptr_t)map;
	if (before)
		munmap(map, before);
	if (before != MEM_HUGE_PAGE)
		munmap(map + before + size, MEM_HUGE_PAGE - before);
	madvise(map + before, size, MADV_HUGEPAGE); // a wish: a kernel without them refuses, which is no harm
	*ret_mem = (struct mem){.ptr = map + before, .size = size};
	return 0;
}

static int map_normal(size_t size, struct mem *ret_mem) {
	void *ptr;

	size = round_up(size, (size_t)sysconf(_SC_PAGESIZE));
	if (size >= MEM_HUGE_PAGE)
		return map_aligned(size, ret_mem);
	ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ptr == MAP_FAILED)
		return -errno;
	*ret_mem = (struct mem){.ptr = ptr, .size = size};
	return 0;
}

int mem_map(size_t size, enum mem_huge huge, struct mem *ret_mem) {
	if (size == 0 || size > SIZE_MAX / 2)
		return -EINVAL;
	if (huge == MEM_HUGE_ON)
		return map_huge(size, ret_mem);
	if (huge == MEM_HUGE_AUTO && size >= MEM_HUGE_PAGE && map_huge(size, ret_mem) == 0)
		return 0;
	return map_normal(size, ret_mem);
}

void mem_unmap(struct mem *mem) {
	if (mem->ptr)
		munmap(mem->ptr, mem->size);
	*mem = (struct mem){0};
}
