// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include <stdio.h>

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_ring.h>
#include <rte_udp.h>

static uint8_t stage_owner(const struct worker *w, const char *data, uint32_t len) {
	return len > 0 ? (uint8_t)(data[0] - '0') % w->worker_count : 0;
}

static void stage_datagrams(struct worker *w, struct rte_mbuf **m, uint32_t count) {
	struct seen *seen = (struct seen *)(void *)w->session;

	for (uint32_t i = 0; i < count; i++) {
		struct endpoint to = packet_of(m[i])->src;

		seen->datagrams++;
		snprintf(seen->last, sizeof(seen->last), "%.*s", m[i]->data_len, rte_pktmbuf_mtod(m[i], const char *));
		packet_of(m[i])->latency = LATENCY_REQUEST;
		if (seen->keep_quiet)
			rte_pktmbuf_free(m[i]);
		else
			output_datagram(w, m[i], packet_of(m[i])->listener, &to);
	}
}

static void stage_lost(struct worker *w, struct rte_mbuf *m) {
	struct seen *seen = (struct seen *)(void *)w->session;

	seen->lost++;
	seen->whom = packet_of(m)->src;
	snprintf(seen->last, sizeof(seen->last), "%.*s", m->data_len, rte_pktmbuf_mtod(m, const char *));
	rte_pktmbuf_free(m);
}

static bool stage_tick(struct worker *w) {
	(void)w;
	return false;
}

static bool stage_is_unwanted(const struct worker *w, const char *data, uint32_t len) {
	(void)w;
	return len > 0 && data[0] == '!';
}

static void stage_command(struct worker *w, struct command *command) {
	*(uint32_t *)command->body += 1u + w->id;
}

const struct worker_stages wire_stages = {
	.owner = stage_owner,
	.is_unwanted = stage_is_unwanted,
	.datagrams = stage_datagrams,
	.lost = stage_lost,
	.lost_owner = stage_owner,
	.tick = stage_tick,
	.command = stage_command,
};

int wire_eal(void **state) {
	char *args[] = {
		"test",
		"--no-huge",
		"--no-shconf",
		"--no-pci",
		"--no-telemetry",
		"--iova-mode=va",
		"-m96",
		"--log-level=lib.eal:error",
		"--lcores=0"};

	(void)state;
	return rte_eal_init(ARRAY_LEN(args), args) < 0 ? -1 : 0;
}

static void config_fill(struct wire *wire, uint8_t workers) {
	static const char *const addresses[] = {
		"192.0.2.1:5060", "198.18.0.1:5060", "198.51.100.1:5060", "[2001:db8:a::1]:5060"};
	struct config *cfg = &wire->cfg;

	cfg->worker_count = workers;
	cfg->port_count = WIRE_PORTS;
	cfg->interface_count = WIRE_INTERFACES;
	cfg->listener_count = WIRE_LISTENERS;
	for (uint8_t i = 0; i < WIRE_LISTENERS; i++) {
		struct endpoint local = endpoint_of(addresses[i]);

		wire->prefixes[i] = (struct ip_prefix){.addr = local.addr, .len = i == ACCESS6 ? 64 : 24};
		cfg->listeners[i] = (struct config_listener
		){.local = local, .advertised = local, .interface = i == ACCESS6 ? ACCESS : i};
	}
	for (uint8_t i = 0; i < WIRE_INTERFACES; i++) {
		cfg->interfaces[i] = (struct config_interface){
			.port = i == CORE,
			.vlan = i == TAGGED ? 100 : 0,
			.prefix_count = 1,
			.prefixes = &wire->prefixes[i],
		};
	}
}

static struct rte_ring *ring_open(const char *what, uint8_t port, uint16_t queue) {
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "wire-%s-%u-%u", what, port, queue);
	ring = rte_ring_create(name, 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_non_null(ring);
	return ring;
}

