# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""Rows of the table: several runs of one figure, their median and spread, and the target beside it."""
import json
import statistics


class Target:
    """What a figure should be: at most `limit`, or at least it."""

    def __init__(self, limit, at_least=False):
        self.limit, self.at_least = limit, at_least

    def text(self):
        return f"{'>=' if self.at_least else '<='} {number(self.limit)}"

    def verdict(self, value):
        missing = self.limit - value if self.at_least else value - self.limit
        return "met" if missing <= 0 else f"misses by {number(missing)}"


class Row:
    def __init__(self, part, name, unit, runs, target=None, note=None):
        self.part, self.name, self.unit, self.target, self.note = part, name, unit, target, note
        self.runs = [run for run in runs if run is not None]

    @property
    def value(self):
        return statistics.median(self.runs) if self.runs else None

    def as_json(self):
        return {
            "part": self.part, "name": self.name, "unit": self.unit, "median": self.value, "runs": self.runs,
            "low": min(self.runs, default=None), "high": max(self.runs, default=None),
            "target": self.target.text() if self.target else None, "verdict": self.verdict(), "note": self.note,
        }

    def verdict(self):
        if self.value is None:
            return "not measured"
        return self.target.verdict(self.value) if self.target else ""

    def cells(self):
        if not self.runs:
            return [self.name, "-", self.unit, "", self.target.text() if self.target else "", self.verdict(), self.note or ""]
        spread = "" if len(self.runs) < 2 else f"{number(min(self.runs))} to {number(max(self.runs))}"
        return [self.name, number(self.value), self.unit, spread, self.target.text() if self.target else "", self.verdict(),
                self.note or ""]


def number(value):
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{round(value):,}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def print_table(rows, out):
    heads = ["", "median", "unit", "spread", "target", "verdict", ""]
    table = [(row.part, row.cells()) for row in rows]
    widths = [max([len(heads[i])] + [len(cells[i]) for _, cells in table]) for i in range(len(heads))]
    part = None
    for name, cells in table:
        if name != part:
            part = name
            print(f"\n{name}", file=out)
            print("  " + line(heads, widths), file=out)
        print("  " + line(cells, widths), file=out)


def print_against(rows, path, out):
    """Which figures are not where another table's runs were, nor its runs where these are, and by how much."""
    with open(path, encoding="utf-8") as file:
        other = {(row["part"], row["name"], row["unit"]): row for row in json.load(file)["rows"]}
    both = [(row, other[key]) for row in rows if row.runs and (key := (row.part, row.name, row.unit)) in other and other[key]["runs"]]
    apart = [(row, old) for row, old in both if min(row.runs) > old["high"] or max(row.runs) < old["low"]]
    print(f"\nagainst {path}: {len(both) - len(apart)} of {len(both)} figures within each other's runs", file=out)
    for row, old in sorted(apart, key=lambda pair: -abs(change(*pair))):
        print(f"  {row.part}: {row.name}: {number(row.value)} {row.unit}, there {number(old['low'])} to {number(old['high'])} "
              f"({change(row, old):+.0f}%)", file=out)


def change(row, old):
    """Of the median, in percent."""
    return 100 * (row.value - old["median"]) / old["median"] if old["median"] else 0


def line(cells, widths):
    right = (1, 3)
    return "  ".join(cell.rjust(width) if i in right else cell.ljust(width)
                     for i, (cell, width) in enumerate(zip(cells, widths))).rstrip()
