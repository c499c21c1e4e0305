// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Results for people.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/ctl.h"
#include "control/ctl_table.h"

// A value below an object: "rx.packets".
static const json_t *at(const json_t *json, const char *path) {
	char key[64];

	while (json && *path) {
		size_t len = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		json = json_object_get(json, key);
		path += len + (path[len] == '.');
	}
	return json;
}

static int64_t number(const json_t *json, const char *path) {
	return json_integer_value(at(json, path));
}

static double real(const json_t *json, const char *path) {
	return json_number_value(at(json, path));
}

static const char *text(const json_t *json, const char *path) {
	const char *value = json_string_value(at(json, path));

	return value ? value : "";
}

// A text of the network or the configuration, on the terminal.
static void print_text(FILE *out, const char *value) {
	for (; *value; value++)
		fputc(*value < ' ' || *value > '~' ? '?' : *value, out);
}

struct column {
	const char *title;
	const char *path;
	enum {
		SHOW_TEXT,
		SHOW_NUMBER,
		SHOW_REAL,
		SHOW_YES,
		SHOW_SECONDS, // of milliseconds
	} show;
};

#define COLUMN(title_, path_, show_)                                                                                   \
	{ .title = title_, .path = path_, .show = show_ }

static void put_cell(struct text_table *table, const struct column *column, const json_t *row) {
	switch (column->show) {
	case SHOW_TEXT:
		text_table_cell(table, "%s", text(row, column->path));
		return;
	case SHOW_NUMBER:
		text_table_cell(table, "%" PRId64, number(row, column->path));
		return;
	case SHOW_REAL:
		text_table_cell(table, "%.1f", real(row, column->path));
		return;
	case SHOW_YES:
		text_table_cell(table, "%s", json_is_true(at(row, column->path)) ? "yes" : "no");
		return;
	case SHOW_SECONDS:
		text_table_cell(table, "%.1f", real(row, column->path) / 1000);
		return;
	}
}

static void print_rows(FILE *out, const json_t *rows, const struct column *columns, uint32_t count) {
	struct text_table table = {0};
	const json_t *row;
	size_t i;

	for (uint32_t k = 0; k < count; k++)
		text_table_column(
			&table, columns[k].title, columns[k].show != SHOW_TEXT && columns[k].show != SHOW_YES
		);
	json_array_foreach(rows, i, row) {
		for (uint32_t k = 0; k < count; k++)
			put_cell(&table, &columns[k], row);
	}
	text_table_print(&table, out);
	text_table_free(&table);
}

static void print_duration(FILE *out, double seconds) {
	uint64_t s = (uint64_t)seconds;

	if (s >= 86400)
		fprintf(out, "%" PRIu64 "d ", s / 86400);
	fprintf(out, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600 % 24, s / 60 % 60, s % 60);
}

static void view_status_setup(FILE *out, const json_t *status) {
	const json_t *port;
	size_t i;

	fprintf(out,
		"tandem         %s, pid %" PRId64 ", %s for ",
		text(status, "version"),
		number(status, "pid"),
		text(status, "state"));
	print_duration(out, real(status, "uptime_s"));
	fprintf(out, "\nconfiguration  ");
	print_text(out, text(status, "config.file"));
	fprintf(out, " (version %" PRId64 ")\nports          ", number(status, "config.version"));
	json_array_foreach(at(status, "ports"), i, port) {
		fprintf(out, "%s", i ? ", " : "");
		print_text(out, text(port, "name"));
		fprintf(out, " (%s, %s)", text(port, "driver"), json_is_true(at(port, "up")) ? "up" : "down");
	}
	fprintf(out,
		"\nworkers        %" PRId64 "; proxy: %s, idle: %s, locator: %s, huge pages: %s\n",
		number(status, "workers"),
		text(status, "proxy"),
		text(status, "idle"),
		text(status, "locator"),
		json_is_true(at(status, "hugepages")) ? "yes" : "no");
}

