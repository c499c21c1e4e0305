// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "control/config_build.h"
#include "control/config_tree.h"

#define FILE_BYTES_MAX (16u << 20)

static const cyaml_config_t silent = {.mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};

// What libcyaml objects to, with the first line it names. Our own check comes first and says more, so this is for
// what only libcyaml refuses.
struct cyaml_words {
	char text[512];
	uint32_t line;
};

static void cyaml_says(cyaml_log_t level, void *ctx, const char *format, va_list args) {
	struct cyaml_words *words = ctx;
	char text[256];
	const char *line;

	(void)level;
	vsnprintf(text, sizeof(text), format, args);
	line = strstr(text, "line: ");
	if (!words->text[0])
		snprintf(words->text, sizeof(words->text), "%.*s", (int)strcspn(text, "\n"), text);
	if (line && !words->line)
		words->line = (uint32_t)strtoul(line + strlen("line: "), NULL, 10);
}

static struct raw_top *read_raw(struct config_tree *tree, struct str text) {
	struct cyaml_words words = {0};
	cyaml_config_t cyaml = silent;
	cyaml_data_t *raw = NULL;
	cyaml_err_t err;

	cyaml.log_fn = cyaml_says;
	cyaml.log_ctx = &words;
	err = cyaml_load_data((const uint8_t *)text.ptr, text.len, &cyaml, &config_yaml_schema, &raw, NULL);
	if (err == CYAML_OK && raw)
		return raw;
	config_problem_at(tree, words.line, "", "%s%s%s", cyaml_strerror(err), words.text[0] ? ": " : "", words.text);
	return NULL;
}

static struct config *build(struct config_tree *tree, const struct raw_top *raw, uint32_t cpu_count) {
	struct config *cfg = calloc(1, sizeof(*cfg));
	struct build b = {.tree = tree, .raw = raw, .cfg = cfg, .cpu_count = cpu_count};

	if (!cfg) {
		tree->problems.out_of_memory = true;
		return NULL;
	}
	cfg->file = build_text(&b, tree->file);
	cfg->version = 1;
	build_cores(&b);
	build_ports(&b);
	build_listeners(&b);
	build_timers(&b);
	build_capacity(&b);
	build_sources(&b);
	build_rules(&b);
	build_metrics(&b);
	build_rest(&b);
	return cfg;
}

int config_parse(const char *file, struct str text, uint32_t cpu_count, struct config **ret_config, char **ret_error) {
	struct config_tree tree;
	struct config *cfg = NULL;
	int err = 0;

	if (config_tree_load(&tree, file, text))
		config_tree_check(&tree);
	if (tree.problems.count == 0 && !tree.problems.out_of_memory) {
		struct raw_top *raw = read_raw(&tree, text);

		if (raw) {
			cfg = build(&tree, raw, cpu_count);
			cyaml_free(&silent, &config_yaml_schema, raw, 0);
		}
	}
	if (tree.problems.count || tree.problems.out_of_memory) {
		err = tree.problems.out_of_memory ? -ENOMEM : -EINVAL;
		*ret_error = config_problems_text(&tree);
		if (!*ret_error)
			*ret_error = strdup("out of memory");
		config_free(cfg);
	} else {
		*ret_config = cfg;
	}
	config_tree_free(&tree);
	return err;
}

static int read_file(const char *file, char **ret_text, size_t *ret_len) {
	FILE *in = fopen(file, "re");
	char *text = NULL;
	size_t len = 0, size = 0;
	int err = 0;

	if (!in)
		return -errno;
	do {
		char *more = realloc(text, size += 65536);

		if (!more) {
			err = -ENOMEM;
			break;
		}
		text = more;
		len += fread(text + len, 1, size - len, in);
	} while (len == size && size < FILE_BYTES_MAX);
	if (!err && ferror(in))
		err = errno ? -errno : -EIO;
	if (!err && len == size)
		err = -EFBIG;
	fclose(in);
	if (err) {
		free(text);
		return err;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int config_load(const char *file, struct config **ret_config, char **ret_error) {
	char *text = NULL;
	size_t len = 0;
	int err = read_file(file, &text, &len);

	if (err) {
		if (asprintf(ret_error, "%s: cannot be read: %s", file, strerror(-err)) < 0)
			*ret_error = NULL;
		return err;
	}
	err = config_parse(file, str_of(text, len), (uint32_t)get_nprocs_conf(), ret_config, ret_error);
	free(text);
	return err;
}

// The configuration is const for everybody but its owner, who gives it back here.
static void free_text(const char *text) {
	free((void *)(uintptr_t)text);
}

void config_free(struct config *cfg) {
	if (!cfg)
		return;
	for (uint32_t i = 0; i < cfg->port_count; i++) {
		free_text(cfg->ports[i].name);
		free_text(cfg->ports[i].device);
		free_text(cfg->ports[i].tap);
	}
	for (uint32_t i = 0; i < cfg->interface_count; i++) {
		free(cfg->interfaces[i].prefixes);
		free(cfg->interfaces[i].gateways);
	}
	for (uint32_t i = 0; i < cfg->listener_count; i++)
		free_text(cfg->listeners[i].name);
	for (uint32_t i = 0; i < cfg->route_count; i++) {
		free_text(cfg->routes[i].name);
		free_text(cfg->routes[i].user_prefix.ptr);
		free_text(cfg->routes[i].domain.ptr);
		for (uint32_t j = 0; j < cfg->routes[i].target_count; j++)
			free_text(cfg->routes[i].targets[j].uri.ptr);
		free(cfg->routes[i].targets);
	}
	free(cfg->routes);
	free(cfg->sources.trusted);
	for (uint32_t i = 0; i < cfg->sources.screen_count; i++)
		free_text(cfg->sources.screen[i]);
	free(cfg->sources.screen);
	free(cfg->metrics.allow);
	free_text(cfg->file);
	free_text(cfg->control_socket);
	free_text(cfg->control_group);
	free_text(cfg->server_name);
	free(cfg);
}
