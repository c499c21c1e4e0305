// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <errno.h>
#include <hs/hs.h>

#include "sip/expressions_set.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCH_STEPS 20000 // of a confirmation, then it is given up: well under a millisecond
#define MATCH_KB 20	  // what PCRE2 takes at once when it interprets

// PCRE2 takes memory at its first interpreted match and then keeps it, so that is here; compiled code takes none.
static int warm(const struct expressions_scratch *scratch, const struct expressions *set) {
	int found = pcre2_match(set->codes[0], (PCRE2_SPTR) "", 0, 0, PCRE2_NO_JIT, scratch->match, scratch->limits);

	return found == PCRE2_ERROR_NOMEMORY ? -ENOMEM : 0;
}

int expressions_scratch_init(struct expressions_scratch *scratch, const struct expressions *set) {
	*scratch = (struct expressions_scratch){0};
	if (set->count == 0)
		return 0;
	if (hs_alloc_scratch(set->database, &scratch->scratch) != HS_SUCCESS)
		goto out;
	scratch->match = pcre2_match_data_create(EXPRESSIONS_GROUPS, NULL);
	scratch->limits = pcre2_match_context_create(NULL);
	if (!scratch->match || !scratch->limits)
		goto out;
	pcre2_set_match_limit(scratch->limits, MATCH_STEPS);
	pcre2_set_heap_limit(scratch->limits, MATCH_KB);
	if (mem_map((set->count + 63) / 64 * sizeof(*scratch->seen), MEM_HUGE_OFF, &scratch->mem) != 0)
		goto out;
	scratch->seen = scratch->mem.ptr;
	if (warm(scratch, set) == 0)
		return 0;
out:
	expressions_scratch_fini(scratch);
	return -ENOMEM;
}

void expressions_scratch_fini(struct expressions_scratch *scratch) {
	hs_free_scratch(scratch->scratch);
	pcre2_match_data_free(scratch->match);
	pcre2_match_context_free(scratch->limits);
	mem_unmap(&scratch->mem);
	*scratch = (struct expressions_scratch){0};
}
