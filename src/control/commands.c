// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// From a method's name to its answer.
#include "base/log.h"
#include "control/core.h"
#include "dataplane/guard.h"
#include "dialog/dialog.h"
#include "dialog/txn_fsm.h"

#define DIALOG_ID_LEN 18

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
PLAIN(stages)
PLAIN(config)
#undef PLAIN

// Methods answered at once from what the control core can read.
static json_t *(*const answers[METHOD_COUNT])(const struct control *c, const json_t *params) = {
	[METHOD_STATUS] = answer_status,
	[METHOD_PORTS] = answer_ports,
	[METHOD_WORKERS] = answer_workers,
	[METHOD_COUNTERS] = answer_counters,
	[METHOD_LATENCY] = answer_latency,
	[METHOD_STAGES] = answer_stages,
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

static const char *dialog_state_word(uint32_t i) {
	return i < DIALOG_STATE_COUNT ? dialog_state_name((enum dialog_state)i) : NULL;
}

static const char *txn_state_word(uint32_t i) {
	return i + 1 < TXN_STATE_COUNT ? txn_state_name((enum txn_state)(i + 1)) : NULL; // all but TXN_NONE
}

static const char *txn_kind_word(uint32_t i) {
	return i < TXN_KIND_COUNT ? txn_kind_name((enum txn_kind)i) : NULL;
}

// What "key=word" may ask for.
static const struct filter_key {
	enum method method;
	const char *key;
	const char *(*word)(uint32_t i); // NULL past the last
} filter_keys[] = {
	{.method = METHOD_DIALOGS, .key = "state=", .word = dialog_state_word},
	{.method = METHOD_TRANSACTIONS, .key = "state=", .word = txn_state_word},
	{.method = METHOD_TRANSACTIONS, .key = "kind=", .word = txn_kind_word},
};

// False after answering which words the key takes.
static bool filter_word_check(struct request *request, const struct filter_key *key, const char *asked) {
	char words[160] = "";
	size_t used = 0;

	for (uint32_t i = 0; key->word(i); i++) {
		if (strcmp(key->word(i), asked) == 0)
			return true;
		if (used < sizeof(words))
			used += (size_t
			)snprintf(words + used, sizeof(words) - used, "%s%s", i ? ", " : "", key->word(i));
	}
	request_error(request, RPC_INVALID_PARAMS, "nothing is %s\"%.64s\"; it is one of %s", key->key, asked, words);
	return false;
}

// False after answering.
static bool filter_check(struct request *request, enum method method, const char *filter) {
	for (uint32_t i = 0; filter && i < ARRAY_LEN(filter_keys); i++) {
		const struct filter_key *key = &filter_keys[i];

		if (key->method == method && strncmp(filter, key->key, strlen(key->key)) == 0)
			return filter_word_check(request, key, filter + strlen(key->key));
	}
	return true;
}

static void list(struct control *c, struct request *request, enum method method, const json_t *params) {
	const json_t *limit = json_object_get(params, "limit");
	uint32_t share = METHOD_ROWS_MAX / request_batch(request);
	struct listing_options options = {
		.method = method,
		.filter = json_string_value(json_object_get(params, "filter")),
		.limit = limit ? (uint32_t)json_integer_value(limit) : METHOD_ROWS_DEFAULT,
	};

	if (options.limit > share)
		request_error(
			request,
			RPC_INVALID_PARAMS,
			"limit has to be a number from 1 to %u in a batch of %u",
			share,
			request_batch(request)
		);
	else if (filter_check(request, method, options.filter))
		listing_start(c, request, &options);
}

// Hexadecimal digits as an id has them; the caller has checked that they are.
static uint32_t hex_value(const char *digits, uint32_t count) {
	uint32_t value = 0;

	for (uint32_t i = 0; i < count; i++)
		value = value << 4 | (uint32_t)(digits[i] <= '9' ? digits[i] - '0' : digits[i] - 'a' + 10);
	return value;
}

// An id is the worker in two digits, its slot in eight and the slot's generation in eight (session/inspect.h).
static void show_dialog(struct control *c, struct request *request, const json_t *params) {
	const char *id = json_string_value(json_object_get(params, "id"));
	struct listing_options options = {.method = METHOD_DIALOG, .filter = id, .limit = 1};

	if (strlen(id) != DIALOG_ID_LEN || strspn(id, "0123456789abcdef") != DIALOG_ID_LEN) {
		request_error(
			request,
			RPC_INVALID_PARAMS,
			"\"%s\" is no dialog id; one has %u digits 0-9 a-f, as show dialogs prints it",
			id,
			DIALOG_ID_LEN
		);
		return;
	}
	options.worker = (uint8_t)hex_value(id, 2);
	options.slot = hex_value(id + 2, 8);
	if (options.worker < c->cfg->worker_count)
		listing_start(c, request, &options);
	else
		request_error(request, RPC_NOT_FOUND, "no dialog \"%s\"; it may have ended", id);
}

static_assert(METHOD_BAN_MAX_S == GUARD_BAN_MAX_S, "what the workers take");

// To ban an address, or to end its ban.
static void ban(struct control *c, struct request *request, enum method method, const json_t *params) {
	const char *address = json_string_value(json_object_get(params, "address"));
	const json_t *seconds = json_object_get(params, "seconds");
	struct listing_options options = {.method = method};

	if (!ip_parse(str_from_c(address), &options.addr)) {
		request_error(
			request,
			RPC_INVALID_PARAMS,
			"\"%s\" is no IP address; write one like 192.0.2.1 or 2001:db8::1",
			address
		);
		return;
	}
	ip_unmap(&options.addr);
	if (method == METHOD_BAN)
		options.seconds = seconds ? (uint32_t)json_integer_value(seconds) : c->cfg->sources.ban_s;
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

static void stages_switch(struct control *c, struct request *request, const json_t *params) {
	const char *to = json_string_value(json_object_get(params, "to"));
	bool on = strcmp(to, "on") == 0;

	if (!on && strcmp(to, "off") != 0) {
		request_error(request, RPC_INVALID_PARAMS, "stages can be \"on\" or \"off\", not \"%s\"", to);
		return;
	}
	for (uint32_t i = 0; i < c->cfg->worker_count; i++)
		worker_flag_set(&c->worker[i]->measure, on);
	request_result(request, json_pack("{s:b}", "on", (int)on));
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
	else if (method == METHOD_STAGES_SWITCH)
		stages_switch(c, request, params);
	else if (method == METHOD_DIALOG)
		show_dialog(c, request, params);
	else if (method == METHOD_BAN || method == METHOD_UNBAN)
		ban(c, request, method, params);
	else
		list(c, request, method, params);
}
