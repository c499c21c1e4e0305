#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# With 16 dialogs of capacity the 17th call is refused with 503 and Retry-After; the others stand, and leave room.
config=short
edit='s/  dialogs: .*/  dialogs: 16/'
. "$(dirname "$0")/_init.sh"

dialogs_are() {
	ctl --json show status | jq -e --argjson count "$1" '.dialogs.early + .dialogs.confirmed == $count'
}

callee uas 198.51.100.10 "$(scenario uas)" 16
caller_in_background uac 192.0.2.10 "$(scenario uac)" 16 50 -d 3000
wait_until 5 '16 dialogs' dialogs_are 16

request INVITE one-more >"$work/one-more"
ask "$work/one-more" >"$work/answer"
same 'the answer to one more' 503 "$(final_status <"$work/answer")"
grep -q '^Retry-After: 10' "$work/answer" || fail 'no Retry-After'
at_least 'refusals counted' 1 "$(counted refused.dialogs)"
done_well uac uas
all_clean

callee again 198.51.100.10 "$(scenario uas)" 16
caller uac 192.0.2.10 "$(scenario uac)" 16 50
done_well again
