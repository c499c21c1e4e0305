// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/state.h"

#define OWN_ROUTES_MAX 2 // a double Record-Route; more of us in a row is somebody looping

static bool is_ours(const struct config *cfg, const struct sip_uri *uri) {
	for (unsigned i = 0; i < cfg->listener_count; i++) {
		const struct config_listener *listener = &cfg->listeners[i];

		if (sip_uri_is_endpoint(uri, &listener->local) || sip_uri_is_endpoint(uri, &listener->advertised))
			return true;
	}
	return false;
}

// The address a SIP URI names, over UDP. Names wait for the resolver (RFC 3263), other transports for their listeners.
static bool uri_endpoint(const struct sip_uri *uri, struct endpoint *ret_to) {
	struct sip_param transport;
	struct endpoint to = {.port = uri->port ? uri->port : 5060};

	if (!uri->is_sip || uri->is_sips)
		return false;
	if (sip_param_find(uri->params, STR("transport"), &transport) > 0 &&
	    !str_eq_nocase(transport.value, STR("udp")))
		return false;
	if (!ip_parse(uri->host, &to.addr))
		return false;
	*ret_to = to;
	return true;
}

static bool rule_holds(const struct session *s, const struct config_route *rule, const struct packet *from) {
	const struct sip_uri *uri = &s->msg.uri;

	return str_starts(uri->user, rule->user_prefix) &&
	       (rule->domain.len == 0 || str_eq_nocase(uri->host, rule->domain)) &&
	       (rule->from_port < 0 || rule->from_port == from->port) &&
	       (!rule->has_from_network || ip_prefix_holds(&rule->from_network, &from->src.addr));
}

// The first static rule that holds; false when there is none.
static bool by_rules(const struct session *s, const struct packet *from, struct target *target) {
	const struct config *cfg = s->w->cfg;

	for (unsigned i = 0; i < cfg->route_count; i++) {
		if (rule_holds(s, &cfg->routes[i], from)) {
			target->to = cfg->routes[i].to;
			target->rule = (int32_t)i;
			return true;
		}
	}
	return false;
}

struct route_entry {
	struct sip_name_addr addr;
	struct sip_uri uri;
};

// The next Route entry, parsed: 1, 0 at the end, -1 malformed.
static int route_next(const struct sip_msg *msg, struct sip_walk *walk, struct route_entry *ret_entry) {
	struct str text;
	int more = sip_walk_next(msg, walk, &text);

	if (more <= 0)
		return more;
	return sip_name_addr_parse(text, &ret_entry->addr) && sip_uri_parse(ret_entry->addr.uri, &ret_entry->uri) ? 1
														  : -1;
}

// Passes over the entries at the top that name us. Returns what route_next said of the first other one.
static int skip_own(const struct session *s, struct route_entry *ret_entry, struct target *target) {
	struct sip_walk walk = {.id = HDR_ROUTE};
	struct sip_param id;
	int more;

	while ((more = route_next(&s->msg, &walk, ret_entry)) > 0) {
		if (target->own_routes == OWN_ROUTES_MAX || !is_ours(s->w->cfg, &ret_entry->uri))
			break;
		target->own_routes++;
		if (sip_param_find(ret_entry->uri.params, STR("d"), &id) > 0)
			target->dialog_id = id.value;
	}
	return more;
}

// The listener a message to target->to leaves by: that of the request when it is on the way, else the first there.
static uint16_t
way_out(const struct session *s, const struct packet *from, struct target *target, enum count *ret_reason) {
	const struct config *cfg = s->w->cfg;
	int interface = output_interface(s->w, &target->to.addr);
	int found = -1;

	for (unsigned i = 0; i < cfg->listener_count; i++) {
		const struct config_listener *listener = &cfg->listeners[i];

		if (endpoint_eq(&listener->local, &target->to) || endpoint_eq(&listener->advertised, &target->to)) {
			*ret_reason = COUNT_SIP_LOOP;
			return 482;
		}
		if (listener->interface == interface && listener->local.addr.family == target->to.addr.family &&
		    (found < 0 || i == from->listener))
			found = (int)i;
	}
	if (interface < 0 || found < 0) {
		*ret_reason = COUNT_SIP_BAD_NEXT_HOP;
		return 503;
	}
	target->listener = (uint8_t)found;
	target->payload_max = output_payload_max(s->w, interface, target->to.addr.family);
	return 0;
}

uint16_t
route_find(const struct session *s, const struct packet *from, struct target *ret_target, enum count *ret_reason) {
	struct target target = {.rule = DIALOG_RULE_ROUTE};
	struct route_entry entry;
	int more = skip_own(s, &entry, &target);
	bool found;
	uint16_t status;

	if (more < 0) {
		*ret_reason = COUNT_SIP_BAD_ROUTE;
		return 400;
	}
	if (more > 0)
		found = uri_endpoint(&entry.uri, &target.to);
	else if (target.own_routes > 0 && s->msg.to.tag.len > 0)
		found = uri_endpoint(&s->msg.uri, &target.to);
	else if (!(found = by_rules(s, from, &target))) {
		*ret_reason = COUNT_SIP_NO_RULE;
		return 404;
	}
	if (!found) {
		*ret_reason = COUNT_SIP_BAD_NEXT_HOP;
		return 503;
	}
	status = way_out(s, from, &target, ret_reason);
	if (status == 0)
		*ret_target = target;
	return status;
}
