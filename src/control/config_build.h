// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// From the raw values of the file to struct config, with the checks that need more than one key. Each part notes all
// problems it finds and goes on.
#pragma once

#include "base/config.h"
#include "control/config_tree.h"

struct build {
	struct config_tree *tree;
	const struct raw_top *raw;
	struct config *cfg;
	uint32_t cpu_count;
};

// Parts, in this order: rules refer to listeners, listeners to ports, capacity to ports and workers.
void build_cores(struct build *b);
void build_ports(struct build *b);
void build_listeners(struct build *b);
void build_timers(struct build *b);
void build_capacity(struct build *b);
void build_sources(struct build *b);
void build_rules(struct build *b);
void build_metrics(struct build *b);
void build_rest(struct build *b);

// Formats a key path.
#define PATH(name, ...)                                                                                                \
	char name[PATH_TEXT_MAX];                                                                                      \
	config_path(name, __VA_ARGS__)

// A copy the configuration owns; NULL is noted as out of memory.
char *build_text(struct build *b, const char *text);

// Zeroed array; NULL (noted when count is not 0) when there is none.
void *build_array(struct build *b, uint32_t count, size_t size);

// Readers of addresses; false after noting what is wrong with the value of `path`.
bool build_host(struct build *b, const char *path, const char *text, struct ip_addr *ret_addr);
bool build_own_address(struct build *b, const char *path, const char *text, struct ip_prefix *ret_prefix);
bool build_network(struct build *b, const char *path, const char *text, struct ip_prefix *ret_prefix);
bool build_endpoint(
	struct build *b, const char *path, const char *text, uint16_t default_port, struct endpoint *ret_endpoint
);
