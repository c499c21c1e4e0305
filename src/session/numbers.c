// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/numbers.h"

#include <errno.h>

#include "base/hash.h"

#define FIRST_CHUNK_BITS 12 // words of the first chunk: 32 KB
#define FIRST_INDEX 1000    // sets there is room for at first
// What is in no chunk any more would be past the 32 bits of an index.
#define WORDS_MAX ((1ull << (FIRST_CHUNK_BITS + NUMBERS_CHUNKS)) - (1ull << FIRST_CHUNK_BITS))
static_assert(WORDS_MAX <= PREFIX_NONE, "every word has an index");

// Chunk k begins at word (2^k - 1) * 2^FIRST_CHUNK_BITS.
static unsigned chunk_of(uint64_t word) {
	return 63 - FIRST_CHUNK_BITS - (unsigned)__builtin_clzll(word + (1ull << FIRST_CHUNK_BITS));
}

static uint64_t chunk_begin(unsigned chunk) {
	return ((1ull << chunk) - 1) << FIRST_CHUNK_BITS;
}

static union numbers_word *words_at(const struct numbers_sets *sets, uint64_t word) {
	unsigned chunk = chunk_of(word);

	return (union numbers_word *)sets->chunks[chunk].ptr + (word - chunk_begin(chunk));
}

// A set as it is looked for: not yet, or no longer, in a table.
struct set {
	enum numbers_kind kind;
	uint32_t count;
	union numbers_word words[NUMBERS_OFFERS_MAX];
};

static uint32_t count_of(enum numbers_kind kind, const union numbers_word *words) {
	return kind == NUMBERS_OFFERS ? words->offer.behind + 1u : 1;
}

static uint64_t hash_of(const union numbers_word *words, uint32_t count) {
	return hash_str(0, str_of((const char *)words, count * sizeof(*words)));
}

struct lookup {
	const struct numbers_sets *sets;
	const struct set *set;
};

static bool same_set(const void *ctx, uint32_t slot) {
	const struct lookup *lookup = ctx;
	const union numbers_word *words = words_at(lookup->sets, slot);

	// The first word says how many there are, so the others are only compared where they are.
	return words->value == lookup->set->words[0].value &&
	       memcmp(words, lookup->set->words, lookup->set->count * sizeof(*words)) == 0;
}

static int index_grow(struct numbers_sets *sets, enum numbers_kind kind) {
	bool full = sets->index.capacity > UINT32_MAX / 2;
	struct table larger;
	int error = full ? -ENOMEM : table_init(&larger, sets->index.capacity * 2, MEM_HUGE_OFF);

	if (error)
		return error;
	for (uint64_t i = 0; i < sets->index.bucket_count * TABLE_WAYS; i++) {
		const struct table_bucket *bucket = &sets->index.buckets[i / TABLE_WAYS];
		uint32_t slot = bucket->slot[i % TABLE_WAYS];
		const union numbers_word *words;

		if (bucket->tag[i % TABLE_WAYS] == 0)
			continue;
		words = words_at(sets, slot);
		table_insert(&larger, hash_of(words, count_of(kind, words)), slot);
	}
	table_fini(&sets->index);
	sets->index = larger;
	return 0;
}

// Words for a set, all in one chunk. Returns their first or PREFIX_NONE.
static uint32_t words_take(struct numbers_sets *sets, uint32_t count) {
	uint64_t first = sets->used;
	unsigned chunk = chunk_of(first);

	if (chunk_of(first + count - 1) != chunk)
		first = chunk_begin(++chunk);
	if (first + count > WORDS_MAX)
		return PREFIX_NONE;
	if (!sets->chunks[chunk].ptr) {
		size_t size = sizeof(union numbers_word) << (FIRST_CHUNK_BITS + chunk);

		if (mem_map(size, MEM_HUGE_OFF, &sets->chunks[chunk]) != 0)
			return PREFIX_NONE;
	}
	sets->used = first + count;
	return (uint32_t)first;
}

