// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Every key of the configuration file, once. From these lists come the structs libcyaml fills, its schema, the check
// of names, types and ranges, the defaults and docs/configuration.md.
#pragma once

#include <cyaml/cyaml.h>

#include "base/base.h"

enum key_kind {
	KEY_UINT,
	KEY_BOOL,
	KEY_ENUM,
	KEY_TEXT,
	KEY_LIST_UINT,
	KEY_LIST_TEXT,
	KEY_MAP,
	KEY_LIST_MAP,
};

struct config_key {
	const char *name;
	enum key_kind kind;
	bool required;
	uint32_t low, high;		    // of a number; of the length of a text; of the count of a list
	const struct config_section *child; // of MAP and LIST_MAP
	const cyaml_strval_t *words;	    // of ENUM
	uint32_t word_count;
	const char *standard; // the default as it would be written, or in words; "" = none
	const char *unit;
	const char *help;
};

// The keys of one mapping.
struct config_section {
	const char *path; // as shown to people: "ports[].vlans[]", "" for the top
	const struct config_key *keys;
	uint32_t key_count;
};

extern const cyaml_schema_value_t config_yaml_schema;

// The sections by name, for defaults.
// clang-format off
#define SECTIONS(X) \
	X(gateway) X(vlan) X(port) X(listener) X(match) X(target) X(route) X(cores) X(memory) X(parser) X(proxy) X(timers) X(capacity) \
	X(sources) X(log) X(control) X(metrics) X(top)
// clang-format on
#define X(name) extern const struct config_section config_section_##name;
SECTIONS(X)
#undef X

// The numeric default of a key (or the position of its word, for ENUM and BOOL); 0 where there is none.
uint32_t config_default(const struct config_section *section, const char *key);
const char *config_default_text(const struct config_section *section, const char *key);

const struct config_key *config_key_find(const struct config_section *section, const char *name, size_t len);

// The word of an ENUM value, as it is written in the file.
const char *config_word(const struct config_section *section, const char *key, int value);

