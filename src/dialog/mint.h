// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The identifiers we put on the wire and read back (Via branch, Record-Route parameter): owner shard, slot and
// generation of a record, and a keyed check over them and the Call-ID, so that an identifier made up, changed, or taken
// from another call names nothing.
#pragma once

#include "base/str.h"

struct mint_id {
	uint8_t worker;
	uint32_t slot;
	uint32_t generation;
};

enum mint_use {
	MINT_BRANCH,
	MINT_DIALOG,
};

// 2 + 8 + 8 + 16 hexadecimal digits.
#define MINT_LEN 34

// "z9hG4bKt" and an identifier; "z9hG4bKs" and 16 digits for requests forwarded without a transaction.
#define MINT_BRANCH_PREFIX "z9hG4bKt"
#define MINT_BRANCH_LEN (8 + MINT_LEN)
#define MINT_STATELESS_PREFIX "z9hG4bKs"
#define MINT_STATELESS_LEN (8 + 16)
#define MINT_TAG_LEN 17

// "z9hG4bKr", a listener in two digits and a check in 16: for requests forwarded by a proxy that keeps nothing.
#define MINT_RETURN_PREFIX "z9hG4bKr"
#define MINT_RETURN_LEN (8 + 2 + 16)

// Writes MINT_LEN characters, not terminated. call_hash: keyed hash of the Call-ID.
void mint_write(char *out, enum mint_use use, struct mint_id id, uint64_t seed, uint64_t call_hash);

// False when the text is no identifier of ours for that use and Call-ID.
bool mint_read(struct str text, enum mint_use use, uint64_t seed, uint64_t call_hash, struct mint_id *ret_id);

// MINT_BRANCH_LEN characters.
void mint_branch(char *out, struct mint_id id, uint64_t seed, uint64_t call_hash);
bool mint_branch_read(struct str branch, uint64_t seed, uint64_t call_hash, struct mint_id *ret_id);

// The slot an identifier or a branch of ours names, unchecked: for a prefetch. False when it is none at first sight.
bool mint_peek(struct str text, uint32_t *ret_slot);
bool mint_branch_peek(struct str branch, uint32_t *ret_slot);

// All that a branch of ours names, unchecked: for who holds the record against it. False when it is none at first
// sight.
bool mint_branch_peek_id(struct str branch, struct mint_id *ret_id);

// MINT_STATELESS_LEN characters: the same for every retransmission of a request (RFC 3261 16.11). `received` is the
// branch it came with.
void mint_stateless_branch(char *out, struct str received, uint64_t seed, uint64_t call_hash);

// MINT_RETURN_LEN characters: says which listener a request came in by, and proves to whoever knows the seed that it
// was written for `way`, a keyed hash over all that the responses to the request repeat and that leads them back.
void mint_return_branch(char *out, uint8_t listener, uint64_t seed, uint64_t way);
bool mint_return_read(struct str branch, uint64_t seed, uint64_t way, uint8_t *ret_listener);

// MINT_TAG_LEN characters: the To tag of a response we make without keeping state. The same for a retransmission, and
// recomputed from the ACK that answers it, which has the branch of the INVITE (RFC 3261 8.2.7).
void mint_tag(char *out, struct str branch, uint64_t seed, uint64_t call_hash);

// `count` lower-case hexadecimal digits of value, most significant first.
void mint_hex(char *out, uint64_t value, unsigned count);