static void view_status(FILE *out, const json_t *status) {
	view_status_setup(out, status);
	fprintf(out,
		"calls          %" PRId64 " early, %" PRId64 " confirmed; %.1f/s in the last second, %.1f/s in ten\n",
		number(status, "dialogs.early"),
		number(status, "dialogs.confirmed"),
		real(status, "calls.per_second_1s"),
		real(status, "calls.per_second_10s"));
	fprintf(out,
		"               %" PRId64 " started, %" PRId64 " answered, %" PRId64 " failed\n",
		number(status, "calls.started"),
		number(status, "calls.answered"),
		number(status, "calls.failed"));
	fprintf(out,
		"dialogs        at most %" PRId64 " of %" PRId64 "\n",
		number(status, "dialogs.max"),
		number(status, "dialogs.capacity"));
	fprintf(out,
		"transactions   %" PRId64 " live, %" PRId64 " lingering; at most %" PRId64 " of %" PRId64 "\n",
		number(status, "transactions.live"),
		number(status, "transactions.lingering"),
		number(status, "transactions.max"),
		number(status, "transactions.capacity"));
	fprintf(out,
		"forks          %" PRId64 "; at most %" PRId64 " of %" PRId64 "\n",
		number(status, "forks.used"),
		number(status, "forks.max"),
		number(status, "forks.capacity"));
	fprintf(out,
		"text memory    %.1f of %.1f MiB\n",
		real(status, "text.used") / 1048576,
		real(status, "text.capacity") / 1048576);
	fprintf(out,
		"messages       %" PRId64 " in, %" PRId64 " out; retransmissions %" PRId64 " absorbed, %" PRId64
		" sent\n",
		number(status, "messages.in"),
		number(status, "messages.out"),
		number(status, "retransmissions.in"),
		number(status, "retransmissions.out"));
	fprintf(out,
		"not forwarded  %" PRId64 " packets dropped, %" PRId64 " messages refused (show counters)\n",
		number(status, "drops"),
		number(status, "refusals"));
}

static void view_ports(FILE *out, const json_t *result) {
	static const struct column columns[] = {
		COLUMN("PORT", "name", SHOW_TEXT),
		COLUMN("DRIVER", "driver", SHOW_TEXT),
		COLUMN("UP", "up", SHOW_YES),
		COLUMN("MBIT/S", "speed_mbps", SHOW_NUMBER),
		COLUMN("MAC", "mac", SHOW_TEXT),
		COLUMN("MTU", "mtu", SHOW_NUMBER),
		COLUMN("TAP", "tap", SHOW_TEXT),
		COLUMN("RXQ", "rx.queues", SHOW_NUMBER),
		COLUMN("TXQ", "tx.queues", SHOW_NUMBER),
		COLUMN("RX", "rx.packets", SHOW_NUMBER),
		COLUMN("MISSED", "rx.missed", SHOW_NUMBER),
		COLUMN("RX ERR", "rx.errors", SHOW_NUMBER),
		COLUMN("NO BUF", "rx.no_buffer", SHOW_NUMBER),
		COLUMN("TX", "tx.packets", SHOW_NUMBER),
		COLUMN("TX ERR", "tx.errors", SHOW_NUMBER),
		COLUMN("DEVICE", "device", SHOW_TEXT),
	};

	print_rows(out, at(result, "ports"), columns, ARRAY_LEN(columns));
}

static void view_workers(FILE *out, const json_t *result) {
	static const struct column columns[] = {
		COLUMN("WORKER", "id", SHOW_NUMBER),
		COLUMN("CPU", "cpu", SHOW_NUMBER),
		COLUMN("STILL ms", "still_ms", SHOW_NUMBER),
		COLUMN("BUSY %", "busy_percent", SHOW_REAL),
		COLUMN("SIP", "sip", SHOW_NUMBER),
		COLUMN("OWNED", "owned", SHOW_NUMBER),
		COLUMN("HANDED OUT", "handed_out", SHOW_NUMBER),
		COLUMN("HANDED IN", "handed_in", SHOW_NUMBER),
		COLUMN("CALLS", "calls", SHOW_NUMBER),
		COLUMN("EARLY", "dialogs.early", SHOW_NUMBER),
		COLUMN("CONFIRMED", "dialogs.confirmed", SHOW_NUMBER),
		COLUMN("TRANSACTIONS", "transactions.live", SHOW_NUMBER),
		COLUMN("LINGERING", "transactions.lingering", SHOW_NUMBER),
		COLUMN("TEXT BYTES", "text.used", SHOW_NUMBER),
		COLUMN("TIMERS", "timers", SHOW_NUMBER),
		COLUMN("WAITING", "packets_pending", SHOW_NUMBER),
	};

	print_rows(out, at(result, "workers"), columns, ARRAY_LEN(columns));
}

