// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/usual_simd.h"

#if defined(__x86_64__)
#define USUAL_BY_LISTS
#include "sip/usual_fields.h"

const struct sip_usual sip_usual_avx512 = {
	.read_start_line = read_start_line,
	.read_vias = read_vias,
	.read_fields = read_fields,
	.read_entry = read_entry,
};
#endif
