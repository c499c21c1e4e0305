// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/numbers_csv.h"

#include <errno.h>
#include <math.h>

#include "base/hash.h"
#include "control/numbers_read.h"

#define SEEN_BITS_MIN (1u << 16)
#define BATCH 16

// A row whose prefix, and trunk, an earlier one has. Which one that was is looked for when all are known.
struct repeated {
	struct numbers_row row;
	uint64_t first_line;
};

struct load {
	const struct numbers_csv *csv;
	struct numbers_csv_report *report;
	struct numbers_reader reader;
	struct numbers table;
	int error; // what ends it before all rows are in

	// A bit for each prefix, by its hash: how many are set tells about how many prefixes there are.
	uint64_t *seen;
	uint64_t seen_bits; // a power of two
	struct mem seen_mem;

	uint32_t batch_count;
	struct numbers_row batch[BATCH];

	uint32_t repeated_count;
	struct repeated repeated[NUMBERS_CSV_TEXTS];
};

// --- the first time through: is all of it good, and how large will it be ---

static bool note_seen(void *ctx, const struct numbers_row *row) {
	struct load *load = ctx;
	uint64_t key = numbers_pack(row->prefix);
	uint64_t bit = hash_str(0, str_of((const char *)&key, sizeof(key))) & (load->seen_bits - 1);

	load->seen[bit / 64] |= 1ull << bit % 64;
	load->report->row_count++;
	return true;
}

// About how many prefixes there are (linear counting): of m bits n prefixes leave m * exp(-n / m) at nought. Up to
// three and a half prefixes a bit that is right to a hundredth, and better the larger the table is.
static uint64_t seen_count(const struct load *load) {
	uint64_t zeros = load->seen_bits;

	for (uint64_t i = 0; i < load->seen_bits / 64; i++)
		zeros -= (uint64_t)__builtin_popcountll(load->seen[i]);
	if (zeros == 0)
		return load->report->row_count;
	return (uint64_t)((double)load->seen_bits * log((double)load->seen_bits / (double)zeros));
}

// An eighth for rows that are added one at a time, and for what the count is wrong by.
static uint32_t room_for(uint64_t prefixes) {
	uint64_t room = prefixes + prefixes / 8 + 1024;

	return room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
}

// A bit for 32 bytes: rows of many prefixes are nine bytes and more.
static int check_rows(struct load *load) {
	int error;

	for (load->seen_bits = SEEN_BITS_MIN; load->seen_bits < load->reader.file.size / 32; load->seen_bits *= 2)
		;
	error = mem_map(load->seen_bits / 8, MEM_HUGE_OFF, &load->seen_mem);
	if (error)
		return error;
	load->seen = load->seen_mem.ptr;
	numbers_reader_each(&load->reader, note_seen, load);
	return load->report->problem_count > 0 ? -EINVAL : 0;
}

// --- the second time: into the table ---

static void note_repeated(struct load *load, const struct numbers_row *row) {
	if (load->repeated_count < NUMBERS_CSV_TEXTS)
		load->repeated[load->repeated_count++] = (struct repeated){.row = *row};
	else
		load->report->problem_count++;
}

static int put(struct load *load, const struct numbers_row *row) {
	if (load->csv->kind == NUMBERS_OFFERS)
		return numbers_add(&load->table, row->prefix, row->offer);
	if (prefix_get(&load->table.prefixes, row->prefix) != PREFIX_NONE)
		return -EEXIST;
	return numbers_set_value(&load->table, row->prefix, row->value);
}

// There were more prefixes than the count said.
static int grow(struct load *load) {
	struct numbers larger;
	uint32_t room = room_for(load->report->row_count);
	int error = numbers_rebuild(&load->table, room, load->csv->huge, &larger);

	if (error)
		return error;
	numbers_fini(&load->table);
	load->table = larger;
	return 0;
}

