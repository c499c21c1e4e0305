#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A next hop where nothing listens, by IPv4 and by IPv6: its ICMP error fails the call at once. One that is not there at
# all does when the kernel has given up looking for it.
config=dual
. "$(dirname "$0")/_init.sh"

caller refused 192.0.2.10 "$(scenario uac_rejected 500)" 5 50 -s refusing
same 'ICMP errors' 5 "$(counted rx.icmp.lost)"
target='[2001:db8:a::1]:5060' caller refused6 '[2001:db8:a::10]' "$(scenario uac_rejected 500)" 5 50 -s none6
same 'ICMP errors' 10 "$(counted rx.icmp.lost)"
same 'requests sent again' 0 "$(counted retransmit.requests.out)"
caller nobody 192.0.2.10 "$(scenario uac_rejected 500)" 2 50 -s nobody
same 'transactions that failed' 12 "$(counted txn.failed)"
same '408s' 0 "$(counted local.408)"
all_clean
