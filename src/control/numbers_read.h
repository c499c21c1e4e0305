// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The rows of a CSV file of numbers, one after the other, and what is wrong with those that are none. Takes a BOM,
// CRLF, quotes, comments, empty lines, a line of titles, and `,` or `;` between fields.
#pragma once

#include "base/table.h"
#include "control/numbers_csv.h"

struct numbers_row {
	uint64_t line;
	struct prefix prefix;
	struct offer offer; // of NUMBERS_OFFERS
	uint64_t value;	    // of the other kinds
};

struct numbers_reader {
	const struct numbers_csv *csv;
	struct numbers_csv_report *report; // takes the problems
	struct mem file;
	struct table trunks; // by name

	// Where it is.
	const char *at;
	uint64_t line;
	char separator;
	bool past_titles;
};

// Opens the file; `csv` and `report` stay with the caller and outlive the reader. Returns 0 or -errno.
int numbers_reader_open(
	struct numbers_reader *reader, const struct numbers_csv *csv, struct numbers_csv_report *report
);
void numbers_reader_close(struct numbers_reader *reader);

// Gives every good row of the file from its start on to `take`, until that returns false.
void numbers_reader_each(
	struct numbers_reader *reader, bool (*take)(void *ctx, const struct numbers_row *row), void *ctx
);

// Adds "FILE:LINE: ..." to the report, without the line where it is 0. Always false.
__attribute__((format(printf, 3, 4))) bool
numbers_problem(const struct numbers_reader *reader, uint64_t line, const char *format, ...);
