// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// One DPDK port as workers see it: frozen once started, but for what is marked. Set-up and statistics are for the
// control core alone.
#pragma once

#include <rte_ethdev.h>

#include "base/config.h"

struct port {
	uint16_t dev; // DPDK's number
	uint16_t rx_queues, tx_queues;
	uint16_t mtu;
	uint8_t mac[6];
	bool checksum_rx, checksum_tx; // done by the port

	// --- control core only ---
	const struct config_port *cfg;
	bool started;
	bool link_up;
	uint32_t speed_mbps;
	struct rte_mempool *own_pool; // when the shared buffers do not fit the driver
	char driver[32];
};

// True when the text is a PCI address: "0000:03:00.0" or "03:00.0".
bool port_is_pci(const char *device);

// How many queues of the device are used, by that many workers; 0 where it has none.
void port_queues_choose(struct port *port, const struct rte_eth_dev_info *info, uint8_t workers);

// Finds or creates the device, sets up queues, offloads and MTU, and starts it. Logs and returns -errno on failure;
// what was made is in *port for the three below.
int port_start(struct port *port, const struct config *cfg, uint8_t index, struct rte_mempool *packets);

// The end, in this order and harmless on a port that did not start: no packet comes or goes any more; the packets the
// driver holds are freed; the port's own buffers are freed, once nobody holds packets any more.
void port_stop(struct port *port);
void port_close(struct port *port);
void port_free(struct port *port);

// Reads the link state. True when it changed between up and down.
bool port_link_update(struct port *port);

// The send queue a worker uses, and the worker that may touch it.
static inline uint16_t port_tx_queue(const struct port *port, uint8_t worker) {
	return worker % port->tx_queues;
}
