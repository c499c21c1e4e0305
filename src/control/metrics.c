// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "control/core.h"
#include "control/http.h"

struct metrics {
	const struct control *c;
	struct http *http;
	double started_s;    // since 1970
	double scrape_s;     // what the last one took
	const char *problem; // that was logged already
};

static double now_s(clockid_t clock) {
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool allows(void *ctx, const struct ip_addr *peer) {
	const struct metrics *m = ctx;
	const struct config_metrics *cfg = &m->c->cfg->metrics;

	for (uint32_t i = 0; i < cfg->allow_count; i++)
		if (ip_prefix_holds(&cfg->allow[i], peer))
			return true;
	return false;
}

static void put_self(struct metrics_text *t, const struct metrics *m) {
	const struct http_counts *counts = http_counts(m->http);
	const struct {
		const char *outcome;
		uint64_t count;
	} rows[] = {
		{"answered", counts->answered},
		{"refused", counts->refused},
		{"full", counts->full},
		{"late", counts->late},
		{"broken", counts->broken},
	};

	metrics_family(
		t,
		"tandem_metrics_connections_total",
		METRICS_COUNTER,
		"connections to this listener, by what became of them"
	);
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		metrics_label(t, "outcome", rows[i].outcome);
		metrics_number(t, rows[i].count);
	}
	metrics_family(
		t,
		"tandem_metrics_scrape_seconds",
		METRICS_GAUGE,
		"how long the control core wrote at the answer before this"
	);
	metrics_real(t, m->scrape_s);
}

static void answer_metrics(struct metrics *m, struct http_answer *answer) {
	struct metrics_text *t = metrics_text_new();
	double began_s = now_s(CLOCK_MONOTONIC);
	const char *problem = NULL;

	*answer = (struct http_answer){.status = 200, .type = METRICS_TYPE};
	if (!t)
		return;
	metrics_put_all(t, m->c);
	metrics_put_process(t, m->started_s);
	put_self(t, m);
	answer->text = metrics_text_end(t, &answer->len, &problem);
	m->scrape_s = now_s(CLOCK_MONOTONIC) - began_s;
	if (problem && problem != m->problem)
		log_error("metrics: %s", problem);
	m->problem = problem;
}

// 503 and a line for each worker that stands still.
static void answer_health(const struct control *c, struct http_answer *answer) {
	FILE *out = open_memstream(&answer->text, &answer->len);

	answer->status = 200;
	answer->type = "text/plain; charset=utf-8";
	if (!out)
		return;
	for (uint32_t i = 0; i < c->cfg->worker_count; i++) {
		if (!watch_stands_still(&c->watch[i]))
			continue;
		answer->status = 503;
		fprintf(out,
			"worker %u on CPU %u has stood still for %lu ms\n",
			i,
			c->cfg->worker_cpu[i],
			(unsigned long)c->watch[i].still * TICK_MS);
	}
	if (answer->status == 200)
		fputs("ok\n", out);
	if (fclose(out) != 0) {
		free(answer->text);
		answer->text = NULL;
	}
}

static void answer_unknown(struct http_answer *answer) {
	static const char text[] = "there are /metrics and /healthz\n";

	*answer = (struct http_answer
	){.status = 404, .type = "text/plain; charset=utf-8", .text = strdup(text), .len = sizeof(text) - 1};
}

static void get(void *ctx, struct str path, struct http_answer *ret_answer) {
	struct metrics *m = ctx;

	if (str_eq(path, STR("/metrics")))
		answer_metrics(m, ret_answer);
	else if (str_eq(path, STR("/healthz")))
		answer_health(m->c, ret_answer);
	else
		answer_unknown(ret_answer);
}

int metrics_open(const struct control *c, struct metrics **ret_metrics) {
	struct metrics *m = calloc(1, sizeof(*m));
	const struct http_backend backend = {.allows = allows, .get = get, .ctx = m};
	char address[ENDPOINT_TEXT_MAX];
	int err;

	if (!m)
		return -ENOMEM;
	m->c = c;
	m->started_s = now_s(CLOCK_REALTIME);
	endpoint_format(&c->cfg->metrics.listen, address);
	err = http_open(loop_base(c->loop), &c->cfg->metrics.listen, &backend, HTTP_DEADLINE_MS, &m->http);
	if (err) {
		log_error(
			"metrics.listen: %s cannot be listened on: %s; write an address of this machine and a free "
			"port",
			address,
			strerror(-err)
		);
		free(m);
		return err;
	}
	log_info("metrics on http://%s/metrics", address);
	*ret_metrics = m;
	return 0;
}

void metrics_close(struct metrics *m) {
	if (!m)
		return;
	http_close(m->http);
	free(m);
}
