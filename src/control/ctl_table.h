// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Tables of text with aligned columns.
#pragma once

#include <stdio.h>

#include "base/base.h"

#define TEXT_TABLE_COLUMNS_MAX 32

struct text_table {
	uint32_t column_count;
	const char *title[TEXT_TABLE_COLUMNS_MAX];
	bool right[TEXT_TABLE_COLUMNS_MAX]; // numbers
	char **cells;			    // row after row
	uint32_t cell_count;
	bool failed; // out of memory
};

// Adds a column; the title stays the caller's. More than fit are left out.
void text_table_column(struct text_table *table, const char *title, bool right);

// Adds the next cell, from left to right. Unprintable bytes become '?'.
void text_table_cell(struct text_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Titles, then the rows; the last column is not padded.
void text_table_print(const struct text_table *table, FILE *out);

void text_table_free(struct text_table *table);
