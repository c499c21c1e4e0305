// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// As much of a regular expression as has to be known before Hyperscan gets it. Internal to src/sip.
#pragma once

#include "base/base.h"

struct expression_shape {
	uint32_t len;	     // without `.*` at its end, which only makes more matches
	bool anchored;	     // begins with `^`, which holds for all of it
	bool unusual;	     // may hold what Hyperscan does not know
	uint32_t refused_at; // offset of what `refusal` is about
	const char *refusal; // NULL = none
};

// Of one that PCRE2 takes; of others it says something, too.
struct expression_shape expression_shape_of(const char *pattern);
