// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "check.h"

#include <stdio.h>

#define MAX_FORWARDS 70
#define RECORD_ROUTE_NAME_LEN (sizeof("Record-Route: ") - 1)
#define VIA_NAME_LEN (sizeof("Via: ") - 1)

// What the tag of To may be.
enum tag {
	TAG_NONE,
	TAG_CALLEE,  // ours
	TAG_ANYBODY, // there, but maybe a proxy's
	TAG_MAYBE,   // 100 needs none (RFC 3261 8.2.6.2)
};

// What belongs to each kind of message.
struct rule {
	uint8_t via, uri, to, contact; // enum pattern; PATTERN_COUNT: whatever it is
	uint8_t tag;		       // enum tag
};

#define RULE(via_, uri_, to_, tag_, contact_)                                                                          \
	{                                                                                                              \
		.via = PATTERN_VIA_##via_, .uri = PATTERN_##uri_, .to = PATTERN_##to_, .tag = TAG_##tag_,              \
		.contact = PATTERN_##contact_                                                                          \
	}

static const struct rule rules[MESSAGE_COUNT] = {
	[MESSAGE_INVITE] = RULE(INVITE, URI, TO, NONE, CONTACT_A),
	[MESSAGE_ACK] = RULE(ACK, URI_DIALOG, TO, CALLEE, COUNT),
	[MESSAGE_ACK_HOP] = RULE(INVITE, URI, TO, ANYBODY, COUNT),
	[MESSAGE_BYE] = RULE(BYE, URI_DIALOG, TO, CALLEE, COUNT),
	[MESSAGE_CANCEL] = RULE(INVITE, URI, TO, NONE, COUNT),
	[MESSAGE_REGISTER] = RULE(OTHER, URI_REGISTER, TO_REGISTER, NONE, CONTACT_A),
	[MESSAGE_OPTIONS] = RULE(OTHER, URI, TO, NONE, CONTACT_A),
	[MESSAGE_TRYING] = RULE(INVITE, COUNT, TO, MAYBE, COUNT),
	[MESSAGE_RINGING] = RULE(INVITE, COUNT, TO, CALLEE, CONTACT_B),
	[MESSAGE_OK_INVITE] = RULE(INVITE, COUNT, TO, CALLEE, CONTACT_B),
	[MESSAGE_BUSY] = RULE(INVITE, COUNT, TO, CALLEE, COUNT),
	[MESSAGE_TERMINATED] = RULE(INVITE, COUNT, TO, CALLEE, COUNT),
	[MESSAGE_OK_BYE] = RULE(BYE, COUNT, TO, CALLEE, COUNT),
	[MESSAGE_OK_CANCEL] = RULE(INVITE, COUNT, TO, ANYBODY, COUNT),
	[MESSAGE_OK_REGISTER] = RULE(OTHER, COUNT, TO_REGISTER, ANYBODY, COUNT),
	[MESSAGE_OK_OPTIONS] = RULE(OTHER, COUNT, TO, ANYBODY, COUNT),
};

// An answer of a status no scenario has, by its method.
static const struct rule rules_other[] = {
	[METHOD_INVITE] = RULE(INVITE, COUNT, TO, ANYBODY, COUNT),
	[METHOD_ACK] = RULE(ACK, COUNT, TO, ANYBODY, COUNT),
	[METHOD_BYE] = RULE(BYE, COUNT, TO, ANYBODY, COUNT),
	[METHOD_CANCEL] = RULE(INVITE, COUNT, TO, ANYBODY, COUNT),
	[METHOD_REGISTER] = RULE(OTHER, COUNT, TO_REGISTER, ANYBODY, COUNT),
	[METHOD_OPTIONS] = RULE(OTHER, COUNT, TO, ANYBODY, COUNT),
	[METHOD_OTHER] = RULE(OTHER, COUNT, TO, ANYBODY, COUNT),
};

static const struct str cseqs[] = {
	[METHOD_INVITE] = STR("1 INVITE"),
	[METHOD_ACK] = STR("1 ACK"),
	[METHOD_BYE] = STR("2 BYE"),
	[METHOD_CANCEL] = STR("1 CANCEL"),
	[METHOD_REGISTER] = STR("1 REGISTER"),
	[METHOD_OPTIONS] = STR("1 OPTIONS"),
	[METHOD_OTHER] = STR("no such method of ours"),
};

static const struct rule *rule_of(const struct checked *c) {
	return c->kind == MESSAGE_OTHER ? &rules_other[c->m->method] : &rules[c->kind];
}

