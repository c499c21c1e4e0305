#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Every scenario of sipgen through tandem: no call fails, and every message is what a correct proxy makes of it.
config=short
edit='s/to: 198.51.100.10:5060/to: 198.51.100.50:5060/'
. "$(dirname "$0")/_init.sh"

for scenario in basic answer-pause cancel reject register options; do
	"$build/perf/sipgen/sipgen" --no-hugepages --quiet --scenario $scenario --pause 50 --rate 200 --calls 150 --trace-errors 3 \
		--json "$work/$scenario.json" --local-a 192.0.2.50:5060 --local-b 198.51.100.50:5060 --target 192.0.2.1:5060 \
		--netns-a tandem-a --netns-b tandem-b --port-a net_af_packet0,iface=veth-a --port-b net_af_packet1,iface=veth-b \
		>"$work/$scenario.out" 2>"$work/$scenario.err" ||
		fail "$scenario: $(jq -c '[.calls, .failures, .wrong]' "$work/$scenario.json"), $(tail -n 3 "$work/$scenario.err")"
	same "$scenario: calls that went well" 150 "$(jq .calls.completed "$work/$scenario.json")"
done
all_clean 12