// Where that set is; a new one is added. Returns PREFIX_NONE when there is no memory.
static uint32_t intern(struct numbers_sets *sets, const struct set *set) {
	const struct lookup lookup = {.sets = sets, .set = set};
	uint64_t hash = hash_of(set->words, set->count);
	uint32_t slot = table_find(&sets->index, hash, same_set, &lookup);

	if (slot != SLOT_NONE)
		return slot;
	if (sets->index.used == sets->index.capacity && index_grow(sets, set->kind) != 0)
		return PREFIX_NONE;
	slot = words_take(sets, set->count);
	if (slot == PREFIX_NONE)
		return PREFIX_NONE;
	memcpy(words_at(sets, slot), set->words, set->count * sizeof(*set->words));
	table_insert(&sets->index, hash, slot);
	return slot;
}

int numbers_init(struct numbers *table, enum numbers_kind kind, uint32_t capacity, enum mem_huge huge) {
	struct numbers made = {.kind = kind};
	int error = prefix_table_init(&made.prefixes, capacity, huge);

	if (error)
		return error;
	error = table_init(&made.sets.index, FIRST_INDEX, MEM_HUGE_OFF);
	if (error) {
		prefix_table_fini(&made.prefixes);
		return error;
	}
	*table = made;
	return 0;
}

void numbers_fini(struct numbers *table) {
	prefix_table_fini(&table->prefixes);
	table_fini(&table->sets.index);
	for (unsigned i = 0; i < NUMBERS_CHUNKS; i++)
		mem_unmap(&table->sets.chunks[i]);
	*table = (struct numbers){0};
}

static void set_read(const struct numbers *table, uint32_t slot, struct set *ret_set) {
	const union numbers_word *words = words_at(&table->sets, slot);

	ret_set->kind = table->kind;
	ret_set->count = count_of(table->kind, words);
	memcpy(ret_set->words, words, ret_set->count * sizeof(*words));
}

int numbers_rebuild(const struct numbers *old, uint32_t capacity, enum mem_huge huge, struct numbers *ret_table) {
	struct prefix prefix;
	struct numbers table;
	uint64_t at = 0;
	uint32_t slot;
	int error = capacity < numbers_prefix_count(old) ? -ENOSPC : numbers_init(&table, old->kind, capacity, huge);

	if (error)
		return error;
	while (prefix_walk(&old->prefixes, &at, &prefix, &slot)) {
		struct set set;

		set_read(old, slot, &set);
		slot = intern(&table.sets, &set);
		if (slot == PREFIX_NONE) {
			numbers_fini(&table);
			return -ENOMEM;
		}
		prefix_set(&table.prefixes, prefix, slot);
	}
	*ret_table = table;
	return 0;
}

size_t numbers_bytes(const struct numbers *table) {
	size_t bytes = prefix_table_bytes(&table->prefixes) + table->sets.index.mem.size;

	for (unsigned i = 0; i < NUMBERS_CHUNKS; i++)
		bytes += table->sets.chunks[i].size;
	return bytes;
}

uint32_t numbers_prefix_count(const struct numbers *table) {
	return table->prefixes.used - table->prefixes.removed;
}

uint32_t numbers_set_count(const struct numbers *table) {
	return table->sets.index.used;
}

// The set a prefix names, to be changed; none gives an empty one.
static void set_of(const struct numbers *table, struct prefix prefix, struct set *ret_set) {
	uint32_t slot = prefix_get(&table->prefixes, prefix);

	ret_set->kind = table->kind;
	ret_set->count = 0;
	if (slot != PREFIX_NONE)
		set_read(table, slot, ret_set);
}

static uint32_t trunk_at(const struct set *set, uint16_t trunk) {
	uint32_t at = 0;

	while (at < set->count && set->words[at].offer.trunk != trunk)
		at++;
	return at;
}

static void set_insert(struct set *set, struct offer offer) {
	uint32_t at = set->count++;

	for (; at > 0 && set->words[at - 1].offer.cost > offer.cost; at--)
		set->words[at] = set->words[at - 1];
	set->words[at].offer = offer;
}

