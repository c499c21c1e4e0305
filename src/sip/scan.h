// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The Hyperscan locator: line ends and header names as one database of literals. Internal to src/sip; scan.c is the
// only file here that knows Hyperscan.
#pragma once

#include "sip/locate.h"

// -ENOTSUP when the machine lacks SSSE3, -ENOMEM.
int sip_scan_init(struct sip_locator *locator);
void sip_scan_fini(struct sip_locator *locator);

enum sip_located sip_scan_locate(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
);
