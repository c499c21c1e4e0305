// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/rpc.h"

#include <stdio.h>
#include <stdlib.h>

// jansson parses by recursion, so the depth is counted before.
static bool too_deep(struct str text) {
	uint32_t depth = 0;
	bool quoted = false;

	for (uint32_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{') && ++depth > RPC_DEPTH_MAX)
			return true;
		else if (!quoted && (c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return false;
}

static json_t *error_json(json_t *id, enum rpc_code code, const char *message) {
	return json_pack(
		"{s:s, s:{s:i, s:s}, s:o}",
		"jsonrpc",
		"2.0",
		"error",
		"code",
		(int)code,
		"message",
		message,
		"id",
		id ? json_incref(id) : json_null()
	);
}

static bool id_is_valid(const json_t *id) {
	return !id || json_is_string(id) || json_is_number(id) || json_is_null(id);
}

void rpc_line_begin(struct rpc_line *line, struct str text) {
	json_error_t error;
	json_t *root;

	*line = (struct rpc_line){.answers = json_array()};
	if (too_deep(text)) {
		json_array_append_new(line->answers, error_json(NULL, RPC_PARSE_ERROR, "nested too deeply"));
		return;
	}
	root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!root) {
		json_array_append_new(line->answers, error_json(NULL, RPC_PARSE_ERROR, error.text));
		return;
	}
	line->batch = json_is_array(root);
	if (!line->batch) {
		line->requests = json_array();
		json_array_append_new(line->requests, root);
		return;
	}
	if (json_array_size(root) >= 1 && json_array_size(root) <= RPC_BATCH_MAX) {
		line->requests = root;
		return;
	}
	line->batch = false;
	json_array_append_new(
		line->answers,
		error_json(
			NULL,
			RPC_INVALID_REQUEST,
			json_array_size(root) ? "too many requests in a batch; at most 8" : "empty batch"
		)
	);
	json_decref(root);
}

static const char *what_is_wrong(const json_t *request) {
	const char *version = json_string_value(json_object_get(request, "jsonrpc"));
	const json_t *params = json_object_get(request, "params");

	if (!json_is_object(request))
		return "a request is an object";
	if (!version || strcmp(version, "2.0") != 0)
		return "\"jsonrpc\" has to be \"2.0\"";
	if (!json_is_string(json_object_get(request, "method")))
		return "\"method\" has to be a string";
	if (!id_is_valid(json_object_get(request, "id")))
		return "\"id\" has to be a string, a number or null";
	if (params && !json_is_object(params) && !json_is_array(params))
		return "\"params\" has to be an object";
	return NULL;
}

bool rpc_line_next(struct rpc_line *line, struct rpc_call *ret_call) {
	while (line->at < json_array_size(line->requests)) {
		json_t *request = json_array_get(line->requests, line->at);
		const json_t *params = json_object_get(request, "params");
		json_t *id = json_object_get(request, "id");
		const char *wrong = what_is_wrong(request);

		if (wrong) {
			json_array_append_new(
				line->answers, error_json(id_is_valid(id) ? id : NULL, RPC_INVALID_REQUEST, wrong)
			);
			line->at++;
			continue;
		}
		if (json_is_array(params) && json_array_size(params) > 0) {
			rpc_line_error(line, RPC_INVALID_PARAMS, "params are taken by name, as an object");
			continue;
		}
		ret_call->method = json_string_value(json_object_get(request, "method"));
		ret_call->params = json_is_object(params) ? params : NULL;
		return true;
	}
	return false;
}

// Of the call being answered; NULL for a notification, which gets no answer.
static json_t *id_of(const struct rpc_line *line) {
	return json_object_get(json_array_get(line->requests, line->at), "id");
}

void rpc_line_result(struct rpc_line *line, json_t *result) {
	json_t *id = id_of(line);

	if (id)
		json_array_append_new(
			line->answers, json_pack("{s:s, s:o, s:O}", "jsonrpc", "2.0", "result", result, "id", id)
		);
	else
		json_decref(result);
	line->at++;
}

void rpc_line_error(struct rpc_line *line, enum rpc_code code, const char *message) {
	json_t *id = id_of(line);

	if (id)
		json_array_append_new(line->answers, error_json(id, code, message));
	line->at++;
}

static char *with_line_end(const json_t *json) {
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	char *line = text ? realloc(text, len + 2) : NULL;

	if (!line) {
		free(text);
		return NULL;
	}
	line[len] = '\n';
	line[len + 1] = '\0';
	return line;
}

char *rpc_line_end(struct rpc_line *line) {
	char *text = NULL;

	if (json_array_size(line->answers) > 0)
		text = with_line_end(line->batch ? line->answers : json_array_get(line->answers, 0));
	json_decref(line->requests);
	json_decref(line->answers);
	*line = (struct rpc_line){0};
	return text;
}

char *rpc_error_line(enum rpc_code code, const char *message) {
	json_t *json = error_json(NULL, code, message);
	char *text = with_line_end(json);

	json_decref(json);
	return text;
}
