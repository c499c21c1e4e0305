// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include "dataplane/buffer.h"

static void queues_follow_device_and_workers(void **state) {
	static const struct {
		const char *driver;
		uint16_t max_rx, max_tx;
		uint8_t workers;
		uint16_t rx, tx;
	} rows[] = {
		{"net_ice", 64, 64, 3, 3, 3},
		{"net_ice", 64, 2, 3, 3, 2},
		{"net_ice", 0, 64, 1, 0, 1},
		{"net_af_packet", 4, 4, 2, 4, 2},
		{"net_af_packet", 1, 1, 2, 1, 1},
		{"net_af_xdp", 1, 1, 2, 1, 1},
		{"net_af_xdp", 2, 2, 2, 2, 2},
		{"net_af_xdp", 4, 4, 1, 4, 4}, // a receive queue does not start alone
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rte_eth_dev_info info = {
			.driver_name = rows[i].driver,
			.max_rx_queues = rows[i].max_rx,
			.max_tx_queues = rows[i].max_tx,
		};
		struct port port = {0};

		port_queues_choose(&port, &info, rows[i].workers);
		assert_int_equal(port.rx_queues, rows[i].rx);
		assert_int_equal(port.tx_queues, rows[i].tx);
	}
}

static uint32_t megabytes(const char *device, uint8_t workers) {
	struct config cfg = {
		.worker_count = workers,
		.port_count = 1,
		.ports[0] = {.device = device, .mtu = 1500},
		.capacity = {.packets = 1024, .packet_bytes = 1500},
	};

	return buffer_megabytes(&cfg);
}

static void queues_of_the_device_have_buffers(void **state) {
	(void)state;
	assert_true(megabytes("net_af_xdp0,iface=a,queue_count=4", 1) + 12 > megabytes("net_af_xdp0,iface=a", 4));
	assert_int_equal(megabytes("net_af_xdp0,iface=a,queue_count=4", 4), megabytes("net_af_xdp0,iface=a", 4));
	assert_true(megabytes("net_af_packet0,iface=a,qpairs=2", 1) > megabytes("net_af_packet0,iface=a", 1));
}

// The driver shows the kernel `populated_size` buffers laid end to end from the start of the pool, and no byte more.
static void all_lie_within_the_umem(struct rte_mempool *pool, uint32_t wanted) {
	const struct rte_mempool_memhdr *memory = STAILQ_FIRST(&pool->mem_list);
	size_t size = rte_mempool_calc_obj_size(pool->elt_size, pool->flags, NULL);
	const char *end = (const char *)memory->addr + pool->populated_size * size;
	uint32_t count = rte_mempool_avail_count(pool);
	void **all = calloc(count, sizeof(all[0]));

	assert_in_range(count, wanted, 2 * wanted);
	assert_int_equal(rte_mempool_get_bulk(pool, all, count), 0);
	for (uint32_t i = 0; i < count; i++) {
		assert_true((char *)all[i] > (char *)memory->addr);
		assert_true((char *)all[i] + pool->elt_size <= end);
	}
	rte_mempool_put_bulk(pool, all, count);
	free(all);
	rte_mempool_free(pool);
}

static void af_xdp_shares_every_buffer_with_the_kernel(void **state) {
	struct config cfg = {
		.worker_count = 1,
		.port_count = 1,
		.ports[0] = {.device = "net_af_xdp0,iface=a", .mtu = 1500},
		.capacity = {.packets = 8192, .packet_bytes = 2048},
	};

	(void)state;
	all_lie_within_the_umem(buffer_pool_create(&cfg), 8192);
	all_lie_within_the_umem(buffer_xdp_pool_create(0, 1), 2 * BUFFER_XDP_QUEUE);
}

// Workers and other ports still hold packets of a port that is stopped.
static void buffers_of_a_port_outlive_its_stop(void **state) {
	struct wire *wire = *state;
	struct config *cfg = &wire->cfg;
	struct port port = {0};
	struct rte_mbuf *m;

	cfg->ports[0] = (struct config_port){.name = "null", .device = "net_null0", .mtu = 1500};
	assert_int_equal(port_start(&port, cfg, 0, wire->packets), 0);
	port.own_pool = rte_pktmbuf_pool_create("own", 64, 0, RTE_ALIGN(sizeof(struct packet), 8), 2304, 0);
	m = rte_pktmbuf_alloc(port.own_pool);
	port_stop(&port);
	assert_non_null(port.own_pool);
	assert_int_equal(rte_mempool_in_use_count(port.own_pool), 1);
	rte_pktmbuf_free(m);
	port_close(&port);
	assert_int_equal(rte_mempool_in_use_count(port.own_pool), 0);
	port_free(&port);
	assert_null(port.own_pool);
}

static void port_that_did_not_start_is_ended_too(void **state) {
	struct wire *wire = *state;
	struct port port = {0};

	port_stop(&port);
	port_close(&port);
	port_free(&port);
	wire->cfg.ports[0] = (struct config_port){.name = "none", .device = "net_nothing0", .mtu = 1500};
	assert_true(port_start(&port, &wire->cfg, 0, wire->packets) < 0);
	port_stop(&port);
	port_close(&port);
	port_free(&port);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_open_one, wire_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_follow_device_and_workers),
		cmocka_unit_test(queues_of_the_device_have_buffers),
		cmocka_unit_test(af_xdp_shares_every_buffer_with_the_kernel),
		TEST(buffers_of_a_port_outlive_its_stop),
		TEST(port_that_did_not_start_is_ended_too),
	};

	return cmocka_run_group_tests_name("dataplane/port", tests, wire_eal, NULL);
}
