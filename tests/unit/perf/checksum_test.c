// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "../random.h"
#include "../test.h"
#include "checksum.h"

#define LEN_MAX 300

// As RFC 1071 section 1 says it, a word at a time, in memory order.
static uint16_t plain(const uint8_t *bytes, uint32_t len) {
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum >> 16)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)~sum;
}

static void every_length_sums_as_the_rfc_says(void **state) {
	struct random random = {.state = 1};
	uint8_t bytes[LEN_MAX];

	(void)state;
	for (uint32_t len = 0; len <= LEN_MAX; len++) {
		struct guarded text;

		for (uint32_t i = 0; i < len; i++)
			bytes[i] = len % 3 ? (uint8_t)random_below(&random, 256) : 0xff;
		text = guarded_end(bytes, len);
		assert_int_equal(checksum_end(checksum_add(0, text.ptr, len)), plain(bytes, len));
		guarded_free(&text);
	}
}

static void parts_of_even_length_add_up(void **state) {
	uint8_t bytes[LEN_MAX];

	(void)state;
	for (uint32_t i = 0; i < LEN_MAX; i++)
		bytes[i] = (uint8_t)(7 * i + 1);
	for (uint32_t at = 0; at <= LEN_MAX; at += 2) {
		uint64_t sum = checksum_add(checksum_add(0, bytes, at), bytes + at, LEN_MAX - at);

		assert_int_equal(checksum_end(sum), plain(bytes, LEN_MAX));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_sums_as_the_rfc_says),
		cmocka_unit_test(parts_of_even_length_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
