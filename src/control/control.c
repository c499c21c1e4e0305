// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/control.h"

#include <errno.h>
#include <rte_cycles.h>
#include <signal.h>
#include <stdlib.h>

#include "control/config.h"
#include "control/core.h"
#include "control/metrics.h"

// How long a stop waits for commands that are still with workers.
#define LISTINGS_WAIT_MS 2000
// How many times T1 a drained tandem still answers retransmissions: of what got an answer last, the first two.
#define LINGER_T1 4

static const int handled_signals[] = {SIGTERM, SIGINT, SIGHUP};

int control_check(const char *file) {
	struct config *cfg;
	char *error = NULL;

	if (config_load(file, &cfg, &error)) {
		fprintf(stderr, "%s\n", error ? error : "out of memory");
		free(error);
		return 1;
	}
	printf("%s: OK (%u port%s, %u listener%s, %u rule%s, %u worker%s)\n",
	       file,
	       cfg->port_count,
	       cfg->port_count == 1 ? "" : "s",
	       cfg->listener_count,
	       cfg->listener_count == 1 ? "" : "s",
	       cfg->route_count,
	       cfg->route_count == 1 ? "" : "s",
	       cfg->worker_count,
	       cfg->worker_count == 1 ? "" : "s");
	config_free(cfg);
	return 0;
}

