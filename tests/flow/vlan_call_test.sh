#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A call between two VLANs: tagged in, tagged out, from the listener of that VLAN.
config=vlan
needs_vlan=yes
. "$(dirname "$0")/_init.sh"

vlan() {
	ip -n "tandem-$1" link add link "veth-$1" name "veth-$1.$2" type vlan id "$2"
	ip -n "tandem-$1" addr add "$3" dev "veth-$1.$2"
	ip -n "tandem-$1" link set "veth-$1.$2" up
}

vlan a 100 198.18.0.10/24
vlan b 200 198.18.1.10/24
in_a ping -q -c 1 -W 2 198.18.0.1 >/dev/null || fail 'ping in the VLAN'
record a.100 b.200
callee uas 198.18.1.10 "$(scenario uas)" 10
target=198.18.0.1:5060
caller uac 198.18.0.10 "$(scenario uac)" 10 10 -d 50
done_well uas
recorded a.100 b.200

wire_is b.200 '^out (INVITE|ACK|BYE) ' 30
wire_is a.100 '^out (180|200) ' 30
all_clean
ip -n tandem-a link del veth-a.100
ip -n tandem-b link del veth-b.200
