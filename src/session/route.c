// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/state.h"

// A double Record-Route is two entries, a call that passes us twice four; more of us in a row is somebody looping.
#define OWN_ROUTES_MAX 8

// The listener at that address, or -1.
static int listener_at(const struct config *cfg, const struct endpoint *at) {
	for (unsigned i = 0; i < cfg->listener_count; i++)
		if (endpoint_eq(&cfg->listeners[i].local, at) || endpoint_eq(&cfg->listeners[i].advertised, at))
			return (int)i;
	return -1;
}

int route_listener_named(const struct config *cfg, const struct sip_uri *uri) {
	struct endpoint at;

	return sip_uri_endpoint(uri, &at) ? listener_at(cfg, &at) : -1;
}

// Names wait for the resolver (RFC 3263), other transports for their listeners.
bool route_uri_endpoint(const struct sip_uri *uri, struct endpoint *ret_to) {
	struct sip_param transport, maddr;
	struct sip_uri there;

	if (uri->is_sips)
		return false;
	if (sip_param_find(uri->params, STR("transport"), &transport) > 0 &&
	    !str_eq_nocase(transport.value, STR("udp")))
		return false;
	if (likely(sip_param_find(uri->params, STR("maddr"), &maddr) <= 0))
		return sip_uri_endpoint(uri, ret_to);
	there = *uri;
	there.host = maddr.value;
	return sip_uri_endpoint(&there, ret_to);
}

static int hex_value(char c) {
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

// "%30" is "0" to whoever gets the request (RFC 3261 19.1.4), so it is to the rules.
static bool user_starts(struct str user, struct str prefix) {
	uint32_t at = 0;

	for (uint32_t i = 0; i < prefix.len; i++) {
		char c;

		if (at == user.len)
			return false;
		c = user.ptr[at++];
		if (c == '%' && at + 2 <= user.len) {
			c = (char)(hex_value(user.ptr[at]) << 4 | hex_value(user.ptr[at + 1]));
			at += 2;
		}
		if (c != prefix.ptr[i])
			return false;
	}
	return true;
}

// "example.net." is the same domain.
static bool is_domain(struct str host, struct str domain) {
	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	return str_eq_nocase(host, domain);
}

static bool rule_holds(const struct session *s, const struct config_route *rule, const struct packet *from) {
	const struct sip_uri *uri = &s->msg->uri;

	return user_starts(uri->user, rule->user_prefix) &&
	       (rule->domain.len == 0 || is_domain(uri->host, rule->domain)) &&
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
			target->is_stateless = cfg->routes[i].is_stateless;
			// In a dialog there is one target only.
			target->is_forked =
				cfg->routes[i].is_forked && s->msg->to.tag.len == 0 && s->msg->method != SIP_ACK;
			return true;
		}
	}
	return false;
}

struct route_entry {
	struct sip_name_addr addr;
	struct sip_uri uri;
};

void route_mark(const struct session *s, char *out) {
	mint_write(out, MINT_DIALOG, (struct mint_id){.worker = s->w->id, .slot = SLOT_NONE}, s->seed, s->call_hash);
}

// Whatever it names, or named: only we can have written it, and for this Call-ID.
static bool is_minted(const struct session *s, struct str id) {
	struct mint_id name;

	return mint_read(id, MINT_DIALOG, s->seed, s->call_hash, &name);
}

// The next Route entry, parsed: 1, 0 at the end, -1 malformed.
static int route_next(const struct sip_msg *msg, struct sip_walk *walk, struct route_entry *ret_entry) {
	struct str text;
	int more = sip_walk_next(msg, walk, &text);

	if (more <= 0)
		return more;
	return sip_route_parse(text, &ret_entry->addr, &ret_entry->uri) ? 1 : -1;
}

// What the Route entries at the top that name us say.
struct own {
	uint8_t count;
	int listener;	      // the last one names, by which the request leaves if it can; -1 = none
	struct str dialog_id; // our parameter of the first, or empty
	bool alone;	      // and there are no others
};

// The length of an entry at the front of the text that is, to the letter, as we write it in a Record-Route, else 0.
static uint32_t own_entry(const struct listener_text *text, struct str rest, struct str *ret_id) {
	const uint32_t name_len = sizeof("Record-Route: ") - 1, front_len = text->record_route_len - name_len;
	struct str id, tail;

	if (rest.len <= front_len + 1 || memcmp(rest.ptr, text->record_route + name_len, front_len) != 0)
		return 0;
	id = str_of(rest.ptr + front_len, MINT_LEN);
	if (rest.len < front_len + id.len + 1)
		return 0;
	tail = str_of(id.ptr + id.len, rest.len - front_len - id.len);
	*ret_id = id;
	if (tail.ptr[0] == '>')
		return front_len + id.len + 1;
	return str_starts(tail, STR(";r2=on>")) ? front_len + id.len + (uint32_t)sizeof(";r2=on>") - 1 : 0;
}

