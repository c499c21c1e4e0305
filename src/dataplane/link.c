// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>

int link_up(struct netlink *nl, int ifindex, const uint8_t mac[6], uint32_t mtu) {
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = netlink_begin(buf, RTM_NEWLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_family = AF_UNSPEC;
	link->ifi_index = ifindex;
	link->ifi_flags = link->ifi_change = IFF_UP;
	mnl_attr_put(request, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u32(request, IFLA_MTU, mtu);
	return netlink_request(nl, request);
}

int link_address_add(struct netlink *nl, int ifindex, const struct ip_prefix *prefix) {
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = netlink_begin(buf, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *address = mnl_nlmsg_put_extra_header(request, sizeof(*address));

	address->ifa_family = netlink_family(&prefix->addr);
	address->ifa_prefixlen = prefix->len;
	address->ifa_scope = RT_SCOPE_UNIVERSE;
	address->ifa_index = (uint32_t)ifindex;
	// No waiting for duplicate address detection: nobody else has this MAC.
	address->ifa_flags = prefix->addr.family == IP_V6 ? IFA_F_NODAD : 0;
	netlink_put_ip(request, IFA_LOCAL, &prefix->addr);
	netlink_put_ip(request, IFA_ADDRESS, &prefix->addr);
	return netlink_request(nl, request);
}

int link_route_add(struct netlink *nl, int ifindex, const struct config_gateway *gateway) {
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = netlink_begin(buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof(*route));

	route->rtm_family = netlink_family(&gateway->to.addr);
	route->rtm_dst_len = gateway->to.len;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	if (gateway->to.len > 0)
		netlink_put_ip(request, RTA_DST, &gateway->to.addr);
	netlink_put_ip(request, RTA_GATEWAY, &gateway->via);
	mnl_attr_put_u32(request, RTA_OIF, (uint32_t)ifindex);
	return netlink_request(nl, request);
}
