// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "control/numbers_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

#define COLUMNS 3
#define SEPARATOR_NONE '\n' // is in no line
#define LINE_LEN_MAX 1024
#define SHOWN_LEN 40 // of a field in a message
#define COST_DECIMALS 4

static const struct {
	uint32_t columns;
	const char *shape;
} kinds[NUMBERS_KIND_COUNT] = {
	[NUMBERS_OFFERS] = {.columns = 3, .shape = "prefix,trunk,cost"},
	[NUMBERS_VALUES] = {.columns = 2, .shape = "prefix,value"},
	[NUMBERS_PORTED] = {.columns = 2, .shape = "number,routing-number"},
};

// --- what is wrong ---

bool numbers_problem(const struct numbers_reader *reader, uint64_t line, const char *format, ...) {
	struct numbers_csv_report *report = reader->report;
	const char *path = reader->csv->path;
	char *text = report->texts[report->text_count];
	va_list args;
	int len;

	report->problem_count++;
	if (report->text_count == NUMBERS_CSV_TEXTS)
		return false;
	report->text_count++;
	len = line ? snprintf(text, NUMBERS_CSV_TEXT_SIZE, "%s:%llu: ", path, (unsigned long long)line)
		   : snprintf(text, NUMBERS_CSV_TEXT_SIZE, "%s: ", path);
	if (len < 0 || len >= NUMBERS_CSV_TEXT_SIZE)
		return false;
	va_start(args, format);
	vsnprintf(text + len, NUMBERS_CSV_TEXT_SIZE - (size_t)len, format, args);
	va_end(args);
	return false;
}

struct shown {
	char text[SHOWN_LEN + 4];
};

// A field as it can be printed.
static struct shown shown(struct str field) {
	struct shown shown = {0};
	uint32_t len = field.len < SHOWN_LEN ? field.len : SHOWN_LEN;

	for (uint32_t i = 0; i < len; i++)
		shown.text[i] = (unsigned char)field.ptr[i] < ' ' || field.ptr[i] == 127 ? '?' : field.ptr[i];
	if (len < field.len)
		memcpy(shown.text + len, "...", 3);
	return shown;
}

// --- lines and fields ---

// An empty file is not mapped.
static const char *end_of(const struct numbers_reader *reader) {
	const char *begin = reader->file.ptr;

	return begin ? begin + reader->file.size : NULL;
}

static void rewind_to_start(struct numbers_reader *reader) {
	reader->at = reader->file.ptr;
	if (reader->file.size >= 3 && memcmp(reader->at, "\xef\xbb\xbf", 3) == 0)
		reader->at += 3;
	reader->line = 0;
	reader->separator = SEPARATOR_NONE;
	reader->past_titles = false;
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r';
}

// Without blanks at both ends.
static struct str trim(const char *from, const char *to) {
	while (from < to && is_blank(*from))
		from++;
	while (from < to && is_blank(to[-1]))
		to--;
	return str_of(from, (size_t)(to - from));
}

// The next line that is neither empty nor a comment; false at the end.
static bool next_line(struct numbers_reader *reader, const char **ret_from, const char **ret_to) {
	const char *end = end_of(reader);

	while (reader->at < end) {
		const char *from = reader->at;
		const char *to = memchr(from, '\n', (size_t)(end - from));

		if (!to)
			to = end;
		reader->at = to == end ? to : to + 1;
		reader->line++;
		while (from < to && is_blank(*from))
			from++;
		if (from == to || *from == '#')
			continue;
		*ret_from = from;
		*ret_to = to;
		return true;
	}
	return false;
}

// The first that stands outside quotes.
static char separator_of(struct str line) {
	bool quoted = false;

	for (uint32_t i = 0; i < line.len; i++) {
		quoted ^= line.ptr[i] == '"';
		if (!quoted && (line.ptr[i] == ',' || line.ptr[i] == ';'))
			return line.ptr[i];
	}
	return SEPARATOR_NONE;
}

// Where the field in quotes that begins the text ends, with the blanks behind it; NULL where something else follows.
static const char *quoted(const char *from, const char *end, char separator, struct str *ret_field) {
	const char *to = memchr(from + 1, '"', (size_t)(end - from - 1));

	if (!to)
		return NULL;
	*ret_field = str_of(from + 1, (size_t)(to - from - 1));
	for (to++; to < end && is_blank(*to);)
		to++;
	return to == end || *to == separator ? to : NULL;
}

