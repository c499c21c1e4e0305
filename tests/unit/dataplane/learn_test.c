// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Against this machine's kernel: reading its routes and neighbours needs no privilege. The loopback interface stands
// for the one of the configuration.
#include "wire.h"

#include <net/if.h>

#include "dataplane/learn.h"

struct learning {
	struct config cfg;
	int ifindex[1];
	struct neigh_board board;
	struct netlink requests;
	struct learn learn;
};

static int open_learning(void **state) {
	struct learning *learning = calloc(1, sizeof(*learning));

	learning->cfg.interface_count = 1;
	learning->ifindex[0] = (int)if_nametoindex("lo");
	assert_int_equal(neigh_board_init(&learning->board), 0);
	assert_int_equal(netlink_open(&learning->requests, 0), 0);
	*state = learning;
	return learn_start(&learning->learn, &learning->cfg, learning->ifindex, &learning->board, &learning->requests);
}

static int close_learning(void **state) {
	struct learning *learning = *state;

	learn_stop(&learning->learn);
	netlink_close(&learning->requests);
	neigh_board_fini(&learning->board);
	free(learning);
	return 0;
}

static struct neigh_snapshot *snapshot_of(struct learning *learning) {
	return atomic_load_explicit(&learning->board.current, memory_order_relaxed);
}

// Half an answer in the socket, as an error leaves it.
static void spoil(struct netlink *nl) {
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = netlink_begin(buf, RTM_GETLINK, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(request, sizeof(struct rtmsg));
	request->nlmsg_seq = nl->seq;
	assert_true(mnl_socket_sendto(nl->socket, request, request->nlmsg_len) > 0);
}

// As if the pause after the last time was over.
static void update(struct learning *learning) {
	learning->learn.rebuilt_ms = 0;
	learn_monitor_ready(&learning->learn);
}

static void kernel_is_read_at_start(void **state) {
	struct learning *learning = *state;

	assert_false(learning->learn.routes_dirty);
	assert_false(learning->learn.neighbours_dirty);
	assert_int_equal(snapshot_of(learning)->version, 2);
}

static void failed_dump_leaves_what_was_published(void **state) {
	struct learning *learning = *state;
	struct neigh_snapshot *before = snapshot_of(learning);
	uint32_t routes = learning->learn.routes.count;

	learning->learn.routes_dirty = true;
	spoil(&learning->requests);
	update(learning);
	assert_true(learning->learn.routes_dirty);
	assert_int_equal(learning->learn.failures, 1);
	assert_int_equal(learning->learn.routes.count, routes);
	assert_ptr_equal(snapshot_of(learning), before);

	update(learning);
	assert_false(learning->learn.routes_dirty);
	assert_int_equal(learning->learn.failures, 0);
	assert_int_equal(learning->learn.routes.count, routes);
	assert_ptr_not_equal(snapshot_of(learning), before);
	assert_int_equal(snapshot_of(learning)->route_count, before->route_count);
}

// The neighbours that were read are published with the routes from before.
static void failed_routes_do_not_hold_up_neighbours(void **state) {
	struct learning *learning = *state;
	uint32_t routes = learning->learn.routes.count, version = snapshot_of(learning)->version;

	learning->learn.routes_dirty = learning->learn.neighbours_dirty = true;
	spoil(&learning->requests);
	update(learning);
	assert_true(learning->learn.routes_dirty);
	assert_false(learning->learn.neighbours_dirty);
	assert_int_equal(learning->learn.routes.count, routes);
	assert_int_equal(snapshot_of(learning)->version, version + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_learning, close_learning)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(kernel_is_read_at_start),
		TEST(failed_dump_leaves_what_was_published),
		TEST(failed_routes_do_not_hold_up_neighbours),
	};

	return cmocka_run_group_tests_name("dataplane/learn", tests, wire_eal, NULL);
}
