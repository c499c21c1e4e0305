// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What nobody wants from strangers, found before a datagram is parsed: all expressions in one pass of Hyperscan.
#pragma once

#include <stddef.h>

#include "base/str.h"

struct hs_database;
struct hs_scratch;

// One core's. Zeroed it finds nothing.
struct sip_screen {
	struct hs_database *database;
	struct hs_scratch *scratch;
};

// What is shipped: scanners and tools that announce themselves. NULL ends it.
extern const char *const sip_screen_shipped[];

#define SIP_SCREEN_BYTES 2048 // of a datagram that are looked at
#define SIP_SCREEN_MAX 1024   // expressions

// Expressions as Hyperscan takes them (PCRE without back references and look-around; none may match nothing), in any
// case,
// `^` at every line; lines end with \r\n, and `$` stands between these. Returns 0 or -errno; with -EINVAL `problem`
// says what is wrong with which.
int sip_screen_init(
	struct sip_screen *screen, const char *const *expressions, unsigned count, char *problem, size_t size
);
void sip_screen_fini(struct sip_screen *screen);

// True when one of them is in the datagram.
bool sip_screen_finds(const struct sip_screen *screen, const char *data, uint32_t len);
