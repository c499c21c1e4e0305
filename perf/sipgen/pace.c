// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "pace.h"

#include <math.h>

void pace_start(struct pace *pace, double per_second, double ramp_s, uint64_t hz, uint64_t now) {
	pace->interval = (double)hz / per_second;
	pace->next = 0;
	pace->ramp = ramp_s * (double)hz;
	pace->begin = now;
	pace->count = 0;
}

// Above 0, at most 1; xorshift64*.
static double random_share(struct pace *pace) {
	pace->random ^= pace->random >> 12;
	pace->random ^= pace->random << 25;
	pace->random ^= pace->random >> 27;
	return (double)((pace->random * 0x2545f4914f6cdd1dULL >> 11) + 1) / 9007199254740992.0;
}

// While the rate grows evenly from 0, call n is due at sqrt(2 n ramp interval).
static void step(struct pace *pace) {
	double share = pace->poisson ? -log(random_share(pace)) : 1;

	pace->count++;
	if (pace->next < pace->ramp)
		pace->next = sqrt(pace->next * pace->next + 2 * share * pace->ramp * pace->interval);
	else
		pace->next += share * pace->interval;
}

bool pace_due(struct pace *pace, uint64_t now, uint64_t *ret_intended) {
	if ((double)(now - pace->begin) < pace->next)
		return false;
	*ret_intended = pace->begin + (uint64_t)pace->next;
	step(pace);
	return true;
}

double pace_behind(const struct pace *pace, uint64_t now) {
	double late = (double)(now - pace->begin) - pace->next;

	return late > 0 ? late / pace->interval : 0;
}
