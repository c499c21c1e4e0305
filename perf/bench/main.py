# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""scripts/bench: its options, its parts in their order, the table and the file."""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import cores
import floor
import growth
import machine
import micro
import peer
import process
import proxy
import soak
import stress
import targets
from process import Failed
from result import print_against, print_table

PARTS = {"pieces": micro, "floor": floor, "tandem": proxy, "peer": peer, "growth": growth, "cores": cores,
         "stress": stress}
ON_REQUEST = {"soak": soak}
OWN_BUILD = "build-bench"
HUGE_MEGABYTES = 2048  # what the packets of both sides need


class Bench:
    """What the parts need to know."""

    def __init__(self, options):
        self.quick = options.quick
        self.runs = 1 if options.quick else options.runs
        self.minutes = options.minutes
        self.build = Path(os.environ.get("TANDEM_BUILD", machine.TOP / ("build" if options.quick else OWN_BUILD))).resolve()
        self.work = Path(tempfile.mkdtemp(prefix="tandem-bench-"))
        self.huge = False
        self.veth_driver = "af_xdp"
        self.reserved = None
        self.floor = {}  # by port: packets a second testpmd swaps
        self.best = {}  # by state: the rows of tandem over memif, from which the rate of `growth` is taken
        self.tsc_hz = None

    def file(self, name):
        return str(self.work / name)

    def memif_client(self):
        """Without copies where that is measured. Where it is only seen that all runs, with."""
        return "client,zero-copy=yes" if self.huge and not self.quick else "client"

    def environment(self):
        """Of what has memif ports."""
        keep = {"LD_PRELOAD": str(self.build / "perf" / "keep_memory.so")} if "zero-copy" in self.memif_client() else {}
        return {"LIBXDP_SKIP_DISPATCHER": "1", **keep}

    @staticmethod
    def target(part, name):
        return targets.find(part, name)

    @staticmethod
    def failed(text):
        return Failed(text)


def measure(bench, names, rows, failures):
    """Adds to both. A part that fails does not keep the others from being measured."""
    for name in names:
        began = time.monotonic()
        print(f"bench: {name} ...", file=sys.stderr, flush=True)
        try:
            for row in {**PARTS, **ON_REQUEST}[name].rows(bench):
                rows.append(row)
                print(f"bench:   {row.part}: {' '.join(row.cells()[:3])}", file=sys.stderr, flush=True)
        except (Failed, OSError) as error:
            failures.append(f"{name}: {error}")
            print(f"bench: {name} FAILED: {error}", file=sys.stderr)
        except Exception as error:  # of our own: what the other parts measure for hours is not lost for it
            failures.append(f"{name}: {error!r}")
            traceback.print_exc()
        finally:
            process.stop_all()
        print(f"bench: {name} took {time.monotonic() - began:.0f} s", file=sys.stderr)


def read_options(doc, argv):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, prog="scripts/bench",
                                     usage="scripts/bench [--quick] [--only PART,...] [--runs N] [--minutes N] [--json FILE] "
                                           "[--against FILE] [--keep]")
    parser.add_argument("--quick", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--keep", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--only", default=",".join(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=5, help=argparse.SUPPRESS)
    parser.add_argument("--minutes", type=int, default=60, help=argparse.SUPPRESS)
    parser.add_argument("--against", help=argparse.SUPPRESS)
    parser.add_argument("--json", default="bench.json", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    options.parts = options.only.split(",")
    for name in options.parts:
        if name not in PARTS and name not in ON_REQUEST:
            parser.error(f"no part is called {name}; there are {', '.join(PARTS)}, and on request {', '.join(ON_REQUEST)}")
    if options.against and not os.path.exists(options.against):
        parser.error(f"--against: there is no {options.against}; write a file that --json made")
    if not 2 <= options.minutes <= 10000:
        parser.error("--minutes is a number from 2 to 10,000")
    if not 1 <= options.runs <= 99:
        parser.error("--runs is a number from 1 to 99")
    return options


def build_own(bench):
    """A release build of this tree, unless TANDEM_BUILD names another, or it is only seen whether all runs."""
    if bench.quick or "TANDEM_BUILD" in os.environ:
        return
    print(f"bench: building {bench.build} ...", file=sys.stderr, flush=True)
    if not (bench.build / "build.ninja").exists():
        process.run(["meson", "setup", "--buildtype=release", str(bench.build), str(machine.TOP)], seconds=300)
    process.run(["ninja", "-C", str(bench.build)], seconds=1200)


def needs(bench, names):
    """What is missing before anything runs, or None."""
    if not (bench.build / "perf" / "sip_bench").exists():
        return f"nothing is built in {bench.build}: meson setup build --buildtype=release && ninja -C build"
    if not bench.quick and machine.buildtype(bench.build) != "release":
        return f"{bench.build} is no release build, so its figures say nothing: meson configure {bench.build} --buildtype=release"
    if set(names) - {"pieces"} and os.geteuid() != 0:
        return "run as root: huge pages, network namespaces and the packet interfaces need it"
    return None


def main(doc, argv):
    options = read_options(doc, argv)
    bench = Bench(options)
    facts, rows, failures = {}, [], []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(130))
    try:
        build_own(bench)
        missing = needs(bench, options.parts)
        if missing:
            print(f"scripts/bench: {missing}", file=sys.stderr)
            return 3
        if os.geteuid() == 0:
            os.nice(-10)  # what else runs on the machine stays out of the figures, as far as it can
            os.sched_setaffinity(0, {machine.cpus()[2]})
        with machine.Reserved() as reserved:
            bench.reserved = reserved
            facts |= machine.facts(bench.build)
            # A third of the memory, so that tandem's tables are in huge pages and there is room for the peer.
            wanted = HUGE_MEGABYTES if options.quick else max(HUGE_MEGABYTES, facts["memory_mb"] // 3)
            bench.huge = reserved.huge_megabytes(wanted) >= HUGE_MEGABYTES
            facts["hugepages_used"] = bench.huge
            facts["tsc_hz"] = bench.tsc_hz = micro.tsc_hz(bench)
            measure(bench, options.parts, rows, failures)
    except Failed as error:
        print(f"scripts/bench: {error}", file=sys.stderr)
        return 3
    except SystemExit:
        failures.append("ended by a signal")
    finally:
        process.stop_all()
        if options.keep:
            print(f"bench: logs are in {bench.work}", file=sys.stderr)
        else:
            shutil.rmtree(bench.work, ignore_errors=True)
    report(options, facts, rows, failures)
    return 1 if failures else 0


def report(options, facts, rows, failures):
    for name, value in facts.items():
        print(f"{name:18} {' '.join(value) if isinstance(value, list) else value}")
    print_table(rows, sys.stdout)
    if options.against:
        print_against(rows, options.against, sys.stdout)
    for failure in failures:
        print(f"\nFAILED {failure}")
    with open(options.json, "w", encoding="utf-8") as out:
        json.dump({"machine": facts, "quick": options.quick, "runs": options.runs, "rows": [row.as_json() for row in rows],
                   "failures": failures}, out, indent=1)
        out.write("\n")
    print(f"\n{options.json} written")
