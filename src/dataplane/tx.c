// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/tx.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ring.h>

#include "dataplane/port.h"

#define TRIES 4 // of a send queue that takes only a part

// What is measured of a frame; kept apart since the driver may free the mbuf.
struct sample {
	uint64_t rx_tsc;
	uint8_t latency;
};

void tx_drop(struct worker *w, struct rte_mbuf *m, enum count reason) {
	count_one(&w->count, reason);
	rte_pktmbuf_free(m);
}

static void drop_rest(struct worker *w, struct rte_mbuf **m, uint32_t count, enum count reason) {
	count_add(&w->count, reason, count);
	rte_pktmbuf_free_bulk(m, count);
}

static uint64_t samples_take(struct sample *samples, struct rte_mbuf **frames, uint32_t count) {
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct packet *packet = packet_of(frames[i]);

		samples[i] = (struct sample){packet->rx_tsc, packet->latency};
		bytes += frames[i]->pkt_len;
	}
	return bytes;
}

static void samples_note(struct worker *w, const struct sample *samples, uint32_t count) {
	uint64_t now = rte_rdtsc();

	if (unlikely(w->stage.on))
		stage_enter(w, STAGE_SEND); // a gap in the driver counts
	for (uint32_t i = 0; i < count; i++) {
		if (samples[i].latency == LATENCY_NONE || samples[i].rx_tsc == 0)
			continue;
		hist_add(&w->latency[samples[i].latency], now - samples[i].rx_tsc);
		if (unlikely(w->stage.on) && !w->stage.disturbed)
			hist_add(&w->undisturbed, now - samples[i].rx_tsc);
	}
}

// Some drivers want to see frames whose checksums they do. One they reject is dropped alone; returns how many are left.
static uint32_t prepare(struct worker *w, uint16_t dev, uint16_t queue, struct rte_mbuf **frames, uint32_t count) {
	uint32_t kept = rte_eth_tx_prepare(dev, queue, frames, (uint16_t)count), seen = kept, more;

	while (unlikely(seen < count)) {
		tx_drop(w, frames[seen++], COUNT_DROP_TX_REJECTED);
		more = rte_eth_tx_prepare(dev, queue, frames + seen, (uint16_t)(count - seen));
		memmove(frames + kept, frames + seen, more * sizeof(*frames));
		kept += more;
		seen += more;
	}
	return kept;
}

static uint32_t burst(uint16_t dev, uint16_t queue, struct rte_mbuf **frames, uint32_t count) {
	uint32_t sent = 0;

	for (uint32_t i = 0; i < TRIES && sent < count; i++)
		sent += rte_eth_tx_burst(dev, queue, frames + sent, (uint16_t)(count - sent));
	return sent;
}

static void port_flush(struct worker *w, uint8_t index) {
	const struct port *port = &w->ports[index];
	struct tx_queue *queue = &w->tx->ports[index];
	struct sample samples[TX_BURST];
	uint16_t number = port_tx_queue(port, w->id);
	uint32_t count = queue->count, sent;
	uint64_t bytes;

	if (count == 0)
		return;
	queue->count = 0;
	if (port->checksum_tx)
		count = prepare(w, port->dev, number, queue->frames, count);
	bytes = samples_take(samples, queue->frames, count);
	sent = burst(port->dev, number, queue->frames, count);
	samples_note(w, samples, sent);
	for (uint32_t i = sent; i < count; i++)
		bytes -= queue->frames[i]->pkt_len;
	count_add(&w->count, COUNT_TX_PACKETS, sent);
	count_add(&w->count, COUNT_TX_BYTES, bytes);
	if (unlikely(sent < count))
		drop_rest(w, queue->frames + sent, count - sent, COUNT_DROP_TX_FULL);
}

static void worker_flush(struct worker *w, uint8_t to) {
	struct handoff *handoff = &w->tx->workers[to];
	uint32_t count = handoff->count, taken;

	if (count == 0)
		return;
	handoff->count = 0;
	taken = rte_ring_sp_enqueue_burst(w->to_worker[to], (void **)handoff->packets, count, NULL);
	if (unlikely(taken < count))
		drop_rest(w, handoff->packets + taken, count - taken, COUNT_DROP_HANDOFF_FULL);
}

static void worker_add(struct worker *w, uint8_t to, struct rte_mbuf *m) {
	struct handoff *handoff = &w->tx->workers[to];

	assert(to < w->worker_count && to != w->id);
	handoff->packets[handoff->count++] = m;
	if (handoff->count == HANDOFF_BURST)
		worker_flush(w, to);
}

void tx_frame(struct worker *w, uint8_t port, struct rte_mbuf *m) {
	uint8_t holder = (uint8_t)port_tx_queue(&w->ports[port], w->id);
	struct tx_queue *queue = &w->tx->ports[port];

	packet_of(m)->kind = PACKET_FRAME_OUT;
	packet_of(m)->port = port;
	if (holder != w->id) {
		count_one(&w->count, COUNT_HANDOFF_TX);
		worker_add(w, holder, m);
		return;
	}
	queue->frames[queue->count++] = m;
	if (queue->count == TX_BURST)
		port_flush(w, port);
}

void tx_handoff(struct worker *w, uint8_t owner, struct rte_mbuf *m) {
	count_one(&w->count, COUNT_HANDOFF_OUT);
	worker_add(w, owner, m);
}

void tx_flush(struct worker *w) {
	for (uint8_t i = 0; i < w->cfg->port_count; i++)
		port_flush(w, i);
	if (w->worker_count > 1)
		stage_enter(w, STAGE_HANDOFF);
	for (uint8_t i = 0; i < w->worker_count; i++)
		worker_flush(w, i);
}
