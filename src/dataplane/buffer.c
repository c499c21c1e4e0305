// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/buffer.h"

#include <stdio.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "dataplane/packet.h"

#define CACHE 256
#define HEADERS_MAX 128 // Ethernet, VLAN, IP with options, UDP, rounded up
#define PRIVATE RTE_ALIGN_CEIL(sizeof(struct packet), RTE_MBUF_PRIV_ALIGN)
#define XDP_ROOM                                                                                                       \
	(BUFFER_XDP_OBJECT - 2 * CACHE_LINE - sizeof(struct rte_mbuf) - PRIVATE) // header, and spread over ranks
#define PAGE 4096
#define OTHER_MEGABYTES 64 // rings, worker structs, DPDK's own

uint16_t buffer_room(const struct config *cfg) {
	uint32_t largest = cfg->capacity.packet_bytes + HEADERS_MAX;

	for (uint32_t i = 0; i < cfg->port_count; i++)
		largest = RTE_MAX(largest, cfg->ports[i].mtu + 22u);
	largest = RTE_ALIGN_CEIL(largest + RTE_PKTMBUF_HEADROOM + BUFFER_EDIT_ROOM, CACHE_LINE);
	return (uint16_t)RTE_MIN(largest, (uint32_t)(UINT16_MAX & ~(CACHE_LINE - 1)));
}

// With all that the pool puts around it.
static uint32_t object_size(uint32_t room) {
	return rte_mempool_calc_obj_size((uint32_t)(sizeof(struct rte_mbuf) + PRIVATE + room), 0, NULL);
}

bool buffer_is_too_large_for_xdp(const struct config *cfg) {
	return object_size(buffer_room(cfg)) > BUFFER_XDP_OBJECT;
}

// What the configuration asks for plus what sits in the queues of ports and the caches of cores.
static uint32_t buffer_count(const struct config *cfg) {
	uint32_t queues = (uint32_t)cfg->port_count * cfg->worker_count;
	uint32_t per_queue = BUFFER_XDP_QUEUE + BUFFER_TX_DESCRIPTORS;

	return cfg->capacity.packets + queues * per_queue + (cfg->worker_count + 1u) * 2 * CACHE;
}

// Without huge pages a buffer does not cross a page border, so that a page holds whole buffers only.
static uint64_t buffer_footprint(const struct config *cfg) {
	uint32_t size = object_size(buffer_room(cfg));

	return size > PAGE / 2 && size < PAGE ? PAGE : size;
}

uint32_t buffer_megabytes(const struct config *cfg) {
	uint64_t bytes = buffer_count(cfg) * buffer_footprint(cfg);

	if (buffer_is_too_large_for_xdp(cfg))
		bytes += (uint64_t)cfg->port_count * cfg->worker_count * 2 * BUFFER_XDP_QUEUE * BUFFER_XDP_OBJECT;
	bytes += bytes / 16;
	return (uint32_t)(bytes >> 20) + OTHER_MEGABYTES;
}

struct rte_mempool *buffer_pool_create(const struct config *cfg) {
	return rte_pktmbuf_pool_create("packets", buffer_count(cfg), CACHE, PRIVATE, buffer_room(cfg), SOCKET_ID_ANY);
}

struct rte_mempool *buffer_xdp_pool_create(uint8_t port, uint16_t queues) {
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "packets-xdp-%u", port);
	return rte_pktmbuf_pool_create(name, queues * 2u * BUFFER_XDP_QUEUE, CACHE, PRIVATE, XDP_ROOM, SOCKET_ID_ANY);
}
