#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Two are asked at once: both ring, one answers, the other is cancelled and its 487 ends at tandem.
config=fork
. "$(dirname "$0")/_init.sh"

record a b
callee answers 198.51.100.11 "$(scenario uas)" 20
callee rings 198.51.100.12 "$(scenario uas_cancelled)" 20
caller uac 192.0.2.10 "$(scenario uac)" 20 10 -s both
done_well answers rings
recorded a b

wire_is a '^in INVITE ' 20
wire_is b '^out INVITE ' 40
wire_is a '^out 200 INVITE ' 20
wire_is b '^out CANCEL ' 20
wire_is b '^in 487 INVITE ' 20
wire_is a '^out 487 ' 0
same 'answered calls' 20 "$(counted calls.answered)"
same 'branches' 40 "$(counted fork.branches)"
all_clean
