#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A call through a worker that never sleeps.
config=short
edit='s/idle: .*/idle: spin/'
. "$(dirname "$0")/_init.sh"

callee uas 198.51.100.10 "$(scenario uas)" 50
caller uac 192.0.2.10 "$(scenario uac)" 50 50 -d 50
done_well uas
same 'sleeps' 0 "$(counter loop.sleeps)"
all_clean
