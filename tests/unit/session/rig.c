// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "rig.h"

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ip.h>
#include <rte_ring.h>
#include <rte_udp.h>

#include "dataplane/buffer.h"
#include "dataplane/input.h"
#include "dataplane/neigh.h"
#include "dataplane/port.h"
#include "timers.h"

static const char *const host_text[SIDES] = {[CALLER] = "192.0.2.10", [CALLEE] = "198.51.100.10"};
static const char *const our_text[SIDES] = {[CALLER] = "192.0.2.1", [CALLEE] = "198.51.100.1"};
static const char *const net_text[SIDES] = {[CALLER] = "192.0.2.0/24", [CALLEE] = "198.51.100.0/24"};

// What lasts as long as the process: DPDK names its objects.
static struct {
	struct rte_ring *in[SIDES], *out[SIDES];
	struct rte_mempool *packets;
	struct port ports[SIDES];
	struct input input;
	struct neigh_board board;
	struct mailbox_bell bell;
	struct ip_prefix prefixes[SIDES];
	struct config_route routes[SIDES];
} fixed;

static struct ip_addr ip(const char *text) {
	struct ip_addr addr;

	assert_true(ip_parse(str_from_c(text), &addr));
	return addr;
}

static void sides_fill(struct config *cfg) {
	for (uint8_t i = 0; i < SIDES; i++) {
		cfg->ports[i] = (struct config_port
		){.name = i == CALLER ? "access" : "core", .device = "net_ring", .mtu = 1500};
		cfg->interfaces[i] =
			(struct config_interface){.port = i, .prefix_count = 1, .prefixes = &fixed.prefixes[i]};
		cfg->listeners[i] = (struct config_listener){
			.name = cfg->ports[i].name,
			.local = {.addr = ip(our_text[i]), .port = 5060},
			.advertised = {.addr = ip(our_text[i]), .port = 5060},
			.interface = i,
		};
		// A second listener of the caller's side.
		cfg->listeners[SIDES] = cfg->listeners[CALLER];
		cfg->listeners[SIDES].local.port = cfg->listeners[SIDES].advertised.port = 5070;
		fixed.prefixes[i] = (struct ip_prefix){.addr = ip(our_text[i]), .len = 24};
		fixed.routes[i] = (struct config_route){
			.name = i == CALLER ? "from-access" : "from-core",
			.from_port = i,
			.to = {.addr = ip(host_text[!i]), .port = 5060},
		};
	}
}

static void config_fill(struct config *cfg) {
	*cfg = (struct config){
		.worker_count = 1,
		.locator = LOCATOR_AUTO,
		.huge = MEM_HUGE_AUTO,
		.port_count = SIDES,
		.interface_count = SIDES,
		.listener_count = SIDES + 1,
		.timers = TIMERS_OF_THE_RFC,
		.capacity =
			{
				.transactions = 4096,
				.dialogs = 1024,
				.forks = 64,
				.text_bytes = 8 << 20,
				.packets = 2048,
				.packet_bytes = 4500,
				.headers = 96,
				.vias = 70,
				.routes = 64,
				.body_bytes = 65535,
			},
		.route_count = SIDES,
		.routes = fixed.routes,
		.retry_after_s = 10,
		.server_name = "tandem",
	};
	sides_fill(cfg);
}

