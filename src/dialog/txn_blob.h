// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Inside of txn*.c: the blob of a transaction record, which holds what is kept of messages and comes and goes with it.
#pragma once

#include "dialog/txn.h"

// Head of a blob of shape TXN_LIVE: then come the compact form and the message.
struct txn_live {
	uint32_t retransmit_ms; // when Timer A, E or G fires
	uint32_t timeout_ms;	// when the other timer fires
	uint32_t interval_ms;	// last interval of Timer A, E or G; 0 = not running
	uint16_t compact_len;
	uint16_t message_len;
	struct txn_ref cancel;
};

static inline void *txn_blob_at(const struct txn_table *table, uint32_t name) {
	return blob_named(table->text_base, name);
}

// NULL for another shape.
static inline struct txn_live *txn_live_of(const struct txn_table *table, const struct txn *txn) {
	return txn->shape == TXN_LIVE ? txn_blob_at(table, txn->blob) : NULL;
}

static inline void txn_drop(struct txn_table *table, struct txn *txn) {
	if (txn->blob_units > 0)
		blob_give(table->text, txn_blob_at(table, txn->blob), (size_t)txn->blob_units * BLOB_UNIT);
	txn->blob = 0;
	txn->blob_units = 0;
	txn->shape = TXN_BARE;
	txn->has_cancel = false;
}