static void view_counters(FILE *out, const json_t *result) {
	const json_t *counters = at(result, "counters");
	const json_t *first = json_object_iter_value(json_object_iter((json_t *)(uintptr_t)counters));
	size_t workers = json_array_size(at(first, "workers"));
	struct text_table table = {0};
	char title[TEXT_TABLE_COLUMNS_MAX][32];
	const char *name;
	json_t *counter;

	text_table_column(&table, "COUNTER", false);
	text_table_column(&table, "SUM", true);
	workers = workers > 1 && workers < TEXT_TABLE_COLUMNS_MAX - 3 ? workers : 0;
	for (size_t i = 0; i < workers; i++) {
		snprintf(title[i], sizeof(title[i]), "WORKER %zu", i);
		text_table_column(&table, title[i], true);
	}
	text_table_column(&table, "MEANING", false);
	json_object_foreach((json_t *)(uintptr_t)counters, name, counter) {
		text_table_cell(&table, "%s", name);
		text_table_cell(&table, "%" PRId64, number(counter, "sum"));
		for (size_t i = 0; i < workers; i++)
			text_table_cell(
				&table,
				"%" PRId64,
				(int64_t)json_integer_value(json_array_get(at(counter, "workers"), i))
			);
		text_table_cell(&table, "%s", text(counter, "help"));
	}
	text_table_print(&table, out);
	text_table_free(&table);
}

static void view_latency(FILE *out, const json_t *result) {
	static const struct column columns[] = {
		COLUMN("MESSAGES (us)", "kind", SHOW_TEXT),
		COLUMN("COUNT", "count", SHOW_NUMBER),
		COLUMN("MEAN", "mean_us", SHOW_REAL),
		COLUMN("P50", "p50_us", SHOW_REAL),
		COLUMN("P90", "p90_us", SHOW_REAL),
		COLUMN("P99", "p99_us", SHOW_REAL),
		COLUMN("P99.9", "p999_us", SHOW_REAL),
		COLUMN("P99.99", "p9999_us", SHOW_REAL),
		COLUMN("MAX", "max_us", SHOW_REAL),
	};

	print_rows(out, at(result, "latency"), columns, ARRAY_LEN(columns));
}

static void view_stages(FILE *out, const json_t *result) {
	static const struct column columns[] = {
		COLUMN("STAGE", "stage", SHOW_TEXT),
		COLUMN("CYCLES/MESSAGE", "cycles", SHOW_REAL),
		COLUMN("%", "percent", SHOW_REAL),
		COLUMN("MEANING", "help", SHOW_TEXT),
	};

	print_rows(out, at(result, "stages"), columns, ARRAY_LEN(columns));
	fprintf(out,
		"%.1f cycles a message over %" PRId64 " messages; measuring is %s\n",
		real(result, "cycles"),
		number(result, "messages"),
		json_is_true(at(result, "on")) ? "on" : "off (stages on)");
}

static void view_stages_switch(FILE *out, const json_t *result) {
	fprintf(out, "measuring cycles by stage is %s\n", json_is_true(at(result, "on")) ? "on" : "off");
}

static void print_more(FILE *out, const json_t *rows, const json_t *result) {
	if (!json_is_true(at(result, "complete")))
		fprintf(out, "(the first %zu only; --limit N shows more)\n", json_array_size(rows));
}

