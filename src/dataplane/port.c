// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/port.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>

#include "base/log.h"
#include "dataplane/buffer.h"

#define CHECKSUMS_RX (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
#define CHECKSUMS_TX (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)
#define RSS_TYPES (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_UDP)

bool port_is_pci(const char *device) {
	unsigned domain, bus, slot, function;
	int end = 0;

	if (sscanf(device, "%4x:%2x:%2x.%1u%n", &domain, &bus, &slot, &function, &end) == 4 && device[end] == '\0')
		return true;
	return sscanf(device, "%2x:%2x.%1u%n", &bus, &slot, &function, &end) == 3 && device[end] == '\0';
}

// "net_af_xdp0" of "net_af_xdp0,iface=veth0".
static void device_name(const char *device, char *name, size_t size) {
	snprintf(name, size, "%.*s", (int)strcspn(device, ","), device);
}

// A device that sits on a kernel interface: that must exist.
static int interface_check(const struct config_port *cfg) {
	const char *option = strstr(cfg->device, "iface=");
	char name[IFNAMSIZ];

	if (!option || (strncmp(cfg->device, "net_af_", 7) != 0))
		return 0;
	option += strlen("iface=");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(option, ","), option);
	if (if_nametoindex(name) != 0)
		return 0;
	log_error(
		"port %s: device %s: there is no interface '%s' in this network namespace", cfg->name, cfg->device, name
	);
	return -ENODEV;
}

static int pci_open(const struct config_port *cfg, uint16_t *ret_dev) {
	char full[32];

	snprintf(
		full,
		sizeof(full),
		"%s%s",
		strchr(cfg->device, ':') == strrchr(cfg->device, ':') ? "0000:" : "",
		cfg->device
	);
	if (rte_eth_dev_get_port_by_name(full, ret_dev) == 0)
		return 0;
	log_error(
		"port %s: no DPDK driver has the PCI device %s; is the address right (lspci -D), and is it bound to "
		"vfio-pci (dpdk-devbind.py --bind=vfio-pci %s)?",
		cfg->name,
		full,
		full
	);
	return -ENODEV;
}

static int vdev_open(const struct config_port *cfg, uint16_t *ret_dev) {
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t other;
	int rc;

	device_name(cfg->device, name, sizeof(name));
	if (rte_eth_dev_get_port_by_name(name, &other) == 0) {
		log_error(
			"port %s: device name %s is used twice; number them: net_af_packet0, net_af_packet1",
			cfg->name,
			name
		);
		return -EEXIST;
	}
	rc = interface_check(cfg);
	if (rc < 0)
		return rc;
	rc = rte_dev_probe(cfg->device);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(name, ret_dev);
	if (rc == 0)
		return 0;
	// EAL says EFAULT where no bus knows the name.
	log_error(
		"port %s: device '%s' cannot be opened: %s; it must be a PCI address or a DPDK virtual device such as "
		"net_af_xdp0,iface=NAME (needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF) or net_af_packet0,iface=NAME "
		"(needs CAP_NET_RAW)",
		cfg->name,
		cfg->device,
		rc == -EFAULT ? "no such driver" : strerror(rc < 0 ? -rc : EIO)
	);
	return rc < 0 ? rc : -EIO;
}

// As many queues as there are workers, or fewer where the configuration says so. Drivers whose queues exist as soon as
// the device does spread frames over all of them, so all must be polled; a receive queue of af_xdp starts together with
// the send queue of its number only.
void port_queues_choose(struct port *port, const struct rte_eth_dev_info *info, uint8_t workers) {
	bool xdp = strcmp(info->driver_name, "net_af_xdp") == 0;
	bool all = xdp || strcmp(info->driver_name, "net_af_packet") == 0;

	port->rx_queues = all ? info->max_rx_queues : RTE_MIN(info->max_rx_queues, workers);
	port->tx_queues = xdp ? port->rx_queues : RTE_MIN(info->max_tx_queues, workers);
}

static int port_configure(struct port *port, const struct rte_eth_dev_info *info) {
	struct rte_eth_conf conf = {.rxmode.mtu = port->mtu};
	int rc;

	if (port->rx_queues == 0 || port->tx_queues == 0) {
		log_error("port %s: device %s has no receive or send queues", port->cfg->name, port->cfg->device);
		return -ENODEV;
	}
	if (port->mtu < info->min_mtu || port->mtu > info->max_mtu) {
		log_error(
			"port %s: mtu %u: device %s takes %u to %u",
			port->cfg->name,
			port->mtu,
			port->cfg->device,
			info->min_mtu,
			info->max_mtu
		);
		return -ERANGE;
	}
	port->checksum_rx = (info->rx_offload_capa & CHECKSUMS_RX) == CHECKSUMS_RX;
	port->checksum_tx = (info->tx_offload_capa & CHECKSUMS_TX) == CHECKSUMS_TX;
	conf.rxmode.offloads = port->checksum_rx ? CHECKSUMS_RX : 0;
	conf.txmode.offloads = port->checksum_tx ? CHECKSUMS_TX : 0;
	if (port->rx_queues > 1 && (info->flow_type_rss_offloads & RSS_TYPES)) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & RSS_TYPES;
	}
	rc = rte_eth_dev_configure(port->dev, port->rx_queues, port->tx_queues, &conf);
	if (rc < 0)
		log_error(
			"port %s: device %s refuses %u receive and %u send queues: %s",
			port->cfg->name,
			port->cfg->device,
			port->rx_queues,
			port->tx_queues,
			strerror(-rc)
		);
	return rc;
}

