#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A call in progress is seen in every view of the control socket, and gone afterwards.
config=short
. "$(dirname "$0")/_init.sh"

confirmed_are() {
	ctl --json show status | jq -e --argjson count "$1" '.dialogs.confirmed == $count'
}

callee uas 198.51.100.10 "$(scenario uas)" 3
caller_in_background uac 192.0.2.10 "$(scenario uac)" 3 10 -d 2500
wait_until 5 'three calls' confirmed_are 3

ctl --json show dialogs >"$work/dialogs"
same 'dialogs listed' 3 "$(jq '.dialogs | length' "$work/dialogs")"
same 'dialogs confirmed' 3 "$(jq '[.dialogs[] | select(.state == "confirmed")] | length' "$work/dialogs")"
id=$(jq -r '.dialogs[0].id' "$work/dialogs")
call_id=$(jq -r '.dialogs[0].call_id' "$work/dialogs")
same 'the dialog by its id' "$call_id" "$(ctl --json show dialog "$id" | jq -r .call_id)"
same 'the dialog by its Call-ID' "$id" "$(ctl --json show dialogs "$call_id" | jq -r '.dialogs[].id')"
grep -qF "$call_id" <<<"$(ctl show dialogs)" || fail 'the table does not show the call'
at_least 'transactions' 3 "$(ctl --json show transactions | jq '.transactions | length')"
for view in status ports workers counters latency config; do
	ctl show $view >"$work/view" || fail "show $view"
	ctl --json show $view | jq -e . >/dev/null || fail "show $view is not JSON"
done
! ctl show dialog no-such-id >/dev/null 2>&1 || fail 'an unknown dialog is an error'
ctl log level debug
ctl log level info

done_well uac uas
all_clean
same 'dialogs listed' 0 "$(ctl --json show dialogs | jq '.dialogs | length')"
