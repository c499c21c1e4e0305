// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/neigh.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_malloc.h>

static int route_compare(const void *left, const void *right) {
	const struct neigh_route *a = left, *b = right;
	int order;

	if (a->to.addr.family != b->to.addr.family)
		return a->to.addr.family < b->to.addr.family ? -1 : 1;
	if (a->to.len != b->to.len)
		return a->to.len > b->to.len ? -1 : 1;
	order = memcmp(a->to.addr.bytes, b->to.addr.bytes, sizeof(a->to.addr.bytes));
	if (order != 0)
		return order;
	return a->metric < b->metric ? -1 : a->metric > b->metric;
}

static bool route_same(const struct neigh_route *a, const struct neigh_route *b) {
	return a->to.len == b->to.len && ip_eq(&a->to.addr, &b->to.addr);
}

static void routes_index(struct neigh_snapshot *snapshot, const struct neigh_route *routes, uint32_t count) {
	struct neigh_run *run = NULL;

	memcpy(snapshot->routes, routes, count * sizeof(*routes));
	qsort(snapshot->routes, count, sizeof(*routes), route_compare);
	for (uint32_t i = 0; i < count; i++) {
		const struct neigh_route *route = &snapshot->routes[i];
		uint32_t kept = snapshot->route_count;

		if (kept > 0 && route_same(&snapshot->routes[kept - 1], route))
			continue;
		if (!run || run->family != route->to.addr.family || run->len != route->to.len) {
			run = &snapshot->runs[snapshot->run_count++];
			*run = (struct neigh_run){route->to.addr.family, route->to.len, kept, 0};
		}
		snapshot->routes[snapshot->route_count++] = *route;
		run->count++;
	}
}

static inline uint64_t address_hash(const struct ip_addr *addr, uint8_t interface) {
	struct ip_halves halves = ip_halves(addr);
	uint64_t hash = (halves.first ^ interface) * UINT64_C(0x9e3779b97f4a7c15);

	hash ^= hash >> 32;
	hash = (hash + halves.second) * UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ hash >> 29;
}

static void entries_index(struct neigh_snapshot *snapshot, const struct neigh_entry *entries, uint32_t count) {
	snapshot->entry_count = count;
	if (count > 0)
		memcpy(snapshot->entries, entries, count * sizeof(*entries));
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = address_hash(&entries[i].addr, entries[i].interface);

		snapshot->entries[i].used = 0;
		while (snapshot->slots[at & snapshot->slot_mask])
			at++;
		snapshot->slots[at & snapshot->slot_mask] = i + 1;
	}
}

struct neigh_snapshot *neigh_snapshot_create(
	uint32_t version,
	const struct neigh_route *routes,
	uint32_t route_count,
	const struct neigh_entry *entries,
	uint32_t entry_count
) {
	struct neigh_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	uint32_t slots = 16;

	if (!snapshot)
		return NULL;
	while (slots < entry_count * 2)
		slots *= 2;
	snapshot->version = version;
	snapshot->slot_mask = slots - 1;
	snapshot->routes = calloc(route_count + 1, sizeof(*routes));
	snapshot->slots = calloc(slots, sizeof(*snapshot->slots));
	snapshot->entries = calloc(entry_count + 1, sizeof(*entries));
	if (!snapshot->routes || !snapshot->slots || !snapshot->entries) {
		neigh_snapshot_free(snapshot);
		return NULL;
	}
	if (route_count > 0)
		routes_index(snapshot, routes, route_count);
	entries_index(snapshot, entries, entry_count);
	return snapshot;
}

void neigh_snapshot_free(struct neigh_snapshot *snapshot) {
	if (!snapshot)
		return;
	free(snapshot->routes);
	free(snapshot->slots);
	free(snapshot->entries);
	free(snapshot);
}

int neigh_board_init(struct neigh_board *board) {
	struct neigh_snapshot *snapshot = neigh_snapshot_create(1, NULL, 0, NULL, 0);

	board->qsbr = rte_zmalloc("qsbr", rte_rcu_qsbr_get_memsize(WORKERS_MAX), CACHE_LINE);
	if (!snapshot || !board->qsbr || rte_rcu_qsbr_init(board->qsbr, WORKERS_MAX) != 0) {
		neigh_snapshot_free(snapshot);
		rte_free(board->qsbr);
		board->qsbr = NULL;
		return -ENOMEM;
	}
	atomic_init(&board->current, snapshot);
	return 0;
}

void neigh_board_fini(struct neigh_board *board) {
	if (!board->qsbr)
		return;
	neigh_snapshot_free(atomic_load_explicit(&board->current, memory_order_relaxed));
	rte_free(board->qsbr);
	board->qsbr = NULL;
}

