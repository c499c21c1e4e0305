#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Scanners that announce themselves get no answer, and are banned when they go on; others are heard.
config=short
edit='$a sources: {trusted: [192.0.2.10/32, 198.51.100.0/24], screen: true, expressions: ["^X-Evil:"], ban_after: 5, ban: 60}'
. "$(dirname "$0")/_init.sh"

# asked NAME [HEADER…]: the answer to a request with no hops left.
asked() {
	local name=$1
	shift
	request OPTIONS "$name" 'Max-Forwards: 0' "$@" >"$work/$name"
	ask "$work/$name" | final_status
}

same 'the answer to a phone' 483 "$(asked phone 'User-Agent: phone')"
same 'the answer to a scanner' 0 "$(asked scanner 'User-Agent: friendly-scanner')"
same 'the answer to what an own expression finds' 0 "$(asked evil 'x-evil: yes')"
same 'screened datagrams' 2 "$(counted drop.source.screened)"
same 'bans' '' "$(ctl --json show bans | jq -r '.bans[].address')"
for i in 1 2 3; do
	asked "more$i" 'User-Agent: sipcli/v1.8' >"$work/ignored"
done
same 'bans' '192.0.2.30 limit' "$(ctl --json show bans | jq -r '.bans[] | .address + " " + .by')"
same 'the answer to a phone at a banned address' 0 "$(asked banned 'User-Agent: phone')"
callee uas 198.51.100.10 "$(scenario uas)" 5
caller uac 192.0.2.10 "$(scenario uac)" 5 10
done_well uas
all_clean
