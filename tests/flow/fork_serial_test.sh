#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# One after the other: who refuses, who says nothing, who rings too long, where nobody is, and where a redirection leads.
config=fork
. "$(dirname "$0")/_init.sh"

callee busy 198.51.100.11 "$(scenario uas_rejects 486)" 5
callee gone 198.51.100.12 "$(scenario uas_rejects 480)" 10
callee answers 198.51.100.13 "$(scenario uas)" 20
caller refused 192.0.2.10 "$(scenario uac)" 5 10 -s hunt
done_well busy

deaf 198.51.100.11
caller silence 192.0.2.11 "$(scenario uac)" 5 10 -s hunt
done_well gone
same 'calls failed' 0 "$(counted calls.failed)"

callee rings 198.51.100.12 "$(scenario uas_cancelled)" 5
caller too_long 192.0.2.12 "$(scenario uac)" 5 10 -s hunt
done_well rings

caller nobody 192.0.2.13 "$(scenario uac)" 5 50 -s dead
same 'ICMP errors' 5 "$(counted rx.icmp.lost)"
same 'transactions that failed' 5 "$(counted txn.failed)"
done_well answers
all_clean 12
