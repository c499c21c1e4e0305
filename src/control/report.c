// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/config.h"
#include "control/config_schema.h"
#include "control/core.h"
#include "session/session.h"

static void put(json_t *object, const char *key, uint64_t value) {
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static double round_to(double value, double steps) {
	return (double)(uint64_t)(value * steps + 0.5) / steps;
}

static void put_real(json_t *object, const char *key, double value) {
	json_object_set_new(object, key, json_real(value));
}

static json_t *child(json_t *object, const char *key) {
	json_t *made = json_object();

	json_object_set_new(object, key, made);
	return made;
}

// Sum of the counters whose name begins with `prefix`.
static uint64_t count_group(const struct control *c, const char *prefix) {
	uint64_t sum = 0;

	for (enum count count = 0; count < COUNT_COUNT; count++)
		if (strncmp(count_name(count), prefix, strlen(prefix)) == 0)
			sum += control_count(c, count);
	return sum;
}

static double calls_per_second(const struct control *c, uint32_t seconds) {
	const struct sample *new, *old;
	double cycles;

	if (!sample_span(c, seconds * SAMPLES_PER_S, &new, &old))
		return 0;
	cycles = (double)(new->tsc - old->tsc);
	return round_to((double)(new->calls_started - old->calls_started) * (double)c->tsc_hz / cycles, 10);
}

// Gauges of all workers together. The high-water marks are sums too, so an upper bound of the moment all were at once.
static struct worker_gauges gauges_sum(const struct control *c) {
	struct worker_gauges sum = {0};

	for (uint32_t i = 0; i < c->cfg->worker_count; i++) {
		const struct worker_gauges *g = &c->worker[i]->gauges;

		sum.transactions_live += PEEK(g->transactions_live);
		sum.transactions_lingering += PEEK(g->transactions_lingering);
		sum.transactions_max += PEEK(g->transactions_max);
		sum.transactions_capacity += PEEK(g->transactions_capacity);
		sum.dialogs_early += PEEK(g->dialogs_early);
		sum.dialogs_confirmed += PEEK(g->dialogs_confirmed);
		sum.dialogs_max += PEEK(g->dialogs_max);
		sum.dialogs_capacity += PEEK(g->dialogs_capacity);
		sum.forks += PEEK(g->forks);
		sum.forks_max += PEEK(g->forks_max);
		sum.forks_capacity += PEEK(g->forks_capacity);
		sum.text_used += PEEK(g->text_used);
		sum.text_capacity += PEEK(g->text_capacity);
		sum.timers += PEEK(g->timers);
		sum.packets_pending += PEEK(g->packets_pending);
	}
	return sum;
}

static void put_gauges(json_t *object, const struct worker_gauges *g) {
	json_t *transactions = child(object, "transactions");
	json_t *dialogs = child(object, "dialogs");
	json_t *forks = child(object, "forks");
	json_t *text = child(object, "text");

	put(transactions, "live", g->transactions_live);
	put(transactions, "lingering", g->transactions_lingering);
	put(transactions, "max", g->transactions_max);
	put(transactions, "capacity", g->transactions_capacity);
	put(dialogs, "early", g->dialogs_early);
	put(dialogs, "confirmed", g->dialogs_confirmed);
	put(dialogs, "max", g->dialogs_max);
	put(dialogs, "capacity", g->dialogs_capacity);
	put(forks, "used", g->forks);
	put(forks, "max", g->forks_max);
	put(forks, "capacity", g->forks_capacity);
	put(text, "used", g->text_used);
	put(text, "capacity", g->text_capacity);
	put(object, "timers", g->timers);
	put(object, "packets_pending", g->packets_pending);
}

static void put_totals(json_t *status, const struct control *c) {
	json_t *calls = child(status, "calls");
	json_t *messages = child(status, "messages");
	json_t *retransmissions = child(status, "retransmissions");

	put(calls, "started", control_count(c, COUNT_CALLS_STARTED));
	put(calls, "answered", control_count(c, COUNT_CALLS_ANSWERED));
	put(calls, "failed", control_count(c, COUNT_CALLS_FAILED));
	put_real(calls, "per_second_1s", calls_per_second(c, 1));
	put_real(calls, "per_second_10s", calls_per_second(c, 10));
	put(messages, "in", control_count(c, COUNT_MSG_REQUESTS_IN) + control_count(c, COUNT_MSG_RESPONSES_IN));
	put(messages, "out", control_count(c, COUNT_TX_SIP));
	put(retransmissions,
	    "in",
	    control_count(c, COUNT_RETRANSMIT_REQUESTS_IN) + control_count(c, COUNT_RETRANSMIT_RESPONSES_IN));
	put(retransmissions,
	    "out",
	    control_count(c, COUNT_RETRANSMIT_REQUESTS_OUT) + control_count(c, COUNT_RETRANSMIT_RESPONSES_OUT));
	put(status, "drops", count_group(c, "drop."));
	put(status, "refusals", count_group(c, "sip.") + count_group(c, "refused."));
}

static json_t *port_drivers(const struct control *c) {
	json_t *ports = json_array();

	for (uint8_t i = 0; i < c->cfg->port_count; i++) {
		struct port_status port;

		dataplane_port_status(c->dp, i, &port);
		json_array_append_new(
			ports,
			json_pack("{s:s, s:s, s:b}", "name", port.name, "driver", port.driver, "up", (int)port.link_up)
		);
	}
	return ports;
}

json_t *report_status(const struct control *c) {
	const struct worker_gauges gauges = gauges_sum(c);
	json_t *status = json_object(), *config = json_object();

	json_object_set_new(status, "version", json_string(TANDEM_VERSION));
	put(status, "pid", (uint64_t)getpid());
	put_real(status, "uptime_s", round_to((double)(control_now_ms() - c->started_ms) / 1000, 10));
	json_object_set_new(status, "state", json_string(c->draining ? "draining" : "running"));
	json_object_set_new(config, "file", json_string(c->cfg->file));
	put(config, "version", c->cfg->version);
	json_object_set_new(status, "config", config);
	json_object_set_new(status, "hugepages", json_boolean(dataplane_uses_huge_pages(c->dp)));
	json_object_set_new(status, "ports", port_drivers(c));
	put(status, "workers", c->cfg->worker_count);
	json_object_set_new(status, "locator", json_string(session_locator_name(c->worker[0])));
	json_object_set_new(
		status, "proxy", json_string(config_word(&config_section_proxy, "state", (int)c->cfg->proxy_state))
	);
	json_object_set_new(status, "idle", json_string(config_word(&config_section_cores, "idle", (int)c->cfg->idle)));
	put_totals(status, c);
	put_gauges(status, &gauges);
	return status;
}

static json_t *port_json(const struct port_status *port) {
	json_t *object = json_object();
	json_t *rx = json_object(), *tx = json_object();

	json_object_set_new(object, "name", json_string(port->name));
	json_object_set_new(object, "device", json_string(port->device));
	json_object_set_new(object, "driver", json_string(port->driver));
	json_object_set_new(object, "tap", json_string(port->tap));
	json_object_set_new(object, "up", json_boolean(port->link_up));
	put(object, "speed_mbps", port->speed_mbps);
	json_object_set_new(
		object,
		"mac",
		json_sprintf(
			"%02x:%02x:%02x:%02x:%02x:%02x",
			port->mac[0],
			port->mac[1],
			port->mac[2],
			port->mac[3],
			port->mac[4],
			port->mac[5]
		)
	);
	put(object, "mtu", port->mtu);
	put(rx, "queues", port->rx_queues);
	put(rx, "packets", port->rx_packets);
	put(rx, "bytes", port->rx_bytes);
	put(rx, "missed", port->rx_missed);
	put(rx, "errors", port->rx_errors);
	put(rx, "no_buffer", port->rx_no_mbuf);
	json_object_set_new(rx, "checksum_offload", json_boolean(port->checksum_offload_rx));
	put(tx, "queues", port->tx_queues);
	put(tx, "packets", port->tx_packets);
	put(tx, "bytes", port->tx_bytes);
	put(tx, "errors", port->tx_errors);
	json_object_set_new(tx, "checksum_offload", json_boolean(port->checksum_offload_tx));
	json_object_set_new(object, "rx", rx);
	json_object_set_new(object, "tx", tx);
	return object;
}

json_t *report_ports(const struct control *c) {
	json_t *ports = json_array();

	for (uint8_t i = 0; i < c->cfg->port_count; i++) {
		struct port_status port;

		dataplane_port_status(c->dp, i, &port);
		json_array_append_new(ports, port_json(&port));
	}
	return json_pack("{s:o}", "ports", ports);
}

static double busy_percent(const struct control *c, uint32_t worker) {
	const struct sample *new, *old;
	double busy;

	if (!sample_span(c, SAMPLES_PER_S, &new, &old))
		return 0;
	busy = 100.0 * (double)(new->busy_tsc[worker] - old->busy_tsc[worker]) / (double)(new->tsc - old->tsc);
	return round_to(busy > 100 ? 100 : busy, 10);
}

static json_t *worker_json(const struct control *c, uint32_t i) {
	const struct worker *w = c->worker[i];
	const struct worker_gauges *gauges = &w->gauges;
	json_t *object = json_object();

	put(object, "id", i);
	put(object, "cpu", c->cfg->worker_cpu[i]);
	put(object, "still_ms", watch_stands_still(&c->watch[i]) ? (uint64_t)c->watch[i].still * TICK_MS : 0);
	put_real(object, "busy_percent", busy_percent(c, i));
	put(object, "busy_cycles", PEEK(w->busy_tsc));
	put(object, "sip", counter_read(&w->count, COUNT_RX_SIP));
	put(object, "owned", counter_read(&w->count, COUNT_RX_SIP_OWNED));
	put(object, "misplaced", counter_read(&w->count, COUNT_RX_SIP_MISPLACED));
	put(object, "handed_out", counter_read(&w->count, COUNT_HANDOFF_OUT));
	put(object, "handed_in", counter_read(&w->count, COUNT_HANDOFF_IN));
	put(object, "calls", counter_read(&w->count, COUNT_CALLS_STARTED));
	put_gauges(object, gauges);
	return object;
}

json_t *report_workers(const struct control *c) {
	json_t *workers = json_array();

	for (uint32_t i = 0; i < c->cfg->worker_count; i++)
		json_array_append_new(workers, worker_json(c, i));
	return json_pack("{s:o, s:I}", "workers", workers, "tsc_hz", (json_int_t)c->tsc_hz);
}

json_t *report_counters(const struct control *c, bool nonzero) {
	json_t *counters = json_object();

	for (enum count count = 0; count < COUNT_COUNT; count++) {
		json_t *workers = json_array();
		uint64_t sum = control_count(c, count); // with what the control core itself dropped

		for (uint32_t i = 0; i < c->cfg->worker_count; i++)
			json_array_append_new(
				workers, json_integer((json_int_t)counter_read(&c->worker[i]->count, count))
			);
		if (nonzero && sum == 0) {
			json_decref(workers);
			continue;
		}
		json_object_set_new(
			counters,
			count_name(count),
			json_pack(
				"{s:I, s:o, s:s}", "sum", (json_int_t)sum, "workers", workers, "help", count_help(count)
			)
		);
	}
	return json_pack("{s:o}", "counters", counters);
}

static json_t *latency_json(const struct control *c, const char *kind, const struct hist *hist) {
	static const struct {
		const char *name;
		uint32_t per_10000;
	} marks[] = {
		{"p50_us", 5000},
		{"p90_us", 9000},
		{"p99_us", 9900},
		{"p999_us", 9990},
		{"p9999_us", 9999},
	};
	json_t *object = json_object();
	double per_us = (double)c->tsc_hz / 1e6;
	uint64_t total = hist_total(hist);

	json_object_set_new(object, "kind", json_string(kind));
	put(object, "count", total);
	put_real(object, "mean_us", total ? round_to((double)hist->sum / (double)total / per_us, 100) : 0);
	for (uint32_t i = 0; i < ARRAY_LEN(marks); i++)
		put_real(
			object, marks[i].name, round_to((double)hist_percentile(hist, marks[i].per_10000) / per_us, 100)
		);
	put_real(object, "max_us", round_to((double)hist->max / per_us, 100));
	return object;
}

json_t *report_latency(const struct control *c) {
	struct hist *all = calloc(1, sizeof(*all)), *one = calloc(1, sizeof(*one));
	json_t *list = json_array();

	if (!all || !one) {
		free(all);
		free(one);
		json_decref(list);
		return NULL;
	}
	for (enum latency_kind kind = LATENCY_NONE + 1; kind < LATENCY_COUNT; kind++) {
		*one = (struct hist){0};
		for (uint32_t i = 0; i < c->cfg->worker_count; i++)
			hist_merge(one, &c->worker[i]->latency[kind]);
		hist_merge(all, one);
		json_array_append_new(list, latency_json(c, latency_kind_name(kind), one));
	}
	json_array_append_new(list, latency_json(c, "all", all));
	*one = (struct hist){0};
	for (uint32_t i = 0; i < c->cfg->worker_count; i++)
		hist_merge(one, &c->worker[i]->undisturbed);
	if (hist_total(one) > 0)
		json_array_append_new(list, latency_json(c, "undisturbed", one));
	free(all);
	free(one);
	return json_pack("{s:o}", "latency", list);
}

static const struct {
	const char *name, *help;
} stages[STAGE_COUNT] = {
#define X(id, name_, help_) [STAGE_##id] = {.name = name_, .help = help_},
	STAGES(X)
#undef X
};

// What the workers counted, with what the probes cost taken off. Each worker's own probe, since cores may differ.
static uint64_t stages_sum(const struct control *c, uint64_t cycles[STAGE_COUNT]) {
	uint64_t messages = 0;

	for (uint32_t i = 0; i < c->cfg->worker_count; i++) {
		const struct stage_totals *totals = &c->worker[i]->stages;

		messages += PEEK(totals->messages);
		for (uint32_t k = 0; k < STAGE_COUNT; k++) {
			uint64_t spent = PEEK(totals->cycles[k]);
			uint64_t probes = PEEK(totals->entries[k]) * PEEK(totals->probe_cycles) / STAGE_PROBES;

			cycles[k] += spent > probes ? spent - probes : 0;
		}
	}
	return messages;
}

json_t *report_stages(const struct control *c) {
	uint64_t cycles[STAGE_COUNT] = {0}, messages = stages_sum(c, cycles), all = 0;
	json_t *list = json_array();

	for (uint32_t i = 0; i < STAGE_COUNT; i++)
		all += cycles[i];
	for (uint32_t i = 0; i < STAGE_COUNT; i++) {
		json_t *row = json_pack("{s:s}", "stage", stages[i].name);

		put_real(row, "cycles", messages ? round_to((double)cycles[i] / (double)messages, 10) : 0);
		put_real(row, "percent", all ? round_to(100.0 * (double)cycles[i] / (double)all, 10) : 0);
		json_object_set_new(row, "help", json_string(stages[i].help));
		json_array_append_new(list, row);
	}
	return json_pack(
		"{s:b, s:I, s:f, s:f, s:o}",
		"on",
		(int)worker_flag(&c->worker[0]->measure),
		"messages",
		(json_int_t)messages,
		"cycles",
		messages ? round_to((double)all / (double)messages, 10) : 0.0,
		"probe_cycles",
		round_to((double)PEEK(c->worker[0]->stages.probe_cycles) / STAGE_PROBES, 10),
		"stages",
		list
	);
}

json_t *report_config(const struct control *c) {
	char *text = config_dump(c->cfg);
	json_t *config = text ? json_loads(text, 0, NULL) : NULL;

	free(text);
	if (!config)
		return NULL;
	return json_pack(
		"{s:s, s:I, s:o}", "file", c->cfg->file, "version", (json_int_t)c->cfg->version, "config", config
	);
}
