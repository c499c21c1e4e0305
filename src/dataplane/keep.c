// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int address_compare(const void *left, const void *right) {
	return memcmp(left, right, sizeof(struct ip_addr));
}

static void targets_sort(struct keep *keep) {
	uint32_t kept = 0;

	qsort(keep->to, keep->count, sizeof(*keep->to), address_compare);
	for (uint32_t i = 0; i < keep->count; i++) {
		if (kept == 0 || !ip_eq(&keep->to[kept - 1], &keep->to[i]))
			keep->to[kept++] = keep->to[i];
	}
	keep->count = kept;
}

int keep_init(struct keep *keep, const struct config *cfg) {
	uint32_t room = cfg->route_count;

	for (uint32_t i = 0; i < cfg->interface_count; i++)
		room += cfg->interfaces[i].gateway_count;
	*keep = (struct keep){.to = calloc(room + 1, sizeof(*keep->to))};
	if (!keep->to)
		return -ENOMEM;
	for (uint32_t i = 0; i < cfg->route_count; i++)
		keep->to[keep->count++] = cfg->routes[i].to.addr;
	for (uint32_t i = 0; i < cfg->interface_count; i++) {
		for (uint32_t k = 0; k < cfg->interfaces[i].gateway_count; k++)
			keep->to[keep->count++] = cfg->interfaces[i].gateways[k].via;
	}
	targets_sort(keep);
	return 0;
}

void keep_fini(struct keep *keep) {
	free(keep->to);
	*keep = (struct keep){0};
}

static bool hop_is_listed(const struct neigh_hop *hops, uint32_t count, const struct neigh_hop *hop) {
	for (uint32_t i = 0; i < count; i++) {
		if (hops[i].interface == hop->interface && ip_eq(&hops[i].next, &hop->next))
			return true;
	}
	return false;
}

uint32_t keep_due(
	struct keep *keep, const struct neigh_snapshot *snapshot, uint64_t now_ms, struct neigh_hop ret_hops[KEEP_BURST]
) {
	uint32_t count = 0;

	if (keep->at == keep->count) {
		if (now_ms < keep->round_ms)
			return 0;
		keep->at = 0;
	}
	if (keep->at == 0)
		keep->round_ms = now_ms + KEEP_ROUND_MS;
	for (uint32_t i = 0; i < KEEP_BURST && keep->at < keep->count; i++, keep->at++) {
		struct neigh_hop hop;
		const struct neigh_entry *entry = neigh_peek(snapshot, &keep->to[keep->at], &hop);

		if (hop.state == NEIGH_NO_ROUTE || (entry && !entry->stale) || hop_is_listed(ret_hops, count, &hop))
			continue;
		ret_hops[count++] = hop;
	}
	return count;
}
