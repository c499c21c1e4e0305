# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""Soak: one worker over memif with dialogs at 70% of its highest rate for as long as --minutes says: is anything lost, do
memory and service times stay what they are. Only on request: --only soak."""
import time

import network
import proxy
from result import Row, number
from sipgen import Load
from tandem import Tandem, Wire

SHARE = 0.7
# What lingers for 32 s at 150,000 calls a second, four transactions each.
CAPACITY = {"TRANSACTIONS": 20000000, "DIALOGS": 2000000, "TEXT_MB": 5000}
LINGER_S = 40  # until as much ends as begins


class Minute:
    """What one minute left."""

    def __init__(self, tandem):
        status, service = tandem.ask("show", "status"), tandem.service()
        self.resident, self.text = tandem.resident_bytes() / 1e6, status["text"]["used"] / 1e6
        self.transactions = status["transactions"]["lingering"]
        self.p999 = service.get("p999_us")


def watch(bench, tandem, load, seconds):
    """A Minute each minute, while the load goes on."""
    length = 1 if bench.quick else 60
    seen, end = [], time.monotonic() + seconds
    while time.monotonic() + length < end and not load.ended():
        tandem.ask("stages", "off")  # service times count from the next `on`
        time.sleep(0.05)
        tandem.ask("stages", "on")
        time.sleep(length)
        seen.append(Minute(tandem))
        print(f"bench: soak: minute {len(seen)}: {seen[-1].resident:.0f} MB resident, {seen[-1].text:.0f} MB of text, "
              f"{seen[-1].transactions:,} transactions linger, p99.9 {seen[-1].p999} us", flush=True)
    return seen


def rows(bench):
    part = f"soak: {bench.minutes} minutes with dialogs, over memif, one worker"
    with network.Namespace(veth=False):
        wire = Wire("memif", bench)
        with Tandem(bench, wire, "dialog") as tandem:
            rate = round(proxy.find_max(bench, wire, tandem, proxy.START_RATE) * SHARE)
        seconds = 5 if bench.quick else bench.minutes * 60
        warm = 1 if bench.quick else LINGER_S
        with Tandem(bench, wire, "dialog", **({} if bench.quick else CAPACITY)) as tandem:
            load = Load(bench, wire, tandem, "soak", "--rate", rate, "--duration", warm + seconds, "--warmup", 1, "--ramp", 1,
                        "--drain", 6, *proxy.expected("dialog"))
            load.wait_until_it_calls(tandem)
            time.sleep(warm)
            minutes = watch(bench, tandem, load, seconds)
            drops = {name: count for name, count in tandem.snapshot().counts.items() if name.startswith(("drop.", "refused.")) and count}
            report = load.report(seconds + 120)
    calls = report.values["calls"]
    yield Row(part, "calls made", "calls", [calls["started"]], note=f"{rate:,} a second, {SHARE:.0%} of the highest rate")
    yield Row(part, "calls that failed", "calls", [calls["failed"]], bench.target("soak", "calls that failed"))
    yield Row(part, "messages sent again", "messages", [calls["sent_again"]], bench.target("soak", "messages sent again"),
              "dropped and refused: " + (", ".join(f"{name} {number(count)}" for name, count in drops.items()) or "none"))
    for name, unit, key in (("memory, resident", "MB", "resident"), ("text in use", "MB", "text"),
                            ("transactions that linger", "records", "transactions"), ("service time p99.9", "us", "p999")):
        by_minute = [getattr(minute, key) or 0 for minute in minutes] or [0]
        yield Row(part, name, unit, by_minute, note=f"by minute; the first {number(by_minute[0])}, the last {number(by_minute[-1])}")
        if key in ("resident", "p999") and by_minute[0]:
            yield Row(part, f"{name}, last minute against the first", "%", [100 * by_minute[-1] / by_minute[0]],
                      bench.target("soak", name))
