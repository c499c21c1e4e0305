// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The pools packets live in: how many buffers, how large, and the memory they take. A buffer is one mbuf segment with a
// struct packet in its private area, room for the largest datagram or frame, and room behind it for edits.
#pragma once

#include <rte_mempool.h>

#include "base/config.h"

#define BUFFER_EDIT_ROOM 512 // behind the largest datagram
#define BUFFER_RX_DESCRIPTORS 1024
#define BUFFER_TX_DESCRIPTORS 1024
#define BUFFER_XDP_QUEUE 4096  // buffers an af_xdp queue keeps in its fill ring
#define BUFFER_XDP_OBJECT 4096 // largest buffer, all included, af_xdp can share with the kernel: a page

// Bytes of data room of a buffer, headroom included.
uint16_t buffer_room(const struct config *cfg);

// True when af_xdp ports need a pool of smaller buffers of their own.
bool buffer_is_too_large_for_xdp(const struct config *cfg);

// Megabytes of packet memory and rings that EAL needs.
uint32_t buffer_megabytes(const struct config *cfg);

// The pool all cores share. NULL with rte_errno set when memory is short. Freed with rte_mempool_free.
struct rte_mempool *buffer_pool_create(const struct config *cfg);

// A receive pool for one af_xdp queue pair, for the case above.
struct rte_mempool *buffer_xdp_pool_create(uint8_t port, uint16_t queues);
