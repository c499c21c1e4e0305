// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The shape of the file: every key known, none missing or twice, values of the right type and range. The walk is a
// queue of mappings, so its depth is that of the schema whatever the file nests.
#include <stdio.h>
#include <stdlib.h>

#include "control/config_tree.h"

#define ENTRY_MAX 512 // characters of a text in a list

struct work {
	struct work *next;
	const struct config_section *section;
	const yaml_node_t *node;
	char path[PATH_TEXT_MAX];
};

struct walk {
	struct config_tree *tree;
	struct work *first, **last;
};

static uint32_t line_of(const yaml_node_t *node) {
	return (uint32_t)node->start_mark.line + 1;
}

static struct str scalar(const yaml_node_t *node) {
	return str_of((const char *)node->data.scalar.value, node->data.scalar.length);
}

static const char *type_name(const yaml_node_t *node) {
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return node->data.scalar.length ? "a single value" : "empty";
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	case YAML_NO_NODE:
		break;
	}
	return "nothing";
}

// "a, b, c" of a section's keys or an enum's words; to be freed. Never NULL but when out of memory.
static char *key_names(const struct config_section *section) {
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (uint32_t i = 0; i < section->key_count; i++)
		fprintf(out, "%s%s", i ? ", " : "", section->keys[i].name);
	return fclose(out) == 0 ? text : NULL;
}

static char *word_names(const struct config_key *key) {
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (uint32_t i = 0; i < key->word_count; i++)
		fprintf(out, "%s%s", i == 0 ? "" : i + 1 < key->word_count ? ", " : " or ", key->words[i].str);
	return fclose(out) == 0 ? text : NULL;
}

static void push(struct walk *walk, const struct config_section *section, const yaml_node_t *node, const char *path) {
	struct work *work = calloc(1, sizeof(*work));

	if (!work) {
		walk->tree->problems.out_of_memory = true;
		return;
	}
	work->section = section;
	work->node = node;
	config_path(work->path, "%s", path);
	*walk->last = work;
	walk->last = &work->next;
}

static bool want_scalar(struct walk *walk, const yaml_node_t *node, const char *path, const char *wanted) {
	if (node->type == YAML_SCALAR_NODE)
		return true;
	config_problem_at(walk->tree, line_of(node), path, "is %s; write %s", type_name(node), wanted);
	return false;
}

// Decimal digits only: libcyaml would read 010 as 8 and 0x10 as 16.
static void check_uint(struct walk *walk, const struct config_key *key, const yaml_node_t *node, const char *path) {
	uint64_t value;
	struct str text;
	// The entries of a list of numbers have their own range, checked with their meaning.
	uint32_t low = key->kind == KEY_UINT ? key->low : 0;
	uint32_t high = key->kind == KEY_UINT ? key->high : UINT32_MAX;

	if (!want_scalar(walk, node, path, "a number"))
		return;
	text = scalar(node);
	if (str_to_u64(text, UINT64_MAX, &value) && (text.len == 1 || text.ptr[0] != '0') && value >= low &&
	    value <= high)
		return;
	config_problem_at(
		walk->tree,
		line_of(node),
		path,
		"\"%.*s\" is not allowed; write a whole number from %u to %u%s%s",
		STR_ARG(text),
		low,
		high,
		key->unit[0] ? ", in " : "",
		key->unit
	);
}

static void check_bool(struct walk *walk, const yaml_node_t *node, const char *path) {
	if (!want_scalar(walk, node, path, "true or false"))
		return;
	if (!str_eq(scalar(node), STR("true")) && !str_eq(scalar(node), STR("false")))
		config_problem_at(
			walk->tree,
			line_of(node),
			path,
			"\"%.*s\" is not allowed; write true or false",
			STR_ARG(scalar(node))
		);
}

static void check_enum(struct walk *walk, const struct config_key *key, const yaml_node_t *node, const char *path) {
	char *words = word_names(key);

	if (!words) {
		walk->tree->problems.out_of_memory = true;
		return;
	}
	if (want_scalar(walk, node, path, words)) {
		bool known = false;

		for (uint32_t i = 0; i < key->word_count; i++)
			known |= str_eq(scalar(node), str_from_c(key->words[i].str));
		if (!known)
			config_problem_at(
				walk->tree,
				line_of(node),
				path,
				"\"%.*s\" is not allowed; write %s",
				STR_ARG(scalar(node)),
				words
			);
	}
	free(words);
}

static void check_text(struct walk *walk, const struct config_key *key, const yaml_node_t *node, const char *path) {
	uint32_t low = key->kind == KEY_TEXT ? key->low : 1;
	uint32_t high = key->kind == KEY_TEXT ? key->high : ENTRY_MAX;
	struct str text;

	if (!want_scalar(walk, node, path, "a text"))
		return;
	text = scalar(node);
	for (uint32_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] >= ' ' && text.ptr[i] != 0x7f)
			continue;
		config_problem_at(walk->tree, line_of(node), path, "holds a control character; write printable text");
		return;
	}
	if (text.len < low && text.len == 0)
		config_problem_at(walk->tree, line_of(node), path, "is empty; write a text or leave the key out");
	else if (text.len < low || text.len > high)
		config_problem_at(
			walk->tree,
			line_of(node),
			path,
			"\"%.*s\" has %u characters; allowed are %u to %u",
			STR_ARG(text),
			text.len,
			low,
			high
		);
}

