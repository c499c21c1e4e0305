// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool is_bracketed(struct str text) {
	return text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']';
}

// Four numbers up to 255 without needless zeros, as inet_pton has it, and nothing else.
static bool v4_parse(struct str text, uint8_t *ret_bytes) {
	uint32_t at = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint32_t start = at, number = 0;

		for (; at < text.len && (uint8_t)(text.ptr[at] - '0') <= 9 && at < start + 3; at++)
			number = number * 10 + (uint32_t)(text.ptr[at] - '0');
		if (at == start || number > 255 || (text.ptr[start] == '0' && at > start + 1))
			return false;
		ret_bytes[i] = (uint8_t)number;
		if (i < 3 && (at == text.len || text.ptr[at++] != '.'))
			return false;
	}
	return at == text.len;
}

bool ip_parse(struct str text, struct ip_addr *ret_addr) {
	bool bracketed = is_bracketed(text);
	struct ip_addr addr = {.family = IP_NONE};
	char copy[IP_TEXT_MAX];

	if (v4_parse(text, addr.bytes)) {
		addr.family = IP_V4;
		*ret_addr = addr;
		return true;
	}
	addr = (struct ip_addr){.family = IP_NONE};
	if (bracketed)
		text = str_of(text.ptr + 1, text.len - 2);
	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET6, copy, addr.bytes) != 1)
		return false;
	addr.family = IP_V6;
	*ret_addr = addr;
	return true;
}

// The bits of byte number `i` that a prefix of `len` bits covers.
static uint8_t byte_mask(unsigned len, unsigned i) {
	if (len >= 8 * (i + 1))
		return 0xff;
	return len <= 8 * i ? 0 : (uint8_t)(0xff << (8 * (i + 1) - len));
}

bool ip_prefix_parse_host(struct str text, struct ip_prefix *ret_prefix) {
	const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
	uint32_t addr_len = slash ? (uint32_t)(slash - text.ptr) : text.len;
	struct ip_prefix prefix;
	uint64_t bits;

	if (!ip_parse(str_of(text.ptr, addr_len), &prefix.addr))
		return false;
	bits = 8 * ip_size(prefix.addr.family);
	if (slash && !str_to_u64(str_of(slash + 1, text.len - addr_len - 1), bits, &bits))
		return false;
	prefix.len = (uint8_t)bits;
	*ret_prefix = prefix;
	return true;
}

bool ip_prefix_parse(struct str text, struct ip_prefix *ret_prefix) {
	struct ip_prefix prefix;
	struct ip_addr masked;

	if (!ip_prefix_parse_host(text, &prefix))
		return false;
	masked = ip_masked(&prefix.addr, prefix.len);
	if (!ip_eq(&masked, &prefix.addr))
		return false;
	*ret_prefix = prefix;
	return true;
}

struct ip_addr ip_masked(const struct ip_addr *addr, uint8_t len) {
	struct ip_addr masked = {.family = addr->family};

	for (unsigned i = 0; 8 * i < len; i++)
		masked.bytes[i] = addr->bytes[i] & byte_mask(len, i);
	return masked;
}

bool ip_prefix_holds(const struct ip_prefix *prefix, const struct ip_addr *addr) {
	if (prefix->addr.family != addr->family || addr->family == IP_NONE)
		return false;
	for (unsigned i = 0; 8 * i < prefix->len; i++) {
		if ((prefix->addr.bytes[i] ^ addr->bytes[i]) & byte_mask(prefix->len, i))
			return false;
	}
	return true;
}

// The colon before the port, or NULL when the text is an address alone ("2001:db8::1" has colons and no port).
static const char *port_colon(struct str text) {
	const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
	const char *last = text.len ? memrchr(text.ptr, ':', text.len) : NULL;

	if (text.len && text.ptr[0] == '[')
		return last && last > text.ptr && last[-1] == ']' ? last : NULL;
	return colon == last ? colon : NULL;
}

bool endpoint_parse(struct str text, uint16_t default_port, struct endpoint *ret_endpoint) {
	const char *colon = port_colon(text);
	uint32_t addr_len = colon ? (uint32_t)(colon - text.ptr) : text.len;
	uint64_t port = default_port;
	struct ip_addr addr;

	if (colon && !str_to_u64(str_of(colon + 1, text.len - addr_len - 1), UINT16_MAX, &port))
		return false;
	if (port == 0 || !ip_parse(str_of(text.ptr, addr_len), &addr))
		return false;
	*ret_endpoint = (struct endpoint){.addr = addr, .port = (uint16_t)port};
	return true;
}

static uint32_t v4_format(const uint8_t *bytes, char *out) {
	char *at = out;

	for (unsigned i = 0; i < 4; i++) {
		uint8_t number = bytes[i];

		if (number >= 100)
			*at++ = (char)('0' + number / 100);
		if (number >= 10)
			*at++ = (char)('0' + number / 10 % 10);
		*at++ = (char)('0' + number % 10);
		*at++ = '.';
	}
	*--at = '\0';
	return (uint32_t)(at - out);
}

uint32_t ip_format(const struct ip_addr *addr, char *out) {
	if (addr->family == IP_V4)
		return v4_format(addr->bytes, out);
	if (addr->family == IP_NONE || !inet_ntop(AF_INET6, addr->bytes, out, IP_TEXT_MAX))
		memcpy(out, "none", sizeof("none"));
	return (uint32_t)strlen(out);
}

uint32_t endpoint_format(const struct endpoint *endpoint, char *out) {
	char addr[IP_TEXT_MAX];
	const char *form = endpoint->addr.family == IP_V6 ? "[%s]:%u" : "%s:%u";

	ip_format(&endpoint->addr, addr);
	return (uint32_t)snprintf(out, ENDPOINT_TEXT_MAX, form, addr, (unsigned)endpoint->port);
}
