// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Opening one DPDK device, in a network namespace of its own where its kernel interface is in another.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "net.h"

#define DESCRIPTORS 1024
#define LINK_WAIT_MS 60000 // a client with large tables takes its time to start
#define LINK_STEP_US 10000
#define CLOSE_PAUSE_US 50000

// Enters /run/netns/NAME; *ret_before is a descriptor of the one left, or -1 where no name is given.
static int netns_enter(const char *name, int *ret_before) {
	char path[128];
	int before, into, rc;

	*ret_before = -1;
	if (!name)
		return 0;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	before = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	into = open(path, O_RDONLY | O_CLOEXEC);
	rc = before < 0 || into < 0 || setns(into, CLONE_NEWNET) != 0 ? -errno : 0;
	if (into >= 0)
		close(into);
	if (rc == 0) {
		*ret_before = before;
		return 0;
	}
	if (before >= 0)
		close(before);
	fprintf(stderr, "sipgen: cannot enter the network namespace %s: %s\n", name, strerror(-rc));
	return rc;
}

static int netns_leave(int before) {
	int rc = setns(before, CLONE_NEWNET) != 0 ? -errno : 0;

	close(before);
	return rc;
}

static int device_find(const char *device, uint16_t *ret_dev) {
	char name[RTE_ETH_NAME_MAX_LEN];
	int rc;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	if (rte_eth_dev_get_port_by_name(name, ret_dev) == 0)
		return 0;
	rc = rte_dev_probe(device);
	return rc < 0 ? rc : rte_eth_dev_get_port_by_name(name, ret_dev);
}

// A device that is no wire has an address made up anew each time: ours is made of the IP address instead, so that the
// neighbours of the last run are right in this one.
static int mac_choose(struct net_port *port, const struct ip_addr *ip) {
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;
	int rc = rte_eth_dev_info_get(port->dev, &info);

	if (rc == 0)
		rc = rte_eth_macaddr_get(port->dev, &mac);
	if (rc < 0)
		return rc;
	memcpy(port->mac, mac.addr_bytes, sizeof(port->mac));
	if (strcmp(info.driver_name, "net_memif") == 0 || strcmp(info.driver_name, "net_ring") == 0) {
		memcpy(port->mac, "\x02\x00", 2);
		memcpy(port->mac + 2, ip->bytes, 4);
	}
	return 0;
}

static int device_start(struct net_port *port, struct rte_mempool *pool) {
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	struct rte_eth_conf conf = {0};
	int rc = rte_eth_dev_configure(port->dev, 1, 1, &conf);

	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->dev, &rx, &tx);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(port->dev, 0, rx, SOCKET_ID_ANY, NULL, pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(port->dev, 0, tx, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(port->dev);
	return rc;
}

static bool link_wait(const struct net_port *port) {
	struct rte_eth_link link;

	for (int waited_us = 0; waited_us < LINK_WAIT_MS * 1000; waited_us += LINK_STEP_US) {
		if (rte_eth_link_get_nowait(port->dev, &link) == 0 && link.link_status == RTE_ETH_LINK_UP)
			return true;
		usleep(LINK_STEP_US);
	}
	return false;
}

int port_open(struct net_port *port, const struct port_place *place, struct rte_mempool *pool) {
	int before, rc = netns_enter(place->netns, &before);

	if (rc < 0)
		return rc;
	rc = device_find(place->device, &port->dev);
	if (rc == 0)
		rc = device_start(port, pool);
	if (rc == 0)
		rc = mac_choose(port, &place->ip);
	if (before >= 0 && netns_leave(before) < 0 && rc == 0)
		rc = -EPERM;
	if (rc < 0)
		fprintf(stderr, "sipgen: device %s does not start: %s\n", place->device, strerror(-rc));
	return rc;
}

int port_wait(const struct net_port *port) {
	if (link_wait(port))
		return 0;
	fprintf(stderr, "sipgen: the link of port %u stays down; is there another end?\n", port->dev);
	return -ENETDOWN;
}

void port_close(struct net_port *port) {
	if (port->dev == RTE_MAX_ETHPORTS)
		return;
	for (uint32_t i = 0; i < port->tx_count; i++)
		rte_pktmbuf_free(port->tx[i]);
	port->tx_count = 0;
	(void)rte_eth_dev_stop(port->dev);
	(void)rte_eth_dev_close(port->dev);
	port->dev = RTE_MAX_ETHPORTS;
	// The other end of a memif may be our second port: its driver frees the connection on DPDK's interrupt thread,
	// and would a second time if we closed it meanwhile.
	usleep(CLOSE_PAUSE_US);
}
