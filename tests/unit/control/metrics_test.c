// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The whole of what is shown, by a control core with two workers that exist only as their structs.
#include "control/metrics.h"

#include <ctype.h>
#include <event2/event.h>
#include <regex.h>
#include <time.h>

#include "unit/control/commands_rig.h"
#include "unit/control/http_rig.h"

static int up(void **state) {
	struct config_metrics *metrics;
	struct rig *rig;

	commands_rig_up(state);
	rig = *state;
	metrics = &rig->cfg->metrics;
	metrics->listen = http_free_endpoint();
	metrics->allow = calloc(1, sizeof(*metrics->allow));
	metrics->allow_count = 1;
	assert_true(ip_prefix_parse(STR("127.0.0.0/8"), metrics->allow));
	assert_int_equal(metrics_open(&rig->c, &rig->c.metrics), 0);
	return 0;
}

static int down(void **state) {
	struct rig *rig = *state;

	metrics_close(rig->c.metrics);
	return commands_rig_down(state);
}

static char *asked(struct rig *rig, const char *path) {
	char request[64];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n\r\n", path);
	return http_ask(loop_base(rig->c.loop), &rig->cfg->metrics.listen, request);
}

static void assert_line(const char *text, const char *line) {
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (!strstr(text, wanted))
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void every_counter_is_shown_for_every_worker(void **state) {
	struct rig *rig = *state;
	char *text;

	for (enum count count = 0; count < COUNT_COUNT; count++) {
		rig->c.worker[0]->count.value[count] = 1000 + count;
		rig->c.worker[1]->count.value[count] = 2000 + count;
	}
	text = asked(rig, "/metrics");
	for (enum count count = 0; count < COUNT_COUNT; count++) {
		char name[64], line[256];

		snprintf(name, sizeof(name), "%s", count_name(count));
		for (char *at = name; *at; at++)
			*at = isalnum((unsigned char)*at) ? *at : '_';
		snprintf(line, sizeof(line), "# HELP tandem_%s_total %s", name, count_help(count));
		assert_line(text, line);
		snprintf(line, sizeof(line), "# TYPE tandem_%s_total counter", name);
		assert_line(text, line);
		for (int i = 0; i < WORKERS; i++) {
			snprintf(
				line,
				sizeof(line),
				"tandem_%s_total{worker=\"%d\"} %u",
				name,
				i,
				1000 * (i + 1) + (unsigned)count
			);
			assert_line(text, line);
		}
	}
	assert_line(text, "tandem_drop_kernel_full_total{worker=\"control\"} 0");
	free(text);
}

static void what_workers_hold_is_shown(void **state) {
	static const char *const lines[] = {
		"tandem_transactions{worker=\"1\",state=\"live\"} 1",
		"tandem_transactions{worker=\"1\",state=\"lingering\"} 2",
		"tandem_transactions_max{worker=\"1\"} 3",
		"tandem_transactions_capacity{worker=\"1\"} 4",
		"tandem_dialogs{worker=\"1\",state=\"early\"} 5",
		"tandem_dialogs{worker=\"1\",state=\"confirmed\"} 6",
		"tandem_dialogs_max{worker=\"1\"} 7",
		"tandem_dialogs_capacity{worker=\"1\"} 8",
		"tandem_forks{worker=\"1\"} 9",
		"tandem_forks_max{worker=\"1\"} 10",
		"tandem_forks_capacity{worker=\"1\"} 11",
		"tandem_text_used_bytes{worker=\"1\"} 1099511627776",
		"tandem_text_capacity_bytes{worker=\"1\"} 2199023255552",
		"tandem_timers{worker=\"1\"} 12",
		"tandem_packets_pending{worker=\"1\"} 13",
		"tandem_transactions{worker=\"0\",state=\"live\"} 0",
		"tandem_worker_busy_seconds_total{worker=\"1\"} 2.5",
		"tandem_worker_still_seconds{worker=\"0\"} 0",
		"tandem_worker_info{worker=\"0\",cpu=\"0\"} 1",
		"tandem_worker_info{worker=\"1\",cpu=\"1\"} 1",
	};
	struct rig *rig = *state;
	char *text;

	rig->c.worker[1]->gauges = (struct worker_gauges){
		.transactions_live = 1,
		.transactions_lingering = 2,
		.transactions_max = 3,
		.transactions_capacity = 4,
		.dialogs_early = 5,
		.dialogs_confirmed = 6,
		.dialogs_max = 7,
		.dialogs_capacity = 8,
		.forks = 9,
		.forks_max = 10,
		.forks_capacity = 11,
		.text_used = UINT64_C(1) << 40,
		.text_capacity = UINT64_C(1) << 41,
		.timers = 12,
		.packets_pending = 13,
	};
	rig->c.worker[1]->busy_tsc = 2500000000;
	text = asked(rig, "/metrics");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_line(text, lines[i]);
	free(text);
}

static void latency_is_that_of_all_workers(void **state) {
	struct rig *rig = *state;
	char *text;

	hist_add(&rig->c.worker[0]->latency[LATENCY_INVITE], 40 * 1000);
	hist_add(&rig->c.worker[1]->latency[LATENCY_INVITE], 80 * 1000);
	hist_add(&rig->c.worker[1]->latency[LATENCY_FINAL], 400 * 1000);
	text = asked(rig, "/metrics");
	assert_line(text, "# TYPE tandem_latency_seconds histogram");
	assert_line(text, "tandem_latency_seconds_bucket{kind=\"invite\",le=\"0.00005\"} 1");
	assert_line(text, "tandem_latency_seconds_bucket{kind=\"invite\",le=\"0.0001\"} 2");
	assert_line(text, "tandem_latency_seconds_sum{kind=\"invite\"} 0.00012");
	assert_line(text, "tandem_latency_seconds_count{kind=\"invite\"} 2");
	assert_line(text, "tandem_latency_seconds_count{kind=\"final\"} 1");
	assert_line(text, "tandem_latency_seconds_count{kind=\"local\"} 0");
	assert_null(strstr(text, "kind=\"none\""));
	free(text);
}

static void the_process_and_its_ports_are_shown(void **state) {
	struct rig *rig = *state;
	char *text, start[64];
	const char *at;

	rig->c.draining = true;
	text = asked(rig, "/metrics");
	assert_line(text, "tandem_build_info{version=\"" TANDEM_VERSION "\",locator=\"scalar\",proxy=\"dialog\"} 1");
	assert_line(text, "tandem_config_version 1");
	assert_line(text, "tandem_draining 1");
	assert_line(text, "tandem_port_up{port=\"p\"} 1");
	assert_line(text, "tandem_port_info{port=\"p\",device=\"net_tap0\",driver=\"net_tap\"} 1");
	assert_line(text, "tandem_port_rx_packets_total{port=\"p\"} 1000");
	assert_line(text, "tandem_port_tx_packets_total{port=\"p\"} 900");
	snprintf(start, sizeof(start), "\nprocess_start_time_seconds ");
	at = strstr(text, start);
	assert_non_null(at);
	assert_in_range((uint64_t)strtod(at + strlen(start), NULL), (uint64_t)time(NULL) - 60, (uint64_t)time(NULL));
	assert_non_null(strstr(text, "\nprocess_resident_memory_bytes "));
	assert_non_null(strstr(text, "\nprocess_open_fds "));
	assert_non_null(strstr(text, "\nprocess_cpu_seconds_total "));
	free(text);
}

// Each family: its help, its type, its samples, and nothing of it anywhere else.
static void every_family_stands_once(void **state) {
	char *text = asked(*state, "/metrics");
	char open[METRICS_NAME_MAX] = "", seen[65536] = "\n";
	uint32_t families = 0;

	assert_non_null(strstr(text, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	for (const char *line = strstr(text, "\r\n\r\n") + 4; *line; line = strchr(line, '\n') + 1) {
		char name[METRICS_NAME_MAX], listed[METRICS_NAME_MAX + 2];

		if (sscanf(line, "# HELP %63s", name) == 1) {
			snprintf(listed, sizeof(listed), "\n%s\n", name);
			assert_null(strstr(seen, listed));
			snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s\n", name);
			snprintf(open, sizeof(open), "%s", name);
			families++;
		} else if (sscanf(line, "# TYPE %63s", name) == 1) {
			assert_string_equal(name, open);
		} else if (strncmp(line, open, strlen(open)) != 0 || !open[0]) {
			fail_msg("a sample outside its family %s: %.80s", open, line);
		}
		assert_non_null(strchr(line, '\n'));
	}
	assert_in_range(families, COUNT_COUNT + 30, METRICS_FAMILIES_MAX);
	free(text);
}

static void health_names_the_worker_that_stands_still(void **state) {
	struct rig *rig = *state;
	char *text = asked(rig, "/healthz");

	assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
	assert_line(text, "ok");
	free(text);
	rig->c.watch[1].still = WATCH_TICKS + 3;
	text = asked(rig, "/healthz");
	assert_non_null(strstr(text, "HTTP/1.1 503 Service Unavailable\r\n"));
	assert_line(text, "worker 1 on CPU 1 has stood still for 2300 ms");
	assert_null(strstr(text, "worker 0"));
	free(text);
	text = asked(rig, "/metrics");
	assert_line(text, "tandem_worker_still_seconds{worker=\"1\"} 2.3");
	free(text);
}

static void other_paths_are_unknown(void **state) {
	static const char *const paths[] = {"/", "/metric", "/metrics/", "/metricss", "/healthz/x", "/../metrics"};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char *text = asked(*state, paths[i]);

		assert_non_null(strstr(text, "HTTP/1.1 404 Not Found\r\n"));
		free(text);
	}
}

static void only_the_networks_allowed_are_answered(void **state) {
	struct rig *rig = *state;
	char *text;

	assert_true(ip_prefix_parse(STR("192.0.2.0/24"), rig->cfg->metrics.allow));
	text = asked(rig, "/metrics");
	assert_string_equal(text, "");
	free(text);
	assert_true(ip_prefix_parse(STR("127.0.0.1/32"), rig->cfg->metrics.allow));
	text = asked(rig, "/metrics");
	assert_line(text, "tandem_metrics_connections_total{outcome=\"refused\"} 1");
	free(text);
}

static void a_taken_port_is_an_error(void **state) {
	struct rig *rig = *state;
	struct metrics *second;

	assert_true(metrics_open(&rig->c, &second) < 0);
}

static char *file_text(const char *path) {
	FILE *in = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(in);
	assert_true(fread(text, 1, (1 << 20) - 1, in) > 0);
	fclose(in);
	return text;
}

static bool is_word(char c) {
	return isalnum((unsigned char)c) || c == '_';
}

// `name` may be an expression; a family of that name, or the histogram it is a part of, is in the text.
static bool is_shown(const char *text, const char *name) {
	char pattern[METRICS_NAME_MAX + 64];
	regex_t regex;
	bool found;

	snprintf(pattern, sizeof(pattern), "^# TYPE (%s) ", name);
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB), 0);
	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static bool is_shown_as_histogram(const char *text, const char *name) {
	static const char *const suffixes[] = {"_bucket", "_sum", "_count"};

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		size_t len = strlen(name), cut = strlen(suffixes[i]);
		char line[128];

		if (len <= cut || strcmp(name + len - cut, suffixes[i]) != 0)
			continue;
		snprintf(line, sizeof(line), "\n# TYPE %.*s histogram\n", (int)(len - cut), name);
		if (strstr(text, line))
			return true;
	}
	return false;
}

