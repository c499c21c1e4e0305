// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Against this machine's kernel: what is asked for needs no privilege and exists everywhere (the loopback interface).
#include "../test.h"

#include <errno.h>

#include "base/base.h"
#include "dataplane/netlink.h"

static int open_requests(void **state) {
	struct netlink *nl = calloc(1, sizeof(*nl));

	*state = nl;
	return netlink_open(nl, 0);
}

static int close_requests(void **state) {
	netlink_close(*state);
	free(*state);
	return 0;
}

// ctx: the objects seen; the first is refused when it says so.
struct seen {
	uint32_t count;
	int error;
};

static int each(const struct nlmsghdr *message, void *ctx) {
	struct seen *seen = ctx;

	(void)message;
	seen->count++;
	errno = seen->error;
	return seen->error < 0 || seen->error > 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

static uint32_t links_count(struct netlink *nl) {
	struct seen seen = {0};

	assert_int_equal(netlink_dump(nl, RTM_GETLINK, AF_UNSPEC, each, &seen), 0);
	assert_true(seen.count > 0);
	return seen.count;
}

static void dump_after_a_failed_one_is_complete(void **state) {
	uint32_t links = links_count(*state);
	static const int errors[] = {ENOMEM, EINTR, -1};

	for (uint32_t i = 0; i < ARRAY_LEN(errors); i++) {
		struct seen seen = {.error = errors[i]};
		int rc = netlink_dump(*state, RTM_GETLINK, AF_UNSPEC, each, &seen);

		assert_int_equal(rc, errors[i] > 0 ? -errors[i] : -EIO);
		assert_int_equal(seen.count, 1);
		assert_int_equal(links_count(*state), links);
	}
}

// As a failure leaves it that stops reading in the middle of an answer.
static void stale_answer_spoils_one_request_at_most(void **state) {
	struct netlink *nl = *state;
	uint32_t links = links_count(nl);
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = netlink_begin(buf, RTM_GETLINK, NLM_F_DUMP);
	struct seen seen = {0};

	mnl_nlmsg_put_extra_header(request, sizeof(struct rtmsg));
	request->nlmsg_seq = nl->seq;
	assert_true(mnl_socket_sendto(nl->socket, request, request->nlmsg_len) > 0);
	assert_true(netlink_dump(nl, RTM_GETLINK, AF_UNSPEC, each, &seen) < 0);
	assert_int_equal(seen.count, 0);
	assert_int_equal(links_count(nl), links);
}

static void refusal_of_the_kernel_is_returned(void **state) {
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = netlink_begin(buf, RTM_GETLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = INT32_MAX;
	assert_int_equal(netlink_request(*state, request), -ENODEV);
	assert_true(links_count(*state) > 0);
}

static void lost_socket_is_opened_again(void **state) {
	netlink_close(*state);
	assert_true(links_count(*state) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_requests, close_requests)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(dump_after_a_failed_one_is_complete),
		TEST(stale_answer_spoils_one_request_at_most),
		TEST(refusal_of_the_kernel_is_returned),
		TEST(lost_socket_is_opened_again),
	};

	return cmocka_run_group_tests_name("dataplane/netlink", tests, NULL, NULL);
}
