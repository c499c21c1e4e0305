// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Header names: one identifier for the long and the compact form in any case (RFC 3261 section 7.3, 20).
#pragma once

#include "base/str.h"

enum sip_header_id {
	HDR_OTHER, // not in the list: passed through untouched
#define X(id, name, compact, list) HDR_##id,
#include "sip/header.def"
#undef X
	HDR_COUNT,
};

// The identifier of a name without white space around it. The text is compared, not a hash of it.
enum sip_header_id sip_header_find(struct str name);

// "Via"; empty for HDR_OTHER.
struct str sip_header_name(enum sip_header_id id);

// 'v', or 0 when the name has no compact form.
char sip_header_compact(enum sip_header_id id);

// May be written as a comma-separated list.
bool sip_header_is_list(enum sip_header_id id);
