#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A reliable 183 with its PRACK, UPDATE before and after the answer and from both sides, INFO: all by the route set, past
# the rules, which would send them elsewhere.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.20 "$(scenario uas_prack)" 5
caller uac 192.0.2.12 "$(scenario uac_prack)" 5 10 -s peer
done_well uas
recorded a b

went a '<INVITE >100/INVITE >183/INVITE <PRACK >200/PRACK <UPDATE >200/UPDATE >200/INVITE <ACK <INFO >200/INFO >UPDATE <200/UPDATE <BYE >200/BYE' 5
went b '>INVITE <183/INVITE >PRACK <200/PRACK >UPDATE <200/UPDATE <200/INVITE >ACK >INFO <200/INFO <UPDATE >200/UPDATE >BYE <200/BYE' 5
same 'requests of unknown dialogs' 0 "$(counted dlg.unknown)"
all_clean
