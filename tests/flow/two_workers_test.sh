#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Two workers, one trunk 5-tuple: calls spread over both, each message is handled by the owner of its call.
config=short
edit='s/workers: .*/workers: [0, 1]/'
. "$(dirname "$0")/_init.sh"

# worker_counter ID NAME
worker_counter() {
	ctl --json show counters | jq -r --argjson id "$1" --arg name "$2" '.counters[$name].workers[$id]'
}

record a b
callee uas 198.51.100.10 "$(scenario uas)" 200
caller uac 192.0.2.10 "$(scenario uac)" 200 100 -d 200
done_well uas
recorded a b

for message in INVITE ACK BYE; do
	wire_is b "^out $message " 200
done
owned=0
for worker in 0 1; do
	own=$(worker_counter $worker rx.sip.owned)
	at_least "datagrams owned by worker $worker" 200 "$own"
	at_least "calls of worker $worker" 40 "$(worker_counter $worker calls.started)"
	owned=$((owned + own))
done
same 'datagrams received and owned' "$(counter rx.sip)" "$owned"
at_least 'datagrams handed over' 200 "$(counter handoff.out)"
same 'datagrams taken over' "$(counter handoff.out)" "$(counter handoff.in)"
same 'drops between workers' 0 "$(counter drop.handoff.full)"
all_clean
