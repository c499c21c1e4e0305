// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Cores, timers, capacity and the rest: single values and how they go together.
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config_build.h"
#include "sip/screen.h"

// Least share of a worker, and of a worker's queue on a port.
#define WORKER_TRANSACTIONS_MIN 16
#define WORKER_DIALOGS_MIN 16
#define WORKER_TEXT_MB_MIN 2
#define WORKER_TEXT_MB_MAX 65536
#define QUEUE_PACKETS_MIN 1024

#define METRICS_PORT 9464

static void check_cpu(struct build *b, const char *path, uint32_t cpu) {
	if (cpu < b->cpu_count)
		return;
	config_problem(
		b->tree,
		path,
		"CPU %u does not exist; this machine has CPUs 0 to %u",
		cpu,
		b->cpu_count ? b->cpu_count - 1 : 0
	);
}

static void warn_shared_cpu(struct build *b, const char *path, uint32_t cpu, const char *with) {
	log_warning(
		"%s:%u: %s: CPU %u is shared with %s, which is for tests only",
		b->tree->file,
		config_line(b->tree, path),
		path,
		cpu,
		with
	);
}

void build_cores(struct build *b) {
	const struct raw_cores *raw = &b->raw->cores;
	struct config *cfg = b->cfg;

	cfg->control_cpu = (uint16_t)CHOSEN(raw, cores, control);
	cfg->idle = (enum idle_mode)CHOSEN(raw, cores, idle);
	cfg->idle_sleep_max_us = CHOSEN(raw, cores, idle_sleep_max_us);
	check_cpu(b, "cores.control", cfg->control_cpu);
	for (uint32_t i = 0; i < raw->workers_count; i++) {
		uint32_t cpu = raw->workers[i];
		bool shared = false;
		PATH(path, "cores.workers[%u]", i);

		check_cpu(b, path, cpu);
		for (uint32_t k = 0; k < i; k++)
			shared |= raw->workers[k] == cpu;
		if (shared)
			warn_shared_cpu(b, path, cpu, "another worker");
		else if (cpu == cfg->control_cpu && cfg->idle == IDLE_SPIN)
			warn_shared_cpu(b, path, cpu, "the control core");
		cfg->worker_cpu[cfg->worker_count++] = (uint16_t)cpu;
	}
}

static uint32_t or_else(const uint32_t *value, uint64_t otherwise) {
	return value ? *value : (uint32_t)otherwise;
}

void build_timers(struct build *b) {
	const struct raw_timers *raw = &b->raw->timers;
	struct config_timers *timers = &b->cfg->timers;
	uint64_t t1_64;

	timers->t1_ms = CHOSEN(raw, timers, t1);
	timers->t2_ms = CHOSEN(raw, timers, t2);
	timers->t4_ms = CHOSEN(raw, timers, t4);
	timers->c_ms = CHOSEN(raw, timers, c);
	timers->dialog_max_ms = CHOSEN(raw, timers, dialog_max);
	t1_64 = 64 * (uint64_t)timers->t1_ms;
	timers->b_ms = or_else(raw->b, t1_64);
	timers->d_ms = or_else(raw->d, t1_64 > 32000 ? t1_64 : 32000);
	timers->f_ms = or_else(raw->f, t1_64);
	timers->h_ms = or_else(raw->h, t1_64);
	timers->i_ms = or_else(raw->i, timers->t4_ms);
	timers->j_ms = or_else(raw->j, t1_64);
	timers->k_ms = or_else(raw->k, timers->t4_ms);
	timers->l_ms = or_else(raw->l, t1_64);
	timers->m_ms = or_else(raw->m, t1_64);
	if (timers->t2_ms < timers->t1_ms)
		config_problem(
			b->tree,
			"timers.t2",
			"%u is less than t1 (%u); allowed is t1 or more",
			timers->t2_ms,
			timers->t1_ms
		);
	if (timers->c_ms <= TIMER_C_BELOW_MS && !(raw->c_may_be_short && *raw->c_may_be_short))
		config_problem(
			b->tree,
			"timers.c",
			"%u is not more than the %u of RFC 3261; write more than that, or `c_may_be_short: true`",
			timers->c_ms,
			TIMER_C_BELOW_MS
		);
}

