// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The transactions of one core: records, the table that finds server transactions (RFC 3261 17.2.3), direct slots for
// client transactions (our own branch names them, 17.1.3), what is kept of messages, timers. Applies the machines of
// txn_fsm.h; what a step asks of the wire or of the transaction user is given back as bits of enum txn_action.
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

// What a server transaction is found by, without any text: a 128-bit hash keyed with the seed nobody outside knows, so
// that two keys meet by chance (2^-82 among ten million) and never by choice. The price would be one request taken for
// the retransmission of another.
struct txn_key {
	uint64_t hash;
	uint64_t check;
};

// What a record's blob is.
enum txn_shape {
	TXN_BARE, // it has none
	TXN_LIVE, // struct txn_live and messages: one that may retransmit by a timer
	TXN_REST, // what lingers, or answers a retransmission: see txn_keep; of no units when it is in the table's
		  // `common`
	TXN_LOST, // it has none, for want of memory: its response cannot be sent again
};

// One cache line, from the first message to the end of the linger; the blob comes and goes.
struct txn {
	union {
		struct pool_head head;
		struct {
			uint32_t generation;
			uint32_t blob; // name in the arena, 0 = none; 1 + index when it has no units
		};
	};
	struct timer timer;
	uint8_t kind : 3;	  // enum txn_kind
	bool is_settled : 1;	  // client INVITE: answered, and its end will end no early dialog
	bool asker_refreshes : 1; // client: who sent its request can refresh it (RFC 4028)
	bool is_forked : 1;	  // `peer` names what its owner keeps of several branches, no transaction
	uint8_t state;		  // enum txn_state
	uint8_t method;		  // enum sip_method
	uint8_t listener;	  // index of the listener its messages leave by
	uint8_t shape : 2;	  // enum txn_shape
	bool is_v6 : 1;		  // of the remote
	bool has_cancel : 1;	  // client INVITE: the blob names the CANCEL's client transaction
	bool cancel_wanted : 1;	  // client INVITE: upstream cancelled; CANCEL as soon as a provisional comes (RFC
				  // 3261 9.1)
	bool makes_dialog : 1;	  // client INVITE outside a dialog: `dialog` is the head of its set
	bool by_caller : 1;	  // client, in a dialog: the caller sent the request
	bool has_to_tag : 1;	  // server: the request had one
	uint16_t status;	  // last response, 0 = none
	uint32_t created_ms;	  // low 32 bits
	union {
		struct txn_key key;	       // server
		struct {		       // client
			uint64_t call_hash;    // keyed hash of the Call-ID
			struct txn_ref dialog; // slot in the dialog table
		};
	};
	struct txn_ref peer; // server <-> client of the same request, unless is_forked
	uint32_t remote; // where its messages go: IPv4 address in network order, or the name of a blob with an IPv6 one
	uint16_t remote_port;
	uint16_t blob_units; // size of the blob
};
static_assert(sizeof(struct txn) == CACHE_LINE, "one line, and never two");

// Texts that many transactions keep: what the responses of one make of phone or switch have in common.
#define TXN_COMMON_MAX 256
#define TXN_COMMON_SIZE 496

struct txn_common {
	uint64_t hash;
	uint16_t len; // 0: free
	char text[TXN_COMMON_SIZE];
};

struct txn_table {
	struct pool pool;
	struct table servers;
	struct timer_queues queues;
	struct blob_arena *text; // borrowed
	void *text_base;
	const struct config_timers *timers;
	uint32_t trying_ms; // of TXN_TIMER_100
	uint64_t seed;
	uint8_t worker;
	uint32_t live;
	uint32_t lingering;
	uint32_t common_count;
	struct mem common_mem;
	struct txn_common *common; // TXN_COMMON_MAX, found by hash; they stay
};

// `text` (at most 64 GiB) and `timers` must outlive the table. capacity counts transactions of both sides. Returns 0 or
// -errno.
int txn_table_init(
	struct txn_table *table,
	uint32_t capacity,
	enum mem_huge huge,
	struct blob_arena *text,
	const struct config_timers *timers
);
void txn_table_fini(struct txn_table *table);

// False when the parts of a request that identify its transaction are longer than anybody's are (1 KiB in all).
bool txn_key_fits(const struct sip_msg *request);

// The key of the server transaction a request belongs to: branch, sent-by, method (ACK's is the INVITE's) and Call-ID.
// RFC 3261 17.2.3 does not ask for the Call-ID; calls are spread over the cores by it, so it decides in any case. Old
// elements (branch without the magic cookie) are told apart by CSeq number, From tag and Request-URI besides.
// call_hash: keyed hash of the Call-ID.
struct txn_key txn_key_of(const struct txn_table *table, const struct sip_msg *request, uint64_t call_hash);

// The key of the INVITE a CANCEL is for (RFC 3261 9.2); its Call-ID must be the same, or somebody is guessing.
struct txn_key txn_key_of_cancelled(const struct txn_table *table, const struct sip_msg *cancel, uint64_t call_hash);

// The server transaction of that key: the one a request retransmits, or an ACK or CANCEL is for. NULL: none.
struct txn *txn_server_find(const struct txn_table *table, struct txn_key key);

