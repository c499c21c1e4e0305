// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/metrics_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const char *const kind_names[] = {
	[METRICS_COUNTER] = "counter",
	[METRICS_GAUGE] = "gauge",
	[METRICS_HISTOGRAM] = "histogram",
};

static const struct {
	const char *text; // seconds
	uint32_t us;
} bounds[] = {
	{.text = "0.000025", .us = 25},
	{.text = "0.00005", .us = 50},
	{.text = "0.0001", .us = 100},
	{.text = "0.00025", .us = 250},
	{.text = "0.0005", .us = 500},
	{.text = "0.001", .us = 1000},
	{.text = "0.0025", .us = 2500},
	{.text = "0.005", .us = 5000},
	{.text = "0.01", .us = 10000},
	{.text = "0.025", .us = 25000},
	{.text = "0.05", .us = 50000},
	{.text = "0.1", .us = 100000},
	{.text = "0.25", .us = 250000},
	{.text = "0.5", .us = 500000},
	{.text = "1", .us = 1000000},
	{.text = "2.5", .us = 2500000},
	{.text = "5", .us = 5000000},
	{.text = "10", .us = 10000000},
};

struct metrics_text *metrics_text_new(void) {
	struct metrics_text *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->out = open_memstream(&t->text, &t->len);
	if (!t->out) {
		free(t);
		return NULL;
	}
	return t;
}

char *metrics_text_end(struct metrics_text *t, size_t *ret_len, const char **ret_problem) {
	bool written = !ferror(t->out);
	char *text;

	written &= fclose(t->out) == 0;
	if (!written && !t->problem)
		t->problem = "out of memory";
	text = t->text;
	*ret_len = t->len;
	*ret_problem = t->problem;
	if (t->problem) {
		free(text);
		text = NULL;
	}
	free(t);
	return text;
}

static bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(const char *name) {
	size_t len = strlen(name);

	if (len == 0 || len >= METRICS_NAME_MAX || !is_letter(name[0]))
		return false;
	for (; *name; name++)
		if (!is_letter(*name) && !(*name >= '0' && *name <= '9'))
			return false;
	return true;
}

static bool is_known(const struct metrics_text *t, const char *name) {
	for (uint32_t i = 0; i < t->family_count; i++)
		if (strcmp(t->family[i], name) == 0)
			return true;
	return false;
}

// A help has no quotes around it, so none to escape.
static void put_escaped(FILE *out, const char *text, bool in_quotes) {
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\' || (*text == '"' && in_quotes))
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

void metrics_family(struct metrics_text *t, const char *name, enum metrics_kind kind, const char *help) {
	if (!is_name(name) || t->family_count == METRICS_FAMILIES_MAX) {
		t->problem = "a family's name is bad, or there are too many";
		return;
	}
	if (is_known(t, name)) {
		t->problem = "a family began twice";
		return;
	}
	memcpy(t->family[t->family_count++], name, strlen(name) + 1);
	fprintf(t->out, "# HELP %s ", name);
	put_escaped(t->out, help, false);
	fprintf(t->out, "\n# TYPE %s %s\n", name, kind_names[kind]);
}

// Not its value.
static bool label_add(struct metrics_text *t, const char *name) {
	if (!is_name(name) || t->label_count == METRICS_LABELS_MAX) {
		t->problem = "a label's name is bad, or there are too many";
		return false;
	}
	t->label[t->label_count++].name = name;
	return true;
}

void metrics_label(struct metrics_text *t, const char *name, const char *value) {
	if (label_add(t, name))
		t->label[t->label_count - 1].value = value;
}

void metrics_label_number(struct metrics_text *t, const char *name, uint64_t value) {
	if (!label_add(t, name))
		return;
	t->label[t->label_count - 1].value = NULL;
	snprintf(t->label[t->label_count - 1].digits, sizeof(t->label[0].digits), "%" PRIu64, value);
}

// Up to the value: the open family's name with a suffix, the labels, and the bound of a bucket unless it is NULL.
static void put_name(struct metrics_text *t, const char *suffix, const char *bound) {
	const char *before = "{";

	if (t->family_count == 0) {
		t->problem = "a sample stands before any family";
		return;
	}
	fprintf(t->out, "%s%s", t->family[t->family_count - 1], suffix);
	for (uint32_t i = 0; i < t->label_count; i++) {
		fprintf(t->out, "%s%s=\"", before, t->label[i].name);
		put_escaped(t->out, t->label[i].value ? t->label[i].value : t->label[i].digits, true);
		fputc('"', t->out);
		before = ",";
	}
	if (bound)
		fprintf(t->out, "%sle=\"%s\"", before, bound);
	fputs(bound || t->label_count ? "} " : " ", t->out);
}

static void put_number(struct metrics_text *t, uint64_t value) {
	fprintf(t->out, "%" PRIu64 "\n", value);
}

static void put_real(struct metrics_text *t, double value) {
	if (isnan(value))
		fputs("NaN\n", t->out);
	else if (isinf(value))
		fputs(value > 0 ? "+Inf\n" : "-Inf\n", t->out);
	else
		fprintf(t->out, "%.15g\n", value);
}

void metrics_number(struct metrics_text *t, uint64_t value) {
	put_name(t, "", NULL);
	put_number(t, value);
	t->label_count = 0;
}

void metrics_real(struct metrics_text *t, double value) {
	put_name(t, "", NULL);
	put_real(t, value);
	t->label_count = 0;
}

void metrics_histogram(struct metrics_text *t, const struct hist *hist, uint64_t tsc_hz) {
	uint64_t seen = 0;
	uint32_t next = 0; // bucket of `hist`

	for (uint32_t i = 0; i < ARRAY_LEN(bounds); i++) {
		// All buckets before that of the first value above the bound hold none above it.
		uint64_t above = (uint64_t)((double)bounds[i].us * (double)tsc_hz / 1e6) + 1;
		uint32_t end = hist_bucket(above);

		while (next < end)
			seen += hist->count[next++];
		put_name(t, "_bucket", bounds[i].text);
		put_number(t, seen);
	}
	while (next < HIST_BUCKETS)
		seen += hist->count[next++];
	put_name(t, "_bucket", "+Inf");
	put_number(t, seen);
	put_name(t, "_sum", NULL);
	put_real(t, (double)hist->sum / (double)tsc_hz);
	put_name(t, "_count", NULL);
	put_number(t, seen);
	t->label_count = 0;
}
