// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <stdio.h>

#include "control/config.h"
#include "unit/test.h"

// What each row below changes one piece of.
static const char good[] = "cores: {control: 0, workers: [1]}\n"	      // 1
			   "ports:\n"					      // 2
			   "  - name: a\n"				      // 3
			   "    device: net_tap0\n"			      // 4
			   "    tap: tap-a\n"				      // 5
			   "    addresses: [192.0.2.1/24]\n"		      // 6
			   "    routes:\n"				      // 7
			   "      - {to: 203.0.113.0/24, via: 192.0.2.254}\n" // 8
			   "    vlans:\n"				      // 9
			   "      - id: 7\n"				      // 10
			   "        addresses: [198.18.0.1/24]\n"	      // 11
			   "  - name: b\n"				      // 12
			   "    device: \"0000:03:00.0\"\n"		      // 13
			   "    addresses: [198.51.100.1/24]\n"		      // 14
			   "listeners:\n"				      // 15
			   "  - name: in\n"				      // 16
			   "    address: 192.0.2.1\n"			      // 17
			   "  - name: out\n"				      // 18
			   "    address: 198.51.100.1\n"		      // 19
			   "timers:\n"					      // 20
			   "  t1: 500\n"				      // 21
			   "capacity:\n"				      // 22
			   "  dialogs: 1000\n"				      // 23
			   "routes:\n"					      // 24
			   "  - name: one\n"				      // 25
			   "    match: {from_port: a}\n"		      // 26
			   "    to: 198.51.100.10\n"			      // 27
			   "  - name: two\n"				      // 28
			   "    to: 198.51.100.11\n"			      // 29
			   "control:\n"					      // 30
			   "  mode: \"0600\"\n"				      // 31
			   "drain: 1000\n";				      // 32

struct row {
	const char *from, *to;
	const char *expected; // after "bad.yaml:"
};

