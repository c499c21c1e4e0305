// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A control core with two workers that exist only as their structs: what the dataplane and the session give it stands
// in commands_rig.c, and the test is the client at the other end of a socket pair.
#pragma once

#include "control/core.h"
#include "unit/test.h"

#define WORKERS 2

struct rig {
	struct control c;
	struct config *cfg;
	int fd;
	struct command *asked;	// the command that is with a worker
	uint32_t rows[WORKERS]; // records a worker holds
	uint32_t banned_s;	// of the last ban; 0: an end of one
	uint32_t refuse;	// so many questions find the ring full
	uint32_t questions;
};

int commands_rig_up(void **state);
int commands_rig_down(void **state);

// What inspect_answer does, over as many records as the rig says.
void worker_answers(struct rig *rig);

// The answer to a call, as an object to be freed.
json_t *ask(struct rig *rig, const char *method, const char *params);

void assert_error(struct rig *rig, const char *method, const char *params, const char *expected);

const json_t *result_of(const json_t *answer);

// The number at "outer", or at "outer.inner".
int64_t number(const json_t *json, const char *outer, const char *inner);
