#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A call between two VLANs: tagged in, tagged out, from the listener of that VLAN; ping and ARP stay in it.
config=vlan
. "$(dirname "$0")/_init.sh"

# vlan SIDE ID ADDRESS: an interface veth-SIDE.ID whose frames carry that tag.
vlan() {
	ip netns exec "tandem-$1" "$flow/vlan.py" "veth-$1" "$2" 2>"$work/vlan-$1.err" &
	started+=($!)
	wait_until 5 "veth-$1.$2" ip -n "tandem-$1" link show "veth-$1.$2"
	ip -n "tandem-$1" link set "veth-$1.$2" up
	ip -n "tandem-$1" addr add "$3" dev "veth-$1.$2"
}

vlan a 100 198.18.0.10/24
vlan b 200 198.18.1.10/24
in_a ping -q -c 2 -i 0.2 -W 2 198.18.0.1 >/dev/null || fail 'ping in the VLAN'
in_b timeout 10 tcpdump -c 20 -n -i veth-b 'vlan 200 and udp' >"$work/tagged" 2>&1 &
tagged=$!
record a.100 b.200
callee uas 198.18.1.10 "$(scenario uas)" 10
target=198.18.0.1:5060
caller uac 198.18.0.10 "$(scenario uac)" 10 10 -d 50
done_well uas
recorded a.100 b.200

wire_is b.200 '^out (INVITE|ACK|BYE) ' 30
wire_is a.100 '^out (180|200) ' 30
wait $tagged || fail 'no tagged SIP on veth-b'
all_clean
