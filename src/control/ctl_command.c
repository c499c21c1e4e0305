// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// From the words of a command to a request, and from its answer to what is printed.
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "control/ctl.h"

// The words still to be read.
struct reader {
	const struct ctl *ctl;
	const char *const *words;
	uint32_t count;
	struct ctl_command *command;
	uint32_t arguments; // taken so far
};

static enum ctl_exit param_set(struct reader *r, const struct param_spec *param, const char *value) {
	uint64_t number;

	if (param->kind == PARAM_TEXT && strlen(value) >= param->low && strlen(value) <= param->high) {
		json_t *string = json_string(value);

		if (string) {
			json_object_set_new(r->command->params, param->name, string);
			return CTL_DONE;
		}
		fprintf(r->ctl->err, "tandemctl: %s is not UTF-8\n", param->name);
		return CTL_USAGE;
	}
	if (param->kind == PARAM_NUMBER && str_to_u64(str_from_c(value), param->high, &number) &&
	    number >= param->low) {
		json_object_set_new(r->command->params, param->name, json_integer((json_int_t)number));
		return CTL_DONE;
	}
	if (param->kind == PARAM_NUMBER)
		fprintf(r->ctl->err,
			"tandemctl: \"%s\" is not allowed for %s; write a number from %u to %u\n",
			value,
			param->name,
			param->low,
			param->high);
	else
		fprintf(r->ctl->err,
			"tandemctl: %s has %zu bytes; allowed are %u to %u\n",
			param->name,
			strlen(value),
			param->low,
			param->high);
	return CTL_USAGE;
}

static const struct param_spec *param_find(const struct reader *r, const char *option, uint32_t argument) {
	const struct method_spec *spec = &method_specs[r->command->method];

	for (uint32_t i = 0; i < METHOD_PARAMS_MAX && spec->params[i].name; i++) {
		const struct param_spec *param = &spec->params[i];

		if (option ? param->place == PLACE_OPTION && strcmp(param->name, option) == 0
			   : param->place == PLACE_ARGUMENT && argument-- == 0)
			return param;
	}
	return NULL;
}

// Reads r->words[*at] and what belongs to it.
static enum ctl_exit word_read(struct reader *r, uint32_t *at) {
	const struct method_spec *spec = &method_specs[r->command->method];
	const char *word = r->words[(*at)++];
	const struct param_spec *param;

	if (strncmp(word, "--", 2) == 0) {
		param = param_find(r, word + 2, 0);
		if (param && *at < r->count)
			return param_set(r, param, r->words[(*at)++]);
		fprintf(r->ctl->err, "tandemctl: %s %s\n", word, param ? "needs a value" : "is not known here");
		return CTL_USAGE;
	}
	if (spec->extra && !r->command->extra && strcmp(word, spec->extra) == 0) {
		r->command->extra = true;
		return CTL_DONE;
	}
	param = param_find(r, NULL, r->arguments++);
	if (param)
		return param_set(r, param, word);
	fprintf(r->ctl->err, "tandemctl: \"%s\" is too much for %s\n", word, spec->words);
	return CTL_USAGE;
}

static enum ctl_exit check_required(const struct reader *r) {
	const struct method_spec *spec = &method_specs[r->command->method];

	for (uint32_t i = 0; i < METHOD_PARAMS_MAX && spec->params[i].name; i++)
		if (spec->params[i].required && !json_object_get(r->command->params, spec->params[i].name)) {
			fprintf(r->ctl->err,
				"tandemctl: %s needs %s (%s)\n",
				spec->words,
				spec->params[i].name,
				spec->params[i].help);
			return CTL_USAGE;
		}
	return CTL_DONE;
}

enum ctl_exit
ctl_command_read(const struct ctl *ctl, const char *const *words, uint32_t count, struct ctl_command *ret_command) {
	struct reader r = {.ctl = ctl, .words = words, .count = count, .command = ret_command};
	enum ctl_exit result = CTL_DONE;
	uint32_t at = 0;

	*ret_command = (struct ctl_command){.method = method_match(words, count, &at)};
	if (ret_command->method == METHOD_COUNT) {
		fprintf(ctl->err, "tandemctl: no such command; `tandemctl help` lists them\n");
		return CTL_USAGE;
	}
	ret_command->params = json_object();
	while (at < count && result == CTL_DONE)
		result = word_read(&r, &at);
	if (result == CTL_DONE)
		result = check_required(&r);
	// People are not shown counters that are 0 unless they ask.
	if (ret_command->method == METHOD_COUNTERS && !ret_command->extra && !ctl->json)
		json_object_set_new(ret_command->params, "nonzero", json_true());
	if (result != CTL_DONE)
		json_decref(ret_command->params);
	return result;
}

static enum ctl_exit print_answer(const struct ctl *ctl, enum method method, const json_t *answer) {
	const json_t *result = json_object_get(answer, "result");
	const json_t *error = json_object_get(answer, "error");

	if (!result) {
		const char *message = json_string_value(json_object_get(error, "message"));

		if (ctl->json && error) {
			json_dumpf(error, ctl->out, JSON_INDENT(2));
			fputc('\n', ctl->out);
		}
		fprintf(ctl->err, "tandemctl: %s\n", message ? message : "the answer makes no sense");
		return CTL_ERROR;
	}
	if (ctl->json) {
		json_dumpf(result, ctl->out, JSON_INDENT(2));
		fputc('\n', ctl->out);
	} else {
		ctl_view(ctl->out, method, result);
	}
	return CTL_DONE;
}

static enum ctl_exit help(const struct ctl *ctl, const char *const *words, uint32_t count) {
	if (count == 2 && strcmp(words[1], "reference") == 0)
		method_print_reference(ctl->out);
	else if (count == 1)
		method_print_help(ctl->out);
	else {
		fprintf(ctl->err, "tandemctl: no such help; `tandemctl help` lists the commands\n");
		return CTL_USAGE;
	}
	return CTL_DONE;
}

enum ctl_exit ctl_execute(const struct ctl *ctl, const char *const *words, uint32_t count) {
	struct ctl_command command;
	enum ctl_exit result;
	json_t *request, *answer;
	char *text;

	if (count > 0 && strcmp(words[0], "help") == 0)
		return help(ctl, words, count);
	result = ctl_command_read(ctl, words, count, &command);
	if (result != CTL_DONE)
		return result;
	request = json_pack(
		"{s:s, s:i, s:s, s:o}",
		"jsonrpc",
		"2.0",
		"id",
		1,
		"method",
		method_specs[command.method].name,
		"params",
		command.params
	);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (!text) {
		fprintf(ctl->err, "tandemctl: out of memory\n");
		return CTL_ERROR;
	}
	result = ctl_ask(ctl, text, &answer);
	free(text);
	if (result != CTL_DONE)
		return result;
	result = print_answer(ctl, command.method, answer);
	json_decref(answer);
	return result;
}
