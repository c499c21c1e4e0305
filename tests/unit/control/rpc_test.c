// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/rpc.h"
#include "unit/test.h"

// Answers as a server would: "echo" gives its params back, all else is not known.
static char *answer(struct str text) {
	struct rpc_line line;
	struct rpc_call call;

	rpc_line_begin(&line, text);
	while (rpc_line_next(&line, &call)) {
		if (strcmp(call.method, "echo") == 0)
			rpc_line_result(&line, call.params ? json_deep_copy(call.params) : json_null());
		else
			rpc_line_error(&line, RPC_UNKNOWN_METHOD, "no such method");
	}
	return rpc_line_end(&line);
}

#define CALL(rest) "{\"jsonrpc\":\"2.0\"," rest "}"
#define ERROR(code, message, id)                                                                                       \
	"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":" code ",\"message\":\"" message "\"},\"id\":" id "}"

static void each_line_has_its_answer(void **state) {
	static const struct {
		const char *line;
		const char *expected; // NULL: none
	} rows[] = {
		{CALL("\"id\":1,\"method\":\"echo\""), "{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":1}\n"},
		{CALL("\"id\":\"x\",\"method\":\"echo\",\"params\":{\"a\":[1]}"),
		 "{\"jsonrpc\":\"2.0\",\"result\":{\"a\":[1]},\"id\":\"x\"}\n"},
		{CALL("\"id\":null,\"method\":\"echo\",\"params\":[]"),
		 "{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":null}\n"},
		{CALL("\"id\":2,\"method\":\"nope\""), ERROR("-32601", "no such method", "2") "\n"},
		{CALL("\"id\":3,\"method\":\"echo\",\"params\":[1]"),
		 ERROR("-32602", "params are taken by name, as an object", "3") "\n"},
		{CALL("\"id\":4,\"method\":\"echo\",\"params\":7"),
		 ERROR("-32600", "\\\"params\\\" has to be an object", "4") "\n"},
		{CALL("\"id\":5,\"method\":7"), ERROR("-32600", "\\\"method\\\" has to be a string", "5") "\n"},
		{CALL("\"id\":[],\"method\":\"echo\""),
		 ERROR("-32600", "\\\"id\\\" has to be a string, a number or null", "null") "\n"},
		{"{\"id\":6,\"method\":\"echo\"}", ERROR("-32600", "\\\"jsonrpc\\\" has to be \\\"2.0\\\"", "6") "\n"},
		{"{\"jsonrpc\":\"1.0\",\"id\":6,\"method\":\"echo\"}",
		 ERROR("-32600", "\\\"jsonrpc\\\" has to be \\\"2.0\\\"", "6") "\n"},
		{"1", ERROR("-32600", "a request is an object", "null") "\n"},
		{"\"[[[[[[[[[[[[[[[[[[[[\"", ERROR("-32600", "a request is an object", "null") "\n"},
		{"[]", ERROR("-32600", "empty batch", "null") "\n"},
		{"[1,2,3,4,5,6,7,8,9]", ERROR("-32600", "too many requests in a batch; at most 8", "null") "\n"},
		{"[[[[[[[[[[[[[[[[[", ERROR("-32700", "nested too deeply", "null") "\n"},
		// notifications get no answer
		{CALL("\"method\":\"echo\""), NULL},
		{CALL("\"method\":\"nope\""), NULL},
		{"[" CALL("\"method\":\"echo\"") "]", NULL},
		// a batch
		{"[" CALL("\"id\":1,\"method\":\"echo\"") ",2," CALL("\"method\":\"echo\""
		 ) "," CALL("\"id\":2,\"method\":\"x\"") "]",
		 "[{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":1}," ERROR(
			 "-32600", "a request is an object", "null"
		 ) "," ERROR("-32601", "no such method", "2") "]\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = answer(str_from_c(rows[i].line));

		if (rows[i].expected) {
			assert_non_null(text);
			assert_string_equal(text, rows[i].expected);
		} else {
			assert_null(text);
		}
		free(text);
	}
}

static void what_is_not_json_is_a_parse_error(void **state) {
	static const char *const lines[] = {
		"{",
		"x",
		"{\"a\":1,}",
		"{\"a\":1,\"a\":2}",
		"{} {}",
		"\"\\ud800\"",
		"\xff",
		"nul",
		"]",
		"{\"a\"\0:1}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		char *text = answer(str_from_c(lines[i]));

		assert_non_null(text);
		assert_non_null(strstr(text, "\"code\":-32700"));
		assert_non_null(strstr(text, "\"id\":null"));
		free(text);
	}
}

static void every_prefix_is_safe(void **state) {
	static const char line[] =
		"[{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"\\\\\",\"method\":\"echo\",\"params\":{\"x\":[{}]}}]";

	(void)state;
	for (size_t len = 0; len < sizeof(line) - 1; len++) {
		struct guarded copy = guarded_end(line, len);
		char *text = answer(str_of(copy.ptr, len));

		assert_non_null(strstr(text, "-32700"));
		free(text);
		guarded_free(&copy);
	}
}

static void a_line_given_up_leaves_nothing(void **state) {
	struct rpc_line line;
	struct rpc_call call;

	(void)state;
	rpc_line_begin(&line, STR(CALL("\"id\":1,\"method\":\"echo\"")));
	assert_true(rpc_line_next(&line, &call));
	free(rpc_line_end(&line));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_has_its_answer),
		cmocka_unit_test(what_is_not_json_is_a_parse_error),
		cmocka_unit_test(every_prefix_is_safe),
		cmocka_unit_test(a_line_given_up_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
