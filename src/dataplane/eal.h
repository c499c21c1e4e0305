// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Start and end of DPDK's environment (EAL). Once per process: EAL cannot start a second time.
#pragma once

#include "base/config.h"

// Checks the CPUs, decides on huge pages and starts EAL with the calling thread as its main core (pinned to the control
// CPU) and one lcore per worker. Logs and returns -errno on failure.
int eal_start(const struct config *cfg, bool *ret_huge);
void eal_stop(void);

// The lcore worker id runs on.
static inline unsigned eal_lcore(uint8_t worker) {
	return worker + 1u;
}
