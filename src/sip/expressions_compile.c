// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// From sources to a set, on the control core: PCRE2 takes each expression, and says what is wrong with it; Hyperscan
// takes all together, unless the caller has its database from earlier.
#include <errno.h>
#include <hs/hs.h>
#include <stdarg.h>
#include <stdio.h>

#include "sip/expressions_set.h"
#include "sip/expressions_shape.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

int expressions_say(struct expressions_problem *problem, uint32_t id, int err, const char *format, ...) {
	va_list args;

	problem->id = id;
	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	return err;
}

// What can be told without compiling it.
static int check(const struct expression *source, uint32_t id, struct expressions_problem *problem) {
	struct expression_shape shape;

	if (source->field >= EXPRESSIONS_FIELDS)
		return expressions_say(problem, id, -EINVAL, "there is no field %u", source->field);
	if (strlen(source->pattern) > EXPRESSIONS_PATTERN_MAX)
		return expressions_say(problem, id, -E2BIG, "longer than %u characters", EXPRESSIONS_PATTERN_MAX);
	shape = expression_shape_of(source->pattern);
	if (shape.refusal)
		return expressions_say(
			problem, id, -EINVAL, "at character %u: %s", shape.refused_at + 1, shape.refusal
		);
	return 0;
}

static int compile_one(
	struct expressions *set,
	const struct expression *source,
	uint32_t id,
	pcre2_compile_context *rules,
	struct expressions_problem *problem
) {
	const uint32_t options =
		PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | (source->caseless ? PCRE2_CASELESS : 0);
	int error, err = check(source, id, problem);
	uint32_t empty = 0;
	PCRE2_SIZE at;
	char text[160];

	if (err < 0)
		return err;
	set->fields[id] = source->field;
	set->codes[id] = pcre2_compile((PCRE2_SPTR)source->pattern, PCRE2_ZERO_TERMINATED, options, &error, &at, rules);
	if (!set->codes[id]) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof(text));
		return expressions_say(problem, id, -EINVAL, "at character %zu: %s", at + 1, text);
	}
	pcre2_pattern_info(set->codes[id], PCRE2_INFO_MATCHEMPTY, &empty);
	if (empty)
		return expressions_say(problem, id, -EINVAL, EXPRESSIONS_EMPTY);
	// Where it fails, the machine allowing no code to be made at run time, PCRE2 interprets.
	pcre2_jit_compile(set->codes[id], PCRE2_JIT_COMPLETE);
	return 0;
}

static int
compile_each(struct expressions *set, const struct expression *sources, struct expressions_problem *problem) {
	pcre2_compile_context *rules = pcre2_compile_context_create(NULL);
	int err = 0;

	if (!rules)
		return expressions_say(problem, EXPRESSIONS_NO_ID, -ENOMEM, "out of memory");
	pcre2_set_newline(rules, PCRE2_NEWLINE_LF); // as Hyperscan has it
	for (uint32_t i = 0; err == 0 && i < set->count; i++) {
		err = compile_one(set, &sources[i], i, rules, problem);
		if (err == 0 && expression_shape_of(sources[i].pattern).anchored)
			set->fields[i] |= EXPRESSIONS_OWN_LINE;
	}
	pcre2_compile_context_free(rules);
	return err;
}

static int
set_init(struct expressions *set, uint32_t count, struct hs_database *database, struct expressions_problem *problem) {
	*set = (struct expressions){.database = database};
	if (hs_valid_platform() != HS_SUCCESS)
		return expressions_say(
			problem, EXPRESSIONS_NO_ID, -ENOTSUP, "this machine's processor cannot run Hyperscan"
		);
	if (count > EXPRESSIONS_MAX)
		return expressions_say(
			problem, EXPRESSIONS_NO_ID, -E2BIG, "%u are more than %u", count, EXPRESSIONS_MAX
		);
	if (mem_map(count * (sizeof(*set->codes) + sizeof(*set->fields)), MEM_HUGE_OFF, &set->mem) != 0)
		return expressions_say(problem, EXPRESSIONS_NO_ID, -ENOMEM, "out of memory");
	set->codes = set->mem.ptr;
	set->fields = (uint8_t *)(set->codes + count);
	set->count = count;
	return 0;
}

int expressions_init(
	struct expressions *set,
	const struct expression *sources,
	uint32_t count,
	struct hs_database *database,
	struct expressions_problem *problem
) {
	int err;

	if (count == 0) {
		hs_free_database(database);
		*set = (struct expressions){0};
		return 0;
	}
	err = set_init(set, count, database, problem);
	if (err == 0)
		err = compile_each(set, sources, problem);
	if (err == 0 && !set->database)
		err = expressions_compile_all(set, sources, problem);
	if (err < 0)
		expressions_fini(set);
	return err;
}

void expressions_fini(struct expressions *set) {
	for (uint32_t i = 0; i < set->count; i++)
		pcre2_code_free(set->codes[i]);
	hs_free_database(set->database);
	mem_unmap(&set->mem);
	*set = (struct expressions){0};
}
