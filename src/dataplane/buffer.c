// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "dataplane/packet.h"
#include "dataplane/umem.h"

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

// One a worker, or as many as the device is told to have, since all of those are polled.
static uint32_t queue_count(const struct config *cfg) {
	static const char *const options[] = {"queue_count=", "qpairs="}; // of af_xdp, af_packet
	uint32_t queues = 0;

	for (uint32_t i = 0; i < cfg->port_count; i++) {
		uint32_t of_port = cfg->worker_count;

		for (uint32_t k = 0; k < ARRAY_LEN(options); k++) {
			const char *option = strstr(cfg->ports[i].device, options[k]);
			uint64_t wanted = option ? strtoul(option + strlen(options[k]), NULL, 10) : 0;

			of_port = (uint32_t)RTE_MAX(of_port, RTE_MIN(wanted, (uint64_t)RTE_MAX_QUEUES_PER_PORT));
		}
		queues += of_port;
	}
	return queues;
}

// What the configuration asks for plus what sits in the queues of ports and the caches of cores.
static uint32_t buffer_count(const struct config *cfg) {
	uint32_t per_queue = BUFFER_XDP_QUEUE + BUFFER_TX_DESCRIPTORS;

	return cfg->capacity.packets + queue_count(cfg) * per_queue + (cfg->worker_count + 1u) * 2 * CACHE;
}

// Without huge pages a buffer does not cross a page border, so that a page holds whole buffers only.
static uint32_t footprint(uint32_t size) {
	return size > PAGE / 2 && size < PAGE ? PAGE : size;
}

static bool any_port_is_xdp(const struct config *cfg) {
	for (uint32_t i = 0; i < cfg->port_count; i++)
		if (strncmp(cfg->ports[i].device, "net_af_xdp", strlen("net_af_xdp")) == 0)
			return true;
	return false;
}

static bool xdp_shares_packets(const struct config *cfg) {
	return any_port_is_xdp(cfg) && !buffer_is_too_large_for_xdp(cfg);
}

// As many buffers as leave `count` once those af_xdp cannot share are taken out.
static uint32_t count_with_unshared(uint32_t count, uint32_t size) {
	return (uint32_t)((uint64_t)count * footprint(size) / size) + 1;
}

uint32_t buffer_megabytes(const struct config *cfg) {
	uint32_t size = object_size(buffer_room(cfg)), count = buffer_count(cfg);
	uint64_t bytes;

	if (xdp_shares_packets(cfg))
		count = count_with_unshared(count, size);
	bytes = (uint64_t)count * footprint(size);
	if (buffer_is_too_large_for_xdp(cfg))
		bytes += (uint64_t)count_with_unshared(queue_count(cfg) * 2 * BUFFER_XDP_QUEUE, object_size(XDP_ROOM)) *
			 BUFFER_XDP_OBJECT;
	bytes += bytes / 16;
	return (uint32_t)(bytes >> 20) + OTHER_MEGABYTES;
}

// A stack: the buffer taken next is the one given back last, and still in the cache of the core. The usual ring would
// hand out all buffers in turn, each of them cold.
static struct rte_mempool *pool_create(const char *name, uint32_t count, uint32_t room) {
	return rte_pktmbuf_pool_create_by_ops(name, count, CACHE, PRIVATE, (uint16_t)room, SOCKET_ID_ANY, "stack");
}

static struct rte_mempool *shared_pool_create(const char *name, uint32_t count, uint32_t room) {
	bool huge = rte_eal_has_hugepages() != 0;
	struct rte_mempool *pool =
		pool_create(name, huge ? count : count_with_unshared(count, object_size(room)), room);

	if (!pool || umem_trim(pool) == 0)
		return pool;
	rte_mempool_free(pool);
	return NULL;
}

struct rte_mempool *buffer_pool_create(const struct config *cfg) {
	return (xdp_shares_packets(cfg) ? shared_pool_create : pool_create
	)("packets", buffer_count(cfg), buffer_room(cfg));
}

struct rte_mempool *buffer_xdp_pool_create(uint8_t port, uint16_t queues) {
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "packets-xdp-%u", port);
	return shared_pool_create(name, queues * 2u * BUFFER_XDP_QUEUE, XDP_ROOM);
}
