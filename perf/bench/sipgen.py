# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""The load: perf/sipgen, its options and its report."""
import json
import os

import machine
import network
from process import Failed, Process, wait_for


class Load:
    """One run of sipgen in the background against `tested`, which it starts when that waits for its other end."""

    def __init__(self, bench, wire, tested, name, *options):
        generator, _, _ = machine.cpus()
        self.name = name
        self.report_file = bench.file(f"sipgen-{name}.json")
        if os.path.exists(self.report_file):
            os.unlink(self.report_file)
        argv = [str(bench.build / "perf" / "sipgen" / "sipgen"), "--port-a", wire.generator[0], "--port-b", wire.generator[1],
                "--cpu", str(generator), "--json", self.report_file, "--quiet"]
        if not bench.huge:
            argv.append("--no-hugepages")
        self.process = Process(argv + [str(option) for option in options], bench.file(f"sipgen-{name}.log"),
                               netns=network.NAME, env={"LIBXDP_SKIP_DISPATCHER": "1"})
        tested.start()

    def ended(self):
        return self.process.ended()

    def wait_until_it_calls(self, tandem):
        """Until the first messages are through."""
        wait_for("calls", lambda: self.ended() or tandem.snapshot().messages > 100, 30)
        if self.ended():
            raise Failed(f"sipgen {self.name} ended before it called: {self.process.tail()}")

    def ended_well(self, seconds):
        """Waits for the end of a load that has no calls to report."""
        status = self.process.wait(seconds)
        if status != 0:
            raise Failed(f"sipgen {self.name} ended with status {status}: {self.process.tail()}")

    def report(self, seconds):
        """What it measured; fails when it could not run. That calls failed is in the report."""
        status = self.process.wait(seconds)
        if status not in (0, 1) or not os.path.exists(self.report_file):
            raise Failed(f"sipgen {self.name} ended with status {status}: {self.process.tail()}")
        with open(self.report_file, encoding="utf-8") as report:
            return Report(json.load(report), self.process)


class Report:
    """What sipgen wrote."""

    def __init__(self, values, process):
        self.values, self.process = values, process

    def good(self):
        return self.values["good"]

    def max_rate(self):
        """Of a search, calls a second."""
        if not self.values["found_rate"]:
            raise Failed(f"sipgen found no rate without loss: {self.process.tail(12)}")
        return self.values["found_rate"]

    def rate(self):
        """Calls a second that went well."""
        calls = self.values["calls"]
        return self.values["rate"] * calls["completed"] / max(1, calls["started"])

    def goodput(self):
        """Calls a second that were completed while the load lasted, of however many."""
        return self.values["completed_in_time"] / self.values["seconds"]

    def offered(self):
        """Which share of the calls that were due was really made."""
        calls = self.values["calls"]
        return calls["started"] / (calls["started"] + calls["not_started"] + self.values["behind"])

    def failed(self):
        """For a note."""
        calls = self.values["calls"]
        return f"{calls['failed']:,} of {calls['started']:,} calls failed"

    def messages_to_proxy(self):
        """All that were sent, by either side."""
        return sum(message["sent"] + message["sent_again"] for message in self.values["messages"].values())

    def latency(self, message, percentile):
        """Microseconds from one side to the other, without what was measured while the generator's core was taken away."""
        return self.values["latency_us"].get(message, {}).get("undisturbed", {}).get(percentile)

    def filtered(self):
        """Which share of the latencies that is."""
        spans = self.values["latency_us"].values()
        every = sum(span["all"]["count"] for span in spans)
        return 1 - sum(span["undisturbed"]["count"] for span in spans) / every if every else 0