void checker_init(struct checker *checker, const struct texts *texts, const struct options *o) {
	*checker = (struct checker){
		.texts = texts,
		.target = o->target,
		.hops = (uint8_t)o->hops,
		.uri_may_change = o->uri_may_change,
		.any_record_route = o->any_record_route,
	};
	checker->target_len = ip_format(&o->target.addr, checker->target_text);
	checker->local_a_len = ip_format(&o->local_a.addr, checker->local_a_text);
}

static bool is_pattern(const struct checker *checker, const struct checked *c, enum pattern pattern, struct str value) {
	return template_is(&checker->texts->pattern[pattern], c->fill, value);
}

// "host" or "host:port" up to a character of `ends`, and nothing else before it. Port 5060 may be left out.
static bool names_endpoint(struct str text, struct str ip, uint16_t port, const char *ends) {
	uint64_t number = 5060;
	uint32_t at = ip.len, digits;

	if (!str_starts(text, ip))
		return false;
	if (at < text.len && text.ptr[at] == ':') {
		for (digits = ++at; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++)
			;
		if (!str_to_u64(str_of(text.ptr + digits, at - digits), UINT16_MAX, &number))
			return false;
	}
	return number == port && (at == text.len || strchr(ends, text.ptr[at]));
}

#define VIA_TEXT_MAX 512

// --- Via ---

// What may follow the branch of our own Via: the parameters a server adds (RFC 3261 18.2.1, RFC 3581).
static bool only_received(const struct checker *checker, const struct checked *c, struct str rest) {
	struct str ip = str_of(checker->local_a_text, checker->local_a_len), port = c->fill->part[INSERT_PORT];

	while (rest.len > 0) {
		const char *end = memchr(rest.ptr + 1, ';', rest.len - 1);
		struct str param = str_of(rest.ptr, end ? (size_t)(end - rest.ptr) : rest.len);
		struct str value = str_of(param.ptr + 7, param.len < 7 ? 0 : param.len - 7);

		if (str_starts(param, STR(";rport="))) {
			if (!str_eq(value, port))
				return false;
		} else if (str_starts(param, STR(";received="))) {
			if (!str_eq(str_of(param.ptr + 10, param.len - 10), ip))
				return false;
		} else if (!str_eq(param, STR(";rport"))) {
			return false;
		}
		rest = str_of(param.ptr + param.len, rest.len - param.len);
	}
	return true;
}

// The same parameters before the branch, where Kamailio puts them: looked at by themselves, and the Via without them.
static bool is_reordered(const struct checker *checker, const struct checked *c, struct str via, struct str *ret_rest) {
	const char *end = via.ptr + via.len, *params = memchr(via.ptr, ';', via.len);
	const char *branch = memmem(via.ptr, via.len, ";branch=", 8);
	char text[VIA_TEXT_MAX];
	uint32_t front, back;

	if (!params || !branch || via.len > sizeof(text))
		return false;
	front = (uint32_t)(params - via.ptr);
	back = (uint32_t)(end - branch);
	memcpy(text, via.ptr, front);
	memcpy(text + front, branch, back);
	if (!template_begins(&checker->texts->pattern[rule_of(c)->via], c->fill, str_of(text, front + back), ret_rest))
		return false;
	*ret_rest = str_of(end - ret_rest->len, ret_rest->len);
	return only_received(checker, c, str_of(params, (size_t)(branch - params)));
}

static bool via_is_ours(const struct checker *checker, const struct checked *c, struct str via) {
	const struct template *t = &checker->texts->pattern[rule_of(c)->via];
	struct str rest;

	if (!template_begins(t, c->fill, via, &rest) && !is_reordered(checker, c, via, &rest))
		return false;
	return only_received(checker, c, rest);
}

// A proxy's Via: a branch with the magic cookie, and for the topmost the address the request comes from.
static enum wrong via_of_proxy(const struct checker *checker, const struct checked *c, struct str via, bool is_top) {
	const char *branch = memmem(via.ptr, via.len, ";branch=z9hG4bK", 15);
	struct str host = str_of(via.ptr + 12, via.len < 12 ? 0 : via.len - 12);
	char ip[IP_TEXT_MAX];

	if (!branch || branch + 15 == via.ptr + via.len)
		return WRONG_VIA_BRANCH;
	if (!is_top || checker->any_record_route)
		return WRONG_NOTHING;
	if (!str_starts(via, STR("SIP/2.0/UDP ")) ||
	    !names_endpoint(host, str_of(ip, ip_format(&c->from->addr, ip)), c->from->port, "; "))
		return WRONG_VIA_SENT_BY;
	return WRONG_NOTHING;
}

static enum wrong vias_of_request(const struct checker *checker, const struct checked *c) {
	const struct message *m = c->m;

