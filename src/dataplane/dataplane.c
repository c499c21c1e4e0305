// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/dataplane.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "base/log.h"
#include "dataplane/buffer.h"
#include "dataplane/eal.h"
#include "dataplane/input.h"
#include "dataplane/kernel.h"
#include "dataplane/learn.h"
#include "dataplane/neigh.h"
#include "dataplane/port.h"

#define BURST 32
#define KERNEL_BURST 64	    // frames read from a TAP at a time
#define KERNEL_PER_WAKE 256 // frames written for one worker at a time
#define EVENTS_PER_WAKE 256

struct dataplane {
	// --- read by workers ---
	struct port ports[PORTS_MAX];
	struct input input;
	struct neigh_board board;
	struct mailbox_bell bell;

	// --- control core only ---
	const struct config *cfg;
	bool huge;
	bool running;
	const struct worker_stages *stages;
	struct rte_mempool *packets;
	struct netlink netlink;
	struct kernel kernel;
	struct learn learn;
	struct worker *workers[WORKERS_MAX];
	struct dataplane_callbacks callbacks;
	uint32_t source_count;
	struct dataplane_source sources[3 + PORTS_MAX + INTERFACES_MAX];
	struct counters count;
};

// Returns true when frames may be left.
static bool kernel_serve(struct dataplane *dp, struct worker *w) {
	struct rte_mbuf *burst[BURST];
	uint32_t count = BURST;

	for (uint32_t done = 0; done < KERNEL_PER_WAKE && count == BURST; done += BURST) {
		count = rte_ring_sc_dequeue_burst(w->to_kernel, (void **)burst, BURST, NULL);
		for (uint32_t i = 0; i < count; i++) {
			if (!kernel_peek_write(&dp->kernel, burst[i]))
				count_one(&dp->count, COUNT_DROP_KERNEL_FULL);
		}
		rte_pktmbuf_free_bulk(burst, count);
	}
	return count == BURST;
}

static bool events_serve(struct dataplane *dp, struct worker *w) {
	struct event event;

	for (uint32_t i = 0; i < EVENTS_PER_WAKE; i++) {
		if (rte_ring_sc_dequeue_elem(w->events, &event, sizeof(event)) != 0)
			return false;
		switch ((enum event_kind)event.kind) {
		case EVENT_RESOLVE:
			learn_resolve(&dp->learn, event.interface, &event.peer.addr);
			break;
		case EVENT_REFUSED:
			if (dp->callbacks.event)
				dp->callbacks.event(dp->callbacks.ctx, &event);
			break;
		case EVENT_KIND_COUNT:
			break;
		}
	}
	return true;
}

static void replies_serve(struct dataplane *dp, struct worker *w) {
	void *command;

	while (rte_ring_sc_dequeue(w->replies, &command) == 0) {
		if (dp->callbacks.reply)
			dp->callbacks.reply(dp->callbacks.ctx, command);
	}
}

static void bell_ready(struct dataplane *dp, int fd) {
	bool more = false;

	mailbox_bell_answer(&dp->bell);
	for (uint32_t i = 0; i < dp->cfg->worker_count; i++) {
		more |= kernel_serve(dp, dp->workers[i]);
		more |= events_serve(dp, dp->workers[i]);
		replies_serve(dp, dp->workers[i]);
	}
	if (more) // others have their turn before the rest
		(void)eventfd_write(fd, 1);
}

static void monitor_ready(struct dataplane *dp, int fd) {
	(void)fd;
	learn_monitor_ready(&dp->learn);
}

static void timer_ready(struct dataplane *dp, int fd) {
	(void)fd;
	learn_timer_ready(&dp->learn);
}

// Ports take turns among the workers that have a send queue on them.
static struct worker *sender_of(struct dataplane *dp, uint8_t port) {
	return dp->workers[port % RTE_MIN(dp->ports[port].tx_queues, dp->cfg->worker_count)];
}

static void tap_ready(struct dataplane *dp, int fd) {
	const struct kernel_tap *tap = dp->kernel.taps;
	struct worker *w;
	struct rte_mbuf *m;
	int rc = 1;

	while (tap->fd != fd)
		tap++;
	w = sender_of(dp, tap->port);
	for (uint32_t i = 0; i < KERNEL_BURST && rc != 0; i++) {
		rc = kernel_read(tap, dp->packets, &m);
		if (rc == 1 && rte_ring_sp_enqueue(w->from_kernel, m) != 0) {
			rte_pktmbuf_free(m);
			rc = -ENOBUFS;
		}
		if (rc < 0)
			count_one(&dp->count, COUNT_DROP_KERNEL_TX);
	}
}

