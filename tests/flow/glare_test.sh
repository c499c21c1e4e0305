#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Re-INVITEs of both sides cross and are refused with 491: each refusal is acknowledged hop by hop, the call goes on and
# ends.
config=short
. "$(dirname "$0")/_init.sh"

# hop_by_hop SIDE DIRECTION: ACKs of that direction whose branch is that of their INVITE.
hop_by_hop() {
	awk -v way="$2" '$1 == way && $2 == "INVITE" { sent[$3] } $1 == way && $2 == "ACK" && $3 in sent { n++ } END { print n + 0 }' \
		"$work/$1.wire"
}

record a b
callee uas 198.51.100.20 "$(scenario uas_glare)" 5
caller uac 192.0.2.12 "$(scenario uac_glare)" 5 10 -s peer
done_well uas
recorded a b

went a '<INVITE >100/INVITE >180/INVITE >200/INVITE <ACK >INVITE <INVITE >100/INVITE >491/INVITE <ACK <491/INVITE >ACK <BYE >200/BYE' 5
went b '>INVITE <180/INVITE <200/INVITE >ACK <INVITE >100/INVITE >INVITE <491/INVITE >ACK >491/INVITE <ACK >BYE <200/BYE' 5
for side in 'a in' 'a out' 'b in' 'b out'; do
	same "ACKs of a 491, $side" 5 "$(hop_by_hop $side)"
done
same 'dialogs that ended by BYE' 5 "$(counted dlg.ended)"
all_clean
