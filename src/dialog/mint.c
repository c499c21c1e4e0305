// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/mint.h"

#include "base/hash.h"

void mint_hex(char *out, uint64_t value, unsigned count) {
	static const char digits[] = "0123456789abcdef";

	while (count > 0) {
		out[--count] = digits[value & 15];
		value >>= 4;
	}
}

static bool hex_read(const char *text, unsigned count, uint64_t *ret_value) {
	uint64_t value = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned c = (unsigned char)text[i];

		if (c - '0' <= 9)
			value = value << 4 | (c - '0');
		else if (c - 'a' <= 5)
			value = value << 4 | (c - 'a' + 10);
		else
			return false;
	}
	*ret_value = value;
	return true;
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
	mint_hex(out, id.worker, 2);
	mint_hex(out + 2, id.slot, 8);
	mint_hex(out + 10, id.generation, 8);
	mint_hex(out + 18, check_of(use, id, seed, call_hash), 16);
}

bool mint_read(struct str text, enum mint_use use, uint64_t seed, uint64_t call_hash, struct mint_id *ret_id) {
	uint64_t worker, slot, generation, check;
	struct mint_id id;

	if (text.len != MINT_LEN || !hex_read(text.ptr, 2, &worker) || !hex_read(text.ptr + 2, 8, &slot) ||
	    !hex_read(text.ptr + 10, 8, &generation) || !hex_read(text.ptr + 18, 16, &check))
		return false;
	id = (struct mint_id){.worker = (uint8_t)worker, .slot = (uint32_t)slot, .generation = (uint32_t)generation};
	if (check_of(use, id, seed, call_hash) != check)
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

void mint_stateless_branch(char *out, struct str received, uint64_t seed, uint64_t call_hash) {
	memcpy(out, MINT_STATELESS_PREFIX, 8);
	mint_hex(out + 8, hash_mix(hash_str(seed, received), call_hash), 16);
}

void mint_tag(char *out, struct str branch, uint64_t seed, uint64_t call_hash) {
	out[0] = 't';
	mint_hex(out + 1, hash_mix(hash_str(~seed, branch), call_hash), 16);
}
