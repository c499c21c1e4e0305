// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/config_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PROBLEMS_MAX 200

void config_path(char *out, const char *format, ...) {
	va_list args;

	va_start(args, format);
	vsnprintf(out, PATH_TEXT_MAX, format, args);
	va_end(args);
}

static void problem_add(struct config_tree *tree, uint32_t line, char *text) {
	struct problems *problems = &tree->problems;
	struct problem *list;

	if (!text || problems->count >= PROBLEMS_MAX) {
		problems->out_of_memory |= !text;
		free(text);
		return;
	}
	list = reallocarray(problems->list, problems->count + 1, sizeof(*list));
	if (!list) {
		problems->out_of_memory = true;
		free(text);
		return;
	}
	list[problems->count] = (struct problem){.line = line, .order = problems->count, .text = text};
	problems->list = list;
	problems->count++;
}

static char *problem_text(const char *path, const char *format, va_list args) {
	char *what, *text;

	if (vasprintf(&what, format, args) < 0)
		return NULL;
	if (asprintf(&text, "%s%s%s", path, path[0] ? ": " : "", what) < 0)
		text = NULL;
	free(what);
	return text;
}

void config_problem_at(struct config_tree *tree, uint32_t line, const char *path, const char *format, ...) {
	va_list args;

	va_start(args, format);
	problem_add(tree, line, problem_text(path, format, args));
	va_end(args);
}

void config_problem(struct config_tree *tree, const char *path, const char *format, ...) {
	va_list args;

	va_start(args, format);
	problem_add(tree, config_line(tree, path), problem_text(path, format, args));
	va_end(args);
}

static int problem_compare(const void *a, const void *b) {
	const struct problem *left = a, *right = b;

	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

char *config_problems_text(struct config_tree *tree) {
	const struct problems *problems = &tree->problems;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (problems->out_of_memory)
		return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	if (problems->count > 1)
		qsort(problems->list, problems->count, sizeof(*problems->list), problem_compare);
	for (uint32_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->list[i];

		fprintf(out, "%s%s:", i ? "\n" : "", tree->file);
		if (problem->line)
			fprintf(out, "%u:", problem->line);
		fprintf(out, " %s", problem->text);
	}
	if (problems->count == PROBLEMS_MAX)
		fprintf(out, "\n%s: more problems are not shown", tree->file);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

// The reader knows only the byte at which it stopped; the others know the line.
static uint32_t line_of_error(const yaml_parser_t *parser, struct str text) {
	uint32_t line = 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return 0;
	if (parser->error != YAML_READER_ERROR)
		return (uint32_t)parser->problem_mark.line + 1;
	for (size_t i = 0; i < text.len && i < parser->problem_offset; i++)
		line += text.ptr[i] == '\n';
	return line;
}

static void not_yaml(struct config_tree *tree, const yaml_parser_t *parser, struct str text) {
	config_problem_at(
		tree,
		line_of_error(parser, text),
		"",
		"not valid YAML: %s%s%s",
		parser->problem ? parser->problem : "out of memory",
		parser->context ? ", " : "",
		parser->context ? parser->context : ""
	);
}

// A second document would be a part of the file that nobody reads.
static void want_end(struct config_tree *tree, yaml_parser_t *parser, struct str text) {
	yaml_document_t second;

	if (!yaml_parser_load(parser, &second)) {
		not_yaml(tree, parser, text);
		return;
	}
	if (yaml_document_get_root_node(&second))
		config_problem_at(
			tree,
			(uint32_t)second.start_mark.line + 1,
			"",
			"a second YAML document begins here; a configuration is one, so take the line `---` away"
		);
	yaml_document_delete(&second);
}

bool config_tree_load(struct config_tree *tree, const char *file, struct str text) {
	yaml_parser_t parser;

	*tree = (struct config_tree){.file = file};
	if (!yaml_parser_initialize(&parser)) {
		tree->problems.out_of_memory = true;
		return false;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
	tree->loaded = yaml_parser_load(&parser, &tree->document) != 0;
	if (!tree->loaded)
		not_yaml(tree, &parser, text);
	else if (!yaml_document_get_root_node(&tree->document))
		config_problem_at(tree, 0, "", "holds no configuration; write at least cores, ports and listeners");
	else
		want_end(tree, &parser, text);
	yaml_parser_delete(&parser);
	return tree->problems.count == 0 && !tree->problems.out_of_memory;
}

void config_tree_free(struct config_tree *tree) {
	if (tree->loaded)
		yaml_document_delete(&tree->document);
	for (uint32_t i = 0; i < tree->problems.count; i++)
		free(tree->problems.list[i].text);
	free(tree->problems.list);
	*tree = (struct config_tree){0};
}

static yaml_node_t *mapping_value(struct config_tree *tree, const yaml_node_t *mapping, const char *key, size_t len) {
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;

	for (; pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(&tree->document, pair->key);

		if (name->type == YAML_SCALAR_NODE && name->data.scalar.length == len &&
		    memcmp(name->data.scalar.value, key, len) == 0)
			return yaml_document_get_node(&tree->document, pair->value);
	}
	return NULL;
}

static yaml_node_t *sequence_entry(struct config_tree *tree, const yaml_node_t *sequence, uint64_t index) {
	const yaml_node_item_t *items = sequence->data.sequence.items.start;

	if (index >= (uint64_t)(sequence->data.sequence.items.top - items))
		return NULL;
	return yaml_document_get_node(&tree->document, items[index]);
}

// The node one step ("name" or "[7]") below; NULL when the file has none. Moves *path past the step.
static yaml_node_t *step(struct config_tree *tree, const yaml_node_t *node, const char **path) {
	const char *at = *path;
	size_t len;

	if (*at == '[') {
		uint64_t index = 0;

		len = strcspn(at, "]");
		*path = at + len + 1;
		if (node->type != YAML_SEQUENCE_NODE || !str_to_u64(str_of(at + 1, len - 1), UINT32_MAX, &index))
			return NULL;
		return sequence_entry(tree, node, index);
	}
	at += *at == '.';
	len = strcspn(at, ".[");
	*path = at + len;
	return node->type == YAML_MAPPING_NODE ? mapping_value(tree, node, at, len) : NULL;
}

uint32_t config_line(struct config_tree *tree, const char *path) {
	yaml_node_t *node = tree->loaded ? yaml_document_get_root_node(&tree->document) : NULL;
	uint32_t line = 0;

	while (node) {
		line = (uint32_t)node->start_mark.line + 1;
		if (!*path)
			break;
		node = step(tree, node, &path);
	}
	return line;
}
