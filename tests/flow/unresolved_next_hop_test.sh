#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A call to a callee whose link address is not known yet waits for the kernel to resolve it.
config=short
. "$(dirname "$0")/_init.sh"

# Whoever asks for tandem meanwhile is learned again.
forgotten() {
	in_t ip neigh flush dev tap-b
	! prints lladdr in_t ip neigh show dev tap-b
}

callee uas 198.51.100.10 "$(scenario uas)" 10
wait_until 2 'an empty neighbour table' forgotten
record b
caller uac 192.0.2.10 "$(scenario uac)" 10 100
done_well uas
recorded b

prints '^198.51.100.10 .*lladdr' in_t ip neigh show dev tap-b || fail 'the kernel did not learn the callee'
wire_is b '^out INVITE ' 10
same 'drops' 0 "$(counted drop.no-neighbour)"
all_clean
