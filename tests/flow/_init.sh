# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# What every story needs: the lab with the story's configuration, SIPp on both sides, the wire recorded, waiting by
# condition, and assertions that look from outside. A story sets `config` (a file of tests/lab, and `edit`, a sed
# program over it, where it needs a variant; `driver`, where not the first that can be had) and reads this file; a story that fails leaves its traces in $work.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

flow=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$flow/../../scripts/_lib.sh"
lab=$top/scripts/lab
story=$(basename "$0" _test.sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/tandem-$story.XXXXXX")
run=/run/tandem-lab
started=() # processes to end with the story, if they still run
exec {never}<> <(:)

fail() {
	printf '%s: %s\n' "$story" "$*" >&2
	exit 1
}

note() {
	printf '  %s\n' "$*"
}

# --- waiting ---

# A fiftieth of a second, without a process.
moment() {
	read -rt 0.02 -u "$never" || true
}

# wait_until SECONDS WHAT COMMAND…: until the command succeeds; the story fails, naming WHAT, when the time is over.
wait_until() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -le $end ] || fail "gave up waiting for $what"
		moment
	done
}

# --- the lab ---

ctl() {
	"$lab" ctl "$@"
}

in_a() {
	ip netns exec tandem-a "$@"
}

in_b() {
	ip netns exec tandem-b "$@"
}

in_t() {
	ip netns exec tandem-t "$@"
}

tandem_pid() {
	cat "$run/pid"
}

# True when the lab runs with exactly this configuration.
lab_fits() {
	cmp -s "$1" "$run/config.source" && "$lab" status >/dev/null 2>&1 &&
		[ "${driver:-$(cat "$run/driver")}" = "$(cat "$run/driver")" ]
}

lab_need() {
	local wanted=$work/config.yaml
	sed "${edit:-}" "$flow/../lab/$config.yaml" >"$wanted"
	lab_fits "$wanted" && return
	"$lab" down || fail "the lab of an earlier story did not end well"
	LAB_DRIVER=${driver:-${LAB_DRIVER:-}} "$lab" up "$wanted" >"$work/lab.out" 2>&1 || { cat "$work/lab.out" >&2; fail 'the lab does not come up'; }
}

# shellcheck disable=SC2329
finish() {
	local status=$? pid
	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done
	if [ $status -ne 0 ] && [ $status -ne 130 ]; then
		cp "$run/log" "$work/tandem.log" 2>/dev/null || true
		"$lab" ctl show counters >"$work/counters.txt" 2>/dev/null || true
		printf '%s: FAILED; traces are in %s\n' "$story" "$work" >&2
		tail -n 15 "$work"/*.err "$work/tandem.log" "$work/counters.txt" >&2 2>/dev/null || true
	fi
	[ -n "${FLOW_KEEP_LAB:-}" ] && [ $status -eq 0 ] || "$lab" down || status=1
	[ $status -ne 0 ] && [ $status -ne 130 ] || rm -rf "$work"
	exit $status
}

# --- SIPp ---

# scenario NAME [STATUS]: the file, with @STATUS@ replaced.
scenario() {
	sed "s/@STATUS@/${2:-}/g" "$flow/$1.xml" >"$work/$1${2:-}.xml"
	printf '%s\n' "$work/$1${2:-}.xml"
}

# sipp_command NAME SIDE HOST SCENARIO OPTIONS…: fills `command`; bounded by $sipp_seconds. SCENARIO is a file, or the
# name of one that SIPp brings.
sipp_seconds=20
sipp_command() {
	local name=$1 side=$2 host=$3 file=$4 from=-sf
	shift 4
	[[ $file == */* ]] || from=-sn
	command=(timeout -k 2 "$sipp_seconds" ip netns exec "tandem-$side" sipp $from "$file" -i "$host" -p "${port:-5060}"
		-nostdin -key domain "${domain:-example.net}" -trace_err -error_file "$work/$name.err"
		-trace_stat -stf "$work/$name.csv" -fd 1 "$@")
}

# True when something is bound to UDP ADDRESS:PORT in that namespace.
is_bound() {
	prints . ip netns exec "tandem-$1" ss -Hlun "src $2"
}

