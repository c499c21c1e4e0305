#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# With two dialogs of capacity the third call is refused with 503 and Retry-After; the first two stand.
config=short
edit='s/  dialogs: .*/  dialogs: 2/'
. "$(dirname "$0")/_init.sh"

dialogs_are() {
	ctl --json show status | jq -e --argjson count "$1" '.dialogs.early + .dialogs.confirmed == $count'
}

callee uas 198.51.100.10 "$(scenario uas)" 2
caller_in_background uac 192.0.2.10 "$(scenario uac)" 2 10 -d 3000
wait_until 5 'two dialogs' dialogs_are 2

request INVITE third >"$work/third"
ask "$work/third" >"$work/answer"
same 'the answer to the third' 503 "$(final_status <"$work/answer")"
grep -q '^Retry-After: 10' "$work/answer" || fail 'no Retry-After'
at_least 'refusals counted' 1 "$(counted refused.dialogs)"
done_well uac uas
all_clean

callee again 198.51.100.10 "$(scenario uas)" 2
caller uac 192.0.2.10 "$(scenario uac)" 2 10
done_well again
