# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""What a row should reach. Cycles are of a message in; docs/performance.md says where the numbers come from."""
from result import Target

# Cycles a message in and calls a second of one worker, seven messages a call.
CYCLES = {"stateless": 1240, "transaction": 2200, "dialog": 2590}
# Stateless: 2.5 million messages a second, which is less than 60% of what testpmd swaps over memif (part `floor`).
RATES = {"stateless": 357000, "transaction": 200000, "dialog": 170000}
TIMES_PEER = {"transaction": 25, "dialog": 35}

TARGETS = {
    ("pieces", "locator avx2: parse invite"): Target(310),  # 100 ns of the 3.1 GHz machine the targets were set on
    ("pieces", "locator avx2: parse 200"): Target(280),
    ("pieces", "locator avx512: parse invite"): Target(310),
    ("pieces", "locator avx512: parse 200"): Target(280),
    ("growth", "text"): Target(512),
    ("cores", "against one"): Target(1.25),
    ("growth", "cycles"): Target(CYCLES["dialog"]),
    ("soak", "calls that failed"): Target(0),
    ("soak", "messages sent again"): Target(0),
    ("stress", "junk dropped"): Target(3e6, at_least=True),
    ("stress", "scanner traffic"): Target(3e6, at_least=True),
    ("stress", "goodput at 2 times"): Target(95, at_least=True),
    ("stress", "goodput at 3 times"): Target(95, at_least=True),
}
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
