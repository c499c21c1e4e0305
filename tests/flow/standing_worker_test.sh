#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# One of two workers is held for four seconds: the log and the CLI say so, calls of the other go on meanwhile, and those of
# the one that was held afterwards; none fails.
config=short
edit='s/workers: .*/workers: [0, 1]/; s/^  b: .*/  b: 20000/; s/^  c: .*/  c: 20000/; s/^  f: .*/  f: 20000/; s/^  h: .*/  h: 20000/; s/^  j: .*/  j: 8000/'
. "$(dirname "$0")/_init.sh"

sipp_seconds=40

# started_by WORKER: calls.
started_by() {
	ctl --json show counters | jq --argjson id "$1" '.counters["calls.started"].workers[$id]'
}

has_said() {
	grep -qF "$1" "$run/log"
}

# DPDK counts its own main thread, which is the control core, as the first.
tid=$(grep -lE 'worker-?2$' /proc/"$(tandem_pid)"/task/*/comm | sed 's|.*/task/\([0-9]*\)/.*|\1|' || true)
[ -n "$tid" ] || fail "no thread is worker 1: $(cat /proc/"$(tandem_pid)"/task/*/comm | tr '\n' ' ')"
callee uas 198.51.100.10 "$(scenario uas)" 120
caller_in_background uac 192.0.2.10 "$(scenario uac)" 120 20 -d 100
wait_until 5 'calls of both' eval '[ $(started_by 1) -gt 5 ]'

python3 "$flow/hold_thread.py" "$tid" 4 &
started+=($!)
wait_until 5 'the log to say it' has_said 'worker 1 on CPU 1 has stood still for 2000 ms'
still=$(ctl --json show workers | jq -c '[.workers[].still_ms]')
before=$(started_by 0)
same 'how long worker 0 has stood still' 0 "$(jq '.[0]' <<<"$still")"
at_least 'how long worker 1 has stood still' 2000 "$(jq '.[1]' <<<"$still")"
wait_until 5 'calls of the other worker' eval '[ $(started_by 0) -gt $((before + 3)) ]'
wait_until 5 'its going on' has_said 'worker 1 goes on'

done_well uac uas
same 'how long worker 1 stands still' 0 "$(ctl --json show workers | jq '.workers[1].still_ms')"
all_clean 25
