// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The dialogs of one core (RFC 3261 section 12), kept from the messages that pass a proxy: who calls whom, tags, CSeqs,
// targets, route set, state. One INVITE makes one record, the head of a set; each further To tag (forking) adds a
// sibling to it. In-dialog requests find the head by the identifier in our Record-Route, or by Call-ID and tag.
#pragma once

#include "base/blob.h"
#include "base/config.h"
#include "base/table.h"
#include "base/timer.h"
#include "dialog/mint.h"
#include "sip/msg.h"

enum dialog_state {
	DIALOG_TRYING,	   // INVITE forwarded, no To tag yet
	DIALOG_EARLY,	   // provisional with To tag
	DIALOG_CONFIRMED,  // 2xx
	DIALOG_TERMINATED, // BYE forwarded, not answered yet
	DIALOG_STATE_COUNT,
};

// The text a dialog keeps, in one allocation.
enum dialog_text {
	DIALOG_CALL_ID,
	DIALOG_CALLER_TAG,
	DIALOG_CALLEE_TAG,
	DIALOG_FROM_URI,
	DIALOG_TO_URI,
	DIALOG_CALLER_TARGET, // Contact URIs
	DIALOG_CALLEE_TARGET,
	DIALOG_ROUTE_SET, // see dialog_route_set
	DIALOG_TEXT_COUNT,
};

struct dialog_ref {
	uint32_t slot; // SLOT_NONE: nothing
	uint32_t generation;
};

// Two cache lines, of which a request or response in the dialog touches the first.
struct dialog {
	union {
		struct pool_head head;
		struct {
			uint32_t generation;
			uint32_t text; // name in the arena, 0 = none
		};
	};
	struct timer timer;   // end of a confirmed dialog nobody speaks in; armed from the 2xx on
	uint8_t state : 7;    // enum dialog_state
	bool is_over : 1;     // its BYE was answered before its INVITE was: no 2xx confirms it any more
	uint16_t text_units;  // size of the text
	uint64_t caller_hash; // of Call-ID and caller's tag, see struct dialog_key
	uint64_t callee_hash; // of Call-ID and callee's tag; 0 = none yet
	uint32_t caller_cseq, callee_cseq;
	uint32_t heard_ms;  // the last request in it, or its 2xx: low 32 bits
	uint32_t sibling;   // next of the set, SLOT_NONE at its end
	uint32_t first;	    // slot of the head of the set; its own in the head
	int16_t rule;	    // index of the static rule, or DIALOG_RULE_ROUTE
	uint16_t session_s; // session interval its ends agreed on (RFC 4028), 0 = none
	// --- the second line ---
	struct endpoint caller, callee; // where their messages come from and go to
	struct dialog_ref minted;	// what our Record-Route names: the head as it was when the INVITE came
	uint64_t created_ms : 48;
	uint64_t proposed_s : 16; // session interval its last INVITE or UPDATE asked for
	uint64_t answered_ms;	  // 0 = not yet
};
static_assert(sizeof(struct dialog) == 2 * CACHE_LINE, "two lines");
static_assert(offsetof(struct dialog, caller) == CACHE_LINE, "the first for messages");

// What finds a dialog without any text: hashes keyed with the seed nobody outside knows. Both ends together are 128
// bits, and with our identifier, whose check is over the Call-ID, 64 more.
struct dialog_key {
	uint64_t call;	   // of the Call-ID
	uint64_t from, to; // of the Call-ID and that tag
};

#define DIALOG_RULE_ROUTE (-1) // the request brought a Route of its own
#define DIALOG_SIBLINGS_MAX 12 // early or confirmed dialogs of one INVITE that are tracked
#define DIALOG_SESSION_GRACE_MS 32000
#define DIALOG_ALIKE_MAX 8 // sets with one Call-ID and From tag: more is somebody filling a hash chain

struct dialog_table {
	struct pool pool;
	struct table heads;
	struct timer_queues queues;
	struct blob_arena *text; // borrowed
	void *text_base;
	uint64_t seed;
	uint32_t max_age_ms;
	struct str own_route[LISTENERS_MAX]; // our Record-Route entry for a listener, up to the identifier; borrowed
	uint8_t worker;
	uint32_t count[DIALOG_STATE_COUNT];
	uint64_t confirmed; // so far
};

// Returns 0 or -errno. `text` (at most 64 GiB) must outlive the table. worker, seed and own_route are set by the
// caller.
int dialog_table_init(
	struct dialog_table *table, uint32_t capacity, enum mem_huge huge, struct blob_arena *text, uint32_t max_age_ms
);
void dialog_table_fini(struct dialog_table *table);