# background NAME SIDE HOST SCENARIO OPTIONS…: SIPp that goes on beside the story; its process is in pid_NAME.
background() {
	local name=$1
	sipp_command "$@"
	"${command[@]}" >"$work/$name.out" 2>&1 </dev/null &
	started+=($!)
	printf -v "pid_$name" '%s' $!
}

# callee NAME HOST SCENARIO CALLS [OPTIONS…]: waits for so many calls, then ends.
callee() {
	local name=$1 host=$2 file=$3 calls=$4
	shift 4
	background "$name" b "$host" "$file" -m "$calls" "$@"
	wait_until 5 "the callee $name on $host" is_bound b "$host:${port:-5060}"
}

# caller NAME HOST SCENARIO CALLS RATE [OPTIONS…]: makes the calls; the story fails if one of them does.
caller() {
	local name=$1 host=$2 file=$3 calls=$4 rate=$5
	shift 5
	sipp_command "$name" a "$host" "$file" -m "$calls" -r "$rate" -rp 1000 "$@" "${target:-192.0.2.1:5060}"
	"${command[@]}" >"$work/$name.out" 2>&1 </dev/null &
	started+=($!)
	wait $! || sipp_failed "$name" $?
}

# deaf HOST: something on the callees' side that takes datagrams and says nothing, not even that nobody is there.
deaf() {
	ip netns exec tandem-b nc -ul -s "$1" -p 5060 >/dev/null 2>&1 </dev/null &
	started+=($!)
	wait_until 5 "the deaf host $1" is_bound b "$1:5060"
}

caller_in_background() {
	local name=$1 host=$2 file=$3 calls=$4 rate=$5
	shift 5
	background "$name" a "$host" "$file" -m "$calls" -r "$rate" -rp 1000 "$@" "${target:-192.0.2.1:5060}"
}

# done_well NAME…: the background SIPps ended and no call of theirs failed.
done_well() {
	local name pid status
	for name; do
		pid=pid_$name status=0
		wait "${!pid}" || status=$?
		[ $status -eq 0 ] || sipp_failed "$name" $status
	done
}

sipp_failed() {
	head -n 30 "$work/$1.err" >&2 2>/dev/null || tail -n 30 "$work/$1.out" >&2
	fail "SIPp $1 ended with status $2 (1: a call failed, 124: out of time)"
}

# sipp_stat NAME COLUMN: the last value of a column of SIPp's statistics, such as "FailedCall(C)".
sipp_stat() {
	awk -F';' -v want="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) at = i; next } { value = $at }
		END { print value + 0 }' "$work/$1.csv"
}

# kamailio SIDE ADDRESS NEXT-URI: a Record-Routing proxy on ADDRESS:5060 that sends new requests to NEXT-URI.
kamailio() {
	sed -e "s|@ADDRESS@|$2|; s|@NEXT@|$3|" "$flow/kamailio.cfg" >"$work/kamailio.cfg"
	ip netns exec "tandem-$1" kamailio -DD -E -n 1 -m 64 -M 8 -f "$work/kamailio.cfg" -P "$work/kamailio.pid" \
		-Y "$work" -w "$work" >"$work/kamailio.err" 2>&1 &
	started+=($!)
	wait_until 10 Kamailio is_bound "$1" "$2:5060"
}

# --- the wire ---

# record a|b…: from now on, every SIP datagram on veth-a or veth-b (or on its VLAN: record a.100).
record() {
	local side
	for side; do
		ip netns exec "tandem-${side%%.*}" tcpdump -i "veth-$side" -U --immediate-mode -s 0 -B 16384 -n \
			-w "$work/$side.pcap" udp and port 5060 2>"$work/$side.tcpdump" &
		started+=($!)
		printf -v "pid_record_${side%%.*}" '%s' $!
		wait_until 5 "the capture on $side" grep -q 'listening on' "$work/$side.tcpdump"
	done
}

# Ends the captures and writes one line a message to $work/SIDE.wire: direction as tandem sees it, method or status and
# method, branch, Call-ID.
recorded() {
	local side pid
	for side; do
		pid=pid_record_${side%%.*}
		kill -INT "${!pid}" 2>/dev/null || true
		wait "${!pid}" || true
		tcpdump -n -q -A -r "$work/$side.pcap" 2>/dev/null | tr -d '\r' | LC_ALL=C awk -f "$flow/wire.awk" >"$work/$side.wire"
	done
}

