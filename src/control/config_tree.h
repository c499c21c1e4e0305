// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The file as a tree of nodes with line numbers (libyaml), what is wrong with it, and the check of its shape against
// the lists of config_schema.h. libcyaml keeps no lines, so later checks ask here where a key stands.
#pragma once

#include <yaml.h>

#include "base/str.h"
#include "control/config_schema.h"

// What was found wrong, in the order of the file once it is printed.
struct problems {
	struct problem {
		uint32_t line; // from 1; 0 = the file as a whole
		uint32_t order;
		char *text;
	} * list;
	uint32_t count;
	bool out_of_memory;
};

struct config_tree {
	const char *file;
	yaml_document_t document;
	bool loaded;
	struct problems problems;
};

// Longest key path: "ports[7].vlans[30].addresses[15]" and the like.
#define PATH_TEXT_MAX 96

// Writes a key path into `out` (PATH_TEXT_MAX bytes).
void config_path(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Reads the text. False when it is not YAML or empty; the problem says where. config_tree_free in either case.
bool config_tree_load(struct config_tree *tree, const char *file, struct str text);
void config_tree_free(struct config_tree *tree);

// Checks keys, types, ranges, lengths and counts everywhere; all that is wrong is noted.
void config_tree_check(struct config_tree *tree);

// Notes that the value of `path` ("listeners[1].address") is wrong, at its line, or at the line of the nearest thing
// around it that stands in the file.
void config_problem(struct config_tree *tree, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// The same for a line that is known.
void config_problem_at(struct config_tree *tree, uint32_t line, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

// All problems, "file:line: path: what", one a line, in the order of the file; NULL when out of memory. To be freed.
char *config_problems_text(struct config_tree *tree);

// Line (from 1) of a key path.
uint32_t config_line(struct config_tree *tree, const char *path);
