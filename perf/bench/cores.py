# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""Cores: what a call costs with 1 to 16 workers behind one trunk 5-tuple and one receive queue, hand-off included. On a
machine with fewer cores the workers share one, so that seconds say nothing; the cycles of turns in which something came
do, since the workers run under SCHED_FIFO and are not taken off the core within a turn, and sleep when idle, so that
each turn has a few messages as under load."""
import machine
import network
import proxy
from process import run
from result import Row
from tandem import Tandem, Wire

WORKERS = (1, 2, 4, 8, 16)
RATE = 15000  # calls a second, low enough for one core that is shared


def workers_on(count):
    """CPUs of the workers: one each where there are enough, else all on one."""
    generator, tested, _ = machine.cpus()
    free = [cpu for cpu in machine.CPUS if cpu != generator]
    return free[:count] if len(free) >= count else [tested] * count


def to_the_front(tandem):
    run(["chrt", "-a", "-f", "-p", "1", str(tandem.worker_pid())])


def measure(bench, wire, count):
    rate = 500 if bench.quick else RATE
    with Tandem(bench, wire, "dialog", workers_on(count), IDLE="sleep", TRANSACTIONS=4000000, DIALOGS=800000,
                TEXT_MB=4096) as tandem:
        cycles, counts, _ = proxy.steady(bench, wire, tandem, rate, prepare=to_the_front,
                                          inside=lambda t: t.snapshot().counts, linger=False)
    return cycles * proxy.MESSAGES_A_CALL, counts["handoff.out"] / max(1, counts["rx.sip"])


def rows(bench):
    with network.Namespace(veth=False):
        wire = Wire("memif", bench)
        one = None
        for count in (1, 4) if bench.quick else WORKERS:
            runs = [measure(bench, wire, count) for _ in range(bench.runs)]
            shared = "" if len(set(workers_on(count))) == count else ", time-shared"
            row = Row("cores: one trunk 5-tuple", f"{count} workers{shared}", "cycles a call", [run[0] for run in runs],
                      note=f"{runs[0][1]:.0%} of messages handed over")
            one = one or row.value
            yield row
            yield Row("cores: one trunk 5-tuple", f"{count} workers, against one", "times", [row.value / one],
                      bench.target("cores", "against one"))
