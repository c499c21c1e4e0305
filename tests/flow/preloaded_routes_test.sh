#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# A caller that brings a Route is sent where it says, past the rules: a loose router as it is, a strict one in the
# Request-URI, with the Request-URI last in the Route (RFC 3261 16.6 item 6). An entry of ours comes off.
config=short
. "$(dirname "$0")/_init.sh"

request OPTIONS loose 'Route: <sip:198.51.100.20;lr>, <sip:far.example.net;lr>' >"$work/loose"
request OPTIONS strict 'Route: <sip:192.0.2.1;lr>, <sip:198.51.100.20>, <sip:far.example.net;lr>' >"$work/strict"
request OPTIONS last 'Route: <sip:198.51.100.20>' >"$work/last"
callee router 198.51.100.20 "$(scenario uas_options)" 3
record b
ask "$work/loose" "$work/strict" "$work/last" >"$work/answers"
same 'answers' 3 "$(grep -c '^SIP/2.0 200 ' "$work/answers")"
done_well router
recorded b

same 'Request-URIs' '1 2' "$(heard b 'OPTIONS sip:callee@example.net SIP/2.0') $(heard b 'OPTIONS sip:198.51.100.20 SIP/2.0')"
same 'Route to the loose router' 1 "$(heard b 'Route: <sip:198.51.100.20;lr>, <sip:far.example.net;lr>')"
same 'Route to the strict router' 1 "$(heard b 'Route: <sip:far.example.net;lr>, <sip:callee@example.net>')"
same 'Route to the only router' 1 "$(heard b 'Route: <sip:callee@example.net>')"
wire_is b '^out OPTIONS ' 3
all_clean
