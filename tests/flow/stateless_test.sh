#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# proxy.state: stateless. Calls, refused ones, cancelled ones, and a request sent twice: every message is passed on, a
# repeated one under the same branch; nothing is answered by tandem, nothing is kept.
config=short
edit='$a proxy: {state: stateless}'
. "$(dirname "$0")/_init.sh"

same 'the mode' stateless "$(ctl --json show status | jq -r .proxy)"
record a b
callee uas 198.51.100.10 "$(scenario uas_answers)" 10
caller uac 192.0.2.10 "$(scenario uac)" 10 20 -d 50
done_well uas
callee busy 198.51.100.10 "$(scenario uas_rejects 486)" 10
caller hears_busy 192.0.2.10 "$(scenario uac_rejected 486)" 10 20
done_well busy
callee ringing 198.51.100.10 "$(scenario uas_cancelled)" 10
caller gives_up 192.0.2.10 "$(scenario uac_cancel)" 10 20
done_well ringing
user=silent request OPTIONS twice >"$work/twice"
ask "$work/twice" "$work/twice" >"$work/answers"
recorded a b

for message in INVITE ACK BYE CANCEL; do
	wire_is b "^out $message " "$(wire a "^in $message ")"
done
for message in '200 INVITE' '200 BYE' '200 CANCEL' '486 INVITE' '487 INVITE'; do
	wire_is a "^out $message " "$(wire b "^in $message ")"
done
wire_is a '^in CANCEL ' 10
wire_is b '^out OPTIONS ' 2
same 'branches of the request sent twice' 1 "$(grep '^out OPTIONS ' "$work/b.wire" | sort -u | wc -l)"
wire_is a '^out 100 ' "$(wire b '^in 100 ')"
same 'transactions' 0 "$(counted txn.server)"
same 'messages of our own' 0 "$(counted msg.local.out)"
same 'stray responses' 0 "$(counted sip.response.stray)"
all_clean