static void device_open(struct wire *wire, uint8_t index, uint16_t queues) {
	struct port *port = &wire->ports[index];
	struct rte_eth_conf conf = {0};
	char name[16];
	int dev;

	for (uint16_t queue = 0; queue < queues; queue++) {
		wire->in[index][queue] = ring_open("in", index, queue);
		wire->out[index][queue] = ring_open("out", index, queue);
	}
	snprintf(name, sizeof(name), "wire%u", index);
	dev = rte_eth_from_rings(name, wire->in[index], queues, wire->out[index], queues, 0);
	assert_true(dev >= 0);
	*port = (struct port){.dev = (uint16_t)dev, .rx_queues = queues, .tx_queues = queues, .mtu = 1500};
	memcpy(port->mac, (uint8_t[]){2, 0, 0, 0, 0, (uint8_t)(1 + index)}, 6);
	assert_int_equal(rte_eth_dev_configure(port->dev, queues, queues, &conf), 0);
	for (uint16_t queue = 0; queue < queues; queue++) {
		assert_int_equal(rte_eth_rx_queue_setup(port->dev, queue, 64, 0, NULL, wire->packets), 0);
		assert_int_equal(rte_eth_tx_queue_setup(port->dev, queue, 64, 0, NULL), 0);
	}
	assert_int_equal(rte_eth_dev_start(port->dev), 0);
}

// The device goes too, so that its name is free for the next test.
static void device_close(const struct port *port) {
	struct rte_eth_dev_info info;

	assert_int_equal(rte_eth_dev_info_get(port->dev, &info), 0);
	assert_int_equal(rte_eth_dev_stop(port->dev), 0);
	assert_int_equal(rte_dev_remove(info.device), 0);
}

static int wire_open(void **state, uint8_t workers, uint16_t queues) {
	struct wire *wire = calloc(1, sizeof(*wire));
	struct worker_parts parts = {
		.cfg = &wire->cfg,
		.ports = wire->ports,
		.input = &wire->input,
		.board = &wire->board,
		.bell = &wire->bell,
	};

	config_fill(wire, workers);
	wire->packets =
		rte_pktmbuf_pool_create("wire", WIRE_BUFFERS, 0, RTE_ALIGN(sizeof(struct packet), 8), WIRE_ROOM, 0);
	assert_non_null(wire->packets);
	wire->buffers = rte_mempool_avail_count(wire->packets);
	parts.packets = wire->packets;
	for (uint8_t i = 0; i < WIRE_PORTS; i++)
		device_open(wire, i, queues);
	input_init(&wire->input, &wire->cfg);
	assert_int_equal(neigh_board_init(&wire->board), 0);
	assert_int_equal(mailbox_bell_open(&wire->bell), 0);
	for (uint8_t i = 0; i < workers; i++) {
		assert_int_equal(worker_create(&parts, i, &wire->workers[i]), 0);
		wire->workers[i]->session = (struct session *)(void *)&wire->seen[i];
	}
	if (workers == 2) {
		assert_int_equal(mailbox_connect(wire->workers[0], wire->workers[1]), 0);
		assert_int_equal(mailbox_connect(wire->workers[1], wire->workers[0]), 0);
	}
	wire_neighbours(wire, true);
	for (uint8_t i = 0; i < workers; i++)
		neigh_refresh(wire->workers[i]->neigh);
	*state = wire;
	return 0;
}

int wire_open_one(void **state) {
	return wire_open(state, 1, 1);
}

int wire_open_two(void **state) {
	return wire_open(state, 2, 2);
}

int wire_open_two_one_queue(void **state) {
	return wire_open(state, 2, 1);
}

int wire_close(void **state) {
	struct wire *wire = *state;
	uint32_t buffers;

	for (uint8_t i = 0; i < wire->cfg.worker_count; i++)
		worker_destroy(wire->workers[i]);
	for (uint8_t i = 0; i < WIRE_PORTS; i++) {
		for (uint16_t queue = 0; queue < wire->ports[i].tx_queues; queue++)
			wire_expect(wire, i, queue, 0);
		device_close(&wire->ports[i]);
		for (uint16_t queue = 0; queue < wire->ports[i].tx_queues; queue++) {
			rte_ring_free(wire->in[i][queue]);
			rte_ring_free(wire->out[i][queue]);
		}
	}
	buffers = rte_mempool_avail_count(wire->packets);
	assert_int_equal(buffers, wire->buffers);
	neigh_snapshot_free(wire->retired);
	neigh_board_fini(&wire->board);
	mailbox_bell_close(&wire->bell);
	rte_mempool_free(wire->packets);
	free(wire);
	return 0;
}

