// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/mem.h"

#include <errno.h>

#include "unit/test.h"

static void normal_memory_is_zero_and_writable_to_its_end(void **state) {
	static const size_t sizes[] = {1, 4096, 4097, 2 << 20, (2 << 20) + 1, 5 << 20};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct mem mem;
		uint8_t *bytes;

		assert_int_equal(mem_map(sizes[i], MEM_HUGE_OFF, &mem), 0);
		assert_true(mem.size >= sizes[i] && mem.size < sizes[i] + 4096);
		assert_false(mem.huge);
		bytes = mem.ptr;
		assert_int_equal(bytes[0] | bytes[mem.size - 1], 0);
		bytes[0] = bytes[mem.size - 1] = 1;
		assert_int_equal((uintptr_t)mem.ptr % (sizes[i] < MEM_HUGE_PAGE ? 4096 : MEM_HUGE_PAGE), 0);
		mem_unmap(&mem);
		assert_null(mem.ptr);
	}
}

static void automatic_memory_is_there_with_or_without_huge_pages(void **state) {
	struct mem mem;

	(void)state;
	assert_int_equal(mem_map(3 << 20, MEM_HUGE_AUTO, &mem), 0);
	assert_true(mem.size >= 3 << 20);
	memset(mem.ptr, 1, mem.size);
	mem_unmap(&mem);
}

static void huge_pages_only_means_huge_pages_or_an_error(void **state) {
	struct mem mem = {.size = 4711};
	int error = mem_map(1, MEM_HUGE_ON, &mem);

	(void)state;
	if (error) {
		assert_true(error < 0);
		assert_int_equal(mem.size, 4711);
		return;
	}
	assert_true(mem.huge);
	assert_int_equal(mem.size, MEM_HUGE_PAGE);
	memset(mem.ptr, 1, mem.size);
	mem_unmap(&mem);
}

static void impossible_sizes_are_refused(void **state) {
	struct mem mem = {.size = 4711};

	(void)state;
	assert_int_equal(mem_map(0, MEM_HUGE_OFF, &mem), -EINVAL);
	assert_int_equal(mem_map(SIZE_MAX, MEM_HUGE_AUTO, &mem), -EINVAL);
	assert_true(mem_map(SIZE_MAX / 2, MEM_HUGE_AUTO, &mem) < 0); // ENOMEM, or EINVAL under valgrind
	assert_int_equal(mem.size, 4711);
}

static void unmapping_nothing_is_harmless(void **state) {
	struct mem mem = {0};

	(void)state;
	mem_unmap(&mem);
	assert_null(mem.ptr);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_memory_is_zero_and_writable_to_its_end),
		cmocka_unit_test(automatic_memory_is_there_with_or_without_huge_pages),
		cmocka_unit_test(huge_pages_only_means_huge_pages_or_an_error),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test(unmapping_nothing_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
