// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Which trunks of a group a request tries, and which addresses of each, in which order. Pure: no clock, no memory; the
// chance, the hash and the turn come from the caller, so that the same request gets the same list. A group is a set of
// trunks and a trunk a set of addresses; both are put in order in the same way.
#pragma once

#include "base/base.h"

#define CHOICE_MEMBERS_MAX 64 // of a group, and addresses of a trunk
#define CHOICE_MAX 12	      // what one request tries

// How members of one priority are put in order.
enum choice_method {
	CHOICE_PRIORITY,    // as configured
	CHOICE_WEIGHTED,    // by chance, with the odds of RFC 2782: drawn one after the other, by weight
	CHOICE_ROUND_ROBIN, // in turn, whatever the weight
	CHOICE_LEAST_CALLS, // by calls in progress over weight, equal ones in turn
	CHOICE_HASH_CALL_ID,
	CHOICE_HASH_CALLER,
	CHOICE_METHOD_COUNT,
};

struct choice_member {
	uint16_t index;	   // of the trunk, or of the address, in the live view
	uint16_t weight;   // 0: next to no chance beside others that have a weight (RFC 2782)
	uint32_t priority; // lower ones first
	uint64_t key;	   // a hash of its name: what ties a caller to it over reloads
};

// Immutable.
struct choice_set {
	uint8_t method;			     // enum choice_method
	uint8_t tries;			     // members tried for one request; 0 = all
	uint16_t count;			     // at most CHOICE_MEMBERS_MAX
	const struct choice_member *members; // by priority, equal ones as configured
};

// What a worker knows of a trunk or an address now.
struct choice_live {
	uint8_t state;	// enum health_state
	uint8_t budget; // HEALTH_TRIAL: calls this worker may still send there
	uint32_t calls; // in progress
	uint32_t turn;	// of a trunk: requests sent there so far, by which its addresses take turns
};

// Both arrays are indexed by choice_member.index.
struct choice_view {
	const struct choice_live *trunks;
	const struct choice_live *addresses;
};

struct choice_request {
	uint64_t random;
	uint64_t hash; // of what the method names: the Call-ID or the caller
	uint32_t turn; // a counter of the group; the caller adds 1 for each request
};

struct choice_entry {
	uint16_t trunk;
	uint16_t address;
	bool is_trial; // takes one of the budgets, of the trunk, the address or both, when it is asked
};

struct choice_list {
	uint8_t count;
	struct choice_entry entries[CHOICE_MAX];
};

// Fills *ret_list with what is usable: trunks by priority and method, each with its addresses by priority and method.
// `trunks` holds the addresses of each trunk by its index. One trial at most stands before those that are usable; other
// trials come behind them. Empty when nothing is usable.
void choice_make(
	const struct choice_set *group,
	const struct choice_set *trunks,
	const struct choice_view *view,
	const struct choice_request *request,
	struct choice_list *ret_list
);

// As the configuration calls it.
const char *choice_method_name(enum choice_method method);
