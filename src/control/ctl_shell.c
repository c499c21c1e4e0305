// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// tandemctl on a terminal: line editing, history and completion by libedit.
#include <histedit.h>
#include <stdlib.h>
#include <string.h>

#include "control/ctl.h"

#define HISTORY_LINES 1000

static const char *prompt(EditLine *el) {
	(void)el;
	return "tandem> ";
}

// Commands the shell itself knows.
static const char *const own_commands[] = {"help", "quit"};
#define CHOICES (METHOD_COUNT + ARRAY_LEN(own_commands))

static const char *choice_at(uint32_t i) {
	return i < METHOD_COUNT ? method_specs[i].words : own_commands[i - METHOD_COUNT];
}

// What all commands that begin with the line have in common after it: its length and where it stands.
static size_t common_rest(const char *line, size_t len, const char **ret_rest, uint32_t *ret_matches) {
	const char *rest = NULL;
	size_t common = 0;

	*ret_matches = 0;
	for (uint32_t i = 0; i < CHOICES; i++) {
		const char *choice = choice_at(i);

		if (strncmp(choice, line, len) != 0)
			continue;
		if ((*ret_matches)++ == 0) {
			rest = choice + len;
			common = strlen(rest);
		}
		for (size_t k = 0; k < common; k++)
			if (rest[k] != choice[len + k])
				common = k;
	}
	*ret_rest = rest;
	return common;
}

static unsigned char complete(EditLine *el, int key) {
	const LineInfo *info = el_line(el);
	size_t len = (size_t)(info->cursor - info->buffer);
	const char *rest;
	uint32_t matches;
	size_t common = common_rest(info->buffer, len, &rest, &matches);
	char insert[64];

	(void)key;
	if (matches == 0)
		return CC_ERROR;
	if (common > 0 || matches == 1) {
		snprintf(insert, sizeof(insert), "%.*s%s", (int)common, rest, matches == 1 ? " " : "");
		return el_insertstr(el, insert) == 0 ? CC_REFRESH : CC_ERROR;
	}
	fputc('\n', stdout);
	for (uint32_t i = 0; i < CHOICES; i++)
		if (strncmp(choice_at(i), info->buffer, len) == 0)
			printf("%s\n", choice_at(i));
	return CC_REDISPLAY;
}

static EditLine *editor_new(History *history_list, HistEvent *event) {
	EditLine *el = el_init("tandemctl", stdin, stdout, stderr);

	if (!el)
		return NULL;
	history(history_list, event, H_SETSIZE, HISTORY_LINES);
	el_set(el, EL_PROMPT, prompt);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_SIGNAL, 1);
	el_set(el, EL_HIST, history, history_list);
	el_set(el, EL_ADDFN, "complete", "complete a command", complete);
	el_set(el, EL_BIND, "^I", "complete", NULL);
	el_source(el, NULL);
	return el;
}

// The file the history is kept in, or "" where there is no home.
static void history_path(char *out, size_t size) {
	const char *home = getenv("HOME");

	out[0] = '\0';
	if (home && snprintf(out, size, "%s/.tandemctl_history", home) >= (int)size)
		out[0] = '\0';
}

static bool is_quit(const char *const *words, uint32_t count) {
	return count == 1 && (strcmp(words[0], "quit") == 0 || strcmp(words[0], "exit") == 0);
}

// Executes a line. False when it asks to leave.
static bool line_execute(const struct ctl *ctl, Tokenizer *tokens, const char *line) {
	const char **words;
	int count;

	tok_reset(tokens);
	if (tok_str(tokens, line, &count, &words) != 0) {
		fprintf(ctl->err, "tandemctl: a quote is not closed\n");
		return true;
	}
	if (count == 0)
		return true;
	if (is_quit(words, (uint32_t)count))
		return false;
	if (ctl_execute(ctl, words, (uint32_t)count) == CTL_USAGE)
		fprintf(ctl->err, "`help` lists the commands\n");
	fflush(ctl->out);
	return true;
}

enum ctl_exit ctl_shell(const struct ctl *ctl) {
	HistEvent event;
	History *history_list = history_init();
	Tokenizer *tokens = tok_init(NULL);
	EditLine *el = history_list && tokens ? editor_new(history_list, &event) : NULL;
	char path[4096];
	const char *line;
	int count;

	if (!el) {
		fprintf(ctl->err, "tandemctl: no line editor; give the command as arguments\n");
		return CTL_USAGE;
	}
	history_path(path, sizeof(path));
	if (path[0])
		history(history_list, &event, H_LOAD, path);
	while ((line = el_gets(el, &count)) && count > 0) {
		history(history_list, &event, H_ENTER, line);
		if (!line_execute(ctl, tokens, line))
			break;
	}
	if (path[0])
		history(history_list, &event, H_SAVE, path);
	el_end(el);
	tok_end(tokens);
	history_end(history_list);
	return CTL_DONE;
}
