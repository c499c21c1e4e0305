// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the fuzz targets share: a check that stays in every build, and the input placed before an unmapped page, for
// Hyperscan is not instrumented.
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sip/locate.h"

#define FUZZ_CHECK(condition)                                                                                          \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			__builtin_trap();                                                                              \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A copy whose end is the end of what is mapped; the same room each time.
static inline const char *fuzz_place(const uint8_t *data, size_t size) {
	static char *end;

	if (!end) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (SIP_MESSAGE_MAX / page + 1) * page;
		char *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		FUZZ_CHECK(map != MAP_FAILED && mprotect(map + room, page, PROT_NONE) == 0);
		end = map + room;
	}
	if (size > 0)
		memcpy(end - size, data, size);
	return end - size;
}

#define FUZZ_LOCATORS 4
#define FUZZ_MARKING 2 // of them write marks, right behind the first

// The scalar locator first; one this machine cannot run is the scalar again.
static inline const struct sip_locator *fuzz_locators(void) {
	static const enum locator_kind kinds[FUZZ_LOCATORS] = {
		LOCATOR_SCALAR, LOCATOR_AVX2, LOCATOR_AVX512, LOCATOR_HYPERSCAN};
	static struct sip_locator locators[FUZZ_LOCATORS];

	for (int i = 0; !locators[i].locate; i = (i + 1) % FUZZ_LOCATORS)
		if (sip_locator_init(&locators[i], kinds[i]) != 0)
			FUZZ_CHECK(sip_locator_init(&locators[i], LOCATOR_SCALAR) == 0);
	return locators;
}