static void set_erase(struct set *set, uint32_t at) {
	set->count--;
	memmove(&set->words[at], &set->words[at + 1], (set->count - at) * sizeof(*set->words));
}

// Makes the prefix name that set. What it has not yet is taken first, so that it fails before anything changes.
static int publish(struct numbers *table, struct prefix prefix, struct set *set) {
	uint32_t slot;

	if (set->kind == NUMBERS_OFFERS)
		for (uint32_t i = 0; i < set->count; i++)
			set->words[i].offer.behind = (uint16_t)(set->count - 1 - i);
	slot = intern(&table->sets, set);
	if (slot == PREFIX_NONE)
		return -ENOMEM;
	return prefix_set(&table->prefixes, prefix, slot) ? 0 : -ENOSPC;
}

int numbers_add(struct numbers *table, struct prefix prefix, struct offer offer) {
	struct set set;

	assert(table->kind == NUMBERS_OFFERS);
	if (prefix.len == 0)
		return -EINVAL;
	set_of(table, prefix, &set);
	if (trunk_at(&set, offer.trunk) < set.count)
		return -EEXIST;
	if (set.count == NUMBERS_OFFERS_MAX)
		return -E2BIG;
	set_insert(&set, offer);
	return publish(table, prefix, &set);
}

int numbers_change(struct numbers *table, struct prefix prefix, struct offer offer) {
	struct set set;
	uint32_t at;

	assert(table->kind == NUMBERS_OFFERS);
	set_of(table, prefix, &set);
	at = trunk_at(&set, offer.trunk);
	if (at == set.count)
		return -ENOENT;
	set_erase(&set, at);
	set_insert(&set, offer);
	return publish(table, prefix, &set);
}

int numbers_remove(struct numbers *table, struct prefix prefix, uint16_t trunk) {
	struct set set;
	uint32_t at;

	assert(table->kind == NUMBERS_OFFERS);
	set_of(table, prefix, &set);
	at = trunk_at(&set, trunk);
	if (at == set.count)
		return -ENOENT;
	set_erase(&set, at);
	if (set.count > 0)
		return publish(table, prefix, &set);
	prefix_remove(&table->prefixes, prefix);
	return 0;
}

int numbers_set_value(struct numbers *table, struct prefix prefix, uint64_t value) {
	struct set set;

	assert(table->kind != NUMBERS_OFFERS);
	if (prefix.len == 0)
		return -EINVAL;
	set.kind = table->kind;
	set.count = 1;
	set.words[0].value = value;
	return publish(table, prefix, &set);
}

bool numbers_remove_prefix(struct numbers *table, struct prefix prefix) {
	return prefix_remove(&table->prefixes, prefix);
}

bool numbers_find(const struct numbers *table, struct prefix number, struct offers *ret_offers, uint8_t *ret_len) {
	uint32_t slot = prefix_find(&table->prefixes, number, ret_len);
	const union numbers_word *words;

	assert(table->kind == NUMBERS_OFFERS);
	if (slot == PREFIX_NONE)
		return false;
	words = words_at(&table->sets, slot);
	*ret_offers = (struct offers){.ptr = &words->offer, .count = words->offer.behind + 1u};
	return true;
}

bool numbers_find_value(const struct numbers *table, struct prefix number, uint64_t *ret_value, uint8_t *ret_len) {
	uint32_t slot = prefix_find(&table->prefixes, number, ret_len);

	assert(table->kind != NUMBERS_OFFERS);
	if (slot == PREFIX_NONE)
		return false;
	*ret_value = words_at(&table->sets, slot)->value;
	return true;
}

struct offers numbers_at(const struct numbers *table, struct prefix prefix) {
	uint32_t slot = prefix_get(&table->prefixes, prefix);
	const union numbers_word *words;

	assert(table->kind == NUMBERS_OFFERS);
	if (slot == PREFIX_NONE)
		return (struct offers){0};
	words = words_at(&table->sets, slot);
	return (struct offers){.ptr = &words->offer, .count = words->offer.behind + 1u};
}
