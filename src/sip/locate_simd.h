// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The AVX-512 locator, only where lex_has_avx512, the AVX2 one, only where lex_has_avx2, and their scalar twin.
// Internal to src/sip.
#pragma once

#include "sip/locate.h"

enum sip_located sip_locate_avx512(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
);

enum sip_located sip_locate_avx2(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
);

enum sip_located sip_locate_scalar(
	const struct sip_locator *self, const char *buf, size_t len, uint32_t headers_max, struct sip_index *ret_index
);