static const struct row rows[] = {
	// shape
	{"drain: 1000", "drian: 1000", "32: unknown key \"drian\"; known here are cores, memory, parser, proxy, ports"},
	{"  t1: 500", "  t9: 500", "21: timers: unknown key \"t9\"; known here are t1, t2, t4, b"},
	{"    tap: tap-a", "    tip: tap-a", "5: ports[0]: unknown key \"tip\"; known here are name, device, tap"},
	{"    device: net_tap0\n", "", "3: ports[0]: the key \"device\" is missing"},
	{"cores: {control: 0, workers: [1]}", "{}: 1", "1: a key has to be a word"},
	{"cores: {control: 0, workers: [1]}\n", "", "1: the key \"cores\" is missing"},
	{"workers: [1]", "workers: []", "1: cores.workers: has 0 entries; allowed are 1 to 16"},
	{"workers: [1]", "workers: 1", "1: cores.workers: is a single value; write a list"},
	{"workers: [1]", "workers: [one]", "1: cores.workers[0]: \"one\" is not allowed; write a whole number"},
	{"workers: [1]", "workers: [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", "1: cores.workers: has 17 entries"},
	{"timers:\n  t1: 500", "timers:\n", "20: timers: is empty; write a mapping of the keys t1, t2"},
	{"drain: 1000", "drain: [1]", "32: drain: is a list; write a number"},
	{"drain: 1000", "drain: -1", "32: drain: \"-1\" is not allowed; write a whole number from 0 to 3600000, in ms"},
	{"drain: 1000", "drain: 010", "32: drain: \"010\" is not allowed"},
	{"drain: 1000", "drain: 99999999999999999999", "32: drain: \"99999999999999999999\" is not allowed"},
	{"drain: 1000", "drain: 1000\ndrain: 2", "33: drain: stands here a second time; the first is in line 32"},
	{"drain: 1000",
	 "log: {level: loud}",
	 "32: log.level: \"loud\" is not allowed; write error, warning, info or debug"},
	{"drain: 1000", "log: {level: 1}", "32: log.level: \"1\" is not allowed"},
	{"drain: 1000",
	 "sources: {trusted: [192.0.2.1/24]}",
	 "32: sources.trusted[0]: \"192.0.2.1/24\" has bits set past its length of 24; write 192.0.2.0/24"},
	{"drain: 1000", "parser: {locator: sse}", "32: parser.locator: \"sse\" is not allowed; write auto, avx512,"},
	{"drain: 1000",
	 "proxy: {state: calls}",
	 "32: proxy.state: \"calls\" is not allowed; write dialog, transaction or stateless"},
	{"drain: 1000",
	 "memory: {hugepages: yes}",
	 "32: memory.hugepages: \"yes\" is not allowed; write auto, on or off"},
	{"control: 0", "idle: nap", "1: cores.idle: \"nap\" is not allowed; write spin or sleep"},
	{"t1: 500", "c_may_be_short: yes", "21: timers.c_may_be_short: \"yes\" is not allowed; write true or false"},
	{"t1: 500", "t1: 5", "21: timers.t1: \"5\" is not allowed; write a whole number from 10 to 60000, in ms"},
	{"dialogs: 1000",
	 "headers: 300",
	 "23: capacity.headers: \"300\" is not allowed; write a whole number from 16 to 256"},
	{"tap: tap-a",
	 "tap: tap-a-is-far-too-long",
	 "5: ports[0].tap: \"tap-a-is-far-too-long\" has 21 characters; allowed are 1 to 15"},
	{"name: in", "name: \"\"", "16: listeners[0].name: is empty"},
	{"name: in", "name: \"i\\x07n\"", "16: listeners[0].name: holds a control character"},
	{"id: 7", "id: 4095", "10: ports[0].vlans[0].id: \"4095\" is not allowed; write a whole number from 1 to 4094"},
	{"drain: 1000", "drain: [", "33: not valid YAML: "},
	{"drain: 1000", "drain: 1000\n---\ndrain: 2000", "33: a second YAML document begins here"},
	{"drain: 1000", "drain: 1000\n---\n", "33: a second YAML document begins here"},
	{"drain: 1000", "drain: 1000\n...\n# end\n---\ndrain: 7", "35: a second YAML document begins here"},
	{"drain: 1000", "drain: 1000\n...\ndrain: 2000", "34: not valid YAML: "},
	{"drain: 1000", "drain: 1000\n---\ndrain: [", "35: not valid YAML: "},
	{"drain: 1000", "drain: 1000 # caf\xc3(", "32: not valid YAML: "},
	{"drain: 1000", "drain: 1000 # \x01", "32: not valid YAML: "},
	{"drain: 1000", "\tdrain: 1", "32: not valid YAML: found character that cannot start any token"},
	// ports
	{"workers: [1]", "workers: [9]", "1: cores.workers[0]: CPU 9 does not exist; this machine has CPUs 0 to 1"},
	{"control: 0", "control: 2", "1: cores.control: CPU 2 does not exist; this machine has CPUs 0 to 1"},
	{"net_tap0", "eth0", "4: ports[0].device: \"eth0\" is no device; write a PCI address like 0000:03:00.0"},
	{"net_tap0", "net_tap0,,x", "4: ports[0].device: \"net_tap0,,x\" is no device"},
	{"0000:03:00.0", "0000:03:00", "13: ports[1].device: \"0000:03:00\" is no device"},
	{"0000:03:00.0", "net_tap0,iface=x", "13: ports[1].device: \"net_tap0\" is the device of port a already"},
	{"name: b", "name: a", "12: ports[1].name: \"a\" is the name of ports[0] already"},
	{"name: b", "name: tap-a", "12: ports[1].name: \"tap-a\" is the kernel interface of port a already"},
	{"name: b",
	 "name: a-port-with-a-long-name",
	 "12: ports[1].name: \"a-port-with-a-long-name\" is too long for the name of the kernel interface"},
	{"name: b", "name: b c", "12: ports[1].name: \"b c\" is no name"},
	{"tap: tap-a", "tap: tap/a", "5: ports[0].tap: \"tap/a\" cannot name a kernel interface"},
	{"tap: tap-a",
	 "tap: fourteen-chars",
	 "10: ports[0].vlans[0].id: \"fourteen-chars.7\" is too long for the name of the VLAN's"},
	{"id: 7",
	 "id: 7\n      - id: 7\n        addresses: [198.18.1.1/24]\n      - id: 8",
	 "11: ports[0].vlans[1].id: VLAN 7 stands in this port already"},
	{"198.18.0.1/24",
	 "192.0.2.1/24",
	 "11: ports[0].vlans[0].addresses[0]: \"192.0.2.1/24\" stands in the file already"},
	{"[192.0.2.1/24]",
	 "[192.0.2.1]",
	 "6: ports[0].addresses[0]: \"192.0.2.1\" has no prefix length; write it like 192.0.2.1/24"},
	{"[192.0.2.1/24]",
	 "[192.0.2.1/33]",
	 "6: ports[0].addresses[0]: \"192.0.2.1/33\" has a bad prefix length; allowed are 0 to 32"},
	{"[192.0.2.1/24]",
	 "[192.0.2.0/24]",
	 "6: ports[0].addresses[0]: \"192.0.2.0/24\" is the network address of its network"},
	{"[192.0.2.1/24]", "[192.0.2.255/24]", "6: ports[0].addresses[0]: \"192.0.2.255/24\" is the broadcast address"},
	{"[192.0.2.1/24]", "[somewhere]", "6: ports[0].addresses[0]: \"somewhere\" is not address/length"},
	{"[192.0.2.1/24]",
	 "[192.0.2.1/24, \"fe80::1/64\"]",
	 "6: ports[0].addresses[1]: \"fe80::1/64\" is link-local; write a global or unique local address"},
	{"[192.0.2.1/24]",
	 "[192.0.2.1/24, \"2001:db8::/64\"]",
	 "6: ports[0].addresses[1]: \"2001:db8::/64\" is the network address of its network"},
	{"[192.0.2.1/24]",
	 "[192.0.2.1/24, \"2001:db8::1\"]",
	 "6: ports[0].addresses[1]: \"2001:db8::1\" has no prefix length; write it like 2001:db8::1/64"},
	{"[192.0.2.1/24]",
	 "[192.0.2.1/24, \"2001:db8::1/129\"]",
	 "6: ports[0].addresses[1]: \"2001:db8::1/129\" has a bad prefix length; allowed are 0 to 128"},
	{"[192.0.2.1/24]",
	 "[192.0.2.1/24, \"ff02::1/64\"]",
	 "6: ports[0].addresses[1]: \"ff02::1/64\" is not the address of a single host"},
	{"[192.0.2.1/24]\n",
	 "[192.0.2.1/24, \"2001:db8::1/64\"]\n    mtu: 1000\n",
	 "6: ports[0].addresses[1]: \"2001:db8::1/64\" needs an mtu of 1280 at least, and the port's is 1000"},
	{"    addresses: [198.51.100.1/24]\n", "", "12: ports[1]: the port has no address"},
	{"203.0.113.0/24",
	 "203.0.113.5/24",
	 "8: ports[0].routes[0].to: \"203.0.113.5/24\" has bits set past its length of 24; write 203.0.113.0/24"},
	{"via: 192.0.2.254",
	 "via: 10.0.0.1",
	 "8: ports[0].routes[0].via: \"10.0.0.1\" is in none of the interface's networks"},
	{"via: 192.0.2.254", "via: gateway", "8: ports[0].routes[0].via: \"gateway\" is not an IP address"},
	// listeners
	{"address: 192.0.2.1\n",
	 "address: 192.0.2.9\n",
	 "17: listeners[0].address: \"192.0.2.9\" is on no port; the ports' addresses are 192.0.2.1, 198.18.0.1, "
	 "198.51.100.1"},
	{"address: 192.0.2.1\n",
	 "address: host.example\n",
	 "17: listeners[0].address: \"host.example\" is not an IP address"},
	{"address: 198.51.100.1\n",
	 "address: 192.0.2.1\n",
	 "19: listeners[1].address: \"192.0.2.1\" with port 5060 is listener in already"},
	{"name: out", "name: in", "18: listeners[1].name: \"in\" is the name of listeners[0] already"},
	{"name: out",
	 "name: out\n    advertise: a.example",
	 "19: listeners[1].advertise: \"a.example\" is not address:port"},
	{"name: out",
	 "name: out\n    port: 0",
	 "19: listeners[1].port: \"0\" is not allowed; write a whole number from 1 to 65535"},
	// timers and capacity
	{"t1: 500", "t2: 100", "21: timers.t2: 100 is less than t1 (500); allowed is t1 or more"},
	{"t1: 500",
	 "c: 60000",
	 "21: timers.c: 60000 is not more than the 180000 of RFC 3261; write more than that, or `c_may_be_short: "
	 "true`"},
	{"t1: 500", "t1: 5000", "21: timers.t2: 4000 is less than t1 (5000)"},
	{"dialogs: 1000",
	 "text_mb: 70000",
	 "23: capacity.text_mb: 70000 is too large for 1 workers; allowed are 65536 MiB or less, 65536 for each"},
	{"dialogs: 1000",
	 "packets: 1024",
	 "23: capacity.packets: 1024 is too small for 1 workers and 2 ports; allowed are 2048 packets or more"},
	{"dialogs: 1000",
	 "packet_bytes: 1400",
	 "23: capacity.packet_bytes: 1400 is less than the MTU of port a; allowed are 1500 or more"},
	{"dialogs: 1000", "vias: 200", "23: capacity.vias: 200 is more than capacity.headers (128)"},
	// rules
	{"from_port: a", "from_port: z", "26: routes[0].match.from_port: no port is called \"z\"; the ports are a, b"},
	{"from_port: a",
	 "from_network: 10.1.2.3/8",
	 "26: routes[0].match.from_network: \"10.1.2.3/8\" has bits set past its length of 8; write 10.0.0.0/8"},
	{"from_port: a", "user_prefix: \"0 0\"", "26: routes[0].match.user_prefix: \"0 0\" cannot begin the user part"},
	{"from_port: a",
	 "domain: example.net:5060",
	 "26: routes[0].match.domain: \"example.net:5060\" is no host name; write one like example.net, 192.0.2.1 or "
	 "[2001:db8::1], without a port"},
	{"from_port: a",
	 "domain: \"2001:db8::1\"",
	 "26: routes[0].match.domain: \"2001:db8::1\" is no host name; write one like example.net"},
	{"from_port: a", "domain: -a.example", "26: routes[0].match.domain: \"-a.example\" is no host name"},
	{"from_port: a", "domain: .", "26: routes[0].match.domain: \".\" is no host name"},
	{"from_port: a", "user_prefix: \"a@b\"", "26: routes[0].match.user_prefix: \"a@b\" cannot begin"},
	{"from_port: a", "user_prefix: \"a:b\"", "26: routes[0].match.user_prefix: \"a:b\" cannot begin"},
	{"from_port: a", "user_prefix: \"%4\"", "26: routes[0].match.user_prefix: \"%4\" cannot begin"},
	{"from_port: a", "domain: exa mple", "26: routes[0].match.domain: \"exa mple\" is no host name"},
	{"to: 198.51.100.10\n",
	 "to: \"[2001:db8::9]:5060\"\n",
	 "27: routes[0].to: \"[2001:db8::9]:5060\" is IPv6 and there is no such listener"},
	{"to: 198.51.100.10\n",
	 "to: peer.example\n",
	 "27: routes[0].to: \"peer.example\" is not address:port; write it like 192.0.2.1:5060"},
	{"to: 198.51.100.10\n", "to: 198.51.100.10:0\n", "27: routes[0].to: \"198.51.100.10:0\" is not address:port"},
	{"to: 198.51.100.10\n",
	 "to: 198.51.100.1\n",
	 "27: routes[0].to: \"198.51.100.1\" is tandem's own listener out"},
	{"to: 198.51.100.10\n",
	 "to: 239.1.1.1\n",
	 "27: routes[0].to: \"239.1.1.1\" is not the address of a single host"},
	{"drain: 1000",
	 "sources: {expressions: [fine, \"(\"]}",
	 "32: sources.expressions[1]: \"(\": Missing close parenthesis"},
	{"drain: 1000",
	 "sources: {ban_after: 5}",
	 "32: sources.ban_after: 5 means nothing without `rate`, `screen` or `expressions`; write one of them"},
	{"drain: 1000",
	 "proxy: {session_expires: 100, session_min: 120}",
	 "32: proxy.session_expires: 100 is less than the 120 of proxy.session_min; write at least that, or 0"},
	{"drain: 1000",
	 "proxy: {session_expires: 1800, state: transaction}",
	 "32: proxy.session_expires: session timers need dialogs; write `state: dialog`, or 0 here"},
	{"    to: 198.51.100.10\n", "", "25: routes[0]: to or targets is missing"},
	{"    to: 198.51.100.10\n", "    targets: []\n", "25: routes[0]: to or targets is missing"},
	{"to: 198.51.100.10\n",
	 "to: 198.51.100.10\n    targets: [{to: 198.51.100.12}]\n",
	 "25: routes[0]: both to and targets are there; keep one"},
	{"to: 198.51.100.10\n", "targets: [{priority: 1}]\n", "27: routes[0].targets[0]: the key \"to\" is missing"},
	{"to: 198.51.100.10\n",
	 "targets: [{to: 198.51.100.10}, {to: 198.51.100.1}]\n",
	 "27: routes[0].targets[1].to: \"198.51.100.1\" is tandem's own listener out"},
	{"to: 198.51.100.10\n",
	 "targets: [{to: 198.51.100.10, uri: \"tel:123\"}]\n",
	 "27: routes[0].targets[0].uri: \"tel:123\" is no SIP URI for a request; write one like sip:bob@192.0.2.1"},
	{"to: 198.51.100.10\n",
	 "targets: [{to: 198.51.100.10, uri: \"sip:a@b?c=d\"}]\n",
	 "27: routes[0].targets[0].uri: \"sip:a@b?c=d\" is no SIP URI"},
	{"to: 198.51.100.10\n",
	 "targets: [{to: 198.51.100.10, uri: \"sip:a@b;method=BYE\"}]\n",
	 "27: routes[0].targets[0].uri: \"sip:a@b;method=BYE\" is no SIP URI"},
	{"to: 198.51.100.10\n",
	 "to: 198.51.100.10\n    try: 100\n",
	 "25: routes[0]: try is for rules with several targets or recurse; remove it"},
	{"to: 198.51.100.10\n",
	 "to: 198.51.100.10\n    recurse: true\n    stateless: true\n",
	 "25: routes[0]: several targets, a target's uri and recurse need transactions; remove them, or `stateless: "
	 "true`"},
	{"control:\n",
	 "  - name: three\n    targets: [{to: 198.51.100.10}, {to: 198.51.100.11}]\nproxy: {state: "
	 "stateless}\ncontrol:\n",
	 "30: routes[2]: several targets, a target's uri and recurse need transactions; remove them, or set "
	 "proxy.state"},
	{"name: two", "name: one", "28: routes[1].name: \"one\" is the name of routes[0] already"},
	{"name: two", "name: default", "28: routes[1].name: \"default\" is the name of default_route"},
	{"drain: 1000", "default_route: nowhere", "32: default_route: \"nowhere\" is not address:port"},
	// the rest
	{"mode: \"0600\"", "mode: \"9999\"", "31: control.mode: \"9999\" is not allowed; write octal permissions"},
	{"mode: \"0600\"", "mode: \"0060\"", "31: control.mode: \"0060\" is not allowed"},
	{"mode: \"0600\"", "socket: control.sock", "31: control.socket: \"control.sock\" is no absolute path"},
	{"mode: \"0600\"",
	 "socket: /run/tandem/",
	 "31: control.socket: \"/run/tandem/\" is a directory; write the path of the socket in it"},
	{"mode: \"0600\"", "socket: /run/..", "31: control.socket: \"/run/..\" is a directory"},
	{"mode: \"0600\"", "group: no-such-group", "31: control.group: no group is called \"no-such-group\""},
	{"drain: 1000", "metrics: {}", "32: metrics: the key \"listen\" is missing"},
	{"drain: 1000",
	 "metrics: {listen: localhost}",
	 "32: metrics.listen: \"localhost\" is not address:port; write one of this machine's, like 127.0.0.1:9464"},
	{"drain: 1000", "metrics: {listen: 127.0.0.1:0}", "32: metrics.listen: \"127.0.0.1:0\" is not address:port"},
	{"drain: 1000",
	 "metrics: {listen: \"239.1.1.1:9464\"}",
	 "32: metrics.listen: \"239.1.1.1:9464\" is not the address of a single host"},
	{"drain: 1000",
	 "metrics: {listen: 127.0.0.1, allow: [192.0.2.1/24]}",
	 "32: metrics.allow[0]: \"192.0.2.1/24\" has bits set past its length of 24; write 192.0.2.0/24"},
	{"drain: 1000",
	 "metrics: {listen: 127.0.0.1, allow: []}",
	 "32: metrics.allow: has 0 entries; allowed are 1 to 256"},
	{"drain: 1000", "server_name: \"t\\u00e4ndem\"", "32: server_name: "},
	{"drain: 1000",
	 "retry_after: 0",
	 "32: retry_after: \"0\" is not allowed; write a whole number from 1 to 86400, in seconds"},
};

