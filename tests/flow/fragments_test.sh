#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# INVITEs of 4,000 bytes in fragments that come in any order, some twice, are put together and leave in fragments again;
# the calls go through. Fragments that never fit together, many a second, do not keep them from it.
config=dual
. "$(dirname "$0")/_init.sh"

callee uas 198.51.100.10 "$(scenario uas_answers)" 30
in_a "$flow/fragments.py" calls 192.0.2.30 192.0.2.1 10 || fail 'a call in fragments failed'
ip netns exec tandem-a "$flow/fragments.py" flood 192.0.2.31 192.0.2.1 20 >"$work/flood.out" &
started+=($!) flood=$!
wait_until 5 'the flood' test -s "$work/flood.out"
in_a "$flow/fragments.py" calls 192.0.2.30 192.0.2.1 20 || fail 'a call failed beside the flood'
kill -0 $flood || fail 'the flood had ended'
done_well uas

at_least 'datagrams put together' 30 "$(counted rx.reassembled)"
at_least 'datagrams sent in fragments' 30 "$(counted tx.fragmented)"
at_least 'datagrams given up' 100 "$(counted drop.fragment.full)"
kill $flood
wait $flood || true
all_clean 12
