#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# SIPp -> Kamailio -> tandem -> SIPp: a Record-Routing proxy on the access side.
config=short
. "$(dirname "$0")/_init.sh"

kamailio a 192.0.2.20 'sip:192.0.2.1:5060'
callee uas 198.51.100.10 "$(scenario uas)" 50
target=192.0.2.20:5060
caller uac 192.0.2.10 "$(scenario uac)" 50 50 -d 100
done_well uas
callee bye 198.51.100.10 "$(scenario uas_hangs_up)" 10 -d 50
caller heard 192.0.2.10 "$(scenario uac_hears_bye)" 10 10
done_well bye
same 'calls' 60 "$(counted calls.answered)"
all_clean
