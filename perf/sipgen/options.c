// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_LONG 256

enum value_kind {
	VALUE_TEXT,	// const char *
	VALUE_ENDPOINT, // struct endpoint, IPv4
	VALUE_ADDRESS,	// struct ip_addr, IPv4
	VALUE_MAC,
	VALUE_SCENARIO,
	VALUE_U32,
	VALUE_U64,
	VALUE_REAL,
	VALUE_ALL, // uint32_t; "all" is 1
	VALUE_FLAG,
	VALUE_HELP,
	VALUE_VERSION,
};

struct option_info {
	const char *name;
	enum value_kind kind;
	const char *value; // as help calls it
	size_t at;	   // in struct options
	double min, max;
	const char *help;
};

#define AT(field) .at = offsetof(struct options, field)

static const struct option_info infos[] = {
	{.name = "port-a",
	 .kind = VALUE_TEXT,
	 .value = "DEV",
	 AT(port_a),
	 .help = "callers' DPDK device: net_memif0,role=client,socket=PATH; net_af_xdp0,iface=NAME; a PCI address"},
	{.name = "port-b", .kind = VALUE_TEXT, .value = "DEV", AT(port_b), .help = "callees' device (that of port-a)"},
	{.name = "netns-a",
	 .kind = VALUE_TEXT,
	 .value = "NAME",
	 AT(netns_a),
	 .help = "network namespace port-a's interface is in"},
	{.name = "netns-b", .kind = VALUE_TEXT, .value = "NAME", AT(netns_b), .help = "the same of port-b"},
	{.name = "local-a",
	 .kind = VALUE_ENDPOINT,
	 .value = "IP:PORT",
	 AT(local_a),
	 .help = "callers' address (192.0.2.10:5060)"},
	{.name = "local-b",
	 .kind = VALUE_ENDPOINT,
	 .value = "IP:PORT",
	 AT(local_b),
	 .help = "callees' address (198.51.100.10:5060)"},
	{.name = "target",
	 .kind = VALUE_ENDPOINT,
	 .value = "IP:PORT",
	 AT(target),
	 .help = "where callers send: the proxy (192.0.2.1:5060)"},
	{.name = "gateway",
	 .kind = VALUE_ADDRESS,
	 .value = "IP",
	 AT(gateway),
	 .help = "next hop to the target, if another"},
	{.name = "peer-mac", .kind = VALUE_MAC, .value = "MAC", AT(peer_mac), .help = "its MAC; without it ARP asks"},
	{.name = "request-uri",
	 .kind = VALUE_TEXT,
	 .value = "URI",
	 AT(request_uri),
	 .help = "first Request-URI; [n] is the call's number (sip:+4930[n]@DOMAIN;user=phone)"},
	{.name = "domain",
	 .kind = VALUE_TEXT,
	 .value = "NAME",
	 AT(domain),
	 .help = "host of that and of To (the target)"},
	{.name = "scenario",
	 .kind = VALUE_SCENARIO,
	 .value = "NAME",
	 AT(scenario),
	 .help = "basic, answer-pause, cancel, reject, register, options, hold (basic)"},
	{.name = "rate",
	 .kind = VALUE_REAL,
	 .value = "CPS",
	 AT(rate),
	 .max = 1e8,
	 .help = "calls a second, open loop (100, or without limit with --concurrent); find-max starts with it"},
	{.name = "poisson", .kind = VALUE_FLAG, AT(poisson), .help = "random intervals instead of equal ones"},
	{.name = "concurrent",
	 .kind = VALUE_U32,
	 .value = "N",
	 AT(concurrent),
	 .min = 1,
	 .max = 1e7,
	 .help = "closed loop: so many calls in progress"},
	{.name = "calls",
	 .kind = VALUE_U64,
	 .value = "N",
	 AT(calls),
	 .min = 1,
	 .max = 1e15,
	 .help = "stop after so many"},
	{.name = "duration",
	 .kind = VALUE_REAL,
	 .value = "S",
	 AT(duration_s),
	 .max = 1e7,
	 .help = "stop after so long, warm-up included (10 where --calls says nothing)"},
	{.name = "warmup",
	 .kind = VALUE_REAL,
	 .value = "S",
	 AT(warmup_s),
	 .max = 1e5,
	 .help = "calls started in the first seconds are not reported"},
	{.name = "ramp",
	 .kind = VALUE_REAL,
	 .value = "S",
	 AT(ramp_s),
	 .max = 1e5,
	 .help = "the rate grows for so long"},
	{.name = "drain",
	 .kind = VALUE_REAL,
	 .value = "S",
	 AT(drain_s),
	 .max = 1e5,
	 .help = "at the end wait so long for calls in progress (34)"},
	{.name = "hold", .kind = VALUE_U32, .value = "MS", AT(hold_ms), .max = 1e8, .help = "from ACK to BYE (0)"},
	{.name = "pause",
	 .kind = VALUE_U32,
	 .value = "MS",
	 AT(pause_ms),
	 .max = 1e8,
	 .help = "from 180 to 200 or CANCEL (answer-pause: 1000, else 0)"},
	{.name = "dialogs",
	 .kind = VALUE_U32,
	 .value = "N",
	 AT(dialogs),
	 .max = 1e8,
	 .help = "first set up so many calls that stay up, at --rate; hung up at the end"},
	{.name = "find-max",
	 .kind = VALUE_FLAG,
	 AT(find_max),
	 .help = "search the highest rate without failure, retransmission or wrong message"},
	{.name = "step",
	 .kind = VALUE_REAL,
	 .value = "S",
	 AT(step_s),
	 .min = 0.1,
	 .max = 1e5,
	 .help = "length of each step of the search (2)"},
	{.name = "resolution",
	 .kind = VALUE_REAL,
	 .value = "PERCENT",
	 AT(resolution),
	 .min = 0.1,
	 .max = 100,
	 .help = "the search ends when it knows it that well (5)"},
	{.name = "stride",
	 .kind = VALUE_REAL,
	 .value = "PERCENT",
	 AT(stride),
	 .min = 1,
	 .max = 1000,
	 .help = "how much more the search asks for until a step fails, or less until one passes (100)"},
	{.name = "blast",
	 .kind = VALUE_TEXT,
	 .value = "FILE",
	 AT(blast),
	 .help = "no calls: send the datagrams of FILE, parted by lines of ---, or of a directory's files, or random "
		 "\"junk\", --rate a second (0: all the port takes)"},
	{.name = "headers",
	 .kind = VALUE_TEXT,
	 .value = "FILE",
	 AT(headers),
	 .help = "header lines that replace Supported to User-Agent in INVITE"},
	{.name = "message-size",
	 .kind = VALUE_U32,
	 .value = "BYTES",
	 AT(message_size),
	 .max = 1472,
	 .help = "pad the INVITE to that (about 900 as it is)"},
	{.name = "sources",
	 .kind = VALUE_U32,
	 .value = "N",
	 AT(sources),
	 .min = 1,
	 .max = 10000,
	 .help = "spread callers over so many UDP ports, from local-a's on (1)"},
	{.name = "hosts",
	 .kind = VALUE_U32,
	 .value = "N",
	 AT(hosts),
	 .min = 1,
	 .max = 10000,
	 .help = "spread the datagrams of --blast over so many addresses, from local-a's on (1)"},
	{.name = "hops", .kind = VALUE_U32, .value = "N", AT(hops), .max = 15, .help = "proxies passed; 0: none (1)"},
	{.name = "expect-100", .kind = VALUE_FLAG, AT(expect_100), .help = "a call without 100 Trying is wrong"},
	{.name = "send-100", .kind = VALUE_FLAG, AT(send_100), .help = "callees send 100 Trying before 180"},
	{.name = "uri-may-change",
	 .kind = VALUE_FLAG,
	 AT(uri_may_change),
	 .help = "the proxy may rewrite the first Request-URI"},
	{.name = "rough",
	 .kind = VALUE_FLAG,
	 AT(rough),
	 .help = "the network loses, repeats and reorders: what comes twice or late is not wrong"},
	{.name = "any-record-route",
	 .kind = VALUE_FLAG,
	 AT(any_record_route),
	 .help = "Record-Routes and the top Via may name any address, or be missing"},
	{.name = "verify",
	 .kind = VALUE_ALL,
	 .value = "all|N",
	 AT(verify),
	 .min = 1,
	 .max = 1e9,
	 .help = "check every header of all calls, or of one in N; the state of the call always (all)"},
	{.name = "trace-errors",
	 .kind = VALUE_U32,
	 .value = "N",
	 AT(trace_errors),
	 .max = 1e6,
	 .help = "print the first N wrong messages"},
	{.name = "stop-after-errors",
	 .kind = VALUE_U32,
	 .value = "N",
	 AT(stop_after_errors),
	 .max = 1e9,
	 .help = "stop making calls after N failures or wrong messages"},
	{.name = "t1",
	 .kind = VALUE_U32,
	 .value = "MS",
	 AT(t1_ms),
	 .min = 10,
	 .max = 10000,
	 .help = "RFC 3261 T1; T2 is 8 times that (500)"},
	{.name = "timeout",
	 .kind = VALUE_U32,
	 .value = "MS",
	 AT(timeout_ms),
	 .min = 10,
	 .max = 1e8,
	 .help = "from a provisional answer to the final one, the pause not counted (64 T1)"},
	{.name = "slots",
	 .kind = VALUE_U32,
	 .value = "N",
	 AT(slots),
	 .min = 64,
	 .max = 5e8,
	 .help = "calls there is memory for (from rate, hold and so on)"},
	{.name = "cpu",
	 .kind = VALUE_U32,
	 .value = "N",
	 AT(cpu),
	 .max = 1023,
	 .help = "the CPU that spins (the first it may use)"},
	{.name = "no-hugepages", .kind = VALUE_FLAG, AT(no_hugepages), .help = "even if there are some"},
	{.name = "seed",
	 .kind = VALUE_U64,
	 .value = "N",
	 AT(seed),
	 .max = 1.8e19,
	 .help = "of random numbers and identifiers (the time)"},
	{.name = "json", .kind = VALUE_TEXT, .value = "FILE", AT(json), .help = "write the report there; - is stdout"},
	{.name = "quiet", .kind = VALUE_FLAG, AT(quiet), .help = "no progress line"},
	{.name = "version", .kind = VALUE_VERSION, .help = "print the version"},
	{.name = "help", .kind = VALUE_HELP, .help = "print this"},
};

