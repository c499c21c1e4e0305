// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Messages of some calls in any order, repeated, forked, crossed, damaged and late, from both sides, while time passes,
// next hops vanish and memory runs out: as the bytes of a script say, so that a test can draw them at random and a
// fuzzer can look for them. storm_watch.h says what must hold whatever happens.
#pragma once

#include "targets.h"

// A script: two bytes that choose the mode and the rule, see storm.c; then events.
#define STORM_HEAD 2
#define STORM_EVENT 5
#define STORM_EVENTS_MAX 256

// A rig for storms: small tables, large datagrams.
int storm_set_up(void **state);

// Plays the script from an empty worker to an empty worker. What is left of an event at its end is left out.
void storm_run(struct rig *rig, const uint8_t *script, size_t len);
