#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# The operator bans an address, sees that it is, and ends it: nothing of it is heard meanwhile, calls of others go on.
config=short
. "$(dirname "$0")/_init.sh"

# asked NAME: the answer to a request with no hops left, from 192.0.2.30.
asked() {
	request OPTIONS "$1" 'Max-Forwards: 0' >"$work/$1"
	ask "$work/$1" | final_status
}

same 'the answer before' 483 "$(asked before)"
ctl ban 192.0.2.30 --seconds 60
same 'the answer meanwhile' 0 "$(asked meanwhile)"
at_least 'datagrams of banned addresses' 1 "$(counted drop.source.banned)"
same 'bans' 192.0.2.30 "$(ctl --json show bans | jq -r '.bans[].address')"
callee uas 198.51.100.10 "$(scenario uas)" 5
caller uac 192.0.2.10 "$(scenario uac)" 5 10
done_well uas
ctl unban 192.0.2.30
same 'bans' '' "$(ctl --json show bans | jq -r '.bans[].address')"
same 'the answer after' 483 "$(asked after)"
! ctl unban 192.0.2.30 2>"$work/again" || fail 'a ban that is over could be ended'
grep -q '192.0.2.30 is not banned' "$work/again" || fail "an unclear message: $(cat "$work/again")"
all_clean
