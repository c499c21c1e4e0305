// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// By the lists of marks of the AVX-512 locator, by the bits of the AVX2 one. Internal to src/sip.
#pragma once

#include "sip/usual.h"

#if defined(__x86_64__)
extern const struct sip_usual sip_usual_avx512, sip_usual_avx2;
#endif
