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

callee uas 198.51.100.10 "$(scenario uas)" 300
caller_in_background uac 192.0.2.10 "$(scenario uac)" 300 100 -d 100
timeout -s INT 2 strace -c -o "$work/calls" -p "$(worker_thread)" 2>/dev/null || true
done_well uac uas

# The table's last column; ioctl, mmap, futex and the like would show here.
awk 'NR > 2 && $NF != "total" && $NF !~ /^-/ { print $NF }' "$work/calls" | sort >"$work/seen"
at_least 'system calls seen' 1 "$(wc -l <"$work/seen")"
strange=$(grep -vxE 'sendto|recvfrom|recvmsg|poll|clock_nanosleep|restart_syscall' "$work/seen" | tr '\n' ' ') || true
same 'other system calls' '' "$strange"
all_clean