int control_config_reference(void) {
	config_reference(stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}

static void signal_mask(int how) {
	sigset_t set;

	sigemptyset(&set);
	for (uint32_t i = 0; i < ARRAY_LEN(handled_signals); i++)
		sigaddset(&set, handled_signals[i]);
	pthread_sigmask(how, &set, NULL);
}

void control_block_signals(void) {
	signal_mask(SIG_BLOCK);
	signal(SIGPIPE, SIG_IGN);
}

struct in_progress {
	uint32_t transactions;
	uint32_t dialogs;
	uint32_t lingering; // transactions that only answer retransmissions
};

static struct in_progress in_progress(const struct control *c) {
	struct in_progress sum = {0};

	for (uint32_t i = 0; i < c->cfg->worker_count; i++) {
		const struct worker_gauges *gauges = &c->worker[i]->gauges;

		sum.transactions += PEEK(gauges->transactions_live);
		sum.lingering += PEEK(gauges->transactions_lingering);
		sum.dialogs += PEEK(gauges->dialogs_early) + PEEK(gauges->dialogs_confirmed);
	}
	return sum;
}

static void drain_start(struct control *c, int signal) {
	struct in_progress now = in_progress(c);

	for (uint32_t i = 0; i < c->cfg->worker_count; i++)
		worker_flag_set(&c->worker[i]->draining, true);
	c->draining = true;
	c->drain_started_ms = control_now_ms();
	log_info(
		"%s: draining; %u dialogs and %u transactions in progress, waiting up to %u ms",
		signal == SIGINT ? "SIGINT" : "SIGTERM",
		now.dialogs,
		now.transactions,
		c->cfg->drain_ms
	);
}

static void stop(struct control *c) {
	c->stopped = true;
	loop_stop(c->loop);
}

// Nothing is in progress, and nobody is left who may still ask for an answer that was lost.
static bool is_drained(struct control *c, const struct in_progress *now, uint64_t now_ms) {
	if (now->transactions > 0 || now->dialogs > 0) {
		c->quiet_since_ms = 0;
		return false;
	}
	if (!c->quiet_since_ms)
		c->quiet_since_ms = now_ms;
	return now->lingering == 0 || now_ms - c->quiet_since_ms >= LINGER_T1 * (uint64_t)c->cfg->timers.t1_ms;
}

// Not before a whole tick has passed: a worker may just have taken a call without having seen the flag.
static void drain_check(struct control *c) {
	uint64_t now_ms = control_now_ms(), passed_ms = now_ms - c->drain_started_ms;
	struct in_progress now = in_progress(c);

	if (passed_ms < TICK_MS)
		return;
	if (!is_drained(c, &now, now_ms) && passed_ms < c->cfg->drain_ms)
		return;
	if (c->quiet_since_ms)
		log_info("drained; no call is left");
	else
		log_warning(
			"drain time is over; %u dialogs and %u transactions are left", now.dialogs, now.transactions
		);
	stop(c);
}

static void on_signal(void *ctx, int signal) {
	struct control *c = ctx;
	struct in_progress now = in_progress(c);

	if (c->stopped)
		return;
	if (signal == SIGHUP) {
		log_warning("SIGHUP: reloading the configuration is not supported; restart to apply changes");
	} else if (!c->draining) {
		drain_start(c, signal);
	} else {
		log_warning(
			"second signal: stopping at once; %u dialogs and %u transactions are left",
			now.dialogs,
			now.transactions
		);
		stop(c);
	}
}

// Nobody waits for a worker that stands still, but its calls do, and somebody has to know.
static void watch_workers(struct control *c) {
	for (uint8_t i = 0; i < c->cfg->worker_count; i++) {
		switch (watch_look(&c->watch[i], counter_read(&c->worker[i]->count, COUNT_LOOP_TURNS))) {
		case WATCH_STANDS_STILL:
			log_error(
				"worker %u on CPU %u has stood still for %u ms: its calls wait, the others go on; see "
				"what else "
				"runs on that CPU",
				i,
				c->cfg->worker_cpu[i],
				WATCH_TICKS * TICK_MS
			);
			break;
		case WATCH_TURNS_AGAIN:
			log_warning("worker %u goes on", i);
			break;
		case WATCH_NOTHING:
			break;
		}
	}
}

static void on_tick(void *ctx) {
	struct control *c = ctx;

	dataplane_tick(c->dp);
	watch_workers(c);
	sample_take(c, rte_rdtsc());
	listing_retry(c);
	if (c->draining && !c->stopped)
		drain_check(c);
}

// The text is the peer's; log_write escapes what is not printable.
static void on_event(void *ctx, const struct event *event) {
	const struct control *c = ctx;
	char peer[ENDPOINT_TEXT_MAX] = "", what[32] = "dropped";

	if (event->kind != EVENT_REFUSED || event->reason >= COUNT_COUNT)
		return;
	if (event->status)
		snprintf(what, sizeof(what), "answered %u", event->status);
	endpoint_format(&event->peer, peer);
	log_debug(
		"%s: %s, from %s to listener %s on worker %u: %.*s",
		count_name(event->reason),
		what,
		peer,
		event->listener < c->cfg->listener_count ? c->cfg->listeners[event->listener].name : "?",
		event->worker,
		(int)sizeof(event->text),
		event->text
	);
}

static void on_reply(void *ctx, struct command *command) {
	listing_reply(ctx, command);
}

static void on_source(void *ctx, int fd) {
	struct control *c = ctx;
	const struct dataplane_source *sources;
	uint32_t count = dataplane_sources(c->dp, &sources);

	for (uint32_t i = 0; i < count; i++)
		if (sources[i].fd == fd)
			sources[i].ready(c->dp, fd);
}

static int watch_all(struct control *c) {
	const struct dataplane_source *sources;
	uint32_t count = dataplane_sources(c->dp, &sources);
	bool done = loop_every(c->loop, TICK_MS, on_tick, c);

	for (uint32_t i = 0; i < count; i++)
		done = done && loop_watch(c->loop, sources[i].fd, on_source, c);
	for (uint32_t i = 0; i < ARRAY_LEN(handled_signals); i++)
		done = done && loop_signal(c->loop, handled_signals[i], on_signal, c);
	return done ? 0 : -ENOMEM;
}

static int start(struct control *c) {
	const struct server_options options = {
		.path = c->cfg->control_socket,
		.mode = c->cfg->control_mode,
		.group = c->cfg->control_group,
	};
	const struct server_backend backend = {.call = commands_call, .ctx = c};
	const struct dataplane_callbacks callbacks = {.event = on_event, .reply = on_reply, .ctx = c};
	int err;

	for (uint8_t i = 0; i < c->cfg->worker_count; i++) {
		c->worker[i] = dataplane_worker(c->dp, i);
		worker_flag_set(&c->worker[i]->debug_events, log_level_get() == LOG_DEBUG);
	}
	c->tsc_hz = rte_get_tsc_hz();
	c->started_ms = control_now_ms();
	c->loop = loop_new();
	err = c->loop ? server_open(loop_base(c->loop), &options, &backend, &c->server) : -ENOMEM;
	if (!err && c->cfg->metrics.listen.port)
		err = metrics_open(c, &c->metrics);
	if (err)
		return err;
	dataplane_callbacks_set(c->dp, &callbacks);
	sample_take(c, rte_rdtsc());
	return watch_all(c);
}

// Commands that are with workers come back before their memory may go. The loop serves only the dataplane by now.
static void finish_listings(struct control *c) {
	uint64_t end_ms = control_now_ms() + LISTINGS_WAIT_MS;

	while (c->listings && control_now_ms() < end_ms)
		loop_turn(c->loop);
	if (c->listings)
		log_warning("a worker has not answered the control core; its memory is left behind");
}

int control_open(const struct config *cfg, struct dataplane *dp, struct control **ret_control) {
	struct control *c = calloc(1, sizeof(*c));
	int err;

	if (!c) {
		log_error("control core: out of memory");
		return -ENOMEM;
	}
	c->cfg = cfg;
	c->dp = dp;
	err = start(c);
	if (err) {
		if (err == -ENOMEM)
			log_error("control core: out of memory");
		control_close(c);
		return err;
	}
	*ret_control = c;
	return 0;
}

void control_run(struct control *c) {
	log_info("ready: tandem %s, control socket %s", TANDEM_VERSION, c->cfg->control_socket);
	signal_mask(SIG_UNBLOCK);
	loop_run(c->loop);
	signal_mask(SIG_BLOCK);
}

void control_close(struct control *c) {
	const struct dataplane_callbacks none = {0};

	if (!c)
		return;
	server_close(c->server);
	metrics_close(c->metrics);
	if (c->loop)
		finish_listings(c);
	dataplane_callbacks_set(c->dp, &none);
	loop_free(c->loop);
	if (!c->listings)
		free(c);
}
