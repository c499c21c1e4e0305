#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A callee that says nothing: 408 after Timer B, and the INVITE was repeated with Timer A.
config=short
. "$(dirname "$0")/_init.sh"

deaf 198.51.100.40
record a b
caller uac 192.0.2.10 "$(scenario uac_rejected 408)" 3 10 -s silent
recorded a b

wire_is a '^out 408 INVITE ' 3
wire_is b '^out INVITE ' $((3 * 3)) # at 0, 500 and 1500 ms; Timer B is 3200 here
wire_is b '^out CANCEL ' 0
same '408s' 3 "$(counted local.408)"
all_clean
