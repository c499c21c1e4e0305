// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "template.h"

#include <endian.h>
#include <errno.h>

#define DEPTH_MAX 8

static const char *const insert_names[INSERT_COUNT] = {
	[INSERT_NONE] = "",
	[INSERT_ID] = "id",
	[INSERT_NUMBER] = "n",
	[INSERT_PORT] = "port-a",
	[INSERT_VIAS] = "vias",
	[INSERT_RECORD_ROUTES] = "record-routes",
	[INSERT_ROUTES] = "routes",
	[INSERT_TO] = "to-received",
};

struct compiler {
	struct template *t;
	const struct template_name *names;
	uint32_t start; // of the part that is growing
};

static int literal_add(struct compiler *c, const char *bytes, size_t len) {
	if (len > TEMPLATE_TEXT_MAX - c->t->len)
		return -E2BIG;
	memcpy(c->t->text + c->t->len, bytes, len);
	c->t->len = (uint16_t)(c->t->len + len);
	return 0;
}

static int part_end(struct compiler *c, enum insert insert) {
	struct template *t = c->t;

	if (t->part_count == TEMPLATE_PARTS_MAX)
		return -E2BIG;
	t->parts[t->part_count++] = (struct template_part){
		.at = (uint16_t)c->start,
		.len = (uint16_t)(t->len - c->start),
		.insert = (uint8_t)insert,
	};
	c->start = t->len;
	return 0;
}

static enum insert insert_of(struct str name) {
	for (unsigned i = INSERT_NONE + 1; i < INSERT_COUNT; i++)
		if (str_eq(name, str_from_c(insert_names[i])))
			return (enum insert)i;
	return INSERT_NONE;
}

static const char *text_of(const struct template_name *names, struct str name) {
	for (; names && names->name; names++)
		if (str_eq(name, str_from_c(names->name)))
			return names->text;
	return NULL;
}

static int expand(struct compiler *c, const char *text, unsigned depth) {
	int rc = 0;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	while (rc == 0 && *text) {
		const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;
		struct str name = close ? str_of(open + 1, (size_t)(close - open - 1)) : STR("");
		enum insert insert = insert_of(name);
		const char *meaning = text_of(c->names, name);

		if (!close)
			return literal_add(c, text, strlen(text));
		rc = literal_add(c, text, (size_t)(open - text));
		if (rc == 0 && insert != INSERT_NONE)
			rc = part_end(c, insert);
		else if (rc == 0 && meaning)
			rc = expand(c, meaning, depth + 1);
		else if (rc == 0)
			rc = literal_add(c, open, (size_t)(close + 1 - open));
		text = close + 1;
	}
	return rc;
}

int template_compile(struct template *t, const char *text, const struct template_name *names) {
	struct compiler c = {.t = t, .names = names};
	int rc;

	t->len = 0;
	t->part_count = 0;
	rc = expand(&c, text, 0);
	return rc == 0 ? part_end(&c, INSERT_NONE) : rc;
}

// Parts are short and many, so that calls to memcpy and memcmp take longer than what they do.

// Whole widths, as long as there is room for what is too much; never more than COPY_WIDTH bytes of it.
static inline void literal_copy(char *out, const char *from, uint32_t len) {
	for (uint32_t at = 0; at < len; at += COPY_WIDTH)
		memcpy(out + at, from + at, COPY_WIDTH);
}

static inline void insert_copy(char *out, struct str put) {
	if (put.len == ID_LEN)
		memcpy(out, put.ptr, ID_LEN);
	else if (put.len == NUMBER_LEN)
		memcpy(out, put.ptr, NUMBER_LEN);
	else if (put.len > 0)
		memcpy(out, put.ptr, put.len);
}

uint32_t template_write(const struct template *t, const struct fill *fill, char *out, uint32_t room) {
	uint32_t len = 0;

	for (uint32_t i = 0; i < t->part_count; i++) {
		const struct template_part *part = &t->parts[i];
		struct str put = fill->part[part->insert];

		if (part->len + put.len > room - len)
			return 0;
		if (part->len + COPY_WIDTH <= room - len)
			literal_copy(out + len, t->text + part->at, part->len);
		else
			memcpy(out + len, t->text + part->at, part->len);
		len += part->len;
		insert_copy(out + len, put);
		len += put.len;
	}
	return len;
}

