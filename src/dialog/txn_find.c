// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/hash.h"
#include "dialog/txn_blob.h"

#define KEY_MAX 1024

bool txn_key_fits(const struct sip_msg *request) {
	const struct sip_via *via = &request->via;

	return (uint64_t)via->branch.len + via->host.len + request->call_id.len + request->from.tag.len +
		       request->method_text.len <
	       KEY_MAX - 32;
}

static bool has_magic_cookie(struct str branch) {
	return branch.len > 7 && strncasecmp(branch.ptr, "z9hG4bK", 7) == 0;
}

#define EACH(byte) (0x0101010101010101u * (byte))

// The letters among eight bytes in lower case.
static uint64_t lower8(uint64_t x) {
	uint64_t low7 = x & EACH(0x7f);
	uint64_t from_a = low7 + EACH(0x80 - 'A'), past_z = low7 + EACH(0x80 - 'Z' - 1);

	return x | ((from_a & ~past_z & ~x & EACH(0x80)) >> 2);
}

// Of the text in lower case.
static uint64_t hash_lower(uint64_t seed, struct str text) {
	uint64_t lower[8];

	do {
		uint32_t part = text.len < sizeof(lower) ? text.len : (uint32_t)sizeof(lower);

		lower[(part - 1) / 8 % 8] = 0;
		memcpy(lower, text.ptr, part);
		for (uint32_t i = 0; i < part; i += 8)
			lower[i / 8] = lower8(lower[i / 8]);
		seed = hash_str(seed, str_of((const char *)lower, part));
		text = str_of(text.ptr + part, text.len - part);
	} while (text.len > 0);
	return seed;
}

// An old element's branch says little: what tells its requests apart besides (RFC 3261 17.2.3).
static uint64_t hash_old(uint64_t seed, const struct sip_msg *msg) {
	if (has_magic_cookie(msg->via.branch))
		return 0;
	return hash_mix(hash_mix(hash_str(seed, msg->from.tag), msg->cseq), hash_str(seed, msg->request_uri)) | 1;
}

static struct txn_key
key_of(const struct txn_table *table, const struct sip_msg *msg, uint64_t call_hash, enum sip_method method) {
	XXH128_hash_t branch = XXH3_128bits_withSeed(msg->via.branch.ptr, msg->via.branch.len, table->seed), key;
	const uint64_t parts[] = {
		branch.low64,
		branch.high64,
		call_hash,
		hash_lower(table->seed, msg->via.host),
		hash_old(table->seed, msg),
		(uint64_t)(msg->via.port ? msg->via.port : 5060) << 32 | method,
		method == SIP_METHOD_OTHER ? hash_str(table->seed, msg->method_text) : 0,
	};

	key = XXH3_128bits_withSeed(parts, sizeof(parts), table->seed);
	return (struct txn_key){.hash = key.low64, .check = key.high64};
}

struct txn_key txn_key_of(const struct txn_table *table, const struct sip_msg *request, uint64_t call_hash) {
	enum sip_method method = request->method == SIP_ACK ? SIP_INVITE : request->method;

	return key_of(table, request, call_hash, method);
}

struct txn_key txn_key_of_cancelled(const struct txn_table *table, const struct sip_msg *cancel, uint64_t call_hash) {
	return key_of(table, cancel, call_hash, SIP_INVITE);
}

struct candidate {
	const struct txn_table *table;
	struct txn_key key;
};

static bool same_key(const void *ctx, uint32_t slot) {
	const struct candidate *candidate = ctx;
	const struct txn *txn = pool_at(&candidate->table->pool, slot);

	return txn->key.hash == candidate->key.hash && txn->key.check == candidate->key.check;
}

struct txn *txn_server_find(const struct txn_table *table, struct txn_key key) {
	struct candidate candidate = {.table = table, .key = key};
	uint32_t slot = table_find(&table->servers, key.hash, same_key, &candidate);

	return slot == SLOT_NONE ? NULL : pool_at(&table->pool, slot);
}

void txn_prefetch_record(const struct txn_table *table, struct txn_key key) {
	uint32_t slot = table_candidate(&table->servers, key.hash);

	if (slot != SLOT_NONE)
		__builtin_prefetch(pool_at(&table->pool, slot), 1);
}

void txn_prefetch_client(const struct txn_table *table, struct str branch) {
	uint32_t slot;

	if (mint_branch_peek(branch, &slot) && slot < table->pool.untouched)
		__builtin_prefetch(pool_at(&table->pool, slot), 1);
}

uint32_t txn_prefetch_around(const struct txn_table *table, struct str branch) {
	const struct txn *txn;
	uint32_t slot;

	if (!mint_branch_peek(branch, &slot) || slot >= table->pool.untouched)
		return SLOT_NONE;
	txn = pool_at(&table->pool, slot);
	if (txn->peer.slot < table->pool.untouched)
		__builtin_prefetch(pool_at(&table->pool, txn->peer.slot), 1);
	if (txn->blob_units > 0)
		__builtin_prefetch(txn_blob_at(table, txn->blob), 1);
	return txn->dialog.slot;
}

struct txn *txn_client_find(const struct txn_table *table, const struct sip_msg *response, uint64_t call_hash) {
	struct mint_id id;
	struct txn *txn;

	if (!mint_branch_read(response->via.branch, table->seed, call_hash, &id) || id.worker != table->worker)
		return NULL;
	txn = pool_get(&table->pool, id.slot, id.generation);
	if (!txn)
		return NULL;
	if (response->method == SIP_CANCEL)
		return txn_get(table, txn_cancel_of(table, txn));
	return txn->method == response->method ? txn : NULL;
}

struct txn *txn_client_named(const struct txn_table *table, struct str branch) {
	char ours[MINT_BRANCH_LEN];
	struct mint_id id;
	struct txn *txn;

	if (!mint_branch_peek_id(branch, &id) || id.worker != table->worker)
		return NULL;
	txn = pool_get(&table->pool, id.slot, id.generation);
	if (!txn || !txn_is_client(txn))
		return NULL;
	txn_branch(table, txn, ours);
	return str_eq(branch, str_of(ours, sizeof(ours))) ? txn : NULL;
}
