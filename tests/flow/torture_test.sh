#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Every message of RFC 4475 and RFC 5118, each as one datagram, while 200 calls a second run: none of these notices, and the
# messages are refused as docs/compliance.md says. What is forwarded finds nobody here.
config=short
edit='s|to: 198.51.100.10:5060|to: 198.51.100.39:5060|'
. "$(dirname "$0")/_init.sh"

data=$flow/../data
files=("$data"/rfc4475/*.dat "$data"/rfc5118/*[^v])

# expected COLUMN VALUE: how many messages have it in the table.
expected() {
	awk -F ' *[|] *' -v column="$1" -v value="$2" \
		'$3 ~ /^(4475|5118) / && $column ~ "(^|,)" value "(,|$)" { n++ } END { print n + 0 }' "$flow/../../docs/compliance.md"
}

sipp_seconds=60
callee uas 198.51.100.20 "$(scenario uas_answers)" 2600
caller_in_background uac 192.0.2.11 "$(scenario uac)" 2600 200 -d 100 -s peer
ask "${files[@]}" >"$work/answers"
done_well uac uas
same 'calls answered' 2600 "$(counted calls.answered)"
same 'messages in the table' ${#files[@]} "$(expected 3 '(4475|5118) .*')"
# quotbal.dat is answered to the port of its Via, where nobody hears it. What was forwarded may be a 500 by now.
same 'answers 400' $(($(expected 4 400) - 1)) "$(grep -c '^SIP/2.0 400 ' "$work/answers")"
for status in 416 420 483 505; do
	same "answers $status" "$(expected 4 $status)" "$(grep -c "^SIP/2.0 $status " "$work/answers")"
done
for counter in $(awk -F ' *[|] *' '$3 ~ /^(4475|5118) / && $5 ~ /^sip[.]bad/ { print $5 }' "$flow/../../docs/compliance.md" | tr ',' '\n' | sort -u); do
	same "$counter" "$(expected 5 "$counter")" "$(counted "$counter")"
done
at_least 'datagrams that came' $((2600 * 5 + ${#files[@]} - 1)) "$(counted rx.sip)"
all_clean 12