static void ports_create(void) {
	for (uint8_t i = 0; i < SIDES; i++) {
		const char *name = i == CALLER ? "rig-access" : "rig-core";
		char in[16], out[16];
		int dev;

		snprintf(in, sizeof(in), "rig-in-%u", i);
		snprintf(out, sizeof(out), "rig-out-%u", i);
		fixed.in[i] = rte_ring_create(in, 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		fixed.out[i] = rte_ring_create(out, 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		dev = rte_eth_from_rings(name, &fixed.in[i], 1, &fixed.out[i], 1, 0);
		assert_true(dev >= 0);
		fixed.ports[i] = (struct port){
			.dev = (uint16_t)dev,
			.rx_queues = 1,
			.tx_queues = 1,
			.mtu = 1500,
			.mac = {2, 0, 0, 0, 0, i},
		};
		assert_int_equal(rte_eth_dev_configure((uint16_t)dev, 1, 1, &(struct rte_eth_conf){0}), 0);
		assert_int_equal(rte_eth_rx_queue_setup((uint16_t)dev, 0, 64, 0, NULL, fixed.packets), 0);
		assert_int_equal(rte_eth_tx_queue_setup((uint16_t)dev, 0, 64, 0, NULL), 0);
		assert_int_equal(rte_eth_dev_start((uint16_t)dev), 0);
	}
}

static void neighbours_publish(void) {
	struct neigh_route routes[SIDES] = {0};
	struct neigh_entry entries[SIDES] = {0};
	struct neigh_snapshot *snapshot;
	uint64_t token;

	for (uint8_t i = 0; i < SIDES; i++) {
		assert_true(ip_prefix_parse(str_from_c(net_text[i]), &routes[i].to));
		routes[i].interface = i;
		entries[i] = (struct neigh_entry){.addr = ip(host_text[i]), .interface = i, .mac = {2, 0, 0, 0, 1, i}};
	}
	snapshot = neigh_snapshot_create(1, routes, SIDES, entries, SIDES);
	assert_non_null(snapshot);
	assert_int_equal(neigh_board_init(&fixed.board), 0);
	neigh_snapshot_free(neigh_publish(&fixed.board, snapshot, &token));
}

int rig_eal(void **state) {
	char *argv[] = {
		"rig",
		"--no-huge",
		"--no-shconf",
		"--no-pci",
		"--no-telemetry",
		"-m256",
		"--lcores=0",
		"--log-level=4"};
	struct config cfg;

	(void)state;
	assert_true(rte_eal_init((int)ARRAY_LEN(argv), argv) >= 0);
	config_fill(&cfg);
	fixed.packets = buffer_pool_create(&cfg);
	assert_non_null(fixed.packets);
	ports_create();
	neighbours_publish();
	input_init(&fixed.input, &cfg);
	return mailbox_bell_open(&fixed.bell);
}

int rig_set_up(void **state) {
	return rig_set_up_as(state, PROXY_DIALOG);
}

int rig_set_up_as(void **state, enum proxy_state proxy_state) {
	return rig_set_up_sized(state, proxy_state, 4096, 8 << 20);
}

int rig_set_up_sized(void **state, enum proxy_state proxy_state, uint32_t transactions, size_t text_bytes) {
	struct rig *rig = calloc(1, sizeof(*rig));
	struct worker_parts parts = {
		.packets = fixed.packets,
		.ports = fixed.ports,
		.input = &fixed.input,
		.board = &fixed.board,
		.bell = &fixed.bell,
	};

	assert_non_null(rig);
	config_fill(&rig->cfg);
	rig->cfg.proxy_state = proxy_state;
	rig->cfg.capacity.transactions = transactions;
	rig->cfg.capacity.dialogs = transactions / 4;
	rig->cfg.capacity.text_bytes = text_bytes;
	parts.cfg = &rig->cfg;
	memcpy(rig->in, fixed.in, sizeof(rig->in));
	memcpy(rig->out, fixed.out, sizeof(rig->out));
	rig->packets = fixed.packets;
	assert_int_equal(worker_create(&parts, 0, &rig->w), 0);
	assert_int_equal(session_create(rig->w, 0x5eed), 0);
	rig->s = rig->w->session;
	rig->w->next_ms_tsc = UINT64_MAX; // from here on time is what rig_pass says
	while (rig_next(rig, CALLER) || rig_next(rig, CALLEE))
		; // of a test that failed
	*state = rig;
	return 0;
}

int rig_tear_down(void **state) {
	struct rig *rig = *state;
	unsigned records = rig->s->txns.pool.used + rig->s->dialogs.pool.used + rig->s->forks.pool.used;
	unsigned timers = rig->s->txns.queues.armed + rig->s->dialogs.queues.armed + rig->s->forks.queues.armed;
	size_t text = blob_used(rig->s->text);

	session_destroy(rig->w);
	worker_destroy(rig->w);
	free(rig);
	assert_int_equal(records, 0);
	assert_int_equal(timers, 0);
	assert_int_equal(text, 0);
	assert_int_equal(rte_mempool_in_use_count(fixed.packets), 0);
	return 0;
}

void rig_mtu(uint16_t mtu) {
	for (uint8_t i = 0; i < SIDES; i++)
		fixed.ports[i].mtu = mtu;
}

static void frame_headers(char *at, enum side from, uint16_t dst_port, uint32_t len) {
	struct rte_ether_hdr *ether = (struct rte_ether_hdr *)at;
	struct rte_ipv4_hdr *v4 = (struct rte_ipv4_hdr *)(ether + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(v4 + 1);
	struct ip_addr src = ip(host_text[from]), dst = ip(our_text[from]);

	*ether = (struct rte_ether_hdr){.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)};
	memcpy(&ether->dst_addr, fixed.ports[from].mac, 6);
	*v4 = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*v4) + sizeof(*udp) + len)),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = ip_to_v4(&src),
		.dst_addr = ip_to_v4(&dst),
	};
	v4->hdr_checksum = rte_ipv4_cksum(v4);
	*udp = (struct rte_udp_hdr){
		.src_port = rte_cpu_to_be_16(5060),
		.dst_port = rte_cpu_to_be_16(dst_port ? dst_port : 5060),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + len)),
	};
}

#define HEADERS_LEN (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))

// A turn in which no packet buffer can be had.
static void turn_starved(struct rig *rig) {
	uint32_t count = rte_mempool_avail_count(rig->packets);
	struct rte_mbuf **taken = calloc(count, sizeof(struct rte_mbuf *));

	assert_non_null(taken);
	assert_int_equal(rte_pktmbuf_alloc_bulk(rig->packets, taken, count), 0);
	worker_turn(rig->w, &session_stages);
	rte_pktmbuf_free_bulk(taken, count);
	free(taken);
}

