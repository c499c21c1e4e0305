#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# SIPp loses 5% on both sides, sent and received; every call completes, nothing is forwarded twice.
config=short
edit='s/^timers:/timers:\n  t1: 200\n  t2: 800/; s/\(  [jlm]:\) .*/\1 4000/'
. "$(dirname "$0")/_init.sh"

# How many messages of this kind crossed, each branch counted once.
distinct() {
	grep -E "$2" "$work/$1.wire" | cut -d' ' -f2- | sort -u | wc -l
}

record a b
callee uas 198.51.100.10 "$(scenario uas_lossy)" 100 -lost 5
caller uac 192.0.2.10 "$(scenario uac_lossy)" 100 50 -d 2500 -lost 5
done_well uas
recorded a b

same 'calls' 100 "$(counted calls.started)"
same 'INVITEs forwarded' 100 "$(distinct b '^out INVITE ')"
same 'BYEs forwarded' 100 "$(distinct b '^out BYE ')"
# Only tandem's own timers repeat what it sends; ACKs and 200s of the INVITE pass end to end, once for each that came.
same 'requests sent again' "$(counted retransmit.requests.out)" \
	$(($(wire b '^out (INVITE|BYE) ') - $(distinct b '^out (INVITE|BYE) ')))
wire_is b '^out ACK ' "$(wire a '^in ACK ')"
wire_is a '^out 200 INVITE ' "$(wire b '^in 200 INVITE ')"
at_least 'requests absorbed' 1 "$(counted retransmit.requests.in)"
at_least 'requests sent again' 1 "$(counted retransmit.requests.out)"
all_clean
