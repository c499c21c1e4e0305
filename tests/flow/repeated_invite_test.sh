#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A caller that sends its INVITE three times makes one call; the repetitions end at tandem.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas)" 10
caller uac 192.0.2.10 "$(scenario uac_repeats)" 10 10 -d 50
done_well uas
recorded a b

sent=$(wire a '^in INVITE ') # SIPp repeats the last one when it hears the 100 again
at_least 'INVITEs sent' 30 "$sent"
wire_is b '^out INVITE ' 10
wire_is b '^out ACK ' 10
same 'repetitions absorbed' $((sent - 10)) "$(counted retransmit.requests.in)"
same 'calls' 10 "$(counted calls.started)"
all_clean
