#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A re-INVITE inside the dialog follows the route set and is answered by the callee.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas_reinvite)" 10
caller uac 192.0.2.10 "$(scenario uac_reinvite)" 10 10 -d 50
done_well uas
recorded a b

wire_is a '^in INVITE ' 20
wire_is b '^out INVITE ' 20
wire_is b '^out ACK ' 20
wire_is a '^out 200 INVITE ' 20
wire_is b '^out BYE ' 10
same 'dialogs made' 0 "$(counted dlg.unknown)"
all_clean
