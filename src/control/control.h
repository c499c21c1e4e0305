// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The control core as main sees it: an event loop on the EAL main thread that watches the dataplane's descriptors, the
// control socket and the signals. It sleeps while nothing happens and never waits for a worker.
#pragma once

#include "base/config.h"

struct dataplane;

// `tandem check`: prints "FILE: OK" and what the file sets up, or the problems to standard error. Returns the exit
// code, 0 or 1.
int control_check(const char *file);

// `tandem config-reference`: docs/configuration.md on standard output. Returns the exit code.
int control_config_reference(void);

// First thing in main, before any thread is made: threads inherit the mask, so that SIGTERM, SIGINT and SIGHUP reach
// only the control core, which opens them in control_run. Ignores SIGPIPE.
void control_block_signals(void);

// Runs until SIGTERM or SIGINT has drained the calls (or their time is up, or a second signal came). The workers run
// before and after. Returns 0; or -errno after logging, when it could not start (the socket is taken, for example).
int control_run(const struct config *cfg, struct dataplane *dp);
