#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# CANCEL at awkward moments: twice before the callee has said anything, and crossing the 200, once beyond tandem and once
# before it.
config=short
. "$(dirname "$0")/_init.sh"

user=peer
record a b
callee late 198.51.100.20 "$(scenario uas_cancelled)" 1 -d 400
request INVITE early >"$work/invite"
request CANCEL early | grep -v '^Contact:' >"$work/cancel"
ask "$work/invite" "$work/cancel" "$work/cancel" >"$work/answers" &
early=$!

callee insists 198.51.100.10 "$(scenario uas_answers_cancelled)" 5
caller ignored 192.0.2.11 "$(scenario uac_cancel_ignored)" 5 50
done_well insists
callee answers 198.51.100.10 "$(scenario uas_answers)" 5
caller crossed 192.0.2.12 "$(scenario uac_cancel_late)" 5 50
done_well answers

wait $early
same 'the end of the first' 487 "$(final_status <"$work/answers")"
request ACK early | grep -v '^Contact:' | sed "s/^To: [^\r]*/$(grep '^To: .*tag=' "$work/answers" | tail -n 1)/" >"$work/ack"
ask "$work/ack" >"$work/nothing" &
started+=($!)
done_well late
all_clean
recorded a b

# The callee gets a CANCEL when it rings, not before (RFC 3261 9.1), and one only. The 487 comes
# again until the ACK, which takes its time here.
went a '<INVITE( >100/INVITE| <CANCEL| >200/CANCEL){5} >180/INVITE( >487/INVITE)+ <ACK' 1
went b '(>INVITE )+<180/INVITE >CANCEL <200/CANCEL <487/INVITE >ACK' 1
# Its 200 is the answer all the same.
went a '<INVITE >100/INVITE >180/INVITE <CANCEL >200/CANCEL >200/INVITE <ACK <BYE >200/BYE' 5
went b '>INVITE <180/INVITE >CANCEL <200/CANCEL <200/INVITE >ACK >BYE <200/BYE' 5
# Nothing is left to cancel.
went a '<INVITE >100/INVITE >200/INVITE <CANCEL >200/CANCEL <ACK <BYE >200/BYE' 5
went b '>INVITE <200/INVITE >ACK >BYE <200/BYE' 5
wire_is b '^out CANCEL ' 6
same 'answered calls' 10 "$(counted calls.answered)"
