#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A call: INVITE, 200, ACK, BYE, each forwarded exactly once, with tandem in Via and Record-Route.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas_answers)" 20
caller uac 192.0.2.10 "$(scenario uac)" 20 20 -d 100
done_well uas
recorded a b

for message in INVITE ACK BYE; do
	wire_is a "^in $message " 20
	wire_is b "^out $message " 20
done
for message in '200 INVITE' '200 BYE'; do
	wire_is b "^in $message " 20
	wire_is a "^out $message " 20
done
wire_is b '^(in|out) ' $((5 * 20))
wire_is a '^out 100 INVITE ' $(($(wire a '^out ') - 2 * 20)) # nothing but the answers and our own 100
all_clean
