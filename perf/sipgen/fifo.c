// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "fifo.h"

void fifo_init(struct fifo_set *set, fifo_at *at, void *ctx) {
	*set = (struct fifo_set){.at = at, .ctx = ctx};
}

uint32_t fifo_queue_of(struct fifo_set *set, uint32_t delay) {
	for (uint32_t i = 0; i < set->queue_count; i++)
		if (set->queues[i].delay == delay)
			return i;
	if (set->queue_count == FIFO_QUEUES_MAX)
		return FIFO_NONE;
	set->queues[set->queue_count] = (struct fifo_queue){.delay = delay, .head = FIFO_NONE, .tail = FIFO_NONE};
	return set->queue_count++;
}

void fifo_node_init(struct fifo_node *node) {
	node->queue = FIFO_NONE;
}

static void head_moves(struct fifo_set *set, struct fifo_queue *queue, uint32_t head) {
	queue->head = head;
	if (head != FIFO_NONE)
		queue->head_due = set->at(set->ctx, head)->due;
}

void fifo_cancel(struct fifo_set *set, uint32_t number) {
	struct fifo_node *node = set->at(set->ctx, number);
	struct fifo_queue *queue;

	if (node->queue == FIFO_NONE)
		return;
	queue = &set->queues[node->queue];
	node->queue = FIFO_NONE;
	if (node->next != FIFO_NONE)
		set->at(set->ctx, node->next)->prev = node->prev;
	else
		queue->tail = node->prev;
	if (node->prev != FIFO_NONE)
		set->at(set->ctx, node->prev)->next = node->next;
	else
		head_moves(set, queue, node->next);
}

void fifo_arm(struct fifo_set *set, uint32_t index, uint32_t number, uint32_t now) {
	struct fifo_node *node = set->at(set->ctx, number);
	struct fifo_queue *queue = &set->queues[index];

	fifo_cancel(set, number);
	*node = (struct fifo_node){
		.next = FIFO_NONE,
		.prev = queue->tail,
		.due = now + queue->delay,
		.queue = index,
	};
	if (queue->tail != FIFO_NONE)
		set->at(set->ctx, queue->tail)->next = number;
	else
		head_moves(set, queue, number);
	queue->tail = number;
}

uint32_t fifo_expire(struct fifo_set *set, uint32_t now) {
	for (uint32_t i = 0; i < set->queue_count; i++) {
		struct fifo_queue *queue = &set->queues[i];
		uint32_t node = queue->head;

		if (node == FIFO_NONE || (int32_t)(now - queue->head_due) < 0)
			continue;
		fifo_cancel(set, node);
		return node;
	}
	return FIFO_NONE;
}
