// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What tandem tells of itself; each worker has its own samples, so that nothing has to be added up here but latency.
#include <stdlib.h>

#include "control/config_schema.h"
#include "control/core.h"
#include "control/metrics.h"
#include "session/session.h"

// "drop.no-route" is tandem_drop_no_route_total.
static void counter_name(enum count count, char *out, size_t size) {
	snprintf(out, size, "tandem_%s_total", count_name(count));
	for (; *out; out++)
		if (*out == '.' || *out == '-')
			*out = '_';
}

// With what the control core itself counts, so that the sum is that of `show counters`.
static void put_counters(struct metrics_text *t, const struct control *c) {
	for (enum count count = 0; count < COUNT_COUNT; count++) {
		char name[METRICS_NAME_MAX];

		counter_name(count, name, sizeof(name));
		metrics_family(t, name, METRICS_COUNTER, count_help(count));
		for (uint32_t i = 0; i < c->cfg->worker_count; i++) {
			metrics_label_number(t, "worker", i);
			metrics_number(t, counter_read(&c->worker[i]->count, count));
		}
		metrics_label(t, "worker", "control");
		metrics_number(t, counter_read(dataplane_counters(c->dp), count));
	}
}

#define NARROW(field) .offset = offsetof(struct worker_gauges, field)
#define WIDE(field) .offset = offsetof(struct worker_gauges, field), .is_wide = true

static const struct gauge {
	const char *name, *help;
	const char *state; // of the records counted; rows that differ in it only are one family
	size_t offset;
	bool is_wide;
} gauges[] = {
	// clang-format off
	{.name = "tandem_transactions", .state = "live", NARROW(transactions_live),
	 .help = "transactions: in progress (live), or only answering retransmissions (lingering)"},
	{.name = "tandem_transactions", .state = "lingering", NARROW(transactions_lingering)},
	{.name = "tandem_transactions_max", NARROW(transactions_max), .help = "transactions there were at most at once"},
	{.name = "tandem_transactions_capacity", NARROW(transactions_capacity), .help = "transactions there may be"},
	{.name = "tandem_dialogs", .state = "early", NARROW(dialogs_early), .help = "dialogs held"},
	{.name = "tandem_dialogs", .state = "confirmed", NARROW(dialogs_confirmed)},
	{.name = "tandem_dialogs_max", NARROW(dialogs_max), .help = "dialogs there were at most at once"},
	{.name = "tandem_dialogs_capacity", NARROW(dialogs_capacity), .help = "dialogs there may be"},
	{.name = "tandem_forks", NARROW(forks), .help = "requests with several targets in progress"},
	{.name = "tandem_forks_max", NARROW(forks_max), .help = "such requests there were at most at once"},
	{.name = "tandem_forks_capacity", NARROW(forks_capacity), .help = "such requests there may be"},
	{.name = "tandem_text_used_bytes", WIDE(text_used), .help = "text memory in use"},
	{.name = "tandem_text_capacity_bytes", WIDE(text_capacity), .help = "text memory there is"},
	{.name = "tandem_timers", NARROW(timers), .help = "timers armed"},
	{.name = "tandem_packets_pending", NARROW(packets_pending), .help = "packets that wait for a next hop"},
	// clang-format on
};

static uint64_t gauge_read(const struct worker *w, const struct gauge *gauge) {
	const char *field = (const char *)&w->gauges + gauge->offset;

	return gauge->is_wide ? PEEK(*(const uint64_t *)(const void *)field)
			      : PEEK(*(const uint32_t *)(const void *)field);
}

static void put_gauges(struct metrics_text *t, const struct control *c) {
	for (uint32_t k = 0; k < ARRAY_LEN(gauges); k++) {
		const struct gauge *gauge = &gauges[k];

		if (gauge->help)
			metrics_family(t, gauge->name, METRICS_GAUGE, gauge->help);
		for (uint32_t i = 0; i < c->cfg->worker_count; i++) {
			metrics_label_number(t, "worker", i);
			if (gauge->state)
				metrics_label(t, "state", gauge->state);
			metrics_number(t, gauge_read(c->worker[i], gauge));
		}
	}
}

