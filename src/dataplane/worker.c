// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/worker.h"

#include <errno.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_pause.h>
#include <rte_prefetch.h>
#include <rte_ring.h>

#include "dataplane/fragments.h"
#include "dataplane/guard.h"
#include "dataplane/input.h"
#include "dataplane/neigh.h"
#include "dataplane/pending.h"
#include "dataplane/port.h"
#include "dataplane/tx.h"

#define BURST 32
#define FETCH_AHEAD 6
#define COMMANDS_PER_TURN 4
#define IDLE_TURNS 64 // empty turns before the first sleep
#define IDLE_STEP 8   // sleeps of one length before it doubles

static_assert(BACKLOG_DEEP % BURST == 0, "a look is whole bursts");

static void parts_free(struct worker *w) {
	if (w->pending)
		pending_clear(w->pending);
	rte_free(w->pending);
	fragments_destroy(w->fragments);
	guard_destroy(w->guard);
	rte_free(w->tx);
	rte_free(w->neigh);
	rte_free(w);
}

int worker_create(const struct worker_parts *parts, uint8_t id, struct worker **ret_worker) {
	struct worker *w = rte_zmalloc("worker", sizeof(*w), CACHE_LINE);

	if (!w)
		return -ENOMEM;
	w->id = id;
	w->worker_count = parts->cfg->worker_count;
	w->cfg = parts->cfg;
	w->dp = parts->dp;
	w->packets = parts->packets;
	w->ports = parts->ports;
	w->input = parts->input;
	w->bell = parts->bell;
	w->ms_tsc = rte_get_tsc_hz() / 1000;
	w->now_tsc = rte_rdtsc();
	w->next_ms_tsc = w->now_tsc + w->ms_tsc;
	w->tx = rte_zmalloc("tx", sizeof(*w->tx), CACHE_LINE);
	w->pending = rte_zmalloc("pending", sizeof(*w->pending), CACHE_LINE);
	w->neigh = rte_zmalloc("neigh", sizeof(*w->neigh), CACHE_LINE);
	w->fragments = fragments_create();
	w->guard = guard_create(&parts->cfg->sources, parts->cfg->worker_count);
	if (!w->tx || !w->pending || !w->neigh || !w->fragments || !w->guard || mailbox_open(w) != 0) {
		parts_free(w);
		return -ENOMEM;
	}
	w->tx->ip_id = id;
	w->neigh->board = parts->board;
	w->neigh->worker = id;
	neigh_refresh(w->neigh);
	*ret_worker = w;
	return 0;
}

void worker_destroy(struct worker *w) {
	if (!w)
		return;
	mailbox_close(w);
	parts_free(w);
}

// Mostly adds one; after a pause as many as it took.
static inline void clock_update(struct worker *w) {
	w->now_tsc = rte_rdtsc();
	if (likely(w->now_tsc < w->next_ms_tsc))
		return;
	uint64_t passed = (w->now_tsc - w->next_ms_tsc) / w->ms_tsc + 1;

	w->now_ms += passed;
	w->next_ms_tsc += passed * w->ms_tsc;
}

// Counts from zero each time it is switched on.
static void stages_switch(struct worker *w, bool on) {
	struct stage_clock *clock = &w->stage;

	w->stage = (struct stage_clock){.on = on};
	if (!on)
		return;
	w->undisturbed = (struct hist){0};
	clock->since = rte_rdtsc();
	for (int i = 0; i < STAGE_PROBES; i++)
		stage_note(clock, STAGE_OTHER);
	w->stages = (struct stage_totals){.probe_cycles = clock->cycles[STAGE_OTHER]};
	w->stage = (struct stage_clock){
		.on = true,
		.gap = w->ms_tsc * STAGE_GAP_US / 1000,
		.messages_before = counter_read(&w->count, COUNT_RX_SIP_OWNED),
	};
}

// What came while the core was away is worked off in turns of full bursts: these are disturbed as well.
static inline bool is_disturbed(const struct worker *w) {
	return (w->stage.disturbed && w->backlog.full_turns > 0) ||
	       (w->cfg->idle == IDLE_SPIN && w->now_tsc - w->stage.since > w->stage.gap);
}

static inline void stages_begin(struct worker *w) {
	bool on = worker_flag(&w->measure);

	if (unlikely(on != w->stage.on))
		stages_switch(w, on);
	w->stage.now = STAGE_OTHER;
	w->stage.disturbed = w->stage.on && is_disturbed(w);
	w->stage.since = w->now_tsc;
}

