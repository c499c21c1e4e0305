// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/pending.h"

#include "dataplane/output.h"
#include "dataplane/tx.h"

static void ask(struct worker *w, struct pending_hop *waiting) {
	struct event event = {
		.kind = EVENT_RESOLVE,
		.worker = w->id,
		.interface = waiting->interface,
		.peer = {.addr = waiting->next},
	};

	waiting->ask_ms = w->now_ms + PENDING_ASK_MS;
	mailbox_event(w, &event);
}

// The entry of that next hop, or a free one, or NULL.
static struct pending_hop *hop_find(struct pending *pending, const struct neigh_hop *hop) {
	struct pending_hop *unused = NULL;

	for (uint32_t i = 0; i < PENDING_HOPS; i++) {
		struct pending_hop *waiting = &pending->hops[i];

		if (waiting->count == 0)
			unused = unused ? unused : waiting;
		else if (waiting->interface == hop->interface && ip_eq(&waiting->next, &hop->next))
			return waiting;
	}
	return unused;
}

void pending_add(struct worker *w, struct rte_mbuf *m, const struct neigh_hop *hop) {
	struct pending_hop *waiting = hop_find(w->pending, hop);

	if (!waiting || waiting->count == PENDING_PER_HOP || w->pending->count == PENDING_MAX) {
		tx_drop(w, m, COUNT_DROP_PENDING_FULL);
		return;
	}
	if (waiting->count == 0) {
		waiting->next = hop->next;
		waiting->interface = hop->interface;
		waiting->give_up_ms = w->now_ms + PENDING_WAIT_MS;
		ask(w, waiting);
	}
	waiting->packets[waiting->count++] = m;
	w->pending->count++;
}

// Takes all packets out of the entry, which is free then; returns their number.
static uint32_t hop_take(struct pending *pending, struct pending_hop *waiting, struct rte_mbuf **ret_packets) {
	uint32_t count = waiting->count;

	memcpy(ret_packets, waiting->packets, count * sizeof(*ret_packets));
	waiting->count = 0;
	pending->count -= count;
	return count;
}

static void hop_send(struct worker *w, struct pending_hop *waiting) {
	struct rte_mbuf *packets[PENDING_PER_HOP];
	uint32_t count = hop_take(w->pending, waiting, packets);

	for (uint32_t i = 0; i < count; i++) {
		struct endpoint to = packet_of(packets[i])->dst;

		output_datagram(w, packets[i], packet_of(packets[i])->listener, &to);
	}
}

static void hop_give_up(struct worker *w, struct pending_hop *waiting) {
	struct rte_mbuf *packets[PENDING_PER_HOP];
	uint32_t count = hop_take(w->pending, waiting, packets);

	for (uint32_t i = 0; i < count; i++)
		tx_drop(w, packets[i], COUNT_DROP_NO_NEIGHBOUR);
}

// True when the next hop is known now, or the route is another one.
static bool hop_has_moved(struct worker *w, const struct pending_hop *waiting) {
	const struct neigh_hop *hop = neigh_find(w->neigh, w->now_ms, &packet_of(waiting->packets[0])->dst.addr);

	return hop->state != NEIGH_WAITING || hop->interface != waiting->interface ||
	       !ip_eq(&hop->next, &waiting->next);
}

bool pending_turn(struct worker *w, bool new_snapshot) {
	uint32_t before = w->pending->count;

	if (likely(before == 0))
		return false;
	for (uint32_t i = 0; i < PENDING_HOPS; i++) {
		struct pending_hop *waiting = &w->pending->hops[i];

		if (waiting->count == 0)
			continue;
		if (new_snapshot && hop_has_moved(w, waiting))
			hop_send(w, waiting);
		else if (w->now_ms >= waiting->give_up_ms)
			hop_give_up(w, waiting);
		else if (w->now_ms >= waiting->ask_ms)
			ask(w, waiting);
	}
	return w->pending->count != before;
}

void pending_clear(struct pending *pending) {
	for (uint32_t i = 0; i < PENDING_HOPS; i++) {
		struct rte_mbuf *packets[PENDING_PER_HOP];

		rte_pktmbuf_free_bulk(packets, hop_take(pending, &pending->hops[i], packets));
	}
}