static void source_add(struct dataplane *dp, int fd, void (*ready)(struct dataplane *dp, int fd)) {
	dp->sources[dp->source_count++] = (struct dataplane_source){.fd = fd, .ready = ready};
}

static void sources_fill(struct dataplane *dp) {
	source_add(dp, dp->bell.fd, bell_ready);
	source_add(dp, mnl_socket_get_fd(dp->learn.monitor.socket), monitor_ready);
	source_add(dp, dp->learn.timer_fd, timer_ready);
	for (uint32_t i = 0; i < dp->kernel.tap_count; i++)
		source_add(dp, dp->kernel.taps[i].fd, tap_ready);
}

static int memory_start(struct dataplane *dp) {
	int rc;

	dp->packets = buffer_pool_create(dp->cfg);
	if (!dp->packets) {
		log_error(
			"no memory for %u packets of %u bytes: %s; lower capacity.packets or capacity.packet_bytes%s",
			dp->cfg->capacity.packets,
			dp->cfg->capacity.packet_bytes,
			rte_strerror(rte_errno),
			dp->huge ? ", or reserve more huge pages" : ""
		);
		return -ENOMEM;
	}
	rc = neigh_board_init(&dp->board);
	return rc < 0 ? rc : mailbox_bell_open(&dp->bell);
}

static int ports_start(struct dataplane *dp) {
	for (uint32_t i = 0; i < dp->cfg->port_count; i++) {
		struct port *port = &dp->ports[i];
		int rc = port_start(port, dp->cfg, (uint8_t)i, dp->packets);

		if (rc < 0)
			return rc;
		log_info(
			"port %s: %s, %u receive and %u send queues, checksums in by %s, out by %s",
			port->cfg->name,
			port->driver,
			port->rx_queues,
			port->tx_queues,
			port->checksum_rx ? "port" : "software",
			port->checksum_tx ? "port" : "software"
		);
	}
	return 0;
}

static int workers_create(struct dataplane *dp) {
	struct worker_parts parts = {
		.cfg = dp->cfg,
		.dp = dp,
		.packets = dp->packets,
		.ports = dp->ports,
		.input = &dp->input,
		.board = &dp->board,
		.bell = &dp->bell,
	};
	uint8_t count = dp->cfg->worker_count;
	int rc = 0;

	for (uint8_t i = 0; rc == 0 && i < count; i++)
		rc = worker_create(&parts, i, &dp->workers[i]);
	for (uint32_t i = 0; rc == 0 && i < (uint32_t)count * count; i++) {
		if (i / count != i % count)
			rc = mailbox_connect(dp->workers[i / count], dp->workers[i % count]);
	}
	if (rc < 0)
		log_error("no memory for %u workers: %s", count, strerror(-rc));
	return rc;
}

static int kernel_side_start(struct dataplane *dp) {
	int rc = netlink_open(&dp->netlink, 0);

	if (rc < 0) {
		log_error("cannot open a netlink socket: %s", strerror(-rc));
		return rc;
	}
	rc = kernel_start(&dp->kernel, dp->cfg, dp->ports, &dp->netlink);
	if (rc == 0)
		rc = learn_start(&dp->learn, dp->cfg, dp->kernel.ifindex, &dp->board, &dp->netlink);
	return rc;
}

int dataplane_start(const struct config *cfg, struct dataplane **ret_dp) {
	struct dataplane *dp;
	bool huge;
	int rc = eal_start(cfg, &huge);

	if (rc < 0)
		return rc;
	dp = rte_zmalloc("dataplane", sizeof(*dp), CACHE_LINE);
	if (!dp) {
		log_error("no memory for the dataplane");
		eal_stop();
		return -ENOMEM;
	}
	dp->cfg = cfg;
	dp->huge = huge;
	dp->bell.fd = dp->learn.timer_fd = -1;
	log_info("packet memory: %u MB on %s pages", buffer_megabytes(cfg), huge ? "huge" : "normal");
	rc = memory_start(dp);
	if (rc == 0)
		rc = ports_start(dp);
	if (rc == 0) {
		input_init(&dp->input, cfg);
		rc = workers_create(dp);
	}
	if (rc == 0)
		rc = kernel_side_start(dp);
	if (rc < 0) {
		dataplane_stop(dp);
		return rc;
	}
	sources_fill(dp);
	*ret_dp = dp;
	return 0;
}