static const char *const scenario_names[SCENARIO_COUNT] = {
	[SCENARIO_BASIC] = "basic",
	[SCENARIO_ANSWER_PAUSE] = "answer-pause",
	[SCENARIO_CANCEL] = "cancel",
	[SCENARIO_REJECT] = "reject",
	[SCENARIO_REGISTER] = "register",
	[SCENARIO_OPTIONS] = "options",
	[SCENARIO_HOLD] = "hold",
};

const char *scenario_name(enum scenario scenario) {
	return scenario_names[scenario];
}

static void help_print(void) {
	puts("usage: sipgen --port-a DEV [options]\n\n"
	     "A SIP load generator on DPDK ports, caller and callee side. It exits with 0 when all went well, 1 when "
	     "calls\n"
	     "failed or a message was wrong, 2 for a wrong command line, 3 when it could not run.\n");
	for (size_t i = 0; i < ARRAY_LEN(infos); i++)
		printf("  --%s %-*s  %s\n",
		       infos[i].name,
		       (int)(24 - strlen(infos[i].name)),
		       infos[i].value ? infos[i].value : "",
		       infos[i].help);
}

static bool number_read(const struct option_info *info, const char *text, double *ret_number) {
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end || isnan(number) || number < info->min || number > info->max)
		return false;
	if (info->kind != VALUE_REAL && number != floor(number))
		return false;
	*ret_number = number;
	return true;
}

