# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""Stress, over memif with one worker: how many datagrams of junk and of scanners a second it gets rid of, and what becomes
of the calls when there are more than it can carry."""
import time

import machine
import network
import proxy
from process import Failed, wait_for
from result import Row
from sipgen import Load
from tandem import Tandem, Wire

SCANNERS = machine.TOP / "perf" / "bench" / "scanners.txt"
# The generator makes no five times what tandem can carry: for that it is slowed down by its slowest locator.
TIMES = {"auto": (0.5, 1, 2, 3), "hyperscan": (5,)}
OVERLOAD_RUNS = 3  # a minute each
SLOTS_S = 12  # of calls begun: one that is not answered has its timers for longer than the load lasts


def got_rid_of(bench, wire, what, **changes):
    """(datagrams a second, cycles each, how many of a hundred were answered) with all the port brings."""
    seconds = 1 if bench.quick else 4
    with Tandem(bench, wire, "transaction", **changes) as tandem:
        load = Load(bench, wire, tandem, "blast", "--blast", what, "--rate", 0, "--duration", seconds + 1, "--sources", 64)
        wait_for("datagrams", lambda: load.ended() or tandem.snapshot().counts["rx.packets"] > 1000, 30)
        before, began = tandem.snapshot(), time.monotonic()
        time.sleep(seconds * 0.6)
        after, passed = tandem.snapshot(), time.monotonic() - began
        load.ended_well(seconds + 30)
    count = after.counts["rx.packets"] - before.counts["rx.packets"]
    answers = after.counts["tx.sip"] - before.counts["tx.sip"]
    if count <= 0:
        raise Failed("nothing came while datagrams were counted")
    return count / passed, (after.busy - before.busy) / count, 100 * answers / count


def blast_rows(bench, wire, name, what, note, **changes):
    runs = [got_rid_of(bench, wire, what, **changes) for _ in range(bench.runs)]
    yield Row("stress", name, "datagrams/s", [run[0] for run in runs], bench.target("stress", name), note)
    yield Row("stress", f"{name}: each", "cycles", [run[1] for run in runs], note=f"{runs[0][2]:.0f}% answered")


def overload(bench, wire, rate, locator):
    """The report of a run at that rate, whatever becomes of its calls; those in progress have all their timers to end."""
    seconds, drain = (1, 1) if bench.quick else (10, 35)
    with Tandem(bench, wire, "transaction", LOCATOR=locator) as tandem:
        options = ["--rate", round(rate), "--slots", round(rate * SLOTS_S) + 65536, "--duration", seconds, "--warmup", seconds * 0.2, "--drain", drain,
                   *proxy.expected("transaction")]
        return Load(bench, wire, tandem, "overload", *options).report(seconds + drain + 90)


def goodput_rows(bench, wire, locator, all_times):
    part = f"stress: overload, locator {locator}"
    with Tandem(bench, wire, "transaction", LOCATOR=locator) as tandem:
        peak = proxy.find_max(bench, wire, tandem, proxy.START_RATE)
    yield Row(part, "highest rate without loss", "calls/s", [peak], note="once; what follows is held against it")
    for times in all_times[-1:] if bench.quick else all_times:
        runs = [overload(bench, wire, peak * times, locator) for _ in range(min(bench.runs, OVERLOAD_RUNS) if times > 1 else 1)]
        calls = [run.values["calls"] for run in runs]
        refused = max(run.values["statuses"].get("503", 0) for run in runs)
        offered = min(run.offered() for run in runs)
        name = f"goodput at {times} times"
        yield Row(part, name, "%", [100 * run.goodput() / peak for run in runs], bench.target("stress", name),
                  f"calls completed while it lasted, of that rate; {offered:.0%} of the calls offered; up to {refused:,} refused with 503")
        yield Row(part, f"answered calls completed at {times} times", "%",
                  [100 * each["completed"] / max(1, each["answered"]) for each in calls], note="within 35 s of the end")


def rows(bench):
    with network.Namespace(veth=False):
        wire = Wire("memif", bench)
        yield from blast_rows(bench, wire, "junk dropped", "junk", "4 to 400 bytes that are not SIP")
        yield from blast_rows(bench, wire, "scanner traffic", SCANNERS, "screened: found by one pass of Hyperscan, unanswered",
                              SCREEN="true")
        yield from blast_rows(bench, wire, "scanner traffic answered", SCANNERS, "the same requests, which no rule takes: 404")
        for locator, times in TIMES.items():
            yield from goodput_rows(bench, wire, locator, times)