typedef uint64_t pair __attribute__((vector_size(16)));

static inline pair pair_at(const char *bytes) {
	pair value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline uint64_t word_at(const char *bytes) {
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

// The last step looks at some bytes a second time.
static inline bool is_same(const char *a, const char *b, uint32_t len) {
	pair differ = {0};
	uint32_t at;

	if (len < 8)
		return len == 0 || memcmp(a, b, len) == 0;
	if (len < 16)
		return word_at(a) == word_at(b) && word_at(a + len - 8) == word_at(b + len - 8);
	for (at = 0; at + 16 <= len; at += 16)
		differ |= pair_at(a + at) ^ pair_at(b + at);
	differ |= pair_at(a + len - 16) ^ pair_at(b + len - 16);
	return (differ[0] | differ[1]) == 0;
}

static inline bool pass(struct str *value, const char *bytes, uint32_t len) {
	if (value->len < len || !is_same(value->ptr, bytes, len))
		return false;
	value->ptr += len;
	value->len -= len;
	return true;
}

bool template_begins(const struct template *t, const struct fill *fill, struct str value, struct str *ret_rest) {
	for (uint32_t i = 0; i < t->part_count; i++) {
		const struct template_part *part = &t->parts[i];
		struct str put = fill->part[part->insert];

		if (!pass(&value, t->text + part->at, part->len) || !pass(&value, put.ptr, put.len))
			return false;
	}
	*ret_rest = value;
	return true;
}

bool template_is(const struct template *t, const struct fill *fill, struct str value) {
	struct str rest;

	return template_begins(t, fill, value, &rest) && rest.len == 0;
}

// The digits of all 32 bits at once, each in a byte, first digit in the first.
static uint64_t hex_digits(uint32_t value) {
	uint64_t x = value, letters;

	x = (x & 0xffff0000u) << 16 | (x & 0xffff);
	x = (x << 8 & 0x00ff000000ff0000) | (x & 0x000000ff000000ff);
	x = (x << 4 & 0x0f000f000f000f00) | (x & 0x000f000f000f000f);
	letters = (x + 0x0606060606060606) >> 4 & 0x0101010101010101;
	x += 0x3030303030303030 + letters * ('a' - '0' - 10);
	return __builtin_bswap64(x);
}

void id_write(char *out, uint64_t id) {
	const uint64_t digits[] = {htole64(hex_digits((uint32_t)(id >> 32))), htole64(hex_digits((uint32_t)id))};

	memcpy(out, digits, ID_LEN);
}

// Halves, then quarters, then single digits side by side: divisions by multiplication that are exact for so few digits.
void number_write(char *out, uint32_t number) {
	uint32_t digits = number % 100000000;
	uint64_t x = digits / 10000 | (uint64_t)(digits % 10000) << 32, upper;

	upper = x * 10486 >> 20 & 0x0000007f0000007f;
	x = (x - upper * 100) << 16 | upper;
	upper = x * 103 >> 10 & 0x000f000f000f000f;
	x = (x - upper * 10) << 8 | upper;
	x = htole64(x + 0x3030303030303030);
	memcpy(out, &x, NUMBER_LEN);
}

bool id_read(const char *text, uint64_t *ret_id) {
	static const uint8_t digits[256] = {// plus one; 0 is no digit
					    ['0'] = 1,
					    ['1'] = 2,
					    ['2'] = 3,
					    ['3'] = 4,
					    ['4'] = 5,
					    ['5'] = 6,
					    ['6'] = 7,
					    ['7'] = 8,
					    ['8'] = 9,
					    ['9'] = 10,
					    ['a'] = 11,
					    ['b'] = 12,
					    ['c'] = 13,
					    ['d'] = 14,
					    ['e'] = 15,
					    ['f'] = 16};
	uint64_t id = 0;

	for (unsigned i = 0; i < ID_LEN; i++) {
		uint8_t digit = digits[(unsigned char)text[i]];

		if (digit == 0)
			return false;
		id = id << 4 | (digit - 1u);
	}
	*ret_id = id;
	return true;
}
