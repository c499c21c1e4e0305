#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# proxy.state: transaction. Calls with a re-INVITE find their way by Route and Request-URI, retransmissions are
# absorbed, a refusal is acknowledged hop by hop; no dialog is held at any time.
config=short
edit='$a proxy: {state: transaction}'
. "$(dirname "$0")/_init.sh"

same 'the mode' transaction "$(ctl --json show status | jq -r .proxy)"
record a b
callee uas 198.51.100.10 "$(scenario uas_reinvite)" 10
caller uac 192.0.2.10 "$(scenario uac_reinvite)" 10 10 -d 50
done_well uas
callee busy 198.51.100.10 "$(scenario uas_rejects 486)" 10
caller hears_busy 192.0.2.10 "$(scenario uac_rejected 486)" 10 10
done_well busy
recorded a b

wire_is a '^in INVITE ' 30
wire_is b '^out INVITE ' 30
wire_is b '^out ACK ' 30
wire_is a '^out 200 INVITE ' 20
wire_is a '^out 486 INVITE ' 10
wire_is b '^out BYE ' 10
same 'calls' 20 "$(counted calls.started)"
same 'dialogs made' 0 "$(counted dlg.created)"
same 'dialogs held at most' 0 "$(ctl --json show status | jq -r .dialogs.max)"
all_clean
