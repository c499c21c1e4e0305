// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// tandemctl: options, then one command or the shell.
#include "control/ctl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/tandem/control.sock"

static enum ctl_exit usage(const char *what) {
	fprintf(stderr, "tandemctl: %s; `tandemctl help` lists commands and options\n", what);
	return CTL_USAGE;
}

int main(int argc, char **argv) {
	const char *words[CTL_WORDS_MAX];
	const char *environment = getenv("TANDEM_SOCKET");
	struct ctl ctl = {
		.socket = environment && environment[0] ? environment : DEFAULT_SOCKET,
		.out = stdout,
		.err = stderr,
	};
	uint32_t count = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			ctl.json = true;
		} else if (strcmp(argv[i], "--socket") == 0) {
			if (i + 1 == argc)
				return (int)usage("--socket needs a path");
			ctl.socket = argv[++i];
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			method_print_help(stdout);
			return CTL_DONE;
		} else if (strcmp(argv[i], "--version") == 0) {
			printf("tandemctl %s\n", TANDEM_VERSION);
			return CTL_DONE;
		} else if (count == CTL_WORDS_MAX) {
			return (int)usage("too many words");
		} else {
			words[count++] = argv[i];
		}
	}
	if (count > 0)
		return (int)ctl_execute(&ctl, words, count);
	if (!isatty(STDIN_FILENO))
		return (int)usage("no command");
	return (int)ctl_shell(&ctl);
}
