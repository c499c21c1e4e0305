// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <jansson.h>
#include <stdlib.h>

#include "control/config.h"
#include "control/config_schema.h"

static json_t *endpoint_json(const struct endpoint *endpoint) {
	char text[ENDPOINT_TEXT_MAX];

	return json_stringn(text, endpoint_format(endpoint, text));
}

static json_t *addr_json(const struct ip_addr *addr) {
	char text[IP_TEXT_MAX];

	return json_stringn(text, ip_format(addr, text));
}

static json_t *prefix_json(const struct ip_prefix *prefix) {
	char text[IP_TEXT_MAX];

	ip_format(&prefix->addr, text);
	return json_sprintf("%s/%u", text, prefix->len);
}

static void put_word(json_t *object, const struct config_section *section, const char *key, int value) {
	json_object_set_new(object, key, json_string(config_word(section, key, value)));
}

static void put_interface(json_t *object, const struct config_interface *interface) {
	json_t *addresses = json_array(), *routes = json_array();

	for (uint32_t i = 0; i < interface->prefix_count; i++)
		json_array_append_new(addresses, prefix_json(&interface->prefixes[i]));
	for (uint32_t i = 0; i < interface->gateway_count; i++)
		json_array_append_new(
			routes,
			json_pack(
				"{s:o, s:o}",
				"to",
				prefix_json(&interface->gateways[i].to),
				"via",
				addr_json(&interface->gateways[i].via)
			)
		);
	json_object_set_new(object, "addresses", addresses);
	json_object_set_new(object, "routes", routes);
}

static json_t *port_json(const struct config *cfg, uint32_t at) {
	const struct config_port *port = &cfg->ports[at];
	json_t *vlans = json_array();
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:i}",
		"name",
		port->name,
		"device",
		port->device,
		"tap",
		port->tap,
		"mtu",
		(int)port->mtu
	);

	if (port->queues)
		json_object_set_new(object, "queues", json_integer(port->queues));
	for (uint32_t i = 0; i < cfg->interface_count; i++) {
		const struct config_interface *interface = &cfg->interfaces[i];

		if (interface->port != at)
			continue;
		if (interface->vlan == 0) {
			put_interface(object, interface);
		} else {
			json_t *vlan = json_pack("{s:i}", "id", (int)interface->vlan);

			put_interface(vlan, interface);
			json_array_append_new(vlans, vlan);
		}
	}
	json_object_set_new(object, "vlans", vlans);
	return object;
}

static json_t *listeners_json(const struct config *cfg) {
	json_t *list = json_array();

	for (uint32_t i = 0; i < cfg->listener_count; i++) {
		const struct config_listener *listener = &cfg->listeners[i];

		json_array_append_new(
			list,
			json_pack(
				"{s:s, s:o, s:i, s:o}",
				"name",
				listener->name,
				"address",
				addr_json(&listener->local.addr),
				"port",
				(int)listener->local.port,
				"advertise",
				endpoint_json(&listener->advertised)
			)
		);
	}
	return list;
}

static bool is_default_route(const struct config_route *route) {
	return route->user_prefix.len == 0 && route->domain.len == 0 && route->from_port < 0 &&
	       !route->has_from_network && strcmp(route->name, "default") == 0;
}

static void put_targets(json_t *object, const struct config_route *route) {
	json_t *list = json_array();

	for (uint32_t i = 0; i < route->target_count; i++) {
		const struct config_target *target = &route->targets[i];
		json_t *each = json_pack(
			"{s:o, s:I}", "to", endpoint_json(&target->to), "priority", (json_int_t)target->priority
		);

		if (target->uri.len)
			json_object_set_new(each, "uri", json_stringn(target->uri.ptr, target->uri.len));
		json_array_append_new(list, each);
	}
	json_object_set_new(object, "targets", list);
	json_object_set_new(object, "try", json_integer(route->try_ms));
	json_object_set_new(object, "recurse", json_boolean(route->recurses));
}

static json_t *route_json(const struct config *cfg, const struct config_route *route) {
	json_t *match = json_object(), *object;

	if (route->user_prefix.len)
		json_object_set_new(match, "user_prefix", json_stringn(route->user_prefix.ptr, route->user_prefix.len));
	if (route->domain.len)
		json_object_set_new(match, "domain", json_stringn(route->domain.ptr, route->domain.len));
	if (route->from_port >= 0)
		json_object_set_new(match, "from_port", json_string(cfg->ports[route->from_port].name));
	if (route->has_from_network)
		json_object_set_new(match, "from_network", prefix_json(&route->from_network));
	object = json_pack("{s:s, s:o}", "name", route->name, "match", match);
	if (route->is_forked)
		put_targets(object, route);
	else
		json_object_set_new(object, "to", endpoint_json(&route->to));
	if (route->is_stateless)
		json_object_set_new(object, "stateless", json_true());
	return object;
}

static void put_routes(json_t *top, const struct config *cfg) {
	json_t *list = json_array();

	json_object_set_new(top, "routes", list);
	for (uint32_t i = 0; i < cfg->route_count; i++) {
		if (is_default_route(&cfg->routes[i]))
			json_object_set_new(top, "default_route", endpoint_json(&cfg->routes[i].to));
		else
			json_array_append_new(list, route_json(cfg, &cfg->routes[i]));
	}
}

static json_t *cores_json(const struct config *cfg) {
	json_t *workers = json_array(), *cores = json_object();

	for (uint32_t i = 0; i < cfg->worker_count; i++)
		json_array_append_new(workers, json_integer(cfg->worker_cpu[i]));
	json_object_set_new(cores, "control", json_integer(cfg->control_cpu));
	json_object_set_new(cores, "workers", workers);
	put_word(cores, &config_section_cores, "idle", (int)cfg->idle);
	json_object_set_new(cores, "idle_sleep_max_us", json_integer(cfg->idle_sleep_max_us));
	return cores;
}

