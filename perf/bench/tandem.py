# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""tandem while it is measured: its configuration, its start and end, and what it says of itself."""
import json
import os
import re

import machine
import network
from process import Failed, Process, run, wait_for

TEMPLATE = machine.TOP / "perf" / "bench" / "tandem.yaml"
RING = 12  # log2 of the slots of a memif ring: what comes while a core is away for some milliseconds
# What lingers for 32 s of 180,000 calls a second, each of three transactions that last so long and one of 5 s.
TRANSACTIONS, DIALOGS, TEXT_MB = 20000000, 1500000, 3500


class Wire:
    """The ports of both sides: DPDK devices for tandem and for the generator. On memif tandem is the client, whose packet
    buffers the server reads and writes, so that tandem itself copies nothing; huge pages it needs for that."""

    def __init__(self, kind, bench):
        self.kind = kind
        self.veth = kind != "memif"
        self.generator_first = not self.veth  # a memif server has to be there before its client
        paths = {side: bench.file(f"{side}.sock") for side in network.SIDES}
        client = bench.memif_client()
        if self.veth:
            self.tandem = [f"net_{kind}{i},iface=dut-{side}" for i, side in enumerate(network.SIDES)]
            self.generator = [f"net_{kind}{i},iface=gen-{side}" for i, side in enumerate(network.SIDES)]
        else:
            self.tandem, self.generator = ([f"net_memif{i},role={role},socket={paths[side]},socket-abstract=no,rsize={RING}"
                                            for i, side in enumerate(network.SIDES)] for role in (client, "server"))
        self.paths = paths.values()

    def clear(self):
        """A memif socket of an earlier run is in the way of the next."""
        for path in self.paths:
            if os.path.exists(path):
                os.unlink(path)

    def is_served(self):
        return all(os.path.exists(path) for path in self.paths)


class Snapshot:
    """What the workers had counted at one moment."""

    def __init__(self, workers, counters):
        self.busy = sum(worker["busy_cycles"] for worker in workers["workers"])
        self.hz = workers["tsc_hz"]
        self.counts = {name: counter["sum"] for name, counter in counters["counters"].items()}
        self.messages = self.counts["rx.sip.owned"]


class Tandem:
    """There from entry to exit, or from `start` on where the generator has to be first. `workers`: the CPUs of its workers,
    of which one may be named several times."""

    def __init__(self, bench, wire, state, workers=None, **changes):
        _, tested, other = machine.cpus()
        self.bench, self.wire, self.state = bench, wire, state
        self.socket = bench.file("control.sock")
        workers = workers or [tested]
        values = {
            "CONTROL": other, "WORKERS": ", ".join(str(cpu) for cpu in workers), "STATE": state,
            "IDLE": "spin" if len(set(workers)) == len(workers) else "sleep",
            "DEVICE_A": wire.tandem[0], "DEVICE_B": wire.tandem[1], "SOCKET": self.socket,
            "TRANSACTIONS": TRANSACTIONS, "DIALOGS": DIALOGS, "TEXT_MB": TEXT_MB,
            "PACKETS": max(65536, 8192 * len(workers)), "LOCATOR": "auto", "SCREEN": "false", **changes,
        }
        if bench.quick:
            values.update(TRANSACTIONS=200000, DIALOGS=100000, TEXT_MB=512)
            values.update(changes)
        text = re.sub(r"@([A-Z_]+)@", lambda match: str(values[match.group(1)]), TEMPLATE.read_text())
        self.config = bench.file("tandem.yaml")
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(text)
        self.process = None

    def __enter__(self):
        self.wire.clear()
        if not self.wire.generator_first:
            self.start()
        return self

    def start(self):
        """Once; what loads it calls this when its own side is there."""
        if self.process:
            return
        if self.wire.generator_first:
            wait_for("the generator's memif sockets", self.wire.is_served, 30)
        self.process = Process([str(self.bench.build / "src" / "tandem"), "-c", self.config], self.bench.file("tandem.log"),
                               netns=network.NAME, env=self.bench.environment())
        try:
            wait_for("tandem", self.is_ready, 60)
        except Failed as error:
            text = self.process.tail()
            self.process.stop()
            raise Failed(f"{error}: {text}") from None

    def __exit__(self, *_):
        if self.process:
            self.process.stop(seconds=20)

    def is_ready(self):
        if self.process.ended():
            raise Failed(f"tandem ended with status {self.process.popen.returncode}")
        try:
            return self.ask("show", "status")
        except Failed:
            return None

    def ask(self, *words):
        """What tandemctl prints, as an object."""
        return json.loads(run([str(self.bench.build / "src" / "control" / "tandemctl"), "--socket", self.socket, "--json", *words],
                              seconds=10) or "{}")

    def service(self):
        """Microseconds from receive to send since `stages on`, of turns in which the core was not taken away."""
        return next((row for row in self.ask("show", "latency")["latency"] if row["kind"] == "undisturbed"), {})

    def snapshot(self):
        return Snapshot(self.ask("show", "workers"), self.ask("show", "counters"))

    def resident_bytes(self):
        """Memory in use: resident pages and huge pages."""
        text = (machine.read(f"/proc/{self.worker_pid()}/status") or "")
        return sum(int(value) << 10 for value in re.findall(r"^(?:VmRSS|HugetlbPages):\s+(\d+) kB", text, re.M))

    def worker_pid(self):
        return self.ask("show", "status")["pid"]


def cycles_a_message(before, after):
    messages = after.messages - before.messages
    return (after.busy - before.busy) / messages if messages > 0 else None