// The head of a new set for an INVITE outside a dialog, state Trying; NULL when no record or text memory is left, or
// DIALOG_ALIKE_MAX sets with its Call-ID and From tag are there already.
struct dialog *
dialog_create(struct dialog_table *table, const struct sip_msg *invite, struct dialog_key key, uint64_t now_ms);

struct dialog *dialog_get(const struct dialog_table *table, struct dialog_ref ref);
struct dialog_ref dialog_ref_of(const struct dialog_table *table, const struct dialog *dialog);

// MINT_LEN characters: the Record-Route parameter that names the set. call_hash: keyed hash of its Call-ID.
void dialog_mint(const struct dialog_table *table, const struct dialog *head, uint64_t call_hash, char *out);

// call_hash: keyed hash of the Call-ID.
struct dialog_key dialog_key_of(const struct dialog_table *table, const struct sip_msg *msg, uint64_t call_hash);

// The dialog of an in-dialog request (both tags): by `id`, the value of our Record-Route parameter (may be empty), else
// by Call-ID and tags. *ret_by_caller says who sent it. NULL when it is not held.
struct dialog *dialog_find(const struct dialog_table *table, struct dialog_key key, struct str id, bool *ret_by_caller);

// The slot our identifier names, not checked; SLOT_NONE when it is none.
uint32_t dialog_slot_of(struct str id);

// For bursts, before dialog_find: fetches the record in that slot; once that is there, its text and, before a message
// that ends it, what it is taken out of; for an INVITE outside a dialog the bucket.
void dialog_prefetch_slot(const struct dialog_table *table, uint32_t slot);
void dialog_prefetch_around(const struct dialog_table *table, uint32_t slot, bool ends);
static inline void dialog_prefetch_create(const struct dialog_table *table, struct dialog_key key) {
	table_prefetch(&table->heads, key.from);
}

// What a response to the INVITE does to the set of `head` (any of its records): early dialogs appear, a 2xx confirms
// one and a repeated 2xx changes nothing. What passes
// DIALOG_SIBLINGS_MAX or finds the pool full is not tracked. Returns the dialog,
// or NULL when the response has no To tag or makes none.
struct dialog *
dialog_response(struct dialog_table *table, struct dialog *head, const struct sip_msg *response, uint64_t now_ms);

// True when the end of its INVITE transaction will end nothing of the set: it has one dialog, and that is confirmed.
// What a later 2xx adds is confirmed as well.
bool dialog_is_settled(const struct dialog_table *table, const struct dialog *dialog);

// The INVITE transaction is over: what never was confirmed of the set ends, the given record perhaps too, a BYE on its
// way or not.
void dialog_invite_over(struct dialog_table *table, struct dialog *dialog);

// A request was forwarded in the dialog: CSeq, and for BYE the state. Keeps the dialog from expiring.
void dialog_request(
	struct dialog_table *table,
	struct dialog *dialog,
	const struct sip_msg *request,
	bool by_caller,
	uint64_t now_ms
);

// A target refresh was accepted (2xx to re-INVITE or UPDATE, RFC 3261 12.2): the new target of one side.
void dialog_target(struct dialog_table *table, struct dialog *dialog, bool of_caller, struct str uri);

// The session interval its ends agreed on (RFC 4028), 0 for none; one of more than 65535 s counts as none. From its 2xx
// on a dialog nothing was heard of for that long and DIALOG_SESSION_GRACE_MS more is given up as after max_age_ms.
void dialog_session(struct dialog_table *table, struct dialog *dialog, uint32_t seconds, uint64_t now_ms);

// The answer to a BYE: 2xx, 408 and 481 (or no answer: status 0) end the dialog, true; else it goes on (RFC
// 3261 15.1.1, 12.2.1.2). The head of a set that nobody answered stays, Terminated, until its INVITE is over.
bool dialog_bye_answered(struct dialog_table *table, struct dialog *dialog, uint16_t status);

// Takes one record out of its set and gives it back; with the head go the siblings that were not confirmed.
void dialog_free(struct dialog_table *table, struct dialog *dialog);

// Gives up dialogs nothing was heard of for too long, at most `budget`; `gone` is called before each is freed.
uint32_t dialog_expire(
	struct dialog_table *table,
	uint64_t now_ms,
	uint32_t budget,
	void (*gone)(void *ctx, struct dialog *dialog),
	void *ctx
);

struct str dialog_text(const struct dialog_table *table, const struct dialog *dialog, enum dialog_text which);

// The Record-Route entries of the 2xx, ours included, comma-separated, into `out`; cut where it is full. Of our own the
// record keeps only which listener they name.
struct str dialog_route_set(const struct dialog_table *table, const struct dialog *dialog, char *out, uint32_t size);
const char *dialog_state_name(enum dialog_state state);
