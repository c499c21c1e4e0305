#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Both answer: at once, and the second although it was cancelled. Each 2xx reaches the caller and each ACK and BYE its callee.
config=fork
. "$(dirname "$0")/_init.sh"

record a b
callee one 198.51.100.11 "$(scenario uas_answers)" 10
callee two 198.51.100.12 "$(scenario uas_answers)" 10
caller uac 192.0.2.10 "$(scenario uac_two_answers)" 10 10 -s both
done_well one two

callee first 198.51.100.11 "$(scenario uas_answers)" 10
callee late 198.51.100.12 "$(scenario uas_answers_cancelled)" 10
caller uac2 192.0.2.11 "$(scenario uac_two_answers)" 10 10 -s both
done_well first late
recorded a b

wire_is a '^out 200 INVITE ' 40
wire_is b '^out ACK ' 40
wire_is b '^out BYE ' 40
at_least 'CANCELs' 10 "$(wire b '^out CANCEL ')"
same 'answered calls' 20 "$(counted calls.answered)"
same 'dialogs confirmed' 40 "$(counted dlg.confirmed)"
all_clean
