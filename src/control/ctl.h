// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// tandemctl, the client of the control socket. No DPDK, nothing of the switch but the list of commands.
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "control/method.h"

enum ctl_exit {
	CTL_DONE = 0,
	CTL_ERROR = 1, // tandem answered with an error
	CTL_USAGE = 2,
	CTL_NO_CONNECTION = 3,
};

struct ctl {
	const char *socket;
	bool json;
	FILE *out;
	FILE *err;
};

// What a command line asks for.
struct ctl_command {
	enum method method;
	bool extra;	// the display word ("all") was given
	json_t *params; // object
};

#define CTL_WORDS_MAX 32

// Reads words and options of a command. CTL_DONE, or CTL_USAGE after saying why on ctl->err; the params of a command
// that was read are to be freed.
enum ctl_exit
ctl_command_read(const struct ctl *ctl, const char *const *words, uint32_t count, struct ctl_command *ret_command);

// Reads, asks and prints; `help` too.
enum ctl_exit ctl_execute(const struct ctl *ctl, const char *const *words, uint32_t count);

// Reads commands from the terminal until it ends.
enum ctl_exit ctl_shell(const struct ctl *ctl);

// Sends a request line and reads the answer's. CTL_DONE, or CTL_NO_CONNECTION after saying why.
enum ctl_exit ctl_ask(const struct ctl *ctl, const char *request, json_t **ret_answer);

// Prints a result for people.
void ctl_view(FILE *out, enum method method, const json_t *result);