// Turns in which nothing came are not counted.
static void stages_end(struct worker *w, bool busy) {
	struct stage_clock *clock = &w->stage;

	stage_note(clock, STAGE_OTHER);
	for (uint32_t i = 0; i < STAGE_COUNT && busy; i++) {
		w->stages.cycles[i] += clock->cycles[i];
		w->stages.entries[i] += clock->entries[i];
	}
	memset(clock->cycles, 0, sizeof(clock->cycles));
	memset(clock->entries, 0, sizeof(clock->entries));
	w->stages.messages = counter_read(&w->count, COUNT_RX_SIP_OWNED) - clock->messages_before;
}

static void give_to_kernel(struct worker *w, struct rte_mbuf *m, uint8_t port) {
	packet_of(m)->kind = PACKET_TO_KERNEL;
	packet_of(m)->port = port;
	w->wants_control = true;
	if (rte_ring_sp_enqueue(w->to_kernel, m) != 0) {
		tx_drop(w, m, COUNT_DROP_KERNEL_FULL);
		return;
	}
	count_one(&w->count, COUNT_RX_EXCEPTION);
}

// Appends to own[] what this worker owns; returns the new count.
static inline uint32_t sort_datagram(
	struct worker *w, const struct worker_stages *stages, struct rte_mbuf *m, struct rte_mbuf **own, uint32_t count
) {
	uint8_t owner;

	count_one(&w->count, COUNT_RX_SIP);
	if (w->worker_count == 1) {
		own[count] = m;
		return count + 1;
	}
	stage_enter(w, STAGE_HANDOFF);
	owner = stages->owner(w, rte_pktmbuf_mtod(m, const char *), m->data_len);
	if (owner == w->id)
		own[count++] = m;
	else
		tx_handoff(w, owner, m);
	stage_enter(w, STAGE_RECEIVE);
	return count;
}

// False when its source sends too much or what nobody wants, and it is dropped.
static inline bool admit(struct worker *w, const struct worker_stages *stages, struct rte_mbuf *m) {
	static const enum count reasons[] = {
		[GUARD_BANNED] = COUNT_DROP_SOURCE_BANNED,
		[GUARD_SOURCE_LIMIT] = COUNT_DROP_SOURCE_LIMIT,
		[GUARD_ALL_LIMIT] = COUNT_DROP_SOURCES_LIMIT,
		[GUARD_TRUSTED_LIMIT] = COUNT_DROP_TRUSTED_LIMIT,
	};
	enum guard_verdict verdict = guard_judge(w->guard, &packet_of(m)->src.addr, w->now_ms);

	if (likely(verdict == GUARD_TRUSTED))
		return true;
	if (verdict == GUARD_PASSES) {
		if (w->cfg->sources.screen_count == 0 ||
		    !stages->is_unwanted(w, rte_pktmbuf_mtod(m, const char *), m->data_len))
			return true;
		guard_strike(w->guard, &packet_of(m)->src.addr, w->now_ms);
		tx_drop(w, m, COUNT_DROP_SOURCE_SCREENED);
		return false;
	}
	tx_drop(w, m, reasons[verdict]);
	return false;
}

// What ICMP says did not arrive. Few enough to be handed over one by one.
static void take_lost(struct worker *w, const struct worker_stages *stages, struct rte_mbuf *m) {
	uint8_t owner = stages->lost_owner(w, rte_pktmbuf_mtod(m, const char *), m->data_len);

	count_one(&w->count, COUNT_RX_ICMP_LOST);
	if (owner == w->id)
		stages->lost(w, m);
	else
		tx_handoff(w, owner, m);
}

// A fragment is taken away; the last one of a datagram brings the whole frame.
static inline struct input_verdict judge(struct worker *w, uint8_t index, struct rte_mbuf **m, uint64_t rx_tsc) {
	const struct port *port = &w->ports[index];
	struct input_verdict verdict = input_peek_frame(w->input, port, index, *m, rx_tsc);

	if (likely(verdict.kind != INPUT_FRAGMENT))
		return verdict;
	*m = fragments_take(w, *m, index, verdict.offset);
	return *m ? input_peek_frame(w->input, port, index, *m, rx_tsc) : verdict;
}

