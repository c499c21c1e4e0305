// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "whole.h"

#include <stdio.h>

// An answer has the faults of the request it was copied from, and the Via below ours any protocol.
static bool is_copied_fault(enum sip_verdict verdict) {
	return verdict == SIP_BAD_VIA || verdict == SIP_BAD_FROM || verdict == SIP_BAD_TO ||
	       verdict == SIP_BAD_CALL_ID || verdict == SIP_BAD_CSEQ || verdict == SIP_BAD_TOO_MANY_VIAS;
}

static void assert_whole(const struct rig *rig) {
	static struct sip_msg msg;
	const struct sent *sent = &rig->sent;
	enum sip_verdict verdict = sip_parse(&msg, sent->text, sent->len, &rig->s->own_limits, &rig->s->locator);
	bool fine = verdict == SIP_OK || verdict == SIP_BAD_URI_SCHEME;

	if (!fine && is_copied_fault(verdict) && !msg.is_request)
		fine = msg.index.body == sent->len;
	if (!fine || msg.len != sent->len)
		fail_msg("%.*s: \"%s\"", STR_ARG(sip_verdict_text(verdict)), sent->text);
}

const char *whole_next(struct rig *rig, enum side side) {
	const char *text = rig_next(rig, side);

	if (text)
		assert_whole(rig);
	return text;
}

const char *whole_expect(struct rig *rig, enum side side, const char *start) {
	const char *text = rig_expect(rig, side, start);

	assert_whole(rig);
	return text;
}

struct outcome whole_outcome(struct rig *rig) {
	struct outcome got = {0};
	const char *text;
	uint64_t status = 0;

	while (whole_next(rig, CALLEE))
		got.forwarded++;
	while ((text = whole_next(rig, CALLER))) {
		if (strncmp(text, "SIP/2.0 ", 8) != 0) {
			got.forwarded++;
		} else if (strncmp(text, "SIP/2.0 100 ", 12) != 0) {
			got.answers++;
			assert_true(str_to_u64(str_of(text + 8, 3), 699, &status));
			got.status = (int)status;
		}
	}
	return got;
}

void whole_pass(struct rig *rig, uint64_t ms) {
	static const uint64_t step_ms = 1000;

	for (uint64_t passed = 0; passed < ms; passed += step_ms) {
		rig_pass(rig, step_ms);
		(void)whole_outcome(rig);
	}
}

// The CANCEL of an INVITE has all of it but the method.
static void make_cancel(char *invite) {
	char *cseq = strstr(invite, "CSeq: ");

	assert_non_null(cseq);
	memcpy(invite, "CANCEL", 6);
	memcpy(strstr(cseq, "INVITE"), "CANCEL", 6);
}

bool whole_call(struct rig *rig, const char *invite) {
	static char came[TEXT_MAX], out[TEXT_MAX];
	struct outcome got;
	const char *text;

	snprintf(came, sizeof(came), "%s", invite);
	rig_send(rig, CALLER, came);
	text = whole_next(rig, CALLEE);
	if (!text) {
		got = whole_outcome(rig);
		assert_int_equal(got.forwarded, 0);
		assert_int_equal(got.answers, 1);
		assert_in_range(got.status, 400, 599);
		return false;
	}
	assert_int_equal(strncmp(text, "INVITE ", 7), 0);
	snprintf(out, sizeof(out), "%s", text);
	whole_expect(rig, CALLER, "SIP/2.0 100 ");
	rig_send(rig, CALLEE, call_response(out, 180, "t1"));
	whole_expect(rig, CALLER, "SIP/2.0 180 ");
	make_cancel(came);
	rig_send(rig, CALLER, came);
	whole_expect(rig, CALLER, "SIP/2.0 200 ");
	rig_send(rig, CALLEE, call_response(whole_expect(rig, CALLEE, "CANCEL "), 200, "t1"));
	for (int i = 0; i < 2; i++) {
		rig_send(rig, CALLEE, call_response(out, 487, "t1"));
		whole_expect(rig, CALLEE, "ACK ");
	}
	whole_expect(rig, CALLER, "SIP/2.0 487 ");
	rig_expect_nothing(rig);
	return true;
}

void whole_fill(char *out, const char *text, const char *from, const char *to, char character, uint32_t count) {
	const char *at = strstr(text, from);
	size_t len;

	assert_non_null(at);
	len = (size_t)(at - text);
	memcpy(out, text, len);
	for (; *to; to++) {
		uint32_t times = *to == '#' ? count : 1;

		assert_true(len + times < TEXT_MAX);
		memset(out + len, *to == '#' ? character : *to, times);
		len += times;
	}
	assert_true((size_t)snprintf(out + len, TEXT_MAX - len, "%s", at + strlen(from)) < TEXT_MAX - len);
}
