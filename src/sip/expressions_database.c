// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// All expressions of a set for Hyperscan, as expressions_set.h says. On the control core.
#include <errno.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/expressions_set.h"
#include "sip/expressions_shape.h"

#define HEAD_TEXT_MAX 16 // "\n\x80\n" as it is written in an expression, and what ends a text

// What hs_compile_multi takes.
struct job {
	struct mem mem;
	const char **texts;
	unsigned *flags;
	unsigned *ids;
	char *bytes; // where the next text is put
};

static const struct wording {
	const char *theirs; // begins so
	const char *ours;
} wordings[] = {
	{.theirs = "Embedded start anchors", .ours = "a ^ behind other characters can never match"},
	{.theirs = "Embedded end anchors", .ours = "a $ before other characters can never match"},
	{.theirs = "Pattern matches empty buffer", .ours = EXPRESSIONS_EMPTY},
};

static int say_theirs(struct expressions_problem *problem, uint32_t id, const char *message) {
	for (size_t i = 0; i < ARRAY_LEN(wordings); i++)
		if (strncmp(message, wordings[i].theirs, strlen(wordings[i].theirs)) == 0)
			message = wordings[i].ours;
	return expressions_say(problem, id, -EINVAL, "%s", message);
}

// Asks Hyperscan about one expression, which is slow: for the few that need it.
static int try_flags(const char *pattern, unsigned flags, uint32_t id, struct expressions_problem *problem) {
	hs_expr_info_t *info = NULL;
	hs_compile_error_t *error = NULL;
	int err = 0;

	if (hs_expression_info(pattern, flags, &info, &error) != HS_SUCCESS) {
		err = say_theirs(problem, id, error ? error->message : "out of memory");
		hs_free_compile_error(error);
		return err;
	}
	if (info->min_width == 0)
		err = expressions_say(
			problem, id, -EINVAL, "beside look-around and references it holds nothing to search for"
		);
	// lint allows pure: allotted by Hyperscan, on the control core
	free(info); // lint allows heap-on-path: the same
	return err;
}

static int choose_flags(
	const struct expression *source,
	struct expression_shape shape,
	uint32_t id,
	unsigned *ret_flags,
	struct expressions_problem *problem
) {
	unsigned flags = HS_FLAG_MULTILINE;

	if (source->caseless)
		flags |= HS_FLAG_CASELESS;
	if (shape.anchored)
		flags |= HS_FLAG_SINGLEMATCH;
	if (shape.unusual && try_flags(source->pattern, flags, id, problem) < 0)
		flags |= HS_FLAG_PREFILTER;
	*ret_flags = flags;
	return flags & HS_FLAG_PREFILTER ? try_flags(source->pattern, flags, id, problem) : 0;
}

static int job_add(struct job *job, const struct expression *source, uint32_t id, struct expressions_problem *problem) {
	struct expression_shape shape = expression_shape_of(source->pattern);
	const char *rest = source->pattern;
	int err = choose_flags(source, shape, id, &job->flags[id], problem);

	if (err < 0)
		return err;
	job->ids[id] = id;
	job->texts[id] = job->bytes;
	if (shape.anchored) {
		job->bytes += snprintf(job->bytes, HEAD_TEXT_MAX, "\\n\\x%02x\\n", EXPRESSIONS_TAG + source->field);
		rest++, shape.len--;
	}
	memcpy(job->bytes, rest, shape.len);
	job->bytes[shape.len] = '\0';
	job->bytes += shape.len + 1;
	return 0;
}

static int job_init(struct job *job, const struct expression *sources, uint32_t count) {
	size_t size = count * (sizeof(*job->texts) + sizeof(*job->flags) + sizeof(*job->ids) + HEAD_TEXT_MAX);

	for (uint32_t i = 0; i < count; i++)
		size += strlen(sources[i].pattern);
	if (mem_map(size, MEM_HUGE_OFF, &job->mem) != 0)
		return -ENOMEM;
	job->texts = job->mem.ptr;
	job->flags = (unsigned *)(job->texts + count);
	job->ids = job->flags + count;
	job->bytes = (char *)(job->ids + count);
	return 0;
}

static int
tell(const struct job *job,
     const hs_compile_error_t *error,
     const struct expression *sources,
     struct expressions_problem *problem) {
	uint32_t id = error && error->expression >= 0 ? (uint32_t)error->expression : EXPRESSIONS_NO_ID;

	if (id == EXPRESSIONS_NO_ID)
		return say_theirs(problem, id, error ? error->message : "out of memory");
	// The places it names are those of the expression as it was written only when it is asked about that.
	if (try_flags(sources[id].pattern, job->flags[id], id, problem) < 0)
		return -EINVAL;
	return say_theirs(problem, id, error->message);
}

int expressions_compile_all(
	struct expressions *set, const struct expression *sources, struct expressions_problem *problem
) {
	// As in scan.c: without AVX2 in the target nothing reads past the end of short buffers.
	const hs_platform_info_t target = {.tune = HS_TUNE_FAMILY_GENERIC, .cpu_features = 0};
	const unsigned mode = HS_MODE_BLOCK;
	hs_compile_error_t *error = NULL;
	struct job job = {0};
	int err = job_init(&job, sources, set->count);

	if (err < 0)
		return expressions_say(problem, EXPRESSIONS_NO_ID, err, "out of memory");
	for (uint32_t i = 0; err == 0 && i < set->count; i++)
		err = job_add(&job, &sources[i], i, problem);
	if (err == 0 &&
	    hs_compile_multi(job.texts, job.flags, job.ids, set->count, mode, &target, &set->database, &error) !=
		    HS_SUCCESS)
		err = tell(&job, error, sources, problem);
	hs_free_compile_error(error);
	mem_unmap(&job.mem);
	return err;
}
