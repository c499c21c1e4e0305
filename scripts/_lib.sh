# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# What the scripts share; read with `.`, never run. Callers have `set -euo pipefail`.

export LC_ALL=C
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${TANDEM_BUILD:-$top/build}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" -eq 0 ] || die "run as root: network namespaces and the packet interfaces need it"
}

# Quiet unless it fails.
quietly() {
	local log rc=0
	log=$(mktemp)
	"$@" >"$log" 2>&1 || rc=$?
	[ $rc -eq 0 ] || tail -n 60 "$log" >&2
	rm -f "$log"
	return $rc
}

# Configures $build once with these meson options, and again when they differ; then compiles all of it.
build_all() {
	local stamp=$build/.options
	if [ ! -e "$build/build.ninja" ]; then
		quietly meson setup "$build" "$top" "$@" || die "meson setup failed (scripts/deps installs what it needs)"
	elif [ "$(cat "$stamp" 2>/dev/null)" != "$*" ] && [ $# -gt 0 ]; then
		quietly meson configure "$build" "$@" || die "meson configure failed"
	fi
	[ $# -eq 0 ] || printf '%s' "$*" >"$stamp"
	quietly ninja -C "$build" || die "the build failed"
}

# prints PATTERN COMMAND…: true when a line of what it prints matches. Not `COMMAND | grep -q`: that ends at the first
# match, and a command that writes on is ended by SIGPIPE, which pipefail makes a failure of the whole.
prints() {
	local pattern=$1
	shift
	grep -qE -e "$pattern" <<<"$("$@" 2>/dev/null)"
}

# wait_for SECONDS COMMAND…: until the command succeeds; false when the time is over.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# bounded SECONDS COMMAND…: `timeout`, but it ends with us when we are told to end.
bounded() {
	local pid status=0
	timeout -k 10 "$@" </dev/null &
	pid=$!
	# shellcheck disable=SC2064
	trap "kill $pid 2>/dev/null; wait $pid; exit 130" INT TERM
	wait $pid || status=$?
	trap - INT TERM
	return $status
}
