#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Calls and ping, over af_packet, which every Linux has; the other stories take af_xdp where it can be had.
config=short
driver=af_packet
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas)" 50
caller_in_background uac 192.0.2.10 "$(scenario uac)" 50 50 -d 100
in_a ping -q -c 5 -i 0.05 -W 1 192.0.2.1 >"$work/ping" || fail 'ping'
grep -q ' 0% packet loss' "$work/ping" || fail 'ping lost packets'
! grep -q duplicates "$work/ping" || fail 'two answers to one ping'
done_well uac uas
recorded a b

wire_is b '^out (INVITE|ACK|BYE) ' 150
wire_is a '^out (180|200) ' 150
same 'the driver' net_af_packet "$(ctl --json show ports | jq -r '.ports[0].driver')"
all_clean
