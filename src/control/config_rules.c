// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Static rules. The default route becomes the last rule, without conditions.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config_build.h"
#include "sip/uri.h"

#define DEFAULT_NAME "default"

static struct str own_str(struct build *b, const char *text) {
	char *copy = text ? build_text(b, text) : NULL;

	return copy ? str_from_c(copy) : (struct str){0};
}

static int16_t port_of(struct build *b, const char *path, const char *name) {
	char names[PORTS_MAX * 34] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < b->raw->ports_count; i++) {
		if (strcmp(b->raw->ports[i].name, name) == 0)
			return (int16_t)i;
		used += (size_t
		)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "", b->raw->ports[i].name);
	}
	config_problem(b->tree, path, "no port is called \"%s\"; the ports are %s", name, names);
	return -1;
}

// What the parser takes as a user part, as it stands: escapes are whole and not resolved.
static bool is_user(const char *text) {
	char uri_text[sizeof("sip:@x") + 64];
	struct sip_uri uri;
	int len = snprintf(uri_text, sizeof(uri_text), "sip:%s@x", text);

	return len > 0 && (size_t)len < sizeof(uri_text) && sip_uri_parse(str_of(uri_text, (size_t)len), &uri) &&
	       uri.user.len == strlen(text);
}

// The host of a rule, as the parser gives that of a URI; without the dot that only says that the name is complete.
static struct str read_domain(struct build *b, const char *path, const char *text) {
	struct str domain = own_str(b, text);

	if (domain.len > 0 && !sip_is_host(domain))
		config_problem(
			b->tree,
			path,
			"\"%s\" is no host name; write one like example.net, 192.0.2.1 or [2001:db8::1], without a "
			"port",
			text
		);
	if (domain.len > 1 && domain.ptr[domain.len - 1] == '.')
		domain.len--;
	return domain;
}

static void read_match(struct build *b, uint32_t at, struct config_route *route) {
	const struct raw_match *match = &b->raw->routes[at].match;
	PATH(user_path, "routes[%u].match.user_prefix", at);
	PATH(domain_path, "routes[%u].match.domain", at);
	PATH(port_path, "routes[%u].match.from_port", at);
	PATH(network_path, "routes[%u].match.from_network", at);

	route->user_prefix = own_str(b, match->user_prefix);
	route->domain = read_domain(b, domain_path, match->domain);
	if (match->user_prefix && !is_user(match->user_prefix))
		config_problem(
			b->tree,
			user_path,
			"\"%s\" cannot begin the user part of a URI; write digits, letters, -_.!~*'()&=+$,;?/# and "
			"whole escapes like %%20 only",
			match->user_prefix
		);
	if (match->from_port)
		route->from_port = port_of(b, port_path, match->from_port);
	if (match->from_network)
		route->has_from_network = build_network(b, network_path, match->from_network, &route->from_network);
}

static bool has_listener_of(const struct config *cfg, uint8_t family) {
	for (uint32_t i = 0; i < cfg->listener_count; i++)
		if (cfg->listeners[i].local.addr.family == family)
			return true;
	return false;
}

// A next hop that is ourselves would only loop.
static void read_hop(struct build *b, const char *path, const char *text, struct endpoint *ret_to) {
	if (!build_endpoint(b, path, text, 5060, ret_to))
		return;
	if (b->cfg->listener_count > 0 && !has_listener_of(b->cfg, ret_to->addr.family))
		config_problem(
			b->tree,
			path,
			"\"%s\" is IPv%u and there is no such listener for requests to leave by; add one",
			text,
			ret_to->addr.family
		);
	for (uint32_t i = 0; i < b->cfg->listener_count; i++)
		if (endpoint_eq(&b->cfg->listeners[i].local, ret_to) ||
		    endpoint_eq(&b->cfg->listeners[i].advertised, ret_to))
			config_problem(
				b->tree,
				path,
				"\"%s\" is tandem's own listener %s; write the address of the next hop",
				text,
				b->raw->listeners[i].name
			);
}

// What the Request-URI towards a target becomes: a whole SIP URI without what a Request-URI must not have.
static struct str read_uri(struct build *b, const char *path, const char *text) {
	struct sip_param method;
	struct sip_uri uri;

	if (text && (!sip_uri_parse(str_from_c(text), &uri) || !uri.is_sip || uri.is_sips || uri.headers.len > 0 ||
		     sip_param_find(uri.params, STR("method"), &method) > 0))
		config_problem(
			b->tree,
			path,
			"\"%s\" is no SIP URI for a request; write one like sip:bob@192.0.2.1:5060, without headers or "
			"method",
			text
		);
	return own_str(b, text);
}

