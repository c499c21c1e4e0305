// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/prefix.h"

#include <errno.h>

#define DIGIT_BITS 4
#define LEN_MASK 15u
// How many digits the lengths are kept by: 20 KB or, for what has many prefixes anyway, 2 MB.
#define ROOT_DIGITS 4
#define ROOT_DIGITS_LARGE 6
#define LARGE 500000

static uint32_t digit_at(uint64_t digits, unsigned at) {
	return (uint32_t)(digits >> (60 - DIGIT_BITS * at)) & 15;
}

struct prefix prefix_of(struct str text) {
	struct prefix prefix = {0};

	while (prefix.len < PREFIX_DIGITS_MAX && prefix.len < text.len) {
		unsigned digit = (unsigned char)text.ptr[prefix.len] - '0';

		if (digit > 9)
			break;
		prefix.digits |= (uint64_t)digit << (60 - DIGIT_BITS * prefix.len);
		prefix.len++;
	}
	return prefix;
}

unsigned prefix_text(struct prefix prefix, char *text) {
	for (unsigned i = 0; i < prefix.len; i++)
		text[i] = (char)('0' + digit_at(prefix.digits, i));
	text[prefix.len] = '\0';
	return prefix.len;
}

static uint64_t key_of(struct prefix prefix) {
	return prefix.digits | prefix.len;
}

