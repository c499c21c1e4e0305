// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Packet pools that an af_xdp port shares with the kernel.
#pragma once

#include <rte_mempool.h>

// Takes out of the pool, for good, the buffers that DPDK's af_xdp driver does not show the kernel. It shows as many
// bytes from the pool's start as the buffers take laid end to end; they do not lie so, since none crosses the border of
// a page. What lies beyond would be refused by the kernel without a word, received into or sent; so would those of a
// second chunk of memory. For pools that nothing was taken from yet. -ENOMEM with rte_errno set, the pool unchanged.
int umem_trim(struct rte_mempool *pool);
