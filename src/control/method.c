// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/method.h"

#include <string.h>

#define ROWS_PARAM                                                                                                     \
	{                                                                                                              \
		.name = "limit", .kind = PARAM_NUMBER, .place = PLACE_OPTION, .low = 1, .high = METHOD_ROWS_MAX,       \
		.help = "most rows shown (default 100)"                                                                \
	}

#define ADDRESS_PARAM                                                                                                  \
	{                                                                                                              \
		.name = "address", .kind = PARAM_TEXT, .place = PLACE_ARGUMENT, .required = true, .low = 2,            \
		.high = 45, .help = "IPv4 or IPv6 address, without a port"                                             \
	}

const struct method_spec method_specs[METHOD_COUNT] = {
	[METHOD_STATUS] =
		{
			.words = "show status",
			.name = "status",
			.help = "state, calls, fill levels, rates and totals",
		},
	[METHOD_PORTS] =
		{
			.words = "show ports",
			.name = "ports",
			.help = "ports with driver, link, queues and frame counts",
		},
	[METHOD_WORKERS] =
		{
			.words = "show workers",
			.name = "workers",
			.help = "workers with CPU, how long one has stood still, busy share, calls and fill levels",
		},
	[METHOD_COUNTERS] =
		{
			.words = "show counters",
			.extra = "all",
			.name = "counters",
			.params = {{
				.name = "nonzero",
				.kind = PARAM_FLAG,
				.place = PLACE_SOCKET,
				.help = "leave out counters that are 0",
			}},
			.help = "counters that are not 0, or all",
		},
	[METHOD_LATENCY] =
		{
			.words = "show latency",
			.name = "latency",
			.help = "time from receive to send by message kind, in microseconds; \"undisturbed\" since "
				"`stages on`, without turns in which the worker's core was taken away",
		},
	[METHOD_STAGES] =
		{
			.words = "show stages",
			.name = "stages",
			.help = "CPU cycles a message by stage, since `stages on`",
		},
	[METHOD_TRANSACTIONS] =
		{
			.words = "show transactions",
			.name = "transactions",
			.params =
				{
					{
						.name = "filter",
						.kind = PARAM_TEXT,
						.place = PLACE_ARGUMENT,
						.high = 95,
						.help = "part of Call-ID or branch, or kind=KIND: invite-client, "
							"client, invite-server, server; or state=STATE: calling, "
							"trying, proceeding, cancelling, completed, confirmed, "
							"accepted, terminated",
					},
					ROWS_PARAM,
				},
			.help = "transactions, in progress or lingering",
		},
	[METHOD_DIALOGS] =
		{
			.words = "show dialogs",
			.name = "dialogs",
			.params =
				{
					{
						.name = "filter",
						.kind = PARAM_TEXT,
						.place = PLACE_ARGUMENT,
						.high = 95,
						.help = "part of Call-ID, URI or tag, or state=STATE: trying, early, "
							"confirmed, terminated",
					},
					ROWS_PARAM,
				},
			.help = "dialogs",
		},
	[METHOD_DIALOG] =
		{
			.words = "show dialog",
			.name = "dialog",
			.params = {{
				.name = "id",
				.kind = PARAM_TEXT,
				.place = PLACE_ARGUMENT,
				.required = true,
				.low = 1,
				.high = 19,
				.help = "18 digits 0-9 a-f, as show dialogs prints it",
			}},
			.help = "everything about one dialog",
		},
	[METHOD_BANS] =
		{
			.words = "show bans",
			.name = "bans",
			.params = {ROWS_PARAM},
			.help = "banned addresses, by the operator or for what they sent (sources.ban_after)",
		},
	[METHOD_BAN] =
		{
			.words = "ban",
			.name = "ban",
			.params =
				{
					ADDRESS_PARAM,
					{
						.name = "seconds",
						.kind = PARAM_NUMBER,
						.place = PLACE_OPTION,
						.low = 1,
						.high = METHOD_BAN_MAX_S,
						.help = "how long (default: sources.ban)",
					},
				},
			.help = "drop all datagrams of an address, trusted or not, for a while",
		},
	[METHOD_UNBAN] =
		{
			.words = "unban",
			.name = "unban",
			.params = {ADDRESS_PARAM},
			.help = "end the ban of an address, whoever made it",
		},
	[METHOD_CONFIG] =
		{
			.words = "show config",
			.name = "config",
			.help = "the configuration in force, defaults filled in",
		},
	[METHOD_LOG_LEVEL] =
		{
			.words = "log level",
			.name = "log.level",
			.params = {{
				.name = "level",
				.kind = PARAM_TEXT,
				.place = PLACE_ARGUMENT,
				.low = 1,
				.high = 16,
				.help = "error, warning, info or debug; without it the present one is shown",
			}},
			.help = "show or set the log level; debug logs each refused message",
		},
	[METHOD_STAGES_SWITCH] =
		{
			.words = "stages",
			.name = "stages.switch",
			.params = {{
				.name = "to",
				.kind = PARAM_TEXT,
				.place = PLACE_ARGUMENT,
				.required = true,
				.low = 2,
				.high = 3,
				.help = "on (counting from zero) or off",
			}},
			.help = "measure CPU cycles by stage, which slows the workers down a little",
		},
};

enum method method_find(const char *name) {
	enum method method = 0;

	while (method < METHOD_COUNT && strcmp(method_specs[method].name, name) != 0)
		method++;
	return method;
}

