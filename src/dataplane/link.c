// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>

// Room for names and addresses is ample: the largest request here is below 200 bytes.
static struct nlmsghdr *link_begin(void *buf, uint16_t flags, int ifindex, bool up) {
	struct nlmsghdr *request = netlink_begin(buf, RTM_NEWLINK, flags);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_family = AF_UNSPEC;
	link->ifi_index = ifindex;
	link->ifi_flags = up ? IFF_UP : 0;
	link->ifi_change = up ? IFF_UP : 0;
	return request;
}

int link_up(struct netlink *nl, int ifindex, const uint8_t mac[6], uint32_t mtu) {
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = link_begin(buf, 0, ifindex, true);

	mnl_attr_put(request, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u32(request, IFLA_MTU, mtu);
	return netlink_request(nl, request);
}

int link_vlan_add(struct netlink *nl, int parent, const char *name, uint16_t vlan) {
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = link_begin(buf, NLM_F_CREATE | NLM_F_EXCL, 0, true);
	struct nlattr *info, *data;
	int rc;

	mnl_attr_put_u32(request, IFLA_LINK, (uint32_t)parent);
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_str(request, IFLA_INFO_KIND, "vlan");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	mnl_attr_put_u16(request, IFLA_VLAN_ID, vlan);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	rc = netlink_request(nl, request);
	return rc == -EEXIST ? 0 : rc;
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
