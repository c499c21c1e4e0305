# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""The floor: dpdk-testpmd that swaps MAC addresses, on the ports and frame sizes tandem is measured with. What it takes
to receive and send a frame and do nothing else is below every figure of tandem's."""
import json
import re
import signal
import statistics
from pathlib import Path

import machine
import network
from process import Failed, Process, wait_for
from result import Row
from tandem import RING

HEADERS = 14 + 20 + 8  # Ethernet, IP, UDP round a message
SIZE = 600  # the mean of a call's messages
MBUFS = 32768


def testpmd(bench, name, lcores, device, options, netns=None):
    """The second of the two lcores forwards; the first only waits for the end."""
    argv = ["dpdk-testpmd", "--lcores", f"0@{lcores[0]},1@{lcores[1]}", "--no-pci", "--no-telemetry",
            f"--file-prefix=bench-{name}", "--mbuf-pool-ops-name=stack"]  # the warm ones first, as tandem does
    argv += ["--in-memory", "--single-file-segments", "-m", "256"] if bench.huge else ["--no-huge", "--no-shconf", "--iova-mode=va", "-m", "256"]
    argv += [f"--vdev={device}", "--", "--auto-start", "--stats-period=1", f"--total-num-mbufs={MBUFS}"] + options
    return Process(argv, bench.file(f"testpmd-{name}.log"), netns=netns, env=bench.environment())


def packets_per_second(process):
    return [int(value) for value in re.findall(r"Tx-pps:\s+(\d+)", process.text())]


def measure(bench, swapper):
    """Packets a second and cycles a packet, once the rate stands."""
    seconds = 1 if bench.quick else 4
    wait_for("packets through testpmd", lambda: swapper.ended() or sum(map(bool, packets_per_second(swapper))) > seconds + 1,
             seconds + 20)
    rates = [rate for rate in packets_per_second(swapper) if rate][1:]
    swapper.stop(signal.SIGINT)
    cycles = re.search(r"CPU cycles/packet=([\d.]+)", swapper.text())
    if not rates or not cycles:
        raise Failed(f"testpmd: {swapper.tail()}")
    return statistics.median(rates), float(cycles.group(1))


def with_generator(bench, size, devices, options, netns=None):
    """Devices of the generator and of what swaps; they start in this order, as memif wants its server first."""
    generator_cpu, tested_cpu, other = machine.cpus()
    generator = testpmd(bench, "flow", (tested_cpu if other == generator_cpu else other, generator_cpu), devices[0],
                        ["--forward-mode=flowgen", f"--txpkts={size}"] + options, netns)
    wait_for("testpmd", lambda: generator.ended() or "Port statistics" in generator.text(), 30)
    swapper = testpmd(bench, "swap", (other, tested_cpu), devices[1], ["--forward-mode=macswap", "--record-core-cycles"] + options,
                      netns)
    try:
        return measure(bench, swapper)
    finally:
        # The driver of memif crashes when its peer leaves under load: the one that is measured ends first.
        swapper.stop(signal.SIGINT)
        generator.stop(signal.SIGKILL)


def over_null(bench, size):
    _, tested_cpu, other = machine.cpus()
    swapper = testpmd(bench, "null", (other, tested_cpu), f"net_null0,size={size},copy=1",
                      ["--forward-mode=macswap", "--record-core-cycles"])
    return measure(bench, swapper)


def over_memif(bench, size):
    socket = bench.file("floor.sock")
    Path(socket).unlink(missing_ok=True)  # of a run before, which was killed: nobody could connect
    devices = [f"net_memif0,role={role},socket={socket},socket-abstract=no,rsize={RING}"
               for role in ("server", bench.memif_client())]
    return with_generator(bench, size, devices, [f"--rxd={1 << RING}", f"--txd={1 << RING}"])


def over_af_xdp(bench, size):
    devices = [f"net_af_xdp0,iface={end}-a" for end in ("gen", "dut")]
    with network.Namespace(veth=True):
        return with_generator(bench, size, devices, [], network.NAME)


def generator_alone(bench):
    """Calls a second of sipgen whose two sides are joined; no load of a row below may need more than half of that."""
    generator, _, _ = machine.cpus()
    socket, report = bench.file("alone.sock"), bench.file("alone.json")
    Path(socket).unlink(missing_ok=True)
    ends = [f"net_memif{i},role={role},socket={socket},socket-abstract=no,rsize={RING}" for i, role in enumerate(("server", "client"))]
    options = ["--rate", "1000", "--duration", "0.5"] if bench.quick else ["--find-max", "--rate", "100000", "--step", "1"]
    argv = [str(bench.build / "perf" / "sipgen" / "sipgen"), "--hops", "0", "--target", "198.51.100.10:5060", "--cpu", str(generator), "--quiet", "--json", report,
            "--port-a", ends[0], "--port-b", ends[1], *options]
    process = Process(argv + ([] if bench.huge else ["--no-hugepages"]), bench.file("alone.log"))
    status = process.wait(300)
    if status not in (0, 1):
        raise Failed(f"sipgen with itself ended with status {status}: {process.tail()}")
    values = json.loads(Path(report).read_text())
    return values["rate"] if bench.quick else values["found_rate"]


def rows(bench):
    for name, measured in (("net_null", over_null), ("memif", over_memif), ("af_xdp on veth", over_af_xdp)):
        runs = [measured(bench, SIZE + HEADERS) for _ in range(bench.runs)]
        rate = Row("floor: testpmd macswap", f"{name}, messages of {SIZE} bytes", "packets/s", [r[0] for r in runs])
        bench.floor[name] = rate.value
        yield rate
        yield Row("floor: testpmd macswap", f"{name}, messages of {SIZE} bytes", "cycles a packet", [r[1] for r in runs])
    yield Row("floor: sipgen", "calls with itself over memif", "calls/s", [generator_alone(bench) for _ in range(bench.runs)],
              note="what the generator can, without a proxy")
