# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""tandem and Kamailio side by side: the same generator on the same veth pairs, the same core, the same calls; and each on
its best path, which for tandem is memif and for Kamailio kernel sockets on the veth pairs (nothing else can be had). Both keep
transactions, or dialogs as well, and all get the same calls."""
import network
import proxy
from kamailio import Kamailio
from process import Failed
from result import Row
from sipgen import Load
from tandem import Tandem, Wire

STATES = ("transaction", "dialog")
CHILDREN = (1, 2, 4)
START_RATE, VETH_START_RATE = 4000, 10000  # Kamailio, and tandem on the same pairs
# Kamailio's children overtake each other: what follows at once in a call (200 after 180, BYE after ACK) would come first.
CALLS = ("--scenario", "answer-pause", "--pause", 100, "--hold", 100)
ROUGHLY = ("--resolution", 15)  # enough to see which number of children is best


def loaded(bench, wire, peer, rate):
    """Cycles a message of all processes of the peer, system calls included."""
    seconds = 1 if bench.quick else 6
    before = peer.cpu_seconds()
    load = Load(bench, wire, peer, f"peer-{peer.state}", "--rate", rate, "--duration", seconds, *CALLS, *proxy.expected(peer.state))
    report = load.report(seconds + 60)
    return (peer.cpu_seconds() - before) * bench.tsc_hz / report.messages_to_proxy()


def kamailio_max(bench, wire, state, children, start, *options):
    with Kamailio(bench, state, children) as peer:
        found = proxy.find_max(bench, wire, peer, start, *CALLS, *options)
        if peer.ran_short():
            raise Failed(f"Kamailio ran out of shared memory: give it more (kamailio.py): {peer.process.tail()}")
        return found


def kamailio_rows(bench, state):
    part = f"side by side, {state}: Kamailio on the veth pairs"
    with network.Namespace(veth=True) as namespace:
        namespace.kernel_addresses()
        wire = Wire(bench.veth_driver, bench)
        tried = {}
        for n in CHILDREN[:1] if bench.quick else CHILDREN:
            start = proxy.Guess.around(max(tried.values())) if tried else START_RATE
            tried[n] = kamailio_max(bench, wire, state, n, start, *ROUGHLY)
        best = max(tried, key=tried.get)
        rate = Row(part, "highest rate without loss", "calls/s",
                   proxy.maxima(bench, lambda start: kamailio_max(bench, wire, state, best, start), proxy.Guess.around(tried[best])),
                   note=f"{best} children a socket; tried {', '.join(f'{n}: {found:.0f}' for n, found in tried.items())}")
        cycles = []
        for _ in range(bench.runs):
            with Kamailio(bench, state, best) as peer:
                cycles.append(loaded(bench, wire, peer, rate.value * 0.9))
        return rate, Row(part, "cycles a message in", "cycles", cycles, note="at 90% of that; all its processes, system calls included")


def tandem_max(bench, wire, state, start):
    with Tandem(bench, wire, state) as tandem:
        return proxy.find_max(bench, wire, tandem, start, *CALLS)


def tandem_rows(bench, state, kind):
    part = f"side by side, {state}: tandem over {kind}"
    start = proxy.START_RATE if kind == "memif" else VETH_START_RATE
    with network.Namespace(veth=kind != "memif"):
        wire = Wire(kind, bench)
        rate = Row(part, "highest rate without loss", "calls/s",
                   proxy.maxima(bench, lambda first: tandem_max(bench, wire, state, first), start))
        cycles = [proxy.of_rate(bench, wire, state, rate.value * 0.9, *CALLS, linger=False)[0] for _ in range(bench.runs)]
        return rate, Row(part, "cycles a message in", "cycles", cycles, note="at 90% of that")


def ratio(bench, state, name, more, less):
    """Of the medians; above 1 is to tandem's good."""
    return Row(f"side by side, {state}: tandem / Kamailio", name, "times", [more.value / less.value],
               bench.target("peer", f"{state}: {name}"))


def of_the_port(bench, state, same):
    """How much of what testpmd does on the same veth pairs, with frames of the mean size, where that was measured."""
    floor, name = bench.floor.get("af_xdp on veth"), "of the messages testpmd swaps there"
    if floor:
        yield Row(f"side by side, {state}: tandem over {bench.veth_driver}", name, "%",
                  [100 * same.value * proxy.MESSAGES_A_CALL / floor], bench.target("peer", f"{state}: {name}"))


def rows(bench):
    for state in STATES:
        rate, cycles = kamailio_rows(bench, state)
        yield from (rate, cycles)
        if bench.quick and state != STATES[-1]:
            continue
        same = tandem_rows(bench, state, bench.veth_driver)
        best = tandem_rows(bench, state, "memif")
        yield from same
        yield from of_the_port(bench, state, same[0])
        yield from best
        yield ratio(bench, state, "rate, same veth pairs", same[0], rate)
        yield ratio(bench, state, "rate, each on its best path", best[0], rate)
        yield ratio(bench, state, "cycles, each on its best path", cycles, best[1])
