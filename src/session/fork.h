// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The response contexts of one core (RFC 3261 16.7): what is known of a request that goes to several targets. Its
// server transaction and the client transaction of each branch name the context instead of each other
// (txn.is_forked). Branches are made from a copy of the request as it came.
#pragma once

#include "base/pool.h"
#include "base/timer.h"
#include "dialog/dialog.h"
#include "dialog/txn.h"

struct session;
struct forward;
struct rte_mbuf;

#define FORK_BRANCHES_MAX 12 // targets of a rule and Contacts of 3xx answers together
static_assert(FORK_BRANCHES_MAX <= DIALOG_SIBLINGS_MAX, "the dialog of each is tracked");
static_assert(TARGETS_MAX <= FORK_BRANCHES_MAX, "a rule's targets are all tried");

// Ranks: a rule's priority, and below it what the Contacts of a 3xx from there get by their q, 1.000 first.
#define FORK_RANK_SHIFT 10

enum branch_state {
	BRANCH_WAITING, // its turn has not come
	BRANCH_PENDING, // asked, no final answer yet
	BRANCH_OVER,
};

struct fork_branch {
	struct endpoint to;
	uint8_t state;	  // enum branch_state
	bool owns_uri;	  // the text is in the arena
	bool is_late;	  // cancelled since its time was over: nobody waits for it to ask the next
	uint16_t status;  // of the final, once it is over
	uint16_t breadth; // its part of Max-Breadth, until its final comes
	uint32_t rank;	  // lower ones first, equal ones at once
	struct str uri;	  // Request-URI; empty = the one that came
	struct str final; // in the arena, without our Via; empty when there is none to be passed on
	struct txn_ref client;
};

struct fork {
	struct pool_head head;
	struct timer timer; // end of the time the branches of one rank have
	uint8_t count;	    // of branches
	uint8_t live;	    // client transactions that name this
	uint8_t method;	    // enum sip_method
	uint8_t listener;   // the request came in by
	uint8_t port;	    // likewise
	int8_t preferred;   // see struct target
	uint8_t own_routes; // Route entries at its top that name us
	bool only_own_routes;
	bool makes_dialog;
	bool is_stopped; // no branch is started any more
	bool is_final;	 // the server transaction had its final response
	uint8_t unsent;	 // times that one was due and no packet buffer was left
	int32_t rule;
	uint64_t try_until_ms;
	uint64_t call_hash;
	uint64_t loop; // see fork_loop
	struct txn_ref server;
	struct dialog_ref dialog;
	struct endpoint from; // the request's source
	struct endpoint reply_to;
	struct str request; // in the arena, until the final response
	struct fork_branch branch[FORK_BRANCHES_MAX];
};

struct fork_table {
	struct pool pool;
	struct timer_queues queues;
};

// Returns 0 or -errno.
int fork_table_init(struct fork_table *table, uint32_t capacity, enum mem_huge huge);
void fork_table_fini(struct fork_table *table);

// The context a server or client transaction names, or NULL.
struct fork *fork_of(const struct session *s, const struct txn *txn);

// What a request and itself coming back have in common, if nothing that decides its way has changed (RFC 5393 section
// 4.2): s->msg, and the rule that holds for it.
uint64_t fork_loop(const struct session *s, int32_t rule, uint8_t listener);

// True when the request in s->msg is such a one: one of its Vias names a branch of a context with that value.
bool fork_is_loop(const struct session *s, uint64_t loop);

// A context for the request in s->msg and f->m, which is to go to the targets of its rule; NULL when there is no room.
struct fork *fork_create(struct session *s, struct forward *f, struct txn *server);

// Asks the first of them. s->msg is another message afterwards.
void fork_begin(struct session *s, struct fork *fork);

// The caller cancelled: what is pending is cancelled, and nothing more is asked.
void fork_cancel(struct session *s, struct fork *fork);

// A 2xx came from this branch and was passed on.
void fork_answered(struct session *s, struct fork *fork, const struct txn *client);

// A branch has its final response of 300 or more: `text` as it is passed on, or empty when it is for us to say.
void fork_failed(struct session *s, struct fork *fork, const struct txn *client, uint16_t status, struct str text);

// A client transaction that names the context is about to be freed.
void fork_gone(struct session *s, struct fork *fork);

// Fires what is due. Returns the number of timers that fired.
uint32_t fork_expire(struct session *s, uint32_t budget);

// --- inside of fork*.c ---

// A copy in the arena, empty when that is full.
struct str fork_text_take(struct session *s, struct str text);

// The request as it came, parsed into s->forked, which s->msg is then, in a packet of its own; NULL when there is none.
struct rte_mbuf *fork_request_again(struct session *s, const struct fork *fork);

// Gives the server transaction the best response, one of our own where there is no text of it. False when there is no
// packet buffer for it.
bool fork_give_best(struct session *s, const struct fork *fork, struct txn *server);

// Ends a server transaction that cannot be answered, or must not be.
void fork_give_nothing(struct session *s, struct txn *server);

// Adds the Contacts of a 3xx (`text`) from a target of that rank to the targets, if the rule wants that. False when
// none of them is one.
bool fork_recurse(struct session *s, struct fork *fork, uint32_t rank, struct str text);
