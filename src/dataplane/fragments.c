// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/fragments.h"

#include <sys/queue.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_malloc.h>

#include "dataplane/guard.h"
#include "dataplane/output.h"
#include "dataplane/tx.h"

#define BUCKETS 1024
#define SOURCES 1024
#define HEADER_MAX 80 // Ethernet with a tag, IPv4 with all options
#define UNIT 8	      // bytes; all pieces but the last are whole units

// Whose pieces belong together.
struct key {
	struct ip_halves source, destination;
	uint32_t id;
	uint16_t vlan;
	uint8_t port;
	uint8_t family;
};
static_assert(sizeof(struct key) == 40, "no padding: keys are compared as bytes");

struct piece {
	uint16_t from, to; // bytes of the IP payload
};

// A datagram in the making.
struct whole {
	struct key key;
	uint64_t until_ms;
	struct rte_mbuf *m; // with the payload where it will be, and room for the header in front
	uint16_t got;	    // bytes so far
	uint16_t total;	    // 0: the last piece is not there
	uint8_t piece_count;
	uint8_t header_len; // Ethernet and IP, of the first piece; 0: that is not there
	uint8_t ip_offset;  // into it
	uint8_t header[HEADER_MAX];
	struct piece piece[FRAGMENT_PIECES];
	TAILQ_ENTRY(whole) by_age; // of all, or of those not in use
	LIST_ENTRY(whole) in_bucket;
};

struct fragments {
	TAILQ_HEAD(, whole) oldest_first;
	TAILQ_HEAD(, whole) unused;
	LIST_HEAD(, whole) buckets[BUCKETS];
	uint16_t of_source[SOURCES]; // by a hash of the address: two that share one share the limit
	uint64_t seed;
	struct whole all[FRAGMENTS_MAX];
};

// One fragment, read.
struct part {
	struct key key;
	uint8_t ip_offset;
	uint8_t header_len; // up to the payload, without an IPv6 Fragment header
	const uint8_t *payload;
	uint32_t from, to; // of the whole payload
	bool is_last;
};

struct fragments *fragments_create(void) {
	struct fragments *fragments = rte_zmalloc("fragments", sizeof(*fragments), CACHE_LINE);

	if (!fragments)
		return NULL;
	TAILQ_INIT(&fragments->oldest_first);
	TAILQ_INIT(&fragments->unused);
	fragments->seed = rte_rdtsc();
	for (uint32_t i = 0; i < FRAGMENTS_MAX; i++)
		TAILQ_INSERT_TAIL(&fragments->unused, &fragments->all[i], by_age);
	return fragments;
}

void fragments_destroy(struct fragments *fragments) {
	struct whole *whole;

	if (!fragments)
		return;
	TAILQ_FOREACH (whole, &fragments->oldest_first, by_age)
		rte_pktmbuf_free(whole->m);
	rte_free(fragments);
}

// --- reading ---

static void part_read_v4(struct part *part, const struct rte_ipv4_hdr *ip) {
	uint32_t header_len = (ip->version_ihl & 0x0fu) * 4;
	uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);

	part->key.family = IP_V4;
	part->key.source.first = ip->src_addr;
	part->key.destination.first = ip->dst_addr;
	part->key.id = ip->packet_id;
	part->header_len = (uint8_t)(part->header_len + header_len);
	part->payload = (const uint8_t *)ip + header_len;
	part->from = (field & RTE_IPV4_HDR_OFFSET_MASK) * UNIT;
	part->to = part->from + rte_be_to_cpu_16(ip->total_length) - header_len;
	part->is_last = !(field & RTE_IPV4_HDR_MF_FLAG);
}

static void part_read_v6(struct part *part, const struct rte_ipv6_hdr *ip) {
	const struct rte_ipv6_fragment_ext *fragment = (const void *)(ip + 1);
	uint16_t field = rte_be_to_cpu_16(fragment->frag_data);

	part->key.family = IP_V6;
	memcpy(&part->key.source, ip->src_addr, sizeof(part->key.source));
	memcpy(&part->key.destination, ip->dst_addr, sizeof(part->key.destination));
	part->key.id = fragment->id;
	part->header_len = (uint8_t)(part->header_len + sizeof(*ip));
	part->payload = (const uint8_t *)(fragment + 1);
	part->from = (uint32_t)RTE_IPV6_GET_FO(field) * UNIT;
	part->to = part->from + rte_be_to_cpu_16(ip->payload_len) - (uint32_t)sizeof(*fragment);
	part->is_last = !RTE_IPV6_GET_MF(field);
}

static struct part part_read(const struct rte_mbuf *m, uint8_t port, uint32_t offset) {
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct part part = {.key.port = port, .ip_offset = (uint8_t)offset, .header_len = (uint8_t)offset};

