#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
# In steady state a worker makes no system call but those of its packet driver and its idle sleep.
config=short
. "$(dirname "$0")/_init.sh"

# The thread of the worker, by its name.
worker_thread() {
	local task
	for task in "/proc/$(tandem_pid)/task"/*; do
		[[ $(cat "$task/comm") == *worker* ]] && basename "$task" && return
	done
	return 1
}

callee warm 198.51.100.10 "$(scenario uas)" 300
caller warm_up 192.0.2.10 "$(scenario uac)" 300 200 -d 100
done_well warm
callee uas 198.51.100.10 "$(scenario uas)" 300
caller_in_background uac 192.0.2.10 "$(scenario uac)" 300 100 -d 100
timeout -s INT 2 strace -c -o "$work/calls" -p "$(worker_thread)" 2>/dev/null || true
done_well uac uas

# The fourth column counts, the last one names; ioctl, mmap, futex and the like would show here.
awk 'NR > 2 && $NF != "total" && $NF !~ /^-/ { print $NF, $4 }' "$work/calls" | sort >"$work/seen"
at_least 'kinds of system calls seen' 1 "$(wc -l <"$work/seen")"
strange=$(grep -vE '^(sendto|recvfrom|recvmsg|poll|clock_nanosleep|restart_syscall|write) ' "$work/seen" | tr '\n' ' ') || true
same 'other system calls' '' "$strange"

# The bell of the control core is rung for frames of the kernel, such as ARP, and never for SIP.
wakes=$(awk '$1 == "write" { print $2 }' "$work/seen")
at_least 'frames for the kernel' "${wakes:-0}" "$(counted rx.exception)"
all_clean
