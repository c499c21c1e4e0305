// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/mailbox.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "dataplane/worker.h"

#define SINGLE (RING_F_SP_ENQ | RING_F_SC_DEQ)

int mailbox_bell_open(struct mailbox_bell *bell) {
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	*bell = (struct mailbox_bell){.fd = fd};
	return 0;
}

void mailbox_bell_close(struct mailbox_bell *bell) {
	close(bell->fd);
	bell->fd = -1;
}

// The exchanges make what a worker put into its rings before it found the bell rung visible to the control core after
// it answered.
void mailbox_bell_answer(struct mailbox_bell *bell) {
	eventfd_t value;

	if (eventfd_read(bell->fd, &value) != 0)
		return; // somebody else's wake-up
	__atomic_exchange_n(&bell->rung, 0, __ATOMIC_ACQ_REL);
}

void mailbox_bell_ring(struct worker *w) {
	w->wants_control = false;
	if (__atomic_exchange_n(&w->bell->rung, 1, __ATOMIC_ACQ_REL) == 0)
		(void)eventfd_write(w->bell->fd, 1);
}

static struct rte_ring *ring_create(const char *what, uint32_t from, uint32_t to, uint32_t count) {
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s-%u-%u", what, from, to);
	return rte_ring_create(name, count, SOCKET_ID_ANY, SINGLE);
}

int mailbox_open(struct worker *w) {
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "events-%u", w->id);
	w->events = rte_ring_create_elem(name, sizeof(struct event), MAILBOX_EVENTS, SOCKET_ID_ANY, SINGLE);
	w->to_kernel = ring_create("to-kernel", w->id, 0, MAILBOX_KERNEL);
	w->from_kernel = ring_create("from-kernel", w->id, 0, MAILBOX_KERNEL);
	w->commands = ring_create("commands", w->id, 0, MAILBOX_COMMANDS);
	w->replies = ring_create("replies", w->id, 0, MAILBOX_COMMANDS);
	if (w->events && w->to_kernel && w->from_kernel && w->commands && w->replies)
		return 0;
	mailbox_close(w);
	return -ENOMEM;
}

int mailbox_connect(struct worker *from, struct worker *to) {
	struct rte_ring *ring = ring_create("handoff", from->id, to->id, MAILBOX_HANDOFF);

	if (!ring)
		return -ENOMEM;
	from->to_worker[to->id] = ring;
	to->from_worker[from->id] = ring;
	return 0;
}

// Each ring of packets is freed by the worker that fills it.
static void packets_close(struct rte_ring **ring) {
	void *m;

	while (*ring && rte_ring_sc_dequeue(*ring, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(*ring);
	*ring = NULL;
}

void mailbox_close(struct worker *w) {
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		packets_close(&w->to_worker[i]);
	packets_close(&w->to_kernel);
	packets_close(&w->from_kernel);
	rte_ring_free(w->events);
	rte_ring_free(w->commands);
	rte_ring_free(w->replies);
	w->events = w->commands = w->replies = NULL;
}

bool mailbox_ask(struct worker *w, struct command *command) {
	command->worker = w->id;
	return rte_ring_sp_enqueue(w->commands, command) == 0;
}

void mailbox_event(struct worker *w, const struct event *event) {
	if (rte_ring_sp_enqueue_elem(w->events, (void *)(uintptr_t)event, sizeof(*event)) != 0)
		count_one(&w->count, COUNT_EVENTS_LOST);
	w->wants_control = true;
}
