// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The timers of RFC 3261 (section 17, table 4) and RFC 6026 with T1 = 500 ms, for tests and benches.
#pragma once

#include "base/config.h"

#define TIMERS_OF_THE_RFC                                                                                              \
	{                                                                                                              \
		.t1_ms = 500, .t2_ms = 4000, .t4_ms = 5000, .b_ms = 32000, .c_ms = 180000, .d_ms = 32000,              \
		.f_ms = 32000, .h_ms = 32000, .i_ms = 5000, .j_ms = 32000, .k_ms = 5000, .l_ms = 32000, .m_ms = 32000, \
		.dialog_max_ms = 43200000                                                                              \
	}