struct str route_dialog_id(const struct session *s, const struct sip_msg *msg) {
	struct str value = sip_header_first(msg, HDR_ROUTE), id = {0};
	uint32_t len = 0;

	for (int i = 0; len == 0 && i < s->w->cfg->listener_count; i++)
		len = own_entry(&s->listener[i], value, &id);
	return len > 0 ? id : (struct str){0};
}

// Passes over the entries of one Route header. False when one is not as we write it.
static bool skip_own_line(const struct session *s, struct str rest, struct own *own) {
	while (rest.len > 0 && own->count < OWN_ROUTES_MAX) {
		uint32_t len = 0;
		struct str id;
		int i;

		for (i = 0; len == 0 && i < s->w->cfg->listener_count; i++)
			len = own_entry(&s->listener[i], rest, &id);
		if (len == 0)
			return false;
		if (own->count++ == 0)
			own->dialog_id = id;
		own->listener = listener_at(s->w->cfg, &s->w->cfg->listeners[i - 1].advertised);
		rest = str_of(rest.ptr + len, rest.len - len);
		if (str_starts(rest, STR(", <")))
			rest = str_of(rest.ptr + 2, rest.len - 2);
		else if (str_starts(rest, STR(",<")))
			rest = str_of(rest.ptr + 1, rest.len - 1);
	}
	return rest.len == 0;
}

// The usual request in a dialog: all of its Route is what we wrote into the Record-Route, and need not be parsed again.
static bool skip_all_own(const struct session *s, struct own *own) {
	*own = (struct own){.listener = -1};
	for (int i = s->msg->first[HDR_ROUTE]; i >= 0; i = s->msg->next[i])
		if (!skip_own_line(s, sip_header_value(s->msg, i), own))
			return false;
	return true;
}

// Passes over them. Returns what route_next said of the first other entry.
static int skip_own(const struct session *s, struct route_entry *ret_entry, struct own *own) {
	struct sip_walk walk = {.id = HDR_ROUTE};
	struct sip_param id;
	int more;

	own->alone = skip_all_own(s, own);
	if (own->alone)
		return 0;
	*own = (struct own){.listener = -1};
	while ((more = route_next(s->msg, &walk, ret_entry)) > 0) {
		int listener = route_listener_named(s->w->cfg, &ret_entry->uri);

		if (own->count == OWN_ROUTES_MAX || listener < 0)
			break;
		if (own->count++ == 0 && sip_param_find(ret_entry->uri.params, STR("d"), &id) > 0)
			own->dialog_id = id.value;
		own->listener = listener;
	}
	return more;
}

enum count route_way_out(const struct session *s, const struct packet *from, int preferred, struct target *target) {
	const struct config *cfg = s->w->cfg;
	int interface = output_interface(s->w, &target->to.addr), found = -1;

	if (listener_at(cfg, &target->to) >= 0)
		return COUNT_SIP_LOOP;
	for (int i = 0; i < cfg->listener_count && interface >= 0; i++) {
		const struct config_listener *listener = &cfg->listeners[i];

		if (listener->interface != interface || listener->local.addr.family != target->to.addr.family)
			continue;
		if (found < 0 || i == preferred || (i == from->listener && found != preferred))
			found = i;
	}
	if (found < 0)
		return COUNT_SIP_BAD_NEXT_HOP;
	target->listener = (uint8_t)found;
	return COUNT_COUNT;
}

// Inside a dialog of ours the Request-URI is the other side's Contact. One that names no address we can reach does not
// lose the call: its messages have come from somewhere.
static bool by_dialog(const struct session *s, struct target *target) {
	const struct sip_uri *uri = &s->msg->uri;
	struct sip_uri plain;

	if (unlikely(uri->is_sips)) {
		plain = *uri;
		plain.is_sips = false;
		uri = &plain;
	}
	if (route_uri_endpoint(uri, &target->to))
		return true;
	if (!target->dialog)
		return false;
	target->to = target->by_caller ? target->dialog->callee : target->dialog->caller;
	return true;
}

