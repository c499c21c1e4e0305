// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The control core as main sees it: an event loop on the EAL main thread that watches the dataplane's descriptors, the
// control socket and the signals. It sleeps while nothing happens and never waits for a worker.
#pragma once

#include "base/config.h"

struct dataplane;
struct control;

// `tandem check`: prints "FILE: OK" and what the file sets up, or the problems to standard error. Returns the exit
// code, 0 or 1.
int control_check(const char *file);

// `tandem config-reference`: docs/configuration.md on standard output. Returns the exit code.
int control_config_reference(void);

// First thing in main, before any thread is made: threads inherit the mask, so that SIGTERM, SIGINT and SIGHUP reach
// only the control core, which opens them in control_run. Ignores SIGPIPE.
void control_block_signals(void);

// Opens the control socket and takes the dataplane's events. Before the workers run, so that no call is taken by a
// tandem that cannot be controlled. Returns 0, or -errno after logging (the socket is taken, for example).
int control_open(const struct config *cfg, struct dataplane *dp, struct control **ret_control);

// Runs until SIGTERM or SIGINT has drained the calls (or their time is up, or a second signal came).
void control_run(struct control *c);

// While the workers still run, if they ever did: what was asked of them comes back first. NULL is fine.
void control_close(struct control *c);
