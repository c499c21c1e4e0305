// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The kernel's side of each port: TAP interfaces with the port's MAC, one for untagged frames and one for each VLAN,
// that carry the configured addresses and routes, and through which all that is not ours passes. Tags are put on and
// taken off here, so the kernel needs no VLAN support. Control core only.
#pragma once

#include <net/if.h>

#include "base/config.h"
#include "dataplane/netlink.h"
#include "dataplane/packet.h"
#include "dataplane/port.h"

struct kernel_tap {
	int fd; // -1 = none
	uint8_t port;
	uint16_t vlan; // 0 = untagged
	int ifindex;
	char name[IFNAMSIZ];
	// The kernel interface an af_packet port sits on sees each frame as well; it is told to answer none.
	char silenced[IFNAMSIZ];
	int rp_filter_before, arp_ignore_before, disable_ipv6_before;
};

struct kernel {
	const struct config *cfg;
	uint32_t tap_count;
	struct kernel_tap taps[PORTS_MAX + INTERFACES_MAX]; // those of the ports first, in their order
	int ifindex[INTERFACES_MAX];			    // of each config.interfaces
};

// Makes the interfaces. Logs and returns -errno on failure; kernel_stop undoes what was done.
int kernel_start(struct kernel *kernel, const struct config *cfg, const struct port *ports, struct netlink *nl);
void kernel_stop(struct kernel *kernel);

// Hands a frame to the kernel as received by its port, on the TAP of its VLAN where there is one. False when it does
// not take it. Does not consume the mbuf.
bool kernel_peek_write(const struct kernel *kernel, struct rte_mbuf *m);

// Reads the next frame the kernel sends by that TAP, tagged as it goes on the wire. Returns 1 with *ret_m, 0 when there
// is none, or -ENOBUFS when one was lost for want of a buffer.
int kernel_read(const struct kernel_tap *tap, struct rte_mempool *pool, struct rte_mbuf **ret_m);

// Lets routing daemons see the state of the wire.
void kernel_carrier_set(const struct kernel *kernel, uint8_t port, bool up);
