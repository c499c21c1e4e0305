// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The frozen configuration every core reads. The control core loads, checks and publishes it (control/config.h);
// after that nobody writes it. All text is owned by it.
#pragma once

#include "base/ip.h"
#include "base/log.h"
#include "base/mem.h"

enum idle_mode {
	IDLE_SPIN,  // poll without pause
	IDLE_SLEEP, // sleep ever longer, up to idle_sleep_max_us, while nothing comes
};

enum locator_kind {
	LOCATOR_AUTO, // the fastest this machine has
	LOCATOR_AVX512,
	LOCATOR_AVX2,
	LOCATOR_SCALAR,
	LOCATOR_HYPERSCAN,
};

// How much the proxy remembers of what it forwards.
enum proxy_state {
	PROXY_DIALOG,	   // transactions and the dialogs they make
	PROXY_TRANSACTION, // transactions (RFC 3261 section 16)
	PROXY_STATELESS,   // nothing (RFC 3261 section 16.11)
};

struct config_port {
	const char *name;
	const char *device; // "0000:03:00.0" or a vdev with arguments: "net_af_xdp0,iface=veth0"
	const char *tap;    // name of the kernel TAP interface
	uint16_t mtu;
	uint8_t queues; // of each direction at most; 0 = one for each worker
};

// Where addresses live: a port's untagged side, or one VLAN of it. Kernel name: the TAP, or "TAP.VLAN".
struct config_interface {
	uint8_t port;
	uint16_t vlan; // 0 = untagged
	uint32_t prefix_count;
	struct ip_prefix *prefixes; // own addresses; host bits are kept
	uint32_t gateway_count;
	struct config_gateway {
		struct ip_prefix to;
		struct ip_addr via;
	} * gateways; // kernel routes to be set on this interface
};

struct config_listener {
	const char *name;
	struct endpoint local;	    // what is bound; the address is one of the interface's
	struct endpoint advertised; // what Via and Record-Route say; same as local unless configured
	uint8_t interface;	    // index in config.interfaces
};

// One next hop of a rule. Those of one priority are tried at once.
struct config_target {
	struct endpoint to;
	uint32_t priority; // lower ones first
	uint32_t order;	   // in the file
	struct str uri;	   // the Request-URI there; empty = the one that came
};

// A static rule: the first whose conditions all hold decides. Absent conditions hold.
struct config_route {
	const char *name;
	struct str user_prefix; // of the request-URI's user part; empty = any
	struct str domain;	// of the request-URI's host, case-insensitive; empty = any
	int16_t from_port;	// index of the port the request came in by; -1 = any
	bool has_from_network;
	struct ip_prefix from_network;
	bool is_stateless;  // forwarded without transactions, to the first target
	bool is_forked;	    // needs a response context: several targets, a Request-URI of its own, recursion
	bool recurses;	    // a 3xx is followed to its Contacts
	uint32_t try_ms;    // a priority that gave no final answer in this time makes room for the next; 0 = as long as
			    // its transactions last
	struct endpoint to; // the first target's
	uint32_t target_count;
	struct config_target *targets; // by priority; of a rule that only has `to` that one
};

#define TIMER_C_BELOW_MS 180000u // Timer C is longer (RFC 3261 16.6 item 11)

struct config_timers {
	uint32_t t1_ms, t2_ms, t4_ms;
	uint32_t b_ms, c_ms, d_ms, f_ms, h_ms, i_ms, j_ms, k_ms, l_ms, m_ms;
	uint32_t dialog_max_ms; // a confirmed dialog nothing was heard of for so long is given up
};

// For the whole process; each worker has its share.
struct config_capacity {
	uint32_t transactions; // server and client, in progress or lingering
	uint32_t dialogs;
	uint32_t forks;	       // requests with several targets, in progress
	uint64_t text_bytes;   // stored messages and dialog text
	uint32_t packets;      // packet buffers
	uint16_t packet_bytes; // largest datagram taken
	uint32_t headers;      // per message
	uint32_t vias;	       // per message
	uint32_t routes;       // Routes, and Record-Routes, per request
	uint32_t body_bytes;   // per request
};

// Datagrams by source. A rate of 0 is no limit.
struct config_sources {
	uint32_t trusted_count;
	struct ip_prefix *trusted;
	uint32_t trusted_rate, trusted_burst; // of each of these addresses: a second, at once
	uint32_t rate, burst;		      // of each other address, likewise
	uint32_t all_rate, all_burst;	      // of all together
	uint32_t ban_after;		      // so many over the rate; 0 = no bans
	uint32_t ban_s;
	uint32_t screen_count;	 // expressions whose datagrams are dropped
	uint32_t screen_shipped; // so many of them, the first, are those tandem brings
	const char **screen;
};

// Who may read the metrics over HTTP, and where.
struct config_metrics {
	struct endpoint listen; // port 0: nobody, nowhere
	uint32_t allow_count;
	struct ip_prefix *allow;
};

struct config {
	const char *file;
	uint32_t version; // grows by one with each configuration this process has run

	uint8_t worker_count;
	uint16_t worker_cpu[WORKERS_MAX];
	uint16_t control_cpu;
	enum idle_mode idle;
	uint32_t idle_sleep_max_us;
	enum locator_kind locator;
	enum proxy_state proxy_state;
	uint32_t session_expires_s; // asked of calls that ask for nothing or for more (RFC 4028); 0 = left to them
	uint32_t session_min_s;	    // the least taken
	enum mem_huge huge;

	uint8_t port_count;
	struct config_port ports[PORTS_MAX];
	uint8_t interface_count;
	struct config_interface interfaces[INTERFACES_MAX];
	uint8_t listener_count;
	struct config_listener listeners[LISTENERS_MAX];

	struct config_timers timers;
	struct config_capacity capacity;

	struct config_sources sources;

	uint32_t route_count;
	struct config_route *routes; // the default route, if any, is the last one and has no conditions

	enum log_level log_level;
	const char *control_socket;
	uint32_t control_mode;	   // of the socket file, e.g. 0660
	const char *control_group; // NULL = the group of the process
	struct config_metrics metrics;
	uint32_t drain_ms;
	uint32_t retry_after_s;	 // in our 503
	const char *server_name; // Server header of our own responses
};
