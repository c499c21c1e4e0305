// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Redirections that are followed (RFC 3261 16.5, 16.7 item 4).
#include "session/forward.h"

// 0 to 1000, for "0.5" and its kind; 1000 where there is none (RFC 3261 20.10 leaves that open).
static uint32_t q_of(const struct sip_name_addr *contact) {
	struct sip_param q;
	uint32_t value = 0, digit = 100;

	if (sip_param_find(contact->params, STR("q"), &q) <= 0 || q.value.len == 0 || q.value.ptr[0] == '1')
		return 1000;
	for (uint32_t i = 2; i < q.value.len && digit > 0; i++, digit /= 10) {
		if (q.value.ptr[i] < '0' || q.value.ptr[i] > '9')
			break;
		value += digit * (uint32_t)(q.value.ptr[i] - '0');
	}
	return value;
}

// The Request-URI the request came with.
static struct str uri_of(const struct fork *fork) {
	const char *from = memchr(fork->request.ptr, ' ', fork->request.len), *to = NULL;

	if (from)
		to = memchr(from + 1, ' ', fork->request.len - (uint32_t)(from + 1 - fork->request.ptr));
	return to ? str_of(from + 1, (size_t)(to - from - 1)) : STR("");
}

static bool is_known(const struct fork *fork, struct str uri) {
	for (unsigned i = 0; i < fork->count; i++) {
		const struct fork_branch *branch = &fork->branch[i];

		if (str_eq(branch->uri.len > 0 ? branch->uri : uri_of(fork), uri))
			return true;
	}
	return false;
}

static bool is_reachable(const struct session *s, const struct fork *fork, const struct endpoint *to) {
	const struct packet from = {.listener = fork->listener};
	struct target target = {.to = *to};

	return route_way_out(s, &from, fork->preferred, &target) == COUNT_COUNT;
}

// False when that is no target for us.
static bool add_contact(struct session *s, struct fork *fork, uint32_t rank, struct str entry) {
	struct fork_branch branch = {.owns_uri = true, .client = {.slot = SLOT_NONE}};
	struct sip_name_addr contact;
	struct sip_param method;
	struct sip_uri uri;
	uint32_t most = rank | ((1u << FORK_RANK_SHIFT) - 1);

	if (fork->count == FORK_BRANCHES_MAX || !sip_name_addr_parse(entry, &contact) ||
	    !sip_uri_parse(contact.uri, &uri) || !uri.is_sip || uri.headers.len > 0 ||
	    sip_param_find(uri.params, STR("method"), &method) > 0 || is_known(fork, contact.uri) ||
	    !route_uri_endpoint(&uri, &branch.to) || !is_reachable(s, fork, &branch.to))
		return false;
	branch.rank = rank + 1001 - q_of(&contact);
	if (branch.rank > most)
		branch.rank = most;
	branch.uri = fork_text_take(s, contact.uri);
	if (branch.uri.len == 0)
		return false;
	fork->branch[fork->count++] = branch;
	count_one(&s->w->count, COUNT_FORK_RECURSED);
	return true;
}

bool fork_recurse(struct session *s, struct fork *fork, uint32_t rank, struct str text) {
	struct sip_walk walk = {.id = HDR_CONTACT};
	struct str entry;
	bool any = false;

	if (!s->w->cfg->routes[fork->rule].recurses || fork->is_stopped || !local_parse(s, text))
		return false;
	while (sip_walk_next(&s->stored, &walk, &entry) > 0)
		any |= add_contact(s, fork, rank, entry);
	return any;
}
