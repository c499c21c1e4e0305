#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# SIPp -> tandem -> Kamailio -> SIPp: a Record-Routing proxy on the core side.
config=short
. "$(dirname "$0")/_init.sh"

kamailio b 198.51.100.20 'sip:198.51.100.10:5060'
callee uas 198.51.100.10 "$(scenario uas)" 50
caller uac 192.0.2.10 "$(scenario uac)" 50 50 -d 100 -s peer1
done_well uas
callee bye 198.51.100.10 "$(scenario uas_hangs_up)" 10 -d 50
caller heard 192.0.2.10 "$(scenario uac_hears_bye)" 10 10 -s peer2
done_well bye
callee busy 198.51.100.10 "$(scenario uas_rejects 486)" 5
caller refused 192.0.2.10 "$(scenario uac_rejected 486)" 5 10 -s peer3
done_well busy
same 'calls' 60 "$(counted calls.answered)"
all_clean
