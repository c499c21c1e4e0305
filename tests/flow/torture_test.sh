#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Every message of RFC 4475 and RFC 5118, each as one datagram, while 200 calls a second run: none of these notices. What
# each is answered is asserted by session/torture; here what is forwarded finds nobody.
config=short
edit='s|to: 198.51.100.10:5060|to: 198.51.100.39:5060|'
. "$(dirname "$0")/_init.sh"

data=$flow/../data
files=("$data"/rfc4475/*.dat "$data"/rfc5118/*[^v])
sipp_seconds=60
callee uas 198.51.100.20 "$(scenario uas_answers)" 2600
caller_in_background uac 192.0.2.11 "$(scenario uac)" 2600 200 -d 100 -s peer
ask "${files[@]}" >"$work/answers"
done_well uac uas
same 'calls answered' 2600 "$(counted calls.answered)"
at_least 'refusals' 20 "$(grep -c '^SIP/2.0 [45]' "$work/answers")"
at_least 'malformed messages counted' 20 "$(ctl --json show counters | jq '[.counters | to_entries[] | select(.key | startswith("sip.")) | .value.sum] | add')"
at_least 'datagrams that came' $((2600 * 5 + ${#files[@]} - 1)) "$(counted rx.sip)"
all_clean 12
