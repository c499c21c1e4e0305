// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/packet.h"

const char *latency_kind_name(enum latency_kind kind) {
	static const char *const names[LATENCY_COUNT] = {
		[LATENCY_NONE] = "none",
		[LATENCY_INVITE] = "invite",
		[LATENCY_REQUEST] = "request",
		[LATENCY_PROVISIONAL] = "provisional",
		[LATENCY_FINAL] = "final",
		[LATENCY_LOCAL] = "local",
	};

	return names[kind];
}
