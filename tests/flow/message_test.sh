#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A MESSAGE arrives byte for byte: UTF-8, an empty line and what looks like a header in its body.
config=short
. "$(dirname "$0")/_init.sh"

for ((i = 0; i < 34; i++)); do
	printf 'Grüße — 你好 ☎!\r\n'
done >"$work/body"
printf '\r\nVia: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKbody\r\n' >>"$work/body"
same 'bytes of the body' 900 "$(wc -c <"$work/body")"
request MESSAGE text 'Content-Type: text/plain;charset=UTF-8' | sed 's/^Content-Length: 0/Content-Length: 900/' >"$work/message"
cat "$work/body" >>"$work/message"

callee uas 198.51.100.10 "$(scenario uas_message)" 1 -trace_msg -message_file "$work/uas.messages"
same 'the answer' 200 "$(ask "$work/message" | final_status)"
done_well uas
# Behind the header of what came, as SIPp writes it down.
sed '1,/^\r$/d' "$work/uas.messages" | head -c 900 >"$work/came"
cmp "$work/body" "$work/came" || fail 'the body is not what was sent'
grep -q $'^Content-Length: 900\r$' "$work/uas.messages" || fail 'its length is not what was said'
all_clean
