#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# What comes back when nobody answers: 6xx cancels the rest, challenges are put together, a caller's CANCEL reaches all.
config=fork
. "$(dirname "$0")/_init.sh"

callee rings 198.51.100.11 "$(scenario uas_cancelled)" 5
callee declines 198.51.100.12 "$(scenario uas_rejects 603)" 5
caller declined 192.0.2.10 "$(scenario uac_rejected 603)" 5 10 -s both
done_well rings declines

callee www 198.51.100.11 "$(scenario uas_challenges 401)" 5
callee proxy 198.51.100.12 "$(scenario uas_challenges 407)" 5
caller challenged 192.0.2.11 "$(scenario uac_challenged)" 5 10 -s both
done_well www proxy

record b
callee rings2 198.51.100.11 "$(scenario uas_cancelled)" 5
callee rings3 198.51.100.12 "$(scenario uas_cancelled)" 5
caller gives_up 192.0.2.12 "$(scenario uac_cancel)" 5 10 -s both -default_behaviors all,-abortunexp # two 180s
done_well rings2 rings3
recorded b
wire_is b '^out CANCEL ' 10

callee busy 198.51.100.11 "$(scenario uas_rejects 486)" 5
callee full 198.51.100.12 "$(scenario uas_rejects 503)" 5
caller busy_wins 192.0.2.13 "$(scenario uac_rejected 486)" 5 10 -s both
done_well busy full
same 'answered calls' 0 "$(counted calls.answered)"
same 'failed calls' 20 "$(counted calls.failed)"
all_clean
