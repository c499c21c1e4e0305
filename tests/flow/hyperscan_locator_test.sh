#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A call parsed with the hyperscan locator.
config=short
edit='s/locator: .*/locator: hyperscan/'
. "$(dirname "$0")/_init.sh"

callee uas 198.51.100.10 "$(scenario uas)" 50
caller uac 192.0.2.10 "$(scenario uac)" 50 50 -d 50
done_well uas
same 'the locator' hyperscan "$(ctl --json show status | jq -r .locator)"
all_clean
