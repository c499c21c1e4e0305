#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# What no rule takes goes to the default route where there is one.
config=rules
edit='$a default_route: 198.51.100.15:5060'
. "$(dirname "$0")/_init.sh"

callee uas 198.51.100.15 "$(scenario uas)" 5
caller uac 192.0.2.10 "$(scenario uac)" 5 10 -s 49301234
done_well uas
all_clean
