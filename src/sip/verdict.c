// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/msg.h"

struct verdict_info {
	uint16_t status;
	enum count count;
	struct str text;
};

static const struct verdict_info verdicts[SIP_VERDICT_COUNT] = {
	[SIP_KEEPALIVE] = {.count = COUNT_RX_KEEPALIVE},
#define X(id, answer, counter, phrase)                                                                                 \
	[SIP_BAD_##id] = {.status = (answer), .count = (counter), .text = {.ptr = (phrase), .len = sizeof(phrase) - 1}},
#include "sip/verdict.def"
#undef X
};

uint16_t sip_verdict_status(enum sip_verdict verdict) {
	return verdicts[verdict].status;
}

enum count sip_verdict_count(enum sip_verdict verdict) {
	assert(verdict != SIP_OK);
	return verdicts[verdict].count;
}

struct str sip_verdict_text(enum sip_verdict verdict) {
	return verdicts[verdict].text;
}
