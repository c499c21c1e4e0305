// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/ctl_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void text_table_column(struct text_table *table, const char *title, bool right) {
	if (table->column_count == TEXT_TABLE_COLUMNS_MAX)
		return;
	table->title[table->column_count] = title;
	table->right[table->column_count] = right;
	table->column_count++;
}

void text_table_cell(struct text_table *table, const char *format, ...) {
	char **cells = reallocarray(table->cells, table->cell_count + 1, sizeof(*cells));
	char *text = NULL;
	va_list args;

	if (!cells) {
		table->failed = true;
		return;
	}
	table->cells = cells;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (!text) {
		table->failed = true;
		return;
	}
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	cells[table->cell_count++] = text;
}

static size_t column_width(const struct text_table *table, uint32_t column) {
	size_t width = strlen(table->title[column]);

	for (uint32_t i = column; i < table->cell_count; i += table->column_count) {
		size_t len = strlen(table->cells[i]);

		if (len > width)
			width = len;
	}
	return width;
}

static void print_row(const struct text_table *table, const size_t *width, const char *const *cells, FILE *out) {
	for (uint32_t i = 0; i < table->column_count; i++) {
		int pad = (int)width[i];

		if (!table->right[i] && i + 1 == table->column_count)
			pad = 0;
		fprintf(out, "%s%*s", i ? "  " : "", table->right[i] ? pad : -pad, cells[i]);
	}
	fputc('\n', out);
}

void text_table_print(const struct text_table *table, FILE *out) {
	size_t width[TEXT_TABLE_COLUMNS_MAX];

	if (table->failed) {
		fputs("out of memory\n", out);
		return;
	}
	for (uint32_t i = 0; i < table->column_count; i++)
		width[i] = column_width(table, i);
	print_row(table, width, table->title, out);
	for (uint32_t i = 0; i + table->column_count <= table->cell_count; i += table->column_count)
		print_row(table, width, (const char *const *)&table->cells[i], out);
}

void text_table_free(struct text_table *table) {
	for (uint32_t i = 0; i < table->cell_count; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct text_table){0};
}
