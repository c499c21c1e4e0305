#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# ARP, ping and TCP to 192.0.2.1 are answered by the kernel while calls run.
config=short
. "$(dirname "$0")/_init.sh"

callee uas 198.51.100.10 "$(scenario uas)" 200
caller_in_background uac 192.0.2.10 "$(scenario uac)" 200 100 -d 100

in_a ping -q -c 20 -i 0.05 -W 1 192.0.2.1 >"$work/ping" || fail 'ping'
grep -q ' 0% packet loss' "$work/ping" || fail 'ping lost packets'
in_b ping -q -c 3 -i 0.05 -W 1 -s 1472 -M do 198.51.100.1 >"$work/ping" || fail 'ping with whole frames'
in_a arping -q -c 2 -w 3 -I veth-a 192.0.2.1 || fail 'arping'

head -c 1000000 /dev/urandom >"$work/sent"
timeout 10 ip netns exec tandem-t nc -l 192.0.2.1 5060 >"$work/received" &
started+=($!)
listener=$!
wait_until 5 'the TCP listener' prints . in_t ss -Hltn src 192.0.2.1:5060
in_a nc -N -w 5 192.0.2.1 5060 <"$work/sent" || fail 'TCP connection'
wait "$listener" || fail 'TCP listener'
cmp "$work/sent" "$work/received" || fail 'TCP data differ'

done_well uac uas
at_least 'frames for the kernel' 20 "$(counted rx.exception)"
at_least 'frames of the kernel' 20 "$(counted tx.kernel)"
all_clean
