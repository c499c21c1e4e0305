// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <stdio.h>

#include "control/config.h"
#include "unit/test.h"

static const char least[] = "cores: {workers: [1]}\n"
			    "ports:\n"
			    "  - {name: p, device: net_tap0, addresses: [192.0.2.1/24]}\n"
			    "listeners:\n"
			    "  - {name: l, address: 192.0.2.1}\n";

static struct config *parse(const char *text) {
	struct config *cfg = NULL;
	char *error = NULL;

	if (config_parse("test.yaml", str_from_c(text), 2, &cfg, &error))
		fail_msg("%s", error);
	return cfg;
}

static char *file_text(const char *path) {
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	assert_non_null(in);
	assert_true(getdelim(&text, &size, '\0', in) > 0);
	fclose(in);
	return text;
}

static char *replace_all(char *text, const char *from, const char *to) {
	char *at;

	while ((at = strstr(text, from))) {
		char *made;

		assert_true(asprintf(&made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
		free(text);
		text = made;
	}
	return text;
}

static void assert_endpoint(const struct endpoint *endpoint, const char *expected) {
	char text[ENDPOINT_TEXT_MAX];

	endpoint_format(endpoint, text);
	assert_string_equal(text, expected);
}

static void assert_prefix(const struct ip_prefix *prefix, const char *expected) {
	char text[IP_TEXT_MAX + 4];
	uint32_t len = ip_format(&prefix->addr, text);

	snprintf(text + len, sizeof(text) - len, "/%u", prefix->len);
	assert_string_equal(text, expected);
}

static void check_example_ports(const struct config *cfg) {
	assert_int_equal(cfg->port_count, 2);
	assert_string_equal(cfg->ports[0].name, "access");
	assert_string_equal(cfg->ports[0].device, "0000:03:00.0");
	assert_int_equal(cfg->ports[0].mtu, 1500);
	assert_string_equal(cfg->ports[1].device, "net_af_packet0,iface=eth1");
	assert_string_equal(cfg->ports[1].tap, "core");
	assert_int_equal(cfg->interface_count, 3);
	assert_int_equal(cfg->interfaces[0].port, 0);
	assert_int_equal(cfg->interfaces[0].vlan, 0);
	assert_prefix(&cfg->interfaces[0].prefixes[0], "192.0.2.1/24");
	assert_int_equal(cfg->interfaces[0].gateway_count, 1);
	assert_prefix(&cfg->interfaces[0].gateways[0].to, "203.0.113.0/24");
	assert_int_equal(cfg->interfaces[1].vlan, 100);
	assert_prefix(&cfg->interfaces[1].prefixes[0], "198.18.0.1/24");
	assert_int_equal(cfg->interfaces[1].gateway_count, 0);
	assert_int_equal(cfg->interfaces[2].port, 1);
	assert_prefix(&cfg->interfaces[2].prefixes[0], "198.51.100.1/24");
}

static void check_example_rules(const struct config *cfg) {
	assert_int_equal(cfg->listener_count, 2);
	assert_endpoint(&cfg->listeners[0].advertised, "192.0.2.1:5060");
	assert_endpoint(&cfg->listeners[1].local, "198.51.100.1:5060");
	assert_int_equal(cfg->listeners[1].interface, 2);
	assert_int_equal(cfg->route_count, 3);
	assert_string_equal(cfg->routes[0].name, "international");
	assert_true(str_eq(cfg->routes[0].user_prefix, STR("00")));
	assert_true(str_eq(cfg->routes[0].domain, STR("example.net")));
	assert_int_equal(cfg->routes[0].from_port, 0);
	assert_true(cfg->routes[0].has_from_network);
	assert_prefix(&cfg->routes[0].from_network, "192.0.2.0/24");
	assert_endpoint(&cfg->routes[0].to, "198.51.100.10:5060");
	assert_false(cfg->routes[0].is_forked);
	assert_int_equal(cfg->routes[1].target_count, 2);
	assert_true(cfg->routes[1].is_forked);
	assert_int_equal(cfg->routes[2].from_port, -1);
	assert_false(cfg->routes[2].has_from_network);
	assert_endpoint(&cfg->routes[2].to, "198.51.100.10:5060");
}

static void the_example_loads(void **state) {
	char *text = file_text(SOURCE_ROOT "/dist/tandem.example.yaml");
	struct config *cfg = parse(text);

	(void)state;
	check_example_ports(cfg);
	check_example_rules(cfg);
	config_free(cfg);
	free(text);
}

// Whatever the example sets that has a default is that default.
static void the_example_shows_the_defaults(void **state) {
	char *text = file_text(SOURCE_ROOT "/dist/tandem.example.yaml");
	struct config *example = parse(text), *bare = parse(least);

	(void)state;
	assert_memory_equal(&example->timers, &bare->timers, sizeof(bare->timers));
	assert_memory_equal(&example->capacity, &bare->capacity, sizeof(bare->capacity));
	assert_int_equal(example->control_cpu, bare->control_cpu);
	assert_int_equal(example->idle, bare->idle);
	assert_int_equal(example->idle_sleep_max_us, bare->idle_sleep_max_us);
	assert_int_equal(example->huge, bare->huge);
	assert_int_equal(example->locator, bare->locator);
	assert_int_equal(example->log_level, bare->log_level);
	assert_string_equal(example->control_socket, bare->control_socket);
	assert_int_equal(example->control_mode, bare->control_mode);
	assert_int_equal(example->drain_ms, bare->drain_ms);
	assert_int_equal(example->retry_after_s, bare->retry_after_s);
	assert_string_equal(example->server_name, bare->server_name);
	config_free(example);
	config_free(bare);
	free(text);
}

static void every_default_is_filled_in(void **state) {
	struct config *cfg = parse(least);
	static const struct config_timers timers = {
		500,
		4000,
		5000,
		32000,
		185000,
		32000,
		32000,
		32000,
		5000,
		32000,
		5000,
		32000,
		32000,
		43200000,
	};

	(void)state;
	assert_memory_equal(&cfg->timers, &timers, sizeof(timers));
	assert_int_equal(cfg->control_cpu, 0);
	assert_int_equal(cfg->worker_cpu[0], 1);
	assert_int_equal(cfg->idle, IDLE_SPIN);
	assert_int_equal(cfg->idle_sleep_max_us, 200);
	assert_int_equal(cfg->locator, LOCATOR_AUTO);
	assert_int_equal(cfg->proxy_state, PROXY_DIALOG);
	assert_int_equal(cfg->huge, MEM_HUGE_AUTO);
	assert_string_equal(cfg->ports[0].tap, "p");
	assert_int_equal(cfg->ports[0].mtu, 1500);
	assert_int_equal(cfg->ports[0].queues, 0);
	assert_endpoint(&cfg->listeners[0].local, "192.0.2.1:5060");
	assert_endpoint(&cfg->listeners[0].advertised, "192.0.2.1:5060");
	assert_int_equal(cfg->capacity.transactions, 200000);
	assert_int_equal(cfg->capacity.dialogs, 100000);
	assert_int_equal(cfg->capacity.text_bytes, 256u << 20);
	assert_int_equal(cfg->capacity.packets, 16384);
	assert_int_equal(cfg->capacity.packet_bytes, 9000);
	assert_int_equal(cfg->capacity.headers, 128);
	assert_int_equal(cfg->capacity.vias, 70);
	assert_int_equal(cfg->capacity.routes, 64);
	assert_int_equal(cfg->capacity.body_bytes, 65535);
	assert_int_equal(cfg->route_count, 0);
	assert_int_equal(cfg->log_level, LOG_INFO);
	assert_string_equal(cfg->control_socket, "/run/tandem/control.sock");
	assert_int_equal(cfg->control_mode, 0660);
	assert_null(cfg->control_group);
	assert_int_equal(cfg->drain_ms, 30000);
	assert_int_equal(cfg->retry_after_s, 10);
	assert_string_equal(cfg->server_name, "tandem");
	assert_int_equal(cfg->version, 1);
	config_free(cfg);
}

static void timers_follow_t1_and_t4(void **state) {
	char *text;
	struct config *cfg;

	(void)state;
	assert_true(asprintf(&text, "%stimers: {t1: 1000, t4: 7000, m: 50}\n", least) > 0);
	cfg = parse(text);
	assert_int_equal(cfg->timers.b_ms, 64000);
	assert_int_equal(cfg->timers.d_ms, 64000);
	assert_int_equal(cfg->timers.l_ms, 64000);
	assert_int_equal(cfg->timers.m_ms, 50);
	assert_int_equal(cfg->timers.i_ms, 7000);
	assert_int_equal(cfg->timers.k_ms, 7000);
	config_free(cfg);
	free(text);
	assert_true(asprintf(&text, "%stimers: {t1: 10, c: 1000, c_may_be_short: true}\n", least) > 0);
	cfg = parse(text);
	assert_int_equal(cfg->timers.b_ms, 640);
	assert_int_equal(cfg->timers.c_ms, 1000);
	assert_int_equal(cfg->timers.d_ms, 32000);
	config_free(cfg);
	free(text);
}

static void the_lab_file_loads(void **state) {
	char *text = file_text(SOURCE_ROOT "/tests/lab/tandem.yaml");
	struct config *cfg;

	(void)state;
	text = replace_all(text, "@DRIVER_A@", "net_af_xdp0,iface=t-a");
	text = replace_all(text, "@DRIVER_B@", "net_af_packet1,iface=t-b");
	text = replace_all(text, "@RUN@", "/run/lab");
	cfg = parse(text);
	assert_int_equal(cfg->idle, IDLE_SLEEP);
	assert_int_equal(cfg->huge, MEM_HUGE_OFF);
	assert_string_equal(cfg->ports[0].tap, "tap-a");
	assert_int_equal(cfg->capacity.packet_bytes, 2000);
	assert_string_equal(cfg->control_socket, "/run/lab/control.sock");
	assert_int_equal(cfg->drain_ms, 5000);
	assert_int_equal(cfg->route_count, 2);
	assert_int_equal(cfg->routes[1].from_port, 1);
	assert_endpoint(&cfg->routes[1].to, "192.0.2.10:5060");
	config_free(cfg);
	free(text);
}

// The dump is the same configuration again: JSON is YAML.
static void the_dump_loads_again(void **state) {
	char *text = file_text(SOURCE_ROOT "/dist/tandem.example.yaml");
	struct config *cfg = parse(text), *again;
	char *dump = config_dump(cfg), *second;

	(void)state;
	assert_non_null(dump);
	again = parse(dump);
	second = config_dump(again);
	assert_string_equal(dump, second);
	assert_memory_equal(&cfg->timers, &again->timers, sizeof(cfg->timers));
	config_free(cfg);
	config_free(again);
	free(dump);
	free(second);
	free(text);
}

// As the parser gives the user part and the host of a URI.
static void rules_take_what_a_uri_can_hold(void **state) {
	static const struct {
		const char *match;
		const char *user_prefix, *domain;
	} rows[] = {
		{"user_prefix: \"#31#\"", "#31#", ""},
		{"user_prefix: \"+49-_.!~*'()&=$,;?/%41\"", "+49-_.!~*'()&=$,;?/%41", ""},
		{"domain: Example.NET", "", "Example.NET"},
		{"domain: example.net.", "", "example.net"},
		{"domain: 192.0.2.1", "", "192.0.2.1"},
		{"domain: \"[2001:db8::1]\"", "", "[2001:db8::1]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config *cfg;
		char *text;

		assert_true(
			asprintf(
				&text,
				"%sroutes:\n  - name: r\n    match: {%s}\n    to: 192.0.2.9\n",
				least,
				rows[i].match
			) > 0
		);
		cfg = parse(text);
		assert_true(str_eq(cfg->routes[0].user_prefix, str_from_c(rows[i].user_prefix)));
		assert_true(str_eq(cfg->routes[0].domain, str_from_c(rows[i].domain)));
		config_free(cfg);
		free(text);
	}
}

// A mark of the beginning or the end makes no second document.
#define BASE                                                                                                           \
	"cores: {workers: [1]}\nports: [{name: a, device: net_tap0, addresses: [192.0.2.1/24]}]\n"                     \
	"listeners: [{name: a, address: 192.0.2.1}]\n"

static void targets_are_sorted_by_priority(void **state) {
	struct config *cfg = parse(BASE "routes:\n"
					"  - name: r\n"
					"    try: 1500\n"
					"    recurse: true\n"
					"    targets:\n"
					"      - {to: 192.0.2.12, priority: 2}\n"
					"      - {to: 192.0.2.10:5070, uri: \"sip:x@192.0.2.10\"}\n"
					"      - {to: 192.0.2.11, priority: 1}\n"
					"  - {name: s, to: 192.0.2.9, stateless: true}\n"
					"  - {name: t, to: 192.0.2.8, recurse: true}\n");
	const struct config_route *route = &cfg->routes[0];

	(void)state;
	assert_int_equal(route->target_count, 3);
	assert_endpoint(&route->to, "192.0.2.10:5070");
	assert_endpoint(&route->targets[0].to, "192.0.2.10:5070");
	assert_true(str_eq(route->targets[0].uri, STR("sip:x@192.0.2.10")));
	assert_endpoint(&route->targets[1].to, "192.0.2.11:5060");
	assert_endpoint(&route->targets[2].to, "192.0.2.12:5060");
	assert_int_equal(route->targets[2].priority, 2);
	assert_int_equal(route->try_ms, 1500);
	assert_true(route->is_forked && route->recurses && !route->is_stateless);
	assert_true(cfg->routes[1].is_stateless && !cfg->routes[1].is_forked);
	assert_true(cfg->routes[2].is_forked && cfg->routes[2].recurses);
	config_free(cfg);
}

static void one_document_may_have_its_marks(void **state) {
	char *text;

	(void)state;
	assert_true(asprintf(&text, "---\n%s...\n# that was all\n", least) > 0);
	config_free(parse(text));
	free(text);
}

static void a_cpu_may_be_shared(void **state) {
	struct config *cfg = parse("cores: {control: 0, workers: [0, 0]}\n"
				   "ports: [{name: p, device: net_tap0, addresses: [192.0.2.1/24]}]\n"
				   "listeners: [{name: l, address: 192.0.2.1}]\n");

	(void)state;
	assert_int_equal(cfg->worker_count, 2);
	assert_int_equal(cfg->worker_cpu[1], 0);
	config_free(cfg);
}

static void metrics_are_off_or_for_this_machine(void **state) {
	struct config *bare = parse(least);
	struct config *cfg;
	char *text;

	(void)state;
	assert_int_equal(bare->metrics.listen.port, 0);
	config_free(bare);
	assert_true(asprintf(&text, "%smetrics: {listen: \"[::]\"}\n", least) > 0);
	cfg = parse(text);
	assert_endpoint(&cfg->metrics.listen, "[::]:9464");
	assert_int_equal(cfg->metrics.allow_count, 2);
	assert_prefix(&cfg->metrics.allow[0], "127.0.0.0/8");
	assert_prefix(&cfg->metrics.allow[1], "::1/128");
	config_free(cfg);
	free(text);
}

static void anchors_are_understood(void **state) {
	struct config *cfg = parse("cores: {workers: &w [1]}\n"
				   "ports: [{name: &p p, device: net_tap0, addresses: [192.0.2.1/24]}]\n"
				   "listeners: [{name: *p, address: 192.0.2.1}]\n");

	(void)state;
	assert_string_equal(cfg->listeners[0].name, "p");
	config_free(cfg);
}

static void the_reference_is_up_to_date(void **state) {
	char *committed = file_text(SOURCE_ROOT "/docs/configuration.md");
	char *made = NULL;
	size_t size;
	FILE *out = open_memstream(&made, &size);

	(void)state;
	config_reference(out);
	fclose(out);
	assert_string_equal(made, committed);
	free(made);
	free(committed);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_loads),
		cmocka_unit_test(the_example_shows_the_defaults),
		cmocka_unit_test(every_default_is_filled_in),
		cmocka_unit_test(timers_follow_t1_and_t4),
		cmocka_unit_test(the_lab_file_loads),
		cmocka_unit_test(the_dump_loads_again),
		cmocka_unit_test(rules_take_what_a_uri_can_hold),
		cmocka_unit_test(targets_are_sorted_by_priority),
		cmocka_unit_test(one_document_may_have_its_marks),
		cmocka_unit_test(a_cpu_may_be_shared),
		cmocka_unit_test(metrics_are_off_or_for_this_machine),
		cmocka_unit_test(anchors_are_understood),
		cmocka_unit_test(the_reference_is_up_to_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
