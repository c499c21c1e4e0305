# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""The peer: Kamailio on kernel sockets, tuned, all of its processes on the core tandem's worker has."""
import os
import re

import machine
import network
from process import Failed, Process, wait_for

MODULES = {"transaction": "kamailio-tm.cfg", "dialog": "kamailio-dialog.cfg"}
# 14.5 KB a transaction, two a call, for the 32 s they linger.
MEGABYTES = {"transaction": 10240, "dialog": 12288}
SOCKET_BUFFER = 8 << 20


class Kamailio:
    """Started on entry, gone on exit. Memory is TLSF and touched before the first call."""

    def __init__(self, bench, state, children):
        self.bench, self.state, self.children = bench, state, children
        self.process = None

    def __enter__(self):
        _, tested, _ = machine.cpus()
        self.bench.reserved.socket_buffer(SOCKET_BUFFER)
        # Never more than most of what is free, or the machine swaps or kills.
        free = int(re.search(r"MemAvailable:\s+(\d+)", machine.read("/proc/meminfo")).group(1)) >> 10
        megabytes = 256 if self.bench.quick else min(MEGABYTES[self.state], free * 8 // 10)
        config = machine.TOP / "perf" / "bench" / MODULES[self.state]
        work = self.bench.file("kamailio")
        os.makedirs(work, exist_ok=True)
        argv = ["kamailio", "-DD", "-E", "-x", "tlsf", "-X", "tlsf", "-m", str(megabytes), "-M", "64", "-n", str(self.children),
                "-f", str(config), "-P", f"{work}/pid", "-Y", work, "-w", work]
        self.process = Process(argv, self.bench.file("kamailio.log"), netns=network.NAME, cpus=[tested])
        wait_for("Kamailio", lambda: self.process.ended() or self.is_bound(), 60)
        if self.process.ended():
            raise Failed(f"Kamailio ended: {self.process.tail()}")
        return self

    def ran_short(self):
        """True when it had no memory left for a transaction or a dialog: then the rate is not its processors'."""
        return re.search(r"no more share|could not allocate shared|not enough (free )?(shm|mem)", self.process.text()) is not None

    def start(self):
        """It is there already."""

    def __exit__(self, *_):
        self.process.stop(seconds=20)

    def cpu_seconds(self):
        """Of all its processes so far; children of the first."""
        total = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if self.is_ours(pid):
                total += int((machine.read(f"/proc/{pid}/schedstat") or "0").split()[0])
        return total / 1e9

    def is_ours(self, pid):
        """The first process, or a child of it."""
        fields = (machine.read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
        return str(self.process.pid) in (pid, fields[1] if len(fields) > 1 else None)

    @staticmethod
    def is_bound():
        return all(address in network.in_namespace("ss", "-Hlun") for address in ("192.0.2.1:5060", "198.51.100.1:5060"))
