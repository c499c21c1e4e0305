# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""Growth: the highest rate, the cycles of a message and the bytes of a dialog while ten thousand to ten million dialogs are
held, over memif with one worker."""
import re
import time

import machine
import network
import proxy
from process import wait_for
from result import Row
from sipgen import Load
from tandem import Tandem, Wire, cycles_a_message

SIZES = (10000, 100000, 1000000, 10000000)
QUICK_SIZE, QUICK_RATE = 500, 1000
ROOM_RATE = 75000  # the tables have room for what lingers at this rate at least
RATE = 20000  # calls a second to build with, where it is not known what tandem can do; else half of that
# Bounds of what a dialog may take here and in the generator, for what is reserved; what it does take is measured.
RECORD_BYTES, TEXT_BYTES, GENERATOR_BYTES = 192, 400, 400
FIXED_BYTES = 4 << 30  # transactions that linger, packets
LINGER_S, TRANSACTIONS_A_CALL = 32, 4


def capacity(held, rate):
    lingering = round(LINGER_S * rate * TRANSACTIONS_A_CALL)
    return {
        "DIALOGS": held + 2 * LINGER_S * round(rate),
        "TRANSACTIONS": min(held * TRANSACTIONS_A_CALL, lingering) + 2 * lingering,
        "TEXT_MB": (held * TEXT_BYTES + 2 * lingering * 256 >> 20) + 500,
    }


def too_large(held):
    free = int(re.search(r"MemAvailable:\s+(\d+)", machine.read("/proc/meminfo")).group(1)) << 10
    free += int(machine.read(machine.HUGE / "free_hugepages") or 0) << 21
    return held * (RECORD_BYTES + TEXT_BYTES + GENERATOR_BYTES) + FIXED_BYTES > free * 0.85


class Size:
    """One number of dialogs held."""

    def __init__(self, bench, wire, held):
        self.bench, self.wire, self.held = bench, wire, held
        best = bench.best.get("dialog")
        self.rate = QUICK_RATE if bench.quick else round(best[0].value * 0.5) if best else RATE
        self.found = None

    def options(self):
        common = ["--dialogs", self.held, "--rate", self.rate, *proxy.expected("dialog")]
        return common + (["--duration", 2, "--drain", 2] if self.bench.quick else ["--find-max", "--stride", 15, "--step", 2, "--drain", 6])

    def measure(self):
        """(calls a second, cycles a message, bytes of text a dialog, resident megabytes)."""
        build = self.held / self.rate
        with Tandem(self.bench, self.wire, "dialog", **capacity(self.held, self.rate if self.bench.quick else max(self.rate, ROOM_RATE))) as tandem:
            load = Load(self.bench, self.wire, tandem, "growth", *self.options())
            wait_for("the dialogs", lambda: load.ended() or self.all_held(tandem), build * 4 + 60)
            text = tandem.ask("show", "status")["text"]["used"] / self.held
            resident = tandem.resident_bytes() / 1e6
            before = tandem.snapshot()
            time.sleep(0.8 if self.bench.quick else 6)
            cycles = cycles_a_message(before, tandem.snapshot())
            report = load.report(build * 4 + 600)
        return report.rate() if self.bench.quick else report.max_rate(), cycles, text, resident

    def all_held(self, tandem):
        return tandem.ask("show", "status")["dialogs"]["confirmed"] >= self.held

    def rows(self):
        part = f"growth: {self.held:,} dialogs held"
        if too_large(self.held):
            yield Row(part, "highest rate without loss", "calls/s", [], note="not enough memory on this machine")
            return
        # Those between the two that are compared, and ten million, which take minutes to make and to end, are measured once.
        runs = [self.measure() for _ in range(self.bench.runs if self.held == SIZES[0] else 1)]
        target = self.bench.target
        rate = Row(part, "highest rate without loss", "calls/s", [run[0] for run in runs], note="one run" if len(runs) == 1 else None)
        self.found = rate.value
        yield rate
        yield Row(part, "cycles a message in", "cycles", [run[1] for run in runs], target("growth", "cycles"),
                  f"from {self.rate:,} calls/s on")
        yield Row(part, "text memory a dialog", "bytes", [run[2] for run in runs], None,
                  "that of transactions that linger included; records: see the pieces")
        yield Row(part, "tandem's memory", "MB", [run[3] for run in runs], note="resident, with all that is reserved")


def rows(bench):
    with network.Namespace(veth=False):
        wire = Wire("memif", bench)
        few = None
        for held in (QUICK_SIZE,) if bench.quick else SIZES:
            size = Size(bench, wire, held)
            yield from size.rows()
            few = few or size.found
            if size.found and few and held > SIZES[0]:
                yield Row(f"growth: {held:,} dialogs held", f"rate against that with {SIZES[0]:,}", "%", [100 * size.found / few],
                          bench.target("growth", f"rate of {held:,}"))
