// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "blast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "checksum.h"
#include "report.h"

#define BURST 64
#define FRAMES_MAX 16384 // half of the buffers there are
#define POLLS 4		 // of what comes, after each burst

// --- frames ---

// From the port and the address of those numbers, counted from side A's on.
static struct rte_mbuf *
frame_make(const struct net *net, const struct datagram *datagram, uint32_t source, uint32_t host) {
	const struct net_side *side = &net->side[SIDE_A];
	struct net_peer peer = side->peers[0];
	struct rte_mbuf *m = rte_pktmbuf_alloc(net->pool);
	char *frame = m ? rte_pktmbuf_append(m, (uint16_t)(NET_HEADERS + datagram->len)) : NULL;
	uint64_t sum = checksum_add(0, datagram->bytes, datagram->len);

	if (!frame)
		return NULL;
	net_peer_shift(&peer, host);
	memcpy(frame + NET_HEADERS, datagram->bytes, datagram->len);
	net_headers_write((uint8_t *)frame, &peer, (uint16_t)(side->local.port + source), datagram->len, sum);
	return m;
}

// Every datagram from every port and address where that many fit, else each of them at least once.
static int frames_make(struct blast *blast) {
	uint64_t datagrams = blast->datagrams.count, sources = blast->o->sources, hosts = blast->o->hosts;
	uint64_t all = datagrams * sources * hosts;
	bool every = all <= FRAMES_MAX;
	uint32_t count = (uint32_t)(every ? all : RTE_MAX(datagrams, RTE_MAX(sources, hosts)));

	blast->frames = calloc(count, sizeof(*blast->frames));
	if (!blast->frames)
		return -ENOMEM;
	while (blast->frame_count < count) {
		uint32_t i = blast->frame_count;
		const struct datagram *datagram = &blast->datagrams.item[i % datagrams];
		uint32_t source = (uint32_t)(every ? i / datagrams % sources : i % sources);
		uint32_t host = (uint32_t)(every ? i / (datagrams * sources) : i % hosts);

		blast->frames[i] = frame_make(blast->net, datagram, source, host);
		if (!blast->frames[i])
			return -ENOMEM;
		blast->frame_count++;
	}
	return 0;
}

// --- the load ---

static void datagram_came(void *ctx, unsigned side, struct str text, const struct sender *sender) {
	struct blast *blast = ctx;

	(void)sender;
	if (side == SIDE_A)
		answers_count(&blast->answers, text);
	else
		blast->arrived++;
}

// The device frees what it takes, so each time it gets a reference of its own. Returns what it did not take.
static uint32_t burst_send(struct blast *blast, uint32_t count) {
	struct rte_mbuf *burst[BURST];
	struct net_port *port = blast->net->side[SIDE_A].port;
	uint32_t next = blast->next, sent;

	for (uint32_t i = 0; i < count; i++) {
		burst[i] = blast->frames[next];
		rte_mbuf_refcnt_update(burst[i], 1);
		next = next + 1 == blast->frame_count ? 0 : next + 1;
	}
	sent = rte_eth_tx_burst(port->dev, 0, burst, (uint16_t)count);
	for (uint32_t i = sent; i < count; i++)
		rte_mbuf_refcnt_update(burst[i], -1);
	port->frames_out += sent;
	blast->sent += sent;
	blast->next = (blast->next + sent) % blast->frame_count;
	return count - sent;
}

static void poll(struct blast *blast) {
	for (unsigned i = 0; i < POLLS && net_poll(blast->net); i++)
		;
	net_flush(blast->net);
}

// How many may be sent by now, of those that have their time and those that are wanted at all.
static uint64_t due(const struct blast *blast, uint64_t now) {
	const struct options *o = blast->o;
	uint64_t done = blast->sent + blast->refused, most = o->calls ? o->calls : UINT64_MAX, by_now = most;

	if (o->rate > 0)
		by_now = RTE_MIN(most, (uint64_t)((double)(now - blast->begin) / (double)blast->hz * o->rate) + 1);
	return by_now > done ? by_now - done : 0;
}

static bool is_over(const struct blast *blast, uint64_t now) {
	const struct options *o = blast->o;

	if (o->calls && blast->sent + blast->refused >= o->calls)
		return true;
	return o->duration_s > 0 && (double)(now - blast->begin) >= o->duration_s * (double)blast->hz;
}