static void want_share(struct build *b, const char *path, uint64_t value, uint64_t least, const char *what) {
	if (value < least)
		config_problem(
			b->tree,
			path,
			"%lu is too small for %u workers and %u ports; allowed are %lu %s or more",
			value,
			b->cfg->worker_count,
			b->cfg->port_count,
			least,
			what
		);
}

// Records name text by 32 bits, in units of 16 bytes.
static void want_nameable(struct build *b, uint32_t text_mb) {
	uint64_t most = (uint64_t)b->cfg->worker_count * WORKER_TEXT_MB_MAX;

	if (text_mb > most)
		config_problem(
			b->tree,
			"capacity.text_mb",
			"%u is too large for %u workers; allowed are %lu MiB or less, %u for each",
			text_mb,
			b->cfg->worker_count,
			most,
			WORKER_TEXT_MB_MAX
		);
}

void build_capacity(struct build *b) {
	const struct raw_capacity *raw = &b->raw->capacity;
	struct config_capacity *capacity = &b->cfg->capacity;
	uint32_t workers = b->cfg->worker_count, text_mb = CHOSEN(raw, capacity, text_mb);

	*capacity = (struct config_capacity){
		.transactions = CHOSEN(raw, capacity, transactions),
		.dialogs = CHOSEN(raw, capacity, dialogs),
		.forks = CHOSEN(raw, capacity, forks),
		.text_bytes = (uint64_t)text_mb << 20,
		.packets = CHOSEN(raw, capacity, packets),
		.packet_bytes = (uint16_t)CHOSEN(raw, capacity, packet_bytes),
		.headers = CHOSEN(raw, capacity, headers),
		.vias = CHOSEN(raw, capacity, vias),
		.routes = CHOSEN(raw, capacity, routes),
		.body_bytes = CHOSEN(raw, capacity, body_bytes),
	};
	want_share(
		b,
		"capacity.transactions",
		capacity->transactions,
		(uint64_t)workers * WORKER_TRANSACTIONS_MIN,
		"transactions"
	);
	want_share(b, "capacity.dialogs", capacity->dialogs, (uint64_t)workers * WORKER_DIALOGS_MIN, "dialogs");
	want_share(b, "capacity.text_mb", text_mb, (uint64_t)workers * WORKER_TEXT_MB_MIN, "MiB");
	want_nameable(b, text_mb);
	want_share(
		b,
		"capacity.packets",
		capacity->packets,
		(uint64_t)workers * b->cfg->port_count * QUEUE_PACKETS_MIN,
		"packets"
	);
	for (uint32_t i = 0; i < b->cfg->port_count; i++)
		if (capacity->packet_bytes < b->cfg->ports[i].mtu)
			config_problem(
				b->tree,
				"capacity.packet_bytes",
				"%u is less than the MTU of port %s; allowed are %u or more",
				capacity->packet_bytes,
				b->raw->ports[i].name,
				b->cfg->ports[i].mtu
			);
	if (capacity->vias > capacity->headers)
		config_problem(
			b->tree,
			"capacity.vias",
			"%u is more than capacity.headers (%u); allowed is that or less",
			capacity->vias,
			capacity->headers
		);
}

// What may come at once: as much as in a second where it is not said.
static uint32_t burst_of(const uint32_t *burst, uint32_t rate, uint32_t most) {
	if (burst)
		return *burst;
	rate = rate < most ? rate : most;
	return rate ? rate : 1;
}

static bool is_ascii(const char *text) {
	while (*text > 0 && *text <= '~')
		text++;
	return *text == '\0';
}

static void screen_add(struct build *b, const char *expression) {
	b->cfg->sources.screen[b->cfg->sources.screen_count++] = build_text(b, expression);
}

