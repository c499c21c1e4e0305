#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# An element of RFC 2543 puts no branch into its Via: what it sends to two URIs are two requests, and what it sends again is
# one of these.
config=short
. "$(dirname "$0")/_init.sh"

# old USER: a request to that user, always with the same Via, Call-ID, CSeq and From.
old() {
	user=$1 request OPTIONS old | sed 's/;branch=z9hG4bKold//' >"$work/$1"
}

old one
old two
ip netns exec tandem-b nc -ul -s 198.51.100.10 -p 5060 >/dev/null &
started+=($!)
wait_until 5 'a callee' is_bound b 198.51.100.10:5060
record b
ask "$work/one" "$work/two" "$work/one" >"$work/answers"
recorded b
at_least 'requests to one' 1 "$(heard b 'OPTIONS sip:one@example.net SIP/2.0')"
at_least 'requests to two' 1 "$(heard b 'OPTIONS sip:two@example.net SIP/2.0')"
same 'requests' 2 "$(counted msg.requests.out)"
same 'retransmissions' 1 "$(counted retransmit.requests.in)"
all_clean
