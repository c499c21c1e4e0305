// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// An IP address of either family and a UDP endpoint. Bytes are in network order, ports in host order. The sixteen bytes
// are written and read as two halves throughout: a load wider than what was just stored waits for the stores.
#pragma once

#include "base/base.h"
#include "base/str.h"

enum ip_family {
	IP_NONE = 0,
	IP_V4 = 4,
	IP_V6 = 6,
};

struct ip_addr {
	uint8_t bytes[16]; // IPv4: the first four, the rest zero
	uint8_t family;	   // enum ip_family
};

struct ip_prefix {
	struct ip_addr addr;
	uint8_t len; // bits
};

struct endpoint {
	struct ip_addr addr;
	uint16_t port;
};

// Longest text of an address with its NUL; of "[address]:port" with its NUL.
#define IP_TEXT_MAX 46
#define ENDPOINT_TEXT_MAX (IP_TEXT_MAX + 8)

struct ip_halves {
	uint64_t first, second;
};

static inline struct ip_halves ip_halves(const struct ip_addr *addr) {
	struct ip_halves halves;

	memcpy(&halves.first, addr->bytes, sizeof(halves.first));
	memcpy(&halves.second, addr->bytes + sizeof(halves.first), sizeof(halves.second));
	return halves;
}

static inline bool ip_eq(const struct ip_addr *a, const struct ip_addr *b) {
	struct ip_halves left = ip_halves(a), right = ip_halves(b);

	return left.first == right.first && left.second == right.second && a->family == b->family;
}

// An IPv4 address written as IPv6 (::ffff:192.0.2.1) becomes what it is.
static inline void ip_unmap(struct ip_addr *addr) {
	static const uint8_t front[12] = {[10] = 0xff, [11] = 0xff};

	if (addr->family != IP_V6 || memcmp(addr->bytes, front, sizeof(front)) != 0)
		return;
	addr->family = IP_V4;
	memcpy(addr->bytes, addr->bytes + sizeof(front), 4);
	memset(addr->bytes + 4, 0, sizeof(addr->bytes) - 4);
}

static inline bool endpoint_eq(const struct endpoint *a, const struct endpoint *b) {
	return a->port == b->port && ip_eq(&a->addr, &b->addr);
}

// From an address in network byte order, as it stands in an IPv4 header.
static inline void ip_set_v4(struct ip_addr *ret_addr, uint32_t network_order) {
	const uint64_t first = network_order, second = 0;
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the address is in the first bytes");

	memcpy(ret_addr->bytes, &first, sizeof(first));
	memcpy(ret_addr->bytes + sizeof(first), &second, sizeof(second));
	ret_addr->family = IP_V4;
}

static inline struct ip_addr ip_from_v4(uint32_t network_order) {
	struct ip_addr addr;

	ip_set_v4(&addr, network_order);
	return addr;
}

static inline uint32_t ip_to_v4(const struct ip_addr *addr) {
	uint32_t network_order;

	memcpy(&network_order, addr->bytes, sizeof(network_order));
	return network_order;
}

// Bytes of an address of that family.
static inline unsigned ip_size(uint8_t family) {
	return family == IP_V4 ? 4 : 16;
}

// Reads "192.0.2.1", "2001:db8::1" or "[2001:db8::1]". False leaves *ret_addr untouched.
bool ip_parse(struct str text, struct ip_addr *ret_addr);

// Reads "192.0.2.0/24"; an address alone is a prefix of full length. Bits past the length must be zero.
bool ip_prefix_parse(struct str text, struct ip_prefix *ret_prefix);

// The same for the address of an interface: bits past the length may be set.
bool ip_prefix_parse_host(struct str text, struct ip_prefix *ret_prefix);

// Reads "192.0.2.1:5060" or "[2001:db8::1]:5060"; without a port it is `default_port`. Port 0 is refused.
bool endpoint_parse(struct str text, uint16_t default_port, struct endpoint *ret_endpoint);

// The first `len` bits of the address, the others zero.
struct ip_addr ip_masked(const struct ip_addr *addr, uint8_t len);

// False for the other family.
bool ip_prefix_holds(const struct ip_prefix *prefix, const struct ip_addr *addr);

// Writes the text with its NUL into `out` (IP_TEXT_MAX, ENDPOINT_TEXT_MAX bytes) and returns its length;
// an address of no family is "none".
uint32_t ip_format(const struct ip_addr *addr, char *out);
uint32_t endpoint_format(const struct endpoint *endpoint, char *out);