static void check_map(struct walk *walk, const struct config_key *key, const yaml_node_t *node, const char *path) {
	char *names;

	if (node->type == YAML_MAPPING_NODE) {
		push(walk, key->child, node, path);
		return;
	}
	names = key_names(key->child);
	if (names)
		config_problem_at(
			walk->tree,
			line_of(node),
			path,
			"is %s; write a mapping of the keys %s, or leave it out",
			type_name(node),
			names
		);
	walk->tree->problems.out_of_memory |= !names;
	free(names);
}

static void check_list(struct walk *walk, const struct config_key *key, const yaml_node_t *node, const char *path) {
	uint32_t count;

	if (node->type != YAML_SEQUENCE_NODE) {
		config_problem_at(
			walk->tree, line_of(node), path, "is %s; write a list, [] for an empty one", type_name(node)
		);
		return;
	}
	count = (uint32_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (count < key->low || count > key->high) {
		config_problem_at(
			walk->tree,
			line_of(node),
			path,
			"has %u entries; allowed are %u to %u",
			count,
			key->low,
			key->high
		);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const yaml_node_t *entry =
			yaml_document_get_node(&walk->tree->document, node->data.sequence.items.start[i]);
		char entry_path[PATH_TEXT_MAX];

		config_path(entry_path, "%s[%u]", path, i);
		if (key->kind == KEY_LIST_UINT)
			check_uint(walk, key, entry, entry_path);
		else if (key->kind == KEY_LIST_TEXT)
			check_text(walk, key, entry, entry_path);
		else
			check_map(walk, key, entry, entry_path);
	}
}

static void check_value(struct walk *walk, const struct config_key *key, const yaml_node_t *node, const char *path) {
	switch (key->kind) {
	case KEY_UINT:
		check_uint(walk, key, node, path);
		return;
	case KEY_BOOL:
		check_bool(walk, node, path);
		return;
	case KEY_ENUM:
		check_enum(walk, key, node, path);
		return;
	case KEY_TEXT:
		check_text(walk, key, node, path);
		return;
	case KEY_MAP:
		check_map(walk, key, node, path);
		return;
	case KEY_LIST_UINT:
	case KEY_LIST_TEXT:
	case KEY_LIST_MAP:
		check_list(walk, key, node, path);
		return;
	}
}

static void unknown_key(struct walk *walk, const struct work *work, const yaml_node_t *name) {
	char *names = key_names(work->section);

	if (names && name->type == YAML_SCALAR_NODE)
		config_problem_at(
			walk->tree,
			line_of(name),
			work->path,
			"unknown key \"%.*s\"; known here are %s",
			STR_ARG(scalar(name)),
			names
		);
	else if (names)
		config_problem_at(
			walk->tree, line_of(name), work->path, "a key has to be a word; known here are %s", names
		);
	walk->tree->problems.out_of_memory |= !names;
	free(names);
}

static void check_required(struct walk *walk, const struct work *work, const uint32_t *seen_at) {
	for (uint32_t i = 0; i < work->section->key_count; i++) {
		const struct config_key *key = &work->section->keys[i];

		if (key->required && !seen_at[i])
			config_problem_at(
				walk->tree,
				line_of(work->node),
				work->path,
				"the key \"%s\" is missing (%s)",
				key->name,
				key->help
			);
	}
}

static void check_section(struct walk *walk, const struct work *work) {
	uint32_t seen_at[32] = {0}; // line by key
	const yaml_node_pair_t *pair = work->node->data.mapping.pairs.start;

	assert(work->section->key_count <= ARRAY_LEN(seen_at));
	for (; pair < work->node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(&walk->tree->document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(&walk->tree->document, pair->value);
		const struct config_key *key = NULL;
		char path[PATH_TEXT_MAX];
		uint32_t index;

		if (name->type == YAML_SCALAR_NODE)
			key = config_key_find(work->section, scalar(name).ptr, scalar(name).len);
		if (!key) {
			unknown_key(walk, work, name);
			continue;
		}
		index = (uint32_t)(key - work->section->keys);
		config_path(path, "%s%s%s", work->path, work->path[0] ? "." : "", key->name);
		if (seen_at[index])
			config_problem_at(
				walk->tree,
				line_of(name),
				path,
				"stands here a second time; the first is in line %u",
				seen_at[index]
			);
		seen_at[index] = line_of(name);
		check_value(walk, key, value, path);
	}
	check_required(walk, work, seen_at);
}

void config_tree_check(struct config_tree *tree) {
	struct walk walk = {.tree = tree, .last = &walk.first};
	const yaml_node_t *root = yaml_document_get_root_node(&tree->document);

	if (root->type != YAML_MAPPING_NODE) {
		config_problem_at(tree, line_of(root), "", "is %s; write a mapping of keys", type_name(root));
		return;
	}
	push(&walk, &config_section_top, root, "");
	while (walk.first) {
		struct work *work = walk.first;

		check_section(&walk, work);
		walk.first = work->next;
		if (!walk.first)
			walk.last = &walk.first;
		free(work);
	}
}
