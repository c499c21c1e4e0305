// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/stun.h"

#define HEADER 20
#define MAGIC 0x2112a442u
#define UNKNOWN_MAX 8 // told; a client that asks for more is told of these

enum {
	BINDING_REQUEST = 0x0001,
	BINDING_SUCCESS = 0x0101,
	BINDING_ERROR = 0x0111,
	ATTRIBUTE_USERNAME = 0x0006,
	ATTRIBUTE_MESSAGE_INTEGRITY = 0x0008,
	ATTRIBUTE_ERROR_CODE = 0x0009,
	ATTRIBUTE_UNKNOWN = 0x000a,
	ATTRIBUTE_XOR_MAPPED_ADDRESS = 0x0020,
	ATTRIBUTE_OPTIONAL = 0x8000, // and above
};

struct writer {
	uint8_t *out;
	uint32_t len;
};

static uint16_t read16(const uint8_t *at) {
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void write8(struct writer *w, uint8_t value) {
	w->out[w->len++] = value;
}

static void write16(struct writer *w, uint16_t value) {
	write8(w, (uint8_t)(value >> 8));
	write8(w, (uint8_t)value);
}

// The types that must be understood and are not. -1 when the attributes do not fit the message.
static int read_unknown(const uint8_t *bytes, size_t len, uint16_t *ret_unknown) {
	int count = 0;

	for (size_t at = HEADER; at < len;) {
		uint16_t type, size;

		if (len - at < 4)
			return -1;
		type = read16(bytes + at);
		size = read16(bytes + at + 2);
		at += 4;
		if (len - at < ((size_t)size + 3) / 4 * 4)
			return -1;
		at += ((size_t)size + 3) / 4 * 4;
		if (type < ATTRIBUTE_OPTIONAL && type != ATTRIBUTE_USERNAME && type != ATTRIBUTE_MESSAGE_INTEGRITY &&
		    count < UNKNOWN_MAX)
			ret_unknown[count++] = type;
	}
	return count;
}

// The length is filled in at the end.
static void write_header(struct writer *w, uint16_t type, const uint8_t *request) {
	write16(w, type);
	write16(w, 0);
	memcpy(w->out + w->len, request + 4, HEADER - 4); // magic cookie and transaction
	w->len += HEADER - 4;
}

// RFC 8489 section 14.2: the port and an IPv4 address are XORed with the cookie, an IPv6 one with the transaction too.
static void write_address(struct writer *w, const struct endpoint *from, const uint8_t *request) {
	unsigned size = ip_size(from->addr.family);

	write16(w, ATTRIBUTE_XOR_MAPPED_ADDRESS);
	write16(w, (uint16_t)(4 + size));
	write8(w, 0);
	write8(w, from->addr.family == IP_V4 ? 1 : 2);
	write16(w, from->port ^ (uint16_t)(MAGIC >> 16));
	for (unsigned i = 0; i < size; i++)
		write8(w, from->addr.bytes[i] ^ request[4 + i]);
}

static void write_refusal(struct writer *w, const uint16_t *unknown, int count) {
	static const char phrase[] = "Unknown Attribute";
	uint16_t size = sizeof(phrase) - 1;

	write16(w, ATTRIBUTE_ERROR_CODE);
	write16(w, (uint16_t)(4 + size));
	write16(w, 0);
	write8(w, 4);
	write8(w, 20);
	memcpy(w->out + w->len, phrase, size);
	w->len += size;
	while (w->len % 4)
		write8(w, ' ');
	write16(w, ATTRIBUTE_UNKNOWN);
	write16(w, (uint16_t)(2 * count));
	for (int i = 0; i < count; i++)
		write16(w, unknown[i]);
	if (count % 2)
		write16(w, 0);
}

uint32_t stun_answer(const char *bytes, size_t len, const struct endpoint *from, char *out) {
	const uint8_t *request = (const uint8_t *)bytes;
	struct writer w = {.out = (uint8_t *)out};
	uint16_t unknown[UNKNOWN_MAX];
	int count;

	if (!stun_starts(bytes, len) || read16(request) != BINDING_REQUEST || len % 4 != 0 ||
	    read16(request + 2) != len - HEADER)
		return 0;
	count = read_unknown(request, len, unknown);
	if (count < 0)
		return 0;
	write_header(&w, count > 0 ? BINDING_ERROR : BINDING_SUCCESS, request);
	if (count > 0)
		write_refusal(&w, unknown, count);
	else
		write_address(&w, from, request);
	w.out[2] = (uint8_t)((w.len - HEADER) >> 8);
	w.out[3] = (uint8_t)(w.len - HEADER);
	return w.len;
}
