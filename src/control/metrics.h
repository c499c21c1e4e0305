// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Metrics for Prometheus over HTTP (docs/metrics.md): GET /metrics shows what `show counters`, `show status`, `show
// workers`, `show ports` and `show latency` do, /healthz whether all workers turn. Reading is relaxed loads of what the
// workers write anyway.
#pragma once

#include "control/metrics_text.h"

struct control;
struct metrics;
struct http_counts;

// Listens where the configuration says. Returns 0 or -errno after logging.
int metrics_open(const struct control *c, struct metrics **ret_metrics);

// NULL is fine.
void metrics_close(struct metrics *metrics);

// metrics_families.c: all that tandem tells of itself.
void metrics_put_all(struct metrics_text *t, const struct control *c);

// metrics_process.c: what the kernel knows of this process, under the names all Prometheus clients use. `started_s`:
// seconds since 1970.
void metrics_put_process(struct metrics_text *t, double started_s);
