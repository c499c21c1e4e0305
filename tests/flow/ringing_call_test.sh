#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# 180, then 200: the caller hears 100, 180 and 200 in this order.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas)" 20
caller uac 192.0.2.10 "$(scenario uac_ringing)" 20 20 -d 50
done_well uas
recorded a b

wire_is a '^out 100 INVITE ' 20
wire_is b '^in 180 INVITE ' 20
wire_is a '^out 180 INVITE ' 20
wire_is a '^out 200 INVITE ' 20
wire_is b '^out (INVITE|ACK|BYE) ' 60
all_clean
