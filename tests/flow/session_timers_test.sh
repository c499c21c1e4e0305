#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# Session timers (RFC 4028): an interval below the least is refused with 422 and Min-SE; a call that asks for none is given one.
config=short
edit='$a proxy: {session_expires: 1800, session_min: 120}'
. "$(dirname "$0")/_init.sh"

request INVITE short 'Supported: timer' 'Session-Expires: 90' >"$work/short"
ask "$work/short" >"$work/short.answer"
same 'the answer to an interval that is too short' 422 "$(final_status <"$work/short.answer")"
same 'Min-SE in it' 1 "$(grep -c '^Min-SE: 120$' "$work/short.answer")"
record b
callee uas 198.51.100.10 "$(scenario uas)" 5
caller uac 192.0.2.10 "$(scenario uac)" 5 10
done_well uas
recorded b
same 'INVITEs with the interval' 5 "$(heard b 'Session-Expires: 1800')"
wire_is b '^out INVITE ' 5
all_clean