static void read_screen(struct build *b, const struct raw_sources *raw) {
	struct config_sources *sources = &b->cfg->sources;
	uint32_t shipped = 0, count;
	char problem[256];

	while (raw->screen && *raw->screen && sip_screen_shipped[shipped])
		shipped++;
	sources->screen_shipped = shipped;
	count = shipped + raw->expressions_count;
	sources->screen = build_array(b, count, sizeof(*sources->screen));
	for (uint32_t i = 0; i < shipped && sources->screen; i++)
		screen_add(b, sip_screen_shipped[i]);
	for (uint32_t i = 0; i < raw->expressions_count && sources->screen; i++) {
		const char *expression = raw->expressions[i];
		struct sip_screen screen;
		PATH(path, "sources.expressions[%u]", i);

		if (!is_ascii(expression))
			config_problem(b->tree, path, "\"%s\" is not ASCII; write other bytes as \\x80", expression);
		else if (sip_screen_init(&screen, &expression, 1, problem, sizeof(problem)) < 0)
			config_problem(b->tree, path, "%s", problem);
		else
			sip_screen_fini(&screen);
		screen_add(b, expression);
	}
}

void build_sources(struct build *b) {
	const struct raw_sources *raw = &b->raw->sources;
	struct config_sources *sources = &b->cfg->sources;

	*sources = (struct config_sources){
		.trusted = build_array(b, raw->trusted_count, sizeof(*sources->trusted)),
		.trusted_rate = CHOSEN(raw, sources, trusted_rate),
		.rate = CHOSEN(raw, sources, rate),
		.all_rate = CHOSEN(raw, sources, all_rate),
		.ban_after = CHOSEN(raw, sources, ban_after),
		.ban_s = CHOSEN(raw, sources, ban),
	};
	sources->trusted_burst = burst_of(raw->trusted_burst, sources->trusted_rate, 1000000);
	sources->burst = burst_of(raw->burst, sources->rate, 1000000);
	sources->all_burst = burst_of(raw->all_burst, sources->all_rate, 10000000);
	for (uint32_t i = 0; i < raw->trusted_count && sources->trusted; i++) {
		PATH(path, "sources.trusted[%u]", i);

		if (build_network(b, path, raw->trusted[i], &sources->trusted[sources->trusted_count]))
			sources->trusted_count++;
	}
	read_screen(b, raw);
	if (sources->ban_after > 0 && sources->rate == 0 && sources->screen_count == 0)
		config_problem(
			b->tree,
			"sources.ban_after",
			"%u means nothing without `rate`, `screen` or `expressions`; write one of them",
			sources->ban_after
		);
}

static void read_mode(struct build *b) {
	const char *text = CHOSEN_TEXT(&b->raw->control, control, mode);
	uint32_t mode = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '7') {
			mode = UINT32_MAX;
			break;
		}
		mode = mode * 8 + (uint32_t)(*c - '0');
	}
	if (mode > 0777 || (mode & 0600) != 0600)
		config_problem(
			b->tree,
			"control.mode",
			"\"%s\" is not allowed; write octal permissions from \"0600\" to \"0777\"",
			text
		);
	b->cfg->control_mode = mode;
}

static void read_control(struct build *b) {
	const struct raw_control *raw = &b->raw->control;
	const char *socket = CHOSEN_TEXT(raw, control, socket);
	const char *slash = strrchr(socket, '/');

	read_mode(b);
	if (socket[0] != '/')
		config_problem(
			b->tree,
			"control.socket",
			"\"%s\" is no absolute path; write one like /run/tandem/control.sock",
			socket
		);
	else if (strcmp(slash, "/") == 0 || strcmp(slash, "/.") == 0 || strcmp(slash, "/..") == 0)
		config_problem(
			b->tree,
			"control.socket",
			"\"%s\" is a directory; write the path of the socket in it, like /run/tandem/control.sock",
			socket
		);
	b->cfg->control_socket = build_text(b, socket);
	if (!raw->group)
		return;
	if (!getgrnam(raw->group))
		config_problem(
			b->tree,
			"control.group",
			"no group is called \"%s\"; create it, or leave the key out for the group of the process",
			raw->group
		);
	b->cfg->control_group = build_text(b, raw->group);
}