static bool mac_read(const char *text, uint8_t *mac) {
	unsigned byte[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", byte, byte + 1, byte + 2, byte + 3, byte + 4, byte + 5, &end) !=
		    6 ||
	    text[end])
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)byte[i];
	return true;
}

static bool scenario_read(const char *text, enum scenario *ret_scenario) {
	for (unsigned i = 0; i < SCENARIO_COUNT; i++) {
		if (strcmp(text, scenario_names[i]) == 0) {
			*ret_scenario = (enum scenario)i;
			return true;
		}
	}
	return false;
}

static bool value_read(struct options *o, const struct option_info *info, const char *text) {
	void *at = (char *)o + info->at;
	struct endpoint endpoint;
	double number;

	switch (info->kind) {
	case VALUE_TEXT:
		*(const char **)at = text;
		return true;
	case VALUE_ENDPOINT:
		if (!endpoint_parse(str_from_c(text), 5060, &endpoint) || endpoint.addr.family != IP_V4)
			return false;
		*(struct endpoint *)at = endpoint;
		return true;
	case VALUE_ADDRESS:
		return ip_parse(str_from_c(text), at) && ((struct ip_addr *)at)->family == IP_V4;
	case VALUE_MAC:
		o->has_peer_mac = true;
		return mac_read(text, at);
	case VALUE_SCENARIO:
		return scenario_read(text, at);
	case VALUE_U64:
		return number_read(info, text, &number) && str_to_u64(str_from_c(text), UINT64_MAX, at);
	case VALUE_ALL:
		if (strcmp(text, "all") == 0)
			text = "1";
		// fall through
	case VALUE_U32:
		if (!number_read(info, text, &number))
			return false;
		*(uint32_t *)at = (uint32_t)number;
		return true;
	case VALUE_REAL:
		return number_read(info, text, at);
	case VALUE_FLAG:
		*(bool *)at = true;
		return true;
	case VALUE_HELP:
	case VALUE_VERSION:
		break;
	}
	return false;
}

