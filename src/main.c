// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/log.h"
#include "control/config.h"
#include "control/control.h"
#include "dataplane/dataplane.h"
#include "session/session.h"

static int usage(FILE *to) {
	fputs("usage: tandem -c FILE          run in the foreground with this configuration\n"
	      "       tandem check FILE       say whether a configuration is right, and what is wrong\n"
	      "       tandem config-reference print every key of the configuration\n"
	      "       tandem --version\n",
	      to);
	return to == stdout ? 0 : 2;
}

static int sessions_create(const struct config *cfg, struct dataplane *dp) {
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -errno;
	for (uint8_t i = 0; i < cfg->worker_count; i++) {
		int err = session_create(dataplane_worker(dp, i), seed);

		if (err)
			return err;
	}
	return 0;
}

static void sessions_destroy(const struct config *cfg, struct dataplane *dp) {
	for (uint8_t i = 0; i < cfg->worker_count; i++)
		session_destroy(dataplane_worker(dp, i));
}

static int run(const char *file) {
	struct config *cfg;
	struct dataplane *dp;
	char *error = NULL;
	int err;

	if (config_load(file, &cfg, &error)) {
		fprintf(stderr, "%s\n", error);
		free(error);
		return 1;
	}
	log_level_set(cfg->log_level);
	control_block_signals();
	err = dataplane_start(cfg, &dp);
	if (err) {
		config_free(cfg);
		return 1;
	}
	err = sessions_create(cfg, dp);
	if (!err)
		err = dataplane_run(dp, &session_stages);
	if (!err)
		err = control_run(cfg, dp);
	dataplane_halt(dp);
	sessions_destroy(cfg, dp);
	dataplane_stop(dp);
	config_free(cfg);
	return err ? 1 : 0;
}

int main(int argc, char **argv) {
	if (argc == 3 && strcmp(argv[1], "check") == 0)
		return control_check(argv[2]);
	if (argc == 2 && strcmp(argv[1], "config-reference") == 0)
		return config_reference(stdout), 0;
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("tandem %s\n", TANDEM_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		return run(argv[2]);
	return usage(stderr);
}
