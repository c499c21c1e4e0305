// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Any bytes on the SIP port as STUN: nothing is read outside them, and what is answered is a whole STUN message of the
// same transaction.
#include "fuzz/fuzz.h"

#include "sip/stun.h"

#define HEADER 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct endpoint from[] = {
		{.addr = {.family = IP_V4, .bytes = {192, 0, 2, 1}}, .port = 5060},
		{.addr = {.family = IP_V6, .bytes = {0x20, 1, 0xd, 0xb8}}, .port = 65535},
	};
	char *copy = malloc(size ? size : 1); // of its exact size, for the address sanitizer

	if (size > 0)
		memcpy(copy, data, size);
	for (unsigned i = 0; i < ARRAY_LEN(from); i++) {
		char out[STUN_ANSWER_MAX];
		uint32_t len = stun_answer(copy, size, &from[i], out);

		FUZZ_CHECK(len == 0 || (stun_starts(copy, size) && stun_starts(out, len)));
		FUZZ_CHECK(len == 0 || (len % 4 == 0 && len <= sizeof(out)));
		FUZZ_CHECK(len == 0 || ((uint8_t)out[2] << 8 | (uint8_t)out[3]) == (int)len - HEADER);
		FUZZ_CHECK(len == 0 || memcmp(out + 4, copy + 4, HEADER - 4) == 0);
	}
	free(copy);
	return 0;
}
