// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// JSON-RPC 2.0 without the transport: one line of input holds a request or a batch; its calls come out one after the
// other, their answers go in, one line of output comes out. Pure but for the heap.
#pragma once

#include <jansson.h>

#include "base/str.h"

#define RPC_LINE_MAX 65536 // bytes of a line without its end
#define RPC_DEPTH_MAX 16   // arrays and objects in one another
#define RPC_BATCH_MAX 8

enum rpc_code {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_UNKNOWN_METHOD = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	RPC_NOT_FOUND = -32001, // what the request names is not there
};

struct rpc_line {
	json_t *requests; // array; NULL when there was nothing to parse
	json_t *answers;  // array
	bool batch;
	size_t at; // the request whose answer is due
};

struct rpc_call {
	const char *method;
	const json_t *params; // object, or NULL
};

// Parses a line. What is wrong with it becomes an answer.
void rpc_line_begin(struct rpc_line *line, struct str text);

// The next call to answer, skipping (and answering) what is no request. False when none is left.
bool rpc_line_next(struct rpc_line *line, struct rpc_call *ret_call);

// The answer to the call rpc_line_next gave last. Takes the result over.
void rpc_line_result(struct rpc_line *line, json_t *result);
void rpc_line_error(struct rpc_line *line, enum rpc_code code, const char *message);

// The line to send, with its end, to be freed; NULL when there is none (notifications only). Frees what the line
// holds.
char *rpc_line_end(struct rpc_line *line);

// An answer with id null, for what never became a line. To be freed.
char *rpc_error_line(enum rpc_code code, const char *message);