# wire SIDE PATTERN: how many recorded messages match, for example `wire b '^out INVITE '`.
wire() {
	grep -cE "$2" "$work/$1.wire" || true
}

# wire_is SIDE PATTERN COUNT
wire_is() {
	same "messages on ${1} matching '$2'" "$3" "$(wire "$1" "$2")"
}

# went SIDE PATTERN COUNT: so many recorded calls went just like that, message by message: <INVITE is what tandem got,
# >180/INVITE what it sent. The calls of both sides are in $work/SIDE.calls.
went() {
	awk '{ call[$NF] = call[$NF] " " ($1 == "in" ? "<" : ">") $2 (NF == 5 ? "/" $3 : "") }
		END { for (id in call) print substr(call[id], 2) }' "$work/$1.wire" >"$work/$1.calls"
	same "calls on $1 that went $2" "$3" "$(grep -cxE "$2" "$work/$1.calls" || true)"
}

# heard SIDE TEXT: how many lines of the recorded messages have the text.
heard() {
	grep -acF -e "$2" <<<"$(tcpdump -n -q -A -r "$work/$1.pcap" 2>/dev/null | tr -d '\r')" || true
}

# --- what tandem says ---

# counter NAME: the sum over the workers.
counter() {
	ctl --json show counters | jq -r --arg name "$1" '.counters[$name].sum'
}

# counted NAME: how much it grew since the story began.
counted() {
	printf '%s\n' $(($(counter "$1") - $(jq -r --arg name "$1" '.counters[$name].sum' "$work/counters")))
}

# True when no transaction lives or lingers, no dialog is held, no timer is armed.
tables_are_empty() {
	ctl --json show status | jq -e '[.transactions.live, .transactions.lingering, .dialogs.early, .dialogs.confirmed, .forks.used,
		.timers, .packets_pending] | all(. == 0)'
}

# The story's end: everything let go, nothing misplaced or dropped for want of room.
all_clean() {
	wait_until "${1:-8}" 'empty tables' tables_are_empty
	same 'misplaced datagrams' 0 "$(counter rx.sip.misplaced)"
}

# --- assertions ---

# same WHAT EXPECTED GOT
same() {
	[ "$2" = "$3" ] || fail "$1: expected $2, got $3"
}

at_least() {
	[ "$3" -ge "$2" ] || fail "$1: expected at least $2, got $3"
}

# --- single messages ---

# ask FILE…: sends each as one datagram from 192.0.2.30:5060, an eighth of a second apart, and prints what comes back
# within a second after the last.
ask() {
	local file
	{
		for file; do
			cat "$file"
			read -rt 0.125 -u "$never" || true
		done
		read -rt 0.875 -u "$never" || true
	} | in_a timeout "$((1 + $# / 7)).2" nc -u -s 192.0.2.30 -p 5060 192.0.2.1 5060 | tr -d '\r' || true
}

# request METHOD CALL-ID [HEADER…]: a request outside a dialog; a header given replaces Max-Forwards if it is that one.
request() {
	local method=$1 call_id=$2 forwards='Max-Forwards: 70' header
	shift 2
	for header; do
		[[ $header != Max-Forwards:* ]] || forwards=$header
	done
	printf '%s sip:%s@%s SIP/2.0\r\n' "$method" "${user:-callee}" "${domain:-example.net}"
	printf 'Via: SIP/2.0/UDP 192.0.2.30:5060;branch=z9hG4bK%s\r\n' "$call_id"
	printf '%s\r\n' "$forwards" 'From: <sip:caller@192.0.2.30>;tag=a1' 'To: <sip:callee@example.net>' \
		"Call-ID: $call_id" "CSeq: 1 $method" 'Contact: <sip:caller@192.0.2.30:5060>'
	for header; do
		[[ $header == Max-Forwards:* ]] || printf '%s\r\n' "$header"
	done
	printf 'Content-Length: 0\r\n\r\n'
}

# The status of the last final response in what `ask` printed.
final_status() {
	awk '/^SIP\/2.0 [2-6]/ { status = $2 } END { print status + 0 }'
}

[ "$(id -u)" -eq 0 ] || fail 'run as root: the lab needs network namespaces'
trap finish EXIT
trap 'exit 130' INT TERM
lab_need
ctl --json show counters >"$work/counters"
