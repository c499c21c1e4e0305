// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/netlink.h"

#include <errno.h>
#include <sys/socket.h>

#define RECEIVE_BUFFER (4 << 20)
#define BUFFER 32768

static int socket_open(struct netlink *nl) {
	int size = RECEIVE_BUFFER, rc;

	nl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | (nl->groups ? SOCK_NONBLOCK : 0));
	if (!nl->socket)
		return -errno;
	// A burst of route changes must not overflow the socket; where it does all the same, all is asked anew.
	(void)setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (mnl_socket_bind(nl->socket, nl->groups, MNL_SOCKET_AUTOPID) == 0)
		return 0;
	rc = -errno;
	netlink_close(nl);
	return rc;
}

int netlink_open(struct netlink *nl, uint32_t groups) {
	*nl = (struct netlink){.groups = groups};
	return socket_open(nl);
}

void netlink_close(struct netlink *nl) {
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}

struct nlmsghdr *netlink_begin(void *buf, uint16_t type, uint16_t flags) {
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return request;
}

// Both ends of an answer begin with 0 or -errno: the acknowledgement, and what closes a dump, which may say that the
// kernel could not finish it.
static int answer_end(const struct nlmsghdr *message, void *ctx) {
	int error = -EBADMSG;

	(void)ctx;
	if (mnl_nlmsg_get_payload_len(message) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
	errno = -error;
	return error < 0 ? MNL_CB_ERROR : MNL_CB_STOP;
}

// Sends and reads until the answer is complete.
static int ask(struct netlink *nl, const struct nlmsghdr *request, mnl_cb_t each, void *ctx) {
	mnl_cb_t control[NLMSG_DONE + 1] = {[NLMSG_ERROR] = answer_end, [NLMSG_DONE] = answer_end};
	unsigned int port = mnl_socket_get_portid(nl->socket);
	char buf[BUFFER];
	ssize_t len;
	int rc;

	if (mnl_socket_sendto(nl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		len = mnl_socket_recvfrom(nl->socket, buf, sizeof(buf));
		if (len < 0)
			return -errno;
		errno = 0;
		rc = mnl_cb_run2(buf, (size_t)len, nl->seq, port, each, ctx, control, ARRAY_LEN(control));
	} while (rc > MNL_CB_STOP);
	if (rc == MNL_CB_STOP)
		return 0;
	return errno > 0 ? -errno : -EIO;
}

// A failure may leave a part of the answer in the socket, where the next request would find it: a new socket is free
// of that.
static int exchange(struct netlink *nl, struct nlmsghdr *request, mnl_cb_t each, void *ctx) {
	int rc = nl->socket ? 0 : socket_open(nl);

	if (rc < 0)
		return rc;
	request->nlmsg_seq = ++nl->seq;
	rc = ask(nl, request, each, ctx);
	if (rc < 0) {
		netlink_close(nl);
		(void)socket_open(nl);
	}
	return rc;
}

int netlink_request(struct netlink *nl, struct nlmsghdr *request) {
	return exchange(nl, request, NULL, NULL);
}

int netlink_dump(struct netlink *nl, uint16_t type, uint8_t family, mnl_cb_t each, void *ctx) {
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = netlink_begin(buf, type, NLM_F_DUMP);
	struct rtmsg *body = mnl_nlmsg_put_extra_header(request, sizeof(*body)); // at least as large as the others

	request->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
	body->rtm_family = family;
	return exchange(nl, request, each, ctx);
}

void netlink_put_ip(struct nlmsghdr *request, uint16_t attribute, const struct ip_addr *addr) {
	mnl_attr_put(request, attribute, ip_size(addr->family), addr->bytes);
}

bool netlink_get_ip(const struct nlattr *attribute, uint8_t family, struct ip_addr *ret_addr) {
	struct ip_addr addr = {.family = family == AF_INET ? IP_V4 : IP_V6};

	if (mnl_attr_get_payload_len(attribute) != ip_size(addr.family))
		return false;
	memcpy(addr.bytes, mnl_attr_get_payload(attribute), ip_size(addr.family));
	*ret_addr = addr;
	return true;
}
