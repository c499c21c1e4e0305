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

// To the end of the hop's queue. There is a free slot.
static void packet_append(struct pending *pending, struct pending_hop *waiting, struct rte_mbuf *m) {
	uint16_t slot;

	if (pending->slot_free) {
		slot = (uint16_t)(pending->slot_free - 1);
		pending->slot_free = pending->slots[slot].next;
	} else {
		slot = pending->slots_used++;
	}
	pending->slots[slot].m = m;
	if (waiting->count == 0)
		waiting->first = slot;
	else
		pending->slots[waiting->last].next = slot;
	waiting->last = slot;
	waiting->count++;
	pending->count++;
}

// The oldest of the hop's queue, which is not empty.
static struct rte_mbuf *packet_take(struct pending *pending, struct pending_hop *waiting) {
	struct pending_slot *slot = &pending->slots[waiting->first];
	uint16_t next = slot->next;

	slot->next = pending->slot_free;
	pending->slot_free = (uint16_t)(waiting->first + 1);
	waiting->first = next;
	waiting->count--;
	pending->count--;
	return slot->m;
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
		waiting->ready = 0;
		waiting->give_up_ms = w->now_ms + PENDING_WAIT_MS;
		ask(w, waiting);
	}
	packet_append(w->pending, waiting, m);
}

void pending_lose(struct worker *w, struct rte_mbuf *m) {
	if (w->pending->count == PENDING_MAX)
		rte_pktmbuf_free(m);
	else
		packet_append(w->pending, &w->pending->nowhere, m);
}

// Sends what is ready, at most so many; returns how many. What cannot go after all waits again, at the end.
static uint32_t hop_send(struct worker *w, struct pending_hop *waiting, uint32_t max) {
	uint32_t count = RTE_MIN(waiting->ready, max), left = waiting->ready - count;

	for (uint32_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packet_take(w->pending, waiting);
		struct endpoint to = packet_of(m)->dst;

		output_datagram(w, m, packet_of(m)->listener, &to);
	}
	waiting->ready = (uint16_t)left;
	return count;
}

// All that are in the queue now: what is made of one that is lost may come to its end.
static void queue_lose(struct worker *w, const struct worker_stages *stages, struct pending_hop *waiting) {
	for (uint32_t left = waiting->count; left > 0; left--) {
		struct rte_mbuf *m = packet_take(w->pending, waiting);

		packet_of(m)->kind = PACKET_LOST;
		packet_of(m)->src = packet_of(m)->dst;
		stages->lost(w, m);
	}
}

static void hop_give_up(struct worker *w, const struct worker_stages *stages, struct pending_hop *waiting) {
	// Those that come now wait as long as these did.
	waiting->give_up_ms = w->now_ms + PENDING_WAIT_MS;
	count_add(&w->count, COUNT_DROP_NO_NEIGHBOUR, waiting->count);
	queue_lose(w, stages, waiting);
}

// True when the next hop is known now, or the route is another one.
static bool hop_has_moved(struct worker *w, const struct pending_hop *waiting) {
	struct rte_mbuf *oldest = w->pending->slots[waiting->first].m;
	const struct neigh_hop *hop = neigh_find(w->neigh, w->now_ms, &packet_of(oldest)->dst.addr);

	return hop->state != NEIGH_WAITING || hop->interface != waiting->interface ||
	       !ip_eq(&hop->next, &waiting->next);
}

bool pending_turn(struct worker *w, const struct worker_stages *stages, bool new_snapshot) {
	uint32_t before = w->pending->count, sent = 0;

	if (likely(before == 0))
		return false;
	queue_lose(w, stages, &w->pending->nowhere);
	for (uint32_t i = 0; i < PENDING_HOPS; i++) {
		struct pending_hop *waiting = &w->pending->hops[i];

		if (waiting->count == 0)
			continue;
		if (new_snapshot && hop_has_moved(w, waiting))
			waiting->ready = waiting->count;
		if (waiting->ready > 0)
			sent += hop_send(w, waiting, PENDING_PER_TURN - sent);
		else if (w->now_ms >= waiting->give_up_ms)
			hop_give_up(w, stages, waiting);
		else if (w->now_ms >= waiting->ask_ms)
			ask(w, waiting);
	}
	return sent > 0 || w->pending->count != before;
}

static void queue_clear(struct pending *pending, struct pending_hop *waiting) {
	while (waiting->count > 0)
		rte_pktmbuf_free(packet_take(pending, waiting));
}

void pending_clear(struct pending *pending) {
	queue_clear(pending, &pending->nowhere);
	for (uint32_t i = 0; i < PENDING_HOPS; i++)
		queue_clear(pending, &pending->hops[i]);
}