static bool put_row(struct load *load, const struct numbers_row *row) {
	int error = put(load, row);

	if (error == -ENOSPC) {
		error = grow(load);
		if (error == 0)
			error = put(load, row);
	}
	if (error == -EEXIST)
		note_repeated(load, row);
	else if (error == -E2BIG)
		numbers_problem(
			&load->reader,
			row->line,
			"more than %u trunks for one prefix; take some out",
			NUMBERS_OFFERS_MAX
		);
	else
		load->error = error;
	return load->error == 0;
}

// All are asked for before the first is put in, so that their memory is waited for once and not for each.
static bool put_batch(struct load *load) {
	uint32_t count = load->batch_count;
	bool go_on = true;

	for (uint32_t i = 0; i < count; i++)
		prefix_get(&load->table.prefixes, load->batch[i].prefix);
	for (uint32_t i = 0; i < count && go_on; i++)
		go_on = put_row(load, &load->batch[i]);
	load->batch_count = 0;
	return go_on;
}

static bool take_row(void *ctx, const struct numbers_row *row) {
	struct load *load = ctx;

	load->batch[load->batch_count++] = *row;
	return load->batch_count < BATCH || put_batch(load);
}

// --- where a row was before ---

static bool is_same(const struct load *load, const struct numbers_row *a, const struct numbers_row *b) {
	return numbers_pack(a->prefix) == numbers_pack(b->prefix) &&
	       (load->csv->kind != NUMBERS_OFFERS || a->offer.trunk == b->offer.trunk);
}

static bool find_first(void *ctx, const struct numbers_row *row) {
	struct load *load = ctx;
	uint32_t left = 0;

	for (uint32_t i = 0; i < load->repeated_count; i++) {
		struct repeated *repeated = &load->repeated[i];

		if (repeated->first_line == 0 && is_same(load, &repeated->row, row))
			repeated->first_line = row->line;
		left += repeated->first_line == 0;
	}
	return left > 0;
}

static void name_repeated(struct load *load) {
	numbers_reader_each(&load->reader, find_first, load);
	for (uint32_t i = 0; i < load->repeated_count; i++) {
		const struct repeated *repeated = &load->repeated[i];
		unsigned long long first_line = repeated->first_line;
		char digits[PREFIX_DIGITS_MAX + 1];

		prefix_text(repeated->row.prefix, digits);
		if (load->csv->kind == NUMBERS_OFFERS)
			numbers_problem(
				&load->reader,
				repeated->row.line,
				"prefix %s with trunk \"%s\" is on line %llu as well; keep one of them",
				digits,
				load->csv->trunks[repeated->row.offer.trunk],
				first_line
			);
		else
			numbers_problem(
				&load->reader,
				repeated->row.line,
				"%s %s is on line %llu as well; keep one of them",
				load->csv->kind == NUMBERS_PORTED ? "number" : "prefix",
				digits,
				first_line
			);
	}
}

static int fill(struct load *load) {
	uint32_t room = room_for(seen_count(load));

	load->error = numbers_init(&load->table, load->csv->kind, room, load->csv->huge);
	if (load->error)
		return load->error;
	numbers_reader_each(&load->reader, take_row, load);
	if (load->error == 0)
		put_batch(load);
	if (load->error == 0 && load->repeated_count > 0)
		name_repeated(load);
	if (load->error == 0 && load->report->problem_count > 0)
		load->error = -EINVAL;
	if (load->error)
		numbers_fini(&load->table);
	return load->error;
}

int numbers_csv_load(const struct numbers_csv *csv, struct numbers *ret_table, struct numbers_csv_report *ret_report) {
	struct load load = {.csv = csv, .report = ret_report};
	int error;

	*ret_report = (struct numbers_csv_report){0};
	error = numbers_reader_open(&load.reader, csv, ret_report);
	if (error == 0)
		error = check_rows(&load);
	if (error == 0)
		error = fill(&load);
	if (error == 0)
		*ret_table = load.table;
	else if (ret_report->problem_count == 0)
		numbers_problem(&load.reader, 0, "%s", strerror(-error));
	mem_unmap(&load.seen_mem);
	numbers_reader_close(&load.reader);
	return error;
}