	if (m->via_count <= checker->hops)
		return WRONG_VIA_MISSING;
	if (m->via_count > checker->hops + 1)
		return WRONG_VIA_EXTRA;
	for (unsigned i = 0; i < checker->hops; i++) {
		enum wrong wrong = via_of_proxy(checker, c, m->via[i], i == 0);

		if (wrong)
			return wrong;
	}
	return via_is_ours(checker, c, m->via[checker->hops]) ? WRONG_NOTHING : WRONG_VIA_OURS;
}

// CANCEL and the ACK of a refusal come from the last proxy, with the topmost Via of its INVITE (RFC
// 3261 9.1, 17.1.1.3); a stateless proxy passes on the caller's, and gives it the branch of the INVITE likewise
// (16.11).
static enum wrong vias_of_hop(const struct checker *checker, const struct checked *c) {
	struct str top = c->vias;
	const char *end = top.len ? memchr(top.ptr, '\r', top.len) : NULL;

	if (top.len == 0) // not kept any longer
		return WRONG_NOTHING;
	top.len = end ? (uint32_t)(end - top.ptr) : 0;
	if (top.len < VIA_NAME_LEN || !str_eq(c->m->via[0], str_of(top.ptr + VIA_NAME_LEN, top.len - VIA_NAME_LEN)))
		return WRONG_VIA_BRANCH;
	return c->m->via_count > 1 ? vias_of_request(checker, c) : WRONG_NOTHING;
}

// --- routes ---

// What follows "sip:" and the user of "<sip:user@host:port;lr>".
static struct str host_of(struct str entry) {
	const char *sip = memmem(entry.ptr, entry.len, "<sip:", 5), *at, *from, *limit = entry.ptr + entry.len;

	if (!sip)
		return STR("");
	from = sip + 5;
	at = memchr(from, '@', (size_t)(limit - from));
	if (at && !memchr(from, ';', (size_t)(at - from)))
		from = at + 1;
	return str_of(from, (size_t)(limit - from));
}

static enum wrong record_routes_of_request(const struct checker *checker, const struct checked *c) {
	const struct message *m = c->m;
	struct str target = str_of(checker->target_text, checker->target_len), near = {0}, far = {0};
	char ip[IP_TEXT_MAX];
	struct str source = str_of(ip, ip_format(&c->from->addr, ip));

	if (checker->any_record_route || checker->hops == 0)
		return WRONG_NOTHING;
	if (m->record_route_count == 0)
		return WRONG_RECORD_ROUTE_MISSING;
	for (unsigned i = 0; i < m->record_route_count; i++)
		if (!memmem(m->record_route[i].ptr, m->record_route[i].len, ";lr", 3))
			return WRONG_RECORD_ROUTE_FORM;
	near = host_of(m->record_route[0]);
	far = host_of(m->record_route[m->record_route_count - 1]);
	if (m->record_route_count == 1 && checker->hops == 1) { // one for both sides: either address of the proxy
		if (!names_endpoint(near, source, c->from->port, ";>") &&
		    !names_endpoint(near, target, checker->target.port, ";>"))
			return WRONG_RECORD_ROUTE_ORDER;
		return WRONG_NOTHING;
	}
	if (!names_endpoint(near, source, c->from->port, ";>") ||
	    !names_endpoint(far, target, checker->target.port, ";>"))
		return WRONG_RECORD_ROUTE_ORDER;
	return WRONG_NOTHING;
}

// The Record-Routes of a response against the lines that were kept.
static bool record_routes_are(const struct message *m, struct str lines) {
	for (unsigned i = 0; i < m->record_route_count; i++) {
		struct str entry = m->record_route[i];

		if (lines.len < RECORD_ROUTE_NAME_LEN + entry.len + 2 ||
		    memcmp(lines.ptr + RECORD_ROUTE_NAME_LEN, entry.ptr, entry.len) != 0 ||
		    lines.ptr[RECORD_ROUTE_NAME_LEN + entry.len] != '\r')
			return false;
		lines.ptr += RECORD_ROUTE_NAME_LEN + entry.len + 2;
		lines.len -= RECORD_ROUTE_NAME_LEN + entry.len + 2;
	}
	return lines.len == 0;
}

// --- From, To, CSeq, Contact, body ---

// Tells a lost or changed tag from a change elsewhere.
static enum wrong from_wrong(const struct checker *checker, const struct checked *c) {
	struct str rest;
	bool begins = template_begins(&checker->texts->pattern[PATTERN_FROM_BEFORE_TAG], c->fill, c->m->from, &rest);

	return begins ? WRONG_FROM_TAG : WRONG_FROM;
}

static enum wrong check_to(const struct checker *checker, const struct checked *c) {
	const struct rule *rule = rule_of(c);
	struct str rest, to = c->m->to;

