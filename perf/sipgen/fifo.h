// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Timers: one queue for each timeout value, in which they fall due in the order they were armed. Nodes lie in the
// records that wait and are named by number; arming and cancelling are O(1). Time is a wrapping count of ticks.
#pragma once

#include "base/base.h"

#define FIFO_QUEUES_MAX 16
#define FIFO_NONE UINT32_MAX

struct fifo_node {
	uint32_t next, prev;
	uint32_t due;
	uint32_t queue; // FIFO_NONE: not armed
};

struct fifo_queue {
	uint32_t delay; // ticks, less than 2^31
	uint32_t head, tail;
	uint32_t head_due;
};

// The node a number names; the same one each time.
typedef struct fifo_node *fifo_at(void *ctx, uint32_t node);

struct fifo_set {
	struct fifo_queue queues[FIFO_QUEUES_MAX];
	uint32_t queue_count;
	fifo_at *at;
	void *ctx;
};

void fifo_init(struct fifo_set *set, fifo_at *at, void *ctx);

// The queue of that delay, made when there is none yet; FIFO_NONE when FIFO_QUEUES_MAX are there.
uint32_t fifo_queue_of(struct fifo_set *set, uint32_t delay);

// A node is made ready once, before it is armed for the first time.
void fifo_node_init(struct fifo_node *node);

// Arms; a node that is armed moves.
void fifo_arm(struct fifo_set *set, uint32_t queue, uint32_t node, uint32_t now);

void fifo_cancel(struct fifo_set *set, uint32_t node);

// Takes the next node that is due off its queue; FIFO_NONE when none is.
uint32_t fifo_expire(struct fifo_set *set, uint32_t now);
