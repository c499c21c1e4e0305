// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// For tests that start from a whole message.
#pragma once

#include "same.h"
#include "unit/test.h"

static inline enum sip_verdict parse_with(enum locator_kind kind, struct sip_msg *msg, const char *buf, size_t len) {
	const struct sip_limits limits = {.headers_max = SIP_HEADERS_MAX, .vias_max = 70};
	enum sip_verdict verdict;
	struct sip_locator locator;

	if (sip_locator_init(&locator, kind) != 0)
		assert_int_equal(sip_locator_init(&locator, LOCATOR_AUTO), 0);
	verdict = sip_parse(msg, buf, len, &limits, &locator);
	sip_locator_fini(&locator);
	return verdict;
}

// Parses with the scalar locator, and with those that write marks, which must read the same. One this machine cannot
// run is its fastest again.
static inline enum sip_verdict parse_bytes(struct sip_msg *msg, const char *buf, size_t len) {
	static const enum locator_kind kinds[] = {LOCATOR_AVX2, LOCATOR_AVX512, LOCATOR_AUTO};
	struct sip_msg full;
	enum sip_verdict verdict = parse_with(LOCATOR_SCALAR, &full, buf, len);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const char *differs;

		assert_int_equal(parse_with(kinds[i], msg, buf, len), verdict);
		differs = same_message(msg, &full);
		if (differs)
			fail_msg("%s is read differently: %.*s", differs, (int)len, buf);
	}
	return verdict;
}

static inline void parse_good(struct sip_msg *msg, const char *buf, size_t len) {
	enum sip_verdict verdict = parse_bytes(msg, buf, len);

	if (verdict != SIP_OK)
		fail_msg("%.*s: %.*s", STR_ARG(sip_verdict_text(verdict)), (int)len, buf);
}
