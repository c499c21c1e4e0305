// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/ctl.h"
#include "control/ctl_table.h"
#include "unit/test.h"

// What was written to a stream made by open_memstream.
struct written {
	char *text;
	size_t size;
	FILE *stream;
};

static void begin(struct written *w) {
	w->stream = open_memstream(&w->text, &w->size);
	assert_non_null(w->stream);
}

static void end(struct written *w) {
	fclose(w->stream);
	w->stream = NULL;
}

static void columns_are_aligned(void **state) {
	struct text_table table = {0};
	struct written out = {0};

	(void)state;
	begin(&out);
	text_table_column(&table, "NAME", false);
	text_table_column(&table, "N", true);
	text_table_column(&table, "REST", false);
	text_table_cell(&table, "a");
	text_table_cell(&table, "%d", 1234);
	text_table_cell(&table, "x");
	text_table_cell(&table, "longer");
	text_table_cell(&table, "%d", 5);
	text_table_cell(&table, "y\tz\x1b[2J\xc3");
	text_table_print(&table, out.stream);
	end(&out);
	assert_string_equal(
		out.text,
		"NAME       N  REST\n"
		"a       1234  x\n"
		"longer     5  y?z?[2J?\n"
	);
	text_table_free(&table);
	free(out.text);
}

static void an_empty_table_has_its_titles(void **state) {
	struct text_table table = {0};
	struct written out = {0};

	(void)state;
	begin(&out);
	text_table_column(&table, "A", false);
	text_table_column(&table, "B", true);
	text_table_print(&table, out.stream);
	end(&out);
	assert_string_equal(out.text, "A  B\n");
	text_table_free(&table);
	free(out.text);
}

// The params of a command line, or what it was refused with.
static char *read_line(const char *const *words, bool json) {
	struct written err = {0};
	struct ctl ctl = {.json = json};
	struct ctl_command command;
	uint32_t count = 0;
	char *text;

	while (words[count])
		count++;
	begin(&err);
	ctl.err = err.stream;
	if (ctl_command_read(&ctl, words, count, &command) != CTL_DONE) {
		end(&err);
		return err.text;
	}
	end(&err);
	assert_string_equal(err.text, "");
	free(err.text);
	text = json_dumps(command.params, JSON_COMPACT);
	json_decref(command.params);
	return text;
}

