// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/scan.h"

#include <errno.h>
#include <hs/hs.h>

#include "sip/lines.h"

#define LINE_END 0 // the id of the literal "\n"; those of names are their enum sip_header_id
#define LITERALS_MAX (2 * HDR_COUNT)
#define LITERAL_SIZE 32

struct literals {
	unsigned count;
	unsigned flags[LITERALS_MAX];
	unsigned ids[LITERALS_MAX];
	size_t lens[LITERALS_MAX];
	const char *texts[LITERALS_MAX];
	char bytes[LITERALS_MAX][LITERAL_SIZE];
};

static_assert(LINE_END == HDR_OTHER, "the id of line ends must be that of no header");

// "\nVia:"; a name with white space before its colon is rare enough to be looked up by lines_take.
static void add_name(struct literals *literals, struct str name, enum sip_header_id id) {
	unsigned i = literals->count++;
	char *bytes = literals->bytes[i];

	assert(name.len + 2 <= LITERAL_SIZE);
	bytes[0] = '\n';
	memcpy(bytes + 1, name.ptr, name.len);
	bytes[name.len + 1] = ':';
	literals->texts[i] = bytes;
	literals->lens[i] = name.len + 2;
	literals->ids[i] = id;
	literals->flags[i] = HS_FLAG_CASELESS;
}

static void fill(struct literals *literals) {
	literals->count = 1;
	literals->texts[0] = "\n";
	literals->lens[0] = 1;
	literals->ids[0] = LINE_END;
	literals->flags[0] = 0;
	for (enum sip_header_id id = HDR_OTHER + 1; id < HDR_COUNT; id++) {
		char compact = sip_header_compact(id);

		add_name(literals, sip_header_name(id), id);
		if (compact)
			add_name(literals, str_of(&compact, 1), id);
	}
}

int sip_scan_init(struct sip_locator *locator) {
	// Without AVX2 in the target Hyperscan builds no "fat Teddy" matcher, whose AVX512-VBMI form reads a byte past
	// the end of short buffers (found here with 5.4.0; vectorscan issue 322).
	const hs_platform_info_t target = {.tune = HS_TUNE_FAMILY_GENERIC, .cpu_features = 0};
	struct literals literals;
	hs_compile_error_t *error = NULL;
	hs_database_t *database = NULL;
	hs_scratch_t *scratch = NULL;

	if (hs_valid_platform() != HS_SUCCESS)
		return -ENOTSUP;
	fill(&literals);
	if (hs_compile_lit_multi(
		    literals.texts,
		    literals.flags,
		    literals.ids,
		    literals.lens,
		    literals.count,
		    HS_MODE_BLOCK,
		    &target,
		    &database,
		    &error
	    ) != HS_SUCCESS) {
		hs_free_compile_error(error);
		return -ENOMEM;
	}
	if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) {
		hs_free_database(database);
		return -ENOMEM;
	}
	locator->database = database;
	locator->scratch = scratch;
	return 0;
}

void sip_scan_fini(struct sip_locator *locator) {
	hs_free_scratch(locator->scratch);
	hs_free_database(locator->database);
}

struct scan {
	struct lines lines;
	uint32_t base;		   // offset of what is scanned
	uint32_t colon;		   // past the name last matched
	enum sip_header_id header; // that name
};

// A name counts for the line its colon lies in, so it does no harm that Hyperscan promises no order of matches.
static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
	struct scan *scan = context;
	struct lines *lines = &scan->lines;
	uint32_t at = scan->base + (uint32_t)to - 1;

	(void)from, (void)flags;
	if (id != LINE_END) {
		scan->header = (enum sip_header_id)id;
		scan->colon = at;
		return 0;
	}
	// Never seen, but nothing below may run backwards.
	if (unlikely(at < lines->start))
		return 0;
	if (scan->header != HDR_OTHER && scan->colon > lines->start && scan->colon < at) {
		lines_take(lines, at, scan->colon, scan->header);
	} else {
		const char *colon = memchr(lines->buf + lines->start, ':', at - lines->start);

		lines_take(lines, at, colon ? (uint32_t)(colon - lines->buf) : LINES_NO_COLON, HDR_OTHER);
	}
	scan->header = HDR_OTHER;
	return lines->ended;
}

enum sip_located sip_scan_locate(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
) {
	struct scan scan = {.lines = lines_begin(ret_index, buf, len, headers_max), .header = HDR_OTHER};
	const struct lines *lines = &scan.lines;
	uint32_t base = scan.base = lines->start;
	hs_error_t error = HS_SUCCESS;

	if (base < len)
		error = hs_scan(self->database, buf + base, (uint32_t)len - base, 0, self->scratch, on_match, &scan);
	assert(error == HS_SUCCESS || error == HS_SCAN_TERMINATED);
	(void)error;
	return lines_finish(lines, lex_has_odd_bytes(str_of(buf + base, lines->start - base)));
}
