// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Socket pairs stand for the TAP interfaces, so no privilege is needed: what is written to a TAP is read at the other
// end.
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/base.h"
#include "dataplane/kernel.h"

#define ADDRESSES "\x02\0\0\0\0\x01\x02\0\0\0\x0a\x0a"
#define TYPE "\x08\x06"
#define BODY "the rest"
#define BYTES(text) text, sizeof(text) - 1

// The TAPs of two ports and of VLAN 100 of the second one.
enum { TAP_FIRST, TAP_SECOND, TAP_VLAN, TAPS };

struct taps {
	struct wire *wire;
	struct kernel kernel;
	int kernel_end[TAPS];
};

static int open_taps(void **state) {
	struct taps *taps = calloc(1, sizeof(*taps));

	if (wire_open_one(state) != 0)
		return -1;
	taps->wire = *state;
	taps->kernel.cfg = &taps->wire->cfg;
	taps->kernel.tap_count = TAPS;
	for (uint8_t i = 0; i < TAPS; i++) {
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
		taps->kernel.taps[i] =
			(struct kernel_tap){.fd = ends[0], .port = i != TAP_FIRST, .vlan = i == TAP_VLAN ? 100 : 0};
		taps->kernel_end[i] = ends[1];
	}
	*state = taps;
	return 0;
}

static int close_taps(void **state) {
	struct taps *taps = *state;

	for (uint8_t i = 0; i < TAPS; i++)
		close(taps->kernel_end[i]);
	kernel_stop(&taps->kernel);
	*state = taps->wire;
	free(taps);
	return wire_close(state);
}

static struct rte_mbuf *frame_of(struct taps *taps, uint8_t port, const char *bytes, size_t len) {
	struct rte_mbuf *m = wire_datagram(taps->wire, 0, "");

	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	packet_of(m)->port = port;
	return m;
}

// Nothing else came, on no TAP.
static void kernel_got(struct taps *taps, uint8_t tap, const char *bytes, size_t len) {
	char got[FRAME_MAX];

	assert_int_equal(read(taps->kernel_end[tap], got, sizeof(got)), len);
	assert_memory_equal(got, bytes, len);
	for (uint8_t i = 0; i < TAPS; i++)
		assert_int_equal(read(taps->kernel_end[i], got, sizeof(got)), -1);
}

static void frame_goes_to_the_tap_of_its_vlan(void **state) {
#define PLAIN ADDRESSES TYPE BODY
#define TAGGED_AS(tci) ADDRESSES "\x81\0" tci TYPE BODY
#define TWICE ADDRESSES "\x81\0\0\x64\x81\0\0\x64" TYPE BODY
	static const struct {
		uint8_t port;
		const char *in;
		size_t in_len;
		uint8_t tap;
		const char *out;
		size_t out_len;
	} rows[] = {
		{0, BYTES(PLAIN), TAP_FIRST, BYTES(PLAIN)},
		{1, BYTES(PLAIN), TAP_SECOND, BYTES(PLAIN)},
		{1, BYTES(TAGGED_AS("\0\x64")), TAP_VLAN, BYTES(PLAIN)},
		{1, BYTES(TAGGED_AS("\xe0\x64")), TAP_VLAN, BYTES(PLAIN)}, // with a priority
		{0, BYTES(TAGGED_AS("\0\x64")), TAP_FIRST, BYTES(TAGGED_AS("\0\x64"))},
		{1, BYTES(TAGGED_AS("\x01\x64")), TAP_SECOND, BYTES(TAGGED_AS("\x01\x64"))},
		{1, BYTES(TAGGED_AS("\xe0\0")), TAP_SECOND, BYTES(PLAIN)}, // a priority alone
		{0, BYTES(TAGGED_AS("\0\0")), TAP_FIRST, BYTES(PLAIN)},
		{1, BYTES(TWICE), TAP_VLAN, BYTES(TAGGED_AS("\0\x64"))},
		{1, BYTES(ADDRESSES "\x81\0\0\x64\x08"), TAP_SECOND, BYTES(ADDRESSES "\x81\0\0\x64\x08")}, // cut
		{1, BYTES(ADDRESSES), TAP_SECOND, BYTES(ADDRESSES)},
	};

	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct taps *taps = *state;
		struct rte_mbuf *m = frame_of(taps, rows[i].port, rows[i].in, rows[i].in_len);

		assert_true(kernel_peek_write(&taps->kernel, m));
		kernel_got(taps, rows[i].tap, rows[i].out, rows[i].out_len);
		assert_memory_equal(rte_pktmbuf_mtod(m, char *), rows[i].in, rows[i].in_len);
		rte_pktmbuf_free(m);
	}
}

