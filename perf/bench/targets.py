# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""What a row should reach. Cycles are of a message in; docs/performance.md says where the numbers come from."""
from result import Target

# Cycles a message in, of the 3.1 GHz core the targets were set on, and calls a second of one worker, seven messages a call.
CYCLES = {"stateless": 1240, "transaction": 2200, "dialog": 2590}
# Stateless: 2.5 million messages a second, which is less than 60% of what testpmd swaps over memif (part `floor`).
RATES = {"stateless": 357000, "transaction": 200000, "dialog": 170000}
TIMES_PEER = {"transaction": 25, "dialog": 35}

TARGETS = {
    ("pieces", "locator avx2: parse invite, time"): Target(100),
    ("pieces", "locator avx2: parse 200, time"): Target(90),
    ("pieces", "locator avx512: parse invite, time"): Target(100),
    ("pieces", "locator avx512: parse 200, time"): Target(90),
    ("growth", "rate of 10,000,000"): Target(85, at_least=True),
    ("cores", "against one"): Target(1.25),
    ("growth", "cycles"): Target(CYCLES["dialog"]),
    ("soak", "memory, resident"): Target(102),
    ("soak", "service time p99.9"): Target(125),
    ("soak", "calls that failed"): Target(0),
    ("soak", "messages sent again"): Target(0),
    ("stress", "junk dropped"): Target(3e6, at_least=True),
    ("stress", "scanner traffic"): Target(3e6, at_least=True),
    ("stress", "goodput at 2 times"): Target(95, at_least=True),
    ("stress", "goodput at 3 times"): Target(95, at_least=True),
}
LIVE = ("INVITE server, Proceeding (180 passed)", "INVITE client, Calling", "INVITE client, Proceeding", "BYE server, Trying",
        "BYE client, Trying", "confirmed dialog")
OVER = ("INVITE server, Accepted (Timer L)", "INVITE server, Confirmed (Timer I)", "INVITE client, Accepted (Timer M)",
        "INVITE client, Completed (Timer D)", "BYE server, Completed (Timer J)", "BYE client, Completed (Timer K)",
        "OPTIONS server, Completed (Timer J)")
TARGETS |= {("pieces", name): Target(512) for name in LIVE} | {("pieces", name): Target(96) for name in OVER}
for state, cycles in CYCLES.items():
    TARGETS["tandem", f"{state}: cycles a message in"] = Target(cycles)
    TARGETS["tandem", f"{state}: highest rate without loss"] = Target(RATES[state], at_least=True)
    TARGETS["tandem", f"{state}: service time p99.9"] = Target(30)
    TARGETS["peer", f"{state}: of the messages testpmd swaps there"] = Target(80, at_least=True)
for state, times in TIMES_PEER.items():
    TARGETS["peer", f"{state}: rate, each on its best path"] = Target(times, at_least=True)
    TARGETS["peer", f"{state}: cycles, each on its best path"] = Target(times, at_least=True)


def find(part, name):
    return TARGETS.get((part, name))