static char *change(const char *text, const char *from, const char *to) {
	const char *at = strstr(text, from);
	char *made;

	assert_non_null(at);
	assert_true(asprintf(&made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	return made;
}

static char *error_of(const char *text, size_t len) {
	struct config *cfg = NULL;
	char *error = NULL;

	if (config_parse("bad.yaml", str_of(text, len), 2, &cfg, &error) == 0) {
		config_free(cfg);
		return NULL;
	}
	assert_non_null(error);
	return error;
}

static void the_unchanged_text_is_good(void **state) {
	(void)state;
	assert_null(error_of(good, strlen(good)));
}

static void each_mistake_is_named_with_its_line(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = change(good, rows[i].from, rows[i].to);
		char *error = error_of(text, strlen(text));

		if (!error)
			fail_msg("row %zu was taken: %s", i, rows[i].to);
		if (strncmp(error, "bad.yaml:", 9) != 0 || !strstr(error, rows[i].expected))
			fail_msg("row %zu: expected \"%s\" in:\n%s", i, rows[i].expected, error);
		free(error);
		free(text);
	}
}

static void all_mistakes_are_named_in_the_order_of_the_file(void **state) {
	static const char text[] = "cores: {workers: [7]}\n"
				   "ports: [{name: p, device: x, addresses: [192.0.2.1/24]}]\n"
				   "listeners: [{name: l, address: 192.0.2.2}]\n"
				   "timers: {c: 1000, t2: 10}\n"
				   "default_route: 192.0.2.300\n";
	static const char *const expected[] = {
		"bad.yaml:1: cores.workers[0]: ",
		"bad.yaml:2: ports[0].device: ",
		"bad.yaml:3: listeners[0].address: ",
		"bad.yaml:4: timers.",
		"bad.yaml:4: timers.",
		"bad.yaml:5: default_route: ",
	};
	char *error = error_of(text, strlen(text));
	const char *line = error;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_non_null(line);
		assert_int_equal(strncmp(line, expected[i], strlen(expected[i])), 0);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	assert_null(line);
	free(error);
}

static void a_nul_is_named_with_its_line(void **state) {
	static const char text[] = "cores: {workers: [1]}\n# a\0b\nports: []\n";
	char *error = error_of(text, sizeof(text) - 1);

	(void)state;
	assert_non_null(error);
	assert_non_null(strstr(error, "bad.yaml:2: not valid YAML: control characters are not allowed"));
	free(error);
}

static void an_empty_file_is_refused(void **state) {
	static const char *const texts[] = {"", "# nothing\n", "- 1\n", "text\n", "---\n...\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *error = error_of(texts[i], strlen(texts[i]));

		assert_non_null(error);
		free(error);
	}
}

static void too_many_entries_are_refused(void **state) {
	char *text = strdup("ports:\n"), *error;

	(void)state;
	for (int i = 0; i < 9; i++) {
		char *more;

		assert_true(asprintf(&more, "%s  - {name: p%d, device: net_tap%d}\n", text, i, i) > 0);
		free(text);
		text = more;
	}
	error = error_of(text, strlen(text));
	assert_non_null(strstr(error, "bad.yaml:2: ports: has 9 entries; allowed are 1 to 8"));
	free(error);
	free(text);
}

// Whatever is cut off: an error or a smaller configuration, never a crash.
static void every_prefix_is_safe(void **state) {
	(void)state;
	for (size_t len = 0; len < strlen(good); len++) {
		struct guarded copy = guarded_end(good, len);
		char *error = error_of(copy.ptr, len);

		free(error);
		guarded_free(&copy);
	}
}

static void a_missing_file_is_named(void **state) {
	struct config *cfg;
	char *error = NULL;

	(void)state;
	assert_int_not_equal(config_load("/nonexistent/tandem.yaml", &cfg, &error), 0);
	assert_string_equal(error, "/nonexistent/tandem.yaml: cannot be read: No such file or directory");
	free(error);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unchanged_text_is_good),
		cmocka_unit_test(each_mistake_is_named_with_its_line),
		cmocka_unit_test(all_mistakes_are_named_in_the_order_of_the_file),
		cmocka_unit_test(a_nul_is_named_with_its_line),
		cmocka_unit_test(an_empty_file_is_refused),
		cmocka_unit_test(too_many_entries_are_refused),
		cmocka_unit_test(every_prefix_is_safe),
		cmocka_unit_test(a_missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
