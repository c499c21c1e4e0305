#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# BYE from the callee finds its way back to the caller.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas_hangs_up)" 10 -d 50
caller uac 192.0.2.10 "$(scenario uac_hears_bye)" 10 10
done_well uas
recorded a b

wire_is b '^in BYE ' 10
wire_is a '^out BYE ' 10
wire_is b '^out 200 BYE ' 10
all_clean
