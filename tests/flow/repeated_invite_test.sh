#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A caller that sends its INVITE three times makes one call; the repetitions end at tandem, answered with what it holds.
config=short
. "$(dirname "$0")/_init.sh"

# in_dialog METHOD CSEQ BRANCH: a request of the call whose 200 is in $work/answer.
in_dialog() {
	local target
	target=$(sed -n '/^Contact: </{ s/^Contact: <\(.*\)>.*/\1/p; q }' "$work/answer")
	request "$1" repeated | sed -e "1s,sip:[^ ]*,$target," -e "s/branch=[^\r]*/branch=z9hG4bK$3/" -e "s/^CSeq: 1/CSeq: $2/" \
		-e "s/^To: [^\r]*/$(grep -m 1 '^To: .*tag=' "$work/answer")/" \
		-e "s/^Contact: [^\r]*/$(grep -m 1 '^Record-Route: ' "$work/answer" | sed 's,^Record-,,; s,/,\\/,g')/"
}

record a b
callee uas 198.51.100.10 "$(scenario uas)" 1
request INVITE repeated >"$work/invite"
ask "$work/invite" "$work/invite" "$work/invite" >"$work/answer"
in_dialog ACK 1 ack >"$work/ack"
in_dialog BYE 2 bye >"$work/bye"
ask "$work/ack"
same 'the answer to BYE' 200 "$(ask "$work/bye" | final_status)"
done_well uas
same 'repetitions absorbed' 2 "$(counted retransmit.requests.in)"

callee busy 198.51.100.10 "$(scenario uas_rejects 486)" 1
request INVITE refused >"$work/invite"
same 'the answer to the second INVITE' 486 "$(ask "$work/invite" "$work/invite" "$work/invite" | final_status)"
request ACK refused | sed 's/branch=[^\r]*/branch=z9hG4bKrefused/' >"$work/ack"
ask "$work/ack"
done_well busy
recorded a b

wire_is a '^in INVITE ' 6
wire_is b '^out INVITE ' 2
wire_is b '^out ACK ' 2
wire_is b '^out BYE ' 1
wire_is a '^out 200 INVITE ' "$(wire b '^in 200 INVITE ')"
same 'calls' 2 "$(counted calls.started)"
same 'repetitions absorbed' 4 "$(counted retransmit.requests.in)"
all_clean
