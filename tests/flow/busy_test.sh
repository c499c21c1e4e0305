#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# 486: forwarded to the caller; tandem acknowledges it to the callee and takes the ACK of the caller.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas_rejects 486)" 10
caller uac 192.0.2.10 "$(scenario uac_rejected 486)" 10 10
done_well uas
recorded a b

wire_is b '^out INVITE ' 10
wire_is b '^in 486 INVITE ' 10
wire_is b '^out ACK ' 10
wire_is a '^out 486 INVITE ' 10
wire_is a '^in ACK ' 10
same 'answered calls' 0 "$(counted calls.answered)"
all_clean