// By priority, and as they stand where that is the same.
static int target_compare(const void *a, const void *b) {
	const struct config_target *left = a, *right = b;

	if (left->priority != right->priority)
		return left->priority < right->priority ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static void read_targets(struct build *b, uint32_t at, struct config_route *route) {
	const struct raw_route *raw = &b->raw->routes[at];

	route->targets = build_array(b, raw->targets_count, sizeof(*route->targets));
	if (!route->targets)
		return;
	route->target_count = raw->targets_count;
	for (uint32_t i = 0; i < raw->targets_count; i++) {
		struct config_target *target = &route->targets[i];
		PATH(to_path, "routes[%u].targets[%u].to", at, i);
		PATH(uri_path, "routes[%u].targets[%u].uri", at, i);

		target->order = i;
		target->priority = CHOSEN(&raw->targets[i], target, priority);
		read_hop(b, to_path, raw->targets[i].to, &target->to);
		target->uri = read_uri(b, uri_path, raw->targets[i].uri);
	}
	qsort(route->targets, route->target_count, sizeof(*route->targets), target_compare);
}

// A rule with a single next hop has that as its only target.
static void read_only_hop(struct build *b, const char *path, const char *text, struct config_route *route) {
	route->targets = build_array(b, 1, sizeof(*route->targets));
	if (!route->targets)
		return;
	route->target_count = 1;
	route->targets[0].priority = config_default(&config_section_target, "priority");
	read_hop(b, path, text, &route->targets[0].to);
}

// What needs a response context does not go without state.
static void check_state(struct build *b, uint32_t at, const struct config_route *route) {
	bool is_stateless = route->is_stateless || CHOSEN(&b->raw->proxy, proxy, state) == PROXY_STATELESS;
	PATH(path, "routes[%u]", at);

	if (is_stateless && route->is_forked)
		config_problem(
			b->tree,
			path,
			"several targets, a target's uri and recurse need transactions; remove them, or %s",
			route->is_stateless ? "`stateless: true`" : "set proxy.state to transaction or dialog"
		);
	if (route->try_ms > 0 && !route->is_forked)
		config_problem(b->tree, path, "try is for rules with several targets or recurse; remove it");
}

static void read_way(struct build *b, uint32_t at, struct config_route *route) {
	const struct raw_route *raw = &b->raw->routes[at];
	PATH(path, "routes[%u]", at);
	PATH(to_path, "routes[%u].to", at);

	if (!raw->to == (raw->targets_count == 0)) {
		config_problem(
			b->tree, path, raw->to ? "both to and targets are there; keep one" : "to or targets is missing"
		);
		return;
	}
	if (raw->to)
		read_only_hop(b, to_path, raw->to, route);
	else
		read_targets(b, at, route);
	if (!route->targets)
		return;
	route->to = route->targets[0].to;
	route->recurses = raw->recurse && *raw->recurse;
	route->is_stateless = raw->stateless && *raw->stateless;
	route->try_ms = CHOSEN(raw, route, try);
	route->is_forked = route->target_count > 1 || route->recurses || route->targets[0].uri.len > 0;
	check_state(b, at, route);
}

static int name_compare(const void *a, const void *b) {
	const struct raw_route *const *left = a, *const *right = b;
	int order = strcmp((*left)->name, (*right)->name);

	if (order == 0)
		order = *left < *right ? -1 : 1;
	return order;
}

static void check_names(struct build *b) {
	uint32_t count = b->raw->routes_count;
	const struct raw_route **sorted = build_array(b, count, sizeof(*sorted));

	if (!sorted)
		return;
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = &b->raw->routes[i];
	qsort(sorted, count, sizeof(*sorted), name_compare);
	for (uint32_t i = 0; i < count; i++) {
		PATH(path, "routes[%u].name", (uint32_t)(sorted[i] - b->raw->routes));

		if (i > 0 && strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
			config_problem(
				b->tree,
				path,
				"\"%s\" is the name of routes[%u] already",
				sorted[i]->name,
				(uint32_t)(sorted[i - 1] - b->raw->routes)
			);
		else if (strcmp(sorted[i]->name, DEFAULT_NAME) == 0)
			config_problem(
				b->tree, path, "\"" DEFAULT_NAME "\" is the name of default_route; choose another"
			);
	}
	free(sorted);
}

void build_rules(struct build *b) {
	uint32_t count = b->raw->routes_count + (b->raw->default_route != NULL);

	b->cfg->routes = build_array(b, count, sizeof(*b->cfg->routes));
	if (!b->cfg->routes)
		return;
	for (uint32_t i = 0; i < b->raw->routes_count; i++) {
		struct config_route *route = &b->cfg->routes[b->cfg->route_count++];

		*route = (struct config_route){.name = build_text(b, b->raw->routes[i].name), .from_port = -1};
		read_match(b, i, route);
		read_way(b, i, route);
	}
	check_names(b);
	if (b->raw->default_route) {
		struct config_route *route = &b->cfg->routes[b->cfg->route_count++];

		*route = (struct config_route){.name = build_text(b, DEFAULT_NAME), .from_port = -1};
		read_only_hop(b, "default_route", b->raw->default_route, route);
		if (route->targets)
			route->to = route->targets[0].to;
	}
}
