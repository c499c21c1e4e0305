#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Calls from IPv6 to IPv6, from IPv4 to IPv6 and from IPv6 to IPv4, in-dialog requests included; and the kernel behind
# tandem's ports answers IPv6 as well.
config=dual
. "$(dirname "$0")/_init.sh"

in_a ping -qc1 -W2 2001:db8:a::1 >/dev/null || fail 'no answer to an IPv6 ping'

callee uas6 '[2001:db8:b::10]' "$(scenario uas_reinvite)" 20
target='[2001:db8:a::1]:5060' caller six_to_six '[2001:db8:a::10]' "$(scenario uac_reinvite)" 10 20 -s six -d 50
caller four_to_six 192.0.2.10 "$(scenario uac_reinvite)" 10 20 -s six -d 50
done_well uas6
callee uas4 198.51.100.10 "$(scenario uas_reinvite)" 10
target='[2001:db8:a::1]:5060' caller six_to_four '[2001:db8:a::10]' "$(scenario uac_reinvite)" 10 20 -d 50
done_well uas4

same 'calls answered' 30 "$(counted calls.answered)"
same 'dialogs ended' 30 "$(counted dlg.ended)"
same 'in-dialog requests of no dialog' 0 "$(counted dlg.unknown)"
same 'retransmissions' 0 "$(counted retransmit.requests.out)"
all_clean
