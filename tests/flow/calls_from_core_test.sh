#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Calls from the other side: what arrives from b goes to 192.0.2.10.
config=short
. "$(dirname "$0")/_init.sh"

background uas a 192.0.2.10 "$(scenario uas)" -m 10
wait_until 5 'the callee' is_bound a 192.0.2.10:5060
background uac b 198.51.100.10 "$(scenario uac)" -m 10 -r 10 -d 50 198.51.100.1:5060
done_well uac uas
all_clean
