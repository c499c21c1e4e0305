# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""What a row should reach. Cycles are of a message in; docs/performance.md says where the numbers come from."""
from result import Target

# The budget, cycles a message in.
BUDGET = {"stateless": 850, "transaction": 1200, "dialog": 1200}
# What the budget allows for validation, mispredictions and telemetry.
ALLOWANCE = 2
# Calls a second of one core.
RATES = {"stateless": 300000, "transaction": 200000, "dialog": 200000}
# A hundred times the peer is below the cost of parsing and rewriting alone.
TIMES_PEER = 25

TARGETS = {
    ("pieces", "locator avx2: parse invite"): Target(630),
    ("growth", "text"): Target(512),
    ("cores", "against one"): Target(1.5),
}
for state in BUDGET:
    TARGETS["tandem", f"{state}: cycles a message in"] = Target(BUDGET[state] * ALLOWANCE)
    TARGETS["tandem", f"{state}: highest rate without loss"] = Target(RATES[state], at_least=True)
    TARGETS["peer", f"{state}: rate, each on its best path"] = Target(TIMES_PEER, at_least=True)
    TARGETS["peer", f"{state}: cycles, each on its best path"] = Target(TIMES_PEER, at_least=True)
TARGETS["growth", "cycles"] = Target(BUDGET["dialog"] * ALLOWANCE)


def find(part, name):
    return TARGETS.get((part, name))
