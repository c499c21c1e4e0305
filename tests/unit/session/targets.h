// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Calls to a rule with several targets: ports 5061, 5062 … of the callee's host.
#pragma once

#include "call.h"

#define TARGETS 3
#define TEXT 4096

extern struct config_route targets_rules[SIDES];
extern struct config_target targets_list[TARGETS];

// The request as it went out to each target.
extern char targets_sent[TARGETS + 1][TEXT];

// `to` has room for TEXT.
void targets_copy(char *to, const char *text);

// The callers' rule has that many targets with these priorities; all the same; 1, 2, 3.
void targets_set(struct rig *rig, uint8_t count, const uint32_t *priority);
void targets_parallel(struct rig *rig, uint8_t count);
void targets_serial(struct rig *rig, uint8_t count);

// The next request of the callee's side, which goes to that target.
void targets_expect(struct rig *rig, int target, const char *method);

// The caller calls, and the first `count` targets are asked at once.
void targets_call(struct rig *rig, int count);

// A target answers what it got; the same and our ACK comes.
void targets_answer(struct rig *rig, int target, int status);
void targets_refuse(struct rig *rig, int target, int status);

// A CANCEL reaches that target, which obeys.
void targets_expect_cancelled(struct rig *rig, int target);

// The caller gets that final and acknowledges it; nothing else happens.
void targets_expect_failure(struct rig *rig, int status);
