#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A callee that rings for ever: Timer C cancels the branch and the caller hears a final answer.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas_cancelled)" 2
caller uac 192.0.2.10 "$(scenario uac_rejected 487)" 2 10
done_well uas
recorded a b

wire_is b '^out CANCEL ' 2
wire_is a '^out 487 INVITE ' 2
all_clean
