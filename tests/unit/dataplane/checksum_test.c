// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dataplane/checksum.h"

#include <rte_ip.h>

#include "unit/random.h"
#include "unit/test.h"

#define LEN_MAX 2000

static void sums_are_those_of_dpdk(void **state) {
	static uint8_t bytes[LEN_MAX + 3];
	struct random random = {.state = 1};

	(void)state;
	for (size_t len = 0; len <= LEN_MAX; len++) {
		size_t start = len % 4; // any alignment

		for (size_t i = 0; i < len; i++)
			bytes[start + i] = len % 5 == 0 ? 0xff : (uint8_t)random_below(&random, 256);
		// Two forms of zero (RFC 1071): both mean the same.
		assert_int_equal(checksum_sum(bytes + start, len) % 0xffff, rte_raw_cksum(bytes + start, len) % 0xffff);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_dpdk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