// Of a name, or of an expression for several: ".+", "(.+)".
static uint32_t name_len(const char *at) {
	uint32_t len = 0;

	for (;;) {
		if (is_word(at[len]))
			len++;
		else if (strncmp(at + len, ".+", 2) == 0)
			len += 2;
		else if (strncmp(at + len, "(.+)", 4) == 0)
			len += 4;
		else
			return len;
	}
}

// How many names of metrics the file has; all of them are shown.
static uint32_t check_names(const char *text, const char *path) {
	char *file = file_text(path);
	uint32_t names = 0;

	for (const char *at = file; *at; at++) {
		char name[METRICS_NAME_MAX];

		if ((at > file && is_word(at[-1])) ||
		    (strncmp(at, "tandem_", 7) != 0 && strncmp(at, "process_", 8) != 0))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)name_len(at), at);
		if (!is_shown(text, name) && !is_shown_as_histogram(text, name))
			fail_msg("%s: nothing is called %s", path, name);
		names++;
	}
	free(file);
	return names;
}

static void dashboard_alerts_and_manual_name_what_there_is(void **state) {
	char *text = asked(*state, "/metrics");

	assert_in_range(check_names(text, SOURCE_ROOT "/docs/grafana/tandem.json"), 40, 1000);
	assert_in_range(check_names(text, SOURCE_ROOT "/docs/prometheus/alerts.yaml"), 10, 1000);
	assert_in_range(check_names(text, SOURCE_ROOT "/docs/metrics.md"), 30, 1000);
	free(text);
}

int main(void) {
#define WITH(test) cmocka_unit_test_setup_teardown(test, up, down)
	const struct CMUnitTest tests[] = {
		WITH(every_counter_is_shown_for_every_worker),
		WITH(what_workers_hold_is_shown),
		WITH(latency_is_that_of_all_workers),
		WITH(the_process_and_its_ports_are_shown),
		WITH(every_family_stands_once),
		WITH(health_names_the_worker_that_stands_still),
		WITH(other_paths_are_unknown),
		WITH(only_the_networks_allowed_are_answered),
		WITH(a_taken_port_is_an_error),
		WITH(dashboard_alerts_and_manual_name_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