static void put_workers(struct metrics_text *t, const struct control *c) {
	metrics_family(
		t,
		"tandem_worker_busy_seconds_total",
		METRICS_COUNTER,
		"time in turns of the loop that did something; its rate is the busy share"
	);
	for (uint32_t i = 0; i < c->cfg->worker_count; i++) {
		metrics_label_number(t, "worker", i);
		metrics_real(t, (double)PEEK(c->worker[i]->busy_tsc) / (double)c->tsc_hz);
	}
	metrics_family(
		t, "tandem_worker_still_seconds", METRICS_GAUGE, "how long the worker has stood still; 0 while it turns"
	);
	for (uint32_t i = 0; i < c->cfg->worker_count; i++) {
		const struct watch *watch = &c->watch[i];

		metrics_label_number(t, "worker", i);
		metrics_real(t, watch_stands_still(watch) ? (double)watch->still * TICK_MS / 1000 : 0);
	}
	metrics_family(t, "tandem_worker_info", METRICS_GAUGE, "the CPU of each worker");
	for (uint32_t i = 0; i < c->cfg->worker_count; i++) {
		metrics_label_number(t, "worker", i);
		metrics_label_number(t, "cpu", c->cfg->worker_cpu[i]);
		metrics_number(t, 1);
	}
}

static void put_latency(struct metrics_text *t, const struct control *c) {
	struct hist *hist = malloc(sizeof(*hist));

	metrics_family(
		t,
		"tandem_latency_seconds",
		METRICS_HISTOGRAM,
		"from the receipt of a message to the sending of what it caused"
	);
	for (enum latency_kind kind = LATENCY_NONE + 1; hist && kind < LATENCY_COUNT; kind++) {
		*hist = (struct hist){0};
		for (uint32_t i = 0; i < c->cfg->worker_count; i++)
			hist_merge(hist, &c->worker[i]->latency[kind]);
		metrics_label(t, "kind", latency_kind_name(kind));
		metrics_histogram(t, hist, c->tsc_hz);
	}
	free(hist);
}

static const struct port_count {
	const char *name, *help;
	size_t offset;
} port_counts[] = {
#define PORT(field, help_)                                                                                             \
	{ .name = "tandem_port_" #field "_total", .help = help_, .offset = offsetof(struct port_status, field) }
	PORT(rx_packets, "frames the port received"),
	PORT(rx_bytes, "bytes of those frames"),
	PORT(rx_missed, "frames the port lost because no worker fetched them in time"),
	PORT(rx_errors, "frames the port received damaged"),
	PORT(rx_no_mbuf, "frames the port lost for want of a packet buffer"),
	PORT(tx_packets, "frames the port sent"),
	PORT(tx_bytes, "bytes of those frames"),
	PORT(tx_errors, "frames the port could not send"),
#undef PORT
};

static void put_port_states(struct metrics_text *t, const struct port_status *ports, uint32_t count) {
	metrics_family(t, "tandem_port_up", METRICS_GAUGE, "1 while the port has a link");
	for (uint32_t i = 0; i < count; i++) {
		metrics_label(t, "port", ports[i].name);
		metrics_number(t, ports[i].link_up);
	}
	metrics_family(t, "tandem_port_info", METRICS_GAUGE, "device and driver of each port");
	for (uint32_t i = 0; i < count; i++) {
		metrics_label(t, "port", ports[i].name);
		metrics_label(t, "device", ports[i].device);
		metrics_label(t, "driver", ports[i].driver);
		metrics_number(t, 1);
	}
}

static void put_ports(struct metrics_text *t, const struct control *c) {
	struct port_status ports[PORTS_MAX];
	uint32_t count = c->cfg->port_count;

	for (uint32_t i = 0; i < count; i++)
		dataplane_port_status(c->dp, (uint8_t)i, &ports[i]);
	put_port_states(t, ports, count);
	for (uint32_t k = 0; k < ARRAY_LEN(port_counts); k++) {
		metrics_family(t, port_counts[k].name, METRICS_COUNTER, port_counts[k].help);
		for (uint32_t i = 0; i < count; i++) {
			uint64_t value;

			memcpy(&value, (const char *)&ports[i] + port_counts[k].offset, sizeof(value));
			metrics_label(t, "port", ports[i].name);
			metrics_number(t, value);
		}
	}
}

static void put_whole(struct metrics_text *t, const struct control *c) {
	metrics_family(t, "tandem_build_info", METRICS_GAUGE, "version of tandem, and what it was set to do");
	metrics_label(t, "version", TANDEM_VERSION);
	metrics_label(t, "locator", session_locator_name(c->worker[0]));
	metrics_label(t, "proxy", config_word(&config_section_proxy, "state", (int)c->cfg->proxy_state));
	metrics_number(t, 1);
	metrics_family(
		t, "tandem_config_version", METRICS_GAUGE, "grows by one with each configuration this process has run"
	);
	metrics_number(t, c->cfg->version);
	metrics_family(t, "tandem_draining", METRICS_GAUGE, "1 while new requests are refused before a stop");
	metrics_number(t, c->draining);
}

void metrics_put_all(struct metrics_text *t, const struct control *c) {
	put_whole(t, c);
	put_workers(t, c);
	put_gauges(t, c);
	put_latency(t, c);
	put_ports(t, c);
	put_counters(t, c);
}