// A value of a raw struct (below), or the key's default.
#define CHOSEN(raw, section, key)                                                                                      \
	((raw)->key ? (uint32_t) * (raw)->key : config_default(&config_section_##section, #key))
#define CHOSEN_TEXT(raw, section, key) ((raw)->key ? (raw)->key : config_default_text(&config_section_##section, #key))

// X(kind, section, key, what, need, low, high, default, unit, help); `what`: words of an ENUM, section of a MAP
// clang-format off
#define KEYS_gateway(X) \
	X(TEXT, gateway, to,  , REQUIRED, 1, 64, "", "", \
		"destination network, e.g. `203.0.113.0/24`; `0.0.0.0/0` for all others") \
	X(TEXT, gateway, via, , REQUIRED, 1, 64, "", "", "next hop; an address in a network of the same interface")

#define KEYS_vlan(X) \
	X(UINT, vlan, id, , REQUIRED, 1, 4094, "", "", "VLAN number") \
	X(LIST_TEXT, vlan, addresses, , OPTIONAL, 0, 16, "[]", "", \
		"own addresses in that VLAN with their prefix length") \
	X(LIST_MAP, vlan, routes, gateway, OPTIONAL, 0, 256, "[]", "", "kernel routes through that VLAN")

#define KEYS_port(X) \
	X(TEXT, port, name, , REQUIRED, 1, 31, "", "", "name used by rules, commands and logs") \
	X(TEXT, port, device, , REQUIRED, 1, 255, "", "", \
		"PCI address of a NIC bound to VFIO (`0000:03:00.0`), or a DPDK virtual device with its " \
		"arguments (`net_af_xdp0,iface=veth0`)") \
	X(TEXT, port, tap, , OPTIONAL, 1, 15, "the port's name", "", \
		"kernel interface of the exception path, which carries the addresses; a VLAN's is " \
		"`TAP.VLAN`, and both have at most 15 characters") \
	X(UINT, port, mtu, , OPTIONAL, 576, 9600, "1500", "bytes", "largest IP packet") \
	X(UINT, port, queues, , OPTIONAL, 1, WORKERS_MAX, "one for each worker", "", \
		"receive and send queues at most, where the device leaves that to us; a memif peer that offers one wants 1") \
	X(LIST_TEXT, port, addresses, , OPTIONAL, 0, 16, "[]", "", \
		"own addresses of the untagged side with their prefix length, e.g. `192.0.2.1/24`") \
	X(LIST_MAP, port, routes, gateway, OPTIONAL, 0, 256, "[]", "", "kernel routes set on the kernel interface") \
	X(LIST_MAP, port, vlans, vlan, OPTIONAL, 0, 31, "[]", "", "tagged sides of the port")

#define KEYS_listener(X) \
	X(TEXT, listener, name, , REQUIRED, 1, 31, "", "", "name used by logs and commands") \
	X(TEXT, listener, address, , REQUIRED, 1, 64, "", "", "one of the ports' addresses, without prefix length") \
	X(UINT, listener, port, , OPTIONAL, 1, 65535, "5060", "", "UDP port") \
	X(TEXT, listener, advertise, , OPTIONAL, 1, 64, "address and port", "", \
		"address and port that Via and Record-Route say")

#define KEYS_match(X) \
	X(TEXT, match, user_prefix, , OPTIONAL, 1, 64, "any", "", \
		"the user part of the request-URI begins with this") \
	X(TEXT, match, domain, , OPTIONAL, 1, 253, "any", "", \
		"the host of the request-URI is this (in any case); without a port, IPv6 in brackets") \
	X(TEXT, match, from_port, , OPTIONAL, 1, 31, "any", "", "the request came in by the port of this name") \
	X(TEXT, match, from_network, , OPTIONAL, 1, 64, "any", "", "its source address is in this network")

#define KEYS_route(X) \
	X(TEXT, route, name, , REQUIRED, 1, 31, "", "", "name shown with each dialog") \
	X(MAP, route, match, match, OPTIONAL, 0, 0, "every request", "", "conditions; all of them have to hold") \
	X(TEXT, route, to, , OPTIONAL, 1, 64, "", "", \
		"next hop, `address:port`; without a port 5060. Either this or `targets` is there") \
	X(LIST_MAP, route, targets, target, OPTIONAL, 0, TARGETS_MAX, "[]", "", \
		"several next hops: those of the lowest `priority` are asked at once, those of the next when all of them " \
		"failed; the first 2xx and every 6xx ends it, else the best answer goes back (RFC 3261 16.7)") \
	X(UINT, route, try, , OPTIONAL, 0, 600000, "0", "ms", \
		"targets of one priority that gave no final answer in this time are cancelled and the next are asked; 0 for as " \
		"long as timers `b` and `c` let them") \
	X(BOOL, route, recurse, , OPTIONAL, 0, 1, "false", "", \
		"a 3xx answer is followed to those of its Contacts that name an address, highest q first") \
	X(BOOL, route, stateless, , OPTIONAL, 0, 1, "false", "", \
		"requests are passed without transactions, dialogs and Record-Route (RFC 3261 16.11)")

#define KEYS_target(X) \
	X(TEXT, target, to, , REQUIRED, 1, 64, "", "", "next hop, `address:port`; without a port 5060") \
	X(UINT, target, priority, , OPTIONAL, 0, 65535, "1", "", "lower ones are asked first, equal ones at once") \
	X(TEXT, target, uri, , OPTIONAL, 1, 255, "the one that came", "", "Request-URI of the request to it")

#define KEYS_cores(X) \
	X(UINT, cores, control, , OPTIONAL, 0, 1023, "0", "", \
		"CPU of the control core, an event loop that does not spin") \
	X(LIST_UINT, cores, workers, , REQUIRED, 1, WORKERS_MAX, "", "", \
		"CPUs of the workers, one worker each; a CPU may be named more than once (tests)") \
	X(ENUM, cores, idle, idle_words, OPTIONAL, 0, 0, "spin", "", \
		"what a worker does while nothing comes: `spin` polls on, `sleep` sleeps ever longer") \
	X(UINT, cores, idle_sleep_max_us, , OPTIONAL, 1, 100000, "200", "microseconds", \
		"longest sleep of an idle worker")

#define KEYS_memory(X) \
	X(ENUM, memory, hugepages, huge_words, OPTIONAL, 0, 0, "auto", "", \
		"huge pages for packets and tables: `auto` where there are enough, `on` or not at all, `off`")

#define KEYS_parser(X) \
	X(ENUM, parser, locator, locator_words, OPTIONAL, 0, 0, "auto", "", \
		"how header lines are found; `auto` takes the fastest this machine has")

#define KEYS_proxy(X) \
	X(ENUM, proxy, state, state_words, OPTIONAL, 0, 0, "dialog", "", \
		"what is kept of a call: `dialog` keeps transactions and dialogs, `transaction` no dialogs (nothing " \
		"to list), `stateless` nothing (no 100, no retransmissions of our own, no 408)") \
	X(UINT, proxy, session_expires, , OPTIONAL, 0, 32767, "0", "seconds", \
		"session interval (RFC 4028) of calls that ask for none or for a longer one, so that dead calls end; 0 leaves it to " \
		"the ends. Needs `state: dialog`") \
	X(UINT, proxy, session_min, , OPTIONAL, 90, 32767, "90", "seconds", \
		"least session interval taken while `session_expires` is set; less gets 422, or this where the caller knows no 422")

#define KEYS_timers(X) \
	X(UINT, timers, t1, , OPTIONAL, 10, 60000, "500", "ms", "round-trip time estimate; first retransmission") \
	X(UINT, timers, t2, , OPTIONAL, 10, 600000, "4000", "ms", "longest retransmission interval; at least `t1`") \
	X(UINT, timers, t4, , OPTIONAL, 10, 600000, "5000", "ms", "longest time a message stays in the network") \
	X(UINT, timers, b, , OPTIONAL, 10, 3600000, "64 times `t1`", "ms", \
		"INVITE client transaction without an answer") \
	X(UINT, timers, c, , OPTIONAL, 100, 86400000, "185000", "ms", \
		"INVITE without a final answer; more than 180000 unless `c_may_be_short`") \
	X(BOOL, timers, c_may_be_short, , OPTIONAL, 0, 1, "false", "", "allows `c` of 180000 or less (tests)") \
	X(UINT, timers, d, , OPTIONAL, 0, 3600000, "the larger of 32000 and 64 times `t1`", "ms", \
		"wait for retransmitted final answers to INVITE") \
	X(UINT, timers, f, , OPTIONAL, 10, 3600000, "64 times `t1`", "ms", \
		"other client transactions without an answer") \
	X(UINT, timers, h, , OPTIONAL, 10, 3600000, "64 times `t1`", "ms", "wait for the ACK") \
	X(UINT, timers, i, , OPTIONAL, 0, 3600000, "`t4`", "ms", "wait for retransmitted ACKs") \
	X(UINT, timers, j, , OPTIONAL, 0, 3600000, "64 times `t1`", "ms", \
		"wait for retransmitted requests other than INVITE") \
	X(UINT, timers, k, , OPTIONAL, 0, 3600000, "`t4`", "ms", \
		"wait for retransmitted answers to requests other than INVITE") \
	X(UINT, timers, l, , OPTIONAL, 10, 3600000, "64 times `t1`", "ms", \
		"accepted INVITE server transaction (RFC 6026)") \
	X(UINT, timers, m, , OPTIONAL, 10, 3600000, "64 times `t1`", "ms", \
		"accepted INVITE client transaction (RFC 6026)") \
	X(UINT, timers, dialog_max, , OPTIONAL, 1000, 604800000, "43200000", "ms", \
		"a confirmed dialog nothing was heard of for so long is given up")

#define KEYS_capacity(X) \
	X(UINT, capacity, transactions, , OPTIONAL, 16, 200000000, "200000", "", \
		"server and client transactions, in progress or lingering") \
	X(UINT, capacity, dialogs, , OPTIONAL, 16, 200000000, "100000", "", "dialogs") \
	X(UINT, capacity, forks, , OPTIONAL, 16, 50000000, "20000", "", \
		"requests whose rule has several targets or recurses, in progress") \
	X(UINT, capacity, text_mb, , OPTIONAL, 2, 1048576, "256", "MiB", "stored messages and dialog text") \
	X(UINT, capacity, packets, , OPTIONAL, 1024, 8388608, "16384", "", "packet buffers") \
	X(UINT, capacity, packet_bytes, , OPTIONAL, 1000, 16000, "9000", "bytes", \
		"largest datagram taken; at least the `mtu` of each port") \
	X(UINT, capacity, headers, , OPTIONAL, 16, 256, "128", "", "header lines of a message") \
	X(UINT, capacity, vias, , OPTIONAL, 2, 255, "70", "", "Vias of a message") \
	X(UINT, capacity, routes, , OPTIONAL, 4, 255, "64", "", "Routes of a request, and Record-Routes; more get 400") \
	X(UINT, capacity, body_bytes, , OPTIONAL, 1, 65535, "65535", "bytes", \
		"body of a request; a larger one gets 413. What does not fit into a datagram is dropped before")

#define KEYS_sources(X) \
	X(LIST_TEXT, sources, trusted, , OPTIONAL, 0, 1024, "[]", "", \
		"networks of which nothing here is asked but `trusted_rate`, e.g. `192.0.2.0/24`: the trunks") \
	X(UINT, sources, trusted_rate, , OPTIONAL, 0, 10000000, "0", "datagrams a second", \
		"taken of each address of these; 0 for any number. Who sends more is not banned") \
	X(UINT, sources, trusted_burst, , OPTIONAL, 1, 1000000, "a second's", "datagrams", "of one of them at once") \
	X(UINT, sources, rate, , OPTIONAL, 0, 10000000, "0", "datagrams a second", \
		"taken of each other address; 0 for any number. Each worker counts what it receives") \
	X(UINT, sources, burst, , OPTIONAL, 1, 1000000, "a second's", "datagrams", "of one of them at once") \
	X(UINT, sources, all_rate, , OPTIONAL, 0, 100000000, "0", "datagrams a second", \
		"taken of all of them together; 0 for any number") \
	X(UINT, sources, all_burst, , OPTIONAL, 1, 10000000, "a second's", "datagrams", "of all of them at once") \
	X(BOOL, sources, screen, , OPTIONAL, 0, 1, "false", "", \
		"drop the requests of scanners and tools that announce themselves, unread and unanswered") \
	X(LIST_TEXT, sources, expressions, , OPTIONAL, 0, 1000, "[]", "", \
		"regular expressions (as Hyperscan takes them, in any case, `^` at every line) whose datagrams are dropped, " \
		"besides those of `screen`; each of at most 512 characters") \
	X(UINT, sources, ban_after, , OPTIONAL, 0, 60000, "0", "datagrams", \
		"over `rate`, or dropped by an expression, without 10 seconds of silence between, after which the address is " \
		"banned; 0 for never") \
	X(UINT, sources, ban, , OPTIONAL, 1, 86400, "300", "seconds", "how long a ban lasts")

#define KEYS_log(X) \
	X(ENUM, log, level, level_words, OPTIONAL, 0, 0, "info", "", \
		"least severe lines written; `tandemctl log level` changes it at run time")

#define KEYS_control(X) \
	X(TEXT, control, socket, , OPTIONAL, 2, 107, "/run/tandem/control.sock", "", "path of the control socket") \
	X(TEXT, control, mode, , OPTIONAL, 3, 4, "0660", "", "its permissions, in octal") \
	X(TEXT, control, group, , OPTIONAL, 1, 31, "the group of the process", "", "its group")

#define KEYS_metrics(X) \
	X(TEXT, metrics, listen, , REQUIRED, 1, 64, "", "", \
		"address of the kernel's and TCP port, `127.0.0.1:9464`; without a port 9464. `0.0.0.0` or `[::]` for all " \
		"addresses") \
	X(LIST_TEXT, metrics, allow, , OPTIONAL, 1, 256, "this machine: 127.0.0.0/8 and ::1", "", \
		"networks whose connections are answered, e.g. `192.0.2.0/24`; others are closed at once")

#define KEYS_top(X) \
	X(MAP, top, cores, cores, REQUIRED, 0, 0, "", "", "CPUs") \
	X(MAP, top, memory, memory, OPTIONAL, 0, 0, "", "", "memory") \
	X(MAP, top, parser, parser, OPTIONAL, 0, 0, "", "", "SIP parser") \
	X(MAP, top, proxy, proxy, OPTIONAL, 0, 0, "", "", "how requests are forwarded") \
	X(LIST_MAP, top, ports, port, REQUIRED, 1, PORTS_MAX, "", "", "network ports") \
	X(LIST_MAP, top, listeners, listener, REQUIRED, 1, LISTENERS_MAX, "", "", "where SIP is taken, over UDP") \
	X(MAP, top, timers, timers, OPTIONAL, 0, 0, "", "", "timers of RFC 3261 section 17 and RFC 6026") \
	X(MAP, top, capacity, capacity, OPTIONAL, 0, 0, "", "", "of the whole process; each worker has its share") \
	X(MAP, top, sources, sources, OPTIONAL, 0, 0, "", "", "who may send how much; without it everybody may") \
	X(LIST_MAP, top, routes, route, OPTIONAL, 0, ROUTES_MAX - 1, "[]", "", \
		"the first whose conditions all hold decides; a request with a foreign Route follows that") \
	X(TEXT, top, default_route, , OPTIONAL, 1, 64, "none", "", \
		"next hop where no rule holds; without one such a request is answered 404") \
	X(MAP, top, log, log, OPTIONAL, 0, 0, "", "", "log lines, on standard error") \
	X(MAP, top, control, control, OPTIONAL, 0, 0, "", "", "control socket") \
	X(MAP, top, metrics, metrics, OPTIONAL, 0, 0, "off", "", "metrics for Prometheus over HTTP (docs/metrics.md)") \
	X(UINT, top, drain, , OPTIONAL, 0, 3600000, "30000", "ms", \
		"how long SIGTERM waits at most: for calls in progress, then 4 times `t1` for retransmissions") \
	X(UINT, top, retry_after, , OPTIONAL, 1, 86400, "10", "seconds", "Retry-After of our 503 answers") \
	X(TEXT, top, server_name, , OPTIONAL, 0, 64, "tandem", "", \
		"Server header of our own answers; `\"\"` for none")
// clang-format on

// The raw structs: what stands in the file. An absent value is NULL, an absent section all NULL.
#define MEMBER_UINT(key, what) uint32_t *key;
#define MEMBER_BOOL(key, what) bool *key;
#define MEMBER_ENUM(key, what) int *key;
#define MEMBER_TEXT(key, what) char *key;
#define MEMBER_LIST_UINT(key, what)                                                                                    \
	uint32_t *key;                                                                                                 \
	uint32_t key##_count;
#define MEMBER_LIST_TEXT(key, what)                                                                                    \
	char **key;                                                                                                    \
	uint32_t key##_count;
#define MEMBER_MAP(key, what) struct raw_##what key;
#define MEMBER_LIST_MAP(key, what)                                                                                     \
	struct raw_##what *key;                                                                                        \
	uint32_t key##_count;
#define MEMBER(kind, section, key, what, need, low, high, standard, unit, help) MEMBER_##kind(key, what)
#define X(name)                                                                                                        \
	struct raw_##name {                                                                                            \
		KEYS_##name(MEMBER)                                                                                    \
	};
SECTIONS(X)
#undef X
