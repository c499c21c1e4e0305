// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Prometheus' text format 0.0.4: a family (name, type, help) and its samples, each with the labels said before it:
//   metrics_family(t, "tandem_trunk_calls", METRICS_GAUGE, "calls in progress");
//   metrics_label(t, "trunk", name); metrics_number(t, calls);
#pragma once

#include <stdio.h>

#include "base/hist.h"
#include "base/str.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_NAME_MAX 64
#define METRICS_FAMILIES_MAX 512
#define METRICS_LABELS_MAX 4

enum metrics_kind {
	METRICS_COUNTER,
	METRICS_GAUGE,
	METRICS_HISTOGRAM,
};

struct metrics_text {
	FILE *out;
	char *text; // of `out`
	size_t len;
	const char *problem; // what no text comes of; NULL = none
	uint32_t family_count;
	uint32_t label_count; // of the next sample
	struct {
		const char *name, *value; // NULL: the digits
		char digits[24];
	} label[METRICS_LABELS_MAX];
	char family[METRICS_FAMILIES_MAX][METRICS_NAME_MAX]; // the last one is open
};

// A text to write into; NULL when out of memory.
struct metrics_text *metrics_text_new(void);

// The text, to be freed by the caller; ends `t`. NULL with *ret_problem (static text) when memory ran out, a name was
// bad or a family began twice.
char *metrics_text_end(struct metrics_text *t, size_t *ret_len, const char **ret_problem);

// Samples after this are of that family. `help` may hold any bytes.
void metrics_family(struct metrics_text *t, const char *name, enum metrics_kind kind, const char *help);

// Of the next sample. `value` may hold any bytes and has to live until that sample.
void metrics_label(struct metrics_text *t, const char *name, const char *value);
void metrics_label_number(struct metrics_text *t, const char *name, uint64_t value);

// One sample, which uses up the labels.
void metrics_number(struct metrics_text *t, uint64_t value);
void metrics_real(struct metrics_text *t, double value);

// A histogram in seconds of one in cycles: every value is counted, at the first bound that is certainly not below it.
void metrics_histogram(struct metrics_text *t, const struct hist *hist, uint64_t tsc_hz);
