// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The Internet checksum (RFC 1071) over whole datagrams, 32 bytes at a time where the machine can.
#pragma once

#include "base/base.h"

// The ones' complement sum of `len` bytes, folded to 16 bits and in network byte order, not yet complemented. A last
// odd byte counts as if a zero followed.
uint16_t checksum_sum(const void *bytes, size_t len);
