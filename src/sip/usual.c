// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/usual_simd.h"

static bool no_start_line(struct sip_msg *msg) {
	(void)msg;
	return false;
}

static int no_vias(struct sip_msg *msg, uint32_t vias_max) {
	(void)vias_max;
	return msg->first[HDR_VIA];
}

static enum sip_step no_fields(struct sip_msg *msg, enum sip_step from) {
	(void)msg;
	return from;
}

static bool no_entry(const struct sip_msg *msg, int header, struct sip_name_addr *ret_addr) {
	(void)msg, (void)header, (void)ret_addr;
	return false;
}

static const struct sip_usual none = {
	.read_start_line = no_start_line,
	.read_vias = no_vias,
	.read_fields = no_fields,
	.read_entry = no_entry,
};

#if defined(__x86_64__)
const struct sip_usual *sip_usual_of(const struct sip_index *index) {
	if (likely(index->mark_count > 0))
		return &sip_usual_avx512;
	return index->marked > 0 ? &sip_usual_avx2 : &none;
}
#else
const struct sip_usual *sip_usual_of(const struct sip_index *index) {
	(void)index;
	return &none;
}
#endif
