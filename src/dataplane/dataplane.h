// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The dataplane as the control core sees it: EAL, ports, TAP interfaces, workers. Every function here is for the
// control core alone.
#pragma once

#include "dataplane/worker.h"

struct dataplane;

// Something the control core's event loop watches for reading.
struct dataplane_source {
	int fd;
	void (*ready)(struct dataplane *dp, int fd);
};

struct dataplane_callbacks {
	void (*event)(void *ctx, const struct event *event); // events the dataplane does not handle itself
	void (*reply)(void *ctx, struct command *command);
	void *ctx;
};

struct port_status {
	const char *name, *device, *driver, *tap;
	bool link_up;
	uint32_t speed_mbps;
	uint8_t mac[6];
	uint16_t rx_queues, tx_queues;
	uint16_t mtu;
	bool checksum_offload_rx, checksum_offload_tx;
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_no_mbuf;
	uint64_t tx_packets, tx_bytes, tx_errors;
};

// Starts EAL, ports, TAPs (with addresses and routes of the configuration) and creates the workers, whose loops do not
// run yet. Logs what fails, naming port or device and remedy, and returns -errno with everything undone that can be.
int dataplane_start(const struct config *cfg, struct dataplane **ret_dp);

struct worker *dataplane_worker(struct dataplane *dp, uint8_t id);
void dataplane_callbacks_set(struct dataplane *dp, const struct dataplane_callbacks *callbacks);

// Launches the loops on their cores.
int dataplane_run(struct dataplane *dp, const struct worker_stages *stages);

// What the event loop has to watch; valid until dataplane_stop. Returns their number.
uint32_t dataplane_sources(struct dataplane *dp, const struct dataplane_source **ret_sources);

// To be called about every 100 ms: refreshes neighbours in use, gives up waiting packets, updates link state.
void dataplane_tick(struct dataplane *dp);

// Statistics of port i as of now.
void dataplane_port_status(struct dataplane *dp, uint8_t port, struct port_status *ret_status);

// What the control core itself counts: frames of and for the kernel that were lost on its side (drop.kernel.full,
// drop.kernel.tx). To be added to the workers' counters.
const struct counters *dataplane_counters(const struct dataplane *dp);

// True when packet memory and tables are on huge pages.
bool dataplane_uses_huge_pages(const struct dataplane *dp);

// Ends the loops (waits for them), closes ports, removes TAPs, frees all. The workers' sessions must be freed by
// their owner between dataplane_halt and dataplane_stop.
void dataplane_halt(struct dataplane *dp);
void dataplane_stop(struct dataplane *dp);