// How many of `words` spell the command; 0 when they do not.
static uint32_t words_used(const char *command, const char *const *words, uint32_t count) {
	uint32_t used = 0;

	while (used < count) {
		size_t len = strcspn(command, " ");

		if (strlen(words[used]) != len || memcmp(words[used], command, len) != 0)
			return 0;
		used++;
		if (!command[len])
			return used;
		command += len + 1;
	}
	return 0;
}

enum method method_match(const char *const *words, uint32_t count, uint32_t *ret_used) {
	for (enum method method = 0; method < METHOD_COUNT; method++) {
		uint32_t used = words_used(method_specs[method].words, words, count);

		if (used) {
			*ret_used = used;
			return method;
		}
	}
	return METHOD_COUNT;
}

static void upper(char *out, size_t size, const char *name) {
	size_t i = 0;

	for (; name[i] && i + 1 < size; i++)
		out[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
	out[i] = '\0';
}

// "show dialogs [FILTER] [--limit N]"
static void grammar(const struct method_spec *spec, char *out, size_t size) {
	size_t used = (size_t)snprintf(out, size, "%s", spec->words);

	if (spec->extra)
		used += (size_t)snprintf(out + used, size - used, " [%s]", spec->extra);
	for (uint32_t i = 0; i < METHOD_PARAMS_MAX && spec->params[i].name && used < size; i++) {
		const struct param_spec *param = &spec->params[i];
		char name[32];

		upper(name, sizeof(name), param->name);
		if (param->place == PLACE_ARGUMENT)
			used += (size_t)snprintf(out + used, size - used, param->required ? " %s" : " [%s]", name);
		else if (param->place == PLACE_OPTION)
			used += (size_t)snprintf(out + used, size - used, " [--%s N]", param->name);
	}
}

void method_print_help(FILE *out) {
	fputs("usage: tandemctl [--socket PATH] [--json] COMMAND\n\ncommands:\n", out);
	for (enum method method = 0; method < METHOD_COUNT; method++) {
		char text[96];

		grammar(&method_specs[method], text, sizeof(text));
		fprintf(out, "  %-40s %s\n", text, method_specs[method].help);
	}
	fprintf(out, "  %-40s %s\n", "help [reference]", "this list, or docs/cli.md");
	fputs("\noptions:\n"
	      "  --socket PATH   control socket (default $TANDEM_SOCKET, then /run/tandem/control.sock)\n"
	      "  --json          print the result as JSON\n"
	      "\nWithout a command on a terminal, tandemctl reads commands with history and completion.\n",
	      out);
}

static const char reference_intro[] =
	"# tandemctl and the control socket\n"
	"\n"
	"<!-- Made by `tandemctl help reference` from the list in src/control/method.c; do not edit. -->\n"
	"\n"
	"`tandemctl [--socket PATH] [--json] COMMAND` asks a running tandem. The socket is, in this order, `--socket`, "
	"the\n"
	"environment variable `TANDEM_SOCKET`, `/run/tandem/control.sock`. Tables are for people; programs use "
	"`--json`,\n"
	"which prints the result object. Without a command on a terminal, tandemctl reads commands with history and\n"
	"completion.\n"
	"\n"
	"| exit code | meaning |\n"
	"|---|---|\n"
	"| 0 | done |\n"
	"| 1 | tandem answered with an error |\n"
	"| 2 | the command is not known or not complete |\n"
	"| 3 | no connection to tandem, or it was lost |\n"
	"\n"
	"Programs may also speak to the socket themselves: JSON-RPC 2.0, one request, or one batch of at most 8, a "
	"line of\n"
	"at most 65536 bytes; parameters by name. In a batch of N, `limit` is at most 10000 / N. Answers come in the "
	"order of\n"
	"the requests. A client that asks nothing for 60 seconds is closed; where 16 are connected already, the one "
	"idle for\n"
	"longest is closed for a new one. Errors: -32700 not JSON, -32600 no request, -32601 no such method, -32602 "
	"wrong\n"
	"parameters, -32603 internal, -32001 not found.\n"
	"\n"
	"    $ echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"dialogs\",\"params\":{\"limit\":1}}' |\n"
	"          nc -NU /run/tandem/control.sock\n";

static const char *kind_name(enum param_kind kind) {
	switch (kind) {
	case PARAM_TEXT:
		return "string";
	case PARAM_NUMBER:
		return "number";
	case PARAM_FLAG:
		return "boolean";
	}
	return "";
}

static void print_method(FILE *out, const struct method_spec *spec) {
	char text[96];

	grammar(spec, text, sizeof(text));
	fprintf(out, "\n## `%s`\n\nMethod `%s`: %s.\n", text, spec->name, spec->help);
	if (!spec->params[0].name)
		return;
	fprintf(out, "\n| parameter | type | allowed | meaning |\n|---|---|---|---|\n");
	for (uint32_t i = 0; i < METHOD_PARAMS_MAX && spec->params[i].name; i++) {
		const struct param_spec *param = &spec->params[i];

		fprintf(out,
			"| `%s`%s | %s | ",
			param->name,
			param->required ? " (required)" : "",
			kind_name(param->kind));
		if (param->kind == PARAM_NUMBER)
			fprintf(out, "%u to %u", param->low, param->high);
		else if (param->kind == PARAM_TEXT)
			fprintf(out, "%u to %u bytes", param->low, param->high);
		fprintf(out, " | %s |\n", param->help);
	}
}

void method_print_reference(FILE *out) {
	fputs(reference_intro, out);
	for (enum method method = 0; method < METHOD_COUNT; method++)
		print_method(out, &method_specs[method]);
}
