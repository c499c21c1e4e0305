// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What leaves tandem is one message and nothing more, whatever came in. Read through these, every datagram is held to
// that.
#pragma once

#include "call.h"

#define TEXT_MAX 8192

// As rig_next and rig_expect.
const char *whole_next(struct rig *rig, enum side side);
const char *whole_expect(struct rig *rig, enum side side, const char *start);

// What came of what was sent last. A 100 goes before a forwarded INVITE and does not count.
struct outcome {
	unsigned forwarded, answers;
	int status; // of the last answer
};
struct outcome whole_outcome(struct rig *rig);

// Both sides of the next message are read away while time passes, so that every transaction ends.
void whole_pass(struct rig *rig, uint64_t ms);

// A call of the caller's that rings, is cancelled and ends with 487, or gets one refusal and nothing else. False:
// refused.
bool whole_call(struct rig *rig, const char *invite);

// Into a buffer of TEXT_MAX bytes: the text with the first `from` in it replaced by `to`, in which each '#' stands for
// `count` times that character.
void whole_fill(char *out, const char *text, const char *from, const char *to, char character, uint32_t count);