// What a full device does not take in its time is lost; without a rate it is sent when there is room.
static void load_run(struct blast *blast, const volatile int *signals) {
	uint64_t now = rte_rdtsc();

	blast->begin = now;
	while (*signals == 0 && !is_over(blast, now)) {
		uint32_t left = burst_send(blast, (uint32_t)RTE_MIN(due(blast, now), (uint64_t)BURST));

		if (blast->o->rate > 0) {
			blast->refused += left;
			blast->next = (blast->next + left) % blast->frame_count;
		}
		poll(blast);
		now = rte_rdtsc();
	}
	blast->seconds = (double)(now - blast->begin) / (double)blast->hz;
}

static void late_wait(struct blast *blast, const volatile int *signals) {
	uint64_t end = rte_rdtsc() + (uint64_t)(blast->o->drain_s * (double)blast->hz);

	while (*signals < 2 && rte_rdtsc() < end)
		poll(blast);
}

int blast_run(struct blast *blast, struct net *net, const struct options *o, const volatile int *signals) {
	int rc;

	*blast = (struct blast){.o = o, .net = net, .hz = rte_get_tsc_hz()};
	rc = datagrams_read(&blast->datagrams, o->blast, o->seed);
	if (rc < 0)
		return rc;
	rc = frames_make(blast);
	if (rc < 0) {
		fprintf(stderr, "sipgen: --blast %s: no memory for its frames\n", o->blast);
		return rc;
	}
	net->datagram = datagram_came;
	net->datagram_ctx = blast;
	load_run(blast, signals);
	late_wait(blast, signals);
	return 0;
}

void blast_end(struct blast *blast) {
	for (uint32_t i = 0; i < blast->frame_count; i++)
		rte_pktmbuf_free(blast->frames[i]);
	free(blast->frames);
	datagrams_free(&blast->datagrams);
}

// --- the report ---

static double rate(const struct blast *blast) {
	return blast->seconds > 0 ? (double)blast->sent / blast->seconds : 0;
}

static void print(const struct blast *blast) {
	printf("%u datagrams from %u ports of %u addresses, %.2f s: %lu sent, %.0f a second, %lu refused by the port\n",
	       blast->datagrams.count,
	       blast->o->sources,
	       blast->o->hosts,
	       blast->seconds,
	       blast->sent,
	       rate(blast),
	       blast->refused);
	printf("came to the callees' side: %lu\n", blast->arrived);
	for (unsigned i = 0; i < STATUS_MAX; i++)
		if (blast->answers.status[i])
			printf("answered with %u: %lu\n", i, blast->answers.status[i]);
	printf("came back, and is no answer: %lu\n", blast->answers.other);
	fflush(stdout);
}

static json_t *answers_json(const struct answers *answers) {
	json_t *all = json_object();
	char key[8];

	for (unsigned i = 0; i < STATUS_MAX; i++) {
		if (!answers->status[i])
			continue;
		snprintf(key, sizeof(key), "%u", i);
		json_object_set_new(all, key, json_integer((json_int_t)answers->status[i]));
	}
	json_object_set_new(all, "other", json_integer((json_int_t)answers->other));
	return all;
}

int blast_report(const struct blast *blast) {
	const char *json = blast->o->json;
	json_t *root;

	if (!json || strcmp(json, "-") != 0)
		print(blast);
	if (!json)
		return 0;
	root = json_object();
	json_object_set_new(root, "blast", json_string(blast->o->blast));
	json_object_set_new(root, "datagrams", json_integer(blast->datagrams.count));
	json_object_set_new(root, "sources", json_integer(blast->o->sources));
	json_object_set_new(root, "hosts", json_integer(blast->o->hosts));
	json_object_set_new(root, "wanted_rate", json_real(blast->o->rate));
	json_object_set_new(root, "seconds", json_real(blast->seconds));
	json_object_set_new(root, "sent", json_integer((json_int_t)blast->sent));
	json_object_set_new(root, "rate", json_real(rate(blast)));
	json_object_set_new(root, "refused", json_integer((json_int_t)blast->refused));
	json_object_set_new(root, "arrived", json_integer((json_int_t)blast->arrived));
	json_object_set_new(root, "answers", answers_json(&blast->answers));
	return json_write(root, json);
}
