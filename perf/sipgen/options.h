// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The command line: read once, constant from then on.
#pragma once

#include "base/ip.h"

enum scenario {
	SCENARIO_BASIC,
	SCENARIO_ANSWER_PAUSE,
	SCENARIO_CANCEL,
	SCENARIO_REJECT,
	SCENARIO_REGISTER,
	SCENARIO_OPTIONS,
	SCENARIO_HOLD,
	SCENARIO_COUNT,
};

struct options {
	const char *port_a, *port_b; // DPDK devices
	const char *netns_a, *netns_b;
	struct endpoint local_a, local_b, target;
	struct ip_addr gateway; // no family: the target itself
	uint8_t peer_mac[6];
	bool has_peer_mac;
	const char *request_uri, *domain;
	enum scenario scenario;
	double rate;	     // calls a second; 0: closed loop alone
	uint32_t concurrent; // 0: open loop
	uint64_t calls;	     // 0: no limit
	double duration_s, warmup_s, ramp_s, step_s, drain_s;
	uint32_t hold_ms, pause_ms, t1_ms, timeout_ms;
	uint32_t dialogs; // built up first and kept to the end
	uint32_t sources, hosts, slots, hops, verify, message_size, trace_errors, stop_after_errors;
	double resolution; // of find-max, percent
	double stride;	   // likewise
	const char *headers, *json, *blast;
	uint64_t seed;
	uint32_t cpu;
	bool poisson, find_max, expect_100, send_100, uri_may_change, any_record_route, rough, no_hugepages, quiet;
};

const char *scenario_name(enum scenario scenario);

// Reads the command line. Returns 0; 1 when --help or --version was answered; -EINVAL with the reason on stderr.
int options_read(struct options *o, int argc, char **argv);
