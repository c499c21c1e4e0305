// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// From a YAML file to the frozen configuration of base/config.h. Every problem is found at once and named as
// "file:line: key: what is wrong; what is allowed".
#pragma once

#include <stdio.h>

#include "base/config.h"

// Loads and checks a file. Returns 0; or -errno with *ret_error the whole message (several lines, without the last
// line end), which the caller frees. What is only doubtful is logged as a warning.
int config_load(const char *file, struct config **ret_config, char **ret_error);

// The same for a text; `file` names it in messages. CPUs 0 to cpu_count - 1 exist.
int config_parse(const char *file, struct str text, uint32_t cpu_count, struct config **ret_config, char **ret_error);

// NULL is fine.
void config_free(struct config *cfg);

// The whole configuration as JSON, defaults filled in, in the form of the file (JSON is YAML: config_parse takes it).
// NULL when out of memory. To be freed.
char *config_dump(const struct config *cfg);

// docs/configuration.md.
void config_reference(FILE *out);
