// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What --blast sends: datagrams out of a file, out of a directory, or made of random bytes; and the count of what is
// answered. No device.
#pragma once

#include "stats.h"

#define DATAGRAM_MAX 1472 // what one frame carries
#define DATAGRAMS_MAX 4096

struct datagram {
	uint32_t len;
	char bytes[DATAGRAM_MAX];
};

struct datagrams {
	uint32_t count, room;
	struct datagram *item;
};

// Reads `path`: of a directory each file is a datagram, byte by byte, in the order of the names; a file is text in
// which a line of --- parts the datagrams and any line end becomes CRLF; "junk" is datagrams of 4 to 400 random bytes.
// Returns 0, or -errno with the reason on stderr. To be freed in any case.
int datagrams_read(struct datagrams *all, const char *path, uint64_t seed);
void datagrams_free(struct datagrams *all);

// Adds the datagrams of such a text. Returns 0, -E2BIG where one is too large or there are too many, or -ENOMEM.
int datagrams_split(struct datagrams *all, struct str text);

// Datagrams that came, by their first line.
struct answers {
	uint64_t status[STATUS_MAX];
	uint64_t other; // no response
};

void answers_count(struct answers *answers, struct str text);
