// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What every file may use: array length, container_of, branch hints. No state, no I/O.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CACHE_LINE 64
#define WORKERS_MAX 16
#define PORTS_MAX 8
#define INTERFACES_MAX 32
#define LISTENERS_MAX 32
#define ROUTES_MAX 4096
#define TARGETS_MAX 12 // of a rule

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

// DPDK brings the same two; the guards let either come first.
#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#endif
#ifndef unlikely
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif
