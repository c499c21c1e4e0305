// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Every command once: its words in tandemctl, its method on the control socket, its parameters and help. The server's
// check of parameters, the client's grammar, completion and help, and docs/cli.md come from this list.
#pragma once

#include <stdio.h>

#include "base/base.h"

enum method {
	METHOD_STATUS,
	METHOD_PORTS,
	METHOD_WORKERS,
	METHOD_COUNTERS,
	METHOD_LATENCY,
	METHOD_STAGES,
	METHOD_TRANSACTIONS,
	METHOD_DIALOGS,
	METHOD_DIALOG,
	METHOD_BANS,
	METHOD_BAN,
	METHOD_UNBAN,
	METHOD_CONFIG,
	METHOD_LOG_LEVEL,
	METHOD_STAGES_SWITCH,
	METHOD_COUNT,
};

#define METHOD_PARAMS_MAX 2
#define METHOD_ROWS_DEFAULT 100
#define METHOD_ROWS_MAX 10000
#define METHOD_BAN_MAX_S 604800

enum param_kind {
	PARAM_TEXT = 1,
	PARAM_NUMBER,
	PARAM_FLAG,
};

// How tandemctl takes it.
enum param_place {
	PLACE_ARGUMENT, // after the words
	PLACE_OPTION,	// --name VALUE
	PLACE_SOCKET,	// not at all: only for programs
};

struct param_spec {
	const char *name; // NULL ends the list
	enum param_kind kind;
	enum param_place place;
	bool required;
	uint32_t low, high; // of a number; of the length of a text
	const char *help;
};

struct method_spec {
	const char *words; // "show dialogs"
	const char *extra; // one more word the client takes for its display, or NULL
	const char *name;  // on the socket
	struct param_spec params[METHOD_PARAMS_MAX];
	const char *help;
};

extern const struct method_spec method_specs[METHOD_COUNT];

// The method of that name on the socket, or METHOD_COUNT.
enum method method_find(const char *name);

// The method whose words begin the list; METHOD_COUNT when none does. *ret_used: how many words that took.
enum method method_match(const char *const *words, uint32_t count, uint32_t *ret_used);

// One line a command, as `tandemctl help` prints it.
void method_print_help(FILE *out);

// docs/cli.md.
void method_print_reference(FILE *out);
