// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Number tables from CSV files: rows `prefix,trunk[,cost]`, `prefix[,value]` or `number,routing-number`. A file is
// taken whole or not at all. It is read where it lies, twice (what is wrong and how large, then the table), so loading
// takes no memory but the table's. Replace a file by renaming a new one over it: one cut short while it is read ends
// the program.
#pragma once

#include "session/numbers.h"

#define NUMBERS_CSV_TEXTS 20
#define NUMBERS_CSV_TEXT_SIZE 512

struct numbers_csv {
	const char *path;
	enum numbers_kind kind;
	enum mem_huge huge;
	uint32_t trunk_count;
	const char *const *trunks; // names; the place of a name here is the trunk of an offer. None for other kinds.
};

struct numbers_csv_report {
	uint64_t row_count;
	uint64_t problem_count;
	uint32_t text_count;				      // the first NUMBERS_CSV_TEXTS of the problems
	char texts[NUMBERS_CSV_TEXTS][NUMBERS_CSV_TEXT_SIZE]; // "FILE:LINE: what is wrong; what to write instead"
};

// Loads a file. Returns 0 with a table for the caller to numbers_fini, with an eighth more room than it needs. On
// failure *ret_table is untouched: -EINVAL when lines are bad, else what the system said; the report says it in words.
int numbers_csv_load(const struct numbers_csv *csv, struct numbers *ret_table, struct numbers_csv_report *ret_report);
