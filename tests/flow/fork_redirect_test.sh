#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A 302 is followed to its Contact, with the Request-URI it gives.
config=fork
. "$(dirname "$0")/_init.sh"

record b
callee moved 198.51.100.11 "$(scenario uas_moved)" 10
callee there 198.51.100.14 "$(scenario uas)" 10
caller uac 192.0.2.10 "$(scenario uac)" 10 10 -s moved
done_well moved there
recorded b

same 'Contacts followed' 10 "$(counted fork.recursed)"
at_least 'INVITEs with that URI' 10 "$(tcpdump -n -q -A -r "$work/b.pcap" 2>/dev/null | grep -c 'INVITE sip:elsewhere@198.51.100.14:5060 ')"
all_clean
