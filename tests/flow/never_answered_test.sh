#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Timer C, here shorter than Timer B. Where a callee rings for ever it cancels the branch, and the caller hears that final;
# where it has said nothing there is nothing to cancel, and the caller hears 408 (RFC 3261 16.8).
config=short
edit='s/^  c: .*/  c: 1200/'
. "$(dirname "$0")/_init.sh"

deaf 198.51.100.40
record a b
callee rings 198.51.100.10 "$(scenario uas_cancelled)" 2
caller_in_background rung 192.0.2.10 "$(scenario uac_rejected 487)" 2 10
caller silence 192.0.2.11 "$(scenario uac_rejected 408)" 2 10 -s silent
done_well rings rung
recorded a b

went a '<INVITE >100/INVITE >180/INVITE >487/INVITE <ACK' 2
went b '>INVITE <180/INVITE >CANCEL <200/CANCEL <487/INVITE >ACK' 2
went a '<INVITE >100/INVITE >408/INVITE <ACK' 2
went b '>INVITE >INVITE' 2
all_clean
