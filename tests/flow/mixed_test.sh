#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# All kinds of traffic at once: calls, forked calls, cancelled ones, refused ones, next hops that are not there, OPTIONS,
# junk. No call fails that should not, memory is flat, and the tables are empty afterwards. MIXED_SECONDS=3600 is an hour.
config=fork
edit='s|^routes:|routes:\n  - {name: busy, match: {user_prefix: busy}, to: 198.51.100.21}\n  - {name: rings, match: {user_prefix: rings}, to: 198.51.100.22}\n  - {name: options, match: {user_prefix: options}, to: 198.51.100.23}\n  - {name: gone, match: {user_prefix: gone}, to: 198.51.100.39}|'
. "$(dirname "$0")/_init.sh"

seconds=${MIXED_SECONDS:-120}
sipp_seconds=$((seconds + 60))
sipgen=$build/perf/sipgen/sipgen

# stream NAME HOST SCENARIO RATE USER [OPTIONS…]: callers of that kind for all the time.
stream() {
	local name=$1 host=$2 file=$3 rate=$4 user=$5
	shift 5
	caller_in_background "$name" "$host" "$file" $((rate * seconds)) "$rate" -s "$user" "$@"
}

# Kilobytes of tandem.
resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/$(tandem_pid)/status"
}

in_b sysctl -qw net.ipv4.icmp_ratelimit=0 # the kernel says of every call that nobody is there
callee answers 198.51.100.10 "$(scenario uas)" $((60 * seconds))
callee fork_answers 198.51.100.11 "$(scenario uas)" $((10 * seconds))
callee fork_rings 198.51.100.12 "$(scenario uas_cancelled)" $((10 * seconds))
callee busy 198.51.100.21 "$(scenario uas_rejects 486)" $((10 * seconds))
callee rings 198.51.100.22 "$(scenario uas_cancelled)" $((10 * seconds))
callee options 198.51.100.23 "$(scenario uas_options)" $((20 * seconds))
stream calls 192.0.2.10 "$(scenario uac)" 60 callee -d 2000
stream forked 192.0.2.11 "$(scenario uac)" 10 both -d 500
stream refused 192.0.2.12 "$(scenario uac_rejected 486)" 10 busy
stream cancelled 192.0.2.13 "$(scenario uac_cancel)" 10 rings
stream asked 192.0.2.14 "$(scenario uac_options 200)" 20 options
stream gone 192.0.2.15 "$(scenario uac_rejected 500)" 5 gone
ip netns exec tandem-a timeout $((seconds + 30)) "$sipgen" --no-hugepages --quiet --blast junk --rate 1000 --duration "$seconds" \
	--drain 0.5 --local-a 192.0.2.39:5060 --target 192.0.2.1:5060 --port-a net_af_packet0,iface=veth-a >"$work/junk.out" 2>&1 &
started+=($!)

# After a third everything that lingers or is cached has been there once.
wait_until $((seconds + 30)) 'a third of the calls' eval "[ \$(counted calls.started) -ge $((85 * seconds / 3)) ]"
early=$(resident)
done_well calls forked refused cancelled asked gone answers fork_answers fork_rings busy rings options
late=$(resident)

same 'calls answered' $((70 * seconds)) "$(counted calls.answered)"
same 'calls failed' $((25 * seconds)) "$(counted calls.failed)"
at_least 'junk dropped' $((500 * seconds)) "$(counted sip.bad.start-line)"
[ $((late - early)) -le $((early / 50)) ] || fail "memory grew from $early to $late kB"
note "memory $early kB after a third, $late kB at the end"
all_clean 12
same 'text in use' 0 "$(ctl --json show status | jq .text.used)"
