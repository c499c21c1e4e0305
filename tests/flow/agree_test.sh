#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# sipgen and SIPp count the same calls, messages and failures, through tandem and through Kamailio in its place.
config=../../perf/sipgen/agree
. "$(dirname "$0")/_init.sh"

for through in tandem kamailio; do
	"$top/perf/sipgen/agree" --calls 1000 --through $through >"$work/$through" 2>&1 || { cat "$work/$through"; fail "they differ through $through"; }
	note "the same through $through"
done
"$lab" down
