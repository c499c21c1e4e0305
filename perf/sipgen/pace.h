// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// When the next call of an open loop is due: equal or exponential intervals, with a ramp at the start. What is late
// stays due, so that a slow system does not slow the load down.
#pragma once

#include "base/base.h"

struct pace {
	double interval; // cycles between two calls
	double next;	 // cycles after `begin`
	double ramp;	 // cycles
	uint64_t begin;
	uint64_t count; // calls due so far
	uint64_t random;
	bool poisson;
};

void pace_start(struct pace *pace, double per_second, double ramp_s, uint64_t hz, uint64_t now);

// True, with its time, when a call is due at `now`; each call is told once.
bool pace_due(struct pace *pace, uint64_t now, uint64_t *ret_intended);

// Calls that are due at `now` and were not told yet, more or less.
double pace_behind(const struct pace *pace, uint64_t now);
