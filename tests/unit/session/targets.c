// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "targets.h"

#include <stdio.h>

struct config_route targets_rules[SIDES];
struct config_target targets_list[TARGETS];

char targets_sent[TARGETS + 1][TEXT];

void targets_copy(char *to, const char *text) {
	assert_true((size_t)snprintf(to, TEXT, "%s", text) < TEXT);
}

void targets_set(struct rig *rig, uint8_t count, const uint32_t *priority) {
	memcpy(targets_rules, rig->cfg.routes, sizeof(targets_rules));
	targets_rules[CALLER].is_forked = true;
	targets_rules[CALLER].targets = targets_list;
	targets_rules[CALLER].target_count = count;
	for (uint8_t i = 0; i < count; i++) {
		targets_list[i] = (struct config_target){.to = targets_rules[CALLER].to, .priority = priority[i]};
		targets_list[i].to.port = (uint16_t)(5061 + i);
	}
	rig->cfg.routes = targets_rules;
}

void targets_parallel(struct rig *rig, uint8_t count) {
	targets_set(rig, count, (const uint32_t[TARGETS]){1, 1, 1});
}

void targets_serial(struct rig *rig, uint8_t count) {
	targets_set(rig, count, (const uint32_t[TARGETS]){1, 2, 3});
}

void targets_expect(struct rig *rig, int target, const char *method) {
	targets_copy(targets_sent[target], rig_expect(rig, CALLEE, method));
	assert_int_equal(rig->sent.to.port, 5061 + target);
}

void targets_call(struct rig *rig, int count) {
	rig_send(rig, CALLER, INVITE("z9hG4bK1"));
	rig_expect(rig, CALLER, "SIP/2.0 100 ");
	for (int i = 0; i < count; i++)
		targets_expect(rig, i, "INVITE ");
}

void targets_answer(struct rig *rig, int target, int status) {
	char tag[8];

	snprintf(tag, sizeof(tag), "t%d", target);
	rig_send(rig, CALLEE, call_response(targets_sent[target], status, tag));
}

void targets_refuse(struct rig *rig, int target, int status) {
	targets_answer(rig, target, status);
	rig_expect(rig, CALLEE, "ACK ");
	assert_int_equal(rig->sent.to.port, 5061 + target);
}

void targets_expect_cancelled(struct rig *rig, int target) {
	char cancel[TEXT];

	targets_copy(cancel, rig_expect(rig, CALLEE, "CANCEL "));
	assert_int_equal(rig->sent.to.port, 5061 + target);
	rig_send(rig, CALLEE, call_response(cancel, 200, NULL));
	targets_refuse(rig, target, 487);
}

void targets_expect_failure(struct rig *rig, int status) {
	char start[32];

	snprintf(start, sizeof(start), "SIP/2.0 %d ", status);
	rig_expect(rig, CALLER, start);
	rig_send(rig, CALLER, call_request("ACK", "z9hG4bK1", 1, "t0", ""));
	rig_expect_nothing(rig);
}
