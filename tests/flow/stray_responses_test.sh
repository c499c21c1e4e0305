#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Responses nobody waits for, under branches that look like ours and under others, are dropped and counted; nothing is sent.
config=short
. "$(dirname "$0")/_init.sh"

# stray NAME VIA…: a 200 with these Vias.
stray() {
	local name=$1
	shift
	{
		printf 'SIP/2.0 200 OK\r\n'
		printf 'Via: SIP/2.0/UDP %s\r\n' "$@"
		printf '%s\r\n' 'From: <sip:caller@192.0.2.10>;tag=a1' 'To: <sip:callee@example.net>;tag=b1' "Call-ID: $name" \
			'CSeq: 1 INVITE' 'Contact: <sip:callee@192.0.2.30>' 'Content-Length: 0' ''
	} >"$work/$name"
}

caller='192.0.2.10:5060;branch=z9hG4bKcaller'
stray made-up '192.0.2.1:5060;branch=z9hG4bKt0100000000000000010123456789abcdef' "$caller"
stray stateless '192.0.2.1:5060;branch=z9hG4bKr000123456789abcdef' "$caller"
stray alone '192.0.2.1:5060;branch=z9hG4bKt0100000000000000010123456789abcdef'
stray foreign '192.0.2.66:5060;branch=z9hG4bKforeign' "$caller"

record a b
ask "$work/made-up" "$work/stateless" "$work/alone" "$work/foreign" >"$work/answers"
recorded a b

wire_is a '^in 200 INVITE ' 4
wire_is a '^out ' 0
wire_is b '^(in|out) ' 0
same 'stray responses' 4 "$(counted sip.response.stray)"
all_clean
