#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# SIGTERM: calls in progress complete, new ones get 503, tandem exits with 0.
config=short
. "$(dirname "$0")/_init.sh"

confirmed_are() {
	ctl --json show status | jq -e --argjson count "$1" '.dialogs.confirmed == $count'
}

callee uas 198.51.100.10 "$(scenario uas)" 5
caller_in_background uac 192.0.2.10 "$(scenario uac)" 5 50 -d 2500
wait_until 5 'five calls' confirmed_are 5
kill -TERM "$(tandem_pid)"

request INVITE too-late >"$work/late"
same 'the answer to a new call' 503 "$(ask "$work/late" | final_status)"
done_well uac uas
wait_until 10 'the end of tandem' test -e "$run/exit"
same 'exit status' 0 "$(cat "$run/exit")"
