// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The event loop of the control core, over libevent (whose `struct event` is not the dataplane's). Sleeps until
// something happens.
#pragma once

#include "base/base.h"

struct event_base;
struct loop;

// NULL when out of memory.
struct loop *loop_new(void);

// Removes all watches; NULL is fine.
void loop_free(struct loop *loop);

// For the server's sockets.
struct event_base *loop_base(struct loop *loop);

// From now on: when `fd` can be read, when the signal comes, every `ms` milliseconds. False when out of memory.
bool loop_watch(struct loop *loop, int fd, void (*ready)(void *ctx, int fd), void *ctx);
bool loop_signal(struct loop *loop, int signal, void (*come)(void *ctx, int signal), void *ctx);
bool loop_every(struct loop *loop, uint32_t ms, void (*tick)(void *ctx), void *ctx);

// Runs until loop_stop; waits for and handles what comes once.
void loop_run(struct loop *loop);
void loop_turn(struct loop *loop);
void loop_stop(struct loop *loop);