// All of a message is summed and most of it parsed: its lines are asked for while those before it are worked on. The
// first one was with the whole burst.
static inline void fetch(const struct rte_mbuf *m) {
	for (uint32_t at = CACHE_LINE; at < m->data_len; at += CACHE_LINE)
		rte_prefetch1(rte_pktmbuf_mtod_offset(m, const char *, at));
}

// A burst, or all that waits when the worker looks how much that is.
static inline uint32_t take(struct worker *w, uint16_t dev, uint16_t queue, struct rte_mbuf **frames) {
	uint32_t count = rte_eth_rx_burst(dev, queue, frames, BURST), more = count;

	if (likely(count < BURST))
		return count;
	w->backlog.full = true;
	for (; more == BURST && unlikely(count < backlog_take(&w->backlog, BURST)); count += more)
		more = rte_eth_rx_burst(dev, queue, frames + count, BURST);
	w->backlog.deep |= count == BACKLOG_DEEP;
	return count;
}

// One burst of one queue.
static inline uint32_t
receive_queue(struct worker *w, const struct worker_stages *stages, uint8_t index, uint16_t queue) {
	const struct port *port = &w->ports[index];
	struct rte_mbuf *burst[BACKLOG_DEEP], *own[BACKLOG_DEEP];
	uint32_t own_count = 0, count = take(w, port->dev, queue, burst);
	uint64_t bytes = 0, rx_tsc;

	if (count == 0)
		return 0;
	rx_tsc = rte_rdtsc();
	for (uint32_t i = 0; i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(burst[i], void *));
	for (uint32_t i = 0; i < RTE_MIN(count, (uint32_t)FETCH_AHEAD); i++)
		fetch(burst[i]);
	for (uint32_t i = 0; i < count; i++) {
		struct rte_mbuf *m = burst[i];
		struct input_verdict verdict;

		if (i + FETCH_AHEAD < count)
			fetch(burst[i + FETCH_AHEAD]);
		bytes += m->pkt_len;
		verdict = judge(w, index, &m, rx_tsc);
		switch ((enum input_kind)verdict.kind) {
		case INPUT_DATAGRAM:
			if (likely(!w->guard->limits) || admit(w, stages, m))
				own_count = sort_datagram(w, stages, m, own, own_count);
			break;
		case INPUT_ERROR:
			take_lost(w, stages, m);
			break;
		case INPUT_FRAGMENT: // taken
			break;
		case INPUT_KERNEL:
			give_to_kernel(w, m, index);
			break;
		case INPUT_DROP:
			tx_drop(w, m, (enum count)verdict.reason);
			break;
		}
	}
	count_add(&w->count, COUNT_RX_PACKETS, count);
	count_add(&w->count, COUNT_RX_BYTES, bytes);
	if (own_count > 0)
		stages->datagrams(w, own, own_count);
	return count;
}

// A port with more queues than there are workers is still emptied.
static inline uint32_t receive_ports(struct worker *w, const struct worker_stages *stages) {
	uint32_t count = 0;

	for (uint8_t i = 0; i < w->cfg->port_count; i++) {
		for (uint16_t queue = w->id; queue < w->ports[i].rx_queues; queue += w->worker_count) {
			uint32_t came;

			stage_enter(w, STAGE_RECEIVE);
			came = receive_queue(w, stages, i, queue);
			count += came;
			if (came < BURST)
				continue;
			stage_enter(w, STAGE_SEND);
			tx_flush(w); // not to have it wait for a burst of the next queue
		}
	}
	return count;
}

static void receive_lost(struct worker *w, const struct worker_stages *stages, struct rte_mbuf *m) {
	count_one(&w->count, COUNT_HANDOFF_IN);
	stages->lost(w, m);
}

static inline uint32_t receive_worker(struct worker *w, const struct worker_stages *stages, struct rte_ring *ring) {
	struct rte_mbuf *burst[BURST], *own[BURST];
	uint32_t own_count = 0, count = rte_ring_sc_dequeue_burst(ring, (void **)burst, BURST, NULL);

	if (unlikely(count == BURST)) {
		w->backlog.full = true;
		w->backlog.deep |= w->backlog.look && rte_ring_count(ring) >= BACKLOG_DEEP;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (packet_of(burst[i])->kind == PACKET_FRAME_OUT)
			tx_frame(w, packet_of(burst[i])->port, burst[i]);
		else if (unlikely(packet_of(burst[i])->kind == PACKET_LOST))
			receive_lost(w, stages, burst[i]);
		else
			own[own_count++] = burst[i];
	}
	if (own_count == 0)
		return count;
	count_add(&w->count, COUNT_HANDOFF_IN, own_count);
	stages->datagrams(w, own, own_count);
	return count;
}

