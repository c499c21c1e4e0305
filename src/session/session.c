// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>

#include "session/inspect.h"
#include "session/state.h"

#define UNUSED_RECORDS 16 // of a table that proxy.state leaves empty
// Lines we may add to a request: Via, two Record-Routes, Max-Forwards, Max-Breadth, Session-Expires, Min-SE.
#define OWN_HEADERS 7

// A worker's share of something stated for the whole process, rounded up.
static uint32_t share(uint32_t total, const struct worker *w) {
	return (total + w->worker_count - 1) / w->worker_count;
}

static void listener_text_write(struct listener_text *text, const struct config_listener *listener) {
	char address[ENDPOINT_TEXT_MAX];
	struct sip_writer via = {.buf = text->via, .size = sizeof(text->via)};
	struct sip_writer route = {.buf = text->record_route, .size = sizeof(text->record_route)};

	endpoint_format(&listener->advertised, address);
	sip_write_c(&via, "Via: SIP/2.0/UDP ");
	sip_write_c(&via, address);
	sip_write_c(&via, ";branch=");
	sip_write_c(&route, "Record-Route: <sip:");
	sip_write_c(&route, address);
	sip_write_c(&route, ";lr;d=");
	text->via_len = via.len;
	text->record_route_len = route.len;
}

static int tables_create(struct session *s) {
	const struct config *cfg = s->w->cfg;
	const struct config_capacity *capacity = &cfg->capacity;
	uint32_t transactions = has_transactions(s) ? share(capacity->transactions, s->w) : UNUSED_RECORDS;
	uint32_t dialogs = has_dialogs(s) ? share(capacity->dialogs, s->w) : UNUSED_RECORDS;
	int err = blob_arena_create(capacity->text_bytes / s->w->worker_count, cfg->huge, &s->text);

	if (err)
		return err;
	err = txn_table_init(&s->txns, transactions, cfg->huge, s->text, &cfg->timers);
	if (err)
		return err;
	err = dialog_table_init(&s->dialogs, dialogs, cfg->huge, s->text, cfg->timers.dialog_max_ms);
	if (err)
		return err;
	err = fork_table_init(&s->forks, share(capacity->forks, s->w), cfg->huge);
	s->txns.worker = s->dialogs.worker = s->w->id;
	s->txns.seed = s->dialogs.seed = s->seed;
	return err;
}

int session_create(struct worker *w, uint64_t seed) {
	const struct config *cfg = w->cfg;
	char problem[256];
	struct session *s = aligned_alloc(CACHE_LINE, (sizeof(*s) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
	int err;

	if (!s)
		return -ENOMEM;
	memset(s, 0, sizeof(*s));
	s->w = w;
	s->seed = seed;
	s->dice = seed | 1;
	s->limits = (struct sip_limits){
		.headers_max = cfg->capacity.headers,
		.vias_max = cfg->capacity.vias,
		.routes_max = cfg->capacity.routes,
		.body_max = cfg->capacity.body_bytes,
	};
	s->own_limits = (struct sip_limits){
		.headers_max = s->limits.headers_max + OWN_HEADERS,
		.vias_max = s->limits.vias_max + 1,
	};
	w->session = s;
	err = sip_locator_init(&s->locator, cfg->locator);
	if (err) {
		log_error(
			"parser.locator: this machine cannot run \"%s\" (%s); use auto or scalar",
			sip_locator_name(cfg->locator),
			strerror(-err)
		);
		session_destroy(w);
		return err;
	}
	err = sip_screen_init(&s->screen, cfg->sources.screen, cfg->sources.screen_count, problem, sizeof(problem));
	if (err) {
		log_error("sources: the expressions do not compile together: %s; use fewer or simpler ones", problem);
		session_destroy(w);
		return err;
	}
	err = tables_create(s);
	if (err) {
		log_error(
			"worker %u: no memory for its tables (%s); lower capacity, or set memory.hugepages to auto",
			w->id,
			strerror(-err)
		);
		session_destroy(w);
		return err;
	}
	for (unsigned i = 0; i < cfg->listener_count; i++) {
		struct listener_text *text = &s->listener[i];
		uint32_t name = sizeof("Record-Route: ") - 1;

		listener_text_write(text, &cfg->listeners[i]);
		s->dialogs.own_route[i] = str_of(text->record_route + name, text->record_route_len - name);
	}
	return 0;
}

void session_destroy(struct worker *w) {
	struct session *s = w->session;

	if (!s)
		return;
	txn_table_fini(&s->txns);
	dialog_table_fini(&s->dialogs);
	fork_table_fini(&s->forks);
	blob_arena_destroy(s->text);
	sip_locator_fini(&s->locator);
	sip_screen_fini(&s->screen);
	free(s);
	w->session = NULL;
}

const char *session_locator_name(const struct worker *w) {
	return sip_locator_name(w->session->locator.kind);
}

const struct worker_stages session_stages = {
	.owner = dispatch_owner,
	.is_unwanted = dispatch_is_unwanted,
	.datagrams = dispatch_datagrams,
	.lost = lost_handle,
	.lost_owner = lost_owner,
	.tick = timers_tick,
	.command = inspect_answer,
};
