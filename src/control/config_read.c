// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Readers of single values: addresses, networks, endpoints.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config_build.h"

char *build_text(struct build *b, const char *text) {
	char *copy = strdup(text);

	b->tree->problems.out_of_memory |= !copy;
	return copy;
}

void *build_array(struct build *b, uint32_t count, size_t size) {
	void *array;

	if (count == 0)
		return NULL;
	array = calloc(count, size);
	b->tree->problems.out_of_memory |= !array;
	return array;
}

// What is wrong with it as the address of a host, or NULL: not 0.x, 127.x, multicast or above; not ::, ::1, IPv4 in
// disguise, multicast, or link-local, which says nothing without the name of a link.
static const char *wrong_with_host(const struct ip_addr *addr) {
	static const uint8_t zeros[10] = {0};
	const uint8_t *bytes = addr->bytes;

	if (addr->family == IP_V4)
		return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224 ? NULL
									  : "is not the address of a single host";
	if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)
		return "is link-local; write a global or unique local address";
	if (bytes[0] == 0xff || memcmp(bytes, zeros, sizeof(zeros)) == 0)
		return "is not the address of a single host";
	return NULL;
}

static bool is_host(struct build *b, const char *path, const char *text, const struct ip_addr *addr) {
	const char *wrong = wrong_with_host(addr);

	if (wrong)
		config_problem(b->tree, path, "\"%s\" %s", text, wrong);
	return !wrong;
}

bool build_host(struct build *b, const char *path, const char *text, struct ip_addr *ret_addr) {
	struct ip_addr addr;

	if (!ip_parse(str_from_c(text), &addr)) {
		config_problem(
			b->tree, path, "\"%s\" is not an IP address; write one like 192.0.2.1 or 2001:db8::1", text
		);
		return false;
	}
	if (!is_host(b, path, text, &addr))
		return false;
	*ret_addr = addr;
	return true;
}

// Address and length of "address/length", bits past the length or not. False after noting.
static bool split_prefix(struct build *b, const char *path, const char *text, struct ip_prefix *ret_prefix) {
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t bits = 0;
	unsigned most;

	if (!ip_parse(str_of(text, len), &ret_prefix->addr)) {
		config_problem(b->tree, path, "\"%s\" is not address/length; write it like 192.0.2.1/24", text);
		return false;
	}
	most = 8 * ip_size(ret_prefix->addr.family);
	if (!slash) {
		config_problem(
			b->tree,
			path,
			"\"%s\" has no prefix length; write it like %s/%u",
			text,
			text,
			most == 32 ? 24 : 64
		);
		return false;
	}
	if (!str_to_u64(str_from_c(slash + 1), most, &bits)) {
		config_problem(b->tree, path, "\"%s\" has a bad prefix length; allowed are 0 to %u", text, most);
		return false;
	}
	ret_prefix->len = (uint8_t)bits;
	return true;
}

// All bits past the length are zero.
static bool is_network(const struct ip_prefix *prefix) {
	struct ip_addr network = ip_masked(&prefix->addr, prefix->len);

	return ip_eq(&network, &prefix->addr);
}

// All bits past the length are one, which IPv6 has no use for.
static bool is_broadcast(const struct ip_prefix *prefix) {
	uint64_t past = UINT64_C(0xffffffff) >> (prefix->len & 31);

	return prefix->addr.family == IP_V4 && (__builtin_bswap32(ip_to_v4(&prefix->addr)) & past) == past;
}

bool build_own_address(struct build *b, const char *path, const char *text, struct ip_prefix *ret_prefix) {
	struct ip_prefix prefix = {0};

	if (!split_prefix(b, path, text, &prefix) || !is_host(b, path, text, &prefix.addr))
		return false;
	if (prefix.len == 0) {
		config_problem(b->tree, path, "\"%s\" is not an address a host can have", text);
		return false;
	}
	// A link of two addresses has neither (RFC 3021, RFC 6164).
	if (prefix.len < 8 * ip_size(prefix.addr.family) - 1 && (is_network(&prefix) || is_broadcast(&prefix))) {
		config_problem(
			b->tree,
			path,
			"\"%s\" is the %s address of its network; write the address of a host in it",
			text,
			is_network(&prefix) ? "network" : "broadcast"
		);
		return false;
	}
	*ret_prefix = prefix;
	return true;
}

bool build_network(struct build *b, const char *path, const char *text, struct ip_prefix *ret_prefix) {
	struct ip_prefix prefix = {0};
	char proposal[IP_TEXT_MAX];
	struct ip_addr network;

	if (!split_prefix(b, path, text, &prefix))
		return false;
	if (!is_network(&prefix)) {
		network = ip_masked(&prefix.addr, prefix.len);
		ip_format(&network, proposal);
		config_problem(
			b->tree,
			path,
			"\"%s\" has bits set past its length of %u; write %s/%u",
			text,
			prefix.len,
			proposal,
			prefix.len
		);
		return false;
	}
	*ret_prefix = prefix;
	return true;
}

bool build_endpoint(
	struct build *b, const char *path, const char *text, uint16_t default_port, struct endpoint *ret_endpoint
) {
	struct endpoint endpoint;

	if (!endpoint_parse(str_from_c(text), default_port, &endpoint)) {
		config_problem(
			b->tree,
			path,
			"\"%s\" is not address:port; write it like 192.0.2.1:5060 (names are not resolved)",
			text
		);
		return false;
	}
	if (!is_host(b, path, text, &endpoint.addr))
		return false;
	*ret_endpoint = endpoint;
	return true;
}
