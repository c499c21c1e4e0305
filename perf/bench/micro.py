# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""The pieces, without a network card: what base_bench, sip_bench, dialog_bench and proxy_bench print."""
import re

from process import run
from result import Row

BENCHES = ("base_bench", "sip_bench", "dialog_bench", "proxy_bench")
# "name   ns-best  ns-median  cycles-best  cycles-median" below a line that names the group.
TIMED = re.compile(r"^(.*?)\s+([\d.]+)\s+([\d.]+)\s+(\d+)\s+(\d+)$")
GROUP = re.compile(r"^(.*?)\s+ns best\s+median")
# "name   number unit", for bytes.
PLAIN = re.compile(r"^(.*?)\s{2,}([\d.]+)\s+(bytes|B)\b(.*)$")
# "a call…: 18737 cycles, 2677 a message", of the whole path in one process.
WHOLE = re.compile(r"^(a call.*?): (\d+) cycles, (\d+) a message")


def parse(text):
    """[(name, unit, value)] of one run: the median of a bench's own runs in cycles, and of parsing in ns; bytes."""
    group, found = "", []
    for line in text.splitlines():
        head, timed, plain, whole = (pattern.match(line) for pattern in (GROUP, TIMED, PLAIN, WHOLE))
        if head:
            group = head.group(1)
        elif timed:
            name = f"{group}: {timed.group(1)}"
            found.append((name, "cycles", float(timed.group(5))))
            if timed.group(1).startswith("parse "):
                found.append((f"{name}, time", "ns", float(timed.group(3))))
        elif plain:
            found.append((plain.group(1).strip(), "bytes", float(plain.group(2))))
        elif whole:
            found.append((f"worker on rings: {whole.group(1)}, a message", "cycles", float(whole.group(3))))
    return found


def tsc_hz(bench):
    """A bench counts time and cycles; its longest step tells best."""
    out = run([str(bench.build / "perf" / "base_bench"), "--quick"], 60)
    longest = max((match for match in map(TIMED.match, out.splitlines()) if match), key=lambda match: float(match.group(2)))
    return round(float(longest.group(4)) / float(longest.group(2)) * 1e9)


def rows(bench):
    # A bench repeats itself, so one run of it is enough.
    for program in BENCHES:
        argv = [str(bench.build / "perf" / program)] + (["--quick"] if bench.quick else [])
        found = parse(run(argv, seconds=60 if bench.quick else 900))
        if not found:
            raise bench.failed(f"{program} printed nothing that can be read")
        for name, unit, value in found:
            yield Row(f"pieces: {program}", name, unit, [value], bench.target("pieces", name))
