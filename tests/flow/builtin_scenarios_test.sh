#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# SIPp's own uac and uas, which follow no Record-Route: their ACK and BYE are routed by the rules, like their INVITE.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 uas 50
caller uac 192.0.2.10 uac 50 50 -d 100
done_well uas
recorded a b

for message in INVITE ACK BYE; do
	wire_is b "^out $message " 50
done
same 'dialogs that ended by BYE' 50 "$(counted dlg.ended)"
all_clean
