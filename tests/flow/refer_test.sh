#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# REFER in a call, and what the callee tells of it by NOTIFY back along the dialog.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.20 "$(scenario uas_refer)" 5
caller uac 192.0.2.12 "$(scenario uac_refer)" 5 10 -s peer
done_well uas
recorded a b

went a '<INVITE >100/INVITE >180/INVITE >200/INVITE <ACK <REFER >202/REFER( >NOTIFY <200/NOTIFY){2} <BYE >200/BYE' 5
went b '>INVITE <180/INVITE <200/INVITE >ACK >REFER <202/REFER( <NOTIFY >200/NOTIFY){2} >BYE <200/BYE' 5
same 'requests of unknown dialogs' 0 "$(counted dlg.unknown)"
all_clean