	if (rule->tag == TAG_CALLEE && is_pattern(checker, c, PATTERN_TO_TAGGED, to))
		return WRONG_NOTHING;
	if (!template_begins(&checker->texts->pattern[rule->to], c->fill, to, &rest))
		return WRONG_TO;
	if (rule->tag == TAG_NONE || (rule->tag == TAG_MAYBE && rest.len == 0))
		return rest.len == 0 ? WRONG_NOTHING : WRONG_TO_TAG;
	if (rule->tag == TAG_CALLEE)
		return WRONG_TO_TAG;
	return rest.len > 5 && str_starts(rest, STR(";tag=")) ? WRONG_NOTHING : WRONG_TO_TAG;
}

static bool contact_is(const struct checker *checker, const struct checked *c) {
	enum pattern pattern = (enum pattern)rule_of(c)->contact;

	return pattern == PATTERN_COUNT || is_pattern(checker, c, pattern, c->m->contact);
}

static enum wrong check_body(const struct checker *checker, const struct checked *c) {
	struct str expected = texts_body(checker->texts, c->kind), length = c->m->content_length;
	uint64_t declared = c->m->body.len;

	if (length.ptr && (!str_to_u64(length, UINT32_MAX, &declared) || declared != c->m->body.len))
		return WRONG_CONTENT_LENGTH;
	return str_eq(c->m->body, expected) ? WRONG_NOTHING : WRONG_BODY;
}

static enum wrong check_all(const struct checker *checker, const struct checked *c) {
	struct str rest = {0}, call_id = c->m->call_id;
	enum wrong wrong;

	if (c->tail_is_ours)
		return WRONG_NOTHING;
	if (call_id.len >= ID_LEN)
		rest = str_of(call_id.ptr + ID_LEN, call_id.len - ID_LEN);
	if (!is_pattern(checker, c, PATTERN_CALL_ID_REST, rest))
		return WRONG_CALL_ID;
	if (!str_eq(c->m->cseq, cseqs[c->m->method]))
		return WRONG_CSEQ;
	if (!is_pattern(checker, c, PATTERN_FROM, c->m->from))
		return from_wrong(checker, c);
	wrong = check_to(checker, c);
	if (wrong || c->kind == MESSAGE_OTHER)
		return wrong;
	if (!contact_is(checker, c))
		return WRONG_CONTACT;
	wrong = check_body(checker, c);
	if (wrong)
		return wrong;
	return c->m->others < checker->texts->others[c->kind] ? WRONG_HEADER_LOST : WRONG_NOTHING;
}

static bool uri_is(const struct checker *checker, const struct checked *c) {
	enum pattern pattern = (enum pattern)rule_of(c)->uri;

	if (pattern == PATTERN_COUNT || (checker->uri_may_change && pattern != PATTERN_URI_DIALOG))
		return true;
	return is_pattern(checker, c, pattern, c->m->uri);
}

static bool max_forwards_is(const struct checker *checker, const struct checked *c) {
	uint64_t left;

	if (!str_to_u64(c->m->max_forwards, 255, &left))
		return false;
	return left == MAX_FORWARDS - (uint64_t)checker->hops;
}

enum wrong check_request(const struct checker *checker, const struct checked *c) {
	bool is_hop = c->kind == MESSAGE_CANCEL || c->kind == MESSAGE_ACK_HOP;
	enum wrong wrong;

	if (!uri_is(checker, c) || c->m->start_method != c->m->method)
		return WRONG_REQUEST_URI;
	wrong = is_hop ? vias_of_hop(checker, c) : vias_of_request(checker, c);
	if (wrong)
		return wrong;
	if (!is_hop && !max_forwards_is(checker, c)) // a proxy's own may begin anew
		return WRONG_MAX_FORWARDS;
	if (c->m->route_count > 0)
		return WRONG_ROUTE_LEFT;
	if (c->kind == MESSAGE_INVITE)
		wrong = record_routes_of_request(checker, c);
	return wrong ? wrong : check_all(checker, c);
}

enum wrong check_response(const struct checker *checker, const struct checked *c) {
	if (!endpoint_eq(c->from, &checker->target))
		return WRONG_SOURCE;
	if (c->m->via_count > 1)
		return WRONG_VIA_EXTRA;
	if (!via_is_ours(checker, c, c->m->via[0]))
		return WRONG_VIA_OURS;
	if ((c->kind == MESSAGE_RINGING || c->kind == MESSAGE_OK_INVITE) && !record_routes_are(c->m, c->routes))
		return WRONG_RECORD_ROUTE_CHANGED;
	return check_all(checker, c);
}
