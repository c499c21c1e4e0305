#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# OPTIONS for the callee passes like any request outside a dialog.
config=short
. "$(dirname "$0")/_init.sh"

record a b
callee uas 198.51.100.10 "$(scenario uas_options)" 10
caller uac 192.0.2.10 "$(scenario uac_options 200)" 10 10
done_well uas
recorded a b

wire_is b '^out OPTIONS ' 10
wire_is a '^out 200 OPTIONS ' 10
wire_is a '^out 100 ' 0
same 'dialogs made' 0 "$(counted dlg.created)"
all_clean
