// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A message as literal bytes with places where something of one call is put in. Compiled once from text in which a
// place is written [name]; writing is a copy of each part, and the same parts serve to compare what came back.
#pragma once

#include "base/str.h"

// What differs from call to call.
enum insert {
	INSERT_NONE,
	INSERT_ID,	      // [id]: 16 hex digits, serial and slot of the call
	INSERT_NUMBER,	      // [n]: its serial as 8 decimal digits
	INSERT_PORT,	      // [port-a]: the caller's UDP port
	INSERT_VIAS,	      // [vias]: whole lines, as received
	INSERT_RECORD_ROUTES, // [record-routes]: whole lines, as received
	INSERT_ROUTES,	      // [routes]: whole lines
	INSERT_TO,	      // [to-received]: the value of a To as received
	INSERT_COUNT,
};

#define TEMPLATE_TEXT_MAX 8192u
#define TEMPLATE_PARTS_MAX 40u
#define COPY_WIDTH 32u
#define ID_LEN 16
#define NUMBER_LEN 8

struct fill {
	struct str part[INSERT_COUNT]; // INSERT_NONE stays empty
};

struct template_part {
	uint16_t at, len; // literal bytes, then
	uint8_t insert;	  // enum insert
};

struct template {
	uint16_t len; // of the literal bytes
	uint8_t part_count;
	struct template_part parts[TEMPLATE_PARTS_MAX];
	char text[TEMPLATE_TEXT_MAX + COPY_WIDTH]; // copied by whole widths
};

// A name that stands for text, which may hold names again.
struct template_name {
	const char *name, *text;
};

// Names end with a row of NULL. What is in brackets and no name stays as it is. Returns 0, -E2BIG when it is too long
// or has too many places, -ELOOP when names go round in a circle.
int template_compile(struct template *t, const char *text, const struct template_name *names);

// Writes the message; returns its length, or 0 when `room` is too small.
uint32_t template_write(const struct template *t, const struct fill *fill, char *out, uint32_t room);

// True when `value` begins with the filled template; *ret_rest is what follows.
bool template_begins(const struct template *t, const struct fill *fill, struct str value, struct str *ret_rest);

// True when `value` is exactly the filled template.
bool template_is(const struct template *t, const struct fill *fill, struct str value);

// Fixed-width texts of numbers, without NUL: ID_LEN lower-case hex digits; the last NUMBER_LEN decimal digits.
void id_write(char *out, uint64_t id);
void number_write(char *out, uint32_t number);

// Reads ID_LEN hex digits at `text`; false when one is none.
bool id_read(const char *text, uint64_t *ret_id);
