// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// From a method's name to its answer.
#include "base/log.h"
#include "control/core.h"

static json_t *answer_counters(const struct control *c, const json_t *params) {
	return report_counters(c, json_is_true(json_object_get(params, "nonzero")));
}

#define PLAIN(name)                                                                                                    \
	static json_t *answer_##name(const struct control *c, const json_t *params) {                                  \
		(void)params;                                                                                          \
		return report_##name(c);                                                                               \
	}
PLAIN(status)
PLAIN(ports)
PLAIN(workers)
PLAIN(latency)
PLAIN(config)
#undef PLAIN

// Methods answered at once from what the control core can read.
static json_t *(*const answers[METHOD_COUNT])(const struct control *c, const json_t *params) = {
	[METHOD_STATUS] = answer_status,
	[METHOD_PORTS] = answer_ports,
	[METHOD_WORKERS] = answer_workers,
	[METHOD_COUNTERS] = answer_counters,
	[METHOD_LATENCY] = answer_latency,
	[METHOD_CONFIG] = answer_config,
};

static const struct param_spec *param_find(const struct method_spec *spec, const char *name) {
	for (uint32_t i = 0; i < METHOD_PARAMS_MAX && spec->params[i].name; i++)
		if (strcmp(spec->params[i].name, name) == 0)
			return &spec->params[i];
	return NULL;
}

// False after answering what is wrong with one parameter.
static bool param_check(struct request *request, const struct param_spec *param, const json_t *value) {
	json_int_t number = json_integer_value(value);
	size_t len = json_string_length(value);

	switch (param->kind) {
	case PARAM_TEXT:
		if (json_is_string(value) && len >= param->low && len <= param->high)
			return true;
		request_error(
			request,
			RPC_INVALID_PARAMS,
			"%s has to be a string of %u to %u bytes: %s",
			param->name,
			param->low,
			param->high,
			param->help
		);
		return false;
	case PARAM_NUMBER:
		if (json_is_integer(value) && number >= param->low && number <= param->high)
			return true;
		request_error(
			request,
			RPC_INVALID_PARAMS,
			"%s has to be a number from %u to %u",
			param->name,
			param->low,
			param->high
		);
		return false;
	case PARAM_FLAG:
		if (json_is_boolean(value))
			return true;
		request_error(request, RPC_INVALID_PARAMS, "%s has to be true or false", param->name);
		return false;
	}
	return false;
}

// False after answering.
static bool params_check(struct request *request, const struct method_spec *spec, const json_t *params) {
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)params, name, value) {
		const struct param_spec *param = param_find(spec, name);

		if (!param) {
			request_error(request, RPC_INVALID_PARAMS, "%s takes no parameter \"%.64s\"", spec->name, name);
			return false;
		}
		if (!param_check(request, param, value))
			return false;
	}
	for (uint32_t i = 0; i < METHOD_PARAMS_MAX && spec->params[i].name; i++)
		if (spec->params[i].required && !json_object_get(params, spec->params[i].name)) {
			request_error(
				request,
				RPC_INVALID_PARAMS,
				"the parameter %s is missing: %s",
				spec->params[i].name,
				spec->params[i].help
			);
			return false;
		}
	return true;
}

static void list(struct control *c, struct request *request, enum method method, const json_t *params) {
	const json_t *limit = json_object_get(params, "limit");
	struct listing_options options = {
		.method = method,
		.filter = json_string_value(json_object_get(params, method == METHOD_DIALOG ? "id" : "filter")),
		.limit = limit ? (uint32_t)json_integer_value(limit) : METHOD_ROWS_DEFAULT,
	};

	if (method == METHOD_DIALOG)
		options.limit = 1;
	listing_start(c, request, &options);
}

// Workers send an event for each refused message only while they would be logged.
static void log_level(struct control *c, struct request *request, const json_t *params) {
	const char *name = json_string_value(json_object_get(params, "level"));
	enum log_level level;

	if (name && !log_level_parse(name, &level)) {
		request_error(
			request, RPC_INVALID_PARAMS, "no log level \"%s\"; it is error, warning, info or debug", name
		);
		return;
	}
	if (name) {
		log_info("log level %s, set over the control socket", log_level_name(level));
		log_level_set(level);
		for (uint32_t i = 0; i < c->cfg->worker_count; i++)
			worker_flag_set(&c->worker[i]->debug_events, level == LOG_DEBUG);
	}
	request_result(request, json_pack("{s:s}", "level", log_level_name(log_level_get())));
}

void commands_call(void *ctx, struct request *request, const char *name, const json_t *params) {
	struct control *c = ctx;
	enum method method = method_find(name);

	if (method == METHOD_COUNT) {
		request_error(request, RPC_UNKNOWN_METHOD, "no method \"%.64s\"", name);
		return;
	}
	if (!params_check(request, &method_specs[method], params))
		return;
	if (answers[method])
		request_result(request, answers[method](c, params));
	else if (method == METHOD_LOG_LEVEL)
		log_level(c, request, params);
	else
		list(c, request, method, params);
}
