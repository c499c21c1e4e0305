#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A subscription outside a call: its NOTIFYs, its refresh and its end go by the Record-Route of the SUBSCRIBE, past the
# rules, which would send them elsewhere.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.20 "$(scenario uas_subscribe)" 5
caller uac 192.0.2.12 "$(scenario uac_subscribe)" 5 10 -s peer
done_well uas
recorded a b

went a '<SUBSCRIBE >200/SUBSCRIBE >NOTIFY <200/NOTIFY( <SUBSCRIBE >200/SUBSCRIBE >NOTIFY <200/NOTIFY){2}' 5
went b '>SUBSCRIBE <200/SUBSCRIBE <NOTIFY >200/NOTIFY( >SUBSCRIBE <200/SUBSCRIBE <NOTIFY >200/NOTIFY){2}' 5
same 'dialogs made' 0 "$(counted dlg.created)"
all_clean
