// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Reassembly of UDP datagrams for our listeners' addresses from IP fragments in any order (RFC 791, RFC 8200 section
// 4.5), one worker's. Each datagram in the making holds one buffer, into which its pieces are copied, and there are at
// most FRAGMENTS_MAX of them, FRAGMENTS_OF_SOURCE from one address: a flood of pieces that never fit together takes no
// more, and pushes out what is oldest.
#pragma once

#include "dataplane/worker.h"

#define FRAGMENTS_MAX 512
#define FRAGMENTS_OF_SOURCE 64
#define FRAGMENT_PIECES 48    // of one datagram
#define FRAGMENT_WAIT_MS 5000 // for all of them

struct fragments;

struct fragments *fragments_create(void);
void fragments_destroy(struct fragments *fragments);

// Takes a frame received by that port whose IP packet, `offset` bytes into it, is a fragment, its header checked as
// input_peek_frame does. Consumes m. Returns the whole frame, as if it had never been cut, when this was the last
// piece; else NULL. What does not fit is counted.
struct rte_mbuf *fragments_take(struct worker *w, struct rte_mbuf *m, uint8_t port, uint32_t offset);

// Gives up what has waited for too long.
void fragments_tick(struct worker *w);
