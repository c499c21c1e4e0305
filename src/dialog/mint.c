// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/mint.h"

#include "base/hash.h"

// Eight digits at once: each nibble in a byte of its own, the most significant first in memory.
static inline void hex_write8(char *out, uint32_t value) {
	uint64_t x = value, letters;

	x = (x | x << 16) & 0x0000ffff0000ffff;
	x = (x | x << 8) & 0x00ff00ff00ff00ff;
	x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
	letters = (x + 0x0606060606060606) >> 4 & 0x0101010101010101;
	x = __builtin_bswap64(x + 0x3030303030303030 + letters * ('a' - '9' - 1));
	memcpy(out, &x, sizeof(x));
}

// The reverse for what hex_write8 wrote; of anything else, some number.
static inline uint32_t hex_read8(const char *text) {
	uint64_t x;

	memcpy(&x, text, sizeof(x));
	x = __builtin_bswap64(x);
	x = (x & 0x0f0f0f0f0f0f0f0f) + (x >> 6 & 0x0101010101010101) * 9;
	x = (x | x >> 4) & 0x00ff00ff00ff00ff;
	x = (x | x >> 8) & 0x0000ffff0000ffff;
	return (uint32_t)(x | x >> 16);
}

void mint_hex(char *out, uint64_t value, unsigned count) {
	char digits[16];

	assert(count <= sizeof(digits));
	hex_write8(digits, (uint32_t)(value >> 32));
	hex_write8(digits + 8, (uint32_t)value);
	memcpy(out, digits + sizeof(digits) - count, count);
}

static uint64_t check_of(enum mint_use use, struct mint_id id, uint64_t seed, uint64_t call_hash) {
	const uint64_t input[3] = {
		(uint64_t)use << 32 | id.worker,
		(uint64_t)id.slot << 32 | id.generation,
		call_hash,
	};

	return XXH3_64bits_withSeed(input, sizeof(input), seed);
}

void mint_write(char *out, enum mint_use use, struct mint_id id, uint64_t seed, uint64_t call_hash) {
	uint64_t check = check_of(use, id, seed, call_hash);
	char worker[8];

	hex_write8(worker, id.worker);
	memcpy(out, worker + 6, 2);
	hex_write8(out + 2, id.slot);
	hex_write8(out + 10, id.generation);
	hex_write8(out + 18, (uint32_t)(check >> 32));
	hex_write8(out + 26, (uint32_t)check);
}

static struct mint_id id_read(const char *text) {
	char worker[8] = "000000";

	memcpy(worker + 6, text, 2);
	return (struct mint_id){
		.worker = (uint8_t)hex_read8(worker),
		.slot = hex_read8(text + 2),
		.generation = hex_read8(text + 10),
	};
}

// Written again, what was read must give the same text: so no other digits, and no other check, will do.
bool mint_read(struct str text, enum mint_use use, uint64_t seed, uint64_t call_hash, struct mint_id *ret_id) {
	char again[MINT_LEN];
	struct mint_id id;

	if (text.len != MINT_LEN)
		return false;
	id = id_read(text.ptr);
	mint_write(again, use, id, seed, call_hash);
	if (memcmp(again, text.ptr, MINT_LEN) != 0)
		return false;
	*ret_id = id;
	return true;
}

void mint_branch(char *out, struct mint_id id, uint64_t seed, uint64_t call_hash) {
	memcpy(out, MINT_BRANCH_PREFIX, 8);
	mint_write(out + 8, MINT_BRANCH, id, seed, call_hash);
}

bool mint_branch_read(struct str branch, uint64_t seed, uint64_t call_hash, struct mint_id *ret_id) {
	if (branch.len != MINT_BRANCH_LEN || !str_starts(branch, STR(MINT_BRANCH_PREFIX)))
		return false;
	return mint_read(str_of(branch.ptr + 8, MINT_LEN), MINT_BRANCH, seed, call_hash, ret_id);
}

bool mint_peek(struct str text, uint32_t *ret_slot) {
	if (text.len != MINT_LEN)
		return false;
	*ret_slot = hex_read8(text.ptr + 2);
	return true;
}

bool mint_branch_peek(struct str branch, uint32_t *ret_slot) {
	return branch.len == MINT_BRANCH_LEN && mint_peek(str_of(branch.ptr + 8, MINT_LEN), ret_slot);
}

bool mint_branch_peek_id(struct str branch, struct mint_id *ret_id) {
	if (branch.len != MINT_BRANCH_LEN || !str_starts(branch, STR(MINT_BRANCH_PREFIX)))
		return false;
	*ret_id = id_read(branch.ptr + 8);
	return true;
}

void mint_stateless_branch(char *out, struct str received, uint64_t seed, uint64_t call_hash) {
	memcpy(out, MINT_STATELESS_PREFIX, 8);
	mint_hex(out + 8, hash_mix(hash_str(seed, received), call_hash), 16);
}

static uint64_t return_check(uint8_t listener, uint64_t seed, uint64_t way) {
	const uint64_t input[2] = {way, listener};

	return XXH3_64bits_withSeed(input, sizeof(input), seed);
}

void mint_return_branch(char *out, uint8_t listener, uint64_t seed, uint64_t way) {
	memcpy(out, MINT_RETURN_PREFIX, 8);
	mint_hex(out + 8, listener, 2);
	mint_hex(out + 10, return_check(listener, seed, way), 16);
}

bool mint_return_read(struct str branch, uint64_t seed, uint64_t way, uint8_t *ret_listener) {
	char again[MINT_RETURN_LEN], listener[8] = "000000";

	if (branch.len != MINT_RETURN_LEN)
		return false;
	memcpy(listener + 6, branch.ptr + 8, 2);
	*ret_listener = (uint8_t)hex_read8(listener);
	mint_return_branch(again, *ret_listener, seed, way);
	return memcmp(again, branch.ptr, MINT_RETURN_LEN) == 0;
}

void mint_tag(char *out, struct str branch, uint64_t seed, uint64_t call_hash) {
	out[0] = 't';
	mint_hex(out + 1, hash_mix(hash_str(~seed, branch), call_hash), 16);
}