void rig_put(struct rig *rig, enum side from, const char *bytes, uint32_t len) {
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig->packets);
	char *frame;

	assert_non_null(m);
	frame = rte_pktmbuf_append(m, (uint16_t)(HEADERS_LEN + len));
	assert_non_null(frame);
	frame_headers(frame, from, rig->dst_port, len);
	memcpy(frame + HEADERS_LEN, bytes, len);
	assert_int_equal(rte_ring_enqueue(rig->in[from], m), 0);
}

void rig_send_bytes(struct rig *rig, enum side from, const char *bytes, uint32_t len) {
	rig_put(rig, from, bytes, len);
	if (rig->starve_at > 0 && --rig->starve_at == 0)
		turn_starved(rig);
	else
		worker_turn(rig->w, &session_stages);
}

void rig_send(struct rig *rig, enum side from, const char *text) {
	rig_send_bytes(rig, from, text, (uint32_t)strlen(text));
}

void rig_lost(struct rig *rig, enum side side, const char *text, uint32_t len) {
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig->packets);
	char *at;

	assert_non_null(m);
	*packet_of(m) = (struct packet){.kind = PACKET_LOST, .src = {.addr = ip(host_text[side]), .port = 5060}};
	at = rte_pktmbuf_append(m, (uint16_t)len);
	assert_non_null(at);
	memcpy(at, text, len);
	assert_int_equal(session_stages.lost_owner(rig->w, at, len), 0);
	session_stages.lost(rig->w, m);
	worker_turn(rig->w, &session_stages);
}

const char *rig_next(struct rig *rig, enum side side) {
	struct rte_mbuf *m;
	const struct rte_ipv4_hdr *v4;
	const struct rte_udp_hdr *udp;

	if (rte_ring_dequeue(rig->out[side], (void **)&m) != 0)
		return NULL;
	assert_true(m->data_len > HEADERS_LEN && m->data_len < sizeof(rig->sent.text));
	v4 = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	udp = (const struct rte_udp_hdr *)(v4 + 1);
	rig->sent.len = m->data_len - (uint32_t)HEADERS_LEN;
	memcpy(rig->sent.text, udp + 1, rig->sent.len);
	rig->sent.text[rig->sent.len] = '\0';
	rig->sent.from = (struct endpoint){.addr = ip_from_v4(v4->src_addr), .port = rte_be_to_cpu_16(udp->src_port)};
	rig->sent.to = (struct endpoint){.addr = ip_from_v4(v4->dst_addr), .port = rte_be_to_cpu_16(udp->dst_port)};
	rte_pktmbuf_free(m);
	return rig->sent.text;
}

const char *rig_expect(struct rig *rig, enum side side, const char *start) {
	const char *text = rig_next(rig, side);

	if (!text || strncmp(text, start, strlen(start)) != 0)
		fail_msg("expected \"%s\", got \"%.60s\"", start, text ? text : "nothing");
	return text;
}

void rig_expect_nothing(struct rig *rig) {
	for (int side = 0; side < SIDES; side++) {
		const char *text = rig_next(rig, side);

		if (text)
			fail_msg("nobody expected \"%.60s\"", text);
	}
}

// When the first of these timers is looked at; `end` when none is before.
static uint64_t next_due(const struct timer_queues *queues, uint64_t now_ms, uint64_t end) {
	if (queues->unfinished)
		return now_ms + 1;
	for (uint32_t i = 0; i < queues->count; i++) {
		const struct timer_queue *queue = &queues->queue[i];
		uint32_t wait_ms = queue->due_ms - (uint32_t)now_ms;

		if (queue->head == SLOT_NONE)
			continue;
		if (timer_reached(queue->due_ms, (uint32_t)now_ms))
			return now_ms + 1;
		if (wait_ms < end - now_ms)
			end = now_ms + wait_ms;
	}
	return end;
}

void rig_pass(struct rig *rig, uint64_t ms) {
	struct worker *w = rig->w;
	uint64_t end = w->now_ms + ms;

	while (w->now_ms < end) {
		uint64_t next = next_due(&rig->s->txns.queues, w->now_ms, end);

		next = next_due(&rig->s->dialogs.queues, w->now_ms, next);
		w->now_ms = next_due(&rig->s->forks.queues, w->now_ms, next);
		timers_tick(w);
	}
	worker_turn(w, &session_stages);
}

void rig_pass_starved(struct rig *rig, uint64_t ms) {
	rig->w->now_ms += ms;
	turn_starved(rig);
}

void rig_settle(struct rig *rig) {
	rig_pass(rig, 300000);
	while (rig_next(rig, CALLER) || rig_next(rig, CALLEE))
		;
}

uint64_t rig_count(const struct rig *rig, enum count count) {
	return counter_read(&rig->w->count, count);
}

const char *rig_header(const char *message, const char *name) {
	static char value[512];
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "\r\n%s: ", name);
	at = strstr(message, line);
	if (!at)
		return "";
	at += strlen(line);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}