// A driver that cannot set an MTU takes what fits its buffers.
static int mtu_set(const struct port *port) {
	int rc = rte_eth_dev_set_mtu(port->dev, port->mtu);

	if (rc == 0 || rc == -ENOTSUP)
		return 0;
	log_error("port %s: cannot set mtu %u on %s: %s", port->cfg->name, port->mtu, port->cfg->device, strerror(-rc));
	return rc;
}

static int queues_setup(struct port *port, const struct rte_eth_dev_info *info, struct rte_mempool *packets) {
	uint16_t rx_count = BUFFER_RX_DESCRIPTORS, tx_count = BUFFER_TX_DESCRIPTORS;
	struct rte_eth_rxconf rx = info->default_rxconf;
	struct rte_eth_txconf tx = info->default_txconf;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->dev, &rx_count, &tx_count);

	rx.offloads = port->checksum_rx ? CHECKSUMS_RX : 0;
	tx.offloads = port->checksum_tx ? CHECKSUMS_TX : 0;
	for (uint16_t queue = 0; rc >= 0 && queue < port->rx_queues; queue++)
		rc = rte_eth_rx_queue_setup(port->dev, queue, rx_count, rte_eth_dev_socket_id(port->dev), &rx, packets);
	for (uint16_t queue = 0; rc >= 0 && queue < port->tx_queues; queue++)
		rc = rte_eth_tx_queue_setup(port->dev, queue, tx_count, rte_eth_dev_socket_id(port->dev), &tx);
	if (rc < 0)
		log_error(
			"port %s: cannot set up the queues of %s: %s", port->cfg->name, port->cfg->device, strerror(-rc)
		);
	return rc < 0 ? rc : 0;
}

// The pool this port receives into; af_xdp shares it with the kernel page by page.
static struct rte_mempool *
rx_pool(struct port *port, const struct config *cfg, uint8_t index, struct rte_mempool *packets) {
	if (strcmp(port->driver, "net_af_xdp") != 0 || !buffer_is_too_large_for_xdp(cfg))
		return packets;
	port->own_pool = buffer_xdp_pool_create(index, port->rx_queues);
	if (!port->own_pool)
		log_error("port %s: no memory for its packet buffers: %s", port->cfg->name, rte_strerror(rte_errno));
	return port->own_pool;
}

// Multicast is the kernel's: neighbour discovery, routing protocols. Promiscuous is the way out for drivers that know
// no other.
static void filters_open(const struct port *port) {
	if (rte_eth_allmulticast_enable(port->dev) != 0)
		(void)rte_eth_promiscuous_enable(port->dev);
}

static int device_start(struct port *port) {
	struct rte_ether_addr mac;
	int rc = rte_eth_dev_start(port->dev);

	if (rc == 0)
		rc = rte_eth_macaddr_get(port->dev, &mac);
	if (rc < 0) {
		log_error("port %s: device %s does not start: %s", port->cfg->name, port->cfg->device, strerror(-rc));
		return rc;
	}
	port->started = true;
	if (!rte_is_valid_assigned_ether_addr(&mac)) // drivers of mere rings have none
		rte_eth_random_addr(mac.addr_bytes);
	memcpy(port->mac, mac.addr_bytes, sizeof(port->mac));
	filters_open(port);
	port_link_update(port);
	return 0;
}

int port_start(struct port *port, const struct config *cfg, uint8_t index, struct rte_mempool *packets) {
	struct rte_eth_dev_info info;
	int rc;

	port->cfg = &cfg->ports[index];
	port->mtu = port->cfg->mtu;
	port->dev = RTE_MAX_ETHPORTS;
	rc = port_is_pci(port->cfg->device) ? pci_open(port->cfg, &port->dev) : vdev_open(port->cfg, &port->dev);
	if (rc < 0)
		return rc;
	rc = rte_eth_dev_info_get(port->dev, &info);
	if (rc < 0)
		return rc;
	snprintf(port->driver, sizeof(port->driver), "%s", info.driver_name);
	port_queues_choose(
		port, &info, port->cfg->queues ? RTE_MIN(port->cfg->queues, cfg->worker_count) : cfg->worker_count
	);
	rc = port_configure(port, &info);
	if (rc == 0)
		rc = mtu_set(port);
	if (rc < 0)
		return rc;
	packets = rx_pool(port, cfg, index, packets);
	if (!packets)
		return -ENOMEM;
	rc = queues_setup(port, &info, packets);
	return rc < 0 ? rc : device_start(port);
}

void port_stop(struct port *port) {
	if (port->started)
		(void)rte_eth_dev_stop(port->dev);
	port->started = false;
}

void port_close(struct port *port) {
	if (!port->cfg || port->dev == RTE_MAX_ETHPORTS)
		return;
	(void)rte_eth_dev_close(port->dev);
	port->dev = RTE_MAX_ETHPORTS;
}

void port_free(struct port *port) {
	rte_mempool_free(port->own_pool);
	port->own_pool = NULL;
}

bool port_link_update(struct port *port) {
	struct rte_eth_link link = {.link_status = RTE_ETH_LINK_DOWN};
	bool before = port->link_up;

	if (rte_eth_link_get_nowait(port->dev, &link) != 0)
		return false;
	port->link_up = link.link_status == RTE_ETH_LINK_UP;
	port->speed_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	return port->link_up != before;
}
