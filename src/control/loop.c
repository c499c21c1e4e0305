// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/loop.h"

#include <event2/event.h>
#include <stdlib.h>

struct watch {
	struct watch *next;
	struct event *event;
	void (*with_number)(void *ctx, int number); // descriptor or signal
	void (*tick)(void *ctx);
	void *ctx;
};

struct loop {
	struct event_base *base;
	struct watch *watches;
};

struct loop *loop_new(void) {
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->base = event_base_new();
	if (!loop->base) {
		free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop) {
	if (!loop)
		return;
	while (loop->watches) {
		struct watch *watch = loop->watches;

		loop->watches = watch->next;
		if (watch->event)
			event_free(watch->event);
		free(watch);
	}
	event_base_free(loop->base);
	free(loop);
}

struct event_base *loop_base(struct loop *loop) {
	return loop->base;
}

static void on_event(evutil_socket_t number, short what, void *ctx) {
	const struct watch *watch = ctx;

	if (watch->tick)
		watch->tick(watch->ctx);
	else
		watch->with_number(watch->ctx, (int)number);
	(void)what;
}

static bool add(struct loop *loop, const struct watch *template, int number, short what, const struct timeval *every) {
	struct watch *watch = malloc(sizeof(*watch));

	if (!watch)
		return false;
	*watch = *template;
	watch->next = loop->watches;
	loop->watches = watch;
	watch->event = event_new(loop->base, number, what | EV_PERSIST, on_event, watch);
	return watch->event && event_add(watch->event, every) == 0;
}

bool loop_watch(struct loop *loop, int fd, void (*ready)(void *ctx, int fd), void *ctx) {
	return add(loop, &(struct watch){.with_number = ready, .ctx = ctx}, fd, EV_READ, NULL);
}

bool loop_signal(struct loop *loop, int signal, void (*come)(void *ctx, int signal), void *ctx) {
	return add(loop, &(struct watch){.with_number = come, .ctx = ctx}, signal, EV_SIGNAL, NULL);
}

bool loop_every(struct loop *loop, uint32_t ms, void (*tick)(void *ctx), void *ctx) {
	const struct timeval every = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	return add(loop, &(struct watch){.tick = tick, .ctx = ctx}, -1, EV_TIMEOUT, &every);
}

void loop_run(struct loop *loop) {
	event_base_dispatch(loop->base);
}

void loop_turn(struct loop *loop) {
	event_base_loop(loop->base, EVLOOP_ONCE);
}

void loop_stop(struct loop *loop) {
	event_base_loopbreak(loop->base);
}
