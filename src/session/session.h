// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What a worker keeps of calls, and the stages of its loop (worker_stages) that make it a SIP proxy.
#pragma once

#include "dataplane/worker.h"

struct session;

// Tables, pools, timers and locator of one worker, sized by its share of the configuration's capacity. Returns 0 or
// -errno after logging what does not fit. `seed` keys all hashes and minted identifiers: random, and the same for every
// worker. Control core, before the loops run.
int session_create(struct worker *w, uint64_t seed);
void session_destroy(struct worker *w);

// The locator in use: "avx512", "avx2", "scalar", "hyperscan".
const char *session_locator_name(const struct worker *w);

// The stages of a worker that runs SIP sessions.
extern const struct worker_stages session_stages;
