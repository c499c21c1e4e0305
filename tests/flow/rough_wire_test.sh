#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# 5% of what crosses either side is lost, 5% comes twice, 5% out of order: every call is answered and ended, and no record is
# left. sipgen has both sides, since SIPp takes a late 100 for a mistake. ROUGH_SECONDS and ROUGH_RATE (default 6 and 100) say
# how long and how much: 60 and 500 is the whole test.
config=short
edit='s/to: 198.51.100.10:5060/to: 198.51.100.50:5060/; /^  [bcdfhijklm]: /d; /c_may_be_short/d; s/^timers:/&\n  t1: 100\n  t2: 400\n  t4: 500\n  d: 6400/'
export LAB_ROUGH=1
. "$(dirname "$0")/_init.sh"

seconds=${ROUGH_SECONDS:-6} rate=${ROUGH_RATE:-100}
"$build/perf/sipgen/sipgen" --no-hugepages --quiet --rough --t1 100 --json "$work/sipgen.json" --rate "$rate" \
	--duration "$seconds" --drain 10 --local-a 192.0.2.50:5060 --local-b 198.51.100.50:5060 --target 192.0.2.1:5060 \
	--netns-a tandem-a --netns-b tandem-b --port-a net_af_packet0,iface=veth-a --port-b net_af_packet1,iface=veth-b \
	--hold 500 >"$work/sipgen.out" 2>"$work/sipgen.err" || fail "calls failed: $(jq -c '[.calls, .failures, .wrong]' "$work/sipgen.json")"

of_calls() {
	jq -r ".calls.$1" "$work/sipgen.json"
}

at_least 'calls' $((seconds * rate * 9 / 10)) "$(of_calls started)"
same 'calls completed' "$(of_calls started)" "$(of_calls completed)"
same 'calls answered' "$(of_calls started)" "$(counted calls.answered)"
at_least 'requests absorbed' 1 "$(counted retransmit.requests.in)"
at_least 'requests sent again' 1 "$(counted retransmit.requests.out)"
all_clean 20