static const char *unquoted(const char *from, const char *end, char separator, struct str *ret_field) {
	const char *to = from;

	while (to < end && *to != separator)
		to++;
	*ret_field = trim(from, to);
	return to;
}

// Takes a field off the line; what is left begins behind its separator, or is a NULL at the end of the line.
static bool next_field(struct numbers_reader *reader, struct str *left, struct str *ret_field) {
	const char *from = left->ptr, *end = from + left->len, *to;

	while (from < end && is_blank(*from))
		from++;
	if (from < end && *from == '"')
		to = quoted(from, end, reader->separator, ret_field);
	else
		to = unquoted(from, end, reader->separator, ret_field);
	if (!to)
		return numbers_problem(
			reader,
			reader->line,
			"the quotes of %s are wrong; put one \" before and one behind a field",
			shown(trim(from, end)).text
		);
	*left = to == end ? (struct str){0} : str_of(to + 1, (size_t)(end - to - 1));
	return true;
}

// Fields that are missing are empty.
static bool split(struct numbers_reader *reader, struct str line, struct str *fields) {
	uint32_t columns = kinds[reader->csv->kind].columns;

	for (uint32_t i = 0; line.ptr; i++) {
		struct str field = {0};

		if (!next_field(reader, &line, &field))
			return false;
		if (i < columns)
			fields[i] = field;
		else if (field.len > 0)
			return numbers_problem(
				reader,
				reader->line,
				"field %u, \"%s\", is one too many; write %s",
				i + 1,
				shown(field).text,
				kinds[reader->csv->kind].shape
			);
	}
	return true;
}

// --- what the fields say ---

static bool read_digits(struct numbers_reader *reader, const char *what, struct str field, struct prefix *ret_digits) {
	struct str digits = field;

	if (digits.len > 0 && digits.ptr[0] == '+')
		digits = str_of(digits.ptr + 1, digits.len - 1);
	*ret_digits = prefix_of(digits);
	if (field.len == 0)
		return numbers_problem(
			reader, reader->line, "the %s is missing; write %s", what, kinds[reader->csv->kind].shape
		);
	if (ret_digits->len == 0 || ret_digits->len != digits.len)
		return numbers_problem(
			reader,
			reader->line,
			"%s \"%s\" is not a number; write 1 to %u digits, with or without a +",
			what,
			shown(field).text,
			PREFIX_DIGITS_MAX
		);
	return true;
}

struct name_lookup {
	const struct numbers_csv *csv;
	struct str name;
};

static bool same_name(const void *ctx, uint32_t slot) {
	const struct name_lookup *lookup = ctx;

	return str_eq(str_from_c(lookup->csv->trunks[slot]), lookup->name);
}

static bool read_trunk(struct numbers_reader *reader, struct str field, uint16_t *ret_trunk) {
	const struct name_lookup lookup = {.csv = reader->csv, .name = field};
	uint32_t slot;

	if (field.len == 0)
		return numbers_problem(reader, reader->line, "the trunk is missing; write prefix,trunk,cost");
	slot = table_find(&reader->trunks, hash_str(0, field), same_name, &lookup);
	if (slot == SLOT_NONE)
		return numbers_problem(
			reader,
			reader->line,
			"there is no trunk \"%s\"; write the name of one that is configured",
			shown(field).text
		);
	*ret_trunk = (uint16_t)slot;
	return true;
}

// A decimal number in 1/10000; noughts past the fourth decimal are fine.
static bool cost_of(struct str field, uint32_t *ret_cost) {
	uint32_t digits = 0, decimals = 0;
	bool marked = false;
	uint64_t cost = 0;

	for (uint32_t i = 0; i < field.len; i++) {
		unsigned digit = (unsigned char)field.ptr[i] - '0';

		if (!marked && (field.ptr[i] == '.' || field.ptr[i] == ',')) {
			marked = true;
			continue;
		}
		if (digit > 9 || (decimals == COST_DECIMALS && digit > 0))
			return false;
		digits++;
		if (decimals == COST_DECIMALS)
			continue;
		decimals += marked;
		cost = cost * 10 + digit;
		if (cost > UINT32_MAX)
			return false;
	}
	for (; decimals < COST_DECIMALS; decimals++)
		cost *= 10;
	*ret_cost = (uint32_t)cost;
	return digits > 0 && cost <= UINT32_MAX;
}

static bool read_cost(struct numbers_reader *reader, struct str field, uint32_t *ret_cost) {
	*ret_cost = 0;
	if (field.len == 0 || cost_of(field, ret_cost))
		return true;
	return numbers_problem(
		reader,
		reader->line,
		"cost \"%s\" is not one; write up to 429496.7295 with at most %u decimals",
		shown(field).text,
		COST_DECIMALS
	);
}

