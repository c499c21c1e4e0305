// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The four locators give the same index and the same outcome on every input, with a wide and a narrow limit.
#include "fuzz/fuzz.h"

static void compare(const char *buf, size_t size, uint32_t headers_max) {
	const struct sip_locator *locators = fuzz_locators();
	struct sip_index expected, index;
	enum sip_located located = locators[0].locate(&locators[0], buf, size, headers_max, &expected);

	FUZZ_CHECK(expected.count <= headers_max);
	for (int i = 1; i < FUZZ_LOCATORS; i++) {
		FUZZ_CHECK(locators[i].locate(&locators[i], buf, size, headers_max, &index) == located);
		FUZZ_CHECK(index.first_line == expected.first_line);
		FUZZ_CHECK(index.first_line_end == expected.first_line_end);
		FUZZ_CHECK(index.body == expected.body);
		FUZZ_CHECK(index.count == expected.count);
		FUZZ_CHECK(memcmp(index.header, expected.header, index.count * sizeof(index.header[0])) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *buf;

	if (size > SIP_MESSAGE_MAX)
		return 0;
	buf = fuzz_place(data, size);
	compare(buf, size, SIP_HEADERS_MAX);
	compare(buf, size, 3);
	return 0;
}