static void words_become_params(void **state) {
	static const struct {
		const char *words[8];
		const char *expected;
	} rows[] = {
		{{"show", "status"}, "{}"},
		{{"show", "counters"}, "{\"nonzero\":true}"},
		{{"show", "counters", "all"}, "{}"},
		{{"show", "dialogs"}, "{}"},
		{{"show", "dialogs", "state=early"}, "{\"filter\":\"state=early\"}"},
		{{"show", "dialogs", "--limit", "7", "bob"}, "{\"limit\":7,\"filter\":\"bob\"}"},
		{{"show", "transactions", "z9hG4bK", "--limit", "10000"}, "{\"filter\":\"z9hG4bK\",\"limit\":10000}"},
		{{"show", "dialog", "0-12-3"}, "{\"id\":\"0-12-3\"}"},
		{{"log", "level"}, "{}"},
		{{"log", "level", "debug"}, "{\"level\":\"debug\"}"},
		{{"show"}, "tandemctl: no such command; `tandemctl help` lists them\n"},
		{{"show", "statu"}, "tandemctl: no such command; `tandemctl help` lists them\n"},
		{{"show", "status", "all"}, "tandemctl: \"all\" is too much for show status\n"},
		{{"show", "dialog"},
		 "tandemctl: show dialog needs id (18 digits 0-9 a-f, as show dialogs prints it)\n"},
		{{"show", "dialogs", "--limit"}, "tandemctl: --limit needs a value\n"},
		{{"show", "dialogs", "--limit", "0"},
		 "tandemctl: \"0\" is not allowed for limit; write a number from 1 to 10000\n"},
		{{"show", "status", "--limit", "1"}, "tandemctl: --limit is not known here\n"},
		{{"show", "counters", "all", "all"}, "tandemctl: \"all\" is too much for show counters\n"},
		{{"show", "dialog", "a-name-that-is-too-long"}, "tandemctl: id has 23 bytes; allowed are 1 to 19\n"},
		{{"show", "dialogs", "\xff"}, "tandemctl: filter is not UTF-8\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = read_line(rows[i].words, false);

		assert_string_equal(text, rows[i].expected);
		free(text);
	}
}

static void json_output_asks_for_all_counters(void **state) {
	static const char *const words[] = {"show", "counters", NULL};
	char *text = read_line(words, true);

	(void)state;
	assert_string_equal(text, "{}");
	free(text);
}

static void view(enum method method, const char *result, const char *expected) {
	struct written out = {0};
	json_t *json = json_loads(result, 0, NULL);

	assert_non_null(json);
	begin(&out);
	ctl_view(out.stream, method, json);
	end(&out);
	assert_string_equal(out.text, expected);
	json_decref(json);
	free(out.text);
}

static void results_are_shown_for_people(void **state) {
	(void)state;
	view(METHOD_LOG_LEVEL, "{\"level\":\"info\"}", "log level info\n");
	view(METHOD_STAGES_SWITCH, "{\"on\":true}", "measuring cycles by stage is on\n");
	view(METHOD_STAGES,
	     "{\"on\":false,\"messages\":7,\"cycles\":400.5,\"stages\":[{\"stage\":\"parse\",\"cycles\":300.5,"
	     "\"percent\":75.0,"
	     "\"help\":\"lines\"}]}",
	     "STAGE  CYCLES/MESSAGE     %  MEANING\n"
	     "parse           300.5  75.0  lines\n"
	     "400.5 cycles a message over 7 messages; measuring is off (stages on)\n");
	view(METHOD_COUNTERS,
	     "{\"counters\":{\"rx.sip\":{\"sum\":3,\"workers\":[3],\"help\":\"datagrams\"}}}",
	     "COUNTER  SUM  MEANING\n"
	     "rx.sip     3  datagrams\n");
	view(METHOD_COUNTERS,
	     "{\"counters\":{\"rx.sip\":{\"sum\":3,\"workers\":[1,2],\"help\":\"datagrams\"}}}",
	     "COUNTER  SUM  WORKER 0  WORKER 1  MEANING\n"
	     "rx.sip     3         1         2  datagrams\n");
	view(METHOD_COUNTERS, "{\"counters\":{}}", "COUNTER  SUM  MEANING\n");
	view(METHOD_DIALOGS,
	     "{\"dialogs\":[{\"id\":\"0-1-1\",\"state\":\"early\",\"age_ms\":1500,\"caller\":\"192.0.2.10:5060\","
	     "\"callee\":\"\",\"from_uri\":\"sip:a@x\",\"to_uri\":\"sip:b@y\",\"rule\":\"r\",\"call_id\":\"c\"}],"
	     "\"complete\":false}",
	     "ID     STATE  AGE s  CALLER           CALLEE  FROM     TO       RULE  CALL-ID\n"
	     "0-1-1  early    1.5  192.0.2.10:5060          sip:a@x  sip:b@y  r     c\n"
	     "(the first 1 only; --limit N shows more)\n");
	view(METHOD_DIALOG, "{\"id\":\"0-1-1\",\"age_ms\":7}", "id             0-1-1\nage_ms         7\n");
}

// Whatever an answer lacks or has in another type is shown as nothing, and nothing crashes.
static void any_result_is_shown(void **state) {
	static const char *const results[] = {
		"{}",
		"[]",
		"{\"counters\":[],\"ports\":{},\"workers\":7,\"latency\":[1,{}],\"dialogs\":[[]]}",
		"{\"counters\":{\"a\":1},\"version\":[],\"ports\":[1,null],\"transactions\":[{\"id\":{}}]}",
		"{\"config\":7,\"status\":null}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		json_t *json = json_loads(results[i], 0, NULL);

		for (enum method method = 0; method < METHOD_COUNT; method++) {
			struct written out = {0};

			begin(&out);
			ctl_view(out.stream, method, json);
			end(&out);
			free(out.text);
		}
		json_decref(json);
	}
}

static void no_socket_is_named_with_the_remedy(void **state) {
	static const char *const words[] = {"show", "status"};
	struct written err = {0};
	struct ctl ctl = {.socket = "/nonexistent/control.sock"};

	(void)state;
	begin(&err);
	ctl.err = err.stream;
	assert_int_equal(ctl_execute(&ctl, words, 2), CTL_NO_CONNECTION);
	end(&err);
	assert_non_null(strstr(
		err.text, "no answer on /nonexistent/control.sock: No such file or directory; is tandem running?"
	));
	free(err.text);
}

static void help_for_nothing_is_refused(void **state) {
	static const char *const words[] = {"help", "foo"};
	struct written err = {0};
	struct ctl ctl = {0};

	(void)state;
	begin(&err);
	ctl.err = err.stream;
	assert_int_equal(ctl_execute(&ctl, words, 2), CTL_USAGE);
	end(&err);
	assert_string_equal(err.text, "tandemctl: no such help; `tandemctl help` lists the commands\n");
	free(err.text);
}

// Answers the first client without reading what it says, and leaves.
static void refuse_one(int listener, const char *answer) {
	int fd = accept(listener, NULL, NULL);

	_exit(fd < 0 || write(fd, answer, strlen(answer)) < 0);
}

// Asks a server that closes before all is sent, which is more than a socket holds.
static enum ctl_exit ask_refuser(struct ctl *ctl, const char *answer, json_t **ret_answer) {
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	size_t len = 8 << 20;
	char *request = malloc(len + 1);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), status;
	enum ctl_exit result;
	pid_t child;

	memset(request, ' ', len);
	request[len] = '\0';
	snprintf(name.sun_path, sizeof(name.sun_path), "/tmp/tandem-test-%d", getpid());
	assert_int_equal(bind(listener, (const struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(listener, 1), 0);
	child = fork();
	if (child == 0)
		refuse_one(listener, answer);
	close(listener);
	ctl->socket = name.sun_path;
	result = ctl_ask(ctl, request, ret_answer);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	unlink(name.sun_path);
	free(request);
	return result;
}

static void a_refusal_is_read_although_the_request_was_not_taken(void **state) {
	struct written err = {0};
	struct ctl ctl = {0};
	json_t *answer = NULL;

	(void)state;
	begin(&err);
	ctl.err = err.stream;
	assert_int_equal(ask_refuser(&ctl, "{\"error\":{\"message\":\"too many clients\"}}\n", &answer), CTL_DONE);
	assert_non_null(json_object_get(answer, "error"));
	json_decref(answer);
	assert_int_equal(ask_refuser(&ctl, "", &answer), CTL_NO_CONNECTION);
	end(&err);
	assert_non_null(strstr(err.text, ": the connection was closed; see the log of tandem"));
	free(err.text);
}

static void the_reference_is_up_to_date(void **state) {
	struct written out = {0};
	char *committed = NULL;
	size_t size = 0;
	FILE *in = fopen(SOURCE_ROOT "/docs/cli.md", "r");

	(void)state;
	assert_non_null(in);
	assert_true(getdelim(&committed, &size, '\0', in) > 0);
	fclose(in);
	begin(&out);
	method_print_reference(out.stream);
	end(&out);
	assert_string_equal(out.text, committed);
	free(committed);
	free(out.text);
}

static void every_method_is_found_by_its_words_and_name(void **state) {
	(void)state;
	for (enum method method = 0; method < METHOD_COUNT; method++) {
		const char *words[4];
		char text[64];
		uint32_t count = 0, used = 0;

		snprintf(text, sizeof(text), "%s", method_specs[method].words);
		for (char *rest = text, *word; (word = strsep(&rest, " "));)
			words[count++] = word;
		assert_int_equal(method_match(words, count, &used), method);
		assert_int_equal(used, count);
		assert_int_equal(method_find(method_specs[method].name), method);
	}
	assert_int_equal(method_find("nothing"), METHOD_COUNT);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(an_empty_table_has_its_titles),
		cmocka_unit_test(words_become_params),
		cmocka_unit_test(json_output_asks_for_all_counters),
		cmocka_unit_test(results_are_shown_for_people),
		cmocka_unit_test(any_result_is_shown),
		cmocka_unit_test(no_socket_is_named_with_the_remedy),
		cmocka_unit_test(help_for_nothing_is_refused),
		cmocka_unit_test(a_refusal_is_read_although_the_request_was_not_taken),
		cmocka_unit_test(the_reference_is_up_to_date),
		cmocka_unit_test(every_method_is_found_by_its_words_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