struct endpoint endpoint_of(const char *text) {
	struct endpoint endpoint;

	assert_true(endpoint_parse(str_from_c(text), 5060, &endpoint));
	return endpoint;
}

static uint32_t ether_build(const struct frame_spec *spec, uint8_t *frame) {
	uint16_t own = spec->is_v6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4, type = spec->type ? spec->type : own;
	uint32_t len = 12;

	memcpy(frame, (uint8_t[]){2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 10, 10}, 12);
	if (spec->other_mac)
		frame[5] = 99;
	if (spec->vlan || spec->is_tagged) {
		memcpy(frame + len, (uint8_t[]){0x81, 0, (uint8_t)(0xe0 | spec->vlan >> 8), (uint8_t)spec->vlan}, 4);
		len += 4;
	}
	memcpy(frame + len, (uint8_t[]){(uint8_t)(type >> 8), (uint8_t)type}, 2);
	return len + 2;
}

static void udp_build(const struct frame_spec *spec, struct rte_ipv4_hdr *ip, struct rte_udp_hdr *udp, uint32_t len) {
	struct endpoint from = endpoint_of(spec->from ? spec->from : "192.0.2.10:5070");
	struct endpoint to = endpoint_of(spec->to ? spec->to : "192.0.2.1:5060");

	ip->src_addr = ip_to_v4(&from.addr);
	ip->dst_addr = ip_to_v4(&to.addr);
	udp->src_port = rte_cpu_to_be_16(from.port);
	udp->dst_port = rte_cpu_to_be_16(to.port);
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)len);
	if (!spec->no_udp_checksum)
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	if (spec->bad_udp_checksum)
		udp->dgram_cksum ^= 0x0100;
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)((int)len + spec->udp_len_off));
}

static uint32_t frame_build_v6(const struct frame_spec *spec, uint8_t *frame) {
	const char *payload = spec->payload ? spec->payload : "hello";
	struct endpoint from = endpoint_of(spec->from ? spec->from : "[2001:db8:a::10]:5070");
	struct endpoint to = endpoint_of(spec->to ? spec->to : "[2001:db8:a::1]:5060");
	uint32_t len = ether_build(spec, frame), payload_len = (uint32_t)strlen(payload);
	uint32_t extra = spec->fragment ? RTE_IPV6_FRAG_HDR_SIZE : 0, udp_len = 8 + payload_len;
	uint8_t protocol = spec->protocol ? spec->protocol : IPPROTO_UDP;
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(frame + len);
	struct rte_ipv6_fragment_ext *fragment = (struct rte_ipv6_fragment_ext *)(ip + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)((uint8_t *)(ip + 1) + extra);

	ip->vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28);
	ip->hop_limits = 64;
	ip->proto = IPPROTO_UDP;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)udp_len);
	memcpy(ip->src_addr, from.addr.bytes, 16);
	memcpy(ip->dst_addr, to.addr.bytes, 16);
	*udp = (struct rte_udp_hdr){
		.src_port = rte_cpu_to_be_16(from.port),
		.dst_port = rte_cpu_to_be_16(to.port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)udp_len),
	};
	memcpy(udp + 1, payload, payload_len);
	if (!spec->no_udp_checksum)
		udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
	if (spec->bad_udp_checksum)
		udp->dgram_cksum ^= 0x0100;
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)((int)udp_len + spec->udp_len_off));
	ip->proto = spec->fragment ? IPPROTO_FRAGMENT : protocol;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)((int)(extra + udp_len) + spec->total_len_off));
	if (spec->fragment)
		*fragment = (struct rte_ipv6_fragment_ext
		){.next_header = protocol, .frag_data = rte_cpu_to_be_16(spec->fragment)};
	if (spec->version_ihl)
		*(uint8_t *)ip = spec->version_ihl;
	return len + (uint32_t)sizeof(*ip) + extra + udp_len + spec->padding - spec->cut;
}

