// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "calls.h"

#include <errno.h>

#define REST_LEAST 4096 // a slot rests until so many others have come to rest

static struct fifo_node *timer_at(void *ctx, uint32_t node) {
	struct calls *calls = ctx;

	return &calls->call[node / SIDES].timer[node % SIDES];
}

// Touched here, so that no page is missing in the middle of a measurement.
static int array_map(struct mem *mem, size_t size, bool huge, void *ret_array) {
	int rc = mem_map(size, huge ? MEM_HUGE_AUTO : MEM_HUGE_OFF, mem);

	if (rc < 0)
		return rc;
	for (size_t at = 0; at < mem->size; at += 4096)
		*(volatile char *)((char *)mem->ptr + at) = 0;
	*(void **)ret_array = mem->ptr;
	return 0;
}

int calls_init(struct calls *calls, uint32_t capacity, uint32_t vias, bool huge) {
	int rc;

	*calls = (struct calls){.capacity = capacity, .rest_head = CALL_NONE, .rest_tail = CALL_NONE};
	rc = array_map(&calls->mem[0], (size_t)capacity * sizeof(*calls->call), huge, &calls->call);
	if (rc == 0)
		rc = array_map(&calls->mem[1], (size_t)capacity * ROUTES_ROOM, huge, &calls->routes);
	if (rc == 0)
		rc = array_map(&calls->mem[2], (size_t)vias * VIAS_ROOM, huge, &calls->vias);
	if (rc == 0)
		rc = array_map(&calls->mem[3], (size_t)vias * sizeof(uint32_t), huge, &calls->free_vias);
	if (rc < 0) {
		calls_fini(calls);
		return rc;
	}
	while (calls->free_vias_count < vias) {
		calls->free_vias[calls->free_vias_count] = vias - 1 - calls->free_vias_count;
		calls->free_vias_count++;
	}
	fifo_init(&calls->timers, timer_at, calls);
	return 0;
}

void calls_fini(struct calls *calls) {
	for (unsigned i = 0; i < ARRAY_LEN(calls->mem); i++)
		mem_unmap(&calls->mem[i]);
}

static struct call *oldest_take(struct calls *calls) {
	struct call *call = &calls->call[calls->rest_head];

	calls->rest_head = call->timer[SIDE_A].next;
	if (calls->rest_head == CALL_NONE)
		calls->rest_tail = CALL_NONE;
	calls->rest_count--;
	return call;
}

struct call *calls_take(struct calls *calls) {
	struct call *call;

	if (calls->rest_count > REST_LEAST || (calls->fresh == calls->capacity && calls->rest_count > 0))
		call = oldest_take(calls);
	else if (calls->fresh < calls->capacity)
		call = &calls->call[calls->fresh++];
	else
		return NULL;
	*call = (struct call){.serial = ++calls->serial, .state = CALL_ACTIVE, .vias = CALL_NONE};
	fifo_node_init(&call->timer[SIDE_A]);
	fifo_node_init(&call->timer[SIDE_B]);
	calls->active++;
	return call;
}

void calls_give(struct calls *calls, struct call *call) {
	uint32_t slot = calls_slot(calls, call);

	fifo_cancel(&calls->timers, calls_timer(calls, call, SIDE_A));
	fifo_cancel(&calls->timers, calls_timer(calls, call, SIDE_B));
	calls_vias_give(calls, call);
	call->state = CALL_OVER;
	call->timer[SIDE_A].next = CALL_NONE;
	if (calls->rest_tail == CALL_NONE)
		calls->rest_head = slot;
	else
		calls->call[calls->rest_tail].timer[SIDE_A].next = slot;
	calls->rest_tail = slot;
	calls->rest_count++;
	calls->active--;
}

struct call *calls_find(struct calls *calls, uint64_t id) {
	uint32_t slot = (uint32_t)id;

	if (slot >= calls->fresh || calls->call[slot].serial != id >> 32)
		return NULL;
	return &calls->call[slot];
}

char *calls_vias_take(struct calls *calls, struct call *call) {
	if (calls->free_vias_count == 0)
		return NULL;
	call->vias = calls->free_vias[--calls->free_vias_count];
	return calls->vias[call->vias];
}

void calls_vias_give(struct calls *calls, struct call *call) {
	if (call->vias == CALL_NONE)
		return;
	calls->free_vias[calls->free_vias_count++] = call->vias;
	call->vias = CALL_NONE;
}
