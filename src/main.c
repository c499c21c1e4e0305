// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Start and stop, in named steps: configuration, dataplane, sessions, control socket, workers. The control socket comes
// before the workers, so that no call is taken by a tandem that is about to give up.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static struct config *read_config(const char *file) {
	struct config *cfg = NULL;
	char *error = NULL;

	if (config_load(file, &cfg, &error))
		fprintf(stderr, "%s\n", error ? error : "out of memory");
	free(error);
	return cfg;
}

static int create_sessions(const struct config *cfg, struct dataplane *dp) {
	uint64_t seed;
	int err = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		log_error("the kernel gives no random number: %s", strerror(errno));
		return -EIO;
	}
	for (uint8_t i = 0; i < cfg->worker_count && !err; i++)
		err = session_create(dataplane_worker(dp, i), seed);
	return err;
}

static void destroy_sessions(const struct config *cfg, struct dataplane *dp) {
	for (uint8_t i = 0; i < cfg->worker_count; i++)
		session_destroy(dataplane_worker(dp, i));
}

// From the first call to the last.
static int serve(const struct config *cfg, struct dataplane *dp) {
	struct control *control = NULL;
	int err = control_open(cfg, dp, &control);

	if (!err)
		err = dataplane_run(dp, &session_stages);
	if (!err)
		control_run(control);
	control_close(control);
	dataplane_halt(dp);
	return err;
}

static int run(const char *file) {
	struct config *cfg = read_config(file);
	struct dataplane *dp;
	int err;

	if (!cfg)
		return 1;
	log_level_set(cfg->log_level);
	control_block_signals();
	err = dataplane_start(cfg, &dp);
	if (!err) {
		err = create_sessions(cfg, dp);
		if (!err)
			err = serve(cfg, dp);
		destroy_sessions(cfg, dp);
		dataplane_stop(dp);
	}
	config_free(cfg);
	return err ? 1 : 0;
}

int main(int argc, char **argv) {
	if (argc == 3 && strcmp(argv[1], "check") == 0)
		return control_check(argv[2]);
	if (argc == 2 && strcmp(argv[1], "config-reference") == 0)
		return control_config_reference();
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("tandem %s\n", TANDEM_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		return run(argv[2]);
	return usage(stderr);
}