struct worker *dataplane_worker(struct dataplane *dp, uint8_t id) {
	return dp->workers[id];
}

void dataplane_callbacks_set(struct dataplane *dp, const struct dataplane_callbacks *callbacks) {
	dp->callbacks = *callbacks;
}

static int worker_main(void *ctx) {
	struct worker *w = ctx;

	worker_run(w, w->dp->stages);
	return 0;
}

int dataplane_run(struct dataplane *dp, const struct worker_stages *stages) {
	dp->stages = stages;
	dp->running = true;
	for (uint8_t i = 0; i < dp->cfg->worker_count; i++) {
		int rc = rte_eal_remote_launch(worker_main, dp->workers[i], eal_lcore(i));

		if (rc < 0) {
			log_error("cannot launch worker %u: %s", i, strerror(-rc));
			return rc;
		}
	}
	return 0;
}

uint32_t dataplane_sources(struct dataplane *dp, const struct dataplane_source **ret_sources) {
	*ret_sources = dp->sources;
	return dp->source_count;
}

void dataplane_tick(struct dataplane *dp) {
	learn_tick(&dp->learn);
	for (uint32_t i = 0; i < dp->cfg->port_count; i++) {
		struct port *port = &dp->ports[i];

		if (!port_link_update(port))
			continue;
		log_info("port %s: link %s", port->cfg->name, port->link_up ? "up" : "down");
		kernel_carrier_set(&dp->kernel, (uint8_t)i, port->link_up);
	}
}

void dataplane_port_status(struct dataplane *dp, uint8_t index, struct port_status *ret_status) {
	const struct port *port = &dp->ports[index];
	struct rte_eth_stats stats = {0};

	(void)rte_eth_stats_get(port->dev, &stats);
	*ret_status = (struct port_status){
		.name = port->cfg->name,
		.device = port->cfg->device,
		.driver = port->driver,
		.tap = port->cfg->tap,
		.link_up = port->link_up,
		.speed_mbps = port->speed_mbps,
		.rx_queues = port->rx_queues,
		.tx_queues = port->tx_queues,
		.mtu = port->mtu,
		.checksum_offload_rx = port->checksum_rx,
		.checksum_offload_tx = port->checksum_tx,
		.rx_packets = stats.ipackets,
		.rx_bytes = stats.ibytes,
		.rx_missed = stats.imissed,
		.rx_errors = stats.ierrors,
		.rx_no_mbuf = stats.rx_nombuf,
		.tx_packets = stats.opackets,
		.tx_bytes = stats.obytes,
		.tx_errors = stats.oerrors,
	};
	memcpy(ret_status->mac, port->mac, sizeof(ret_status->mac));
}

const struct counters *dataplane_counters(const struct dataplane *dp) {
	return &dp->count;
}

bool dataplane_uses_huge_pages(const struct dataplane *dp) {
	return dp->huge;
}

void dataplane_halt(struct dataplane *dp) {
	if (!dp->running)
		return;
	for (uint32_t i = 0; i < dp->cfg->worker_count; i++)
		worker_flag_set(&dp->workers[i]->stop, true);
	rte_eal_mp_wait_lcore();
	dp->running = false;
	bell_ready(dp, dp->bell.fd); // answers and frames that were on their way
}

void dataplane_stop(struct dataplane *dp) {
	dataplane_halt(dp);
	learn_stop(&dp->learn);
	kernel_stop(&dp->kernel);
	netlink_close(&dp->netlink);
	for (uint32_t i = 0; i < dp->cfg->port_count; i++)
		port_stop(&dp->ports[i]);
	// Workers, and the send queues of all ports, hold packets of any port's buffers.
	for (uint32_t i = 0; i < dp->cfg->worker_count; i++)
		worker_destroy(dp->workers[i]);
	for (uint32_t i = 0; i < dp->cfg->port_count; i++)
		port_close(&dp->ports[i]);
	for (uint32_t i = 0; i < dp->cfg->port_count; i++)
		port_free(&dp->ports[i]);
	neigh_board_fini(&dp->board);
	if (dp->bell.fd >= 0)
		mailbox_bell_close(&dp->bell);
	rte_mempool_free(dp->packets);
	rte_free(dp);
	eal_stop();
}
