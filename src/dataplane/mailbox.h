// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The only ways between cores, all single-writer single-reader rings. This is the complete list of what cores say to
// each other:
//   worker -> worker    datagrams for their owner, frames for the holder of a send queue   (mbufs)
//   worker -> control   frames for the kernel (mbufs); events; finished commands
//   control -> worker   frames of the kernel (mbufs); commands
// A full ring is counted and the sender decides. A worker wakes the control core through an eventfd, once until it
// is read; SIP that is merely forwarded wakes nobody.
#pragma once

#include "base/count.h"
#include "dataplane/packet.h"

struct worker;

// Worker -> control: something happened.
enum event_kind {
	EVENT_RESOLVE, // a packet waits for this next hop
	EVENT_REFUSED, // a message was dropped or refused; sent only while debug logging is on
	EVENT_KIND_COUNT,
};

struct event {
	uint8_t kind; // enum event_kind
	uint8_t worker;
	uint8_t interface; // EVENT_RESOLVE
	uint8_t listener;  // EVENT_REFUSED
	uint16_t status;   // EVENT_REFUSED: the answer given, 0 = dropped
	uint16_t reason;   // EVENT_REFUSED: enum count
	struct endpoint peer;
	char text[88]; // EVENT_REFUSED: Call-ID or first line, cut, terminated
};
static_assert(sizeof(struct event) % 4 == 0 && sizeof(struct event) <= 128, "ring element");

// Control -> worker: a question; the worker fills in the answer and sends the same struct back. Owned by the control
// core except between mailbox_ask and its return. `body` is a struct of session/inspect.h.
struct command {
	uint16_t kind; // enum inspect_kind
	uint8_t worker;
	void *body;
	void *waiter; // the control core's own
};

// The eventfd that wakes the control core; shared by all workers.
struct mailbox_bell {
	int fd;
	uint8_t rung; // set by the worker that rings, cleared by the control core when it answers
};

#define MAILBOX_HANDOFF 4096 // slots of a ring between two workers
#define MAILBOX_KERNEL 1024  // of a ring of frames from or to the control core
#define MAILBOX_EVENTS 1024
#define MAILBOX_COMMANDS 64

// Control core only, at start and end. Return 0 or -errno.
int mailbox_bell_open(struct mailbox_bell *bell);
void mailbox_bell_close(struct mailbox_bell *bell);
int mailbox_open(struct worker *w);
int mailbox_connect(struct worker *from, struct worker *to);
void mailbox_close(struct worker *w); // frees what is still in the rings

// Control core only: before it empties the rings.
void mailbox_bell_answer(struct mailbox_bell *bell);

// Worker only: at the end of a turn that set w->wants_control.
void mailbox_bell_ring(struct worker *w);

// Control core only. False when the worker's ring is full.
bool mailbox_ask(struct worker *w, struct command *command);

// Worker only: an event for the control core; counted when lost.
void mailbox_event(struct worker *w, const struct event *event);
