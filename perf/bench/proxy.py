# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""tandem over memif with one worker, in its three modes: the highest rate without loss, cycles a message in all and by
stage, latency at 30% and at 70% of that rate."""
import time

import network
from result import Row
from sipgen import Load
from tandem import Tandem, Wire, cycles_a_message

STATES = ("transaction", "dialog", "stateless")
MESSAGES = ("INVITE", "200 for INVITE", "BYE")
PERCENTILES = ("p50", "p99", "p99.9")
QUICK_RATE = 1000
MESSAGES_A_CALL = 7  # to the proxy
LINGER_S = 34  # until as many records of transactions go as come: Timers J, L and M, and a little
START_RATE = 50000  # where the first search begins


def expected(state):
    """Calls of seven messages to the proxy, the callee's 100 among them. One that keeps state sends a 100 of its own."""
    return ["--send-100"] + (["--expect-100"] if state != "stateless" else [])


def find_max(bench, wire, tested, start, *options):
    """Calls a second without loss; `start` is a rate, or a guess that is about right. A quick bench only sees whether there
    are any."""
    if bench.quick:
        brief = ["--rate", QUICK_RATE, "--duration", 0.5, "--drain", 2, *expected(tested.state), *options]
        return Load(bench, wire, tested, f"max-{tested.state}", *brief).report(30).rate()
    # A backlog in socket buffers is only lost when it is older than T1: the longer a step, the less of the rate it can be.
    step = 5 if wire.veth else 2
    search = ["--find-max", "--drain", 6, "--rate", int(start), "--step", step, *expected(tested.state), *options]
    if isinstance(start, Guess):
        search += ["--stride", 15]
    return Load(bench, wire, tested, f"max-{tested.state}", *search).report(900).max_rate()


class Guess(int):
    """A rate that is found nearby."""

    @classmethod
    def around(cls, rate):
        return cls(max(10, rate * 0.93))


def maxima(bench, measure, start):
    """Of all runs. The first searches from `start` on; those after it know about where to look."""
    found = [measure(start)]
    while len(found) < bench.runs:
        found.append(measure(Guess.around(found[0])))
    return found


def steady(bench, wire, tandem, rate, *options, prepare=None, inside=None, linger=True):
    """(cycles a message, what `inside` gives, the report) of a run at that rate; `prepare` is called before. With `linger` all
    is as full as it gets first. tandem is asked while the load goes on: DPDK's memif driver may crash when its peer leaves."""
    seconds = 0.8 if bench.quick else 5
    before = LINGER_S if linger and tandem.state != "stateless" and not bench.quick else 0.2
    load = Load(bench, wire, tandem, f"steady-{tandem.state}", "--rate", rate, "--duration", before + seconds + 1, "--warmup", before,
                *expected(tandem.state), *options)
    load.wait_until_it_calls(tandem)
    time.sleep(before)
    if prepare:
        prepare(tandem)
    before = tandem.snapshot()
    time.sleep(seconds * 0.6)
    after = tandem.snapshot()
    seen = inside(tandem) if inside else None
    return cycles_a_message(before, after), seen, load.report(seconds + 60)


def of_rate(bench, wire, state, rate, *options, **how):
    """The same with a tandem of its own."""
    with Tandem(bench, wire, state) as tandem:
        return steady(bench, wire, tandem, rate, *options, **how)


class Stages:
    """Cycles by stage and service times while they are looked at."""

    def __init__(self, tandem):
        self.rows = tandem.ask("show", "stages")["stages"]
        self.service = tandem.service()

    @staticmethod
    def begin(tandem):
        tandem.ask("stages", "on")


class Mode:
    """The rows of one mode."""

    def __init__(self, bench, wire, state):
        self.bench, self.wire, self.state = bench, wire, state

    def row(self, name, unit, runs, note=None):
        return Row(f"tandem over memif, one worker: {self.state}", name, unit, runs,
                   self.bench.target("tandem", f"{self.state}: {name}"), note)

    def search(self, start):
        with Tandem(self.bench, self.wire, self.state) as tandem:
            return find_max(self.bench, self.wire, tandem, start)

    def at(self, rate, **how):
        return [of_rate(self.bench, self.wire, self.state, rate, **how) for _ in range(self.bench.runs)]

    def with_stages(self, rate):
        return self.at(rate, prepare=Stages.begin, inside=Stages)

    def stage_rows(self, runs):
        shown = [{row["stage"]: row["cycles"] for row in run[1].rows} for run in runs]
        for stage in shown[0]:
            yield self.row(f"  {stage}", "cycles", [one[stage] for one in shown], "by stage, at 70%")
        for name, key in (("p50", "p50_us"), ("p99.9", "p999_us")):
            yield self.row(f"service time {name}", "us", [run[1].service.get(key) for run in runs],
                           "receive to send, at 70%; left out are turns with a pause of the core of 40 us or more, and those that catch up after it")

    def latency_rows(self, share, runs):
        reports = [run[2] for run in runs]
        left_out = max(report.filtered() for report in reports)
        for message in MESSAGES:
            for percentile in PERCENTILES:
                yield self.row(f"latency at {share}%: {message} {percentile}", "us",
                               [report.latency(message, percentile) for report in reports],
                               f"{left_out:.0%} left out: the generator's core was away")

    def port_rows(self, rate):
        """How much of what testpmd does on the same port, where that was measured."""
        floor = self.bench.floor.get("memif")
        if floor:
            yield self.row("of the messages testpmd swaps there", "%", [100 * rate.value * MESSAGES_A_CALL / floor])

    def rows(self):
        rate = self.row("highest rate without loss", "calls/s", maxima(self.bench, self.search, START_RATE))
        yield rate
        if self.bench.quick:
            runs = self.with_stages(rate.value * 0.5)
            busy = self.row("cycles a message in", "cycles", [run[0] for run in runs])
            yield from [busy, *self.stage_rows(runs), *self.latency_rows(50, runs)]
        else:
            runs = self.at(rate.value * 0.9)
            worst = max((run[2] for run in runs), key=lambda report: report.values["calls"]["failed"])
            busy = self.row("cycles a message in", "cycles", [run[0] for run in runs],
                            f"at 90% of that, with all that lingers; at worst {worst.failed()}")
            yield from [busy, *self.port_rows(rate), *self.stage_rows(self.with_stages(rate.value * 0.7))]
            for share in (30, 70):
                yield from self.latency_rows(share, self.at(rate.value * share / 100, linger=False))
        self.bench.best[self.state] = (rate, busy)


def rows(bench):
    with network.Namespace(veth=False):
        wire = Wire("memif", bench)
        for state in STATES:
            yield from Mode(bench, wire, state).rows()