static void frame_without_addresses_is_not_taken(void **state) {
	struct taps *taps = *state;
	struct rte_mbuf *m = frame_of(taps, 1, BYTES("\x02\0\0\0\0\x01\x02\0\0\0\x0a"));

	assert_false(kernel_peek_write(&taps->kernel, m));
	rte_pktmbuf_free(m);
}

// No byte behind a short frame is looked at.
static void no_prefix_is_read_past_its_end(void **state) {
	static const char frame[] = TAGGED_AS("\0\x64");
	struct taps *taps = *state;
	char got[FRAME_MAX];

	for (uint16_t len = 0; len < sizeof(frame) - 1; len++) {
		struct guarded guarded = guarded_end(frame, len);
		struct rte_mbuf *m = frame_of(taps, 1, frame, len);
		void *own = m->buf_addr;

		m->buf_addr = guarded.ptr;
		m->data_off = 0;
		assert_int_equal(kernel_peek_write(&taps->kernel, m), len >= 12);
		m->buf_addr = own;
		rte_pktmbuf_free(m);
		guarded_free(&guarded);
		for (uint8_t i = 0; i < TAPS; i++)
			(void)!read(taps->kernel_end[i], got, sizeof(got));
	}
}

static void full_tap_is_told(void **state) {
	struct taps *taps = *state;
	struct rte_mbuf *m = frame_of(taps, 0, BYTES(PLAIN));
	uint32_t taken = 0;

	while (taken < 100000 && kernel_peek_write(&taps->kernel, m))
		taken++;
	assert_true(taken > 0 && taken < 100000);
	rte_pktmbuf_free(m);
}

static void frame_of_the_kernel_is_tagged_as_its_tap(void **state) {
	static const struct {
		uint8_t tap, port;
		const char *out;
		size_t out_len;
	} rows[] = {
		{TAP_FIRST, 0, BYTES(PLAIN)},
		{TAP_SECOND, 1, BYTES(PLAIN)},
		{TAP_VLAN, 1, BYTES(TAGGED_AS("\0\x64"))},
	};

	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct taps *taps = *state;
		const struct kernel_tap *tap = &taps->kernel.taps[rows[i].tap];
		struct rte_mbuf *m = NULL;

		assert_int_equal(write(taps->kernel_end[rows[i].tap], BYTES(PLAIN)), sizeof(PLAIN) - 1);
		assert_int_equal(kernel_read(tap, taps->wire->packets, &m), 1);
		assert_int_equal(m->data_len, rows[i].out_len);
		assert_int_equal(m->pkt_len, rows[i].out_len);
		assert_memory_equal(rte_pktmbuf_mtod(m, char *), rows[i].out, rows[i].out_len);
		assert_int_equal(packet_of(m)->kind, PACKET_FRAME_OUT);
		assert_int_equal(packet_of(m)->port, rows[i].port);
		assert_int_equal(packet_of(m)->latency, LATENCY_NONE);
		rte_pktmbuf_free(m);
		assert_int_equal(kernel_read(tap, taps->wire->packets, &m), 0);
	}
}

static void frame_without_a_buffer_is_told_as_lost(void **state) {
	static struct rte_mbuf *all[WIRE_BUFFERS];
	struct taps *taps = *state;
	const struct kernel_tap *tap = &taps->kernel.taps[TAP_VLAN];
	struct rte_mbuf *m;

	assert_int_equal(write(taps->kernel_end[TAP_VLAN], BYTES(PLAIN)), sizeof(PLAIN) - 1);
	assert_int_equal(rte_pktmbuf_alloc_bulk(taps->wire->packets, all, taps->wire->buffers), 0);
	assert_int_equal(kernel_read(tap, taps->wire->packets, &m), -ENOBUFS);
	assert_int_equal(kernel_read(tap, taps->wire->packets, &m), 0);
	rte_pktmbuf_free_bulk(all, taps->wire->buffers);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_taps, close_taps)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(frame_goes_to_the_tap_of_its_vlan),
		TEST(frame_without_addresses_is_not_taken),
		TEST(no_prefix_is_read_past_its_end),
		TEST(full_tap_is_told),
		TEST(frame_of_the_kernel_is_tagged_as_its_tap),
		TEST(frame_without_a_buffer_is_told_as_lost),
	};

	return cmocka_run_group_tests_name("dataplane/kernel", tests, wire_eal, NULL);
}
