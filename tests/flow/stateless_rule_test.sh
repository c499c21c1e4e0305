#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A rule that keeps no state: requests pass, answers come back, nothing is left behind.
config=fork
. "$(dirname "$0")/_init.sh"

callee uas 198.51.100.13 "$(scenario uas_options)" 20
caller uac 192.0.2.10 "$(scenario uac_options 200)" 20 20 -s plain
done_well uas
same 'transactions' 0 "$(($(counted txn.server) + $(counted txn.client)))"
callee busy 198.51.100.13 "$(scenario uas_rejects 486)" 5
caller refused 192.0.2.11 "$(scenario uac_rejected 486)" 5 10 -s plain
done_well busy
callee rings 198.51.100.13 "$(scenario uas_cancelled)" 5
caller cancels 192.0.2.12 "$(scenario uac_cancel)" 5 10 -s plain
done_well rings
same 'transactions' 0 "$(($(counted txn.server) + $(counted txn.client)))"
same 'calls' 0 "$(counted calls.started)"
all_clean