	if (offset > RTE_ETHER_HDR_LEN)
		part.key.vlan = (uint16_t)((frame[RTE_ETHER_HDR_LEN] & 0x0f) << 8 | frame[RTE_ETHER_HDR_LEN + 1]);
	if (frame[offset] >> 4 == 4)
		part_read_v4(&part, (const void *)(frame + offset));
	else
		part_read_v6(&part, (const void *)(frame + offset));
	return part;
}

static bool part_is_sound(const struct part *part) {
	uint32_t len = part->to - part->from;

	return len > 0 && part->to <= UINT16_MAX && (part->is_last || len % UNIT == 0);
}

// --- the table ---

static uint64_t mix(const struct fragments *fragments, uint64_t value) {
	value = (value ^ fragments->seed) * UINT64_C(0x9e3779b97f4a7c15);
	return value ^ value >> 32;
}

static uint32_t source_slot(const struct fragments *fragments, const struct key *key) {
	return mix(fragments, key->source.first + mix(fragments, key->source.second)) % SOURCES;
}

static uint32_t bucket_of(const struct fragments *fragments, const struct key *key) {
	uint64_t hash = mix(fragments, key->source.first + mix(fragments, key->source.second));

	hash = mix(fragments, hash + key->destination.first + mix(fragments, key->destination.second));
	return mix(fragments, hash + key->id) % BUCKETS;
}

static struct whole *whole_find(const struct fragments *fragments, const struct key *key) {
	struct whole *whole;

	LIST_FOREACH (whole, &fragments->buckets[bucket_of(fragments, key)], in_bucket)
		if (memcmp(&whole->key, key, sizeof(*key)) == 0)
			return whole;
	return NULL;
}

// Takes it out of the table; its buffer is the caller's.
static struct rte_mbuf *whole_end(struct fragments *fragments, struct whole *whole) {
	LIST_REMOVE(whole, in_bucket);
	TAILQ_REMOVE(&fragments->oldest_first, whole, by_age);
	TAILQ_INSERT_HEAD(&fragments->unused, whole, by_age);
	fragments->of_source[source_slot(fragments, &whole->key)]--;
	return whole->m;
}

static void whole_drop(struct worker *w, struct whole *whole, enum count reason) {
	tx_drop(w, whole_end(w->fragments, whole), reason);
}

static struct whole *oldest_of_source(struct fragments *fragments, uint32_t slot) {
	struct whole *whole;

	TAILQ_FOREACH (whole, &fragments->oldest_first, by_age)
		if (source_slot(fragments, &whole->key) == slot)
			return whole;
	return NULL;
}

static void room_make(struct worker *w, const struct key *key) {
	struct fragments *fragments = w->fragments;
	uint32_t slot = source_slot(fragments, key);

	if (unlikely(fragments->of_source[slot] == FRAGMENTS_OF_SOURCE))
		whole_drop(w, oldest_of_source(fragments, slot), COUNT_DROP_FRAGMENT_FULL);
	else if (unlikely(TAILQ_EMPTY(&fragments->unused)))
		whole_drop(w, TAILQ_FIRST(&fragments->oldest_first), COUNT_DROP_FRAGMENT_FULL);
}

static struct whole *whole_begin(struct worker *w, const struct key *key) {
	struct fragments *fragments = w->fragments;
	struct rte_mbuf *m = output_alloc(w);
	struct whole *whole;

	if (!m)
		return NULL;
	room_make(w, key);
	whole = TAILQ_FIRST(&fragments->unused);
	TAILQ_REMOVE(&fragments->unused, whole, by_age);
	whole->key = *key;
	whole->until_ms = w->now_ms + FRAGMENT_WAIT_MS;
	whole->m = m;
	whole->got = whole->total = 0;
	whole->piece_count = whole->header_len = 0;
	m->data_off += HEADER_MAX;
	TAILQ_INSERT_TAIL(&fragments->oldest_first, whole, by_age);
	LIST_INSERT_HEAD(&fragments->buckets[bucket_of(fragments, key)], whole, in_bucket);
	fragments->of_source[source_slot(fragments, key)]++;
	return whole;
}

// --- putting together ---

enum fit {
	FIT_NEW,
	FIT_REPEATED, // the same piece once more
	FIT_NOT,      // overlaps another, or goes past the end: somebody is up to something (RFC 5722)
};

static enum fit fit_of(const struct whole *whole, const struct part *part) {
	if (whole->total > 0 && (part->is_last ? part->to != whole->total : part->to > whole->total))
		return FIT_NOT;
	for (uint32_t i = 0; i < whole->piece_count; i++) {
		const struct piece *piece = &whole->piece[i];

		if (piece->from == part->from && piece->to == part->to)
			return FIT_REPEATED;
		if ((piece->from < part->to && part->from < piece->to) || (part->is_last && piece->to > part->to))
			return FIT_NOT;
	}
	return FIT_NEW;
}

