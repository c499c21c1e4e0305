// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Whatever the line, what goes out is one line of JSON, or nothing.
#include "fuzz/fuzz.h"

#include "control/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct rpc_line line;
	struct rpc_call call;
	char *text;

	rpc_line_begin(&line, str_of((const char *)data, size));
	while (rpc_line_next(&line, &call)) {
		if (call.method[0] == 'e')
			rpc_line_error(&line, RPC_UNKNOWN_METHOD, call.method);
		else
			rpc_line_result(&line, call.params ? json_deep_copy(call.params) : json_null());
	}
	text = rpc_line_end(&line);
	if (text) {
		json_t *json = json_loads(text, 0, NULL);

		FUZZ_CHECK(json);
		FUZZ_CHECK(strchr(text, '\n') == text + strlen(text) - 1);
		json_decref(json);
		free(text);
	}
	return 0;
}