// For bursts: fetch the bucket for all keys, then the records, then find each: no look-up waits for memory.
static inline void txn_prefetch(const struct txn_table *table, struct txn_key key) {
	table_prefetch(&table->servers, key.hash);
}
void txn_prefetch_record(const struct txn_table *table, struct txn_key key);

// The same for a response, by its top Via's branch; nothing is checked yet.
void txn_prefetch_client(const struct txn_table *table, struct str branch);

// Once that record is there: its peer and its blob. Gives back the slot of the dialog it names, or SLOT_NONE.
uint32_t txn_prefetch_around(const struct txn_table *table, struct str branch);

// A server transaction for the request, started, which is answered to `remote`; NULL when no record or no text memory
// is left.
struct txn *txn_server_create(
	struct txn_table *table,
	const struct sip_msg *request,
	struct txn_key key,
	const struct endpoint *remote,
	uint64_t now_ms
);

// A client transaction, not started: its branch can be minted, then the request stored and the transaction started.
struct txn *txn_client_create(
	struct txn_table *table,
	enum sip_method method,
	uint64_t call_hash,
	const struct endpoint *remote,
	uint64_t now_ms
);

// Makes two transactions each other's peer.
void txn_pair(struct txn_table *table, struct txn *server, struct txn *client);

struct endpoint txn_remote(const struct txn_table *table, const struct txn *txn);

// Writes MINT_BRANCH_LEN characters: the branch that names this client transaction.
void txn_branch(const struct txn_table *table, const struct txn *client, char *out);

// The client transaction a response belongs to by its top Via's branch and CSeq method, or NULL. The branch's check is
// over the Call-ID. The response to a CANCEL gives the CANCEL's own transaction, though both have one branch.
struct txn *txn_client_find(const struct txn_table *table, const struct sip_msg *response, uint64_t call_hash);

// The client transaction whose requests go out with that branch, found without knowing their Call-ID: NULL when it is
// gone, or the branch is not to the letter ours. A CANCEL gives the INVITE's.
struct txn *txn_client_named(const struct txn_table *table, struct str branch);

// The record of that name, or NULL when it is gone.
struct txn *txn_get(const struct txn_table *table, struct txn_ref ref);
struct txn_ref txn_ref_of(const struct txn_table *table, const struct txn *txn);

static inline bool txn_is_client(const struct txn *txn) {
	return txn->kind == TXN_INVITE_CLIENT || txn->kind == TXN_CLIENT;
}

// --- what is kept of messages; each returns false when memory is out, and changes nothing then ---

// Stores a message for retransmission by a timer, and beside it what of it is needed for longer (may be empty).
bool txn_store(struct txn_table *table, struct txn *txn, struct str message, struct str compact);

// Gives the message back and keeps the compact form; nothing happens when there is none.
void txn_compact(struct txn_table *table, struct txn *txn);

// Nothing but this text is kept, of whatever was; `text` may lie in what was. No retransmission timer runs any more.
bool txn_keep(struct txn_table *table, struct txn *txn, struct str text);

// The same for a text that many keep: one copy serves all, as long as there is room for another such text.
bool txn_keep_common(struct txn_table *table, struct txn *txn, struct str text);

// Nothing is kept any more (but the name of a CANCEL).
void txn_forget(struct txn_table *table, struct txn *txn);

// The same because what should be kept cannot: TXN_LOST.
void txn_lose(struct txn_table *table, struct txn *txn);

// What txn_store or txn_keep put there; empty when it was given back.
struct str txn_message(const struct txn_table *table, const struct txn *txn);
struct str txn_compact_of(const struct txn_table *table, const struct txn *txn);
struct str txn_kept(const struct txn_table *table, const struct txn *txn);

// Names the client transaction of the CANCEL for an INVITE's. False when memory is out.
bool txn_set_cancel(struct txn_table *table, struct txn *invite, const struct txn *cancel);

// Of an INVITE's client transaction; no name when there is no CANCEL.
struct txn_ref txn_cancel_of(const struct txn_table *table, const struct txn *txn);

// --- life ---

// Runs one event through the machine, sets timers, and returns what is left to do (enum txn_action). With TXN_DO_FREE
// the caller calls txn_free when it is done with the record.
unsigned txn_step(struct txn_table *table, struct txn *txn, enum txn_event event, uint64_t now_ms);

// Gives the record and all it keeps back, in whatever state.
void txn_free(struct txn_table *table, struct txn *txn);

#define TXN_AGAIN_MS 500

// Fires timers due: each is one step, whose actions go to `act` before a terminated record is freed. False from `act`
// says that nothing could be done: the record stays what it was, and is due again in TXN_AGAIN_MS. Returns the number
// of timers that fired, at most `budget`.
uint32_t txn_expire(
	struct txn_table *table,
	uint64_t now_ms,
	uint32_t budget,
	bool (*act)(void *ctx, struct txn *txn, enum txn_event event, unsigned actions),
	void *ctx
);

// The event of a status received by a client transaction, or given by the user of a server transaction.
enum txn_event txn_event_received(uint16_t status);
enum txn_event txn_event_given(uint16_t status);
