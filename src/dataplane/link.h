// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Kernel interfaces over netlink: state, addresses, routes. Each returns 0 or -errno; what exists already is
// no error unless noted. Control core only.
#pragma once

#include "base/config.h"
#include "dataplane/netlink.h"

// Hardware address and MTU, and up.
int link_up(struct netlink *nl, int ifindex, const uint8_t mac[6], uint32_t mtu);

int link_address_add(struct netlink *nl, int ifindex, const struct ip_prefix *prefix);

// -EEXIST when there is a route to that prefix already; it is left as it is.
int link_route_add(struct netlink *nl, int ifindex, const struct config_gateway *gateway);