static uint64_t power_of_ten(unsigned exponent) {
	uint64_t power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

int prefix_table_init(struct prefix_table *table, uint32_t capacity, enum mem_huge huge) {
	uint8_t root_digits = capacity >= LARGE ? ROOT_DIGITS_LARGE : ROOT_DIGITS;
	// At most 70% of the ways are used, as in base/table.c.
	uint64_t buckets = ((uint64_t)capacity * 10 + PREFIX_WAYS * 7 - 1) / (PREFIX_WAYS * 7);
	struct mem bucket_mem, root_mem;
	int error;

	if (capacity == 0)
		return -EINVAL;
	error = mem_map(buckets * sizeof(struct prefix_bucket), huge, &bucket_mem);
	if (error)
		return error;
	error = mem_map(power_of_ten(root_digits) * sizeof(uint16_t), huge, &root_mem);
	if (error) {
		mem_unmap(&bucket_mem);
		return error;
	}
	*table = (struct prefix_table){
		.buckets = bucket_mem.ptr,
		.bucket_count = buckets,
		.lengths = root_mem.ptr,
		.root_digits = root_digits,
		.capacity = capacity,
		.bucket_mem = bucket_mem,
		.root_mem = root_mem,
	};
	return 0;
}

void prefix_table_fini(struct prefix_table *table) {
	mem_unmap(&table->bucket_mem);
	mem_unmap(&table->root_mem);
	*table = (struct prefix_table){0};
}

size_t prefix_table_bytes(const struct prefix_table *table) {
	return table->bucket_mem.size + table->root_mem.size;
}

// Numbers are no secret and no stranger chooses them: two multiplications spread them well enough.
static struct prefix_bucket *home_of(const struct prefix_table *table, uint64_t key) {
	uint64_t hash = (key ^ key >> 32) * 0x9e3779b97f4a7c15ULL;

	hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9ULL;
	return &table->buckets[(hash >> 32) * table->bucket_count >> 32];
}

static struct prefix_bucket *next_of(const struct prefix_table *table, struct prefix_bucket *bucket) {
	return ++bucket == &table->buckets[table->bucket_count] ? table->buckets : bucket;
}

static int way_of(const struct prefix_bucket *bucket, uint64_t key) {
	for (int way = 0; way < PREFIX_WAYS; way++)
		if (__atomic_load_n(&bucket->key[way], __ATOMIC_ACQUIRE) == key)
			return way;
	return -1;
}

// Where the value of that key is, or NULL.
static uint32_t *value_of(const struct prefix_table *table, uint64_t key) {
	struct prefix_bucket *bucket = home_of(table, key);

	for (uint64_t step = 0; step < table->bucket_count; step++) {
		int way = way_of(bucket, key);

		if (way >= 0)
			return &bucket->value[way];
		if (__atomic_load_n(&bucket->overflowed, __ATOMIC_RELAXED) == 0)
			return NULL;
		bucket = next_of(table, bucket);
	}
	return NULL;
}

static uint32_t get(const struct prefix_table *table, uint64_t key) {
	const uint32_t *value = value_of(table, key);

	return value ? __atomic_load_n(value, __ATOMIC_ACQUIRE) : PREFIX_NONE;
}

// Digits that are missing count as noughts: who has fewer than the root finds the lengths of longer numbers as well.
static uint64_t root_of(const struct prefix_table *table, uint64_t digits) {
	uint64_t at = 0;

	for (unsigned i = 0; i < table->root_digits; i++)
		at = at * 10 + digit_at(digits, i);
	return at;
}

// A prefix shorter than the root holds for all numbers that begin with it.
static void note_length(struct prefix_table *table, struct prefix prefix) {
	unsigned missing = prefix.len < table->root_digits ? table->root_digits - prefix.len : 0;
	uint64_t first = root_of(table, prefix.digits), count = power_of_ten(missing);

	for (uint64_t at = first; at < first + count; at++) {
		uint16_t lengths = table->lengths[at];

		__atomic_store_n(&table->lengths[at], (uint16_t)(lengths | 1u << prefix.len), __ATOMIC_RELEASE);
	}
}

static void insert(struct prefix_table *table, struct prefix prefix, uint32_t value) {
	uint64_t key = key_of(prefix);
	struct prefix_bucket *bucket = home_of(table, key);
	int way;

	while ((way = way_of(bucket, 0)) < 0) {
		__atomic_store_n(&bucket->overflowed, bucket->overflowed + 1, __ATOMIC_RELEASE);
		bucket = next_of(table, bucket);
	}
	bucket->value[way] = value;
	__atomic_store_n(&bucket->key[way], key, __ATOMIC_RELEASE);
	table->used++;
	note_length(table, prefix);
}

bool prefix_set(struct prefix_table *table, struct prefix prefix, uint32_t value) {
	uint32_t *old = value_of(table, key_of(prefix));

	assert(value != PREFIX_NONE && prefix.len > 0);
	if (old) {
		table->removed -= *old == PREFIX_NONE;
		__atomic_store_n(old, value, __ATOMIC_RELEASE);
		return true;
	}
	if (table->used == table->capacity)
		return false;
	insert(table, prefix, value);
	return true;
}

bool prefix_remove(struct prefix_table *table, struct prefix prefix) {
	uint32_t *value = value_of(table, key_of(prefix));

	if (!value || *value == PREFIX_NONE)
		return false;
	__atomic_store_n(value, PREFIX_NONE, __ATOMIC_RELEASE);
	table->removed++;
	return true;
}

uint32_t prefix_get(const struct prefix_table *table, struct prefix prefix) {
	return get(table, key_of(prefix));
}

static uint8_t longest(uint32_t lengths) {
	return (uint8_t)(31 - __builtin_clz(lengths));
}

uint32_t prefix_find(const struct prefix_table *table, struct prefix number, uint8_t *ret_len) {
	uint32_t lengths = __atomic_load_n(&table->lengths[root_of(table, number.digits)], __ATOMIC_ACQUIRE);

	lengths &= (2u << number.len) - 1;
	// All buckets that may be asked are on their way before the first is.
	for (uint32_t left = lengths; left; left &= ~(1u << longest(left)))
		__builtin_prefetch(home_of(table, key_of(prefix_cut(number, longest(left)))));
	for (; lengths; lengths &= ~(1u << longest(lengths))) {
		uint32_t value = get(table, key_of(prefix_cut(number, longest(lengths))));

		if (value == PREFIX_NONE)
			continue;
		*ret_len = longest(lengths);
		return value;
	}
	return PREFIX_NONE;
}

bool prefix_walk(const struct prefix_table *table, uint64_t *at, struct prefix *ret_prefix, uint32_t *ret_value) {
	for (; *at < table->bucket_count * PREFIX_WAYS; ++*at) {
		const struct prefix_bucket *bucket = &table->buckets[*at / PREFIX_WAYS];
		uint64_t key = bucket->key[*at % PREFIX_WAYS];

		if (key == 0 || bucket->value[*at % PREFIX_WAYS] == PREFIX_NONE)
			continue;
		*ret_prefix = (struct prefix){.digits = key & ~(uint64_t)LEN_MASK, .len = (uint8_t)(key & LEN_MASK)};
		*ret_value = bucket->value[*at % PREFIX_WAYS];
		++*at;
		return true;
	}
	return false;
}
