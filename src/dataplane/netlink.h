// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Requests to the kernel over one netlink route socket, answered at once (libmnl). Control core only.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "base/ip.h"

#define NETLINK_MESSAGE 1024 // bytes a request may take

struct netlink {
	struct mnl_socket *socket; // NULL after a failure that left no new one
	uint32_t groups;
	uint32_t seq;
};

// groups: RTMGRP_… bits to hear of, 0 for a socket of requests. Returns 0 or -errno.
int netlink_open(struct netlink *nl, uint32_t groups);
void netlink_close(struct netlink *nl);

// Starts a request of that type in buf (NETLINK_MESSAGE bytes), with NLM_F_REQUEST and NLM_F_ACK set.
struct nlmsghdr *netlink_begin(void *buf, uint16_t type, uint16_t flags);

// Sends and waits for the acknowledgement. Returns 0 or the kernel's -errno.
int netlink_request(struct netlink *nl, struct nlmsghdr *request);

// Asks for all objects of a RTM_GET… type and family and calls back for each; the callback sets errno when it returns
// MNL_CB_ERROR. Returns 0 when all were seen, or -errno; -EINTR when the kernel's table changed meanwhile. After a
// failure the next request works as if nothing had been.
int netlink_dump(struct netlink *nl, uint16_t type, uint8_t family, mnl_cb_t each, void *ctx);

// Adds an address as attribute.
void netlink_put_ip(struct nlmsghdr *request, uint16_t attribute, const struct ip_addr *addr);

// The address of an attribute, of that AF_; false when the length does not fit.
bool netlink_get_ip(const struct nlattr *attribute, uint8_t family, struct ip_addr *ret_addr);

static inline uint8_t netlink_family(const struct ip_addr *addr) {
	return addr->family == IP_V4 ? AF_INET : AF_INET6;
}
