#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Rules by user prefix, domain, source network and port, in their order; what none takes is answered 404.
config=rules
. "$(dirname "$0")/_init.sh"

for host in 11 12 13 14; do
	callee "uas$host" 198.51.100.$host "$(scenario uas)" 2
done

# rule HOST USER DOMAIN: two calls from 192.0.2.HOST
rule() {
	domain=$3 caller "uac$1$2" "192.0.2.$1" "$(scenario uac)" 2 10 -s "$2"
}
rule 10 0049301234 example.net  # user prefix
rule 10 49301234 PARTNER.example # domain, in any case
rule 26 49301234 example.net    # source network
rule 28 49301234 example.net    # two conditions that both hold
done_well uas11 uas12 uas13 uas14

caller none 192.0.2.10 "$(scenario uac_rejected 404)" 2 10 -s 49301234
caller half 192.0.2.28 "$(scenario uac_rejected 404)" 2 10 -s 59301234
same '404s counted' 4 "$(counted sip.no-route)"

background uas10 a 192.0.2.10 "$(scenario uas)" -m 2
wait_until 5 'the callee on a' is_bound a 192.0.2.10:5060
background uac_b b 198.51.100.30 "$(scenario uac)" -m 2 -r 10 198.51.100.1:5060
done_well uac_b uas10
all_clean
