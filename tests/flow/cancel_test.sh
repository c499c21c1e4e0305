#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# CANCEL after 180: answered by tandem, sent on to the callee; its 487 reaches the caller.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas_cancelled)" 10
caller uac 192.0.2.10 "$(scenario uac_cancel)" 10 10
done_well uas
recorded a b

wire_is a '^in CANCEL ' 10
wire_is a '^out 200 CANCEL ' 10
wire_is b '^out CANCEL ' 10
wire_is b '^in 487 INVITE ' 10
wire_is b '^out ACK ' 10
wire_is a '^out 487 INVITE ' 10
all_clean
