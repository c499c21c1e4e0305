#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A flood of junk, then one of scanners, 100,000 datagrams a second from a hundred addresses each that are not trusted, while
# 200 calls a second of a trusted trunk go through: none of these fails, and most of the flood is never parsed.
config=short
edit='$a sources: {trusted: [192.0.2.10/32, 198.51.100.0/24], rate: 100, burst: 200, all_rate: 20000, all_burst: 10000, screen: true, ban_after: 200, ban: 60}
	s|{from_port: access}|{from_port: access, from_network: 192.0.2.10/32}|'
. "$(dirname "$0")/_init.sh"

# flood NAME HOST WHAT: three seconds of it, from a hundred addresses.
flood() {
	in_a timeout 60 "$build/perf/sipgen/sipgen" --no-hugepages --quiet --blast "$3" --rate 100000 --duration 3 --drain 0.5 \
		--hosts 100 --local-a "$2:5060" --target 192.0.2.1:5060 --port-a net_af_packet0,iface=veth-a \
		--json "$work/$1.json" >"$work/$1.out" 2>&1 || fail "the $1 were not sent: $(tail -n 3 "$work/$1.out")"
	note "$1: $(jq -r '"\(.sent) sent, \(.rate | floor) a second, \(.refused) refused by the port"' "$work/$1.json")"
	at_least "$1 sent or refused by the port" 290000 "$(jq '.sent + .refused' "$work/$1.json")"
}

sipp_seconds=60
callee uas 198.51.100.10 "$(scenario uas_answers)" 1800
caller_in_background uac 192.0.2.10 "$(scenario uac)" 1800 200 -d 100
flood junk 192.0.2.50 junk
scanned=$(counted drop.source.screened)
flood scanners 192.0.2.150 "$top/perf/bench/scanners.txt"
done_well uac uas

same 'calls' 1800 "$(counted calls.started)"
same 'calls answered' 1800 "$(counted calls.answered)"
at_least 'datagrams over the limit of their address' 2000 "$(counted drop.source.limit)"
at_least 'datagrams over the limit of all addresses' 2000 "$(counted drop.sources.limit)"
at_least 'datagrams of banned addresses' 100000 "$(counted drop.source.banned)"
at_least 'scanners seen through' 500 $(($(counted drop.source.screened) - scanned))
at_least 'datagrams parsed' 200 "$(counted sip.bad.start-line)"
[ "$(counted sip.bad.start-line)" -le 40000 ] || fail 'junk was parsed though it was over the limits'
all_clean