static bool read_value(struct numbers_reader *reader, struct str field, uint64_t *ret_value) {
	*ret_value = 0;
	if (field.len == 0 || str_to_u64(field, UINT32_MAX, ret_value))
		return true;
	return numbers_problem(
		reader,
		reader->line,
		"value \"%s\" is not one; write a whole number up to 4294967295",
		shown(field).text
	);
}

static bool read_ported(struct numbers_reader *reader, struct str field, uint64_t *ret_value) {
	struct prefix digits;

	if (!read_digits(reader, "routing number", field, &digits))
		return false;
	*ret_value = numbers_pack(digits);
	return true;
}

static bool read_row(struct numbers_reader *reader, const struct str *fields, struct numbers_row *ret_row) {
	bool ported = reader->csv->kind == NUMBERS_PORTED;

	*ret_row = (struct numbers_row){.line = reader->line};
	if (!read_digits(reader, ported ? "number" : "prefix", fields[0], &ret_row->prefix))
		return false;
	switch (reader->csv->kind) {
	case NUMBERS_OFFERS:
		return read_trunk(reader, fields[1], &ret_row->offer.trunk) &&
		       read_cost(reader, fields[2], &ret_row->offer.cost);
	case NUMBERS_VALUES:
		return read_value(reader, fields[1], &ret_row->value);
	case NUMBERS_PORTED:
		return read_ported(reader, fields[1], &ret_row->value);
	case NUMBERS_KIND_COUNT:
		break;
	}
	return false;
}

static bool is_titles(struct numbers_reader *reader, struct str field) {
	bool first = !reader->past_titles;

	reader->past_titles = true;
	return first && (str_eq_nocase(field, STR("prefix")) || str_eq_nocase(field, STR("number")));
}

// A row of that line, unless it is bad or holds the titles.
static bool row_of(struct numbers_reader *reader, struct str line, struct numbers_row *ret_row) {
	struct str fields[COLUMNS] = {0};

	if (reader->separator == SEPARATOR_NONE)
		reader->separator = separator_of(line);
	return split(reader, line, fields) && !is_titles(reader, fields[0]) && read_row(reader, fields, ret_row);
}

void numbers_reader_each(
	struct numbers_reader *reader, bool (*take)(void *ctx, const struct numbers_row *row), void *ctx
) {
	const char *from, *to;
	bool go_on = true;

	rewind_to_start(reader);
	while (go_on && next_line(reader, &from, &to)) {
		struct numbers_row row;

		if (to - from > LINE_LEN_MAX)
			numbers_problem(
				reader, reader->line, "longer than %u bytes; write one row a line", LINE_LEN_MAX
			);
		else if (row_of(reader, str_of(from, (size_t)(to - from)), &row))
			go_on = take(ctx, &row);
	}
}

// --- the file ---

static int index_trunks(struct numbers_reader *reader) {
	int error = table_init(&reader->trunks, reader->csv->trunk_count + 1, MEM_HUGE_OFF);

	if (error)
		return error;
	for (uint32_t i = 0; i < reader->csv->trunk_count; i++)
		table_insert(&reader->trunks, hash_str(0, str_from_c(reader->csv->trunks[i])), i);
	return 0;
}

static int map_bytes(int file, struct mem *ret_file) {
	struct stat status;
	void *bytes;

	if (fstat(file, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -ENOTSUP;
	if (status.st_size == 0) // cannot be mapped
		return 0;
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	*ret_file = (struct mem){.ptr = bytes, .size = (size_t)status.st_size};
	return 0;
}

// A pipe that nobody writes to is not waited for.
static int map_file(const char *path, struct mem *ret_file) {
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	if (file < 0)
		return -errno;
	error = map_bytes(file, ret_file);
	close(file);
	return error;
}

int numbers_reader_open(
	struct numbers_reader *reader, const struct numbers_csv *csv, struct numbers_csv_report *report
) {
	int error;

	assert(csv->trunk_count <= UINT16_MAX + 1);
	*reader = (struct numbers_reader){.csv = csv, .report = report};
	error = map_file(csv->path, &reader->file);
	if (error == 0)
		error = index_trunks(reader);
	if (error)
		numbers_reader_close(reader);
	return error;
}

void numbers_reader_close(struct numbers_reader *reader) {
	mem_unmap(&reader->file);
	table_fini(&reader->trunks);
}
