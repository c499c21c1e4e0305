#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# What Prometheus reads is what `show counters` says, in the form it wants; /healthz names a worker that stands still;
# strangers get no answer and a silent client holds nobody up.
config=short
edit='$a metrics: {listen: "0.0.0.0:9464", allow: [127.0.0.0/8]}'
. "$(dirname "$0")/_init.sh"

page() {
	in_t curl -sS --max-time 5 "http://127.0.0.1:9464$1"
}

# status OPTION… PATH: of the answer.
status() {
	in_t curl -sS --max-time 5 -o /dev/null -w '%{http_code}' "${@:1:$#-1}" "http://127.0.0.1:9464${*: -1}"
}

# sums FILE: every counter as "name sum", of `show counters`, under the name it has for Prometheus.
sums() {
	jq -r '.counters | to_entries[] | "tandem_\(.key | gsub("[.-]"; "_"))_total \(.value.sum)"' "$1" | sort
}

callee uas 198.51.100.10 "$(scenario uas)" 30
caller uac 192.0.2.10 "$(scenario uac)" 30 30 -d 100
done_well uas
all_clean

ip netns exec tandem-t nc 127.0.0.1 9464 <&"$never" >/dev/null & # says nothing
started+=($!)
wait_until 5 'a silent client' prints . ip netns exec tandem-t ss -Htn state established 'dport = 9464'

# Some counters grow all the time: each lies between what it was before and after.
ctl --json show counters all >"$work/before.json"
page /metrics >"$work/page"
ctl --json show counters all >"$work/after.json"
awk '/^tandem_[a-z0-9_]*_total\{worker=/ { name = $1; sub(/\{.*/, "", name); sum[name] += $NF }
	END { for (name in sum) printf "%s %.0f\n", name, sum[name] }' "$work/page" | sort >"$work/page.sums"
join <(sums "$work/before.json") "$work/page.sums" | join - <(sums "$work/after.json") >"$work/joined"
same 'counters on the page' "$(jq '.counters | length' "$work/before.json")" "$(wc -l <"$work/joined")"
same 'counters that differ' '' "$(awk '$3 < $2 || $3 > $4' "$work/joined")"
same 'calls on the page' "$(counter calls.started)" "$(awk '$1 == "tandem_calls_started_total" { print $2 }' "$work/page.sums")"
at_least 'latencies on the page' 30 "$(sed -n 's/^tandem_latency_seconds_count{kind="invite"} //p' "$work/page")"

promtool check metrics <"$work/page" >"$work/promtool.err" 2>&1 || fail 'Prometheus would object to the page'
promtool check rules "$top/docs/prometheus/alerts.yaml" >"$work/promtool.err" 2>&1 || fail 'Prometheus refuses the alert rules'

same 'HEAD' 200 "$(status -I /metrics)"
same 'POST' 405 "$(status -d a=b /metrics)"
same 'another path' 404 "$(status /)"
same 'health' ok "$(page /healthz)"
refused() {
	page /metrics | sed -n 's/^tandem_metrics_connections_total{outcome="refused"} //p'
}

before=$(refused)
! in_a curl -sS --max-time 5 http://192.0.2.1:9464/metrics >"$work/stranger" 2>/dev/null || fail 'a stranger was answered'
same 'what the stranger got' '' "$(cat "$work/stranger")"
same 'strangers refused' $((before + 1)) "$(refused)"

stands_still() {
	[ "$(status /healthz)" = 503 ] && page /healthz | grep -q '^worker 0 on CPU 1 has stood still for'
}

tid=$(grep -lE 'worker-?1$' "/proc/$(tandem_pid)/task"/*/comm | sed 's|.*/task/\([0-9]*\)/.*|\1|' || true)
[ -n "$tid" ] || fail 'no thread is worker 0'
python3 "$flow/hold_thread.py" "$tid" 4 &
started+=($!)
wait_until 5 'a worker that stands still' stands_still
wait_until 5 'its going on' eval '[ "$(status /healthz)" = 200 ]'
all_clean