static void view_transactions(FILE *out, const json_t *result) {
	static const struct column columns[] = {
		COLUMN("ID", "id", SHOW_TEXT),
		COLUMN("KIND", "kind", SHOW_TEXT),
		COLUMN("METHOD", "method", SHOW_TEXT),
		COLUMN("STATE", "state", SHOW_TEXT),
		COLUMN("STATUS", "status", SHOW_NUMBER),
		COLUMN("AGE s", "age_ms", SHOW_SECONDS),
		COLUMN("TIMER s", "timer_ms", SHOW_SECONDS),
		COLUMN("PEER", "peer", SHOW_TEXT),
		COLUMN("CALL-ID", "call_id", SHOW_TEXT),
	};

	print_rows(out, at(result, "transactions"), columns, ARRAY_LEN(columns));
	print_more(out, at(result, "transactions"), result);
}

static void view_dialogs(FILE *out, const json_t *result) {
	static const struct column columns[] = {
		COLUMN("ID", "id", SHOW_TEXT),
		COLUMN("STATE", "state", SHOW_TEXT),
		COLUMN("AGE s", "age_ms", SHOW_SECONDS),
		COLUMN("CALLER", "caller", SHOW_TEXT),
		COLUMN("CALLEE", "callee", SHOW_TEXT),
		COLUMN("FROM", "from_uri", SHOW_TEXT),
		COLUMN("TO", "to_uri", SHOW_TEXT),
		COLUMN("RULE", "rule", SHOW_TEXT),
		COLUMN("CALL-ID", "call_id", SHOW_TEXT),
	};

	print_rows(out, at(result, "dialogs"), columns, ARRAY_LEN(columns));
	print_more(out, at(result, "dialogs"), result);
}

static void view_dialog(FILE *out, const json_t *result) {
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)result, name, value) {
		fprintf(out, "%-14s ", name);
		if (json_is_string(value))
			print_text(out, json_string_value(value));
		else
			fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		fputc('\n', out);
	}
}

static void view_bans(FILE *out, const json_t *result) {
	static const struct column columns[] = {
		COLUMN("ADDRESS", "address", SHOW_TEXT),
		COLUMN("WORKER", "worker", SHOW_NUMBER),
		COLUMN("LEFT s", "left_s", SHOW_NUMBER),
		COLUMN("BY", "by", SHOW_TEXT),
	};

	print_rows(out, at(result, "bans"), columns, ARRAY_LEN(columns));
	print_more(out, at(result, "bans"), result);
}

static void view_ban(FILE *out, const json_t *result) {
	fprintf(out, "%s is banned for %" PRId64 " seconds\n", text(result, "address"), number(result, "seconds"));
}

static void view_unban(FILE *out, const json_t *result) {
	fprintf(out, "%s is not banned any more\n", text(result, "address"));
}

// As JSON, which is YAML: what is printed can be given to `tandem check`.
static void view_config(FILE *out, const json_t *result) {
	fprintf(out, "# ");
	print_text(out, text(result, "file"));
	fprintf(out, ", version %" PRId64 ", defaults filled in\n", number(result, "version"));
	json_dumpf(at(result, "config"), out, JSON_INDENT(2));
	fputc('\n', out);
}

static void view_log_level(FILE *out, const json_t *result) {
	fprintf(out, "log level %s\n", text(result, "level"));
}

void ctl_view(FILE *out, enum method method, const json_t *result) {
	static void (*const views[METHOD_COUNT])(FILE *, const json_t *) = {
		[METHOD_STATUS] = view_status,
		[METHOD_PORTS] = view_ports,
		[METHOD_WORKERS] = view_workers,
		[METHOD_COUNTERS] = view_counters,
		[METHOD_LATENCY] = view_latency,
		[METHOD_STAGES] = view_stages,
		[METHOD_TRANSACTIONS] = view_transactions,
		[METHOD_DIALOGS] = view_dialogs,
		[METHOD_DIALOG] = view_dialog,
		[METHOD_BANS] = view_bans,
		[METHOD_BAN] = view_ban,
		[METHOD_UNBAN] = view_unban,
		[METHOD_CONFIG] = view_config,
		[METHOD_LOG_LEVEL] = view_log_level,
		[METHOD_STAGES_SWITCH] = view_stages_switch,
	};

	views[method](out, result);
}