static void part_add(struct whole *whole, const struct part *part, const uint8_t *frame) {
	uint32_t len = part->to - part->from;

	memcpy(rte_pktmbuf_mtod_offset(whole->m, uint8_t *, part->from), part->payload, len);
	whole->piece[whole->piece_count++] = (struct piece){(uint16_t)part->from, (uint16_t)part->to};
	whole->got = (uint16_t)(whole->got + len);
	if (part->is_last)
		whole->total = (uint16_t)part->to;
	if (part->from == 0) {
		memcpy(whole->header, frame, part->header_len);
		whole->header_len = part->header_len;
		whole->ip_offset = part->ip_offset;
	}
}

static void header_mend_v4(uint8_t *at, uint32_t header_len, uint32_t total) {
	struct rte_ipv4_hdr ip;

	memcpy(&ip, at, sizeof(ip));
	ip.total_length = rte_cpu_to_be_16((uint16_t)(header_len + total));
	ip.fragment_offset = 0;
	ip.hdr_checksum = 0;
	memcpy(at, &ip, sizeof(ip));
	ip.hdr_checksum = (uint16_t)~rte_raw_cksum(at, header_len);
	memcpy(at, &ip, sizeof(ip));
}

static void header_mend_v6(uint8_t *at, uint32_t total) {
	struct rte_ipv6_hdr ip;

	memcpy(&ip, at, sizeof(ip));
	ip.proto = IPPROTO_UDP;
	ip.payload_len = rte_cpu_to_be_16((uint16_t)total);
	memcpy(at, &ip, sizeof(ip));
}

// Puts the header of the first piece in front, without a trace of the cutting.
static void header_put(struct rte_mbuf *m, const struct whole *whole) {
	uint8_t *frame, *ip;

	m->data_off = (uint16_t)(m->data_off - whole->header_len);
	m->data_len = (uint16_t)(whole->header_len + whole->total);
	m->pkt_len = m->data_len;
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	ip = frame + whole->ip_offset;
	memcpy(frame, whole->header, whole->header_len);
	if (whole->key.family == IP_V4)
		header_mend_v4(ip, (uint32_t)whole->header_len - whole->ip_offset, whole->total);
	else
		header_mend_v6(ip, whole->total);
}

static struct rte_mbuf *finish(struct worker *w, struct whole *whole) {
	struct rte_mbuf *m = whole_end(w->fragments, whole);

	header_put(m, whole);
	count_one(&w->count, COUNT_RX_REASSEMBLED);
	return m;
}

// What of the whole datagram's buffer the part needs is there.
static bool has_room(const struct whole *whole, const struct part *part) {
	return part->to <= rte_pktmbuf_tailroom(whole->m) && part->header_len <= HEADER_MAX &&
	       whole->piece_count < FRAGMENT_PIECES;
}

static struct rte_mbuf *join(struct worker *w, const struct part *part, const uint8_t *frame) {
	struct whole *whole = whole_find(w->fragments, &part->key);

	if (!whole && guard_is_banned(w->guard, part->key.family, part->key.source, w->now_ms)) {
		count_one(&w->count, COUNT_DROP_SOURCE_BANNED);
		return NULL;
	}
	if (!whole)
		whole = whole_begin(w, &part->key);
	if (!whole)
		return NULL;
	switch (fit_of(whole, part)) {
	case FIT_REPEATED:
		return NULL;
	case FIT_NOT:
		whole_drop(w, whole, COUNT_DROP_FRAGMENT_BAD);
		return NULL;
	case FIT_NEW:
		break;
	}
	if (!has_room(whole, part)) {
		whole_drop(w, whole, COUNT_DROP_FRAGMENT_SIZE);
		return NULL;
	}
	part_add(whole, part, frame);
	return whole->total > 0 && whole->got == whole->total ? finish(w, whole) : NULL;
}

struct rte_mbuf *fragments_take(struct worker *w, struct rte_mbuf *m, uint8_t port, uint32_t offset) {
	struct part part = part_read(m, port, offset);
	struct rte_mbuf *whole = NULL;

	count_one(&w->count, COUNT_RX_FRAGMENTS);
	if (part_is_sound(&part))
		whole = join(w, &part, rte_pktmbuf_mtod(m, const uint8_t *));
	else
		count_one(&w->count, COUNT_DROP_FRAGMENT_BAD);
	rte_pktmbuf_free(m);
	return whole;
}

void fragments_tick(struct worker *w) {
	struct whole *oldest;

	while (unlikely((oldest = TAILQ_FIRST(&w->fragments->oldest_first)) != NULL) && w->now_ms >= oldest->until_ms)
		whole_drop(w, oldest, COUNT_DROP_FRAGMENT_TIMEOUT);
}
