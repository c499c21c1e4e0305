#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Max-Forwards 0 is answered 483 and goes no further; 1 arrives as 0.
config=short
. "$(dirname "$0")/_init.sh"

record b
request OPTIONS forwards-0 'Max-Forwards: 0' >"$work/zero"
same 'the answer' 483 "$(ask "$work/zero" | final_status)"
callee uas 198.51.100.10 "$(scenario uas_options)" 1
request OPTIONS forwards-1 'Max-Forwards: 1' >"$work/one"
same 'the answer' 200 "$(ask "$work/one" | final_status)"
done_well uas
recorded b

wire_is b '^out ' 1
same 'Max-Forwards at the callee' 1 "$(tcpdump -n -A -r "$work/b.pcap" 2>/dev/null | tr -d '\r' | grep -c '^Max-Forwards: 0$')"
same '483s counted' 1 "$(counted sip.max-forwards-0)"
all_clean
