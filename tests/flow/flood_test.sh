#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A flood of junk, then one of scanners, 100,000 datagrams a second from addresses that are not trusted, while 200 calls a
# second of a trusted trunk go through: none of these fails, and most of the flood is never parsed.
config=short
edit='$a sources: {trusted: [192.0.2.10/32, 198.51.100.0/24], rate: 100, burst: 200, ban_after: 1000, ban: 60}
	s|{from_port: access}|{from_port: access, from_network: 192.0.2.10/32}|'
. "$(dirname "$0")/_init.sh"

sipgen=$build/perf/sipgen/sipgen

# flood NAME HOST WHAT: three seconds of it, in the background.
flood() {
	ip netns exec tandem-a timeout 60 "$sipgen" --no-hugepages --quiet --blast "$3" --rate 100000 --duration 3 --drain 0.5 --local-a "$2:5060" \
		--target 192.0.2.1:5060 --port-a net_af_packet0,iface=veth-a >"$work/$1.out" 2>&1 &
	started+=($!)
	printf -v "pid_$1" '%s' $!
}

sipp_seconds=60
callee uas 198.51.100.10 "$(scenario uas_answers)" 1600
caller_in_background uac 192.0.2.10 "$(scenario uac)" 1600 200 -d 100
flood junk 192.0.2.39 junk
wait "$pid_junk" || fail "the junk was not sent: $(tail -n 3 "$work/junk.out")"
flood scanners 192.0.2.38 "$top/perf/bench/scanners.txt"
wait "$pid_scanners" || fail "the scanners' requests were not sent: $(tail -n 3 "$work/scanners.out")"
done_well uac uas

same 'calls' 1600 "$(counted calls.started)"
same 'calls answered' 1600 "$(counted calls.answered)"
at_least 'datagrams over the limit' 2000 "$(counted drop.source.limit)"
at_least 'datagrams of banned addresses' 100000 "$(counted drop.source.banned)"
at_least 'datagrams parsed' 200 "$(counted sip.bad.start-line)"
[ "$(counted sip.bad.start-line)" -le 1000 ] || fail 'junk was parsed though its address was over the limit'
all_clean
