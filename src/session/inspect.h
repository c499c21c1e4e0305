// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What the control core may ask a worker about its calls and bans: commands answered in slices of at most INSPECT_ROWS,
// so that a walk over millions of records never holds up the message path.
#pragma once

#include "base/ip.h"
#include "dataplane/mailbox.h"

#define INSPECT_ROWS 64
#define INSPECT_WALK 256 // records looked at per slice, at most

enum inspect_kind {
	INSPECT_DIALOGS,      // body: struct inspect_dialogs
	INSPECT_TRANSACTIONS, // body: struct inspect_transactions
	INSPECT_BANS,	      // body: struct inspect_bans
	INSPECT_BAN,	      // body: struct inspect_ban
};

// Text is cut to fit and terminated; bytes that are not printable ASCII are '?'.
struct inspect_dialog {
	char id[20]; // as `show dialog ID` takes it: worker, slot, generation
	char state[12];
	char call_id[96];
	char from_uri[96], to_uri[96];
	char from_tag[48], to_tag[48];
	char caller_target[96], callee_target[96];		   // Contact URIs
	char caller[ENDPOINT_TEXT_MAX], callee[ENDPOINT_TEXT_MAX]; // where their messages come from
	char route_set[256];					   // as the callee sees it
	char rule[32]; // the static rule, or "Route" when the request brought its own
	uint32_t caller_cseq, callee_cseq;
	uint64_t age_ms, answered_ms; // since INVITE; since 2xx (0 = not yet)
};

struct inspect_dialogs {
	uint32_t cursor; // in: first slot to look at, 0 at first; out: where to go on, SLOT_NONE = done
	char filter[96]; // substring of Call-ID, URIs or tags, or "state=early|confirmed|terminated"; empty = all
	char id[20];	 // not empty: only this one; the cursor is its slot
	uint32_t count;
	struct inspect_dialog row[INSPECT_ROWS];
};

struct inspect_transaction {
	char id[20];
	char kind[16]; // "invite-server", "invite-client", "server", "client"
	char state[12];
	char method[16];
	char branch[80];
	char call_id[96];
	char peer[ENDPOINT_TEXT_MAX];
	uint16_t status; // last response, 0 = none yet
	uint64_t age_ms;
	uint64_t timer_ms; // until its timer fires
};

struct inspect_transactions {
	uint32_t cursor;
	char filter[96]; // substring of Call-ID or branch, or "kind=…", "state=…"; empty = all
	uint32_t count;
	struct inspect_transaction row[INSPECT_ROWS];
};

struct inspect_ban_row {
	char address[IP_TEXT_MAX];
	uint32_t left_s;
	bool by_operator; // else for what it sent
};

struct inspect_bans {
	uint32_t cursor;
	uint32_t count;
	struct inspect_ban_row row[INSPECT_ROWS];
};

// Bans an address, or ends its ban.
struct inspect_ban {
	struct ip_addr addr;
	uint32_t seconds; // 0: end it
	bool done;	  // out: false when there was no place for it, or no ban to end
};

// worker_stages.command
void inspect_answer(struct worker *w, struct command *command);
