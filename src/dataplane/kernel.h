// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The kernel's side of each port: a TAP interface with the port's MAC that carries the configured addresses, VLANs and
// routes, and through which all that is not ours passes. Control core only.
#pragma once

#include <net/if.h>

#include "base/config.h"
#include "dataplane/netlink.h"
#include "dataplane/packet.h"
#include "dataplane/port.h"

struct kernel_tap {
	int fd; // -1 = none
	int ifindex;
	char name[IFNAMSIZ];
	// The kernel interface an af_packet port sits on sees each frame as well; it is told to answer none.
	char silenced[IFNAMSIZ];
	int rp_filter_before, arp_ignore_before;
};

struct kernel {
	const struct config *cfg;
	struct kernel_tap taps[PORTS_MAX];
	int ifindex[INTERFACES_MAX]; // of each config.interfaces
};

// Makes the interfaces. Logs and returns -errno on failure; kernel_stop undoes what was done.
int kernel_start(struct kernel *kernel, const struct config *cfg, const struct port *ports, struct netlink *nl);
void kernel_stop(struct kernel *kernel);

// Hands a frame to the kernel as received by that port. False when it does not take it. Does not consume the mbuf.
bool kernel_peek_write(const struct kernel *kernel, struct rte_mbuf *m);

// Reads the next frame the kernel sends by that port. Returns 1 with *ret_m, 0 when there is none, or -ENOBUFS when
// one was lost for want of a buffer.
int kernel_read(const struct kernel *kernel, uint8_t port, struct rte_mempool *pool, struct rte_mbuf **ret_m);

// Lets routing daemons see the state of the wire.
void kernel_carrier_set(const struct kernel *kernel, uint8_t port, bool up);