static json_t *timers_json(const struct config_timers *timers) {
	const struct {
		const char *name;
		uint32_t ms;
	} rows[] = {
		{"t1", timers->t1_ms},
		{"t2", timers->t2_ms},
		{"t4", timers->t4_ms},
		{"b", timers->b_ms},
		{"c", timers->c_ms},
		{"d", timers->d_ms},
		{"f", timers->f_ms},
		{"h", timers->h_ms},
		{"i", timers->i_ms},
		{"j", timers->j_ms},
		{"k", timers->k_ms},
		{"l", timers->l_ms},
		{"m", timers->m_ms},
		{"dialog_max", timers->dialog_max_ms},
	};
	json_t *object = json_object();

	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++)
		json_object_set_new(object, rows[i].name, json_integer(rows[i].ms));
	json_object_set_new(object, "c_may_be_short", json_boolean(timers->c_ms <= TIMER_C_BELOW_MS));
	return object;
}

static json_t *capacity_json(const struct config_capacity *capacity) {
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"transactions",
		(json_int_t)capacity->transactions,
		"dialogs",
		(json_int_t)capacity->dialogs,
		"forks",
		(json_int_t)capacity->forks,
		"text_mb",
		(json_int_t)(capacity->text_bytes >> 20),
		"packets",
		(json_int_t)capacity->packets,
		"packet_bytes",
		(json_int_t)capacity->packet_bytes,
		"headers",
		(json_int_t)capacity->headers,
		"vias",
		(json_int_t)capacity->vias,
		"routes",
		(json_int_t)capacity->routes,
		"body_bytes",
		(json_int_t)capacity->body_bytes
	);
}

static json_t *sources_json(const struct config_sources *sources) {
	json_t *trusted = json_array(), *expressions = json_array();

	for (uint32_t i = 0; i < sources->trusted_count; i++)
		json_array_append_new(trusted, prefix_json(&sources->trusted[i]));
	for (uint32_t i = sources->screen_shipped; i < sources->screen_count; i++)
		json_array_append_new(expressions, json_string(sources->screen[i]));
	return json_pack(
		"{s:o, s:I, s:I, s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I}",
		"trusted",
		trusted,
		"trusted_rate",
		(json_int_t)sources->trusted_rate,
		"trusted_burst",
		(json_int_t)sources->trusted_burst,
		"screen",
		sources->screen_shipped > 0,
		"expressions",
		expressions,
		"rate",
		(json_int_t)sources->rate,
		"burst",
		(json_int_t)sources->burst,
		"all_rate",
		(json_int_t)sources->all_rate,
		"all_burst",
		(json_int_t)sources->all_burst,
		"ban_after",
		(json_int_t)sources->ban_after,
		"ban",
		(json_int_t)sources->ban_s
	);
}

static json_t *control_json(const struct config *cfg) {
	json_t *control = json_object();

	json_object_set_new(control, "socket", json_string(cfg->control_socket));
	json_object_set_new(control, "mode", json_sprintf("%04o", cfg->control_mode));
	if (cfg->control_group)
		json_object_set_new(control, "group", json_string(cfg->control_group));
	return control;
}

static json_t *metrics_json(const struct config_metrics *metrics) {
	json_t *allow = json_array();

	for (uint32_t i = 0; i < metrics->allow_count; i++)
		json_array_append_new(allow, prefix_json(&metrics->allow[i]));
	return json_pack("{s:o, s:o}", "listen", endpoint_json(&metrics->listen), "allow", allow);
}

char *config_dump(const struct config *cfg) {
	json_t *top = json_object(), *memory = json_object(), *parser = json_object();
	json_t *proxy = json_object(), *log = json_object();
	json_t *ports = json_array();
	char *text;

	put_word(memory, &config_section_memory, "hugepages", (int)cfg->huge);
	put_word(parser, &config_section_parser, "locator", (int)cfg->locator);
	put_word(proxy, &config_section_proxy, "state", (int)cfg->proxy_state);
	json_object_set_new(proxy, "session_expires", json_integer(cfg->session_expires_s));
	json_object_set_new(proxy, "session_min", json_integer(cfg->session_min_s));
	put_word(log, &config_section_log, "level", (int)cfg->log_level);
	for (uint32_t i = 0; i < cfg->port_count; i++)
		json_array_append_new(ports, port_json(cfg, i));
	json_object_set_new(top, "cores", cores_json(cfg));
	json_object_set_new(top, "memory", memory);
	json_object_set_new(top, "parser", parser);
	json_object_set_new(top, "proxy", proxy);
	json_object_set_new(top, "ports", ports);
	json_object_set_new(top, "listeners", listeners_json(cfg));
	json_object_set_new(top, "timers", timers_json(&cfg->timers));
	json_object_set_new(top, "capacity", capacity_json(&cfg->capacity));
	json_object_set_new(top, "sources", sources_json(&cfg->sources));
	put_routes(top, cfg);
	json_object_set_new(top, "log", log);
	json_object_set_new(top, "control", control_json(cfg));
	if (cfg->metrics.listen.port)
		json_object_set_new(top, "metrics", metrics_json(&cfg->metrics));
	json_object_set_new(top, "drain", json_integer(cfg->drain_ms));
	json_object_set_new(top, "retry_after", json_integer(cfg->retry_after_s));
	json_object_set_new(top, "server_name", json_string(cfg->server_name));
	text = json_dumps(top, JSON_INDENT(2));
	json_decref(top);
	return text;
}
