// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "base/count.h"

static const struct {
	const char *name;
	const char *help;
} texts[COUNT_COUNT] = {
#define X(id, name_text, help_text) [COUNT_##id] = {.name = name_text, .help = help_text},
#include "base/count.def"
#undef X
};

const char *count_name(enum count count) {
	return texts[count].name;
}

const char *count_help(enum count count) {
	return texts[count].help;
}
