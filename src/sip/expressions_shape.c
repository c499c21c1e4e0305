// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/expressions_shape.h"

#include <string.h>

struct reader {
	const char *text;
	uint32_t at;
	uint32_t depth; // of groups
	bool branches;	// outside of groups
	struct expression_shape shape;
};

static void refuse(struct reader *r, const char *why) {
	if (r->shape.refusal)
		return;
	r->shape.refusal = why;
	r->shape.refused_at = r->at;
}

static void skip_quoted(struct reader *r) {
	const char *end = strstr(r->text + r->at, "\\E");

	r->at = end ? (uint32_t)(end - r->text) + 2 : (uint32_t)strlen(r->text);
}

static void read_escape(struct reader *r) {
	char c = r->text[r->at + 1];

	if (c == '\0') {
		r->at++;
	} else if (c == 'Q') {
		r->at += 2;
		skip_quoted(r);
	} else {
		// Hyperscan sees all fields at once, and would look for the ends of that.
		if (strchr("AGZz", c))
			refuse(r, "use ^ and $ for the ends of the value");
		r->shape.unusual |= (c >= '1' && c <= '9') || strchr("gkX", c);
		r->at += 2;
		r->at += c == 'c' && r->text[r->at] != '\0'; // the character it makes a control character of
	}
}

// Length of "[:alpha:]" and its like; 0 = it is none.
static uint32_t named_class(const char *text) {
	size_t len = strncmp(text, "[:", 2) == 0 ? 2 + strspn(text + 2, "^abcdefghijklmnopqrstuvwxyz") : 0;

	return len > 0 && strncmp(text + len, ":]", 2) == 0 ? (uint32_t)len + 2 : 0;
}

// `]` right behind the bracket is one of the class.
static void skip_class(struct reader *r) {
	r->at++;
	r->at += r->text[r->at] == '^';
	r->at += r->text[r->at] == ']';
	while (r->text[r->at] != '\0' && r->text[r->at] != ']') {
		uint32_t named = named_class(r->text + r->at);

		if (r->text[r->at] == '\\')
			read_escape(r);
		else
			r->at += named ? named : 1;
	}
	r->at += r->text[r->at] == ']';
}

static void read_group(struct reader *r) {
	const char *inside = r->text + r->at + 1;

	if (inside[0] == '*')
		refuse(r, "(*...) is not supported");
	if (strncmp(inside, "?#", 2) == 0) {
		const char *end = strchr(inside, ')');

		r->at += end ? (uint32_t)(end - inside) + 2 : (uint32_t)strlen(inside) + 1;
		return;
	}
	if (inside[0] == '?') {
		size_t on = strspn(inside + 1, "imsxnJU");
		size_t off = inside[1 + on] == '-' ? strspn(inside + 1 + on, "-imsxnJU") : 0;

		// Without `m` a `^` would be the beginning of all fields; with `x` there are comments to be told from
		// the rest.
		if (memchr(inside + 1 + on, 'm', off) || memchr(inside + 1, 'x', on))
			refuse(r, "(?-m) and (?x) are not supported");
		r->shape.unusual |= inside[1 + on + off] != ':' && inside[1 + on + off] != ')';
	}
	r->depth++;
	r->at++;
}

static void read_other(struct reader *r) {
	const char *c = r->text + r->at;

	if (*c == ')' && r->depth > 0)
		r->depth--;
	else if (*c == '|' && r->depth == 0)
		r->branches = true;
	else if (*c == '+' && r->at > 0 && strchr("*+?}", c[-1]))
		r->shape.unusual = true;
	else if (strcmp(c, ".*") == 0 && r->at > 0)
		r->shape.len = r->at;
	r->at++;
}

struct expression_shape expression_shape_of(const char *pattern) {
	struct reader r = {.text = pattern, .shape = {.len = (uint32_t)strlen(pattern)}};

	while (pattern[r.at] != '\0') {
		if (pattern[r.at] == '\\')
			read_escape(&r);
		else if (pattern[r.at] == '[')
			skip_class(&r);
		else if (pattern[r.at] == '(')
			read_group(&r);
		else
			read_other(&r);
	}
	// A `^` that is repeated stays what it is.
	r.shape.anchored = pattern[0] == '^' && !strchr("?*+{", pattern[1]) && !r.branches;
	return r.shape;
}
