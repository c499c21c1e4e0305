// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The transactions of one core: records, the table that finds server transactions (RFC 3261 17.2.3), direct slots for
// client transactions (our own branch names them, 17.1.3), stored messages, timers. Applies the machines of txn_fsm.h;
// what a step asks of the wire or of the transaction user is given back to the caller as bits of enum txn_action.
#pragma once

#include "base/blob.h"
#include "base/config.h"
#include "base/table.h"
#include "base/timer.h"
#include "dialog/mint.h"
#include "dialog/txn_fsm.h"
#include "sip/msg.h"

// A record's name for those that may outlive it.
struct txn_ref {
	uint32_t slot; // SLOT_NONE: nothing
	uint32_t generation;
};

struct txn {
	struct pool_head head;
	struct timer timer;
	uint64_t retransmit_ms; // when Timer A, E or G fires; 0 = not running
	uint64_t timeout_ms;	// when the other timer fires; 0 = not running
	uint64_t created_ms;
	uint64_t hash;	      // server: of the key; client: of the Call-ID
	uint32_t interval_ms; // last interval of Timer A, E or G
	uint8_t kind;	      // enum txn_kind
	uint8_t state;	      // enum txn_state
	uint8_t timeout;      // enum txn_timer that runs
	uint8_t method;	      // enum sip_method
	uint8_t listener;     // index of the listener its messages leave by
	bool cancel_wanted;   // client INVITE: upstream cancelled; CANCEL as soon as a provisional comes (RFC 3261 9.1)
	bool makes_dialog;    // client INVITE outside a dialog: `dialog` is the head of its set
	bool by_caller;	      // client, in a dialog: the caller sent the request
	bool has_ack;	      // client INVITE: what is stored is the ACK for its final, no more the INVITE
	uint16_t status;      // last response, 0 = none
	uint16_t key_len;
	uint16_t call_id_len;
	struct endpoint remote; // where its messages go
	struct txn_ref peer;	// server <-> client of the same request
	struct txn_ref cancel;	// client INVITE: the CANCEL's client transaction
	struct txn_ref dialog;	// slot in the dialog table
	char *text;		// key, then Call-ID
	char *message;		// stored for retransmission: request or ACK (client), last response (server)
	uint32_t message_len;
};

struct txn_table {
	struct pool pool;
	struct table servers;
	struct timer_wheel wheel;
	struct blob_arena *text; // borrowed
	const struct config_timers *timers;
	uint64_t seed;
	uint8_t worker;
	uint32_t live;
	uint32_t lingering;
};

// `text` and `timers` must outlive the table. capacity counts transactions of both sides. Returns 0 or -errno.
int txn_table_init(
	struct txn_table *table,
	uint32_t capacity,
	enum mem_huge huge,
	struct blob_arena *text,
	const struct config_timers *timers
);
void txn_table_fini(struct txn_table *table);

// False when the parts of a request that identify its transaction are too long to be kept (1 KiB in all).
bool txn_key_fits(const struct sip_msg *request);

// The server transaction a request belongs to: the one it retransmits, or for ACK the INVITE's. NULL when there is
// none. Old elements (branch without the magic cookie) are matched by Call-ID, CSeq number, From tag and Via.
struct txn *txn_server_find(const struct txn_table *table, const struct sip_msg *request);

// The INVITE server transaction a CANCEL is for (RFC 3261 9.2), or NULL.
struct txn *txn_cancelled_find(const struct txn_table *table, const struct sip_msg *cancel);

// A server transaction for the request, started; NULL when no record or no text memory is left.
struct txn *txn_server_create(struct txn_table *table, const struct sip_msg *request, uint64_t now_ms);

// A client transaction, not started: its branch can be minted, then the request stored and the transaction started.
struct txn *txn_client_create(struct txn_table *table, enum sip_method method, struct str call_id, uint64_t now_ms);

// Makes two transactions each other's peer.
void txn_pair(struct txn_table *table, struct txn *server, struct txn *client);

// Writes MINT_BRANCH_LEN characters: the branch that names this client transaction.
void txn_branch(const struct txn_table *table, const struct txn *client, char *out);

// The client transaction a response belongs to by its top Via's branch and CSeq method, or NULL. The response to a
// CANCEL gives the CANCEL's own transaction, though both have one branch.
struct txn *txn_client_find(const struct txn_table *table, const struct sip_msg *response);

// The record of that name, or NULL when it is gone.
struct txn *txn_get(const struct txn_table *table, struct txn_ref ref);
struct txn_ref txn_ref_of(const struct txn_table *table, const struct txn *txn);

// Stores a copy of the message instead of what was stored. False when memory is out: the old one stays.
bool txn_store(struct txn_table *table, struct txn *txn, const char *message, uint32_t len);

// Nothing is stored any more.
void txn_forget(struct txn_table *table, struct txn *txn);

// Runs one event through the machine, sets timers, and returns what is left to do (enum txn_action). With TXN_DO_FREE
// the caller calls txn_free when it is done with the record.
unsigned txn_step(struct txn_table *table, struct txn *txn, enum txn_event event, uint64_t now_ms);

// Gives the record, its text and stored message back, in whatever state.
void txn_free(struct txn_table *table, struct txn *txn);

// Fires timers due: each is one step, whose actions go to `act` before a terminated record is freed. Returns the
// number of timers that fired, at most `budget`.
uint32_t txn_expire(
	struct txn_table *table,
	uint64_t now_ms,
	uint32_t budget,
	void (*act)(void *ctx, struct txn *txn, enum txn_event event, unsigned actions),
	void *ctx
);

// The event of a status received by a client transaction, or given by the user of a server transaction.
enum txn_event txn_event_received(uint16_t status);
enum txn_event txn_event_given(uint16_t status);

static inline struct str txn_call_id(const struct txn *txn) {
	return str_of(txn->text + txn->key_len, txn->call_id_len);
}

// Of a server transaction: the branch it was received with (or what stands for it, for old elements).
struct str txn_received_branch(const struct txn *txn);
