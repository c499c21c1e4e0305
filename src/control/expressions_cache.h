// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Expressions compiled once: their databases are kept in a directory, by content. For the control core.
#pragma once

#include "sip/expressions.h"

#define EXPRESSIONS_CACHE_FILES 16 // those used last stay

// As expressions_init, with the database of a file of `directory` when it holds that of these expressions; else it is
// put there. A file that is damaged, another version's or not ours alone to write is replaced. The directory is made
// where it is missing; NULL = no cache. What is wrong with it is logged and changes nothing else. *ret_cached says
// whether the database was there.
int expressions_load(
	struct expressions *set,
	const struct expression *sources,
	uint32_t count,
	const char *directory,
	bool *ret_cached,
	struct expressions_problem *problem
);