static inline uint32_t receive_workers(struct worker *w, const struct worker_stages *stages) {
	uint32_t count = 0;

	for (uint8_t i = 0; i < w->worker_count; i++) {
		if (w->from_worker[i]) {
			stage_enter(w, STAGE_HANDOFF);
			count += receive_worker(w, stages, w->from_worker[i]);
		}
	}
	return count;
}

static inline uint32_t receive_kernel(struct worker *w) {
	struct rte_mbuf *burst[BURST];
	uint32_t count = rte_ring_sc_dequeue_burst(w->from_kernel, (void **)burst, BURST, NULL);

	for (uint32_t i = 0; i < count; i++)
		tx_frame(w, packet_of(burst[i])->port, burst[i]);
	count_add(&w->count, COUNT_TX_KERNEL, count);
	return count;
}

// Takes no more than there is room for answers.
static inline uint32_t answer_commands(struct worker *w, const struct worker_stages *stages) {
	void *commands[COMMANDS_PER_TURN];
	uint32_t count;

	if (likely(rte_ring_empty(w->commands)))
		return 0;
	count = RTE_MIN((uint32_t)COMMANDS_PER_TURN, rte_ring_free_count(w->replies));
	count = rte_ring_sc_dequeue_burst(w->commands, commands, count, NULL);
	for (uint32_t i = 0; i < count; i++) {
		stages->command(w, commands[i]);
		(void)rte_ring_sp_enqueue(w->replies, commands[i]);
	}
	w->wants_control |= count > 0;
	return count;
}

static inline __attribute__((always_inline)) bool turn(struct worker *w, const struct worker_stages *stages) {
	uint32_t work;
	bool busy;

	clock_update(w);
	stages_begin(w);
	busy = pending_turn(w, stages, neigh_refresh(w->neigh));
	work = receive_ports(w, stages);
	work += receive_workers(w, stages);
	stage_enter(w, STAGE_OTHER);
	if (unlikely(backlog_note(&w->backlog, w->now_ms, work == 0)))
		count_one(&w->count, COUNT_LOOP_BEHIND);
	work += receive_kernel(w);
	work += answer_commands(w, stages);
	stage_enter(w, STAGE_TIMERS);
	busy |= stages->tick(w);
	fragments_tick(w);
	stage_enter(w, STAGE_SEND);
	tx_flush(w);
	w->gauges.packets_pending = w->pending->count;
	if (unlikely(w->wants_control))
		mailbox_bell_ring(w);
	if (unlikely(w->stage.on))
		stages_end(w, work > 0 || busy);
	count_one(&w->count, COUNT_LOOP_TURNS);
	if (work == 0 && !busy) {
		count_one(&w->count, COUNT_LOOP_IDLE);
		return false;
	}
	w->busy_tsc += rte_rdtsc() - w->now_tsc;
	return true;
}

bool worker_turn(struct worker *w, const struct worker_stages *stages) {
	return turn(w, stages);
}

// The n-th empty turn in a row.
static void idle(struct worker *w, uint32_t n) {
	uint32_t doublings = n < IDLE_TURNS ? 0 : (n - IDLE_TURNS) / IDLE_STEP;
	uint64_t sleep_us = RTE_MIN(UINT64_C(1) << RTE_MIN(doublings, 20u), (uint64_t)w->cfg->idle_sleep_max_us);
	struct timespec pause = {.tv_sec = (time_t)(sleep_us / 1000000), .tv_nsec = (long)(sleep_us % 1000000) * 1000};

	if (w->cfg->idle == IDLE_SPIN || n < IDLE_TURNS) {
		rte_pause();
		return;
	}
	count_one(&w->count, COUNT_LOOP_SLEEPS);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

static inline __attribute__((always_inline)) void worker_loop(struct worker *w, const struct worker_stages *stages) {
	uint32_t empty = 0;

	while (!worker_flag(&w->stop)) {
		if (turn(w, stages)) {
			empty = 0;
			continue;
		}
		if (empty < UINT32_MAX)
			empty++;
		idle(w, empty);
	}
}

void worker_run(struct worker *w, const struct worker_stages *stages) {
	// The default slack of 50 us would be most of a sleep.
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	neigh_online(w->neigh);
	worker_loop(w, stages);
	neigh_offline(w->neigh);
}