struct neigh_snapshot *neigh_publish(struct neigh_board *board, struct neigh_snapshot *snapshot, uint64_t *ret_token) {
	struct neigh_snapshot *before = atomic_load_explicit(&board->current, memory_order_relaxed);

	atomic_store_explicit(&board->current, snapshot, memory_order_release);
	*ret_token = rte_rcu_qsbr_start(board->qsbr);
	return before;
}

bool neigh_is_quiet(struct neigh_board *board, uint64_t token) {
	return rte_rcu_qsbr_check(board->qsbr, token, false) == 1;
}

bool neigh_take_used(struct neigh_entry *entry) {
	bool used = __atomic_load_n(&entry->used, __ATOMIC_RELAXED) != 0;

	if (used)
		__atomic_store_n(&entry->used, 0, __ATOMIC_RELAXED);
	return used;
}

static const struct neigh_route *
run_find(const struct neigh_snapshot *snapshot, const struct neigh_run *run, const struct ip_addr *masked) {
	uint32_t low = run->first, high = run->first + run->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = memcmp(snapshot->routes[middle].to.addr.bytes, masked->bytes, sizeof(masked->bytes));

		if (order == 0)
			return &snapshot->routes[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const struct neigh_route *route_find(const struct neigh_snapshot *snapshot, const struct ip_addr *to) {
	for (uint32_t i = 0; i < snapshot->run_count; i++) {
		const struct neigh_run *run = &snapshot->runs[i];
		const struct neigh_route *route;
		struct ip_addr masked;

		if (run->family != to->family)
			continue;
		masked = ip_masked(to, run->len);
		route = run_find(snapshot, run, &masked);
		if (route)
			return route;
	}
	return NULL;
}

static struct neigh_entry *
entry_find(const struct neigh_snapshot *snapshot, const struct ip_addr *addr, uint8_t interface) {
	uint64_t at = address_hash(addr, interface);

	for (uint32_t slot; (slot = snapshot->slots[at & snapshot->slot_mask]) != 0; at++) {
		struct neigh_entry *entry = &snapshot->entries[slot - 1];

		if (entry->interface == interface && ip_eq(&entry->addr, addr))
			return entry;
	}
	return NULL;
}

// Fills in what the snapshot says; returns the neighbour, or NULL.
static struct neigh_entry *
hop_look_up(struct neigh_hop *hop, const struct neigh_snapshot *snapshot, const struct ip_addr *to) {
	const struct neigh_route *route = route_find(snapshot, to);
	struct neigh_entry *entry;

	*hop = (struct neigh_hop){.to = *to, .state = NEIGH_NO_ROUTE, .version = snapshot->version};
	if (!route || route->interface == NEIGH_ELSEWHERE)
		return NULL;
	hop->interface = route->interface;
	hop->next = route->via.family == IP_NONE ? *to : route->via;
	hop->state = NEIGH_WAITING;
	entry = entry_find(snapshot, &hop->next, hop->interface);
	if (!entry)
		return NULL;
	hop->state = NEIGH_KNOWN;
	memcpy(hop->mac, entry->mac, sizeof(hop->mac));
	return entry;
}

const struct neigh_entry *
neigh_peek(const struct neigh_snapshot *snapshot, const struct ip_addr *to, struct neigh_hop *ret_hop) {
	return hop_look_up(ret_hop, snapshot, to);
}

const struct neigh_hop *neigh_find(struct neigh_view *view, uint64_t now_ms, const struct ip_addr *to) {
	struct neigh_hop *hop = &view->cache[address_hash(to, 0) % NEIGH_CACHE];
	struct neigh_entry *entry;

	if (likely(hop->version == view->snapshot->version && now_ms < hop->until_ms && ip_eq(&hop->to, to)))
		return hop;
	entry = hop_look_up(hop, view->snapshot, to);
	if (entry && __atomic_load_n(&entry->used, __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&entry->used, 1, __ATOMIC_RELAXED);
	hop->until_ms = now_ms + NEIGH_CACHE_MS;
	return hop;
}

void neigh_online(struct neigh_view *view) {
	rte_rcu_qsbr_thread_register(view->board->qsbr, view->worker);
	rte_rcu_qsbr_thread_online(view->board->qsbr, view->worker);
}

void neigh_offline(struct neigh_view *view) {
	rte_rcu_qsbr_thread_offline(view->board->qsbr, view->worker);
	rte_rcu_qsbr_thread_unregister(view->board->qsbr, view->worker);
}
