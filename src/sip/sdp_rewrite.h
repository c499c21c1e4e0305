// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The changes a media relay makes to a session description: where media and RTCP go, and whose offer it is. All other
// bytes stay as they are.
#pragma once

#include "sip/sdp.h"

// Of one media. To keep an old hold, give the unspecified address of the family.
struct sdp_target {
	struct endpoint rtp;  // address of no family: the media stays as it is
	struct endpoint rtcp; // port 0: a=rtcp goes; else it is replaced or added; address of no family: the port alone
	bool rtcp_mux;	      // a=rtcp-mux is there, or not
};

struct sdp_changes {
	struct sdp_target media[SDP_MEDIA_MAX];
	struct ip_addr origin;	 // address of o=; of no family: stays
	uint64_t origin_version; // 0: stays
};

// Writes the description with its changes into `out`, which lies outside its text. A c= line changes where it is; the
// session's when the media that have none of their own agree on an address, else these get one each. A port of 0 stays
// 0: such a media's own c= line changes but nothing else of it, and it does not count when others agree. At most three
// lines a media are added, so that the result parses where the limits allow them. Returns its length, 0 when it does
// not fit, or the ports of a media (see its port_count) would pass 65535.
uint32_t sdp_rewrite(const struct sdp *sdp, const struct sdp_changes *changes, char *out, uint32_t size);
