// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// --blast: datagrams that need no answer, as many as can be. The frames are made at the start; a device gets them again
// and again.
#pragma once

#include "datagrams.h"
#include "net.h"

struct blast {
	const struct options *o;
	struct net *net;
	struct datagrams datagrams;
	struct rte_mbuf **frames; // in the order they are sent
	uint32_t frame_count, next;
	uint64_t hz, begin; // of the TSC
	double seconds;	    // of sending
	uint64_t sent, refused;
	uint64_t arrived;	// what came to side B
	struct answers answers; // what came to side A
};

// Sends for as long as the options say, or until there is a signal, then waits for late answers. Returns 0, or -errno
// with the reason on stderr. The net is open and knows the target. To be ended in any case.
int blast_run(struct blast *blast, struct net *net, const struct options *o, const volatile int *signals);
void blast_end(struct blast *blast);

// Says what came of it, on stdout and in --json. Returns 0, or -errno with the reason on stderr.
int blast_report(const struct blast *blast);