uint32_t frame_build(const struct frame_spec *spec, uint8_t *frame) {
	const char *payload = spec->payload ? spec->payload : "hello";
	uint32_t len, header_len = 20u + spec->options, payload_len = (uint32_t)strlen(payload);
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;

	memset(frame, 0, FRAME_MAX);
	if (spec->is_v6)
		return frame_build_v6(spec, frame);
	len = ether_build(spec, frame);
	ip = (struct rte_ipv4_hdr *)(frame + len);
	udp = (struct rte_udp_hdr *)(frame + len + header_len);
	ip->version_ihl = (uint8_t)(0x40 | header_len / 4);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(header_len + 8 + payload_len));
	ip->time_to_live = 64;
	ip->next_proto_id = spec->protocol ? spec->protocol : IPPROTO_UDP;
	ip->fragment_offset = rte_cpu_to_be_16(spec->fragment);
	memset(ip + 1, 1, spec->options); // no-operation
	memcpy(udp + 1, payload, payload_len);
	udp_build(spec, ip, udp, 8 + payload_len);
	ip->total_length = rte_cpu_to_be_16((uint16_t)((int)(header_len + 8 + payload_len) + spec->total_len_off));
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, header_len);
	if (spec->bad_ip_checksum)
		ip->hdr_checksum ^= 0x0100;
	if (spec->version_ihl)
		ip->version_ihl = spec->version_ihl;
	return len + header_len + 8 + payload_len + spec->padding - spec->cut;
}

void wire_send(struct wire *wire, uint8_t port, uint16_t queue, const struct frame_spec *spec) {
	struct rte_mbuf *m = rte_pktmbuf_alloc(wire->packets);
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_build(spec, frame);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	if (!spec->other_mac)
		memcpy(rte_pktmbuf_mtod(m, void *), wire->ports[port].mac, 6);
	assert_int_equal(rte_ring_enqueue(wire->in[port][queue], m), 0);
}

struct rte_mbuf *wire_take(struct wire *wire, uint8_t port, uint16_t queue) {
	void *m = NULL;

	(void)rte_ring_dequeue(wire->out[port][queue], &m);
	return m;
}

void wire_expect(struct wire *wire, uint8_t port, uint16_t queue, uint32_t n) {
	assert_int_equal(rte_ring_count(wire->out[port][queue]), n);
	while (n-- > 0)
		rte_pktmbuf_free(wire_take(wire, port, queue));
}

void wire_turn(struct wire *wire, uint8_t worker) {
	(void)worker_turn(wire->workers[worker], &wire_stages);
}

void wire_wait(struct wire *wire, uint8_t worker, uint32_t ms) {
	wire->workers[worker]->next_ms_tsc -= wire->workers[worker]->ms_tsc * ms;
}

void wire_neighbours(struct wire *wire, bool known) {
	static uint32_t version = 1;
	struct neigh_route routes[6] = {
		[4] = {.to = {.addr = endpoint_of("203.0.113.0").addr, .len = 24},
		       .via = endpoint_of("192.0.2.10").addr,
		       .interface = ACCESS},
		[5] = {.to = {.addr = endpoint_of("10.0.0.0").addr, .len = 8}, .interface = NEIGH_ELSEWHERE},
	};
	struct neigh_entry entries[WIRE_LISTENERS];
	uint64_t token;

	for (uint8_t i = 0; i < WIRE_LISTENERS; i++) {
		uint8_t interface = wire->cfg.listeners[i].interface;

		routes[i] = (struct neigh_route){.to = wire->prefixes[i], .interface = interface};
		routes[i].to.addr = ip_masked(&wire->prefixes[i].addr, wire->prefixes[i].len);
		entries[i] = (struct neigh_entry){.addr = wire->prefixes[i].addr, .interface = interface};
		entries[i].addr.bytes[i == ACCESS6 ? 15 : 3] = i == ACCESS6 ? 0x10 : 10;
		memcpy(entries[i].mac, (uint8_t[]){2, 0, 0, 0, 10, (uint8_t)(10 + i)}, 6);
	}
	neigh_snapshot_free(wire->retired);
	wire->retired = neigh_publish(
		&wire->board, neigh_snapshot_create(++version, routes, 6, entries, known ? WIRE_LISTENERS : 0), &token
	);
}

struct rte_mbuf *wire_datagram(struct wire *wire, uint8_t worker, const char *payload) {
	struct rte_mbuf *m = output_alloc(wire->workers[worker]);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)strlen(payload)), payload, strlen(payload));
	return m;
}

uint64_t count_of(const struct wire *wire, uint8_t worker, enum count count) {
	return counter_read(&wire->workers[worker]->count, count);
}
