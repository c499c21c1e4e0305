#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A malformed request is answered 400, counted by its reason, and goes no further; noise gets no answer.
config=short
. "$(dirname "$0")/_init.sh"

record b
request INVITE bad-cseq | sed 's/^CSeq: 1 INVITE/CSeq: one INVITE/' >"$work/cseq"
same 'the answer to a bad CSeq' 400 "$(ask "$work/cseq" | final_status)"
same 'bad CSeqs counted' 1 "$(counted sip.bad.cseq)"

request OPTIONS no-to | grep -v '^To:' >"$work/to"
same 'the answer to a request without To, which no response could copy' 0 "$(ask "$work/to" | final_status)"
same 'missing Tos counted' 1 "$(counted sip.missing.to)"

request OPTIONS version | sed '1s/2\.0/3.0/' >"$work/version"
same 'the answer to SIP/3.0' 505 "$(ask "$work/version" | final_status)"

printf '\r\n\r\n' >"$work/keepalive"
same 'the answer to a keep-alive' 0 "$(ask "$work/keepalive" | final_status)"
head -c 600 /dev/urandom >"$work/noise"
same 'the answer to noise' 0 "$(ask "$work/noise" | final_status)"
recorded b

wire_is b '^out ' 0
all_clean
