// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/health_fsm.h"

// clang-format off
static const uint8_t probe[PROBE_STATE_COUNT][PROBE_EVENT_COUNT] = {
	[PROBE_UP] = {
		[PROBE_ALIVE]  = PROBE_UP,
		[PROBE_ENOUGH] = PROBE_UP,
		[PROBE_FAILED] = PROBE_FAILING,
		[PROBE_OUT]    = PROBE_DOWN,
		[PROBE_OFF]    = PROBE_UP,
	},
	[PROBE_FAILING] = {
		[PROBE_ALIVE]  = PROBE_UP,
		[PROBE_ENOUGH] = PROBE_UP,
		[PROBE_FAILED] = PROBE_FAILING,
		[PROBE_OUT]    = PROBE_DOWN,
		[PROBE_OFF]    = PROBE_UP,
	},
	[PROBE_DOWN] = {
		[PROBE_ALIVE]  = PROBE_RECOVERING,
		[PROBE_ENOUGH] = PROBE_UP,
		[PROBE_FAILED] = PROBE_DOWN,
		[PROBE_OUT]    = PROBE_DOWN,
		[PROBE_OFF]    = PROBE_UP,
	},
	[PROBE_RECOVERING] = {
		[PROBE_ALIVE]  = PROBE_RECOVERING,
		[PROBE_ENOUGH] = PROBE_UP,
		[PROBE_FAILED] = PROBE_DOWN,
		[PROBE_OUT]    = PROBE_DOWN,
		[PROBE_OFF]    = PROBE_UP,
	},
};

// Cells with no action are not there: nothing happens.
static const struct breaker_step breaker[BREAKER_STATE_COUNT][BREAKER_EVENT_COUNT] = {
	[BREAKER_CLOSED] = {
		[BREAKER_SILENT]      = {.next = BREAKER_OPEN, .actions = BREAKER_DO_PAUSE},
		[BREAKER_UNREACHABLE] = {.next = BREAKER_OPEN, .actions = BREAKER_DO_PAUSE},
		[BREAKER_UNAVAILABLE] = {.next = BREAKER_OPEN, .actions = BREAKER_DO_PAUSE},
		[BREAKER_RATIO]       = {.next = BREAKER_OPEN, .actions = BREAKER_DO_PAUSE},
		[BREAKER_ASR]         = {.next = BREAKER_OPEN, .actions = BREAKER_DO_PAUSE},
		[BREAKER_RESET]       = {.next = BREAKER_CLOSED, .actions = BREAKER_DO_CLEAR},
	},
	[BREAKER_OPEN] = {
		[BREAKER_UNAVAILABLE] = {.next = BREAKER_OPEN, .actions = BREAKER_DO_EXTEND},
		[BREAKER_DUE]         = {.next = BREAKER_HALF_OPEN, .actions = BREAKER_DO_TRY},
		[BREAKER_RESET]       = {.next = BREAKER_CLOSED, .actions = BREAKER_DO_CLEAR},
	},
	[BREAKER_HALF_OPEN] = {
		[BREAKER_UNREACHABLE] = {.next = BREAKER_OPEN, .actions = BREAKER_DO_PAUSE},
		[BREAKER_UNAVAILABLE] = {.next = BREAKER_OPEN, .actions = BREAKER_DO_PAUSE},
		[BREAKER_FAILED]      = {.next = BREAKER_OPEN, .actions = BREAKER_DO_PAUSE},
		[BREAKER_DUE]         = {.next = BREAKER_HALF_OPEN, .actions = BREAKER_DO_TRY},
		[BREAKER_SPENT]       = {.next = BREAKER_HALF_OPEN, .actions = BREAKER_DO_TRY},
		[BREAKER_PASSED]      = {.next = BREAKER_CLOSED, .actions = BREAKER_DO_CLEAR},
		[BREAKER_RESET]       = {.next = BREAKER_CLOSED, .actions = BREAKER_DO_CLEAR},
	},
};

static const uint8_t admin[ADMIN_STATE_COUNT][ADMIN_EVENT_COUNT] = {
	[ADMIN_UP] = {
		[ADMIN_SET_UP]    = ADMIN_UP,
		[ADMIN_SET_DRAIN] = ADMIN_DRAINING,
		[ADMIN_SET_DOWN]  = ADMIN_DOWN,
		[ADMIN_EMPTY]     = ADMIN_UP,
	},
	[ADMIN_DRAINING] = {
		[ADMIN_SET_UP]    = ADMIN_UP,
		[ADMIN_SET_DRAIN] = ADMIN_DRAINING,
		[ADMIN_SET_DOWN]  = ADMIN_DOWN,
		[ADMIN_EMPTY]     = ADMIN_DRAINED,
	},
	[ADMIN_DRAINED] = {
		[ADMIN_SET_UP]    = ADMIN_UP,
		[ADMIN_SET_DRAIN] = ADMIN_DRAINED,
		[ADMIN_SET_DOWN]  = ADMIN_DOWN,
		[ADMIN_EMPTY]     = ADMIN_DRAINED,
	},
	[ADMIN_DOWN] = {
		[ADMIN_SET_UP]    = ADMIN_UP,
		[ADMIN_SET_DRAIN] = ADMIN_DRAINING,
		[ADMIN_SET_DOWN]  = ADMIN_DOWN,
		[ADMIN_EMPTY]     = ADMIN_DOWN,
	},
};

static const char *const probe_names[PROBE_STATE_COUNT] = {
	[PROBE_UP]         = "up",
	[PROBE_FAILING]    = "failing",
	[PROBE_DOWN]       = "down",
	[PROBE_RECOVERING] = "recovering",
};

static const char *const breaker_names[BREAKER_STATE_COUNT] = {
	[BREAKER_CLOSED]    = "closed",
	[BREAKER_OPEN]      = "open",
	[BREAKER_HALF_OPEN] = "half-open",
};

static const char *const admin_names[ADMIN_STATE_COUNT] = {
	[ADMIN_UP]       = "up",
	[ADMIN_DRAINING] = "draining",
	[ADMIN_DRAINED]  = "drained",
	[ADMIN_DOWN]     = "down",
};

static const char *const health_names[HEALTH_STATE_COUNT] = {
	[HEALTH_USABLE]   = "usable",
	[HEALTH_TRIAL]    = "on trial",
	[HEALTH_UNUSABLE] = "not usable",
};
// clang-format on

enum probe_state probe_step(enum probe_state state, enum probe_event event) {
	return probe[state][event];
}

struct breaker_step breaker_step(enum breaker_state state, enum breaker_event event) {
	struct breaker_step step = breaker[state][event];

	if (step.actions == 0)
		step.next = (uint8_t)state;
	return step;
}

enum admin_state admin_step(enum admin_state state, enum admin_event event) {
	return admin[state][event];
}

const char *probe_state_name(enum probe_state state) {
	return probe_names[state];
}

const char *breaker_state_name(enum breaker_state state) {
	return breaker_names[state];
}

const char *admin_state_name(enum admin_state state) {
	return admin_names[state];
}

const char *health_state_name(enum health_state state) {
	return health_names[state];
}