static int refuse(const char *what) {
	fprintf(stderr, "sipgen: %s; see sipgen --help\n", what);
	return -EINVAL;
}

// What one option means for another.
static int options_finish(struct options *o) {
	uint32_t t1 = o->t1_ms;

	if (!o->port_a)
		return refuse("--port-a is needed");
	if (!o->port_b)
		o->port_b = o->port_a;
	if (o->blast && (o->find_max || o->concurrent || o->dialogs))
		return refuse("--blast makes no calls: no --find-max, --concurrent or --dialogs goes with it");
	if (o->rate == 0 && !o->concurrent && !o->blast)
		o->rate = 100;
	if (o->find_max && o->concurrent)
		return refuse("--find-max searches a rate: it does not go with --concurrent");
	if (o->duration_s == 0 && o->calls == 0)
		o->duration_s = 10;
	if (o->scenario == SCENARIO_ANSWER_PAUSE && !o->pause_ms)
		o->pause_ms = 1000;
	if (!o->timeout_ms)
		o->timeout_ms = 64 * t1;
	if (o->drain_s < 0 && o->blast)
		o->drain_s = 1;
	if (o->drain_s < 0)
		o->drain_s = (66 * t1 + o->pause_ms + 1000) / 1000.0;
	if (o->local_a.port + o->sources > 65536)
		return refuse("--sources: there are not so many ports from that of --local-a on");
	if (o->hosts > 1 && !o->blast)
		return refuse("--hosts: calls come from one address; it goes with --blast");
	if (endpoint_eq(&o->local_a, &o->local_b))
		return refuse("--local-a and --local-b must differ");
	return 0;
}

static uint32_t first_cpu(void) {
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
		for (uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
			if (CPU_ISSET(cpu, &allowed))
				return cpu;
	return 0;
}

static void defaults_set(struct options *o) {
	*o = (struct options){
		.t1_ms = 500,
		.step_s = 2,
		.drain_s = -1,
		.resolution = 5,
		.stride = 100,
		.sources = 1,
		.hosts = 1,
		.hops = 1,
		.verify = 1,
		.cpu = first_cpu(),
	};
	endpoint_parse(STR("192.0.2.10:5060"), 0, &o->local_a);
	endpoint_parse(STR("198.51.100.10:5060"), 0, &o->local_b);
	endpoint_parse(STR("192.0.2.1:5060"), 0, &o->target);
}

int options_read(struct options *o, int argc, char **argv) {
	struct option table[ARRAY_LEN(infos) + 1] = {0};
	int found;

	for (size_t i = 0; i < ARRAY_LEN(infos); i++)
		table[i] = (struct option
		){.name = infos[i].name, .has_arg = infos[i].value != NULL, .val = FIRST_LONG + (int)i};
	defaults_set(o);
	while ((found = getopt_long(argc, argv, "", table, NULL)) >= FIRST_LONG) {
		const struct option_info *info = &infos[found - FIRST_LONG];

		if (info->kind == VALUE_HELP)
			help_print();
		if (info->kind == VALUE_VERSION)
			puts("sipgen of tandem " TANDEM_VERSION);
		if (info->kind == VALUE_HELP || info->kind == VALUE_VERSION)
			return 1;
		if (!value_read(o, info, optarg)) {
			fprintf(stderr, "sipgen: --%s %s is not in its range; see sipgen --help\n", info->name, optarg);
			return -EINVAL;
		}
	}
	if (found != -1)
		return -EINVAL;
	if (optind < argc)
		return refuse("there is an argument without an option");
	return options_finish(o);
}