// Or broadcast, or reserved.
static bool is_multicast(const struct ip_addr *addr) {
	return addr->family == IP_V4 ? addr->bytes[0] >= 224 : addr->bytes[0] == 0xff;
}

static void read_metrics_listen(struct build *b, const char *text) {
	static const char example[] = "write one of this machine's, like 127.0.0.1:9464";
	struct endpoint *listen = &b->cfg->metrics.listen;

	if (!endpoint_parse(str_from_c(text), METRICS_PORT, listen))
		config_problem(
			b->tree,
			"metrics.listen",
			"\"%s\" is not address:port; %s (names are not resolved)",
			text,
			example
		);
	else if (is_multicast(&listen->addr))
		config_problem(
			b->tree, "metrics.listen", "\"%s\" is not the address of a single host; %s", text, example
		);
}

static void read_metrics_allow(struct build *b, char *const *texts, uint32_t count) {
	struct config_metrics *metrics = &b->cfg->metrics;

	metrics->allow = build_array(b, count, sizeof(*metrics->allow));
	for (uint32_t i = 0; i < count && metrics->allow; i++) {
		PATH(path, "metrics.allow[%u]", i);

		if (build_network(b, path, texts[i], &metrics->allow[metrics->allow_count]))
			metrics->allow_count++;
	}
}

void build_metrics(struct build *b) {
	static char *const this_machine[] = {"127.0.0.0/8", "::1/128"};
	const struct raw_metrics *raw = &b->raw->metrics;

	if (!raw->listen)
		return;
	read_metrics_listen(b, raw->listen);
	if (raw->allow_count > 0)
		read_metrics_allow(b, raw->allow, raw->allow_count);
	else
		read_metrics_allow(b, this_machine, ARRAY_LEN(this_machine));
}

static void build_session_timers(struct build *b) {
	const struct raw_proxy *raw = &b->raw->proxy;
	struct config *cfg = b->cfg;

	cfg->session_expires_s = CHOSEN(raw, proxy, session_expires);
	cfg->session_min_s = CHOSEN(raw, proxy, session_min);
	if (cfg->session_expires_s == 0)
		return;
	if (cfg->session_expires_s < cfg->session_min_s)
		config_problem(
			b->tree,
			"proxy.session_expires",
			"%u is less than the %u of proxy.session_min; write at least that, or 0 for no session timers",
			cfg->session_expires_s,
			cfg->session_min_s
		);
	if (cfg->proxy_state != PROXY_DIALOG)
		config_problem(
			b->tree,
			"proxy.session_expires",
			"session timers need dialogs; write `state: dialog`, or 0 here"
		);
}

void build_rest(struct build *b) {
	const struct raw_top *raw = b->raw;
	struct config *cfg = b->cfg;
	const char *server_name = CHOSEN_TEXT(raw, top, server_name);

	cfg->huge = (enum mem_huge)CHOSEN(&raw->memory, memory, hugepages);
	cfg->locator = (enum locator_kind)CHOSEN(&raw->parser, parser, locator);
	cfg->proxy_state = (enum proxy_state)CHOSEN(&raw->proxy, proxy, state);
	build_session_timers(b);
	cfg->log_level = (enum log_level)CHOSEN(&raw->log, log, level);
	cfg->drain_ms = CHOSEN(raw, top, drain);
	cfg->retry_after_s = CHOSEN(raw, top, retry_after);
	cfg->server_name = build_text(b, server_name);
	for (const char *c = server_name; *c; c++)
		if ((unsigned char)*c > 0x7e) {
			config_problem(b->tree, "server_name", "\"%s\" is not ASCII; write ASCII only", server_name);
			break;
		}
	read_control(b);
}
