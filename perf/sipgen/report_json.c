// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

static json_int_t integer(uint64_t value) {
	return (json_int_t)value;
}

static void put_integer(json_t *object, const char *key, uint64_t value) {
	json_object_set_new(object, key, json_integer(integer(value)));
}

static json_t *messages_json(const struct stats *stats) {
	json_t *all = json_object();

	for (unsigned i = 0; i < MESSAGE_COUNT; i++) {
		json_t *one;

		if (stats->sent[i] + stats->resent[i] + stats->received[i] + stats->repeated[i] == 0)
			continue;
		one = json_object();
		put_integer(one, "sent", stats->sent[i]);
		put_integer(one, "sent_again", stats->resent[i]);
		put_integer(one, "received", stats->received[i]);
		put_integer(one, "came_again", stats->repeated[i]);
		json_object_set_new(all, message_infos[i].name, one);
	}
	return all;
}

// Every reason is there, so that who reads it need not know which could be missing.
static json_t *reasons_json(const uint64_t *counts, const struct reason_info *infos, unsigned count) {
	json_t *all = json_object();

	for (unsigned i = 1; i < count; i++)
		put_integer(all, infos[i].key, counts[i]);
	return all;
}

static json_t *statuses_json(const struct stats *stats) {
	json_t *all = json_object();
	char key[8];

	for (unsigned i = 100; i < STATUS_MAX; i++) {
		if (!stats->status[i])
			continue;
		snprintf(key, sizeof(key), "%u", i);
		put_integer(all, key, stats->status[i]);
	}
	return all;
}

static json_t *hist_json(const struct run *run, const struct hist *hist) {
	static const struct {
		const char *key;
		uint32_t share;
	} shares[] = {
		{.key = "p50", .share = 5000},
		{.key = "p90", .share = 9000},
		{.key = "p99", .share = 9900},
		{.key = "p99.9", .share = 9990},
		{.key = "p99.99", .share = 9999},
		{.key = "max", .share = 10000},
	};
	double hz = (double)run->hz;
	json_t *one = json_object();

	put_integer(one, "count", hist_total(hist));
	for (unsigned i = 0; i < ARRAY_LEN(shares); i++)
		json_object_set_new(
			one, shares[i].key, json_real((double)hist_percentile(hist, shares[i].share) * 1e6 / hz)
		);
	return one;
}

static json_t *spans_json(const struct run *run, const struct stats *stats) {
	json_t *all = json_object();

	for (unsigned i = 0; i < SPAN_COUNT; i++) {
		const struct span_stats *span = &stats->span[i];
		json_t *one;

		if (!hist_total(&span->all))
			continue;
		one = json_object();
		json_object_set_new(one, "all", hist_json(run, &span->all));
		json_object_set_new(one, "undisturbed", hist_json(run, &span->clean));
		json_object_set_new(all, span_name(i), one);
	}
	return all;
}

static json_t *stats_json(const struct stats *stats) {
	json_t *one = json_object();

	put_integer(one, "started", stats->started);
	put_integer(one, "answered", stats->answered);
	put_integer(one, "completed", stats->completed);
	put_integer(one, "failed", stats->failed);
	put_integer(one, "not_started", stats->skipped);
	put_integer(one, "without_100", stats->missed_100);
	put_integer(one, "wrong", stats_wrong(stats));
	put_integer(one, "sent_again", stats_resent(stats));
	put_integer(one, "came_again", stats_repeated(stats));
	return one;
}

static json_t *steps_json(const struct run *run) {
	json_t *all = json_array();

	for (uint32_t i = 0; i < run->step_count; i++) {
		const struct step *step = &run->steps[i];
		json_t *one = json_object();

		json_object_set_new(one, "rate", json_real(step->rate));
		json_object_set_new(one, "passed", json_boolean(step->passed));
		put_integer(one, "calls", step->calls);
		put_integer(one, "failed", step->failed);
		put_integer(one, "wrong", step->wrong);
		put_integer(one, "sent_again", step->resent);
		put_integer(one, "came_again", step->repeated);
		put_integer(one, "dropped", step->dropped);
		json_object_set_new(one, "behind", json_real(step->behind));
		json_object_set_new(one, "away_ms", json_real(step->away_ms));
		json_object_set_new(one, "setup_p99_us", json_real(step->setup_p99_us));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *ports_json(const struct run *run) {
	json_t *all = json_array();

	for (uint32_t i = 0; i < run->net.port_count; i++) {
		const struct net_port *port = &run->net.ports[i];
		json_t *one = json_object();

		put_integer(one, "frames_in", port->frames_in);
		put_integer(one, "frames_out", port->frames_out);
		put_integer(one, "dropped", port->dropped);
		put_integer(one, "other_frames", port->other_frames);
		put_integer(one, "full_turns", port->full_turns);
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *run_json(const struct run *run) {
	const struct engine *e = &run->e;
	const struct stats *stats = &e->stats[1];
	json_t *root = json_object();

	json_object_set_new(root, "good", json_boolean(report_is_good(run)));
	json_object_set_new(root, "scenario", json_string(scenario_name(run->o->scenario)));
	json_object_set_new(root, "wanted_rate", json_real(run->o->rate));
	json_object_set_new(root, "seconds", json_real(run->measured_s));
	json_object_set_new(
		root, "rate", json_real(run->measured_s > 0 ? (double)stats->started / run->measured_s : 0)
	);
	json_object_set_new(root, "behind", json_real(run->behind));
	put_integer(root, "completed_in_time", run->completed_in_time);
	put_integer(root, "most_at_once", run->peak);
	put_integer(root, "dialogs", run->o->dialogs);
	put_integer(root, "invite_bytes", e->texts.invite_len);
	json_object_set_new(root, "calls", stats_json(stats));
	json_object_set_new(root, "not_measured", stats_json(&e->stats[0]));
	json_object_set_new(root, "messages", messages_json(stats));
	json_object_set_new(root, "failures", reasons_json(stats->failure, failure_infos, FAILURE_COUNT));
	json_object_set_new(root, "wrong", reasons_json(stats->wrong, wrong_infos, WRONG_COUNT));
	json_object_set_new(root, "statuses", statuses_json(stats));
	json_object_set_new(root, "latency_us", spans_json(run, stats));
	json_object_set_new(root, "ports", ports_json(run));
	put_integer(root, "leftovers", e->leftovers);
	put_integer(root, "no_buffer", e->no_buffer);
	put_integer(root, "gaps", e->gaps.count);
	json_object_set_new(root, "gaps_ms", json_real((double)e->gaps.cycles * 1e3 / (double)run->hz));
	if (run->o->find_max) {
		json_object_set_new(root, "found_rate", json_real(run->found));
		json_object_set_new(root, "steps", steps_json(run));
	}
	return root;
}

int report_json(const struct run *run, const char *path) {
	return json_write(run_json(run), path);
}

int json_write(json_t *root, const char *path) {
	bool to_stdout = strcmp(path, "-") == 0;
	size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(10);
	int rc = to_stdout ? json_dumpf(root, stdout, flags) : json_dump_file(root, path, flags);

	json_decref(root);
	if (to_stdout)
		putchar('\n');
	if (rc == 0)
		return 0;
	fprintf(stderr, "sipgen: cannot write %s\n", path);
	return -EIO;
}
