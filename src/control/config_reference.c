// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/config.h"
#include "control/config_schema.h"

static const char intro[] =
	"# Configuration\n"
	"\n"
	"<!-- Made by `tandem config-reference` from the lists in src/control/config_schema.h; do not edit. -->\n"
	"\n"
	"One YAML file. `tandem check FILE` says whether it is right, and names file, line, key, what is wrong and "
	"what is\n"
	"allowed where it is not; `tandem -c FILE` runs it. `dist/tandem.example.yaml` shows every key.\n"
	"A key that is not listed here is refused. Numbers are decimal. Entries of lists are counted from 0 in "
	"messages:\n"
	"`listeners[1].address` is the address of the second listener.\n";

static const char *type_name(enum key_kind kind) {
	switch (kind) {
	case KEY_UINT:
		return "number";
	case KEY_BOOL:
		return "true or false";
	case KEY_ENUM:
		return "word";
	case KEY_TEXT:
		return "text";
	case KEY_LIST_UINT:
		return "list of numbers";
	case KEY_LIST_TEXT:
		return "list of texts";
	case KEY_MAP:
		return "mapping";
	case KEY_LIST_MAP:
		return "list of mappings";
	}
	return "";
}

static void print_range(FILE *out, const struct config_key *key) {
	switch (key->kind) {
	case KEY_UINT:
		fprintf(out, "%u to %u%s%s", key->low, key->high, key->unit[0] ? " " : "", key->unit);
		return;
	case KEY_TEXT:
		fprintf(out, "%u to %u characters", key->low, key->high);
		return;
	case KEY_LIST_UINT:
	case KEY_LIST_TEXT:
	case KEY_LIST_MAP:
		fprintf(out, "%u to %u entries", key->low, key->high);
		return;
	case KEY_ENUM:
		for (uint32_t i = 0; i < key->word_count; i++)
			fprintf(out, "%s`%s`", i ? ", " : "", key->words[i].str);
		return;
	case KEY_BOOL:
	case KEY_MAP:
		return;
	}
}

// A default in words stands as it is, a value as it would be written.
static void print_default(FILE *out, const struct config_key *key) {
	bool is_value = key->kind == KEY_BOOL || key->kind == KEY_ENUM ||
			strspn(key->standard, "0123456789[]") == strlen(key->standard) || key->standard[0] == '/' ||
			strcmp(key->standard, "tandem") == 0;

	if (key->required)
		fprintf(out, "required");
	else if (key->standard[0])
		fprintf(out, is_value ? "`%s`" : "%s", key->standard);
}

static void print_section(FILE *out, const struct config_section *section) {
	if (section->path[0])
		fprintf(out, "\n## `%s`\n", section->path);
	else
		fprintf(out, "\n## Top level\n");
	fprintf(out, "\n| key | type | allowed | default | meaning |\n|---|---|---|---|---|\n");
	for (uint32_t i = 0; i < section->key_count; i++) {
		const struct config_key *key = &section->keys[i];

		fprintf(out, "| `%s` | %s | ", key->name, type_name(key->kind));
		print_range(out, key);
		fprintf(out, " | ");
		print_default(out, key);
		fprintf(out, " | %s |\n", key->help);
	}
}

void config_reference(FILE *out) {
	static const struct config_section *const order[] = {
		&config_section_top,
		&config_section_cores,
		&config_section_memory,
		&config_section_parser,
		&config_section_proxy,
		&config_section_port,
		&config_section_gateway,
		&config_section_vlan,
		&config_section_listener,
		&config_section_timers,
		&config_section_capacity,
		&config_section_sources,
		&config_section_route,
		&config_section_match,
		&config_section_target,
		&config_section_log,
		&config_section_control,
		&config_section_metrics,
	};

	fputs(intro, out);
	for (uint32_t i = 0; i < ARRAY_LEN(order); i++)
		print_section(out, order[i]);
}
