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

static bool want_v4(struct build *b, const char *path, const char *text, const struct ip_addr *addr) {
	if (addr->family == IP_V4)
		return true;
	config_problem(b->tree, path, "\"%s\" is IPv6, which this version does not carry; write an IPv4 address", text);
	return false;
}

// An address a host can have: not 0.x, 127.x, multicast or above.
static bool is_host(const struct ip_addr *addr) {
	return addr->bytes[0] != 0 && addr->bytes[0] != 127 && addr->bytes[0] < 224;
}

bool build_host(struct build *b, const char *path, const char *text, struct ip_addr *ret_addr) {
	struct ip_addr addr;

	if (!ip_parse(str_from_c(text), &addr)) {
		config_problem(b->tree, path, "\"%s\" is not an IP address; write one like 192.0.2.1", text);
		return false;
	}
	if (!want_v4(b, path, text, &addr))
		return false;
	if (!is_host(&addr)) {
		config_problem(b->tree, path, "\"%s\" is not the address of a single host", text);
		return false;
	}
	*ret_addr = addr;
	return true;
}

// Address and length of "address/length", bits past the length or not. False after noting.
static bool split_prefix(struct build *b, const char *path, const char *text, struct ip_prefix *ret_prefix) {
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t bits = 0;

	if (!ip_parse(str_of(text, len), &ret_prefix->addr)) {
		config_problem(b->tree, path, "\"%s\" is not address/length; write it like 192.0.2.1/24", text);
		return false;
	}
	if (!want_v4(b, path, text, &ret_prefix->addr))
		return false;
	if (!slash) {
		config_problem(b->tree, path, "\"%s\" has no prefix length; write it like %s/24", text, text);
		return false;
	}
	if (!str_to_u64(str_from_c(slash + 1), 32, &bits)) {
		config_problem(b->tree, path, "\"%s\" has a bad prefix length; allowed are 0 to 32", text);
		return false;
	}
	ret_prefix->len = (uint8_t)bits;
	return true;
}

static uint32_t mask_of(uint8_t len) {
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

static uint32_t host_order(const struct ip_addr *addr) {
	return __builtin_bswap32(ip_to_v4(addr));
}

bool build_own_address(struct build *b, const char *path, const char *text, struct ip_prefix *ret_prefix) {
	struct ip_prefix prefix = {0};
	uint32_t host;

	if (!split_prefix(b, path, text, &prefix))
		return false;
	host = host_order(&prefix.addr) & ~mask_of(prefix.len);
	if (!is_host(&prefix.addr) || prefix.len == 0) {
		config_problem(b->tree, path, "\"%s\" is not an address a host can have", text);
		return false;
	}
	if (prefix.len < 31 && (host == 0 || host == ~mask_of(prefix.len))) {
		config_problem(
			b->tree,
			path,
			"\"%s\" is the %s address of its network; write the address of a host in it",
			text,
			host == 0 ? "network" : "broadcast"
		);
		return false;
	}
	*ret_prefix = prefix;
	return true;
}

bool build_network(struct build *b, const char *path, const char *text, struct ip_prefix *ret_prefix) {
	struct ip_prefix prefix = {0};
	uint32_t network;

	if (!split_prefix(b, path, text, &prefix))
		return false;
	network = host_order(&prefix.addr) & mask_of(prefix.len);
	if (network != host_order(&prefix.addr)) {
		struct ip_addr proposal = ip_from_v4(__builtin_bswap32(network));
		char proposal_text[IP_TEXT_MAX];

		ip_format(&proposal, proposal_text);
		config_problem(
			b->tree,
			path,
			"\"%s\" has bits set past its length of %u; write %s/%u",
			text,
			prefix.len,
			proposal_text,
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
	if (!want_v4(b, path, text, &endpoint.addr))
		return false;
	if (!is_host(&endpoint.addr)) {
		config_problem(b->tree, path, "\"%s\" is not the address of a single host", text);
		return false;
	}
	*ret_endpoint = endpoint;
	return true;
}