// Whether a request with our Route and a To tag, but of no dialog we hold, is taken for what it says. A tag made up
// would else let anybody call anywhere past the rules. What can begin nothing passes: the BYE of a call that was up
// when tandem was restarted. What SUBSCRIBE and REFER set up is no dialog here, but our Route in it is one we wrote; an
// INVITE or REFER has no business there (usages are not to share a dialog: RFC 6665, RFC 7647).
static bool is_of_a_dialog(const struct session *s, struct str id) {
	switch (s->msg->method) {
	case SIP_ACK:
	case SIP_BYE:
	case SIP_CANCEL:
	case SIP_PRACK:
	case SIP_UPDATE:
	case SIP_INFO:
	case SIP_NOTIFY:
		return true;
	case SIP_INVITE:
	case SIP_REFER:
		return !has_dialogs(s) && is_minted(s, id);
	case SIP_METHOD_OTHER:
	case SIP_OPTIONS:
	case SIP_REGISTER:
	case SIP_SUBSCRIBE:
	case SIP_MESSAGE:
	case SIP_PUBLISH:
	case SIP_METHOD_COUNT:
		break;
	}
	return is_minted(s, id);
}

// Where to, before it is known whether that can be reached: COUNT_COUNT, or what is wrong.
static enum count choose(const struct session *s, const struct packet *from, struct own *own, struct target *target) {
	const struct sip_msg *msg = s->msg;
	bool is_mended = msg == &s->mended;
	struct route_entry entry;
	int more = skip_own(s, &entry, own);

	target->rule = DIALOG_RULE_ROUTE;
	// Nothing here is secured from hop to hop. In a dialog it is a Contact that should not be: no BYE is lost for
	// that.
	if (msg->uri.is_sips && msg->to.tag.len == 0)
		return COUNT_SIP_BAD_URI_SCHEME;
	target->own_routes = own->count;
	target->only_own_routes = own->alone;
	if (more < 0)
		return COUNT_SIP_BAD_ROUTE;
	if (is_mended && own->dialog_id.len == 0)
		own->dialog_id = str_of(s->mended_id, s->mended_id_len);
	if (msg->to.tag.len > 0 && has_dialogs(s))
		target->dialog = dialog_find(&s->dialogs, s->dialog_key, own->dialog_id, &target->by_caller);
	if (more > 0) {
		struct sip_param lr;

		target->is_strict = sip_param_find(entry.uri.params, STR("lr"), &lr) <= 0;
		return route_uri_endpoint(&entry.uri, &target->to) ? COUNT_COUNT : COUNT_SIP_BAD_NEXT_HOP;
	}
	if ((own->count > 0 || is_mended) && msg->to.tag.len > 0) {
		if (!target->dialog && !is_of_a_dialog(s, own->dialog_id))
			return COUNT_DLG_REFUSED;
		return by_dialog(s, target) ? COUNT_COUNT : COUNT_SIP_BAD_NEXT_HOP;
	}
	if (!msg->uri.is_sip || msg->uri.is_sips)
		return COUNT_SIP_BAD_URI_SCHEME;
	if (!by_rules(s, from, target))
		return COUNT_SIP_NO_RULE;
	if (target->dialog && s->w->cfg->routes[target->rule].is_forked)
		(void)by_dialog(s, target); // which of them it is
	return COUNT_COUNT;
}

static uint16_t status_of(enum count reason) {
	static const struct {
		enum count reason;
		uint16_t status;
	} statuses[] = {
		{.reason = COUNT_SIP_BAD_ROUTE, .status = 400},
		{.reason = COUNT_SIP_NO_RULE, .status = 404},
		{.reason = COUNT_SIP_BAD_URI_SCHEME, .status = 416},
		{.reason = COUNT_DLG_REFUSED, .status = 481},
		{.reason = COUNT_SIP_LOOP, .status = 482},
		{.reason = COUNT_SIP_BAD_NEXT_HOP, .status = 500}, // as when it was told by ICMP (16.9, 16.7 item 6)
	};

	for (unsigned i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].reason == reason)
			return statuses[i].status;
	return 0;
}

uint16_t
route_find(const struct session *s, const struct packet *from, struct target *ret_target, enum count *ret_reason) {
	struct target target = {0};
	struct own own;
	enum count reason = choose(s, from, &own, &target);

	target.preferred = (int8_t)own.listener;
	if (reason == COUNT_COUNT && !target.is_forked)
		reason = route_way_out(s, from, own.listener, &target);
	if (reason == COUNT_COUNT)
		*ret_target = target;
	else
		*ret_reason = reason;
	return status_of(reason);
}
