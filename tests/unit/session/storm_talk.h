// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What both sides of a storm say. A few calls, branches, tags and CSeqs, so that messages repeat, cross and miss each
// other. `how`: four bytes whose bits choose, see there.
#pragma once

#include "call.h"

#define STORM_TEXT 2560

// A request of that side into `out` (STORM_TEXT bytes); `routes`: the Route lines it has learnt. Returns the length.
uint32_t storm_request(char *out, enum side from, const uint8_t *how, const char *routes);

// A response to a request as tandem sent it; 0 when it does not fit. how[0] is not looked at.
uint32_t storm_response(char *out, const char *request, const uint8_t *how);

// What is no message.
struct str storm_stray(uint8_t which);
